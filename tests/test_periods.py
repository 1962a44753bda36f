"""Reporting periods: their codes, their days by three calendars, and figures that add up over them."""

import csv

import pytest
from dvctt.config import PROJECT_ROOT
from dvctt.errors import PeriodError
from dvctt.period import Month, Period, PeriodKind
from hypothesis import given
from hypothesis import strategies as st

SEEDS = PROJECT_ROOT / "dbt_project" / "seeds"
COUNT = {
    PeriodKind.MONTH: 12,
    PeriodKind.QUARTER: 4,
    PeriodKind.HALF_YEAR: 2,
    PeriodKind.NINE_MONTHS: 1,
    PeriodKind.YEAR: 1,
}

periods = st.sampled_from(PeriodKind).flatmap(
    lambda kind: st.builds(Period, st.integers(1000, 9999), st.just(kind), st.integers(1, COUNT[kind]))
)


@pytest.mark.parametrize(
    ("code", "period", "month"),
    [
        ("2022-10", Period(2022, PeriodKind.MONTH, 10), Month(2022, 10)),
        ("2022-Q3", Period(2022, PeriodKind.QUARTER, 3), Month(2022, 9)),
        ("2022-H1", Period(2022, PeriodKind.HALF_YEAR, 1), Month(2022, 6)),
        ("2022-9M", Period(2022, PeriodKind.NINE_MONTHS, 1), Month(2022, 9)),
        ("2022", Period(2022, PeriodKind.YEAR, 1), Month(2022, 12)),
    ],
)
def test_a_code_names_a_period_and_the_month_that_closes_it(code: str, period: Period, month: Month) -> None:
    assert Period.parse(code) == period
    assert period.month == month


@pytest.mark.parametrize("text", ["2022-Q5", "2022-Q0", "2022-H3", "2022-13", "2022-6M", "2022Q3", "22", "", "2022-q3"])
def test_what_is_no_code_of_a_period_is_refused_with_what_was_found(text: str) -> None:
    with pytest.raises(PeriodError, match="wanted 2022-10, 2022-Q3") as caught:
        Period.parse(text)
    assert repr(text) in str(caught.value)


@given(periods)
def test_printing_and_parsing_is_the_same_period(period: Period) -> None:
    assert Period.parse(str(period)) == period


def test_the_codes_and_lengths_of_the_seeds_are_those_that_the_parser_reads() -> None:
    rows = list(csv.DictReader((SEEDS / "ref_reporting_periods.csv").open(encoding="utf-8")))
    months = {
        row["kind"]: int(row["months"])
        for row in csv.DictReader((SEEDS / "ref_reporting_period_kinds.csv").open(encoding="utf-8"))
    }
    assert months == {kind.value: kind.months for kind in PeriodKind}
    assert [Period.parse("2022" + row["code_suffix"]) for row in rows] == [
        Period(2022, PeriodKind(row["kind"]), int(row["number"])) for row in rows
    ]
    assert len(rows) == sum(COUNT.values()) == 20
