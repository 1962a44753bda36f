"""From candidate to publication: an immutable, numbered folder, and the pointer that readers follow.

A publication is assembled in ``published/.building``, where no reader looks; it becomes ``published/<n>`` by one rename and
current by one more. A kill before the first leaves a folder that the next run throws away, a kill between the two is
finished by the next run. Nobody opens a published file for writing, and the pointer moves to nothing that does not verify.
Layout of a publication::

    marts.duckdb  parquet/<table>.parquet  csv/<mart>.csv  reports/  definitions/  verdict.json  verdict.html  manifest.json

Beside the publications lie ``current``, ``rollbacks.jsonl``, ``removed/`` and ``.newest``: the highest number that readers
have seen. Whatever else lies there is unknown: it is passed over with a word, and its name is never given away.
"""

import hashlib
import itertools
import json
import logging
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from dvctt import __version__
from dvctt.clock import now
from dvctt.core.engines import describe_error
from dvctt.core.errors import PublishError
from dvctt.core.files import make_folder, seal, sha256_of, sync_folder, unseal, write_atomically
from dvctt.core.sql import file_literal, literal
from dvctt.landing.zone import Extract, LeftOut
from dvctt.province.model import Province
from dvctt.warehouse.connections import candidate_path
from dvctt.warehouse.definitions import FOLDER as DEFINITIONS
from dvctt.warehouse.definitions import project_digest, write_definitions
from dvctt.warehouse.previous import EARLIER_TABLES, ClosedMonth, Inputs, PreviousPublication, read_closed
from dvctt.warehouse.transform import manifest_of

log = logging.getLogger(__name__)

_BUILDING = ".building"
_CURRENT = "current"
_ROLLBACKS = "rollbacks.jsonl"
_NEWEST = ".newest"
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
"""How the folder of a publication is called; another name is not one of ours, whatever lies in it."""
_FOR_READERS = 0o755
"""Mode of every folder that readers pass: given by name, for the mask of the process that publishes must not decide it."""
RUNBOOK = "docs/runbooks/readers-see-nothing.md"
WAY_BACK = f"look: dvctt publications list; go back: dvctt publications rollback N --reason …; {RUNBOOK}"
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
    manifest_sha256: str = ""

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
class Problem:
    """One thing that is not as the manifest says: a file of the publication, what was found, what was wanted."""

    file: str
    found: str
    wanted: str

    def __str__(self) -> str:
        return f"{self.file}: found {self.found}, wanted {self.wanted}"


@dataclass(frozen=True)
class Standing:
    """What readers have, held against its manifest.

    Attributes:
        number: that of the current publication; None before the first.
        problems: what of it is not as its manifest says; empty when it is whole.
        base: the publication that the next one remembers: the current one, or, if the tables of it that would be read are
            damaged, the newest whole one before it.
    """

    number: int | None = None
    problems: tuple[Problem, ...] = ()
    base: Publication | None = None


@dataclass(frozen=True)
class Work:
    """What a run has to do, derived from what lies on disk: landing minus the last publication's manifest."""

    new_extract_ids: tuple[str, ...]
    changed: tuple[str, ...]
    """What else differs from the last publication: ``province folder``, ``software version``, ``definitions``, ``closed
    months``, ``extracts left out``, ``damaged publication``, or ``no publication yet``.
    """

    def __bool__(self) -> bool:
        return bool(self.new_extract_ids or self.changed)


def pointed(published: Path) -> int | None:
    """The number that ``current`` names, whatever lies there; None when there is no pointer.

    Raises:
        PublishError: it is no link, or leads elsewhere than to a publication of this folder.
    """
    pointer = published / _CURRENT
    if not pointer.is_symlink():
        if not os.path.lexists(pointer):
            return None
        raise PublishError(
            f"{pointer}: found a {'folder' if pointer.is_dir() else 'file'}, wanted a link to a publication; {WAY_BACK}"
        )
    target = os.readlink(pointer).rstrip("/")
    if _NUMBER.fullmatch(target) is None:
        raise PublishError(
            f"{pointer}: leads to {target!r}, wanted the number of a publication in {published}; {WAY_BACK}"
        )
    return int(target)


