"""Opens DuckDB files in their roles: the candidate, which one run writes, and publications, which nobody writes.

It also lays the candidate's foundation: what landing holds and what the province folder says, as two schemas that dbt's
sources name. No business rule lives here; SQL that decides anything belongs to dbt_project.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import duckdb

from dvctt.config import Province
from dvctt.contract import ENTITIES
from dvctt.errors import LandingError, WarehouseError
from dvctt.landing import Extract, active_extracts

log = logging.getLogger(__name__)

CANDIDATE_NAME = "warehouse.duckdb"


def candidate_path(candidate: Path) -> Path:
    return candidate / CANDIDATE_NAME


@contextmanager
def open_candidate(candidate: Path, *, read_only: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
    """The candidate warehouse; one run at a time writes it.

    Raises:
        WarehouseError: the file is not there, is damaged, or another run has it open.
    """
    path = candidate_path(candidate)
    if read_only and not path.is_file():
        raise WarehouseError(f"{path}: no candidate; run the stage build_facts first: dvctt run")
    with _opened(path, read_only) as connection:
        yield connection


@contextmanager
def open_published(marts: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A publication's marts.duckdb, read-only.

    Raises:
        WarehouseError: the file is not there or is damaged.
    """
    if not marts.is_file():
        raise WarehouseError(f"{marts}: no publication yet; wanted a run that passed its gate: make run, or dvctt run")
    with _opened(marts, read_only=True) as connection:
        yield connection


