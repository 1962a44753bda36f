"""Numbers, money and dates as Vietnamese offices print them; in documents of another language as its readers do.

The only room that turns a number into text, over Babel: pages, letters, workbooks, drawings, mails and terminals come here, and
a test of the house forbids the others. Only pure functions from one value and the current language to its text, and back, may
live here; no wording of codes (`words`), no layout. Thousands take ".", decimals ",", no space before "%", dates dd/MM/yyyy,
differences of shares "điểm %". In English: 2,952; 50.3%; 2022-10-31, which no reader takes for another day; "percentage
points". Rounding is half up on the shortest decimal that names the float, as a person rounds by hand: 50.25 gives 50,3.

``None`` never becomes 0: a missing share is "không có" (its denominator is zero or it has no basis), any other missing
value is "chưa có dữ liệu".
"""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, lru_cache

from babel.dates import format_date, format_datetime
from babel.numbers import NumberPattern, parse_decimal, parse_pattern

from dvctt.report.wording.language import _, current_language

Number = int | float | Decimal

NO_DATA = "chưa có dữ liệu"
NOT_DEFINED = "không có"
POINTS = "điểm %"
SCORE_DECIMALS = 2


def count(value: Number | None) -> str:
    """A count, rounded to whole units: 2952 gives "2.952"; None gives "chưa có dữ liệu"."""
    return _(NO_DATA) if value is None else _grouped(_rounded(value, 0))


def money(value: Number | None) -> str:
    """Whole VND: 8147236000 gives "8.147.236.000 đồng"; None gives "chưa có dữ liệu"."""
    return _(NO_DATA) if value is None else _("{amount} đồng", amount=count(value))


def millions(value: Number | None) -> str:
    """VND in millions, one decimal, for chart labels: 912345678 gives "912,3"; None gives "chưa có dữ liệu"."""
    return _(NO_DATA) if value is None else _grouped(_rounded(_decimal(value).scaleb(-6), 1))


def signed_count(value: Number) -> str:
    """A change of a count or an amount, with its sign: "+1.234"."""
    return f"{'+' if value > 0 else ''}{count(value)}"


def rate(value: Number | None, places: int = 1) -> str:
    """A share in per cent: 98.79 gives "98,8%"; None gives "không có". Two definitions that lie side by side may differ by less
    than a tenth: there two ``places`` are printed.
    """
    return _(NOT_DEFINED) if value is None else f"{_grouped(_rounded(value, places))}%"


def percent_change(value: Number | None) -> str:
    """The change of a count in per cent, signed, one decimal: 12.34 gives "+12,3%"; None gives "không có"."""
    return _(NOT_DEFINED) if value is None else f"{_signed(value)}%"


def points(value: Number | None) -> str:
    """A difference of shares without sign: -28.7 gives "28,7 điểm %"; None gives "không có"."""
    return _(NOT_DEFINED) if value is None else f"{_grouped(abs(_rounded(value, 1)))} {_(POINTS)}"


def signed_points(value: Number | None, places: int = 1) -> str:
    """A difference of shares with its sign: 28.5 gives "+28,5 điểm %"; None gives "không có". ``places`` as in `rate`."""
    return _(NOT_DEFINED) if value is None else f"{_signed(value, places)} {_(POINTS)}"


def score(value: Number) -> str:
    """Points of the index, two decimals, as the national portal prints them: 14.665 gives "14,67", 6 gives "6,00"."""
    return _grouped(_rounded(value, SCORE_DECIMALS))


def brief(value: Number | None) -> str:
    """A number in a table of a terminal, whose column says what it counts: whole ones as a count, others with two decimals;
    None gives "-", never 0.
    """
    if value is None:
        return "-"
    return count(value) if _decimal(value) == _rounded(value, 0) else _grouped(_rounded(value, 2))


def exact(value: Number | None) -> str:
    """A number with the decimals it has, none added: 50.25 gives "50,25", 79.0 gives "79"; None gives "không có"."""
    if value is None:
        return _(NOT_DEFINED)
    return _grouped(_rounded(value, decimals(value)))


def signed_exact(value: Number) -> str:
    """The same with its sign: 0.5 gives "+0,5"."""
    return f"{'+' if value > 0 else ''}{exact(value)}"


