"""Who has a publication open, as far as this machine can tell.

Nothing here removes or changes a file.
"""

import fcntl
import os
import struct
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path

_FLOCK = "hhqqi4x"
"""``struct flock`` of 64-bit Linux: type, whence, start, length, process."""


@dataclass(frozen=True)
class Readers:
    """Who has files of a publication open: number to words; and how many processes may not be looked at."""

    of: Mapping[int, str]
    unseen: int = 0


def find_readers(folders: Mapping[int, Path]) -> Readers:
    """Who has files of these publications open now: an open file of any process that may be looked at, or a lock, which
    DuckDB takes on what it reads and which is seen across users.

    What cannot be found out counts as a reader. Linux only, like the locks of DuckDB that this looks for.
    """
    files: dict[tuple[int, int], dict[int, Path]] = {}
    for number, folder in folders.items():
        for path in sorted(folder.rglob("*")):
            if path.is_file() and (status := path.stat()):
                files.setdefault((status.st_dev, status.st_ino), {})[number] = path
    holders, unseen = _open_files({path.name for names in files.values() for path in names.values()})
    found = {
        number: f"process {process} has {files[key][number].name} open"
        for key, opened in holders.items()
        if key in files
        for shown, process in opened.items()
        for number in _opened_as(shown, files[key], folders)
    }
    for names in files.values():
        for number, path in names.items():
            # Closing a file drops the locks that this very process holds on it, so one that it reads itself is left alone.
            if path.suffix == ".duckdb" and number not in found and (holder := _lock_holder(path)):
                found[number] = holder
    return Readers(found, unseen)


def _opened_as(shown: str, names: Mapping[int, Path], folders: Mapping[int, Path]) -> list[int]:
    """By which of its names a file that several publications share was opened: its publication's folder and what follows, for
    a container sees another path above it. Where that does not tell, it counts for each.
    """
    opened = Path(shown).parts
    ends = {number: path.relative_to(folders[number].parent).parts for number, path in names.items()}
    return [number for number, end in ends.items() if opened[-len(end) :] == end] or list(names)


def _open_files(names: Set[str]) -> tuple[dict[tuple[int, int], dict[str, int]], int]:
    """Device and inode of every open file with one of these names, with the paths that it was opened by, each with a process
    that holds it; and how many processes could not be looked at. By inode, because a container sees the same file under another
    path; names first, because to ask for the state of a file on a dead network drive would never return.
    """
    holders: dict[tuple[int, int], dict[str, int]] = {}
    unseen = 0
    for process in Path("/proc").iterdir():
        if not process.name.isdecimal():
            continue
        try:
            handles = list((process / "fd").iterdir())
        except PermissionError:
            unseen += 1
            continue
        except OSError:
            continue  # it has ended
        for handle in handles:
            try:
                shown = os.readlink(handle)
                if shown.rpartition("/")[2] in names:
                    status = handle.stat()
                    holders.setdefault((status.st_dev, status.st_ino), {})[shown] = int(process.name)
            except OSError:
                continue  # closed meanwhile
    return holders, unseen


def _lock_holder(path: Path) -> str | None:
    """Who would keep a writer out of this file, in words; None when nobody would."""
    request = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    try:
        with path.open("rb") as file:
            kind, _, _, _, process = struct.unpack(_FLOCK, fcntl.fcntl(file, fcntl.F_GETLK, request))
    except OSError as error:
        return f"cannot tell: {error}"
    if kind == fcntl.F_UNLCK:
        return None
    return f"process {process if process > 0 else 'of another container'} holds a lock on {path.name}"
