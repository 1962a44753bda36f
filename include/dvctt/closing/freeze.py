"""Months that a named person has closed: figures, and all that gives them meaning, in folders that are never changed.

Closing copies one month out of the current publication; opening it again adds one line beside what was closed and changes
nothing of it. Nothing is computed here: what a closed month shows later is decided by dbt_project. Layout::

    closed/<YYYY-MM>/events.jsonl     who opened the month again, when and why
    closed/<YYYY-MM>/<revision>/      manifest.json  figures.csv  facts/  marts/  definitions/  reports/

A folder is put together in ``closed/<YYYY-MM>/.building`` and becomes a revision by one rename: a close that is killed
leaves nothing, or all of it.
"""

import csv
import hashlib
import io
import logging
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from dvctt import __version__
from dvctt.core.clock import now
from dvctt.core.errors import CloseRefused, ClosingError, WarehouseError
from dvctt.core.figure_ids import figure_id, unit_of
from dvctt.core.files import make_folder, seal, sha256_of, sync_folder, unseal, write_atomically
from dvctt.core.ledger import person_name, stated_reason
from dvctt.core.period import Month
from dvctt.core.sql import file_literal
from dvctt.landing.zone import landed_extracts
from dvctt.province.model import CloseWaiver, Province
from dvctt.publications.holds import holds, is_outdated, left_out
from dvctt.publications.publish import (
    Publication,
    current_publication,
    load_publication,
    published_runs,
    refuse_damaged,
    work_to_do,
)
from dvctt.warehouse.definitions import FOLDER as DEFINITIONS
from dvctt.warehouse.definitions import Node, read_definitions
from dvctt.warehouse.previous import ClosedMonth, Revision, read_closed

log = logging.getLogger(__name__)

FIGURES = "figures.csv"
FIGURE_COLUMNS = ("figure_id", "mart", "metric", "scope", "entity_code", "entity_name_vi", "value", "unit")
FIGURE_MARTS = (
    "mart_online_rates",
    "mart_online_rate_changes",
    "mart_group_gaps",
    "mart_payments",
    "mart_catalogue_coverage",
    "mart_targets",
)
_NUMBERS = ("bigint", "integer", "double")
_NO_FIGURE = "official_order"
_FROZEN_ROWS = "stg_closed__mart_rows"
"""What every mart reads that keeps the rows of closed months: those marts are frozen, and no list of them can fall behind."""
_FACTS = {
    "fct_filings": "received_month = $month",
    "fct_payments": "paid_month = $month or refunded_month = $month",
    "fct_quarantined_rows": "true",
}
"""The rows that the month's figures count, and all that was set aside then, of whatever month: a row that is released later
may turn out to be of this one.
"""
_EVENTS = "events.jsonl"
_BUILDING = ".building"


@dataclass(frozen=True)
class Feed:
    """A feed that was owed for a month and did not come."""

    source_id: str
    entity: str
    agency_code: str
    agency_name_vi: str


@dataclass(frozen=True)
class Plan:
    """What a close would freeze, and what stands in its way.

    Attributes:
        missing: feeds that did not come and that nobody has waived: one is enough to refuse the close.
        waived: feeds that did not come, each with the waiver that lets the month be closed without it.
        moot: waivers of the month that no missing feed answers to; said, and no reason to refuse.
        waiting: what landing or the province folder holds that the publication does not: said, and no reason to refuse.
    """

    month: Month
    revision: int
    publication: Publication
    missing: tuple[Feed, ...]
    waived: tuple[tuple[Feed, CloseWaiver], ...]
    moot: tuple[CloseWaiver, ...]
    waiting: tuple[str, ...]


def closed_now(closed: Path) -> list[ClosedMonth]:
    """The newest revision of every month that is closed, in the order of the months, each file held against its hash.

    Raises:
        PublishError: the manifest of a revision cannot be read.
        ClosingError: a file of a revision in force is not what its manifest says.
    """
    in_force = []
    for month in _months(closed):
        newest = _revisions(closed / month)[-1:]
        if newest and newest[0].reopened_at is None:
            _verify(newest[0].closed.folder)
            in_force.append(newest[0].closed)
    return in_force


