"""The only place that turns a run into a month, and what a person types into a reporting period.

Months, their order and their bounds live here; nothing here touches disk, clock or Airflow. A run is described by what
Airflow (or the command line) knows of it, and exactly one rule decides: partition key, then parameter, then logical date.
Which days a reporting period holds is its calendar's matter, and data (ref_reporting_calendars).
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo

from dvctt.core.errors import PeriodError

_MONTH_KEY = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
_PERIOD_CODE = re.compile(r"(\d{4})(?:-(0[1-9]|1[0-2])|-Q([1-4])|-H([12])|-(9M))?")


@dataclass(frozen=True, order=True)
class Month:
    """One calendar month. Orders by time; prints as ``YYYY-MM``."""

    year: int
    number: int

    @classmethod
    def parse(cls, key: str) -> Self:
        """Read ``YYYY-MM``, strictly.

        Raises:
            PeriodError: the text is anything else.
        """
        match = _MONTH_KEY.fullmatch(key)
        if match is None:
            raise PeriodError(f"not a month: found {key!r}, wanted YYYY-MM such as 2022-10")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, day: date) -> Self:
        """The month that a day lies in; prints four digits of the year, which ``%Y`` does not below the year 1000."""
        return cls(day.year, day.month)

    @property
    def first_day(self) -> date:
        return date(self.year, self.number, 1)

    @property
    def last_day(self) -> date:
        return self.shifted(1).first_day - timedelta(days=1)

    def shifted(self, months: int) -> "Month":
        """The month that many months later (earlier when negative)."""
        index = self.year * 12 + self.number - 1 + months
        return Month(index // 12, index % 12 + 1)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.number:02d}"


class PeriodKind(StrEnum):
    """What a reporting period is; the values are those of ref_reporting_period_kinds."""

    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    NINE_MONTHS = "nine_months"
    YEAR = "year"

    @property
    def months(self) -> int:
        return {"month": 1, "quarter": 3, "half_year": 6, "nine_months": 9, "year": 12}[self.value]


@dataclass(frozen=True)
class Period:
    """One reporting period of a year, whatever the calendar: number 3 of the quarters is ``2022-Q3``."""

    year: int
    kind: PeriodKind
    number: int

    @classmethod
    def parse(cls, code: str) -> Self:
        """Read ``2022-10``, ``2022-Q3``, ``2022-H1``, ``2022-9M`` or ``2022``, strictly.

        Raises:
            PeriodError: the text is anything else.
        """
        match = _PERIOD_CODE.fullmatch(code)
        if match is None:
            raise PeriodError(f"not a period: found {code!r}, wanted 2022-10, 2022-Q3, 2022-H1, 2022-9M or 2022")
        year, month, quarter, half, nine = match.groups()
        if month:
            return cls(int(year), PeriodKind.MONTH, int(month))
        if quarter:
            return cls(int(year), PeriodKind.QUARTER, int(quarter))
        if half:
            return cls(int(year), PeriodKind.HALF_YEAR, int(half))
        return cls(int(year), PeriodKind.NINE_MONTHS if nine else PeriodKind.YEAR, 1)

    @property
    def month(self) -> Month:
        """The calendar month that names the period's last month; what is closed with it."""
        return Month(self.year, self.number * self.kind.months)

    def __str__(self) -> str:
        suffix = {
            PeriodKind.MONTH: f"-{self.number:02d}",
            PeriodKind.QUARTER: f"-Q{self.number}",
            PeriodKind.HALF_YEAR: f"-H{self.number}",
            PeriodKind.NINE_MONTHS: "-9M",
            PeriodKind.YEAR: "",
        }
        return f"{self.year:04d}{suffix[self.kind]}"


def month_of_run(
    *,
    partition_key: str | None = None,
    parameter: str | None = None,
    logical_date: datetime | None = None,
    timezone: str | None = None,
) -> Month | None:
    """The month that a run reports on.

    A partition key names it; else the parameter ``month`` does; else it is the calendar month before the night of the
    logical date, in the province's zone (the night of 2022-11-01 reports 2022-10). A run with none of the three, such
    as one that an asset triggered, has no month of its own: None, and the caller takes the newest month in landing.

    Raises:
        PeriodError: the key or the parameter is not ``YYYY-MM``, or the logical date or the province has no zone.
    """
    if partition_key:
        return Month.parse(partition_key)
    if parameter:
        return Month.parse(parameter)
    if logical_date is None:
        return None
    if timezone is None:
        raise PeriodError(
            f"a logical date names no month without the province's zone: found {logical_date.isoformat()}"
        )
    if logical_date.tzinfo is None:
        raise PeriodError(f"a logical date without a zone cannot name a month: found {logical_date.isoformat()}")
    local = logical_date.astimezone(ZoneInfo(timezone))
    return Month(local.year, local.month).shifted(-1)


def require_month(
    *,
    partition_key: str | None = None,
    parameter: str | None = None,
    logical_date: datetime | None = None,
    timezone: str | None = None,
) -> Month:
    """As ``month_of_run``, for a run that means nothing without a month.

    Raises:
        PeriodError: nothing that the run knows names a month.
    """
    month = month_of_run(partition_key=partition_key, parameter=parameter, logical_date=logical_date, timezone=timezone)
    if month is None:
        raise PeriodError("this run names no month: found no partition key, no parameter and no logical date")
    return month
