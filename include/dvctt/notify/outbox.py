"""What is to be told, kept on disk until everybody who is to hear it has.

One file an alert, one delivery a channel and recipient, each with its own state; how the file is written, read, locked and
removed lives here. What an alert says and how it leaves the machine does not: that is ``dvctt.notify.alerts``. An entry is on
disk before its first try, so a process that dies in between loses nothing; a delivery that took place and could not be written
down is made again, under the same id.
"""

import fcntl
import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from dvctt.core.files import write_atomically

log = logging.getLogger(__name__)

FOLDER = "outbox"
DAMAGED = ".damaged"
WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360))
"""How long a delivery that failed is left alone, by how often it has; the last one from then on. A run that begins does not
wait: nights are further apart than any of them.
"""
_PATIENCE_SECONDS = 60
"""Longer than a channel's own time limits, so that a process that tells is waited for."""


@dataclass
class Delivery:
    """One alert on its way to one recipient of one channel; ``reason`` is why it did not arrive the last time."""

    channel: str
    recipient: str
    delivered_at: str | None = None
    attempts: int = 0
    next_try_at: str | None = None
    reason: str | None = None

    def is_due(self, at: datetime) -> bool:
        return self.delivered_at is None and (
            self.next_try_at is None or datetime.fromisoformat(self.next_try_at) <= at
        )

    def succeeded(self, at: datetime) -> None:
        self.attempts += 1
        self.delivered_at, self.next_try_at, self.reason = at.isoformat(), None, None

    def failed(self, at: datetime, reason: str) -> None:
        self.next_try_at = (at + WAITS[min(self.attempts, len(WAITS) - 1)]).isoformat()
        self.attempts += 1
        self.reason = reason


@dataclass
class Entry:
    """One alert: what it says, as data of ``dvctt.notify.alerts``, and whom it has reached."""

    entry_id: str
    made_at: str
    subject_vi: str
    alert: dict[str, Any]
    deliveries: list[Delivery] = field(default_factory=list)

    @property
    def waiting(self) -> list[Delivery]:
        return [delivery for delivery in self.deliveries if delivery.delivered_at is None]


def free_id(folder: Path, at: datetime) -> str:
    """A name for an entry that is made now: the moment, the process, and how many it has made in that second."""
    base = f"{at:%Y%m%dT%H%M%S}-{os.getpid()}"
    return next(name for number in count(1) if not _path(folder, name := f"{base}-{number}").exists())


def put(folder: Path, entry: Entry) -> bool:
    """Write a new entry; False if one of its id is there, which is then left as it is.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if _path(folder, entry.entry_id).exists():
        return False
    save(folder, entry)
    return True


def save(folder: Path, entry: Entry) -> None:
    """Write an entry over what is there, whole or not at all; for its owner's eyes, because it holds addresses."""
    write_atomically(
        _path(folder, entry.entry_id), json.dumps(asdict(entry), ensure_ascii=False, indent=2) + "\n", mode=0o600
    )


def entries(folder: Path) -> tuple[list[Entry], list[Path]]:
    """All entries, the oldest first, and the files that are none."""
    found, damaged = [], []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(_read(path))
        except (OSError, ValueError, TypeError, KeyError):
            damaged.append(path)
    found.sort(key=lambda entry: (datetime.fromisoformat(entry.made_at), entry.entry_id))
    return found, damaged


def set_aside(path: Path) -> Path:
    """Move a file that is no entry out of the way of those that are; where it lies now."""
    aside = path.with_name(path.name + DAMAGED)
    os.replace(path, aside)
    return aside


def prune(folder: Path, *, before: datetime) -> list[Entry]:
    """Remove the entries that were made before a moment, and what was set aside before it; the removed ones."""
    removed = []
    for entry in entries(folder)[0]:
        if datetime.fromisoformat(entry.made_at) < before:
            _path(folder, entry.entry_id).unlink()
            removed.append(entry)
    for path in folder.glob(f"*{DAMAGED}"):
        if path.stat().st_mtime < before.timestamp():
            path.unlink()
    return removed


@contextmanager
def locked(folder: Path) -> Iterator[bool]:
    """Hold the outbox, so that no delivery is made by two; False when another process holds it all the time."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    yield False
                    return
                time.sleep(0.2)
            else:
                yield True
                return


def _path(folder: Path, entry_id: str) -> Path:
    return folder / f"{entry_id}.json"


def _read(path: Path) -> Entry:
    content = json.loads(path.read_text(encoding="utf-8"))
    entry = Entry(**{**content, "deliveries": [Delivery(**delivery) for delivery in content["deliveries"]]})
    moments = [entry.made_at, *(d.delivered_at for d in entry.deliveries), *(d.next_try_at for d in entry.deliveries)]
    if any(moment is not None and datetime.fromisoformat(moment).tzinfo is None for moment in moments):
        raise ValueError("a moment without its zone")
    if path.stem != entry.entry_id or not isinstance(entry.alert, dict):
        raise ValueError("not an entry of this name")
    return entry