def hashes(closed: Path) -> dict[str, Any]:
    """What was ever closed, for the manifest of a publication: sha256 of every revision's manifest, and of the record of what
    was opened again. :func:`verify_all` holds a home against it.
    """
    found: dict[str, Any] = {}
    for month in _months(closed):
        for revision in _revisions(closed / month):
            name = f"{month}/{revision.closed.revision}"
            found[name] = {"manifest_sha256": sha256_of(closed / name / "manifest.json")}
        if (events := closed / month / _EVENTS).is_file():
            found[f"{month}/{_EVENTS}"] = {"bytes": events.stat().st_size, "sha256": sha256_of(events)}
    return found


def verify_all(closed: Path, listed: Mapping[str, Any]) -> int:
    """Hold every revision of every month, also one that was opened again, against its manifest and against what the current
    publication lists; the number of revisions.

    Raises:
        PublishError: the manifest of a revision cannot be read.
        ClosingError: something that was closed is gone, or is not what it was.
    """
    known = revisions(closed)
    for revision in known:
        _verify(revision.closed.folder)
    for name, wanted in sorted(listed.items()):
        path = closed / name if name.endswith(_EVENTS) else closed / name / "manifest.json"
        if not path.is_file():
            raise ClosingError(f"{path}: gone, but the current publication lists it; restore {path.parent} from backup")
        # The record of what was opened again grows by whole lines: what was there then must stand there still.
        found = hashlib.sha256(path.read_bytes()[: wanted.get("bytes")]).hexdigest()
        if found != wanted.get("sha256", wanted.get("manifest_sha256")):
            raise ClosingError(
                f"{path}: changed since the current publication was made: found sha256 {found}, wanted "
                f"{wanted.get('sha256', wanted.get('manifest_sha256'))}; restore {path.parent} from backup"
            )
    return len(known)


def revisions(closed: Path) -> list[Revision]:
    """Every revision of every month, in the order of months and numbers.

    Raises:
        PublishError: the manifest of a revision cannot be read.
        ClosingError: the record of what was opened again cannot be read.
    """
    return [revision for month in _months(closed) for revision in _revisions(closed / month)]


def _months(closed: Path) -> list[str]:
    return sorted(folder.name for folder in closed.glob("????-??") if folder.is_dir())


def _revisions(folder: Path) -> list[Revision]:
    numbers = sorted(int(path.name) for path in folder.iterdir() if path.name.isdecimal() and path.is_dir())
    events = {event["revision"]: event for event in _events(folder)}
    found = []
    for number in numbers:
        event = events.get(number, {})
        found.append(Revision(read_closed(folder / str(number)), event.get("at"), event.get("by"), event.get("reason")))
    return found


def _events(folder: Path) -> list[dict[str, Any]]:
    path = folder / _EVENTS
    if not path.is_file():
        return []
    try:
        content = path.read_bytes()
        if not content.endswith(b"\n"):
            raise ValueError("found no end of its last line")
        events = [unseal(line + b"\n") for line in content.removesuffix(b"\n").split(b"\n")]
        return [{**event, "revision": int(event["revision"])} for event in events]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ClosingError(f"{path}: not the record of a month's closings: {error}; restore it from backup") from error


