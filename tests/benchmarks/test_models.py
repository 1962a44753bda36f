"""A model's profile names the operator that has the most rows, and what a join compares counts where little leaves it."""

from pathlib import Path

import duckdb
import pytest

from benchmarks.models import Operator, Profile, profile_of, table


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def test_a_join_that_holds_every_row_against_every_row_counts_its_pairs(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    sql = "create table c as select a.i from range(2000) as a(i) inner join range(30) as b(i) on a.i = b.i or a.i + 7 = b.i"
    found = profile_of(connection, sql, tmp_path / "plan.json")
    assert found.widest.rows == 2000 * 30
    assert "i = i" in found.widest.condition


def test_a_join_on_equality_counts_what_leaves_it(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    sql = "create table c as select a.i from range(2000) as a(i) inner join range(30) as b(i) on a.i = b.i"
    found = profile_of(connection, sql, tmp_path / "plan.json")
    assert found.widest.rows == 2000


def test_models_are_listed_by_what_the_larger_home_takes() -> None:
    def profile(seconds: float, rows: int) -> Profile:
        return Profile(seconds, Operator("HASH_JOIN", "a = b", 0.1, rows), Operator("SCAN", "", 0.2, 5))

    small = {"mart_a": profile(1.0, 10), "mart_b": profile(2.0, 20)}
    large = {"mart_a": profile(9.0, 300), "mart_b": profile(2.0, 20)}
    header, first, second, whole = table(small, large)
    assert first == ("mart_a", "1.00", "9.00", "9.0", "10", "300", "30.0", "HASH_JOIN a = b", "0.20 s SCAN")
    assert (second[0], second[3]) == ("mart_b", "1.0")
    assert whole[:4] == ("all", "3.00", "11.00", "3.7")
    assert {len(row) for row in (first, second, whole)} == {len(header)}
