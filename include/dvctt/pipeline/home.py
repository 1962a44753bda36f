"""A home while something works in it: the lock, what the night has written down, and how an error ends a stage.

What a stage does is not known here.
"""

import fcntl
import logging
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dvctt.core.engines import describe_error, where
from dvctt.core.errors import DvcttError, EngineError, WarehouseError
from dvctt.core.files import (
    HOME_MODE,
    denied_in_words,
    disk_full_in_words,
    is_denied_in,
    make_folder,
    seal,
    unseal,
    write_atomically,
)
from dvctt.province.folder import load_province
from dvctt.province.model import Province
from dvctt.settings import Settings
from dvctt.warehouse.connections import ENGINE_WORDS
from dvctt.warehouse.transform import lower_priority

log = logging.getLogger(__name__)

_FRAMES = 6
"""How many lines of code an error names, the innermost last."""


@dataclass(frozen=True)
class Night:
    """What a run has set out to do; written once by the first stage, read by the others."""

    run_id: str
    month: str | None
    new_extract_ids: tuple[str, ...]
    changed: tuple[str, ...]
    extract_ids: tuple[str, ...]
    closed_months: tuple[str, ...] = ()
    """Months that are closed in this candidate, each with its revision: ``2022-10/1``."""
    left_out: tuple[dict[str, str], ...] = ()
    """What had landed and is not in this candidate, as ``landing.LeftOut`` has it."""
    refused: tuple[dict[str, Any], ...] = ()
    """What lay in the inbox and did not land, as ``landing.Refusal`` has it."""
    base: int | None = None
    """Number of the publication that it is compared with and remembers; None before the first."""
    province_digest: str = ""
    definitions: str = ""
    drawn_by: str = ""
    """Digests of the province folder, of dbt's project, and of code, templates and words, as they were when it began: what is
    built by one and published as of another would look like what it is not.
    """
    is_sample: bool = False
    """Whether its figures are a sample's; pages, documents and mails say so."""


def write_night(settings: Settings, night: Night) -> None:
    write_atomically(_night_path(settings), seal(asdict(night)))


def read_night(settings: Settings) -> Night:
    """What the run whose candidate this is has set out to do.

    Raises:
        WarehouseError: no run has begun in this home, or what it wrote down cannot be read.
    """
    path = _night_path(settings)
    if not path.is_file():
        raise WarehouseError(f"{path}: no run has begun in this home; run the stage land_extracts first: dvctt run")
    try:
        written = unseal(path.read_bytes()).items()
        fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in written}
        return Night(**fields)
    except (OSError, ValueError, TypeError) as error:
        raise WarehouseError(
            f"{path}: not what the first stage wrote ({type(error).__name__}); the candidate is begun anew from "
            f"land_extracts: dvctt run, or dvctt run --rebuild if that finds nothing new"
        ) from error


def alerted_path(settings: Settings) -> Path:
    """Which publication people were told of last; of one that had nothing to tell, too."""
    return settings.home / "alerted.json"


def alerted_path_before(settings: Settings) -> Path:
    """The same file under its name of earlier versions; read until this version has written its own."""
    return settings.home / "told.json"


def _night_path(settings: Settings) -> Path:
    return settings.candidate / "run.json"


@dataclass(frozen=True)
class _Stage:
    """What a stage after the first one works on."""

    night: Night
    province: Province


@contextmanager
def run_stage(settings: Settings, name: str, run_id: str) -> Iterator[_Stage]:
    with stage_context(settings, name), home_lock(settings):
        night, path = read_night(settings), _night_path(settings)
        if night.run_id != run_id:
            raise WarehouseError(
                f"{path}: the candidate belongs to run {night.run_id!r}, not to {run_id!r}; let that run end, then run again"
            )
        yield _Stage(night, load_province(settings.province_folder))


@contextmanager
def stage_context(settings: Settings, name: str) -> Iterator[None]:
    """One line when a stage begins, one when it ends, whichever way, so that a person who watches sees it move. Steps
    aside for readers first; puts a full disk in words, whoever met it.
    """
    clock = time.monotonic()
    log.info("stage %s: begins", name)
    lower_priority()
    try:
        with disk_full_in_words(f"stage {name}", settings.home):
            try:
                yield
            except OSError as error:
                # A file of the home that belongs to another user, or a file system that was mounted for reading.
                if not is_denied_in(settings.home, error):
                    raise
                raise WarehouseError(denied_in_words(settings.home, error)) from error
            except DvcttError:
                raise
            except Exception as error:  # noqa: BLE001 - its words may quote a record, and its traceback goes to logs and mails
                raise EngineError(_describe_for_the_owner(settings, name, error)) from None
    except DvcttError as error:
        log.error(
            "stage %s: failed after %.1f s: %s", name, time.monotonic() - clock, " | ".join(str(error).splitlines())
        )
        raise
    log.info("stage %s: done, %.1f s", name, time.monotonic() - clock)


def _describe_for_the_owner(settings: Settings, name: str, error: Exception) -> str:
    """What may be told of an error that is not ours; the whole of it is kept for the home's owner."""
    words = f"stage {name}: {describe_error(error)}; it came through {', '.join(where(error)[-_FRAMES:])}"
    path = settings.candidate / ENGINE_WORDS
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, "".join(traceback.format_exception(error)), mode=0o600)
    except OSError as failed:
        return f"{words}; its own words could not be kept: {describe_error(failed)}"
    return f"{words}; look closer, on this machine alone, because its own words may quote a record: {path}"


@contextmanager
def home_lock(settings: Settings) -> Iterator[None]:
    """One writer a home, across processes; the system releases it when the process that holds it has died, however it died."""
    path = settings.home / ".writer.lock"
    try:
        make_folder(settings.home, HOME_MODE)
        file = path.open("a")
    except OSError as error:
        raise WarehouseError(denied_in_words(settings.home, error)) from error
    with file:
        if not _lock_soon(file.fileno()):
            raise WarehouseError(
                f"{path}: another run is writing in {settings.home}, or one that was killed is not gone yet; "
                f"wait for it to end; who: fuser -v {path}"
            )
        yield


def _lock_soon(handle: int) -> bool:
    """Whether the lock could be had; a run that was killed gets a moment to be gone."""
    for pause in (0.0, *[0.1] * 50):
        time.sleep(pause)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        return True
    return False