def plan_close(
    *,
    published: Path,
    closed: Path,
    landing: Path,
    ledgers: Path,
    candidate: Path,
    verdicts: Path,
    province: Province,
    month: Month,
) -> Plan:
    """What closing a month would freeze; nothing is written.

    Raises:
        CloseRefused: the month is not over, not published or closed already, or the last verdict in this home is not
            ``passed``.
        WarehouseError: a run has begun and has not published.
        PublishError: the current publication cannot be read, or its marts are not what was published.
    """
    folder = closed / str(month)
    known = _revisions(folder) if folder.is_dir() else []
    if known and known[-1].reopened_at is None:
        last = known[-1].closed
        raise CloseRefused(
            f"{month} is closed already: revision {last.revision}, approved by {last.approved_by}, {last.closed_at}; "
            f"to close it again, open it first: dvctt reopen --month {month} --by … --reason …"
        )
    if now().date() < month.shifted(1).first_day:
        raise CloseRefused(f"{month} is not over: found {now():%Y-%m-%d}, wanted a day after the month's last")
    publication = current_publication(published)
    if publication is None:
        raise CloseRefused(f"{published}: no publication yet; a month is closed out of one: dvctt run")
    refuse_damaged(publication)
    _refuse_unrest(publication, published, candidate, verdicts)
    if str(month) in publication.manifest.get("closed_months", {}):
        raise CloseRefused(
            f"publication {publication.number} still shows {month} as it was closed before; "
            f"let one night publish it open, then close it again: dvctt run"
        )
    if _ask(publication, "select count(*) from mart_online_rates where month = $month", month)[0][0] == 0:
        raise CloseRefused(
            f"publication {publication.number} holds no data at all of {month}: a month that nothing came for is not "
            f"closed; look: dvctt status"
        )
    missing, waived, moot = _answer(_missing(publication, month), _waivers(province, month))
    extracts = landed_extracts(landing)
    work = work_to_do(published, extracts, province, closed_now(closed), left_out(ledgers, extracts))
    waiting = [*work.changed]
    if work.new_extract_ids:
        waiting.insert(0, f"{len(work.new_extract_ids)} extracts")
    waiting.extend(
        f"hold {hold.number}, which no one has decided: dvctt held show {hold.number}"
        for hold in holds(ledgers)
        if hold.state == "waiting"
        and not is_outdated(ledgers, hold, extracts)
        and any(movement.month == str(month) for movement in hold.movements)
    )
    revision = known[-1].closed.revision + 1 if known else 1
    return Plan(month, revision, publication, missing, waived, moot, tuple(waiting))


def _refuse_unrest(publication: Publication, published: Path, candidate: Path, verdicts: Path) -> None:
    """A close is for ever: not while the last thing that is known of the data is that it did not pass, and not between a
    run's first stage and its publication, which would show the month open again.
    """
    last = max(verdicts.glob("*.json"), key=lambda path: path.name, default=None)
    if last is not None and not last.stem.endswith("-passed"):
        raise CloseRefused(
            f"{last}: the last verdict of this home is not 'passed', and publication {publication.number} is older than "
            f"it; mend the cause and let a night pass first: dvctt verdict"
        )
    begun = candidate / "run.json"
    if begun.is_file():
        try:
            run_id = unseal(begun.read_bytes())["run_id"]
        except (OSError, ValueError, KeyError) as error:
            raise WarehouseError(
                f"{begun}: cannot be read ({type(error).__name__}), so nobody can tell whether a run has begun and has not "
                f"published; let a night begin anew: dvctt run --rebuild"
            ) from error
        if run_id not in published_runs(published):
            raise WarehouseError(
                f"{begun}: run {run_id!r} has begun and has not published; let it end, or run again: dvctt run"
            )


def _ask(publication: Publication, sql: str, month: Month) -> list[Any]:
    with duckdb.connect(str(publication.marts), read_only=True) as connection:
        return connection.execute(sql, {"month": month.first_day}).fetchall()


def _missing(publication: Publication, month: Month) -> list[Feed]:
    rows = _ask(
        publication,
        "select source_id, entity, agency_code, agency_name_vi from mart_feeds "
        "where month = $month and is_expected and not is_delivered order by all",
        month,
    )
    return [Feed(*row) for row in rows]


def _waivers(province: Province, month: Month) -> list[CloseWaiver]:
    return [waiver for waiver in province.close_waivers if waiver.month == str(month)]


def _answer(
    missing: Iterable[Feed], waivers: Sequence[CloseWaiver]
) -> tuple[tuple[Feed, ...], tuple[tuple[Feed, CloseWaiver], ...], tuple[CloseWaiver, ...]]:
    """Missing feeds that no waiver names, those that one does, and waivers that name none. A waiver of the agency itself
    goes before one of the whole feed.
    """
    alone, answered, used = [], [], set()
    for feed in missing:
        fitting = [
            waiver
            for waiver in waivers
            if (waiver.source_id, waiver.entity) == (feed.source_id, feed.entity)
            and waiver.agency_code in (None, feed.agency_code)
        ]
        if fitting:
            chosen = max(fitting, key=lambda waiver: waiver.agency_code is not None)
            answered.append((feed, chosen))
            used.update(fitting)
        else:
            alone.append(feed)
    return tuple(alone), tuple(answered), tuple(waiver for waiver in waivers if waiver not in used)


