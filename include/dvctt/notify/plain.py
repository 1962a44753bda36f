"""Text that may leave the machine: one line, no control characters, no personal data.

What an alert says is not decided here.
"""

import re
from collections.abc import Iterable

from dvctt.core.printable import one_line, printable
from dvctt.report.wording import formats

CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_CONTROL_BUT_NEWLINE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f\x85\u2028\u2029]+")
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_URL_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+@")
_EMAIL_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
# Telephone and citizen numbers begin with 0, which no count and no sum of money does.
_PERSONAL_NUMBER = re.compile(r"(?<!\d)0\d{8,11}(?!\d)")


def month_vi(month: str, prefix: str = "tháng ") -> str:
    match = _MONTH.fullmatch(month)
    return f"{prefix}{match[2]}/{match[1]}" if match else f"{prefix}{one_line(month)}"


def number_vi(value: str | int | float | None, *, sign: bool = False) -> str:
    """Vietnamese digits: 2.952 and 0,5. No figure is not zero, and says so."""
    if value is None:
        return "không có"
    if isinstance(value, str):
        return one_line(value)
    return formats.signed_exact(value) if sign else formats.exact(value)


def lines_of(text: str) -> str:
    return printable(_CONTROL_BUT_NEWLINE.sub(" ", text)).strip()


def distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def without_personal_data(text: str) -> str:
    without_credentials = _URL_CREDENTIALS.sub("***@", one_line(text))
    return _PERSONAL_NUMBER.sub("***", _EMAIL_ADDRESS.sub("***", without_credentials))
