"""Opens DuckDB files in their roles: the candidate, which one run writes, and publications, which nobody writes.

It also lays the candidate's foundation: what landing holds and what the province folder says, as two schemas that dbt's
sources name. No business rule lives here; SQL that decides anything belongs to dbt_project.
"""

import csv
import logging
import time
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb

from dvctt.core.contract import ENTITIES, IDENTITY, IDENTITY_WITHIN, UNLISTED, Entity
from dvctt.core.engines import describe_error
from dvctt.core.errors import ConfigError, LandingError
from dvctt.core.files import unseal
from dvctt.core.sql import read_literals, readable
from dvctt.landing.zone import WITHDRAWN, Extract, active_extracts, name_arrivals
from dvctt.province.model import ExpectedFeed, Province
from dvctt.warehouse.connections import CANDIDATE_NAME, ENGINE_WORDS, candidate_path, open_candidate

log = logging.getLogger(__name__)


ROW_COUNTS = "row_counts.csv"
"""The frozen past, in the province folder, changed by ``dvctt baselines update`` alone, whose diff a person reviews. No
figure is made of it, so it is no part of the province's digest: freezing months publishes nothing anew."""
BASELINE_COLUMNS = ["province_code", "source_id", "entity", "file_month", "fact_rows"]


@dataclass(frozen=True)
class Movement:
    """One figure that lies beyond its band, in the words of the audit table ``aud_movements``.

    ``month`` is ``YYYY-MM``; ``basis`` is what the figure was held against: what was ``published``, what the agency itself
    ``reported``, or the ``trailing`` months. ``before_value`` is that (None: whatever it was), ``new_value`` what the
    candidate counts.
    """

    entity: str
    measure: str
    scope: str
    entity_code: str
    entity_name_vi: str
    month: str
    basis: str
    before_value: int | None
    lowest_value: int
    highest_value: int | None
    new_value: int

    @property
    def is_beyond(self) -> bool:
        return self.new_value < self.lowest_value or (
            self.highest_value is not None and self.new_value > self.highest_value
        )


@dataclass(frozen=True)
class Accepted:
    """A figure that a person has answered for; ``extract_id`` is the content of the file that it was held with, None where no
    file was to blame.
    """

    movement: Movement
    extract_id: str | None


def lay_foundation(
    candidate: Path,
    province: Province,
    landing: Path,
    extracts: Sequence[Extract],
    *,
    left_out: Mapping[str, str] = MappingProxyType({}),
    baselines: Path | None = None,
    verdicts: Path | None = None,
    published_runs: Set[str] = frozenset(),
    accepted: Sequence[Accepted] = (),
) -> None:
    """Start a new candidate: schema ``landing`` (the extracts, and one view per entity over the active ones), ``province``
    (the checked folder), ``expectations`` (the frozen past) and ``history`` (this home's earlier verdicts). What an
    earlier run left of a candidate is thrown away: it is derived, landing is not.

    Args:
        extracts: all that have landed. One that is left out keeps its file name's place in the order of arrival.
        left_out: ids of the extracts that this night leaves out, each with the reason in one word.
        baselines: the frozen past; that of the province folder unless said.
        verdicts: folder of the verdicts that this home has given; None is a home without a past.
        published_runs: the runs that led to a publication, of whichever age.
        accepted: movements beyond their band that a person has accepted.

    Raises:
        LandingError: a Parquet file cannot be read, or does not hold the rows that its manifest lists.
    """
    clock = time.monotonic()
    candidate.mkdir(parents=True, exist_ok=True)
    for stale in (candidate_path(candidate), candidate / f"{CANDIDATE_NAME}.wal", candidate / ENGINE_WORDS):
        stale.unlink(missing_ok=True)
    active = active_extracts(extracts, left_out.keys())
    with open_candidate(candidate, read_only=False) as connection:
        _verify_files(connection, landing, active)
        connection.execute("create schema landing")
        connection.execute("create schema province")
        _write_extracts(connection, province, extracts, active, left_out)
        _write_agency_controls(connection, extracts, active, left_out.keys())
        _write_province(connection, province)
        for name in sorted(ENTITIES, key=lambda name: name != "procedures"):
            paths = [e.parquet(landing) for e in active if e.entity == name]
            connection.execute(_view_of_entity(name, paths))
        _write_expectations(connection, province, baselines or province.folder / ROW_COUNTS)
        _write_history(connection, verdicts, published_runs)
        _write_accepted(connection, accepted)
    log.info(
        "foundation: %d extracts, %d left out, %d active, %d rows in the active ones, %.1f s",
        len(extracts), len(left_out), len(active), sum(e.rows for e in active), time.monotonic() - clock,
    )  # fmt: skip