def refuse_missing(plan: Plan, province: Province) -> None:
    """Refuse a month with feeds missing that nobody has waived.

    Raises:
        CloseRefused: names each source, entity and agency.
    """
    if not plan.missing:
        return
    path = province.folder / "close_waivers.csv"
    lines = [
        f"- {feed.source_id} {feed.entity} {plan.month}: {feed.agency_code} {feed.agency_name_vi}"
        for feed in plan.missing
    ]
    moot = [
        f"- {path} waives {waiver.source_id} {waiver.entity} {waiver.agency_code or '(all)'}, which is not missing"
        for waiver in plan.moot
    ]
    raise CloseRefused(
        "\n".join(
            [
                f"{plan.month} has {len(plan.missing)} feeds missing; wanted all that were owed, "
                f"or a waiver of each by name in {path}:",
                *lines,
                *moot,
                f"look: dvctt rows --table mart_feeds --month {plan.month} --published",
            ]
        )
    )


def close_month(plan: Plan, *, closed: Path, province: Province, approved_by: str, note: str | None) -> ClosedMonth:
    """Freeze the month that was planned. The caller holds the home's lock.

    Raises:
        CloseRefused: nobody approved, or feeds are missing that nobody has waived.
        ClosingError: the publication is not what its manifest says, or carries nothing to freeze.
    """
    approver = person_name(approved_by, "approved the close", CloseRefused)
    refuse_missing(plan, province)
    for waiver in plan.moot:
        log.warning(
            "close_waivers.csv: %s %s %s of %s waives nothing: that feed is not missing",
            waiver.source_id, waiver.entity, waiver.agency_code or "(all agencies)", waiver.month,
        )  # fmt: skip
    if plan.waiting:
        log.warning(
            "%s is closed out of publication %d although more is waiting to be published: %s",
            plan.month, plan.publication.number, ", ".join(plan.waiting),
        )  # fmt: skip
    folder = closed / str(plan.month)
    building = folder / _BUILDING
    shutil.rmtree(building, ignore_errors=True)
    for place in (closed, folder, building):
        make_folder(place, 0o755)
    _freeze(plan, building, province)
    _seal(plan, building, approver, (note or "").strip() or None)
    os.rename(building, folder / str(plan.revision))
    sync_folder(folder)
    sync_folder(closed)
    log.info(
        "%s closed: revision %d, out of publication %d, approved by %s",
        plan.month, plan.revision, plan.publication.number, approver,
    )  # fmt: skip
    return read_closed(folder / str(plan.revision))


def refuse_other_figures(plan: Plan, published: Path, province: Province, *, approved: int) -> None:
    """Refuse when the figures that a person approved are not those that would be frozen: nights go on while a request waits.

    Args:
        approved: number of the publication whose figures the person read.

    Raises:
        CloseRefused: a later publication shows other figures of the month, or the approved one is gone.
    """
    if approved == plan.publication.number:
        return
    folder = published / str(approved)
    if not folder.is_dir():
        raise CloseRefused(
            f"{folder}: publication {approved}, whose figures were approved, is gone; ask for approval again"
        )
    approved_one = load_publication(folder)
    refuse_damaged(approved_one)
    read = _figures_of(approved_one, plan.month, province)
    current = _figures_of(plan.publication, plan.month, province)
    differing = len(set(read.splitlines()) ^ set(current.splitlines()))
    if differing:
        raise CloseRefused(
            f"{plan.month} was approved as publication {approved} shows it, and publication {plan.publication.number} shows "
            f"other figures ({differing} lines differ); look: dvctt publications diff {approved} {plan.publication.number}; "
            f"then ask for approval again"
        )


