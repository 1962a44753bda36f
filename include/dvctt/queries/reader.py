"""The publication that a question is asked of, a row of it by its key, and what every question says of entities and months.

Of tables, only the list of closed months and the checks of totals are known here.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

import duckdb

from dvctt.core.errors import PublishError
from dvctt.core.published_tables import published_tables
from dvctt.core.sql import identifier
from dvctt.publications.reading import Publication, current_publication
from dvctt.publications.store import find
from dvctt.report.marts import selection
from dvctt.settings import Settings
from dvctt.warehouse.connections import read_rows

_CHECKS = "mart_additivity_checks"


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


def is_closed(connection: duckdb.DuckDBPyConnection, month: date) -> bool:
    """Whether the month's figures are those that were frozen."""
    return bool(read_rows(connection, "select 1 from mart_closed_months where month = ? and is_in_force", [month]))


def checks_of(
    connection: duckdb.DuckDBPyConnection,
    month: date,
    scope: str,
    code: str,
    checks: Collection[str],
    period: tuple[str, str] | None = None,
) -> dict[str, dict[str, Any]]:
    """What the publication's own checks of these totals have found of an entity, by their ids; one not made is not there.

    Of a check that was made of several vocabularies, the one that does not hold: it must not stand behind another.

    Args:
        period: calendar and kind of the period that ends in the month; default: the month's own figures.
    """
    found = columns_by_table(connection)[_CHECKS]
    rows = read_rows(
        connection,
        f"select * from ({selection(_CHECKS, published_tables()[_CHECKS].columns, found)}) "
        "where month = ? and scope = ? and entity_code = ? and list_contains(?, check_id) "
        "and calendar_id is not distinct from ? and kind is not distinct from ? "
        "order by coalesce(unexplained = 0, false) desc",
        [month, scope, code, list(checks), *(period or (None, None))],
    )
    return {row["check_id"]: row for row in rows}


def unexplained_totals(
    connection: duckdb.DuckDBPyConnection, month: date, scope: str, code: str, checks: Collection[str]
) -> list[str]:
    """What the publication's own checks of these totals have found of an entity, or that they were not made, in words.

    A publication of an older version, and a month that was closed by one, have the checks of that version.
    """
    found = checks_of(connection, month, scope, code, checks)
    is_older = "part_id" not in columns_by_table(connection)[_CHECKS]
    missing = [] if is_older or is_closed(connection, month) else [name for name in checks if name not in found]
    return [f"{name}: not checked" for name in missing] + [
        f"{name}{_part(row)}: total {row['total']}, its parts {row['sum_of_classes']} and {row['residue']} do not add up"
        for name, row in sorted(found.items())
        if row["unexplained"] != 0
    ]


def _part(row: Mapping[str, Any]) -> str:
    return f" ({row['part_id']})" if row["part_id"] else ""


def where_to_look(month: object) -> str:
    """What the refusal of a figure that does not add up ends with."""
    return f"look: dvctt check additivity --month {month}"


def widest(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of the widest scope: a code that both a group and an agency bear means the wider one."""
    scope = min((row["scope"] for row in rows), key=("province", "group", "agency").index)
    return [row for row in rows if row["scope"] == scope]


def is_of_entity(agencies: str) -> str:
    """SQL: whether an agency's row belongs to the entity of ``$scope`` and ``$code``; ``agencies`` names the relation."""
    return (
        f"($scope = 'province' or ($scope = 'group' and {agencies}.group_code = $code) "
        f"or ($scope = 'agency' and {agencies}.entity_code = $code))"
    )


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