def _write_extracts(
    connection: duckdb.DuckDBPyConnection,
    province: Province,
    extracts: Sequence[Extract],
    active: Sequence[Extract],
    left_out: Mapping[str, str],
) -> None:
    """What a person withdrew is as if it had never come. What is held has come, and its month is owed and told of."""
    active_ids = {extract.extract_id for extract in active}
    places = name_arrivals(extracts)
    no_dates = {source.id: (list(source.no_date_words), list(source.no_date_days)) for source in province.sources}
    write_table(
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
            "left_out": "varchar",
            "no_date_words": "varchar[]",
            "no_date_days": "date[]",
        },
        [
            (
                e.content_id if e.extract_id in active_ids else f"{e.extract_id}@{e.arrival}",
                e.source,
                e.entity,
                e.month,
                e.file_name,
                places[e.name_key],
                e.month_means,
                e.extract_id in active_ids,
                e.rows,
                e.total_amount_vnd,
                e.control_rows,
                e.control_total_amount_vnd,
                datetime.fromisoformat(e.finished_at).replace(tzinfo=None),
                left_out.get(e.extract_id),
                *no_dates.get(e.source, ([], [])),
            )
            for e in sorted(extracts, key=lambda e: (e.source, e.entity, e.arrival))
            if left_out.get(e.extract_id) != WITHDRAWN
        ],
    )


def _write_agency_controls(
    connection: duckdb.DuckDBPyConnection,
    extracts: Sequence[Extract],
    active: Sequence[Extract],
    left_out: Set[str],
) -> None:
    """What control files state of single agencies."""
    active_ids = {extract.extract_id for extract in active}
    write_table(
        connection,
        "landing.agency_controls",
        {"extract_id": "varchar", "agency_code": "varchar", "stated_rows": "bigint"},
        [
            (e.content_id if e.extract_id in active_ids else f"{e.extract_id}@{e.arrival}", code.strip(), rows)
            for e in sorted(extracts, key=lambda e: (e.source, e.entity, e.arrival))
            if e.extract_id not in left_out
            for code, rows in sorted((e.control_agencies or {}).items())
        ],
    )


def _verify_files(connection: duckdb.DuckDBPyConnection, landing: Path, active: Sequence[Extract]) -> None:
    """Every active file must open as Parquet and hold the rows that its manifest lists."""
    for extract in active:
        path = extract.parquet(landing)
        remedy = "restore it from backup, or ask the source to send its month again"
        try:
            found = connection.execute("select num_rows from parquet_file_metadata(?)", [readable(path)]).fetchone()
        except duckdb.Error as error:
            raise LandingError(f"{path}: damaged: {describe_error(error)}; {remedy}") from None
        if found is None or found[0] != extract.rows:
            raise LandingError(f"{path}: damaged: found {found and found[0]} rows, wanted {extract.rows}; {remedy}")


