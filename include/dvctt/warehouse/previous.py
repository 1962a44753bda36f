"""What a candidate knows of the past: the publication that readers see while it is built, and the months that are closed.

Lays the schemas ``history`` and ``closed`` beside the foundation: Parquet files as views, small things as tables, all with
fixed columns, so that a publication of an older version, or none at all, gives the same relations. What follows from the
past (restatements, frozen figures) is decided by dbt_project alone.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from dvctt.core.engines import describe_error
from dvctt.core.errors import PublishError, WarehouseError
from dvctt.core.files import unseal
from dvctt.core.sql import read_literal
from dvctt.warehouse.connections import open_candidate
from dvctt.warehouse.foundation import write_table

log = logging.getLogger(__name__)

FILINGS = {
    "source_id": "varchar",
    "filing_id": "varchar",
    "agency_code": "varchar",
    "source_agency_code": "varchar",
    "channel_code": "integer",
    "is_channel_assumed": "boolean",
    "is_online": "boolean",
    "level_code": "varchar",
    "is_online_service_level": "boolean",
    "status_code": "integer",
    "is_received": "boolean",
    "received_at": "timestamp",
    "received_month": "date",
    "extract_id": "varchar",
    "row_number": "bigint",
}
PAYMENTS = {
    "source_id": "varchar",
    "payment_request_id": "varchar",
    "agency_code": "varchar",
    "source_agency_code": "varchar",
    "amount_vnd": "bigint",
    "phi_vnd": "bigint",
    "le_phi_vnd": "bigint",
    "status_id": "varchar",
    "method_id": "varchar",
    "collection_id": "varchar",
    "is_paid": "boolean",
    "is_online_payment": "boolean",
    "is_refunded": "boolean",
    "paid_at": "timestamp",
    "paid_month": "date",
    "refunded_at": "timestamp",
    "refunded_month": "date",
    "extract_id": "varchar",
    "row_number": "bigint",
}
_RATES = {
    "month": "date",
    "scope": "varchar",
    "entity_code": "varchar",
    "entity_name_vi": "varchar",
    "group_code": "varchar",
    "received": "bigint",
    "direct": "bigint",
    "online": "bigint",
    "postal": "bigint",
    "online_level_3": "bigint",
    "online_level_4": "bigint",
    "online_no_level": "bigint",
    "online_rate_percent": "double",
}
_PAYMENT_FIGURES = {
    "month": "date",
    "scope": "varchar",
    "entity_code": "varchar",
    "entity_name_vi": "varchar",
    "group_code": "varchar",
    "online_payment_count": "bigint",
    "online_payment_amount_vnd": "bigint",
    "online_refund_count": "bigint",
    "online_refund_amount_vnd": "bigint",
    "other_payment_count": "bigint",
    "other_payment_amount_vnd": "bigint",
}
RESTATEMENTS = {
    "from_publication": "bigint",
    "to_publication": "bigint",
    "metric": "varchar",
    "scope": "varchar",
    "entity_code": "varchar",
    "entity_name_vi": "varchar",
    "month": "date",
    "old_value": "bigint",
    "new_value": "bigint",
    "change": "bigint",
    "late_filings": "bigint",
    "corrections": "bigint",
    "set_aside": "bigint",
    "released_from_quarantine": "bigint",
    "reclassified": "bigint",
    "definition_changed": "bigint",
    "old_rate_percent": "double",
    "new_rate_percent": "double",
}
_QUARANTINED = {
    "source_id": "varchar",
    "entity": "varchar",
    "file_name": "varchar",
    "row_number": "bigint",
    "record_key": "varchar",
    "extract_id": "varchar",
}
_ATTEMPTS = {
    "source_id": "varchar",
    "payment_attempt_id": "varchar",
    "agency_code": "varchar",
    "amount_vnd": "bigint",
    "attempted_month": "date",
    "extract_id": "varchar",
    "row_number": "bigint",
}
_FEEDS = {
    "source_id": "varchar",
    "entity": "varchar",
    "month": "date",
    "agency_code": "varchar",
    "is_expected": "boolean",
    "is_delivered": "boolean",
}
EARLIER_TABLES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "filings": ("fct_filings", FILINGS),
    "payments": ("fct_payments", PAYMENTS),
    "quarantined_rows": ("fct_quarantined_rows", _QUARANTINED),
    "online_rates": ("mart_online_rates", _RATES),
    "payment_figures": ("mart_payments", _PAYMENT_FIGURES),
    "data_cut_off": ("mart_data_cut_off", {"month": "date", "data_cut_off_at": "timestamp"}),
    "restatements": ("mart_restatements", RESTATEMENTS),
    "payment_attempts": ("fct_payment_attempts", _ATTEMPTS),
    "feeds": ("mart_feeds", _FEEDS),
}
"""View in the schema ``history``: the published table that it shows, and its columns."""


@dataclass(frozen=True)
class ClosedMonth:
    """One revision of one closed month, as its folder's manifest tells it.

    ``folder`` holds ``facts/fct_filings.parquet``, ``facts/fct_payments.parquet`` (the rows that the month's figures count),
    ``facts/fct_quarantined_rows.parquet`` (what was set aside then) and ``marts/<mart>.parquet`` (the month's rows of every
    mart that has a month). The three digests tell what the figures were made with; empty where the manifest does not say.
    """

    month: str
    revision: int
    folder: Path
    publication: int
    closed_at: str
    approved_by: str
    waived: tuple[Mapping[str, str], ...] = ()
    note: str | None = None
    software_version: str = ""
    definitions: str = ""
    province_digest: str = ""


@dataclass(frozen=True)
class Revision:
    """One revision that a month was ever closed by, and how it was opened again; the three are None while it was not."""

    closed: ClosedMonth
    reopened_at: str | None = None
    reopened_by: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class PreviousPublication:
    """The publication that readers see while the candidate is built."""

    number: int
    folder: Path
    software_version: str
    definitions: str
    province_digest: str
    closed: tuple[ClosedMonth, ...] = ()


@dataclass(frozen=True)
class Inputs:
    """What the candidate itself is made with.

    Compared with those of the previous publication, to tell a changed definition from changed data.
    """

    number: int
    software_version: str
    definitions: str
    province_digest: str


def load_previous(
    candidate: Path,
    inputs: Inputs,
    previous: PreviousPublication | None,
    closed: Sequence[ClosedMonth],
    revisions: Sequence[Revision] = (),
) -> None:
    """Lay the schemas ``history`` and ``closed`` in a candidate whose foundation lies.

    Args:
        inputs: what the publication to be is made with.
        previous: the current publication; None before the first.
        closed: the newest revision of every month that is closed now.
        revisions: all revisions that there ever were.

    Raises:
        WarehouseError: a Parquet file of the earlier publication or of a closing cannot be read.
    """
    with open_candidate(candidate, read_only=False) as connection:
        connection.execute("create schema if not exists history")
        connection.execute("create schema closed")
        _write_publications(connection, inputs, previous)
        try:
            _load_publication(connection, previous)
            _load_closed(connection, previous.closed if previous else (), closed, revisions)
        except (duckdb.Error, WarehouseError) as error:
            raise WarehouseError(
                f"what was published before cannot be read: {describe_error(error)}; look: dvctt publications verify "
                f"{previous.number if previous else ''}; restore the file from backup, or go back: dvctt publications rollback"
            ) from None


def _load_publication(connection: duckdb.DuckDBPyConnection, previous: PreviousPublication | None) -> None:
    for view, (table, columns) in EARLIER_TABLES.items():
        paths = [previous.folder / "parquet" / f"{table}.parquet"] if previous else []
        _create_view(connection, f"history.{view}", columns, paths)


def _load_closed(
    connection: duckdb.DuckDBPyConnection,
    before: Sequence[ClosedMonth],
    closed: Sequence[ClosedMonth],
    revisions: Sequence[Revision],
) -> None:
    for prefix, months in (("history.closed_", before), ("closed.", closed)):
        _write_months(connection, f"{prefix}months", months)
        for view, table, columns in (
            ("filings", "fct_filings", FILINGS),
            ("payments", "fct_payments", PAYMENTS),
            ("quarantined_rows", "fct_quarantined_rows", _QUARANTINED),
        ):
            paths = [month.folder / "facts" / f"{table}.parquet" for month in months]
            _create_closed_view(connection, f"{prefix}{view}", columns, months, paths)
    _write_revisions(connection, revisions)
    ever = {(month.month, month.revision): month for month in (*closed, *(revision.closed for revision in revisions))}
    _write_waived(connection, [ever[key] for key in sorted(ever)])
    _write_mart_rows(connection, closed)


def _write_publications(
    connection: duckdb.DuckDBPyConnection, inputs: Inputs, previous: PreviousPublication | None
) -> None:
    columns = {
        "publication_number": "bigint",
        "software_version": "varchar",
        "definitions_digest": "varchar",
        "province_digest": "varchar",
    }
    for table, rows in (("candidate", [inputs]), ("publication", [previous] if previous else [])):
        write_table(
            connection,
            f"history.{table}",
            columns,
            [(row.number, row.software_version, row.definitions, row.province_digest) for row in rows],
        )


def _write_months(connection: duckdb.DuckDBPyConnection, name: str, months: Sequence[ClosedMonth]) -> None:
    write_table(
        connection,
        name,
        {
            "month": "date",
            "revision": "integer",
            "publication_number": "bigint",
            "closed_at": "varchar",
            "approved_by": "varchar",
            "software_version": "varchar",
            "definitions_digest": "varchar",
            "province_digest": "varchar",
        },
        [
            (
                f"{m.month}-01",
                m.revision,
                m.publication,
                m.closed_at,
                m.approved_by,
                m.software_version,
                m.definitions,
                m.province_digest,
            )
            for m in months
        ],
    )


def _write_revisions(connection: duckdb.DuckDBPyConnection, revisions: Sequence[Revision]) -> None:
    texts = ("closed_at", "approved_by", "note", "reopened_at", "reopened_by", "reason")
    write_table(
        connection,
        "closed.revisions",
        {"month": "date", "revision": "integer", "publication_number": "bigint", **dict.fromkeys(texts, "varchar")},
        [
            (f"{r.closed.month}-01", r.closed.revision, r.closed.publication, r.closed.closed_at, r.closed.approved_by,
             r.closed.note, r.reopened_at, r.reopened_by, r.reason)
            for r in revisions
        ],
    )  # fmt: skip


def _write_waived(connection: duckdb.DuckDBPyConnection, closed: Sequence[ClosedMonth]) -> None:
    names = ("source_id", "entity", "agency_code", "agency_name_vi", "waived_by", "reason", "waived_on")
    write_table(
        connection,
        "closed.waived_feeds",
        {"month": "date", "revision": "integer", **dict.fromkeys(names, "varchar")},
        [(f"{m.month}-01", m.revision, *(row[name] for name in names)) for m in closed for row in m.waived],
    )


def _write_mart_rows(connection: duckdb.DuckDBPyConnection, closed: Sequence[ClosedMonth]) -> None:
    """Rows of closed months as JSON, because a mart may have gained a column since; place 0 says that a mart was frozen,
    which one without rows could not say.
    """
    connection.execute(
        "create table closed.mart_rows (month date, revision integer, mart varchar, place bigint, row_json varchar)"
    )
    for month in closed:
        for path in sorted((month.folder / "marts").glob("*.parquet")):
            connection.execute(
                "insert into closed.mart_rows values (?::date, ?, ?, 0, null)",
                [f"{month.month}-01", month.revision, path.stem],
            )
            connection.execute(
                "insert into closed.mart_rows "
                "select ?::date, ?, ?, row_number() over () as place, to_json(frozen)::varchar "
                f"from read_parquet({read_literal(path)}) as frozen",
                [f"{month.month}-01", month.revision, path.stem],
            )


def _create_closed_view(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    columns: Mapping[str, str],
    months: Sequence[ClosedMonth],
    paths: Sequence[Path],
) -> None:
    parts = []
    for month, path in zip(months, paths, strict=True):
        if not path.is_file():
            continue
        selected = _columns(connection, columns, path)
        parts.append(
            f"select date '{month.month}-01' as closed_month, {month.revision}::integer as revision, {selected} "
            f"from read_parquet({read_literal(path)})"
        )
    if not parts:
        empty = ", ".join(f"null::{kind} as {column}" for column, kind in columns.items())
        parts = [f"select null::date as closed_month, null::integer as revision, {empty} where false"]
    connection.execute(f"create view {name} as {' union all '.join(parts)}")


def _create_view(
    connection: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, str], paths: Sequence[Path]
) -> None:
    present = [path for path in paths if path.is_file()]
    if not present:
        empty = ", ".join(f"null::{kind} as {column}" for column, kind in columns.items())
        connection.execute(f"create view {name} as select {empty} where false")
        return
    (path,) = present
    selected = _columns(connection, columns, path)
    connection.execute(f"create view {name} as select {selected} from read_parquet({read_literal(path)})")


def _columns(connection: duckdb.DuckDBPyConnection, columns: Mapping[str, str], path: Path) -> str:
    """The select list that gives a file of any version the wanted columns; what it does not have is NULL."""
    try:
        found = {row[0] for row in connection.execute(f"describe from read_parquet({read_literal(path)})").fetchall()}
    except duckdb.Error as error:
        raise WarehouseError(f"{path}: {describe_error(error)}") from None
    return ", ".join(
        f"{column}::{kind} as {column}" if column in found else f"null::{kind} as {column}"
        for column, kind in columns.items()
    )


def read_closed(folder: Path) -> ClosedMonth:
    """One revision of a closed month, from the manifest in its folder.

    Raises:
        PublishError: there is no such manifest, or it cannot be read.
    """
    path = folder / "manifest.json"
    try:
        return _closed_month(folder, unseal(path.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PublishError(f"{path}: not a closed month's manifest: {error}; restore {folder} from backup") from error


def _closed_month(folder: Path, manifest: Mapping[str, Any]) -> ClosedMonth:
    return ClosedMonth(
        month=manifest["month"],
        revision=int(manifest["revision"]),
        folder=folder,
        publication=int(manifest["publication"]),
        closed_at=manifest["closed_at"],
        approved_by=manifest["approved_by"],
        waived=tuple(manifest["waived"]),
        note=manifest.get("note"),
        software_version=manifest.get("software_version", ""),
        definitions=manifest.get("definitions", ""),
        province_digest=manifest.get("province_digest", ""),
    )
