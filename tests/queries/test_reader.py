"""What every question says of an entity and a month: the wider of two that bear one code, and whether the month is closed."""

from datetime import date

import duckdb
import pytest
from dvctt.queries.reader import is_closed, is_of_entity, unexplained_totals, widest

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
            "('a', date '2022-10-01', 'province', '26', 10, 7, 3, 0), ('b', date '2022-10-01', 'province', '26', 10, 7, 2, 1), "
            "('c', date '2022-10-01', 'agency', '26', 10, 7, 2, 1)) "
            "as rows (check_id, month, scope, entity_code, total, sum_of_classes, residue, unexplained)"
        )
        assert unexplained_totals(connection, october, "province", "26", ["a"]) == []
        assert unexplained_totals(connection, october, "province", "26", ["a", "b", "c"]) == [
            "c: not checked",
            "b: total 10, its parts 7 and 2 do not add up",
        ]
        connection.execute("insert into mart_closed_months values ('2022-10-01', true)")
        assert unexplained_totals(connection, october, "province", "26", ["c"]) == []