def current_publication(published: Path) -> Publication | None:
    """The publication that readers see now; None before the first.

    Raises:
        PublishError: the pointer leads nowhere, or the manifest cannot be read.
    """
    number = pointed(published)
    if number is None:
        return None
    folder = published / str(number)
    if not folder.is_dir():
        raise PublishError(
            f"{published / _CURRENT}: leads to publication {number}, which is not there: readers see nothing; {WAY_BACK}"
        )
    return load_publication(folder)


def refuse_damaged(publication: Publication, name: str = "marts.duckdb") -> None:
    """Answer nothing out of a file that is not what it was published as.

    Raises:
        PublishError: the file is gone or is another.
    """
    wanted = publication.manifest["files"].get(name, {}).get("sha256")
    path = publication.folder / name
    found = sha256_of(path) if path.is_file() else "no file"
    if found != wanted:
        raise PublishError(
            f"{path}: not as it was published: found {found}, wanted sha256 {wanted}; look: dvctt publications verify "
            f"{publication.number}; {RUNBOOK}"
        )


def answer_problems(publication: Publication) -> list[str]:
    """Which of the files that a figure is read from and rebuilt by are not what the publication's manifest says, in words."""
    return [
        f"{publication.folder / problem.file}: changed since it was published: found {problem.found}, wanted {problem.wanted}"
        for problem in file_problems(publication)
        if problem.file == "marts.duckdb" or problem.file.startswith(f"{DEFINITIONS}/")
    ]


def load_publication(folder: Path) -> Publication:
    """One publication, current or not.

    Raises:
        PublishError: its manifest cannot be read, was changed after it was written, or is that of another number.
    """
    path = folder / "manifest.json"
    try:
        content = path.read_bytes()
        manifest = unseal(content)
        number = int(manifest["number"])
        if not isinstance(manifest["files"], dict) or not isinstance(manifest["extracts"], list):
            raise ValueError("wanted an object 'files' and a list 'extracts'")
        if folder.name != str(number):
            raise ValueError(f"it is that of publication {number}")
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = f"no key {error}" if isinstance(error, KeyError) else str(error)
        raise PublishError(f"{path}: not a publication's manifest: {reason}; restore {folder} from backup") from error
    return Publication(number, folder, manifest, hashlib.sha256(content).hexdigest())


def on_disk(published: Path) -> tuple[list[Publication], dict[int, str]]:
    """Publications whose manifests can be read, oldest first; and of every other folder with a number for a name why not."""
    found, unreadable = [], {}
    for number in sorted(_taken(published)):
        try:
            found.append(load_publication(published / str(number)))
        except PublishError as error:
            unreadable[number] = str(error)
    return found, unreadable


def _taken(published: Path) -> set[int]:
    """Every number that a name in this folder is, a publication's or of something unknown."""
    if not published.is_dir():
        return set()
    return {int(path.name) for path in published.iterdir() if _NUMBER.fullmatch(path.name)}


