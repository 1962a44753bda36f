"""The sample in a real PostgreSQL: one table an entity, as a one-stop system's database would hold the records.

What may live here: tables and rows. What may not: how such a database is read, which is ``dvctt.extract.database``'s matter.
"""

import csv
import io
import logging
from pathlib import Path
from typing import Any

from dvctt.core.contract import ENTITIES, Entity
from dvctt.core.errors import ConfigError
from dvctt.core.sql import identifier
from dvctt.province.model import Source
from dvctt.sample.records import as_fetched, months_of, records_of

log = logging.getLogger(__name__)

SCHEMA = "one_stop"
MONTH, ORDINAL = "thang", "stt"
"""Beside the contract's columns: the month of the file that a record came in, and the order in which records came."""


def load_sample(folder: Path, url: str) -> dict[str, int]:
    """Put the sample's records into tables of a schema of their own, in the place of what an earlier call put there.

    Args:
        folder: a source's folder of the sample's CSV files: ``<entity>/<YYYY-MM>[.suffix].csv``.
        url: of the database: ``postgresql://user:password@host:port/name``.

    Returns:
        Rows by entity.

    Raises:
        ConfigError: the database does not take them.
    """
    import psycopg2

    rows: dict[str, int] = {}
    try:
        with psycopg2.connect(url) as connection, connection.cursor() as cursor:
            cursor.execute(f"drop schema if exists {SCHEMA} cascade; create schema {SCHEMA}")
            for entity in ENTITIES.values():
                rows[entity.name] = _load(cursor, entity, folder)
        connection.close()
    except psycopg2.Error as error:
        raise ConfigError(
            f"the database did not take the sample ({type(error).__name__}, code {error.pgcode}); wanted a PostgreSQL in which "
            f"this user may create the schema {SCHEMA}"
        ) from None
    return rows


def _load(cursor: Any, entity: Entity, folder: Path) -> int:
    columns = (MONTH, *entity.columns, *entity.personal)
    table = f"{SCHEMA}.{identifier(entity.name)}"
    declared = ", ".join(f"{identifier(column)} {_type(entity, column)}" for column in columns)
    cursor.execute(f"create table {table} ({ORDINAL} bigserial primary key, {declared})")
    total = 0
    for month in months_of(folder, entity.name):
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        for record in records_of(folder, entity.name, month):
            writer.writerow([month, *(record.get(column, "") for column in columns[1:])])
            total += 1
        text.seek(0)
        names = ", ".join(identifier(column) for column in columns)
        cursor.copy_expert(f"copy {table} ({names}) from stdin with (format csv)", text)
    cursor.execute(f"create index on {table} ({MONTH})")
    log.info("sample: %s: %d rows", table, total)
    return total


def _type(entity: Entity, column: str) -> str:
    return "numeric(18, 2)" if column == entity.amount else "text"


def sources_yaml(source: Source, months: tuple[str, str]) -> str:
    """The text of a sources.yml that reads the sample from there.

    Args:
        source: whose records they are, as the province's own sources.yml has it.
        months: first and last of the sample.
    """
    return as_fetched(
        source,
        "database",
        months,
        {
            entity: {
                "table": f"{SCHEMA}.{entity}",
                "month": {"column": MONTH, "holds": "month"},
                "order_by": [ORDINAL],
            }
            for entity in source.entities
        },
    )
