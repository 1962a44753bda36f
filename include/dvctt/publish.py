"""From candidate to publication: an immutable, numbered folder, and the pointer that readers follow.

A publication is assembled in ``published/.building``, where no reader looks; it becomes ``published/<n>`` by one rename and
current by one more. A kill before the first leaves a folder that the next run throws away, a kill between the two is
finished by the next run. Nobody opens a published file for writing. Layout of a publication::

    marts.duckdb  parquet/<table>.parquet  csv/<mart>.csv  reports/  definitions/  verdict.json  verdict.html  manifest.json
"""

import json
import logging
import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from dvctt import __version__
from dvctt.clock import now
from dvctt.config import Province
from dvctt.definitions import FOLDER as DEFINITIONS
from dvctt.definitions import project_digest, write_definitions
from dvctt.errors import PublishError
from dvctt.files import sha256_of, sync_folder, write_atomically
from dvctt.landing import Extract, LeftOut
from dvctt.past import EARLIER_TABLES, ClosedMonth, Earlier, Making, read_closed
from dvctt.sql import file_literal, literal
from dvctt.transform import manifest_of
from dvctt.warehouse import candidate_path

log = logging.getLogger(__name__)

_BUILDING = ".building"
_CURRENT = "current"
_ROLLBACKS = "rollbacks.jsonl"
REMOVED = "removed"
"""Folder of the manifests of publications that retention removed."""
REMOVING = ".removing-"
"""What the folder of one on its way out is called, before its number."""
STORAGE_VERSION = "v1.0.0"
"""What DuckDB clients from 1.0 on can open."""


@dataclass(frozen=True)
class Publication:
    """One publication on disk, with its manifest."""

    number: int
    folder: Path
    manifest: dict[str, Any]

    @property
    def marts(self) -> Path:
        return self.folder / "marts.duckdb"

    @property
    def verdict(self) -> Path:
        return self.folder / "verdict.json"

    @property
    def verdict_page(self) -> Path:
        return self.folder / "verdict.html"

    @property
    def csv(self) -> Path:
        return self.folder / "csv"

    @property
    def reports(self) -> Path:
        return self.folder / "reports"


@dataclass(frozen=True)
class Work:
    """What a run has to do, derived from what lies on disk: landing minus the last publication's manifest."""

    new_extract_ids: tuple[str, ...]
    changed: tuple[str, ...]
    """What else differs from the last publication: ``province folder``, ``software version``, ``definitions``, ``closed
    months``, ``extracts left out``, or ``no publication yet``.
    """

    def __bool__(self) -> bool:
        return bool(self.new_extract_ids or self.changed)


def current_publication(published: Path) -> Publication | None:
    """The publication that readers see now; None before the first.

    Raises:
        PublishError: the pointer leads nowhere, or the manifest cannot be read.
    """
    pointer = published / _CURRENT
    if not pointer.is_symlink():
        return None
    return load_publication(published / os.readlink(pointer))


def load_publication(folder: Path) -> Publication:
    """One publication, current or not.

    Raises:
        PublishError: its manifest cannot be read.
    """
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        return Publication(int(manifest["number"]), folder, manifest)
    except (OSError, ValueError, KeyError) as error:
        raise PublishError(f"{path}: not a publication's manifest: {error}; restore {folder} from backup") from error


def work_to_do(
    published: Path,
    extracts: Sequence[Extract],
    province: Province,
    closed: Sequence[ClosedMonth] = (),
    left_out: Sequence[LeftOut] = (),
) -> Work:
    """What landing, the province folder, the definitions, the closed months and the ledgers of landed files hold that the
    current publication does not.
    """
    current = current_publication(published)
    out = {one.extract_id for one in left_out}
    extracts = [extract for extract in extracts if extract.extract_id not in out]
    if current is None:
        return Work(tuple(extract.extract_id for extract in extracts), ("no publication yet",))
    listed = {extract["extract_id"] for extract in current.manifest["extracts"]}
    changed = []
    for name, found, wanted in (
        ("province folder", current.manifest["province_digest"], province.digest),
        ("software version", current.manifest["software_version"], __version__),
        ("definitions", current.manifest.get("definitions"), project_digest()),
        ("closed months", current.manifest.get("closed_months", {}), _revisions(closed)),
        ("extracts left out", left_out_of(current), out),
    ):
        if found != wanted:
            changed.append(name)
    return Work(tuple(e.extract_id for e in extracts if e.extract_id not in listed), tuple(changed))


def _revisions(closed: Sequence[ClosedMonth]) -> dict[str, int]:
    return {month.month: month.revision for month in closed}


def left_out_of(publication: Publication) -> set[str]:
    """Ids of the landed extracts that a publication was made without; none in one of a version that left none out."""
    return {str(entry["extract_id"]) for entry in publication.manifest.get("left_out", [])}


