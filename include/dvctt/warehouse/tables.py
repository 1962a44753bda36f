"""Small tables of the candidate, written from objects: the class says which columns there are (`dvctt.core.columns`)."""

from collections.abc import Iterable

import duckdb

from dvctt.core.columns import columns_of, row_of


def write_table(connection: duckdb.DuckDBPyConnection, name: str, model: type, objects: Iterable[object] = ()) -> None:
    """Create the table of a class and fill it, in the order of the objects."""
    columns = columns_of(model)
    declared = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    connection.execute(f"create table {name} ({declared})")
    if rows := [row_of(one) for one in objects]:
        connection.executemany(f"insert into {name} values ({', '.join('?' * len(columns))})", rows)
