"""Months that a named person has closed: figures, and all that gives them meaning, in folders that are never changed.

Closing copies one month out of the current publication; opening it again adds one line beside what was closed and changes
nothing of it. Nothing is computed here: what a closed month shows later is decided by dbt_project. Layout::

    closed/<YYYY-MM>/events.jsonl     who opened the month again, when and why
    closed/<YYYY-MM>/<revision>/      manifest.json  figures.csv  facts/  marts/  definitions/  reports/

A folder is put together in ``closed/<YYYY-MM>/.building`` and becomes a revision by one rename: a close that is killed
leaves nothing, or all of it.
"""

import logging
import os
import shutil
from pathlib import Path

import duckdb

from dvctt import __version__
from dvctt.clock import now
from dvctt.closing.figures import FIGURE_MARTS, figures_in
from dvctt.closing.months import FIGURES, verify_files
from dvctt.closing.plan import Plan, refuse_missing
from dvctt.core.errors import CloseRefused, ClosingError
from dvctt.core.files import make_folder, seal, sha256_of, sync_folder, write_atomically
from dvctt.core.ledger import person_name
from dvctt.core.period import Month
from dvctt.core.sql import day_literal, file_literal
from dvctt.databases import open_database
from dvctt.province.model import Province
from dvctt.warehouse.definitions import FOLDER as DEFINITIONS
from dvctt.warehouse.definitions import read_definitions
from dvctt.warehouse.previous import ClosedMonth, read_closed

log = logging.getLogger(__name__)


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


_BUILDING = ".building"


def close_month(plan: Plan, *, closed: Path, province: Province, approved_by: str, note: str | None) -> ClosedMonth:
    """Freeze the month that was planned. The caller holds the home's lock.

    Raises:
        CloseRefused: nobody approved, or feeds are missing that nobody has waived.
        ClosingError: the publication is not what its manifest says, or carries nothing to freeze.
    """
    approver = person_name(approved_by, "approved the close", CloseRefused)
    refuse_missing(plan, province)
    for waiver in plan.not_applicable:
        log.warning(
            "close_waivers.csv: %s %s %s of %s waives nothing: that feed is not missing",
            waiver.source_id,
            waiver.entity,
            waiver.agency_code or "(all agencies)",
            waiver.month,
        )
    if plan.waiting:
        log.warning(
            "%s is closed out of publication %d although more is waiting to be published: %s",
            plan.month,
            plan.publication.number,
            ", ".join(plan.waiting),
        )
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
        plan.month,
        plan.revision,
        plan.publication.number,
        approver,
    )
    return read_closed(folder / str(plan.revision))


def _freeze(plan: Plan, building: Path, province: Province) -> None:
    source = plan.publication
    page = f"reports/bao-cao-{plan.month}.html"
    copied = [page, *(name for name in source.manifest["files"] if name.startswith(f"{DEFINITIONS}/"))]
    verify_files(source.folder, ["marts.duckdb", *copied])
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
    with open_database(source.marts, read_only=True) as connection:
        connection.execute("set threads = 1")
        keys = {node.name: ", ".join(node.primary_key) or "all" for node in nodes}
        for table, which in _FACTS.items():
            _copy(connection, table, which, keys[table], plan.month, building / "facts" / f"{table}.parquet")
        for node in frozen:
            target = building / "marts" / f"{node.name}.parquet"
            _copy(connection, node.name, "month = $month", keys[node.name], plan.month, target)
        text = figures_in(connection, [node for node in frozen if node.name in FIGURE_MARTS], plan.month, province)
    (building / FIGURES).write_text(text, encoding="utf-8", newline="")


def _copy(
    connection: duckdb.DuckDBPyConnection, table: str, which: str, order: str, month: Month, target: Path
) -> None:
    rows = which.replace("$month", day_literal(month.first_day))
    connection.execute(
        f"copy (select * from {table} where {rows} order by {order}) to {file_literal(target)} "
        f"(format parquet, compression zstd)"
    )


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
        "is_sample": plan.publication.is_sample,
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
