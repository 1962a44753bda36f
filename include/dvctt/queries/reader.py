"""The publication that a question is asked of, and a row of it by its key.

Nothing here knows a table.
"""

from collections.abc import Mapping
from typing import Any

import duckdb

from dvctt.core.errors import PublishError
from dvctt.core.sql import identifier
from dvctt.publications.reading import Publication, current_publication
from dvctt.publications.store import find
from dvctt.settings import Settings
from dvctt.warehouse.connections import read_rows


def publication_asked_for(settings: Settings, number: int | None) -> Publication:
    """The publication of this number, or the current one.

    Raises:
        PublishError: there is none.
    """
    if number is not None:
        return find(settings.published, number)
    current = current_publication(settings.published)
    if current is None:
        raise PublishError(f"{settings.published}: no publication yet; wanted one that passed its gate: make run")
    return current


def columns_by_table(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Every published table: its columns and their types."""
    tables: dict[str, dict[str, str]] = {}
    for table, column, kind in connection.execute(
        "select table_name, column_name, data_type from duckdb_columns() "
        "where schema_name = 'main' and not internal order by table_name, column_index"
    ).fetchall():
        tables.setdefault(table, {})[column] = kind
    return tables


def condition_of(key: Mapping[str, Any]) -> tuple[str, list[Any]]:
    """SQL that finds the row of a key, and its parameters; an empty key finds every row."""
    return " and ".join([f"{identifier(name)} is not distinct from ?" for name in key] or ["true"]), list(key.values())


def read_row(connection: duckdb.DuckDBPyConnection, table: str, key: Mapping[str, Any]) -> dict[str, Any] | None:
    """The row of a table with this key, or None."""
    condition, parameters = condition_of(key)
    found = read_rows(connection, f"select * from {identifier(table)} where {condition}", parameters)
    return found[0] if found else None


def is_same(one: Any, other: Any) -> bool:
    """Whether two values are one, type and all; what is not a number is itself."""
    return type(one) is type(other) and (one == other or (one != one and other != other))
