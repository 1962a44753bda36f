"""What a candidate knows of the past: the publication that readers see while it is built, and the months that are closed.

Lays the schemas ``history`` and ``closed`` beside the foundation: Parquet files as views, small things as tables, all with
fixed columns, so that a publication of an older version, or none at all, gives the same relations. What follows from the
past (restatements, frozen figures) is decided by dbt_project alone.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from dvctt.core.columns import Count, columns_of
from dvctt.core.engines import describe_error
from dvctt.core.errors import PublishError, WarehouseError
from dvctt.core.files import unseal
from dvctt.core.published_tables import published_tables
from dvctt.core.sql import day_literal, read_literal
from dvctt.warehouse.connections import open_candidate
from dvctt.warehouse.tables import write_table

log = logging.getLogger(__name__)

CAUSES = (
    "late_filings",
    "refused_files",
    "corrections",
    "set_aside",
    "released_from_quarantine",
    "reclassified",
    "definition_changed",
)
"""Why a figure changes, in the order in which it is told: rows of the seed ref_restatement_causes, columns of
mart_restatements."""

_PREVIOUS = {
    "filings": (
        "fct_filings",
        "source_id filing_id agency_code source_agency_code channel_code is_channel_assumed is_online level_code "
        "is_online_service_level status_code is_received received_at received_month extract_id row_number",
    ),
    "payments": (
        "fct_payments",
        "source_id payment_request_id agency_code source_agency_code amount_vnd phi_vnd le_phi_vnd status_id method_id "
        "collection_id is_paid is_online_payment is_refunded paid_at paid_month refunded_at refunded_month extract_id "
        "row_number",
    ),
    "quarantined_rows": ("fct_quarantined_rows", "source_id entity file_name row_number record_key extract_id"),
    "online_rates": (
        "mart_online_rates",
        "month scope entity_code entity_name_vi group_code received direct online postal online_level_3 online_level_4 "
        "online_no_level online_rate_percent",
    ),
    "payment_figures": (
        "mart_payments",
        "month scope entity_code entity_name_vi group_code online_payment_count online_payment_amount_vnd "
        "online_refund_count online_refund_amount_vnd other_payment_count other_payment_amount_vnd",
    ),
    "data_cut_off": ("mart_data_cut_off", "month data_cut_off_at"),
    "restatements": (
        "mart_restatements",
        "from_publication to_publication metric scope entity_code entity_name_vi month old_value new_value change "
        f"{' '.join(CAUSES)} old_rate_percent new_rate_percent",
    ),
    "payment_attempts": (
        "fct_payment_attempts",
        "source_id payment_attempt_id agency_code amount_vnd attempted_month extract_id row_number",
    ),
    "feeds": ("mart_feeds", "source_id entity month agency_code is_expected is_delivered"),
}
PREVIOUS_TABLES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    view: (table, published_tables()[table].types_of(*columns.split())) for view, (table, columns) in _PREVIOUS.items()
}
"""View in the schema ``history``: the published table that it shows, and those of its columns that are asked for again."""
_OF_A_CLOSED_MONTH = ("filings", "payments", "quarantined_rows")
"""Those whose rows a closed month keeps as well."""


@dataclass(frozen=True)
class ClosedMonth:
    """One revision of one closed month, as its folder's manifest tells it.

    ``folder`` holds ``facts/fct_filings.parquet``, ``facts/fct_payments.parquet`` (the rows that the month's figures count),
    ``facts/fct_quarantined_rows.parquet`` (what was set aside then) and ``marts/<mart>.parquet`` (the month's rows of every
    mart that has a month). The three digests tell what the figures were made with; empty where the manifest does not say.
    ``is_sample`` is what the publication was that it was closed out of.
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
    is_sample: bool = False

    @property
    def first_day(self) -> date:
        return date.fromisoformat(f"{self.month}-01")


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


@dataclass(frozen=True)
class MadeWith:
    """A row of ``history.candidate`` and of ``history.publication``."""

    publication_number: Count
    software_version: str
    definitions_digest: str
    province_digest: str


@dataclass(frozen=True)
class ClosedMonthRow:
    """A row of ``closed.months`` and of ``history.closed_months``."""

    month: date
    revision: int
    publication_number: Count
    closed_at: str
    approved_by: str
    software_version: str
    definitions_digest: str
    province_digest: str


@dataclass(frozen=True)
class RevisionRow:
    """A row of ``closed.revisions``."""

    month: date
    revision: int
    publication_number: Count
    closed_at: str
    approved_by: str
    note: str | None
    reopened_at: str | None
    reopened_by: str | None
    reason: str | None


@dataclass(frozen=True)
class WaivedFeed:
    """A row of ``closed.waived_feeds``; after its month and revision, the keys of the waiver in the month's manifest."""

    month: date
    revision: int
    source_id: str
    entity: str
    agency_code: str
    agency_name_vi: str
    waived_by: str
    reason: str
    waived_on: str


@dataclass(frozen=True)
class FrozenRow:
    """A row of ``closed.mart_rows``."""

    month: date
    revision: int
    mart: str
    place: Count
    row_json: str | None


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
    for view, (table, columns) in PREVIOUS_TABLES.items():
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
        for view in _OF_A_CLOSED_MONTH:
            table, columns = PREVIOUS_TABLES[view]
            paths = [month.folder / "facts" / f"{table}.parquet" for month in months]
            _create_closed_view(connection, f"{prefix}{view}", columns, months, paths)
    _write_revisions(connection, revisions)
    ever = {(month.month, month.revision): month for month in (*closed, *(revision.closed for revision in revisions))}
    _write_waived(connection, [ever[key] for key in sorted(ever)])
    _write_mart_rows(connection, closed)


def _write_publications(
    connection: duckdb.DuckDBPyConnection, inputs: Inputs, previous: PreviousPublication | None
) -> None:
    for table, made in (("candidate", [inputs]), ("publication", [previous] if previous else [])):
        rows = [MadeWith(one.number, one.software_version, one.definitions, one.province_digest) for one in made]
        write_table(connection, f"history.{table}", MadeWith, rows)


def _write_months(connection: duckdb.DuckDBPyConnection, name: str, months: Sequence[ClosedMonth]) -> None:
    rows = [
        ClosedMonthRow(
            m.first_day,
            m.revision,
            m.publication,
            m.closed_at,
            m.approved_by,
            m.software_version,
            m.definitions,
            m.province_digest,
        )
        for m in months
    ]
    write_table(connection, name, ClosedMonthRow, rows)


def _write_revisions(connection: duckdb.DuckDBPyConnection, revisions: Sequence[Revision]) -> None:
    rows = [
        RevisionRow(
            r.closed.first_day,
            r.closed.revision,
            r.closed.publication,
            r.closed.closed_at,
            r.closed.approved_by,
            r.closed.note,
            r.reopened_at,
            r.reopened_by,
            r.reason,
        )
        for r in revisions
    ]
    write_table(connection, "closed.revisions", RevisionRow, rows)


def _write_waived(connection: duckdb.DuckDBPyConnection, closed: Sequence[ClosedMonth]) -> None:
    names = list(columns_of(WaivedFeed))[2:]
    rows = [WaivedFeed(m.first_day, m.revision, *(feed[name] for name in names)) for m in closed for feed in m.waived]
    write_table(connection, "closed.waived_feeds", WaivedFeed, rows)


def _write_mart_rows(connection: duckdb.DuckDBPyConnection, closed: Sequence[ClosedMonth]) -> None:
    """Rows of closed months as JSON, because a mart may have gained a column since; place 0 says that a mart was frozen,
    which one without rows could not say.
    """
    write_table(connection, "closed.mart_rows", FrozenRow)
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
            f"select {day_literal(month.first_day)} as closed_month, {month.revision}::integer as revision, {selected} "
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
        is_sample=bool(manifest.get("is_sample")),
    )
