"""Writing files so that a reader, or a power cut, sees the old one or the new one whole.

Only what the standard library leaves to its caller: the temporary name, the sync and the rename, the words for a disk that
is full, and the seal by which a JSON document of the home tells that it was changed.
"""

import errno
import hashlib
import json
import os
import re
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any

from dvctt.core.errors import DiskFullError, DvcttError, ExtractError

_AN_ERROR = re.compile(r"\s*(\w[\w ]*?) ?Error\b")
_OF_A_VALUE = {"Binder", "Constraint", "Conversion", "Invalid", "Invalid Input"}
"""What DuckDB calls errors that quote a value, in which anything may stand, also that a disk is full."""
HOME_MODE = 0o711
"""Of a new home: others may pass through it to the publications, and see nothing else of it."""
_NO_LINK = {errno.EXDEV, errno.EMLINK, errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.ENOSYS}
"""Why a file cannot have a second name: another file system, too many names, or a file system or a rule that wants none."""
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
_NO_ROOM_WORDS = tuple(os.strerror(number).lower() for number in sorted(_NO_ROOM))
"""What the system says; libraries and dbt quote it, each in a sentence of its own."""


def write_atomically(path: Path, text: str, *, mode: int = 0o666) -> None:
    """Write UTF-8 text under a temporary name beside ``path``, sync it, and rename it over ``path``.

    Args:
        mode: who may read it, before the process's own mask.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.unlink(missing_ok=True)  # what a killed run left behind keeps its own mode
    with open(
        temporary, "w", encoding="utf-8", newline="\n", opener=lambda name, flags: os.open(name, flags, mode)
    ) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)
    sync_folder(path.parent)


def write_new(path: Path, content: bytes) -> None:
    """Write a new file in the place of what lies there: that may have a second name elsewhere, which must keep what it says."""
    path.unlink(missing_ok=True)
    path.write_bytes(content)


def link_or_copy(source: Path, target: Path) -> bool:
    """Give a file a second name, or copy it where that cannot be; whether it is the same file.

    Args:
        target: a name in a folder that is there; what lies there makes way.

    Raises:
        OSError: neither can be done, a full disk above all.
    """
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        shutil.copyfile(source, target)
        return False
    return True


def not_regular(path: Path) -> str | None:
    """What stands under a file's name in the place of a regular file, in words; None when it is one, or is gone: whoever
    opens it is told so.

    Only the name is looked at: opening a FIFO or a device would wait for ever, and a link may lead anywhere.
    """
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"something that cannot be looked at ({os.strerror(error.errno or 0)})"
    kinds = (
        (stat.S_ISLNK, "a symbolic link"),
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a FIFO"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
    )
    return next((words for is_kind, words in kinds if is_kind(mode)), None)


@contextmanager
def open_regular(path: Path, refusal: type[DvcttError] = ExtractError) -> Iterator[BufferedReader]:
    """Open a file that others wrote, and nothing but a regular file: never waits, never follows a link.

    Raises:
        DvcttError: of the class given; it is something else, is gone, or may not be read.
    """
    shown = path_in_words(path)
    if found := not_regular(path):
        raise refusal(f"{shown}: found {found}, wanted a regular file")
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise refusal(f"{shown}: removed while it was read; run again when it is back") from error
    except OSError as error:
        raise refusal(f"{shown}: cannot be opened: {os.strerror(error.errno or 0)}; look: ls -l {shown}") from error
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise refusal(f"{shown}: no regular file any more; replaced while it was read")
        try:
            yield file
        except OSError as error:
            if no_room(error) is not None:
                raise
            raise refusal(f"{shown}: cannot be read to its end: {os.strerror(error.errno or 0)}") from error


def path_in_words(path: Path) -> str:
    """A path as text that any log or mail takes: what is no text, and what steers a terminal, is written as an escape."""
    text = str(path).encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def make_folder(path: Path, mode: int) -> None:
    """Make a folder, with those above it, unless it is there; with exactly this mode, whatever the process's mask."""
    if not path.is_dir():
        path.mkdir(parents=True)
        path.chmod(mode)


def sync_folder(folder: Path) -> None:
    """Make renames inside ``folder`` durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def disk_full_in_words(what: str, home: Path) -> Iterator[None]:
    """Turn any error that says that a disk is full into one of ours.

    DuckDB and dbt raise errors of their own for it, with the system's words somewhere inside; so the whole chain is read.

    Args:
        what: who was writing, for the message.
        home: the folder that all is written under; each file system below it is told with its free bytes.

    Raises:
        DiskFullError: an error that came out of the block was caused by a full disk or a full quota.
    """
    try:
        yield
    except DiskFullError:
        raise
    except Exception as error:
        words = no_room(error)
        if words is None:
            raise
        raise DiskFullError(
            f"{what}: no space left on the disk while writing under {home}: found {_room(home)}; the system says: {words}; "
            f"wanted room to write: readers still see the last publication, whole; free some, then run again: df -h {home}; "
            "docs/runbooks/disk-full.md"
        ) from error


def is_denied_in(home: Path, error: OSError) -> bool:
    """Whether the system refused to write in this home: another user's file, or a file system mounted for reading."""
    refused = error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
    return refused and isinstance(error.filename, str) and Path(error.filename).is_relative_to(home)


