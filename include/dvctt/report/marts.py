"""Which tables a report reads, in which order and which of their rows, and reading them.

Their columns and keys are those that dbt declares (`dvctt.core.published_tables`): none is typed here.

Only the contract with the marts and plain reads in a fixed order may live here: no arithmetic, no wording. Every row is
a mapping from column to value as DuckDB gives it (DATE as ``date``, TIMESTAMP as naive local ``datetime``).
"""

import hashlib
import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

from dvctt.core.engines import describe_error
from dvctt.core.errors import ReportError
from dvctt.core.figure_ids import figure_id
from dvctt.core.published_tables import published_tables
from dvctt.databases import open_database
from dvctt.report.wording.caveats import COLUMNS
from dvctt.report.wording.language import languages

log = logging.getLogger(__name__)

Row = Mapping[str, Any]


class MartRow(dict[str, Any]):
    """A row that knows which mart it stands in, so that each of its figures can be named."""

    def __init__(self, mart_name: str, values: Iterable[tuple[str, Any]], key: tuple[str, ...] = ()) -> None:
        super().__init__(values)
        self.mart_name = mart_name
        self.key = key

    def id_of(self, column: str) -> str:
        """The id of one figure of the row.

        Raises:
            ReportError: the contract gives the mart no key.
        """
        if not self.key:
            raise ReportError(f"{self.mart_name}: no key in the reports' contract; wanted the mart's primary key")
        return figure_id(self.mart_name, (self[name] for name in self.key), column)

    @cached_property
    def digest(self) -> bytes:
        """sha256 of the values in the order of the contract. Python's own form of them says type and value, and is the same on
        every machine.
        """
        return hashlib.sha256(repr(tuple(self.values())).encode()).digest()


@dataclass(frozen=True)
class Mart:
    """One table of the contract: the columns that must be there, the order that makes its bytes repeatable, the primary key,
    of which the ids of its figures are made, columns that a publication of an older version may lack (they are NULL then), and
    which rows are the report's.
    """

    columns: tuple[str, ...]
    order_by: str
    key: tuple[str, ...]
    optional: tuple[str, ...] = ()
    where: str = "true"


@dataclass(frozen=True)
class Reading:
    """How a report reads one published table: in which order, which columns an older publication may lack, and which rows."""

    order_by: str
    optional: str = ""
    where: str = "true"


def contract(**readings: Reading) -> Mapping[str, Mart]:
    """The tables of these names with every column and the key that dbt declares of them."""
    return {name: _mart(name, reading) for name, reading in readings.items()}


def _mart(name: str, reading: Reading) -> Mart:
    declared = published_tables()[name]
    optional = tuple(reading.optional.split())
    required = tuple(column for column in declared.columns if column not in optional)
    return Mart(required, reading.order_by, declared.primary_key, optional, reading.where)


CONTRACT = contract(
    mart_online_rates=Reading(
        "month, scope, rank_in_group NULLS LAST, official_order NULLS LAST, entity_code",
        optional="is_small_base",
    ),
    mart_online_rate_definitions=Reading(
        "month, scope, entity_code, metric_id, version",
        optional="name_en numerator_en denominator_en not_applied_en legal_basis_en",
    ),
    mart_online_rate_changes=Reading(
        "month, scope, entity_code, CASE baseline_id WHEN 'previous_month' THEN 1 WHEN 'first_6_months' THEN 2 "
        "WHEN 'first_9_months' THEN 3 WHEN 'preceding_6_months' THEN 4 WHEN 'preceding_9_months' THEN 5 ELSE 6 END, "
        "baseline_id",
        optional="is_small_base",
    ),
    # Both directions of a pair are printed once, the one that reads "higher than" first.
    mart_group_gaps=Reading("month, gap_points DESC NULLS LAST, group_code, other_group_code"),
    mart_payments=Reading("month, scope, official_order NULLS LAST, entity_code"),
    mart_catalogue_coverage=Reading("month", optional="caveats_json"),
    mart_targets=Reading(
        "month, target_id, scope, entity_name_vi",
        optional="name_en legal_basis_en short_unit_vi short_unit_en",
    ),
    mart_published_figures=Reading(
        "figure_id", optional="caveats_json metric_name_en is_target compared_month other_group_code"
    ),
    mart_additivity_checks=Reading(
        "month, check_id, scope, entity_code, vocabulary_id, version, calendar_id, kind",
        optional="vocabulary_id version part_id calendar_id kind period_name_vi period_name_en calendar_name_vi "
        "calendar_name_en total_in_words_vi residue_id residue_in_words_vi",
        # Totals of quarters and of other calendars are no figures of the monthly report.
        where="calendar_id IS NULL",
    ),
    mart_data_cut_off=Reading("month"),
    mart_caveats=Reading("month, subject, scope, entity_code, caveat_id"),
    mart_feed_timeliness=Reading("month, source_id, entity"),
    mart_feeds=Reading(
        "month, source_id, entity, agency_code",
        optional="missing_reason",
    ),
    mart_closed_months=Reading("month, revision"),
    mart_restatements=Reading(
        "month DESC, to_publication, from_publication, metric_place, CASE scope WHEN 'province' THEN 1 WHEN 'group' "
        "THEN 2 ELSE 3 END, entity_code",
        optional="set_aside refused_files",
    ),
    mart_late_ledger_totals=Reading("month, metric_place, agency_code", optional="set_aside refused_files"),
)