def _view_of_entity(name: str, paths: Sequence[Path]) -> str:
    """What the rest of the warehouse sees of landed rows: codes of the contract's forms and names of its lists, no other text
    in their columns. The names of procedures are looked up in the catalogue's own view, which must be there.
    """
    entity = ENTITIES[name]
    if not paths:
        empty = ", ".join(f'null::varchar as "{column}"' for column in entity.columns)
        return f"create view landing.{name} as select null::varchar as extract_id, 0::bigint as row_number, {empty} where false"
    columns = ", ".join(f'{_seen_of(entity, column)} as "{column}"' for column in entity.columns)
    return (
        f"create view landing.{name} as "
        f"select regexp_extract(filename, '([^/]+-[0-9a-f]{{12}})(-\\d+)?\\.parquet$', 1) as extract_id, row_number, {columns} "
        f"from read_parquet({read_literals(paths)}, filename = true, hive_partitioning = false)"
    )


_BLANKS = r"[\s\p{Z}\p{Cf}]*"


def _seen_of(entity: Entity, column: str) -> str:
    """SQL: a landed column as the warehouse may see it."""
    if form := entity.codes.get(column):
        return (
            f"""case when "{column}" is null or regexp_full_match("{column}", '{_BLANKS}') then "{column}" """
            f"""when regexp_full_match("{column}", '{_BLANKS}(?:{form}){_BLANKS}') """
            f"""and not regexp_full_match("{column}", '{_BLANKS}(?:{IDENTITY}){_BLANKS}') then "{column}" """
            f"else '{UNLISTED}' end"
        )
    match entity.names.get(column):
        case "catalogue":
            # The catalogue is where names come from: whatever it calls a procedure, but not numbers of people, nor addresses.
            return f"""case when not regexp_matches("{column}", '@|\\d{{9}}|{IDENTITY_WITHIN}') then "{column}" end"""
        case "procedures":
            known = f'select {_trimmed(column)} from landing.procedures where "{column}" is not null'
        case "agencies":
            known = (
                "select name from (select nfc_normalize(name_vi) as name from province.agencies "
                "union all select nfc_normalize(short_name_vi) from province.agencies)"
            )
        case _:
            return f'"{column}"'
    return f'case when {_trimmed(column)} in ({known}) then "{column}" end'


def _trimmed(column: str) -> str:
    return f"""regexp_replace(nfc_normalize("{column}"), '^{_BLANKS}|{_BLANKS}$', '', 'g')"""


