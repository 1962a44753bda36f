"""Which publications stay and which go, and the going itself: one rename, then deletion; the manifest stays for ever.

The rule is data, ``retention`` in province.yml. Layout, beside the publications::

    .removing-<n>      publication n on its way out; no reader looks there
    removed/<n>.json   its manifest, with when it was removed and why

What each publication's fate is stands in :func:`plan`, which reads nothing; who is reading stands in :func:`find_readers`.
Nothing here moves the pointer, writes into a publication or reads the clock: the caller says what time it is.
"""

import fcntl
import logging
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from dvctt.core.errors import DvcttError, PublishError
from dvctt.core.files import make_folder, seal, sync_folder, unseal, write_atomically
from dvctt.province.model import Retention
from dvctt.publications.readers import Readers, find_readers
from dvctt.publications.reading import REMOVED, REMOVING, Publication, current_publication, load_publication, on_disk
from dvctt.warehouse.previous import read_closed

log = logging.getLogger(__name__)

_NOBODY: Mapping[int, str] = MappingProxyType({})


@dataclass(frozen=True)
class Decision:
    """What becomes of one publication, and why, in words. ``failed``: it was to go, and could not be removed."""

    number: int
    keep: bool
    why: str
    failed: bool = False


@dataclass(frozen=True)
class Removed:
    """A publication that is no longer on disk: its manifest as it was, when it was removed and why."""

    number: int
    manifest: dict[str, Any]
    at: str
    why: str


def plan(
    publications: Sequence[Publication],
    closing: Set[int],
    current: int | None,
    at: datetime,
    rules: Retention,
    readers: Mapping[int, str] = _NOBODY,
) -> list[Decision]:
    """Decide the fate of every publication; pure, in the order of their numbers.

    Args:
        closing: numbers that a month's closing names; kept for ever.
        current: the number that readers see; None before the first.
        at: the present moment, with its zone.
        readers: numbers that somebody is reading, with who.
    """
    numbers = sorted(publication.number for publication in publications)
    newest = set(numbers[-rules.keep_at_least :])
    return [
        _decide(publication, closing, current, newest, at, rules, readers)
        for publication in sorted(publications, key=lambda publication: publication.number)
    ]


def _decide(
    publication: Publication,
    closing: Set[int],
    current: int | None,
    newest: Set[int],
    at: datetime,
    rules: Retention,
    readers: Mapping[int, str],
) -> Decision:
    number, manifest = publication.number, publication.manifest
    if number == current:
        return Decision(number, True, "current: readers see it")
    if number in closing:
        return Decision(number, True, "closes a month: kept for ever")
    if number in newest:
        return Decision(number, True, f"among the newest {rules.keep_at_least}")
    try:
        published_at = datetime.fromisoformat(manifest["published_at"])
        age = at - published_at
    except (KeyError, TypeError, ValueError):
        return Decision(number, True, f"its manifest gives no moment: published_at {manifest.get('published_at')!r}")
    if age < timedelta(days=rules.nightly_days):
        return Decision(number, True, f"younger than {rules.nightly_days} days: published {published_at:%Y-%m-%d}")
    if number in readers:
        return Decision(number, True, f"a reader is on it: {readers[number]}")
    return Decision(number, False, f"older than {rules.nightly_days} days: published {published_at:%Y-%m-%d}")


def judgeable(published: Path) -> tuple[list[Publication], list[Decision]]:
    """Publications whose folders are there, oldest first; and those whose manifest cannot be read, which are kept."""
    found, unreadable = on_disk(published)
    return found, [Decision(number, True, f"cannot be judged: {why}") for number, why in unreadable.items()]


