"""Two tables are the same when the columns that both have hold the same rows; what only one has is named."""

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.relations import Difference, compare_tables

BEFORE = "(values ('243', 10, 0.5), ('243', 10, 0.5), ('244', 20, null)) as t(agency, received, rate)"


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def test_the_same_rows_differ_in_nothing(connection: duckdb.DuckDBPyConnection) -> None:
    found = compare_tables(connection, BEFORE, BEFORE)
    assert found == Difference()
    assert not found.is_other


def test_a_value_that_changed_is_laid_to_its_column(connection: duckdb.DuckDBPyConnection) -> None:
    after = "(values ('243', 10, 0.5), ('243', 11, 0.5), ('244', 20, null)) as t(agency, received, rate)"
    found = compare_tables(connection, BEFORE, after)
    assert (found.lost, found.gained, found.columns) == (1, 1, ("received",))
    assert found.examples == ("- received=10, agency=243, rate=0.5", "+ received=11, agency=243, rate=0.5")
    assert found.is_other


def test_how_often_a_row_stands_counts(connection: duckdb.DuckDBPyConnection) -> None:
    after = "(values ('243', 10, 0.5), ('244', 20, null), ('244', 20, null)) as t(agency, received, rate)"
    found = compare_tables(connection, BEFORE, after)
    assert (found.lost, found.gained, found.columns) == (1, 1, ())
    assert found.is_other


@pytest.mark.parametrize(("before", "after"), [("null", "0.0"), ("0.0", "null"), ("0.1::double + 0.2::double", "0.3")])
def test_nothing_is_not_zero_and_no_digit_is_rounded(
    connection: duckdb.DuckDBPyConnection, before: str, after: str
) -> None:
    one, other = (f"(select '243' as agency, cast({value} as double) as rate)" for value in (before, after))
    assert compare_tables(connection, one, other).columns == ("rate",)


def test_a_row_that_came_or_went_is_counted_on_its_side(connection: duckdb.DuckDBPyConnection) -> None:
    shorter = "(values ('243', 10, 0.5), ('244', 20, null)) as t(agency, received, rate)"
    gone, came = compare_tables(connection, BEFORE, shorter), compare_tables(connection, shorter, BEFORE)
    assert (gone.lost, gone.gained, gone.is_other) == (1, 0, True)
    assert (came.lost, came.gained, came.is_other) == (0, 1, True)


def test_columns_that_only_one_has_are_named_and_a_lost_one_is_a_fault(connection: duckdb.DuckDBPyConnection) -> None:
    more = "(values ('243', 10), ('243', 10), ('244', 20)) as t(agency, received)"
    lost = compare_tables(connection, BEFORE, more)
    assert (lost.gone, lost.new, lost.lost, lost.gained, lost.is_other) == (("rate",), (), 0, 0, True)
    gained = compare_tables(connection, more, BEFORE)
    assert (gained.gone, gained.new, gained.is_other) == ((), ("rate",), False)


def test_values_that_changed_places_between_rows_are_no_same_rows(connection: duckdb.DuckDBPyConnection) -> None:
    before = "(values ('243', 10, 1), ('244', 20, 2)) as t(agency, received, number)"
    after = "(values ('243', 20, 1), ('244', 10, 2)) as t(agency, received, number)"
    found = compare_tables(connection, before, after)
    assert (found.lost, found.gained, found.columns) == (2, 2, ("received",))


def test_a_difference_that_its_columns_do_not_explain_is_laid_to_none(connection: duckdb.DuckDBPyConnection) -> None:
    before = "(values ('243', 10, 0.1), ('244', 20, 0.2)) as t(agency, received, rate)"
    after = "(values ('243', 20, 0.1), ('244', 10, 0.3)) as t(agency, received, rate)"
    found = compare_tables(connection, before, after)
    assert (found.lost, found.gained, found.columns) == (2, 2, ())


def test_another_order_is_said_and_is_no_difference(connection: duckdb.DuckDBPyConnection) -> None:
    rows = "(values ('244', 20, null), ('243', 10, 0.5), ('243', 10, 0.5)) as t(agency, received, rate)"
    columns = "(values (10, '243', 0.5), (10, '243', 0.5), (20, '244', null)) as t(received, agency, rate)"
    for after in (rows, columns):
        found = compare_tables(connection, BEFORE, after)
        assert (found.is_moved, found.is_other) == (True, False)


def test_another_type_is_a_difference_though_its_values_read_alike(connection: duckdb.DuckDBPyConnection) -> None:
    before = "(select 10::integer as received)"
    same, other = (f"(select {value}::bigint as received)" for value in (10, 11))
    assert compare_tables(connection, before, same) == Difference(retyped=("received: INTEGER → BIGINT",))
    assert compare_tables(connection, before, same).is_other
    assert (compare_tables(connection, before, other).lost, compare_tables(connection, before, other).gained) == (1, 1)


def test_types_that_nothing_has_in_common_are_compared_as_text(connection: duckdb.DuckDBPyConnection) -> None:
    found = compare_tables(connection, "(select ['x'] as flag)", "(select true as flag)")
    assert found.retyped == ("flag: VARCHAR[] → BOOLEAN",)
    assert found.examples == ("- flag=[x]", "+ flag=true")


def test_tables_without_a_column_in_common_are_no_same_tables(connection: duckdb.DuckDBPyConnection) -> None:
    found = compare_tables(connection, "(select 1 as a)", "(select 1 as b)")
    assert (found.gone, found.new, found.is_other) == (("a",), ("b",), True)


ROWS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["a", "b", None])), max_size=6)


@settings(max_examples=50, deadline=None)
@given(before=ROWS, after=ROWS)
def test_what_is_lost_and_gained_is_the_difference_of_two_multisets(
    before: list[tuple[int, str | None]], after: list[tuple[int, str | None]]
) -> None:
    with duckdb.connect() as connection:
        for name, rows in (("one", before), ("other", after)):
            connection.execute(f"create table {name} (number integer, word varchar)")
            for row in rows:
                connection.execute(f"insert into {name} values (?, ?)", row)
        found = compare_tables(connection, "one", "other")
    assert found.lost == sum(max(before.count(row) - after.count(row), 0) for row in set(before))
    assert found.gained == sum(max(after.count(row) - before.count(row), 0) for row in set(after))
    if before == after:
        assert found == Difference()
    elif not found.lost and not found.gained:
        assert found.is_moved