def _figures_of(publication: Publication, month: Month, province: Province) -> str:
    nodes = [node for node in read_definitions(publication.folder) if node.name in FIGURE_MARTS]
    with duckdb.connect(str(publication.marts), read_only=True) as connection:
        return _figures(connection, nodes, month, province)


def _freeze(plan: Plan, building: Path, province: Province) -> None:
    source = plan.publication
    page = f"reports/bao-cao-{plan.month}.html"
    copied = [page, *(name for name in source.manifest["files"] if name.startswith(f"{DEFINITIONS}/"))]
    _verify(source.folder, ["marts.duckdb", *copied])
    nodes = read_definitions(source.folder)
    frozen = [node for node in nodes if _FROZEN_ROWS in node.inputs and node.published]
    if not frozen:
        raise ClosingError(
            f"publication {source.number}: no mart of it keeps closed months; wanted one that this version made: dvctt run"
        )
    for name in copied:
        (building / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source.folder / name, building / name)
    for name in ("facts", "marts"):
        (building / name).mkdir()
    with duckdb.connect(str(source.marts), read_only=True) as connection:
        connection.execute("set threads = 1")
        keys = {node.name: ", ".join(node.primary_key) or "all" for node in nodes}
        for table, which in _FACTS.items():
            _copy(connection, table, which, keys[table], plan.month, building / "facts" / f"{table}.parquet")
        for node in frozen:
            target = building / "marts" / f"{node.name}.parquet"
            _copy(connection, node.name, "month = $month", keys[node.name], plan.month, target)
        text = _figures(connection, [node for node in frozen if node.name in FIGURE_MARTS], plan.month, province)
    (building / FIGURES).write_text(text, encoding="utf-8", newline="")


def _copy(
    connection: duckdb.DuckDBPyConnection, table: str, which: str, order: str, month: Month, target: Path
) -> None:
    rows = which.replace("$month", f"date '{month.first_day}'")
    connection.execute(
        f"copy (select * from {table} where {rows} order by {order}) to {file_literal(target)} "
        f"(format parquet, compression zstd)"
    )


def _figures(connection: duckdb.DuckDBPyConnection, nodes: Sequence[Node], month: Month, province: Province) -> str:
    """Every number of the month, one a line, in the order of the ids, unrounded: a double as the shortest text that reads
    back as itself, NULL as nothing.
    """
    lines = []
    for node in nodes:
        cursor = connection.execute(f"select * from {node.name} where month = $month", {"month": month.first_day})
        names = [column[0] for column in cursor.description or []]
        metrics = [
            name
            for name, kind in node.columns
            if kind in _NUMBERS and name not in node.primary_key and name != _NO_FIGURE
        ]
        for values in cursor.fetchall():
            row = dict(zip(names, values, strict=True))
            place = _place(row, province)
            for metric in metrics:
                identity = figure_id(node.name, [row[name] for name in node.primary_key], metric)
                value = "" if row[metric] is None else repr(row[metric])
                lines.append((identity, node.name, metric, *place, value, unit_of(metric)))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(FIGURE_COLUMNS)
    writer.writerows(sorted(lines))
    return text.getvalue()


def _place(row: Mapping[str, Any], province: Province) -> tuple[str, str, str]:
    """Scope, code and name of what a figure speaks of; a mart without a scope speaks of the province, or of two groups."""
    if "entity_code" in row:
        return row["scope"], row["entity_code"], row["entity_name_vi"]
    if "group_code" in row:
        return "group", row["group_code"], row["group_name_vi"]
    return "province", province.code, province.name_vi