def removed(published: Path) -> list[Removed]:
    """Every publication that was removed, oldest first. One whose folder is there is not removed, whatever is noted: its
    removal was begun and not committed, or it was restored from a backup. A note that cannot be read says so in its ``why``.
    """
    notes = [path for path in (published / REMOVED).glob("*.json") if path.stem.isdecimal()]
    found = []
    for path in sorted(notes, key=lambda path: int(path.stem)):
        if (published / path.stem).is_dir():
            continue
        try:
            manifest = unseal(path.read_bytes())
            note = manifest.pop("removed")
            found.append(Removed(int(path.stem), manifest, note["at"], note["why"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            why = f"{path}: not the note of a removed publication: {error}; restore it from backup"
            found.append(Removed(int(path.stem), {}, "unknown", why))
    return found


def closing_numbers(closed: Path) -> set[int]:
    """The publications that the closings under ``closed`` name, those of every revision.

    Raises:
        PublishError: a closing cannot be read; without it nobody knows what must stay.
    """
    return {read_closed(path.parent).publication for path in closed.glob("*/*/manifest.json")}


def decide(published: Path, rules: Retention, *, closing: Set[int], at: datetime) -> tuple[list[Decision], Readers]:
    """What :func:`prune` would do now, and whom it looked at; changes nothing.

    Raises:
        PublishError: the pointer leads nowhere, so what readers see is not known.
    """
    if not published.is_dir():
        return [], Readers({})
    current = current_publication(published)
    publications, unreadable = judgeable(published)
    readers = find_readers({publication.number: publication.folder for publication in publications})
    decisions = plan(publications, closing, current.number if current else None, at, rules, readers.of)
    return sorted([*decisions, *unreadable], key=lambda decision: decision.number), readers


def prune(published: Path, rules: Retention, *, closing: Set[int], at: datetime) -> tuple[list[Decision], Readers]:
    """Remove what the rule lets go, and finish removals that were killed half-way; what was done, and who was looked at.

    One that cannot be removed is logged, told as ``failed``, and tried again by the next call.

    Raises:
        PublishError: the pointer leads nowhere; nothing is removed then.
    """
    if not published.is_dir():
        return [], Readers({})
    with lock(published):
        _finish(published)
        decisions, readers = decide(published, rules, closing=closing, at=at)
        done = [d if d.keep else _remove(published, d, at) for d in decisions]
    gone = [decision for decision in done if not decision.keep]
    log.info(
        "retention: %d publications kept, %d removed%s; %d processes of other users could not be looked at",
        len(done) - len(gone),
        len(gone),
        "".join(f", {d.number} ({d.why})" for d in gone),
        readers.unseen,
    )
    return done, readers


def apply(published: Path, rules: Retention, *, closed: Path, at: datetime) -> list[Decision]:
    """:func:`prune` for the end of a night: what goes wrong is logged and stops nothing, for the figures are out already.

    Args:
        closed: folder of the closed months, whose publications stay.
    """
    try:
        return prune(published, rules, closing=closing_numbers(closed), at=at)[0]
    except (DvcttError, OSError):
        log.exception("retention did not run; look: dvctt publications prune --dry-run")
        return []


@contextmanager
def lock(published: Path) -> Iterator[None]:
    """One at a time removes publications or moves the pointer back to an old one; waits for the other, for it is short."""
    with (published / ".retention.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _finish(published: Path) -> None:
    for doomed in sorted(published.glob(f"{REMOVING}*")):
        if not doomed.name.removeprefix(REMOVING).isdecimal():
            log.warning("%s: no number of a publication; left alone", doomed)
            continue
        number = int(doomed.name.removeprefix(REMOVING))
        if reader := find_readers({number: doomed}).of.get(number):
            log.warning("publication %d: its removal waits: a reader is on it: %s", number, reader)
            continue
        log.warning("publication %d: its removal was killed half-way; finishing it", number)
        _delete(doomed)


def _remove(published: Path, decision: Decision, at: datetime) -> Decision:
    """Note it, rename it, look for readers once more, delete it. A kill before the rename leaves a publication and a note
    that nobody heeds; a kill after it leaves what :func:`_finish` deletes.
    """
    folder = published / str(decision.number)
    doomed = published / f"{REMOVING}{decision.number}"
    try:
        _note(published, load_publication(folder), decision, at)
        os.rename(folder, doomed)
        sync_folder(published)
        if reader := find_readers({decision.number: doomed}).of.get(decision.number):
            os.rename(doomed, folder)
            sync_folder(published)
            return Decision(decision.number, True, f"a reader came on it: {reader}")
    except (OSError, PublishError) as error:
        log.exception("publication %d could not be removed", decision.number)
        return replace(decision, keep=True, failed=True, why=f"to be removed, but: {error}")
    return decision if _delete(doomed) else replace(decision, failed=True)


def _note(published: Path, publication: Publication, decision: Decision, at: datetime) -> None:
    make_folder(published / REMOVED, 0o755)
    note = {**publication.manifest, "removed": {"at": at.isoformat(), "why": decision.why}}
    path = published / REMOVED / f"{publication.number}.json"
    write_atomically(path, seal(note))
    path.chmod(0o444)


def _delete(doomed: Path) -> bool:
    try:
        shutil.rmtree(doomed)
    except OSError:
        log.exception("%s: cannot be deleted whole; the next call tries again", doomed)
        return False
    return True