def denied_in_words(home: Path, error: OSError) -> str:
    """Why nothing can be written in a home: its owner, its mode, or its file system."""
    found = next(folder for folder in (home, *home.parents) if os.access(folder, os.F_OK))
    status = found.stat()
    whose = f"owner {status.st_uid}, group {status.st_gid}, mode {status.st_mode & 0o777:o}"
    return (
        f"{error.filename or home}: cannot be written ({error.strerror}): found {found} with {whose}; wanted a home that user "
        f"{os.geteuid()} may write: run as its owner, give it to this user (chown -R), or mount it for writing; another one: "
        f"set DVCTT_HOME"
    )


def no_room(error: BaseException) -> str | None:
    """The line that says that a disk is full, of this error or of one that it came from; None when none does."""
    seen: BaseException | None = error
    while seen is not None:
        if line := no_room_line(str(seen)):
            return line
        if isinstance(seen, OSError) and seen.errno in _NO_ROOM:
            return f"{os.strerror(seen.errno)}: {seen.filename}"
        seen = seen.__cause__ or seen.__context__
    return None


def no_room_line(text: str) -> str | None:
    """The system's words that a disk is full, if they stand in a text; nothing else of it, for it may quote a record."""
    is_of_a_value = False
    for line in text.splitlines():
        if error := _AN_ERROR.match(line):
            is_of_a_value = error[1] in _OF_A_VALUE
        found = next((words for words in _NO_ROOM_WORDS if words in line.lower()), None)
        if found and not is_of_a_value:
            return found
    return None


def _room(home: Path) -> str:
    """Free bytes of every file system that the home lies on, in words."""
    volumes, devices = [], set()
    for folder in (home, *(path for path in sorted(home.glob("*")) if path.is_dir() and not path.is_symlink())):
        if (device := folder.stat().st_dev) not in devices:
            devices.add(device)
            usage = shutil.disk_usage(folder)
            volumes.append(f"{usage.free} of {usage.total} bytes free on {folder}")
    return ", ".join(volumes)


def sha256_of(path: Path) -> str:
    """Hex sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of_files(root: Path, paths: Iterable[Path], before: str = "") -> str:
    """Hex sha256 of files, by their paths below ``root`` and their bytes, in the order of the paths.

    Args:
        before: a text that is a part of the digest as well.
    """
    digest = hashlib.sha256(before.encode())
    for path in sorted(paths):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


_SEALED_BY, _SEAL = "sealed_by", "seal"
_BLANK = "0" * 64


def seal(document: Mapping[str, Any], *, indent: int | None = 2) -> str:
    """A JSON document that carries the sha256 of its own text; :func:`unseal` holds it against that.

    The seal is the sha256 of the whole text with 64 zeros in the seal's place. A first key says that there is a seal, so that
    a document whose seal was lost differs from one of a version that had none. ``indent`` None gives one line.
    """
    text = json.dumps({_SEALED_BY: "sha256", **document, _SEAL: _BLANK}, ensure_ascii=False, indent=indent) + "\n"
    before, _, after = text.rpartition(_BLANK)
    return f"{before}{hashlib.sha256(text.encode()).hexdigest()}{after}"


def unseal(content: bytes) -> dict[str, Any]:
    """The JSON document of :func:`seal`, without its seal. One that never had a seal, of an older version, is read as it is.

    Raises:
        ValueError: no JSON object, or changed after it was sealed.
    """
    try:
        document = json.loads(content.decode("utf-8"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(document, dict):
        raise ValueError(f"found {type(document).__name__}, wanted a JSON object")
    method, found = document.pop(_SEALED_BY, None), document.pop(_SEAL, None)
    if method is None and found is None:
        return document
    before, place, after = content.rpartition(str(found).encode())
    wanted = hashlib.sha256(before + _BLANK.encode() + after).hexdigest()
    if not place or found != wanted:
        raise ValueError(f"changed after it was written: found seal {found}, its text gives {wanted}")
    return document


def is_sealed(content: bytes) -> bool:
    """Whether a document that :func:`unseal` reads carries a seal, so that a change of it cannot have gone unnoticed."""
    return f'"{_SEAL}"'.encode() in content
