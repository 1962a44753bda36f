"""The pointer that readers follow: the one atomic step, the way back, and bringing both to rest after a killed run.

Beside the publications lie ``current``, ``rollbacks.jsonl`` and ``.newest``: the highest number that readers have seen.
Whatever else lies there is unknown: it is passed over with a word, and its name is never given away.
"""

import itertools
import logging
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dvctt.clock import now
from dvctt.core.errors import PublishError
from dvctt.core.files import make_folder, seal, sync_folder, unseal, write_atomically
from dvctt.publications.reading import (
    CURRENT,
    FOR_READERS,
    NUMBER,
    REMOVED,
    REMOVING,
    WAY_BACK,
    Publication,
    building_folder,
    current_publication,
    file_problems,
    on_disk,
    pointed,
    sha256_of_manifest,
    taken_numbers,
)

log = logging.getLogger(__name__)

_ROLLBACKS = "rollbacks.jsonl"
_NEWEST = ".newest"


def recover(published: Path) -> None:
    """Bring ``published`` to rest after a killed run: throw away what was being built, finish a switch that was begun.

    Readers are switched only to a publication that is whole and follows the one that they see, and that they have never seen
    before: a person may have taken it back. What is passed over is told.

    Raises:
        PublishError: the pointer leads nowhere, or is lost although there are publications. Which of them readers should see
            is for a person to say.
    """
    make_folder(published, FOR_READERS)
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
    seen = highest_seen(published)
    for publication in publications:
        if publication.number <= seen:
            continue
        why_not = _why_not(published, publication, number, seen)
        if why_not is None:
            log.warning(
                "publication %d was complete but not current: a run was killed; switching to it", publication.number
            )
            switch(published, publication.number)
            number = seen = publication.number
        else:
            log.warning("publication %d is passed over: %s; readers stay on %s", publication.number, why_not, number)
    if number is None and publications:
        raise PublishError(
            f"{published / CURRENT}: no pointer, although there are publications "
            f"({', '.join(str(publication.number) for publication in publications)}): readers see nothing; {WAY_BACK}"
        )


def _why_not(published: Path, publication: Publication, number: int | None, seen: int) -> str | None:
    """Why recovery must not point readers to this publication; None when it may."""
    manifest = publication.manifest
    if "previous" in manifest:
        previous = manifest["previous"]
        follows = (previous or {}).get("number") == number
        if follows and previous and previous["manifest_sha256"] != sha256_of_manifest(published, number):
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
    _note_newest(published, max(newest, before or 0, highest_seen(published)))
    event = {"event": "rollback", "from": before, "to": target.number, "reason": reason, "at": now().isoformat()}
    _append_event(published, {**event, "newest": newest})
    pointer = published / CURRENT
    if os.path.lexists(pointer) and not pointer.is_symlink():
        aside = _free(published, f"{CURRENT}.aside")
        os.rename(pointer, aside)
        log.warning("%s was no link and lies at %s now", pointer, aside)
    switch(published, target.number)
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
        path,
        len(events),
        aside,
    )
    shutil.copyfile(path, aside)
    newest = max(
        [*taken_numbers(published), *(int(event.get("newest") or event.get("from") or 0) for event in events), 0]
    )
    text = "".join(seal(event, indent=None) for event in events)
    note = {"event": "set_aside", "file": aside.name, "newest": newest, "at": now().isoformat()}
    write_atomically(path, text + seal(note, indent=None))


def highest_seen(published: Path) -> int:
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


def next_number(published: Path) -> int:
    """One more than the highest number that a publication here has or had; a number is never given twice, and neither is the
    name of something unknown.
    """
    if not published.is_dir():
        return 1
    gone = [path.stem for path in (published / REMOVED).glob("*.json")]
    going = [path.name.removeprefix(REMOVING) for path in published.glob(f"{REMOVING}*")]
    had = [int(name) for name in (*gone, *going) if NUMBER.fullmatch(name)]
    number = max([*(publication.number for publication in on_disk(published)[0]), *had, highest_seen(published)]) + 1
    taken = taken_numbers(published)
    while number in taken:
        number += 1
    return number


def switch(published: Path, number: int) -> None:
    """The one atomic step: a new symbolic link, renamed over the old one."""
    fresh = published / f".{CURRENT}.new"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(str(number), target_is_directory=True)
    os.replace(fresh, published / CURRENT)
    sync_folder(published)
    if number > _noted_newest(published):
        _note_newest(published, number)