_OLDER: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "mart_additivity_checks": {
        "check_id": ("check_id", "split_part(check_id, '/', 1)"),
        "calendar_id": ("check_id", "nullif(split_part(check_id, '/', 2), '')"),
        "kind": ("check_id", "nullif(split_part(check_id, '/', 3), '')"),
        "total_in_words_vi": ("total_name_vi", "total_name_vi"),
        "residue_in_words_vi": ("residue_name_vi", "residue_name_vi"),
    }
}
"""Columns that an older publication has otherwise: which one holds them there, and SQL that reads them out of it, and out of
today's where that is the column itself.
"""

PACKET_CONTRACT = contract(
    mart_mended_rates=Reading("month, agency_code"),
    fct_quarantined_rows=Reading("file_month, entity, file_name, row_number, extract_id"),
)
"""What the packets of agencies read beside the contract; pages do not, and an older publication may lack it."""


@dataclass(frozen=True)
class Marts:
    """All rows of the contract, table by table, in the contract's order."""

    rows: Mapping[str, tuple[MartRow, ...]]

    def months(self) -> tuple[date, ...]:
        """The months of mart_online_rates, newest first."""
        return tuple(sorted({row["month"] for row in self.rows["mart_online_rates"]}, reverse=True))

    def of_month(self, table: str, month: date) -> tuple[MartRow, ...]:
        """The rows of a monthly table for one month."""
        return tuple(row for row in self.rows[table] if row["month"] == month)

    def digest(self) -> str:
        """Hex sha256 of all rows, in their order, with the names of their tables and columns."""
        digest = hashlib.sha256()
        for name, rows in sorted(self.rows.items()):
            columns = tuple(rows[0]) if rows else ()
            digest.update(repr((name, columns, len(rows))).encode())
            for row in rows:
                digest.update(row.digest)
        return digest.hexdigest()


def read_marts(
    path: Path, contract: Mapping[str, Mart] = CONTRACT, where_there: Mapping[str, Mart] | None = None
) -> Marts:
    """Read every table of a contract, which holds the one above, from a DuckDB file, opened read-only; of ``where_there`` those
    tables that the file has.

    Raises:
        ReportError: the file is missing or unreadable, a table or column of the contract is missing, or
            mart_online_rates is empty.
    """
    content = read_rows(path, contract, where_there)
    if not content.rows["mart_online_rates"]:
        raise ReportError(f"{path}: table mart_online_rates: found 0 rows, wanted at least one month")
    return content


def read_rows(path: Path, contract: Mapping[str, Mart], where_there: Mapping[str, Mart] | None = None) -> Marts:
    """Read the tables of any contract from a DuckDB file, opened read-only; of ``where_there`` those that the file has.

    Raises:
        ReportError: the file is missing or unreadable, or a table or column of the contract is missing.
    """
    if not path.is_file():
        raise ReportError(f"{path}: no such file; wanted a DuckDB file with the marts")
    try:
        with open_database(path, read_only=True) as connection:
            rows = {name: _read(connection, path, name, mart) for name, mart in contract.items()}
            there = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
            for name, mart in (where_there or {}).items():
                if name in there:
                    rows[name] = _read(connection, path, name, mart)
    except duckdb.Error as error:
        raise ReportError(f"{path}: cannot read the marts: {describe_error(error)}") from None
    log.info("read %d mart rows from %s", sum(len(table) for table in rows.values()), path)
    return Marts(rows)


def _in_words(column: str, words: str, found: Collection[str]) -> str:
    """SQL: what an older publication says in words, as a caveat of the kind that has words and no id."""
    record = {"id": "'in_words'"} | {
        f"text_{language}": name for language in languages() if (name := f"{words}_{language}") in found
    }
    values = ", ".join(f"'{name}', {value}" for name, value in record.items())
    caveat = f"json_merge_patch('{{}}', json_object({values}))::VARCHAR"
    caveats = caveat if column == "caveat_json" else f"'[' || {caveat} || ']'"
    return f"CASE WHEN {words}_vi IS NOT NULL THEN {caveats} END"


def _read(connection: duckdb.DuckDBPyConnection, path: Path, name: str, mart: Mart) -> tuple[MartRow, ...]:
    found = {
        column
        for (column,) in connection.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'main' AND table_name = ?", [name]
        ).fetchall()
    }
    missing = [column for column in mart.columns if column not in found and f"{COLUMNS.get(column)}_vi" not in found]
    if missing:
        what = f"column {', '.join(missing)}" if found else "the whole table"
        raise ReportError(f"{path}: table {name}: missing {what}; wanted {', '.join(mart.columns)}")
    names = (*mart.columns, *mart.optional)
    query = f"SELECT * FROM ({selection(name, names, found)}) WHERE {mart.where} ORDER BY {mart.order_by}"
    return tuple(
        MartRow(name, zip(names, values, strict=True), mart.key) for values in connection.execute(query).fetchall()
    )


def selection(name: str, columns: Iterable[str], found: Collection[str]) -> str:
    """SQL: the rows of a published table with these columns, whichever version wrote it; what it did not have is NULL.

    Args:
        found: the columns that the table has.
    """
    older = {column: words for column, words in COLUMNS.items() if column not in found and f"{words}_vi" in found}
    chosen = {column: _in_words(column, words, found) for column, words in older.items()}
    chosen |= {
        column: sql
        for column, (source, sql) in _OLDER.get(name, {}).items()
        if source in found and (column == source or column not in found)
    }
    # Names come from the contract above, never from outside, so building the statement is safe.
    listed = [f"{chosen.get(column, column if column in found else 'NULL')} AS {column}" for column in columns]
    return f"SELECT {', '.join(listed)} FROM main.{name}"
