"""Reporting periods: their codes, their days by three calendars, and figures that add up over them."""

import csv
import json
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise

import duckdb
import pytest
from dvctt.core.errors import PeriodError
from dvctt.core.period import Month, Period, PeriodKind
from dvctt.settings import PROJECT_ROOT, Settings
from dvctt.warehouse.connections import candidate_path, open_candidate
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import dvctt

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


@pytest.fixture(scope="module")
def three_years(tiny_home: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """dim_reporting_periods as dbt compiled it, over the real seeds and files of December 2019 to January 2023."""
    compiled = (
        tiny_home.candidate
        / "dbt"
        / "compiled"
        / "dvctt"
        / "models"
        / "facts"
        / "periods"
        / "dim_reporting_periods.sql"
    )
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as warehouse")
        connection.execute("use warehouse")
        connection.execute(
            "create table stg_landing__extracts as select 'filings' as entity, unnest([date '2019-12-01', "
            "date '2023-01-01']) as file_month"
        )
        connection.execute(
            "create table dim_dates as select d::date as date_day, date_trunc('month', d)::date as month, "
            "extract(year from d) as year_number from generate_series(timestamp '2019-01-01', timestamp '2024-12-31', "
            "interval 1 day) as days (d)"
        )
        connection.execute(f"attach '{candidate_path(tiny_home.candidate)}' as built (read_only)")
        for seed in ("ref_reporting_calendars", "ref_reporting_period_kinds", "ref_reporting_periods"):
            connection.execute(f"create table {seed} as from built.{seed}")
        connection.execute(f"create table periods as {compiled.read_text(encoding='utf-8')}")
        yield connection


def of_kind(connection: duckdb.DuckDBPyConnection, calendar: str, kind: PeriodKind) -> list[tuple[str, date, date]]:
    return connection.execute(
        "select period_code, first_day, last_day from periods where calendar_id = ? and kind = ? order by first_day",
        [calendar, kind.value],
    ).fetchall()


@pytest.mark.parametrize("calendar", ["calendar_month", "from_15", "from_21"])
@pytest.mark.parametrize("kind", [PeriodKind.MONTH, PeriodKind.QUARTER, PeriodKind.HALF_YEAR, PeriodKind.YEAR])
def test_periods_of_a_calendar_follow_each_other_without_gap_or_overlap(
    three_years: duckdb.DuckDBPyConnection, calendar: str, kind: PeriodKind
) -> None:
    found = of_kind(three_years, calendar, kind)
    assert len(found) >= 3 * COUNT[kind]
    assert [later[1] - earlier[2] for earlier, later in pairwise(found)] == [timedelta(days=1)] * (len(found) - 1)


@pytest.mark.parametrize("calendar", ["calendar_month", "from_15", "from_21"])
def test_every_longer_period_is_its_months_from_the_first_day_to_the_last(
    three_years: duckdb.DuckDBPyConnection, calendar: str
) -> None:
    months = {code: (first, last) for code, first, last in of_kind(three_years, calendar, PeriodKind.MONTH)}
    longer = [
        row
        for kind in PeriodKind
        for row in of_kind(three_years, calendar, kind)
        if row[0][:4] in ("2020", "2021", "2022")
    ]
    assert len(longer) == 3 * 20
    for code, first, last in longer:
        period = Period.parse(code)
        assert months[str(period.month.shifted(1 - period.kind.months))][0] == first
        assert months[str(period.month)][1] == last


def test_the_days_are_those_that_the_calendars_say(three_years: duckdb.DuckDBPyConnection) -> None:
    wanted = [
        ("calendar_month", "2022-Q1", date(2022, 1, 1), date(2022, 3, 31)),
        ("from_15", "2022-03", date(2022, 2, 15), date(2022, 3, 14)),
        ("from_15", "2022-9M", date(2021, 12, 15), date(2022, 9, 14)),
        ("from_15", "2022-H1", date(2021, 12, 15), date(2022, 6, 14)),
        ("from_15", "2022-Q1", date(2021, 12, 15), date(2022, 3, 14)),
        ("from_15", "2022", date(2021, 12, 15), date(2022, 12, 14)),
        ("from_21", "2022-03", date(2022, 2, 21), date(2022, 3, 20)),
    ]
    found = three_years.execute("select calendar_id, period_code, first_day, last_day from periods").fetchall()
    assert [row for row in wanted if row not in found] == []


def test_a_period_and_what_it_is_compared_with_are_of_one_calendar(three_years: duckdb.DuckDBPyConnection) -> None:
    keys = three_years.execute("select period_key, previous_period_key, year_before_period_key from periods").fetchall()
    known = {key: (previous, before) for key, previous, before in keys}
    assert known["from_15/2022-Q1"] == ("from_15/2021-Q4", "from_15/2021-Q1")
    assert known["calendar_month/2022-H1"] == ("calendar_month/2021-H2", "calendar_month/2021-H1")
    assert known["from_21/2022-9M"] == (None, "from_21/2021-9M")
    bases = [(key, base) for key, *others in keys for base in others if base]
    assert len(bases) > 200
    assert [pair for pair in bases if pair[0].split("/")[0] != pair[1].split("/")[0] or pair[1] not in known] == []


def test_a_month_of_the_calendar_is_the_month_of_the_marts(tiny_home: Settings) -> None:
    with open_candidate(tiny_home.candidate) as connection:
        compared = connection.execute(
            "select periods.received, rates.received, periods.online, rates.online, payments.online_payment_amount_vnd, "
            "monthly.online_payment_amount_vnd from mart_period_online_rates as periods "
            "join mart_online_rates as rates using (month, scope, entity_code) "
            "join mart_period_payments as payments using (period_key, scope, entity_code) "
            "join mart_payments as monthly using (month, scope, entity_code) "
            "where periods.calendar_id = 'calendar_month' and periods.kind = 'month'"
        ).fetchall()
    assert len(compared) > 50
    assert [row for row in compared if row[0] != row[1] or row[2] != row[3] or row[4] != row[5]] == []
    assert sum(row[0] for row in compared) > 0


def test_the_command_prints_days_calendar_basis_and_both_bases(tiny_home: Settings) -> None:
    finished = dvctt(tiny_home, "period", "--period", "2022-10", "--calendar", "from_15")
    assert finished.returncode == 0, finished.stderr
    for words in (
        "Vĩnh Phúc · Tháng 10/2022: từ ngày 15/09/2022 đến ngày 14/10/2022",
        "Kỳ từ ngày 15 tháng trước đến ngày 14 (from_15/2022-10)",
        "chưa đối chiếu được với văn bản gốc",
        "so với kỳ liền trước, Tháng 9/2022 (từ ngày 15/08/2022 đến ngày 14/09/2022):",
        "kỳ so sánh chưa đủ dữ liệu",
        "so với cùng kỳ năm trước: không có (kho không có kỳ so sánh)",
    ):
        assert words in finished.stdout


def test_a_share_changes_in_points_and_a_count_in_per_cent_on_the_line(tiny_home: Settings) -> None:
    finished = dvctt(tiny_home, "period", "--period", "2022-10")
    lines = [line.strip() for line in finished.stdout.splitlines()]
    (share,) = [line for line in lines if line.startswith("tỷ lệ hồ sơ trực tuyến trên tổng hồ sơ:") and "→" in line]
    (count,) = [line for line in lines if line.startswith("hồ sơ tiếp nhận:")]
    assert share.endswith("điểm % · mẫu nhỏ")
    assert "(3/6)" in share
    assert count.endswith("% · mẫu nhỏ")
    assert "điểm" not in count


def test_as_json_each_change_has_the_id_of_its_figure(tiny_home: Settings) -> None:
    read = json.loads(dvctt(tiny_home, "period", "--period", "2022-10", "--json").stdout)
    assert (read["received"], read["online"], read["first_day"]) == (6, 3, "2022-10-01")
    assert {change["comparison"] for change in read["changes"]} == {"previous", "year_before"}
    assert read["changes"][0]["figure_id"] == (
        "mart_period_changes/calendar_month%2F2022-10/province/26/online_rate/previous/change_points"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--period", "2022-Q4"), "it is not over, or was before the first file"),
        (("--period", "2022-10", "--calendar", "from_7"), "no such reporting calendar: found 'from_7', wanted one of"),
        (("--period", "2022-10", "--entity", "nobody"), "no figures of nobody"),
        (("--period", "October"), "not a period: found 'October'"),
    ],
)
def test_what_the_publication_does_not_hold_is_an_error_in_words(
    tiny_home: Settings, arguments: tuple[str, ...], words: str
) -> None:
    finished = dvctt(tiny_home, "period", *arguments)
    assert finished.returncode == 1
    assert words in finished.stderr
