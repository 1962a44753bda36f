"""Opens DuckDB: how much memory it may take, and where it puts what does not fit. Nobody else calls ``duckdb.connect``.

Which file is opened and who may write it is the caller's; dbt opens the candidate by itself and is told the same limit
(``dbt_project/profiles.yml``).

A process has one database open at a time, and no stage has one open while dbt runs. So the databases of a night never add up to
more than the limit.
"""

import fcntl
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from dvctt.core.errors import ConfigError
from dvctt.core.machine import MEMORY_LIMIT, memory_of_machine, parse_size, size_in_words
from dvctt.settings import home_of

if TYPE_CHECKING:
    import duckdb

log = logging.getLogger(__name__)

_LEAST = 500_000_000
"""Bytes below which a file of a source cannot be read: DuckDB takes blocks of 128 MiB for one, as a record may be long."""
_SPILLS = "spill"
_IN_MEMORY = ":memory:"


class _Process:
    """What this process has open, several times the same file when it was opened again inside; and where that spills: DuckDB
    wants a file that is opened twice to be opened alike.
    """

    opened: ClassVar[list[str]] = []
    spill: ClassVar[Path | None] = None


def memory_limit() -> int:
    """Bytes that DuckDB may take in this process; never more than there are.

    Raises:
        ConfigError: ``DVCTT_MEMORY_LIMIT`` is no size, or too small for anything.
    """
    there = memory_of_machine()
    found = os.environ.get(MEMORY_LIMIT)
    if not found:
        return there // 2
    try:
        wanted = parse_size(found)
    except ValueError:
        wanted = 0
    if wanted < _LEAST:
        raise ConfigError(
            f"{MEMORY_LIMIT}: found {found!r}, wanted a size of at least {size_in_words(_LEAST)} with its unit, such as 2GB, "
            f"1500MB or 1.5GiB; empty takes half of the memory that is there ({size_in_words(there)})"
        )
    return min(wanted, there)


def describe_limit() -> str:
    """The limit and whose it is, for the log of a run."""
    there = size_in_words(memory_of_machine())
    whose = MEMORY_LIMIT if os.environ.get(MEMORY_LIMIT) else f"{MEMORY_LIMIT} is not set: half of what is there"
    return f"DuckDB may take {size_in_words(memory_limit())} of {there} ({whose}); what does not fit goes to the home's disk"


def lend_limit() -> str:
    """The limit, as ``DVCTT_MEMORY_LIMIT`` and DuckDB take it, for a process that this one starts and waits for.

    Raises:
        RuntimeError: this process has a database open, so that the two could take more than the limit: a bug.
    """
    if _Process.opened:
        raise RuntimeError(
            f"{_Process.opened[-1]}: open in the process that starts another one with a database: together they could take "
            f"more than {MEMORY_LIMIT}; wanted it closed before"
        )
    return _option()


def _option() -> str:
    return f"{memory_limit()}B"


@contextmanager
def open_database(path: Path | None = None, *, read_only: bool = False) -> Iterator["duckdb.DuckDBPyConnection"]:
    """DuckDB on this file, or in memory; with the memory limit, and with a folder of the home for what does not fit.

    Raises:
        RuntimeError: this process has another database open, so that the two could take more than the limit: a bug.
        duckdb.Error: the file cannot be opened.
    """
    import duckdb

    name = _IN_MEMORY if path is None else os.path.realpath(path)  # a publication has two names: its own and `current`
    if (opened := _Process.opened) and (name == _IN_MEMORY or name != opened[-1]):
        raise RuntimeError(
            f"{name}: cannot be opened while this process has {opened[-1]} open: together they could take more than "
            f"{MEMORY_LIMIT}; wanted one database at a time"
        )
    with _spill_folder() as spill:
        connection = duckdb.connect(
            str(path or _IN_MEMORY),
            read_only=read_only,
            config={"memory_limit": _option(), "temp_directory": str(spill or "")},
        )
        opened.append(name)
        try:
            yield connection
        finally:
            opened.remove(name)
            connection.close()


@contextmanager
def _spill_folder() -> Iterator[Path | None]:
    """Where this process's databases put what does not fit; gone when the last of them is closed.

    None where this process may not write, or the disk is full: whoever only asks has its memory and nothing else.
    """
    if _Process.opened:
        yield _Process.spill
        return
    with _folder_in_home() as folder:
        _Process.spill = folder
        try:
            yield folder
        finally:
            _Process.spill = None


@contextmanager
def private_folder() -> Iterator[Path]:
    """A folder for what citizens may stand in while a file is read: its owner alone can read it, and it does not stay.

    It lies in the home, where what a killed process leaves is removed by whoever comes next; where no home can be written, in
    the machine's folder for what is temporary.
    """
    with _folder_in_home() as folder:
        if folder is not None:
            yield folder
            return
        with tempfile.TemporaryDirectory(prefix="dvctt-") as name:
            yield Path(name)


@contextmanager
def _folder_in_home() -> Iterator[Path | None]:
    """A new folder of this process alone, below the home; None where there is none that it may write to.

    The folder is locked while its process lives, however that ends, so that whoever comes next knows what is forsaken.
    """
    home = home_of(os.environ)
    if not (home.is_dir() and os.access(home, os.W_OK)):
        yield None
        return
    spills = home / _SPILLS
    try:
        folder, handle = _claim_folder(spills)
    except OSError as error:
        log.info("%s: no disk for what does not fit into memory: %s", spills, os.strerror(error.errno or 0))
        yield None
        return
    try:
        _remove_forsaken(spills, folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)
        with suppress(OSError):  # another process has its own in it
            spills.rmdir()


def _claim_folder(spills: Path) -> tuple[Path, int]:
    """A new folder and the handle by which it is locked; until then another process may take it for forsaken."""
    while True:
        with suppress(FileNotFoundError):
            spills.mkdir(mode=0o700, exist_ok=True)
            folder = Path(tempfile.mkdtemp(prefix="", dir=spills))
            handle = os.open(folder, os.O_RDONLY)
            fcntl.flock(handle, fcntl.LOCK_EX)
            if folder.is_dir():
                return folder, handle
            os.close(handle)


def _remove_forsaken(spills: Path, own: Path) -> None:
    for folder in set(spills.iterdir()) - {own}:
        with suppress(FileNotFoundError, PermissionError, BlockingIOError):
            handle = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(handle)