def _write_province(connection: duckdb.DuckDBPyConnection, province: Province) -> None:
    write_table(
        connection,
        "province.province",
        {"province_code": "varchar", "name_vi": "varchar", "name_en": "varchar", "first_day": "date"},
        [(province.code, province.name_vi, province.name_en, province.first_day)],
    )
    write_table(
        connection,
        "province.groups",
        {"group_code": "varchar", "name_vi": "varchar", "official_order": "integer", "name_en": "varchar"},
        [(group.code, group.name_vi, order, group.name_en) for order, group in enumerate(province.groups, start=1)],
    )
    write_table(
        connection,
        "province.quarantine_budget",
        {"rows_per_month": "bigint", "percent_of_agency_month": "double"},
        [(province.quarantine_budget.rows_per_month, province.quarantine_budget.percent_of_agency_month)],
    )
    write_table(
        connection,
        "province.value_map",
        {
            "source_id": "varchar",
            "entity": "varchar",
            "column_name": "varchar",
            "source_value": "varchar",
            "national_value": "varchar",
        },
        [(m.source_id, m.entity, m.column, m.source_value, m.value) for m in province.value_mappings],
    )
    write_table(
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
            "name_en": "varchar",
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
                a.name_en,
            )
            for a in province.agencies
        ],
    )
    write_table(
        connection,
        "province.agency_successions",
        {
            "predecessor_code": "varchar",
            "successor_code": "varchar",
            "effective_on": "date",
            "kind": "varchar",
            "share_note": "varchar",
            "legal_basis": "varchar",
            "certainty": "varchar",
        },
        [
            (
                s.predecessor_code,
                s.successor_code,
                s.effective_on,
                s.kind,
                s.share_note,
                s.legal_basis,
                s.certainty,
            )
            for s in province.agency_successions
        ],
    )
    write_table(
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
            "name_en": "varchar",
            "legal_basis_en": "varchar",
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
                t.name_en,
                t.legal_basis_en,
            )
            for t in province.targets
        ],
    )
    write_table(
        connection,
        "province.expected_feeds",
        {
            "source_id": "varchar",
            "entity": "varchar",
            "agency_code": "varchar",
            "due_working_day": "integer",
            "valid_from": "date",
            "valid_to": "date",
            "is_for_all": "boolean",
        },
        [
            (f.source_id, f.entity, code, f.due_working_day, f.valid_from, f.valid_to, f.agency_code == "*")
            for f in province.expected_feeds
            for code in _owing(province, f)
        ],
    )
    write_table(
        connection,
        "province.date_limits",
        {"source_id": "varchar", "limit_id": "varchar", "limit_value": "bigint"},
        [(s.id, limit, value) for s in province.sources for limit, value in sorted(s.date_limits.items())],
    )
    write_table(
        connection,
        "province.drift_bands",
        {
            "entity": "varchar",
            "measure": "varchar",
            "scope": "varchar",
            "group_code": "varchar",
            "basis": "varchar",
            "trailing_months": "integer",
            "lowest_percent": "double",
            "highest_percent": "double",
            "smallest_rows": "double",
        },
        [
            (
                b.entity,
                b.measure,
                b.scope,
                b.group_code,
                b.basis,
                b.trailing_months,
                b.lowest_percent,
                b.highest_percent,
                b.smallest_rows,
            )
            for b in province.drift_bands
        ],
    )
    write_table(
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


def _owing(province: Province, feed: ExpectedFeed) -> Sequence[str]:
    """Who owes a feed: ``*`` is every agency that its source serves, which are all where it does not say."""
    (source,) = [source for source in province.sources if source.id == feed.source_id]
    if feed.agency_code != "*" or not source.agencies:
        return [feed.agency_code]
    return sorted({agency.agency_code for agency in province.agencies if source.serves(agency)})


def _write_expectations(connection: duckdb.DuckDBPyConnection, province: Province, baselines: Path) -> None:
    connection.execute("create schema expectations")
    write_table(
        connection,
        "expectations.row_counts",
        {"source_id": "varchar", "entity": "varchar", "file_month": "varchar", "fact_rows": "bigint"},
        [
            (row["source_id"], row["entity"], row["file_month"], int(row["fact_rows"]))
            for row in read_baselines(baselines)
            if row["province_code"] == province.code
        ],
    )
    _write_warnings(connection, [])


def read_baselines(baselines: Path) -> list[dict[str, str]]:
    """The rows of the frozen past; none where nothing was ever frozen.

    Raises:
        ConfigError: the file has other columns, or a count that is no whole number.
    """
    if not baselines.exists():
        return []
    with baselines.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        if reader.fieldnames != BASELINE_COLUMNS:
            raise ConfigError(f"{baselines}:1: found {reader.fieldnames}, wanted {','.join(BASELINE_COLUMNS)}")
        rows = list(reader)
    for line, row in enumerate(rows, start=2):
        if not row["fact_rows"].isdecimal():
            raise ConfigError(f"{baselines}:{line}: key fact_rows: found {row['fact_rows']!r}, wanted a whole number")
    return rows


def _read_verdicts(folder: Path) -> list[dict[str, Any]]:
    """The verdicts of this home, oldest first. One that cannot be read is told and left out: it stands in no figure, and a
    night need not stay down for it.
    """
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            content = unseal(path.read_bytes())
            for key in ("run_id", "month", "verdict"):
                content[key]
            for check in content["checks"]:
                check["status"], check["severity"]
            found.append(content)
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning(
                "%s: not a verdict of this home (%s); it is left out of the history of verdicts; restore it from backup",
                path, type(error).__name__,
            )  # fmt: skip
    return found


_WARNINGS = {
    "warning_number": "bigint",
    "month": "date",
    "check_id": "varchar",
    "subject": "varchar",
    "source_id": "varchar",
    "entity": "varchar",
    "agency_code": "varchar",
    "agency_name_vi": "varchar",
    "text_vi": "varchar",
    "text_en": "varchar",
}


def lay_warnings(candidate: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Put what tonight's verdict warns of where the marts find it, in the place of what lay there."""
    with open_candidate(candidate, read_only=False) as connection:
        connection.execute("drop table expectations.warnings")
        _write_warnings(connection, rows)


def _write_warnings(connection: duckdb.DuckDBPyConnection, rows: Sequence[Mapping[str, object]]) -> None:
    write_table(
        connection,
        "expectations.warnings",
        _WARNINGS,
        [
            tuple({"warning_number": number, **row}[name] for name in _WARNINGS)
            for number, row in enumerate(rows, start=1)
        ],
    )


def _write_history(
    connection: duckdb.DuckDBPyConnection, verdicts: Path | None, published_runs: Set[str] = frozenset()
) -> None:
    """Lay the verdicts that readers may hear of: every one that stopped a night, and the one *passed* verdict of each run
    that was published. A run that was killed after its gate has passed nothing on, and the run that does its work over
    must give the same history as if the first had never been.
    """
    connection.execute("create schema history")
    found = _read_verdicts(verdicts) if verdicts else []
    last_passed = {content["run_id"]: place for place, content in enumerate(found) if content["verdict"] == "passed"}
    kept = [
        content
        for place, content in enumerate(found)
        if content["verdict"] != "passed"
        or (content["run_id"] in published_runs and last_passed[content["run_id"]] == place)
    ]
    rows = []
    for number, content in enumerate(kept, start=1):
        failed = [check["severity"] for check in content["checks"] if check["status"] == "failed"]
        rows.append(
            (
                number,
                content["run_id"],
                content["month"],
                content["verdict"],
                len(content["checks"]),
                failed.count("critical"),
                failed.count("warning"),
                sum(check["status"] == "could_not_check" for check in content["checks"]),
            )
        )
    write_table(
        connection,
        "history.verdicts",
        {
            "verdict_number": "bigint",
            "run_id": "varchar",
            "month": "varchar",
            "verdict": "varchar",
            "checks": "bigint",
            "failed_critical": "bigint",
            "failed_warning": "bigint",
            "could_not_check": "bigint",
        },
        rows,
    )


def _write_accepted(connection: duckdb.DuckDBPyConnection, accepted: Sequence[Accepted]) -> None:
    """What was moved and accepted; by whom and why stays in the ledger, because names are no input of a figure."""
    write_table(
        connection,
        "history.accepted_movements",
        {
            "entity": "varchar",
            "measure": "varchar",
            "scope": "varchar",
            "entity_code": "varchar",
            "month": "date",
            "before_value": "bigint",
            "new_value": "bigint",
            "extract_id": "varchar",
        },
        [
            (
                one.movement.entity,
                one.movement.measure,
                one.movement.scope,
                one.movement.entity_code,
                f"{one.movement.month}-01",
                one.movement.before_value,
                one.movement.new_value,
                one.extract_id,
            )
            for one in accepted
        ],
    )


def write_table(
    connection: duckdb.DuckDBPyConnection, name: str, columns: Mapping[str, str], rows: Sequence[tuple[object, ...]]
) -> None:
    """Create a small table of the foundation, in the order of its rows."""
    declared = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    connection.execute(f"create table {name} ({declared})")
    if rows:
        connection.executemany(f"insert into {name} values ({', '.join('?' * len(columns))})", rows)
