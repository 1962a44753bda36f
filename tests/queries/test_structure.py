"""Who answers for an agency on a day, held against a rule that is told day by day; and what a month shows on two maps."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from dvctt.core.errors import StructureError
from dvctt.core.period import Month
from dvctt.queries.structure import compare_structures
from dvctt.settings import Settings
from dvctt.warehouse.definitions import read_definitions
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import dvctt

CODES = "abcde"
EPOCHS = 6
DAYS = 3
"""Days of an epoch: the day after an end is not the day of the next change."""


def first_day(epoch: int) -> date:
    return date(2025, 2, 27) + timedelta(days=DAYS * epoch)


@dataclass(frozen=True)
class History:
    """In which epochs each code is in force, and the successions on the first day of an epoch: code, epoch, kind, to whom."""

    in_force: Mapping[str, tuple[bool, ...]]
    successions: tuple[tuple[str, int, str, str], ...]

    def heir(self, code: str, epoch: int) -> str:
        """The rule, told epoch by epoch: oneself, or whoever took over when one was last in force, asked in turn."""
        if self.in_force[code][epoch]:
            return code
        ended = max(e for e in range(1, epoch + 1) if self.in_force[code][e - 1] and not self.in_force[code][e])
        heirs = [
            (kind, to)
            for who, when, kind, to in self.successions
            if (who, when) == (code, ended) and kind != "transfer"
        ]
        if len(heirs) != 1 or heirs[0][0] == "split":
            return "unallocated"
        return self.heir(heirs[0][1], epoch)


@st.composite
def histories(draw: st.DrawFn) -> History:
    epochs = st.lists(st.booleans(), min_size=EPOCHS, max_size=EPOCHS).filter(any)
    in_force = {code: tuple(draw(epochs)) for code in CODES}
    successions = []
    for code, valid in in_force.items():
        for epoch in range(1, EPOCHS):
            others = [other for other in CODES if other != code and in_force[other][epoch]]
            if not valid[epoch - 1] or not others:
                continue
            if not valid[epoch]:
                kind = draw(st.sampled_from(("nobody", "rename", "merge", "split")))
                count = draw(st.integers(1, len(others))) if kind == "split" else int(kind != "nobody")
                heirs = draw(st.permutations(others))[:count]
                successions += [(code, epoch, kind, heir) for heir in heirs]
                others = [other for other in others if other not in heirs]
            if others and draw(st.booleans()):
                successions.append((code, epoch, "transfer", draw(st.sampled_from(others))))
    return History(in_force, tuple(successions))


@pytest.fixture(scope="session")
def heirs_sql(tiny_home: Settings) -> str:
    """The model as dbt compiled it."""
    nodes = read_definitions(tiny_home.published / "1")
    (sql,) = [node.sql for node in nodes if node.name == "dim_agency_heirs"]
    return sql


@given(histories())
def test_every_day_of_every_agency_has_the_heir_of_the_rule_and_no_other(heirs_sql: str, history: History) -> None:
    spans = []
    for code, valid in history.in_force.items():
        for epoch in range(EPOCHS):
            if valid[epoch] and (epoch == 0 or not valid[epoch - 1]):
                end = next((e for e in range(epoch, EPOCHS) if not valid[e]), None)
                spans.append((code, first_day(epoch), first_day(end) - timedelta(days=1) if end else None, True))
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as warehouse; use warehouse")
        connection.execute(
            "create table dim_agencies (agency_code varchar, valid_from date, valid_to date, is_known boolean)"
        )
        connection.executemany("insert into dim_agencies values (?, ?, ?, ?)", spans)
        connection.execute(
            "create table stg_province__agency_successions "
            "(predecessor_code varchar, successor_code varchar, effective_on date, kind varchar)"
        )
        if history.successions:
            connection.executemany(
                "insert into stg_province__agency_successions values (?, ?, ?, ?)",
                [(code, to, first_day(epoch), kind) for code, epoch, kind, to in history.successions],
            )
        found: dict[str, list[tuple[str, date, date | None]]] = {}
        for code, heir, since, until in connection.execute(heirs_sql).fetchall():
            found.setdefault(code, []).append((heir, since, until))
    for code, valid in history.in_force.items():
        for number in range(DAYS * EPOCHS):
            day = first_day(0) + timedelta(days=number)
            on_day = [heir for heir, since, until in found[code] if since <= day and (until is None or day <= until)]
            epoch = number // DAYS
            assert on_day == ([history.heir(code, epoch)] if epoch >= valid.index(True) else [])
        assert found[code][-1][2] is None, "the newest span has no end"


@pytest.fixture
def marts(tmp_path: Path) -> Path:
    """Two departments of which one took the other over, and a third whose filings did not come."""
    path = tmp_path / "marts.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("""
            create table dim_agencies as from (values
                ('a', 'Sở A', 'Department A', 'g', 1, 1, date '2020-01-01', date '2025-02-28'),
                ('b', 'Sở B', 'Department B', 'g', 1, 2, date '2020-01-01', date '2025-02-28'),
                ('b', 'Sở A và B', 'Department A and B', 'g', 1, 2, date '2025-03-01', null),
                ('c', 'Sở C', 'Department C', 'g', 1, 3, date '2020-01-01', null),
                ('unallocated', 'Chưa quy đổi được', 'Could not be restated', 'unallocated', 9998, 9998, null, null)
            ) as t (agency_code, name_vi, name_en, group_code, group_order, official_order, valid_from, valid_to);
            create table dim_agency_heirs as from (values
                ('a', 'a', date '2020-01-01', date '2025-02-28'), ('a', 'b', date '2025-03-01', null),
                ('b', 'b', date '2020-01-01', null), ('c', 'c', date '2020-01-01', null)
            ) as t (agency_code, heir_code, heir_from, heir_to);
            create table mart_structure_bridge as from (values
                (date '2022-10-01', 'a', 'Sở A', 'Department A', 'g', 'p', 1, date '2025-03-01', 10, 4, 1, 3000000000),
                (date '2022-10-01', 'b', 'Sở B', 'Department B', 'g', null, 2, date '2025-03-01', 5, 5, null, null),
                (date '2022-10-01', 'c', 'Sở C', 'Department C', 'g', null, 3, date '2025-03-01', null, null, 2, 7),
                (date '2022-10-01', 'lost', 'Sở cũ', null, 'g', null, 4, date '2025-03-01', 1, 0, 0, 0)
            ) as t (month, agency_code, agency_name_vi, agency_name_en, group_code, parent_code, official_order,
                structure_on, received, online, online_payment_count, online_payment_amount_vnd);
            create table mart_online_rates as
                select date '2022-10-01' as month, 'province' as scope, 16 as received, 9 as online;
            create table mart_payments as select date '2022-10-01' as month, 'province' as scope,
                3 as online_payment_count, 3000000007 as online_payment_amount_vnd;
        """)
    return path


def test_a_month_is_added_up_by_who_answers_on_the_day(marts: Path) -> None:
    compared = compare_structures(marts, 1, Month(2022, 10))
    assert compared.on == date(2025, 3, 1)
    assert [(u.agency_code, u.name_vi, u.received, u.online, u.online_payment_count) for u in compared.restated] == [
        ("b", "Sở A và B", 15, 9, 1),
        ("c", "Sở C", None, None, 2),
        ("unallocated", "Chưa quy đổi được", 1, 0, 0),
    ]
    assert [(move.was.agency_code, move.heir_code, move.parent_code) for move in compared.bridge if move.is_moved] == [
        ("a", "b", "p"),
        ("lost", "unallocated", None),
    ]
    assert compared.is_equal


def test_on_a_day_before_the_change_nothing_but_what_is_lost_moves(marts: Path) -> None:
    compared = compare_structures(marts, 1, Month(2022, 10), date(2025, 2, 28))
    assert [(unit.agency_code, unit.name_vi, unit.received) for unit in compared.restated] == [
        ("a", "Sở A", 10),
        ("b", "Sở B", 5),
        ("c", "Sở C", None),
        ("unallocated", "Chưa quy đổi được", 1),
    ]


def test_a_province_that_is_not_the_sum_is_not_equal(marts: Path) -> None:
    with duckdb.connect(str(marts)) as connection:
        connection.execute("update mart_payments set online_payment_amount_vnd = 3000000008")
    compared = compare_structures(marts, 1, Month(2022, 10))
    assert [total.measure for total in compared.totals if not total.is_equal] == ["online_payment_amount_vnd"]
    assert not compared.is_equal


def test_a_day_inside_the_month_and_a_month_that_is_not_there_are_refused(marts: Path) -> None:
    with pytest.raises(StructureError, match=r"2022-10-30 lies before the last day of 2022-10: wanted 2022-10-31"):
        compare_structures(marts, 1, Month(2022, 10), date(2022, 10, 30))
    with pytest.raises(StructureError, match=r"no agency has a figure of 2022-11 in the publication; found 2022-10"):
        compare_structures(marts, 1, Month(2022, 11))


def test_a_day_that_is_none_is_refused(tiny_home: Settings) -> None:
    finished = dvctt(tiny_home, "structure", "--month", "2022-10", "--on", "01/07/2025")
    assert finished.returncode == 2
    assert "wanted a day such as 2025-07-01" in finished.stderr