def making(published: Path, province: Province) -> Making:
    """What the next publication is made with."""
    return Making(next_number(published), __version__, project_digest(), province.digest)


def earlier(published: Path, closings: Path) -> Earlier | None:
    """The current publication as the next one must remember it; None before the first.

    Raises:
        PublishError: the current publication, or a closing that it names, cannot be read.
    """
    current = current_publication(published)
    return None if current is None else as_earlier(current, closings)


def as_earlier(publication: Publication, closings: Path) -> Earlier:
    """A publication as one that came after it remembers it.

    Args:
        closings: folder of the closed months.

    Raises:
        PublishError: a table that its manifest lists is gone, or a closing that it names cannot be read. An older version
            may not have published a table; one that is lost would look the same and make every record a late one.
    """
    manifest = publication.manifest
    for table, _ in EARLIER_TABLES.values():
        name = f"parquet/{table}.parquet"
        if name in manifest["files"] and not (publication.folder / name).is_file():
            raise PublishError(
                f"{publication.folder / name}: gone, but the manifest lists it; restore it from backup, or go back to a whole "
                f"one: dvctt publications rollback; look: dvctt publications verify {publication.number}"
            )
    return Earlier(
        publication.number,
        publication.folder,
        manifest["software_version"],
        manifest.get("definitions", ""),
        manifest["province_digest"],
        closed_in(publication, closings),
    )


def closed_in(publication: Publication, closings: Path) -> tuple[ClosedMonth, ...]:
    """The months that are closed in a publication, each in the revision that it shows.

    Raises:
        PublishError: a closing that the manifest names cannot be read.
    """
    revisions = publication.manifest.get("closed_months", {})
    return tuple(read_closed(closings / month / str(number)) for month, number in sorted(revisions.items()))


def recover(published: Path) -> None:
    """Bring ``published`` to rest after a killed run: throw away what was being built, finish a switch that was begun."""
    published.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(building_folder(published), ignore_errors=True)
    current = current_publication(published)
    newest = max(_numbers(published), default=0)
    if newest > (current.number if current else 0) and newest > _rolled_back_from(published):
        log.warning("publication %d was complete but not current: a run was killed; switching to it", newest)
        _switch(published, newest)


def roll_back(published: Path, target: Publication, *, before: int | None, reason: str) -> None:
    """Point readers to an older publication, in the same atomic step, and keep who it was taken from and why.

    The line is written first: a kill between the two leaves a reason without a switch, never a switch without a reason.
    """
    event = {"event": "rollback", "from": before, "to": target.number, "reason": reason, "at": now().isoformat()}
    path = published / _ROLLBACKS
    earlier = path.read_text(encoding="utf-8") if path.is_file() else ""
    write_atomically(path, earlier + json.dumps(event, ensure_ascii=False) + "\n")
    _switch(published, target.number)
    log.warning("rolled back from publication %s to %d: %s", before, target.number, reason)


def rollbacks(published: Path) -> list[dict[str, Any]]:
    """Every rollback of this home, oldest first."""
    path = published / _ROLLBACKS
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _rolled_back_from(published: Path) -> int:
    """The highest publication that a person has taken back: the next run must not switch to it by itself."""
    return max((int(event["from"] or 0) for event in rollbacks(published)), default=0)


def _numbers(published: Path) -> list[int]:
    return [int(path.name) for path in published.iterdir() if path.name.isdecimal() and path.is_dir()]


def next_number(published: Path) -> int:
    """One more than the highest number on disk, on its way out or removed; a number is never given twice."""
    if not published.is_dir():
        return 1
    gone = [path.stem for path in (published / REMOVED).glob("*.json")]
    going = [path.name.removeprefix(REMOVING) for path in published.glob(f"{REMOVING}*")]
    return max([*_numbers(published), *(int(name) for name in (*gone, *going) if name.isdecimal())], default=0) + 1


def building_folder(published: Path) -> Path:
    """Where the next publication is put together; no reader looks there."""
    return published / _BUILDING


def assemble(published: Path, candidate: Path, verdict_path: Path) -> Path:
    """Copy every table that carries dbt's tag ``published`` out of the candidate, as tables and as Parquet, and the
    verdict; the folder that was assembled. Rows are ordered, so that the same landing gives the same Parquet bytes.

    Raises:
        PublishError: the candidate lacks a table that dbt says it built.
    """
    clock = time.monotonic()
    building = building_folder(published)
    shutil.rmtree(building, ignore_errors=True)
    (building / "parquet").mkdir(parents=True)
    nodes = _published_nodes(manifest_of(candidate))
    with duckdb.connect() as connection:
        connection.execute("set threads = 1")  # one thread, one order of row groups
        connection.execute(f"attach {file_literal(candidate_path(candidate))} as candidate (read_only)")
        connection.execute(
            f"attach {file_literal(building / 'marts.duckdb')} as marts (storage_version '{STORAGE_VERSION}')"
        )
        rows = 0
        for node in nodes:
            try:
                rows += _copy_table(connection, node, building)
            except duckdb.Error as error:
                raise PublishError(f"table {node['name']}: cannot be published from the candidate: {error}") from error
        connection.execute("detach marts")
    shutil.copyfile(verdict_path, building / "verdict.json")
    write_definitions(candidate, building / DEFINITIONS)
    log.info("publication: %d tables, %d rows out, %.1f s", len(nodes), rows, time.monotonic() - clock)
    return building


