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
    files = {
        (status.st_dev, status.st_ino): (number, path)
        for number, folder in folders.items()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and (status := path.stat())
    }
    holders, unseen = _open_files({path.name for _, path in files.values()})
    found = {
        files[key][0]: f"process {process} has {files[key][1].name} open"
        for key, process in holders.items()
        if key in files
    }
    for number, path in files.values():
        # Closing a file drops the locks that this very process holds on it, so one that it reads itself is left alone.
        if path.suffix == ".duckdb" and number not in found and (holder := _lock_holder(path)):
            found[number] = holder
    return Readers(found, unseen)


def _open_files(names: Set[str]) -> tuple[dict[tuple[int, int], int], int]:
    """Device and inode of every open file with one of these names, with a process that holds it; and how many processes
    could not be looked at. By inode, because a container sees the same file under another path; names first, because to
    ask for the state of a file on a dead network drive would never return.
    """
    holders: dict[tuple[int, int], int] = {}
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
                if os.readlink(handle).rpartition("/")[2] in names:
                    status = handle.stat()
                    holders[status.st_dev, status.st_ino] = int(process.name)
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