@contextmanager
def _opened(path: Path, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    try:
        connection = duckdb.connect(str(path), read_only=read_only)
    except duckdb.Error as error:
        raise WarehouseError(f"{path}: cannot be opened: {error}") from error
    try:
        yield connection
    finally:
        connection.close()


def lay_foundation(candidate: Path, province: Province, landing: Path, extracts: Sequence[Extract]) -> None:
    """Start a new candidate: schema ``landing`` (the extracts, and one view per entity over the active ones) and schema
    ``province`` (the checked folder). What an earlier run left of a candidate is thrown away: it is derived, landing is
    not.

    Raises:
        LandingError: a Parquet file cannot be read, or does not hold the rows that its manifest lists.
    """
    clock = time.monotonic()
    candidate.mkdir(parents=True, exist_ok=True)
    for stale in (candidate_path(candidate), candidate / f"{CANDIDATE_NAME}.wal"):
        stale.unlink(missing_ok=True)
    active = active_extracts(extracts)
    with open_candidate(candidate, read_only=False) as connection:
        _verify_files(connection, landing, active)
        connection.execute("create schema landing")
        connection.execute("create schema province")
        _write_extracts(connection, extracts, active)
        for name in ENTITIES:
            paths = [e.parquet(landing) for e in active if e.entity == name]
            connection.execute(_view_of_entity(name, paths))
        _write_province(connection, province)
    log.info(
        "foundation: %d extracts, %d active, %d rows in the active ones, %.1f s",
        len(extracts), len(active), sum(e.rows for e in active), time.monotonic() - clock,
    )  # fmt: skip


def _write_extracts(
    connection: duckdb.DuckDBPyConnection, extracts: Sequence[Extract], active: Sequence[Extract]
) -> None:
    active_ids = {extract.extract_id for extract in active}
    _write_table(
        connection,
        "landing.extracts",
        {
            "extract_id": "varchar",
            "source_id": "varchar",
            "entity": "varchar",
            "file_month": "varchar",
            "file_name": "varchar",
            "arrival": "integer",
            "month_means": "varchar",
            "is_active": "boolean",
            "landed_rows": "bigint",
            "landed_amount_vnd": "bigint",
            "control_rows": "bigint",
            "control_amount_vnd": "bigint",
            "fetched_at": "timestamp",
        },
        [
            (
                e.extract_id,
                e.source,
                e.entity,
                e.month,
                e.file_name,
                e.arrival,
                e.month_means,
                e.extract_id in active_ids,
                e.rows,
                e.total_amount_vnd,
                e.control_rows,
                e.control_total_amount_vnd,
                datetime.fromisoformat(e.finished_at).replace(tzinfo=None),
            )
            for e in sorted(extracts, key=lambda e: (e.source, e.entity, e.arrival))
        ],
    )


def _verify_files(connection: duckdb.DuckDBPyConnection, landing: Path, active: Sequence[Extract]) -> None:
    """Every active file must open as Parquet and hold the rows that its manifest lists."""
    for extract in active:
        path = extract.parquet(landing)
        remedy = "restore it from backup, or ask the source to send its month again"
        try:
            found = connection.execute("select num_rows from parquet_file_metadata(?)", [str(path)]).fetchone()
        except duckdb.Error as error:
            raise LandingError(f"{path}: damaged: {str(error).splitlines()[0]}; {remedy}") from error
        if found is None or found[0] != extract.rows:
            raise LandingError(f"{path}: damaged: found {found and found[0]} rows, wanted {extract.rows}; {remedy}")


def _view_of_entity(name: str, paths: Sequence[Path]) -> str:
    columns = ", ".join(f'"{column}"' for column in ENTITIES[name].columns)
    if not paths:
        empty = ", ".join(f'null::varchar as "{column}"' for column in ENTITIES[name].columns)
        return f"create view landing.{name} as select null::varchar as extract_id, 0::bigint as row_number, {empty} where false"
    listed = ", ".join(f"'{_quoted(path)}'" for path in paths)
    return (
        f"create view landing.{name} as "
        f"select regexp_extract(filename, '([^/]+)\\.parquet$', 1) as extract_id, row_number, {columns} "
        f"from read_parquet([{listed}], filename = true, hive_partitioning = false)"
    )


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def _write_province(connection: duckdb.DuckDBPyConnection, province: Province) -> None:
    _write_table(
        connection,
        "province.province",
        {"province_code": "varchar", "name_vi": "varchar", "name_en": "varchar"},
        [(province.code, province.name_vi, province.name_en)],
    )
    _write_table(
        connection,
        "province.groups",
        {"group_code": "varchar", "name_vi": "varchar", "official_order": "integer"},
        [(group.code, group.name_vi, order) for order, group in enumerate(province.groups, start=1)],
    )
    _write_table(
        connection,
        "province.quarantine_budget",
        {"rows_per_month": "bigint", "percent_of_agency_month": "double"},
        [(province.quarantine_budget.rows_per_month, province.quarantine_budget.percent_of_agency_month)],
    )
    _write_table(
        connection,
        "province.agencies",
        {
            "agency_code": "varchar",
            "name_vi": "varchar",
            "short_name_vi": "varchar",
            "group_code": "varchar",
            "official_order": "integer",
            "parent_code": "varchar",
            "valid_from": "date",
            "valid_to": "date",
        },
        [
            (
                a.agency_code,
                a.name_vi,
                a.short_name_vi,
                a.group_code,
                a.official_order,
                a.parent_code,
                a.valid_from,
                a.valid_to,
            )
            for a in province.agencies
        ],
    )
    _write_table(
        connection,
        "province.targets",
        {
            "target_id": "varchar",
            "scope": "varchar",
            "entity_code": "varchar",
            "metric": "varchar",
            "target_percent": "double",
            "valid_from": "date",
            "valid_to": "date",
            "name_vi": "varchar",
            "legal_basis": "varchar",
            "certainty": "varchar",
        },
        [
            (
                t.target_id,
                t.scope,
                t.entity_code,
                t.metric,
                t.value,
                t.valid_from,
                t.valid_to,
                t.name_vi,
                t.legal_basis,
                t.certainty,
            )
            for t in province.targets
        ],
    )
    _write_table(
        connection,
        "province.published_figures",
        {
            "figure_id": "integer",
            "scope": "varchar",
            "entity": "varchar",
            "period_start": "date",
            "period_end": "date",
            "metric": "varchar",
            "published_value": "double",
            "lower_bound": "double",
            "upper_bound": "double",
            "unit": "varchar",
            "wording_vi": "varchar",
            "note": "varchar",
        },
        [
            (
                f.figure_id,
                f.scope,
                f.entity,
                f.period_start,
                f.period_end,
                f.metric,
                f.value,
                f.lower,
                f.upper,
                f.unit,
                f.wording_vi,
                f.note,
            )
            for f in province.published_figures
        ],
    )


def _write_table(
    connection: duckdb.DuckDBPyConnection, name: str, columns: dict[str, str], rows: Sequence[tuple[object, ...]]
) -> None:
    declared = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    connection.execute(f"create table {name} ({declared})")
    if rows:
        connection.executemany(f"insert into {name} values ({', '.join('?' * len(columns))})", rows)