def _published_nodes(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    nodes = [n for n in manifest["nodes"].values() if n["resource_type"] == "model" and "published" in n["tags"]]
    if not nodes:
        raise PublishError(
            "dbt's manifest lists no model with the tag 'published'; look at dbt_project/dbt_project.yml"
        )
    return sorted(nodes, key=lambda node: str(node["name"]))


def _copy_table(connection: duckdb.DuckDBPyConnection, node: dict[str, Any], building: Path) -> int:
    name = node["name"]
    order = ", ".join(node["config"]["meta"].get("primary_key", [])) or "all"
    connection.execute(f"create table marts.{name} as select * from candidate.{node['schema']}.{name} order by {order}")
    connection.execute(f"comment on table marts.{name} is {literal(node['description'].strip())}")
    for column in node["columns"].values():
        connection.execute(
            f"comment on column marts.{name}.{column['name']} is {literal(column['description'].strip())}"
        )
    target = building / "parquet" / f"{name}.parquet"
    connection.execute(f"copy marts.{name} to {file_literal(target)} (format parquet, compression zstd)")
    counted = connection.execute(f"select count(*) from marts.{name}").fetchone()
    return int(counted[0]) if counted else 0


def publish(
    published: Path,
    building: Path,
    *,
    number: int,
    province: Province,
    extracts: Sequence[Extract],
    closed: Sequence[ClosedMonth] = (),
    left_out: Sequence[LeftOut] = (),
    run_id: str,
    month: str | None,
) -> Publication:
    """Seal what was assembled and make it current.

    Args:
        extracts: those that it was made of, without those that were left out.
        left_out: those that had landed and that it was made without.

    Raises:
        PublishError: a publication with this number exists, or a file of the assembled folder is gone.
    """
    target = published / str(number)
    if target.exists():
        raise PublishError(f"{target}: exists; a publication is never written twice: dvctt run again")
    verdict = json.loads((building / "verdict.json").read_text(encoding="utf-8"))
    if verdict["verdict"] != "passed":
        raise PublishError(f"{building / 'verdict.json'}: verdict {verdict['verdict']!r}; only 'passed' is published")
    files = sorted(path for path in building.rglob("*") if path.is_file())
    manifest = {
        "number": number,
        "province": province.name_vi,
        "province_digest": province.digest,
        "software_version": __version__,
        "definitions": project_digest(),
        "closed_months": _revisions(closed),
        "run_id": run_id,
        "month": month,
        "published_at": now().isoformat(),
        "verdict": verdict["verdict"],
        "extracts": [
            {
                "extract_id": e.extract_id,
                "source": e.source,
                "entity": e.entity,
                "month": e.month,
                "rows": e.rows,
                "sha256": e.sha256,
                "parquet_sha256": e.parquet_sha256,
            }
            for e in extracts
        ],
        "left_out": [asdict(one) for one in left_out],
        "row_counts": _row_counts(building / "marts.duckdb"),
        "files": {
            str(path.relative_to(building)): {"bytes": path.stat().st_size, "sha256": sha256_of(path)} for path in files
        },
    }
    write_atomically(building / "manifest.json", json.dumps(manifest, ensure_ascii=False, indent=2) + "\n")
    for path in sorted(building.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
            path.chmod(0o444)
        else:
            sync_folder(path)
    os.rename(building, target)
    sync_folder(published)
    _switch(published, number)
    log.info("publication %d is current: %d files", number, len(files) + 1)
    return Publication(number, target, manifest)


def _switch(published: Path, number: int) -> None:
    """The one atomic step: a new symbolic link, renamed over the old one."""
    fresh = published / f".{_CURRENT}.new"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(str(number), target_is_directory=True)
    os.replace(fresh, published / _CURRENT)
    sync_folder(published)


def _row_counts(marts: Path) -> dict[str, int]:
    with duckdb.connect(str(marts), read_only=True) as connection:
        names = [row[0] for row in connection.execute("select table_name from duckdb_tables() order by 1").fetchall()]
        counts = {}
        for name in names:
            counted = connection.execute(f"select count(*) from {name}").fetchone()
            counts[name] = int(counted[0]) if counted else 0
    return counts
