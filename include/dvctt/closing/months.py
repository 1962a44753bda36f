"""Which months are closed, in which revision, and what was opened again; every file is held against its hash."""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dvctt.clock import now
from dvctt.core.errors import CloseRefused, ClosingError
from dvctt.core.files import seal, sha256_of, unseal, write_atomically
from dvctt.core.ledger import person_name, stated_reason
from dvctt.core.period import Month
from dvctt.warehouse.previous import ClosedMonth, Revision, read_closed

log = logging.getLogger(__name__)

FIGURES = "figures.csv"


_EVENTS = "events.jsonl"


def closed_now(closed: Path) -> list[ClosedMonth]:
    """The newest revision of every month that is closed, in the order of the months, each file held against its hash.

    Raises:
        PublishError: the manifest of a revision cannot be read.
        ClosingError: a file of a revision in force is not what its manifest says.
    """
    in_force = []
    for month in _months(closed):
        newest = revisions_of_month(closed / month)[-1:]
        if newest and newest[0].reopened_at is None:
            verify_files(newest[0].closed.folder)
            in_force.append(newest[0].closed)
    return in_force


def hashes(closed: Path) -> dict[str, Any]:
    """What was ever closed, for the manifest of a publication: sha256 of every revision's manifest, and of the record of what
    was opened again. :func:`verify_all` holds a home against it.
    """
    found: dict[str, Any] = {}
    for month in _months(closed):
        for revision in revisions_of_month(closed / month):
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
        verify_files(revision.closed.folder)
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
    return [revision for month in _months(closed) for revision in revisions_of_month(closed / month)]


def _months(closed: Path) -> list[str]:
    return sorted(folder.name for folder in closed.glob("????-??") if folder.is_dir())


def revisions_of_month(folder: Path) -> list[Revision]:
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


def verify_files(folder: Path, names: Sequence[str] | None = None) -> None:
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
    if names is None and (unknown := sorted(present - listed.keys())):
        raise ClosingError(
            f"{folder / unknown[0]}: not listed in its manifest; a closed month holds what was closed and nothing else: "
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
    known = revisions_of_month(folder) if folder.is_dir() else []
    if not known or known[-1].reopened_at is not None:
        raise CloseRefused(f"{month} is not closed: nothing to open again; look: dvctt status --month {month}")
    last = known[-1].closed
    at = now().isoformat()
    event = {"event": "reopened", "revision": last.revision, "by": person, "reason": why, "at": at}
    path = folder / _EVENTS
    earlier = path.read_text(encoding="utf-8") if path.is_file() else ""
    write_atomically(path, earlier + seal(event, indent=None))
    log.info("%s opened again by %s: %s; revision %d stays as it is", month, person, why, last.revision)
    return Revision(last, at, person, why)


def read_figures(closed: Path, month: Month, revision: int | None) -> bytes:
    """The figures of one closed revision, byte for byte as they were frozen; the newest one if none is given.

    Raises:
        ClosingError: the month was never closed, has no such revision, or the file is not what its manifest says.
    """
    folder = closed / str(month)
    known = [found.closed.revision for found in revisions_of_month(folder)] if folder.is_dir() else []
    if not known:
        raise ClosingError(f"{closed}: {month} was never closed; closed were: {', '.join(_months(closed)) or 'none'}")
    wanted = known[-1] if revision is None else revision
    if wanted not in known:
        raise ClosingError(f"{folder}: no revision {wanted}; there are: {', '.join(map(str, known))}")
    verify_files(folder / str(wanted), [FIGURES])
    return (folder / str(wanted) / FIGURES).read_bytes()
