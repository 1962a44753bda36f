"""What every question says of an entity and a month: the wider of two that bear one code, and whether the month is closed."""

from datetime import date

import duckdb
import pytest
from dvctt.queries.reader import checks_of, is_closed, is_of_entity, unexplained_totals, widest

ROWS = [
    {"scope": "agency", "entity_code": "x", "value": 1},
    {"scope": "group", "entity_code": "x", "value": 2},
    {"scope": "group", "entity_code": "x", "value": 3},
]


def test_a_code_that_a_group_and_an_agency_bear_means_the_group() -> None:
    assert [row["value"] for row in widest(ROWS)] == [2, 3]
    assert [row["value"] for row in widest(ROWS[:1])] == [1]
    assert widest([*ROWS, {"scope": "province", "entity_code": "x", "value": 4}])[0]["value"] == 4


def test_a_month_is_closed_while_a_revision_of_it_is_in_force() -> None:
    with duckdb.connect() as connection:
        connection.execute("create table mart_closed_months (month date, is_in_force boolean)")
        connection.execute("insert into mart_closed_months values ('2022-09-01', true), ('2022-10-01', false)")
        assert [is_closed(connection, date(2022, month, 1)) for month in (8, 9, 10)] == [False, True, False]


@pytest.mark.parametrize(
    ("scope", "code", "agencies"),
    [("province", "26", ["a", "b", "g"]), ("group", "g", ["a", "b"]), ("agency", "g", ["g"]), ("agency", "a", ["a"])],
)
def test_an_agency_belongs_to_itself_its_group_and_the_province(scope: str, code: str, agencies: list[str]) -> None:
    """An agency that is called as another group is not of that group."""
    with duckdb.connect() as connection:
        connection.execute("create table rates (entity_code varchar, group_code varchar)")
        connection.execute("insert into rates values ('a', 'g'), ('b', 'g'), ('g', 'h')")
        found = connection.execute(
            f"select entity_code from rates where {is_of_entity('rates')} order by 1", {"scope": scope, "code": code}
        ).fetchall()
    assert [row[0] for row in found] == agencies


def test_a_total_that_its_parts_do_not_explain_is_told_and_so_is_one_that_nobody_checked() -> None:
    october = date(2022, 10, 1)
    with duckdb.connect() as connection:
        connection.execute("create table mart_closed_months (month date, is_in_force boolean)")
        connection.execute(
            "create table mart_additivity_checks as select * from (values "
            "('a', date '2022-10-01', 'province', '26', null, null, null, 10, 7, 3, 0), "
            "('b', date '2022-10-01', 'province', '26', 'line', null, null, 10, 7, 2, 1), "
            "('b', date '2022-10-01', 'province', '26', null, 'lunar', 'month', 10, 7, 3, 0), "
            "('c', date '2022-10-01', 'agency', '26', null, null, null, 10, 7, 2, 1)) as rows (check_id, month, scope, "
            "entity_code, part_id, calendar_id, kind, total, sum_of_classes, residue, unexplained)"
        )
        assert unexplained_totals(connection, october, "province", "26", ["a"]) == []
        assert unexplained_totals(connection, october, "province", "26", ["a", "b", "c"]) == [
            "c: not checked",
            "b (line): total 10, its parts 7 and 2 do not add up",
        ]
        connection.execute("insert into mart_closed_months values ('2022-10-01', true)")
        assert unexplained_totals(connection, october, "province", "26", ["c"]) == []


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_of_several_vocabularies_the_one_that_does_not_hold_is_told(failing: int) -> None:
    with duckdb.connect() as connection:
        connection.execute("create table mart_closed_months (month date, is_in_force boolean)")
        connection.execute(
            "create table mart_additivity_checks as select 'x' as check_id, date '2022-10-01' as month, 'province' as scope, "
            "'26' as entity_code, null as part_id, null as calendar_id, null as kind, version, 10 as total, "
            "9 as sum_of_classes, 0 as residue, case when version = ? then 1 else 0 end as unexplained "
            "from range(1, 4) as versions (version)",
            [failing],
        )
        assert unexplained_totals(connection, date(2022, 10, 1), "province", "26", ["x"]) == [
            "x: total 10, its parts 9 and 0 do not add up"
        ]


def test_a_check_of_a_period_is_found_whichever_version_made_it() -> None:
    """An older one wrote calendar and kind into the id, behind the check's."""
    with duckdb.connect() as connection:
        connection.execute(
            "create table mart_additivity_checks as select * from (values "
            "('x/lunar/month', date '2022-10-01', 'province', '26', 'âm lịch: x', 7), "
            "('x/solar/month', date '2022-10-01', 'province', '26', 'dương lịch: x', 8), "
            "('x', date '2022-10-01', 'province', '26', 'x', 9)) "
            "as rows (check_id, month, scope, entity_code, total_name_vi, total)"
        )
        october = (connection, date(2022, 10, 1), "province", "26", ["x"])
        assert checks_of(*october)["x"]["total"] == 9
        found = checks_of(*october, ("lunar", "month"))["x"]
    assert (found["total"], found["total_in_words_vi"], found["part_id"]) == (7, "âm lịch: x", None)


def test_a_publication_of_an_older_version_has_the_checks_of_that_version() -> None:
    with duckdb.connect() as connection:
        connection.execute("create table mart_closed_months (month date, is_in_force boolean)")
        connection.execute(
            "create table mart_additivity_checks as select * from (values "
            "('x', date '2022-10-01', 'province', '26', 9, 5, 3, 1)) "
            "as rows (check_id, month, scope, entity_code, total, sum_of_classes, residue, unexplained)"
        )
        assert unexplained_totals(connection, date(2022, 10, 1), "province", "26", ["x", "made_later"]) == [
            "x: total 9, its parts 5 and 3 do not add up"
        ]
