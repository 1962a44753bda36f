"""A small table is its class: the columns and the order of the rows."""

from dataclasses import dataclass

import duckdb
from dvctt.core.columns import Count
from dvctt.warehouse.tables import write_table


@dataclass(frozen=True)
class Counted:
    code: str
    rows: Count | None


def test_a_table_holds_the_objects_in_their_order() -> None:
    with duckdb.connect() as connection:
        write_table(connection, "counted", Counted, [Counted("b", 9_007_199_254_740_993), Counted("a", None)])
        assert connection.execute("from counted").fetchall() == [("b", 9_007_199_254_740_993), ("a", None)]
        assert [row[1] for row in connection.execute("describe counted").fetchall()] == ["VARCHAR", "BIGINT"]


def test_a_table_without_objects_is_there_and_empty() -> None:
    with duckdb.connect() as connection:
        write_table(connection, "counted", Counted)
        assert connection.execute("select count(*) from counted").fetchone() == (0,)