def file_problems(publication: Publication) -> Iterator[Problem]:
    """Hold every file of a publication against its manifest: presence, size, sha256."""
    listed = publication.manifest["files"]
    present = {
        str(path.relative_to(publication.folder))
        for path in publication.folder.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    for name in sorted(present - listed.keys()):
        yield Problem(name, "a file that the manifest does not list", "no such file")
    for name, wanted in sorted(listed.items()):
        path = publication.folder / name
        try:
            if not path.is_file():
                yield Problem(name, "no file", f"{wanted['bytes']} bytes")
            elif path.stat().st_size != wanted["bytes"]:
                yield Problem(name, f"{path.stat().st_size} bytes", f"{wanted['bytes']} bytes")
            elif (found := sha256_of(path)) != wanted["sha256"]:
                yield Problem(name, f"sha256 {found}", f"sha256 {wanted['sha256']}")
        except OSError as error:
            yield Problem(name, f"cannot be read: {error.strerror}", f"{wanted['bytes']} bytes")


def standing(published: Path) -> Standing:
    """Hold what readers have against its manifest, every file of it.

    Raises:
        PublishError: the pointer leads nowhere; or what the next publication must remember is damaged, and no older
            publication is whole.
    """
    clock = time.monotonic()
    number = pointed(published)
    if number is None:
        return Standing()
    if not (published / str(number)).is_dir():
        current_publication(published)
    try:
        current = load_publication(published / str(number))
        problems = list(file_problems(current))
        if not current.manifest["files"]:
            problems.append(Problem("manifest.json", "no file listed", "every file of the publication"))
    except PublishError as error:
        damage = Problem("manifest.json", str(error), "the manifest as it was written")
        return Standing(number, (damage,), _whole_before(published, number))
    size = sum(entry["bytes"] for entry in current.manifest["files"].values())
    log.info(
        "publication %d: %d files, %d bytes held against its manifest, %d problems, %.1f s",
        number, len(current.manifest["files"]), size, len(problems), time.monotonic() - clock,
    )  # fmt: skip
    remembered = {f"parquet/{table}.parquet" for table, _ in EARLIER_TABLES.values()}
    if remembered & {problem.file for problem in problems}:
        return Standing(number, tuple(problems), _whole_before(published, number))
    return Standing(number, tuple(problems), current)


def _whole_before(published: Path, number: int) -> Publication:
    for publication in reversed(on_disk(published)[0]):
        if publication.number < number and not any(file_problems(publication)):
            return publication
    raise PublishError(
        f"{published / str(number)}: damaged, and no publication before it is whole, so that nobody could say which figures "
        f"have changed since; restore it from backup; look: dvctt publications verify {number}; {RUNBOOK}"
    )


def work_to_do(
    published: Path,
    extracts: Sequence[Extract],
    province: Province,
    closed: Sequence[ClosedMonth] = (),
    left_out: Sequence[LeftOut] = (),
    *,
    now_standing: Standing | None = None,
) -> Work:
    """What landing, the province folder, the definitions, the closed months and the ledgers of landed files hold that the
    current publication does not.

    Args:
        now_standing: what :func:`standing` found; without it, the current publication is taken for whole.
    """
    current = now_standing.base if now_standing else current_publication(published)
    out = {one.extract_id: one.why for one in left_out}
    extracts = [extract for extract in extracts if extract.extract_id not in out]
    if current is None:
        return Work(tuple(extract.extract_id for extract in extracts), ("no publication yet",))
    listed = {extract["extract_id"] for extract in current.manifest["extracts"]}
    changed = ["damaged publication"] if now_standing and now_standing.problems else []
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


def left_out_of(publication: Publication) -> dict[str, str]:
    """Ids of the landed extracts that a publication was made without, each with the reason in one word; none in one of a
    version that left none out.
    """
    return {str(entry["extract_id"]): str(entry["why"]) for entry in publication.manifest.get("left_out", [])}


def next_inputs(published: Path, province: Province) -> Inputs:
    """What the next publication is made with."""
    return Inputs(next_number(published), __version__, project_digest(), province.digest)


def previous_publication(
    published: Path, closings: Path, base: Publication | None = None
) -> PreviousPublication | None:
    """The current publication, or the one that is given, as the next one must remember it; None before the first.

    Raises:
        PublishError: the publication, or a closing that it names, cannot be read.
    """
    remembered = base or current_publication(published)
    return None if remembered is None else as_previous(remembered, closings)


def as_previous(publication: Publication, closings: Path) -> PreviousPublication:
    """A publication as one that came after it remembers it.

    Args:
        closings: folder of the closed months.

    Raises:
        PublishError: a table that its manifest lists is gone or changed, or a closing that it names cannot be read. An older
            version may not have published a table; one that is lost would look the same and make every record a late one.
    """
    manifest = publication.manifest
    for table, _ in EARLIER_TABLES.values():
        name = f"parquet/{table}.parquet"
        path = publication.folder / name
        found = sha256_of(path) if path.is_file() else None
        if name in manifest["files"] and found != manifest["files"][name]["sha256"]:
            what = (
                "gone, but the manifest lists it"
                if found is None
                else f"changed since it was published: sha256 {found}"
            )
            raise PublishError(
                f"{path}: {what}; restore it from backup, or go back to a whole one: dvctt publications rollback; "
                f"look: dvctt publications verify {publication.number}"
            )
    return PreviousPublication(
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
    """Bring ``published`` to rest after a killed run: throw away what was being built, finish a switch that was begun.

    Readers are switched only to a publication that is whole and follows the one that they see, and that they have never seen
    before: a person may have taken it back. What is passed over is told.

    Raises:
        PublishError: the pointer leads nowhere, or is lost although there are publications. Which of them readers should see
            is for a person to say.
    """
    make_folder(published, _FOR_READERS)
    building = building_folder(published)
    if os.path.lexists(building):
        shutil.rmtree(building)
    _mend_rollbacks(published)
    number = pointed(published)
    if number is not None and not (published / str(number)).is_dir():
        current_publication(published)
    publications, unreadable = on_disk(published)
    for unknown, why in unreadable.items():
        if unknown != number:
            log.warning("%s is passed over: %s", published / str(unknown), why)
    seen = _highest_seen(published)
    for publication in publications:
        if publication.number <= seen:
            continue
        why_not = _why_not(published, publication, number, seen)
        if why_not is None:
            log.warning(
                "publication %d was complete but not current: a run was killed; switching to it", publication.number
            )
            _switch(published, publication.number)
            number = seen = publication.number
        else:
            log.warning("publication %d is passed over: %s; readers stay on %s", publication.number, why_not, number)
    if number is None and publications:
        raise PublishError(
            f"{published / _CURRENT}: no pointer, although there are publications "
            f"({', '.join(str(publication.number) for publication in publications)}): readers see nothing; {WAY_BACK}"
        )


def _why_not(published: Path, publication: Publication, number: int | None, seen: int) -> str | None:
    """Why recovery must not point readers to this publication; None when it may."""
    manifest = publication.manifest
    if "previous" in manifest:
        previous = manifest["previous"]
        follows = (previous or {}).get("number") == number
        if follows and previous and previous["manifest_sha256"] != _manifest_sha256(published, number):
            return f"it was made after another publication {number} than the one that is there"
    else:
        follows = publication.number == max(number or 0, seen) + 1
    if not follows:
        return f"it does not follow publication {number}, which readers see"
    if not manifest["files"]:
        return "its manifest lists no file"
    if problem := next(file_problems(publication), None):
        return f"it is not what its manifest says: {problem}"
    return None


def _manifest_sha256(published: Path, number: int | None) -> str | None:
    path = published / str(number) / "manifest.json"
    return sha256_of(path) if path.is_file() else None


def roll_back(published: Path, target: Publication, *, reason: str) -> int | None:
    """Point readers to an older publication, in the same atomic step, and keep who it was taken from and why; the number
    that they saw before, None when nobody can tell.

    The line is written first: a kill between the two leaves a reason without a switch, never a switch without a reason.
    Whatever ``current`` is, it may be broken: this is the way back. What is no link is set aside, not removed.
    """
    try:
        before = pointed(published)
    except PublishError as error:
        log.warning("%s", error)
        before = None
    _mend_rollbacks(published)
    # What was complete then, and whatever readers have seen, must not come back by itself.
    newest = max([publication.number for publication in on_disk(published)[0]], default=target.number)
    _note_newest(published, max(newest, before or 0, _highest_seen(published)))
    event = {"event": "rollback", "from": before, "to": target.number, "reason": reason, "at": now().isoformat()}
    _append_event(published, {**event, "newest": newest})
    pointer = published / _CURRENT
    if os.path.lexists(pointer) and not pointer.is_symlink():
        aside = _free(published, f"{_CURRENT}.aside")
        os.rename(pointer, aside)
        log.warning("%s was no link and lies at %s now", pointer, aside)
    _switch(published, target.number)
    log.warning("rolled back from publication %s to %d: %s", before, target.number, reason)
    return before


def _free(published: Path, stem: str, suffix: str = "") -> Path:
    """A name that nothing here has, for what is set aside."""
    names = (published / f"{stem}-{number}{suffix}" for number in itertools.count(1))
    return next(path for path in names if not os.path.lexists(path))


def _append_event(published: Path, event: Mapping[str, Any]) -> None:
    path = published / _ROLLBACKS
    earlier = path.read_text(encoding="utf-8") if path.is_file() else ""
    write_atomically(path, earlier + seal(event, indent=None))


def rollbacks(published: Path) -> list[dict[str, Any]]:
    """Every rollback of this home, oldest first, as far as the record can be read."""
    return [event for event in _events(published)[0] if event.get("event") == "rollback"]


def _events(published: Path) -> tuple[list[dict[str, Any]], int]:
    """The lines of the record of rollbacks that can be read, and how many cannot."""
    path = published / _ROLLBACKS
    if not path.is_file():
        return [], 0
    content = path.read_bytes()
    events, lost = [], 0 if content.endswith(b"\n") else 1
    for line in content.removesuffix(b"\n").split(b"\n"):
        try:
            event = unseal(line + b"\n")
            for key in ("from", "newest"):
                int(event.get(key) or 0)
            events.append(event)
        except (ValueError, TypeError):
            lost += 1
    return events, lost


def _mend_rollbacks(published: Path) -> None:
    """Set a damaged record of rollbacks aside and go on with the lines that can be read. Which publication a lost line took
    back is not known, so none that stands here now may become current by itself.
    """
    events, lost = _events(published)
    if not lost:
        return
    path = published / _ROLLBACKS
    aside = _free(published, "rollbacks.damaged", ".jsonl")
    log.warning(
        "%s: damaged, %d lines can be read; it lies at %s now; restore the lines that are missing from backup",
        path, len(events), aside,
    )  # fmt: skip
    shutil.copyfile(path, aside)
    newest = max([*_taken(published), *(int(event.get("newest") or event.get("from") or 0) for event in events), 0])
    text = "".join(seal(event, indent=None) for event in events)
    note = {"event": "set_aside", "file": aside.name, "newest": newest, "at": now().isoformat()}
    write_atomically(path, text + seal(note, indent=None))


def _highest_seen(published: Path) -> int:
    """The highest number that readers have seen or that a person has taken back; 0 before the first."""
    try:
        number = pointed(published) or 0
    except PublishError:
        number = 0
    taken_back = (int(event.get("newest") or event.get("from") or 0) for event in _events(published)[0])
    return max([number, _noted_newest(published), *taken_back])


def _noted_newest(published: Path) -> int:
    path = published / _NEWEST
    text = path.read_bytes().strip() if path.is_file() else b"0"
    if not re.fullmatch(rb"0|[1-9][0-9]{0,8}", text):
        log.warning("%s: damaged; derived again from the pointer and the record of rollbacks", path)
        return 0
    return int(text)


def _note_newest(published: Path, number: int) -> None:
    write_atomically(published / _NEWEST, f"{number}\n")


def published_runs(published: Path) -> set[str]:
    """The runs that led to a publication: those that readers have seen, the ones that retention removed among them.

    A run that was killed while it sealed its publication, or before it switched readers to it, has not led to one.
    """
    seen = _highest_seen(published)
    publications, unreadable = on_disk(published)
    for number, why in unreadable.items():
        log.warning("%d: the run of this publication is left out of the history: %s", number, why)
    runs = {str(publication.manifest.get("run_id")) for publication in publications if publication.number <= seen}
    for path in sorted((published / REMOVED).glob("*.json")):
        try:
            runs.add(str(unseal(path.read_bytes())["run_id"]))
        except (OSError, ValueError, KeyError) as error:
            log.warning("%s: not a publication's manifest, its run is left out of the history: %s", path, error)
    return runs


def next_number(published: Path) -> int:
    """One more than the highest number that a publication here has or had; a number is never given twice, and neither is the
    name of something unknown.
    """
    if not published.is_dir():
        return 1
    gone = [path.stem for path in (published / REMOVED).glob("*.json")]
    going = [path.name.removeprefix(REMOVING) for path in published.glob(f"{REMOVING}*")]
    had = [int(name) for name in (*gone, *going) if _NUMBER.fullmatch(name)]
    number = max([*(publication.number for publication in on_disk(published)[0]), *had, _highest_seen(published)]) + 1
    taken = _taken(published)
    while number in taken:
        number += 1
    return number


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
    make_folder(building, _FOR_READERS)
    (building / "parquet").mkdir()
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
                raise PublishError(
                    f"table {node['name']}: cannot be published from the candidate: {describe_error(error)}"
                ) from None
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
    landing: Path,
    extracts: Sequence[Extract],
    closed: Sequence[ClosedMonth] = (),
    left_out: Sequence[LeftOut] = (),
    closings: Mapping[str, Any] | None = None,
    ledgers: Mapping[str, Any] | None = None,
    run_id: str,
    month: str | None,
) -> Publication:
    """Seal what was assembled and make it current.

    Args:
        landing: where the extracts lie: the manifest keeps the sha256 of each one's own manifest and Parquet file.
        extracts: those that it was made of, without those that were left out.
        left_out: those that had landed and that it was made without.
        closings: hashes of what was ever closed, so that the next night can tell that some of it was changed or is gone.
        ledgers: length and hash of what people had decided, for the same.

    Raises:
        PublishError: a publication with this number exists, or a file of the assembled folder is gone.
    """
    target = published / str(number)
    if os.path.lexists(target):
        raise PublishError(f"{target}: exists; a publication is never written twice: dvctt run again")
    verdict = json.loads((building / "verdict.json").read_text(encoding="utf-8"))
    if verdict["verdict"] != "passed":
        raise PublishError(f"{building / 'verdict.json'}: verdict {verdict['verdict']!r}; only 'passed' is published")
    files = sorted(path for path in building.rglob("*") if path.is_file())
    before = pointed(published)
    manifest = {
        "number": number,
        "previous": before and {"number": before, "manifest_sha256": _manifest_sha256(published, before)},
        "province": province.name_vi,
        "province_digest": province.digest,
        "software_version": __version__,
        "definitions": project_digest(),
        "closed_months": _revisions(closed),
        "closings": dict(closings or {}),
        "ledgers": dict(ledgers or {}),
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
                "parquet_sha256": e.parquet_sha256 or sha256_of(e.parquet(landing)),
                "manifest_sha256": sha256_of(e.manifest(landing)),
            }
            for e in extracts
        ],
        "left_out": [asdict(one) for one in left_out],
        "row_counts": _row_counts(building / "marts.duckdb"),
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
            path.chmod(_FOR_READERS)
            sync_folder(path)
    os.rename(building, target)
    sync_folder(published)
    _switch(published, number)
    log.info("publication %d is current: %d files", number, len(files) + 1)
    _say_who_is_shut_out(published)
    return load_publication(target)


def _say_who_is_shut_out(published: Path) -> None:
    for folder in (published.parent, published):
        if not folder.stat().st_mode & 0o011:
            log.warning(
                "%s: mode %o: nobody but its owner can reach the publications; wanted readers to pass: chmod a+x %s",
                folder, folder.stat().st_mode & 0o777, folder,
            )  # fmt: skip


def _switch(published: Path, number: int) -> None:
    """The one atomic step: a new symbolic link, renamed over the old one."""
    fresh = published / f".{_CURRENT}.new"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(str(number), target_is_directory=True)
    os.replace(fresh, published / _CURRENT)
    sync_folder(published)
    if number > _noted_newest(published):
        _note_newest(published, number)


def _row_counts(marts: Path) -> dict[str, int]:
    with duckdb.connect(str(marts), read_only=True) as connection:
        names = [row[0] for row in connection.execute("select table_name from duckdb_tables() order by 1").fetchall()]
        counts = {}
        for name in names:
            counted = connection.execute(f"select count(*) from {name}").fetchone()
            counts[name] = int(counted[0]) if counted else 0
    return counts
