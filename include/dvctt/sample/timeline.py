"""Local time as whole seconds, its written forms, and the days on which an office works.

Times of the sample are seconds since midnight of ``EPOCH`` in the province's own zone, which has had no daylight saving
time since 1979: no clock and no zone rules are needed. Nothing here knows what happens at a time.
"""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta

EPOCH = date(2021, 1, 1)
DAY = 86_400
# Enough for the sample's months, and for due dates after them.
_DAYS = [EPOCH + timedelta(days=n) for n in range(5 * 366)]
_COMPACT = [day.strftime("%Y%m%d") for day in _DAYS]
_ISO = [day.isoformat() for day in _DAYS]
_DAY_FIRST = [day.strftime("%d/%m/%Y") for day in _DAYS]

Form = Callable[[int], str]


def compact(at: int) -> str:
    """``yyyyMMddHHmmss``."""
    day, second = divmod(at, DAY)
    return f"{_COMPACT[day]}{second // 3600:02d}{second // 60 % 60:02d}{second % 60:02d}"


def compact_twelve_hours(at: int) -> str:
    """``yyyyMMddhhmmss`` with the hour of a clock face, 01 to 12, as payment gateways really write it."""
    day, second = divmod(at, DAY)
    return f"{_COMPACT[day]}{(second // 3600 - 1) % 12 + 1:02d}{second // 60 % 60:02d}{second % 60:02d}"


def iso(at: int) -> str:
    """``yyyy-MM-dd HH:mm:ss``."""
    day, second = divmod(at, DAY)
    return f"{_ISO[day]} {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def iso_t(at: int) -> str:
    """``yyyy-MM-ddTHH:mm:ss.SSS``; equal times get equal milliseconds, and midnight gets none."""
    day, second = divmod(at, DAY)
    milliseconds = second * 7919 % 1000
    return f"{_ISO[day]}T{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}.{milliseconds:03d}"


def day_first(at: int) -> str:
    """``dd/MM/yyyy HH:mm:ss``."""
    day, second = divmod(at, DAY)
    return f"{_DAY_FIRST[day]} {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def day_first_minutes(at: int) -> str:
    """``dd/MM/yyyy HH:mm``; for times of whole minutes."""
    day, second = divmod(at, DAY)
    return f"{_DAY_FIRST[day]} {second // 3600:02d}:{second // 60 % 60:02d}"


FORMS: dict[str, tuple[Form, Form]] = {
    "compact": (compact, compact),
    "iso": (iso, iso),
    "iso_t": (iso_t, iso_t),
    "day_first": (day_first, day_first_minutes),
}
"""Name of a form in sample.yml: how it writes times, and how it writes due dates (always whole minutes)."""


def day_text(day: date) -> str:
    """``dd/MM/yyyy`` of any day."""
    return day.strftime("%d/%m/%Y")


def code_day(at: int) -> str:
    """``yyMMdd`` as filing numbers carry it."""
    return _COMPACT[at // DAY][2:]


def month_of(at: int) -> str:
    """``YYYY-MM`` of a time."""
    return _ISO[at // DAY][:7]


def day_number(day: date) -> int:
    return (day - EPOCH).days


def seconds(moment: datetime) -> int:
    """A local, zone-less moment as seconds since ``EPOCH``."""
    start = datetime(EPOCH.year, EPOCH.month, EPOCH.day)  # noqa: DTZ001 - the contract's times carry no zone
    return int((moment - start).total_seconds())


def months_between(first: str, last: str) -> tuple[str, ...]:
    """All months from ``first`` to ``last``, both ``YYYY-MM`` and both included."""
    start, end = (int(text[:4]) * 12 + int(text[5:]) - 1 for text in (first, last))
    return tuple(f"{n // 12:04d}-{n % 12 + 1:02d}" for n in range(start, end + 1))


def month_days(month: str) -> range:
    """The day numbers of a month."""
    year, number = int(month[:4]), int(month[5:])
    start = date(year, number, 1)
    end = date(year + number // 12, number % 12 + 1, 1)
    return range(day_number(start), day_number(end))


class WorkingDays:
    """Which days offices work, and the working day on or after any day."""

    def __init__(self, days_off: Iterable[date]) -> None:
        off = set(days_off)
        working = [day.weekday() < 5 and day not in off for day in _DAYS]
        self.is_working = working
        self._numbers = [n for n, works in enumerate(working) if works]
        self._next: list[int] = []
        position = 0
        for n in range(self._numbers[-1] + 1):
            if self._numbers[position] < n:
                position += 1
            self._next.append(position)

    def on_or_after(self, day: int) -> int:
        return self._numbers[self._next[day]]

    def after(self, day: int, count: int) -> int:
        """The ``count``-th working day after ``day``."""
        position = self._next[day]
        if self._numbers[position] > day:
            position -= 1
        return self._numbers[position + count]

    def receipt_days(self, month: str, online: bool) -> list[int]:
        """Days of a month to pick a receipt from: online filings also come in on days off, few of them."""
        picks: list[int] = []
        for day in month_days(month):
            weight = 20 if self.is_working[day] else (3 if online else 0)
            picks.extend([day] * weight)
        return picks