def _seal(plan: Plan, building: Path, approver: str, note: str | None) -> None:
    files = sorted(path for path in building.rglob("*") if path.is_file())
    manifest = {
        "month": str(plan.month),
        "revision": plan.revision,
        "publication": plan.publication.number,
        "closed_at": now().isoformat(),
        "approved_by": approver,
        "note": note,
        "waived": [
            {
                "source_id": feed.source_id,
                "entity": feed.entity,
                "agency_code": feed.agency_code,
                "agency_name_vi": feed.agency_name_vi,
                "waived_by": waiver.waived_by,
                "reason": waiver.reason,
                "waived_on": waiver.waived_on.isoformat(),
            }
            for feed, waiver in plan.waived
        ],
        "waiting": list(plan.waiting),
        "closed_with": __version__,
        "software_version": plan.publication.manifest["software_version"],
        "definitions": plan.publication.manifest["definitions"],
        "province_digest": plan.publication.manifest["province_digest"],
        "files": {
            str(path.relative_to(building)): {"bytes": path.stat().st_size, "sha256": sha256_of(path)} for path in files
        },
    }
    write_atomically(building / "manifest.json", seal(manifest))
    for path in sorted(building.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
            path.chmod(0o444)
        else:
            sync_folder(path)
    sync_folder(building)


def _verify(folder: Path, names: Sequence[str] | None = None) -> None:
    """Hold files against the manifest beside them, all that it lists unless some are named.

    Raises:
        ClosingError: a file is gone, is another, or is not listed.
    """
    path = folder / "manifest.json"
    try:
        listed = unseal(path.read_bytes()).get("files")
    except (OSError, ValueError) as error:
        raise ClosingError(f"{path}: not a closed month's manifest: {error}; restore {folder} from backup") from error
    if not listed:
        raise ClosingError(
            f"{path}: lists no file, so nothing of it can be held against anything; restore it from backup"
        )
    present = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()} - {"manifest.json"}
    if names is None and (strangers := sorted(present - listed.keys())):
        raise ClosingError(
            f"{folder / strangers[0]}: not listed in its manifest; a closed month holds what was closed and nothing else: "
            f"move it away, or restore {folder} from backup"
        )
    for name in listed if names is None else names:
        if name not in listed:
            raise ClosingError(
                f"{path}: found no {name}, which a close freezes; wanted a publication with it: dvctt run"
            )
        file = folder / name
        found = sha256_of(file) if file.is_file() else "no file"
        if found != listed[name]["sha256"]:
            raise ClosingError(
                f"{file}: not what its manifest says: found {found}, wanted sha256 {listed[name]['sha256']}; "
                f"restore {folder} from backup"
            )


def reopen_month(closed: Path, month: Month, *, by: str, reason: str) -> Revision:
    """Open a closed month again: one more line beside its revisions, which stay as they are. The caller holds the home's
    lock.

    Raises:
        CloseRefused: the month is not closed, or name or reason is empty.
    """
    person = person_name(by, "opened the month again", CloseRefused)
    why = stated_reason(reason, f"open {month} again", CloseRefused)
    folder = closed / str(month)
    known = _revisions(folder) if folder.is_dir() else []
    if not known or known[-1].reopened_at is not None:
        raise CloseRefused(f"{month} is not closed: nothing to open again; look: dvctt status --month {month}")
    last = known[-1].closed
    event = {"event": "reopened", "revision": last.revision, "by": person, "reason": why, "at": now().isoformat()}
    path = folder / _EVENTS
    earlier = path.read_text(encoding="utf-8") if path.is_file() else ""
    write_atomically(path, earlier + seal(event, indent=None))
    log.info("%s opened again by %s: %s; revision %d stays as it is", month, person, why, last.revision)
    return Revision(last, event["at"], person, why)


def read_figures(closed: Path, month: Month, revision: int | None) -> bytes:
    """The figures of one closed revision, byte for byte as they were frozen; the newest one if none is given.

    Raises:
        ClosingError: the month was never closed, has no such revision, or the file is not what its manifest says.
    """
    folder = closed / str(month)
    known = [found.closed.revision for found in _revisions(folder)] if folder.is_dir() else []
    if not known:
        raise ClosingError(f"{closed}: {month} was never closed; closed were: {', '.join(_months(closed)) or 'none'}")
    wanted = known[-1] if revision is None else revision
    if wanted not in known:
        raise ClosingError(f"{folder}: no revision {wanted}; there are: {', '.join(map(str, known))}")
    _verify(folder / str(wanted), [FIGURES])
    return (folder / str(wanted) / FIGURES).read_bytes()
