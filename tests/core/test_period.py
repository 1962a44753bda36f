"""Which month a run means: literal cases of the one rule, and properties of months."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from dvctt.core.errors import PeriodError
from dvctt.core.period import Month, month_of_run, require_month
from hypothesis import given
from hypothesis import strategies as st

ZONE = "Asia/Ho_Chi_Minh"
HANOI = ZoneInfo(ZONE)
NIGHT = datetime(2022, 11, 1, 1, 0, tzinfo=HANOI)


def test_a_partition_key_decides_before_parameter_and_logical_date() -> None:
    assert month_of_run(partition_key="2022-08", parameter="2022-09", logical_date=NIGHT) == Month(2022, 8)


def test_a_parameter_decides_before_the_logical_date() -> None:
    assert month_of_run(parameter="2022-09", logical_date=NIGHT) == Month(2022, 9)


def test_a_night_reports_the_month_before_it() -> None:
    assert month_of_run(logical_date=NIGHT, timezone=ZONE) == Month(2022, 10)


def test_the_night_is_that_of_the_province_and_not_of_utc() -> None:
    # 01:00 on 1 November in Hà Nội is still 31 October in UTC.
    assert month_of_run(logical_date=datetime(2022, 10, 31, 18, 0, tzinfo=UTC), timezone=ZONE) == Month(2022, 10)
    assert month_of_run(logical_date=datetime(2022, 10, 31, 16, 59, tzinfo=UTC), timezone=ZONE) == Month(2022, 9)


def test_january_reports_december() -> None:
    assert month_of_run(logical_date=datetime(2023, 1, 1, 1, tzinfo=HANOI), timezone=ZONE) == Month(2022, 12)


def test_a_run_that_an_asset_triggered_has_no_month_of_its_own() -> None:
    assert month_of_run() is None
    assert month_of_run(partition_key="", parameter=None, logical_date=None) is None


@pytest.mark.parametrize("text", ["2022-13", "2022-00", "2022-1", "22-10", "2022/10", " 2022-10", "2022-10-01", "x"])
def test_what_is_not_a_month_is_refused_with_what_was_found(text: str) -> None:
    with pytest.raises(PeriodError, match="wanted YYYY-MM") as caught:
        Month.parse(text)
    assert repr(text) in str(caught.value)


def test_a_night_of_a_province_without_a_zone_is_refused() -> None:
    with pytest.raises(PeriodError, match="without the province's zone"):
        month_of_run(logical_date=NIGHT)


def test_a_date_without_a_zone_is_refused() -> None:
    with pytest.raises(PeriodError, match="without a zone"):
        month_of_run(logical_date=datetime(2022, 11, 1, 1), timezone=ZONE)


months = st.builds(Month, st.integers(1900, 2200), st.integers(1, 12))


@given(months, st.integers(-600, 600))
def test_shifting_there_and_back_is_the_same_month(month: Month, by: int) -> None:
    assert month.shifted(by).shifted(-by) == month


@given(months)
def test_printing_and_parsing_is_the_same_month(month: Month) -> None:
    assert Month.parse(str(month)) == month


@given(months, months)
def test_months_order_as_their_first_days_do(one: Month, other: Month) -> None:
    assert (one < other) == (one.first_day < other.first_day)


def test_a_run_that_must_have_a_month_is_refused_without_one() -> None:
    with pytest.raises(PeriodError, match="names no month"):
        require_month()
    assert require_month(partition_key="2022-10", parameter="2022-09") == Month(2022, 10)
