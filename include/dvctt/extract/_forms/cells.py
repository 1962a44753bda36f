"""What a cell of a workbook is as text: the forms in which the contract writes days, moments and whole numbers.

What may live here: values to text, one at a time. A value that no text of the contract is (a part of a day, an error, a number
with more digits than a spreadsheet keeps) becomes text that staging sets aside with its row; nothing is rounded to look right.
"""

from datetime import date, datetime, time, timedelta
from math import isfinite

EXACT = 10**15
"""From here on a spreadsheet has rounded: it keeps 15 digits. What was a key of 17 is none any more."""
_HALF = timedelta(microseconds=500)


def cell_text(value: object) -> str:
    """A cell's value as text; an empty cell is an empty text.

    Whole numbers are digits (2952.0 is ``2952``), others are as the computer keeps them (``12.5``), those of 16 digits and more
    are written with an exponent, which is neither a key nor an amount. Text is left as it is.
    """
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float():
            return _number(float(value))
        case datetime():
            return _moment(value)
        case date():
            return value.isoformat()
        case time():
            return value.isoformat()
        case timedelta():
            return f"{value.total_seconds()} s"
        case _:
            return f"#{type(value).__name__}"


def _number(value: float) -> str:
    if value.is_integer() and abs(value) < EXACT:
        return str(int(value))
    if abs(value) < EXACT or not isfinite(value):
        return repr(value)
    digits = str(int(abs(value)))
    return f"{'-' if value < 0 else ''}{digits[0]}.{digits[1:15]}E+{len(digits) - 1}"


def _moment(value: datetime) -> str:
    """To the millisecond: a day's part as a binary fraction is a few microseconds off the second that was typed."""
    rounded = value + _HALF
    rounded -= timedelta(microseconds=rounded.microsecond % 1000)
    if (rounded.hour, rounded.minute, rounded.second, rounded.microsecond) == (0, 0, 0, 0):
        return rounded.date().isoformat()
    return rounded.isoformat(sep=" ", timespec="milliseconds" if rounded.microsecond else "seconds")