def decimals(value: Number) -> int:
    """How many decimals a number has, trailing zeros aside: 99.0001 has 4, 79.0 has none."""
    return max(0, -int(_decimal(value).normalize().as_tuple().exponent))


def read(text: str) -> Decimal:
    """The number that a printed one in the current language says: "2.952" is 2952.

    Raises:
        ValueError: the text is none; groups of digits must stand where they belong.
    """
    return parse_decimal(text.removeprefix("+"), locale=current_language(), strict=True)


def half_up(value: Number, places: int) -> Decimal:
    """A number as it is printed with so many decimals."""
    return _rounded(value, places)


def day(value: date | None) -> str:
    """dd/MM/yyyy, in English yyyy-MM-dd; None gives "chưa có dữ liệu"."""
    return _(NO_DATA) if value is None else _dated(value, _("dd/MM/yyyy"))


def moment(value: datetime | None) -> str:
    """HH:mm dd/MM/yyyy, in the zone that the value is in; None gives "chưa có dữ liệu"."""
    if value is None:
        return _(NO_DATA)
    return format_datetime(value.replace(tzinfo=None), _("HH:mm dd/MM/yyyy"), locale=current_language())


def month(value: date) -> str:
    """The month of a date in running text: "tháng 10/2022", "tháng 01/2022"; "October 2022"."""
    return _dated(value, _("'tháng' MM/yyyy"))


def months(values: Sequence[date]) -> str:
    """Several months in running text, in their order, three or more that follow each other by the first and the last:
    "tháng 01/2022 đến tháng 03/2022, tháng 09/2022".
    """
    runs: list[list[date]] = []
    for value in sorted(values):
        if runs and 12 * value.year + value.month == 12 * runs[-1][-1].year + runs[-1][-1].month + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    return ", ".join(
        _("{first} đến {last}", first=month(run[0]), last=month(run[-1]))
        if len(run) > 2
        else ", ".join(month(value) for value in run)
        for run in runs
    )


def month_number(value: date) -> str:
    """The month of a date in a list of several: "10/2022"."""
    return _dated(value, _("MM/yyyy"))


def month_name(value: date) -> str:
    """The month of a date where a text says "tháng" itself: "10"; "October"."""
    return _dated(value, _("M"))


def month_title(value: date) -> str:
    """The month of a date in a title: "tháng 10 năm 2022"; as in official letters, months 1 and 2 take a zero."""
    return _dated(value, _("'tháng' MM 'năm' yyyy") if value.month < 3 else _("'tháng' M 'năm' yyyy"))


def month_key(value: date) -> str:
    """The month of a date in a file's name: "2022-10"."""
    return f"{value.year:04}-{value.month:02}"


def month_end(value: date) -> date:
    """The last day of the month of a date."""
    return value.replace(day=monthrange(value.year, value.month)[1])


def _dated(value: date, pattern: str) -> str:
    """A day by a pattern of Unicode's, which is a message: each language's catalogue says how it writes a day or a month, and
    Babel knows what it calls the months.
    """
    return _day_by(date(value.year, value.month, value.day), pattern, current_language())


@lru_cache(maxsize=2**12)
def _day_by(value: date, pattern: str, language: str) -> str:
    return format_date(value, pattern, locale=language)


def _decimal(value: Number) -> Decimal:
    # repr is the shortest decimal that reads back as this float; Decimal(98.85) itself would be 98.8499999...
    return value if isinstance(value, Decimal) else Decimal(repr(value))


def _rounded(value: Number, places: int) -> Decimal:
    rounded = _decimal(value).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    # -0.04 rounds to minus zero, which no reader means.
    return abs(rounded) if rounded.is_zero() else rounded


def _grouped(value: Decimal) -> str:
    return _printed(value, max(0, -int(value.as_tuple().exponent)), current_language())


# A night prints the same small counts a hundred thousand times.
@lru_cache(maxsize=2**16)
def _printed(value: Decimal, places: int, language: str) -> str:
    """A number with the decimals that it has: left to itself, Babel would round half to even."""
    return str(_pattern(places).apply(value, language, decimal_quantization=False))


@cache
def _pattern(places: int) -> NumberPattern:
    return parse_pattern(f"#,##0.{'0' * places}" if places else "#,##0")


def _signed(value: Number, places: int = 1) -> str:
    rounded = _rounded(value, places)
    return f"{'+' if rounded > 0 else ''}{_grouped(rounded)}"
