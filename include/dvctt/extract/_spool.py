"""What was fetched from running systems, as files: a month's records, the system's own totals, and what could not be fetched.

Nothing here asks a system, and nothing knows what has landed. Layout, below the home's ``fetched``::

    <source>/<entity>/<YYYY-MM>.csv            the records, as the kind wrote them
    <source>/<entity>/<YYYY-MM>.control.json   the system's totals: a month is fetched when this file is there
    <source>/.failed/<entity>/<YYYY-MM>.json   why the newest try brought nothing; what was fetched before stays as it is

What a night asks for is written down as not fetched before it is asked, and each month that comes takes that away: however a
fetch ends, no month that was wanted is passed over in silence.

They are read and refused by ``files``, like whatever a source puts into the inbox.
"""

import fcntl
import json
import logging
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dvctt.core.errors import DvcttError, ExtractError
from dvctt.core.files import path_in_words, seal, sha256_of, sync_folder, unseal, write_atomically
from dvctt.core.period import Month
from dvctt.extract import Asked, FetchingKind, NoOffer, Offer, files
from dvctt.province.model import Source

log = logging.getLogger(__name__)

fingerprint = files.fingerprint
read = files.read

_FAILED = ".failed"


def offers(source: Source, fetched: Path) -> list[Offer | NoOffer]:
    """What was fetched of a source, and what could not be: a month may stand in both, and then its file is an older one.

    Raises:
        ExtractError: nothing was ever fetched of it, nor tried, or a folder cannot be read.
    """
    root = fetched / source.id
    if not root.is_dir():
        raise ExtractError(
            f"source {source.id!r}: nothing was ever fetched from it; the night's first tasks do that, or: "
            f"dvctt sources fetch {source.id}"
        )
    return [*files.offers(source, fetched), *_failures(source, root / _FAILED)]


def _failures(source: Source, folder: Path) -> Iterator[NoOffer]:
    for path in sorted(folder.glob("*/*.json")):
        if path.parent.name not in source.entities:
            continue
        month = Month.parse(path.stem)
        try:
            words = str(unseal(path.read_bytes())["words"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            words = (
                f"{path_in_words(path)}: says why the month was not fetched, and cannot be read "
                f"({type(error).__name__}); look: dvctt sources check {source.id}"
            )
        yield NoOffer(source.id, path.parent.name, month, f"{month}.csv", words, "not_fetched")


def fetched_months(source: Source, entity: str, fetched: Path) -> set[Month]:
    """The months of an entity that were fetched whole at least once."""
    folder = fetched / source.id / entity
    return {Month.parse(path.name.removesuffix(".control.json")) for path in folder.glob("*.control.json")}


def _failure(fetched: Path, source_id: str, entity: str, month: Month) -> Path:
    return fetched / source_id / _FAILED / entity / f"{month}.json"


def write_failures(source_id: str, entity: str, months: Iterable[Month], fetched: Path, words: str) -> None:
    """Say of months why they are not fetched, until they are."""
    for month in months:
        path = _failure(fetched, source_id, entity, month)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_atomically(path, seal({"words": f"source {source_id!r}, {entity} of {month}: {words}"}), mode=0o600)


def fetch_month(kind: FetchingKind, asked: Asked, fetched: Path) -> bool:
    """Fetch one month of those that `write_failures` has spoken of, and put it in the place of what was fetched before; whether
    anything of it is new.

    A kill leaves the month as it was, or as one that is not fetched, which the next night asks for again.

    Raises:
        ExtractError: it was not fetched; that is written down, and what was fetched before stays.
        ConfigError: sources.yml asks for what cannot be asked.
    """
    folder = fetched / asked.source.id / asked.entity.name
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    failed = _failure(fetched, asked.source.id, asked.entity.name, asked.month)
    coming = folder / f".{asked.month}.csv.part"
    with _alone(folder):
        clock = time.monotonic()
        try:
            taken = kind.fetch(asked, coming)
            if taken.rows is None:
                _refuse_unsaid_zero(asked, coming)
        except DvcttError as error:
            coming.unlink(missing_ok=True)
            write_atomically(failed, seal({"words": str(error)}), mode=0o600)
            raise
        control: dict[str, int | str] = {"sha256": sha256_of(coming), "sample": asked.source.sample}
        if taken.rows is not None:
            control["rows"] = taken.rows
        if taken.total_amount_vnd is not None and asked.entity.amount:
            control["total_amount_vnd"] = taken.total_amount_vnd
        changed = _put(folder, asked.month, coming, json.dumps(control, indent=2, sort_keys=True) + "\n")
        failed.unlink(missing_ok=True)
    log.info(
        "fetched %s: %s rows by its own count, %d bytes, %s, %.1f s",
        asked.words,
        "no" if taken.rows is None else taken.rows,
        (folder / f"{asked.month}.csv").stat().st_size,
        "new content" if changed else "as before",
        time.monotonic() - clock,
    )
    return changed


def _refuse_unsaid_zero(asked: Asked, coming: Path) -> None:
    """Zero is believed only from one who says it."""
    with coming.open("rb") as file:
        lines = sum(1 for _, _ in zip(file, range(2), strict=False))
    if lines < 2:
        raise ExtractError(
            f"{asked.words}: no record came, and the system states no total; wanted records, or a total of 0 "
            f"(sources.yml: options, total)",
            "not_fetched",
        )


def _put(folder: Path, month: Month, coming: Path, control: str) -> bool:
    """Data and totals change together: between the two the totals are away, so that no old ones stand beside new data."""
    data, totals = folder / f"{month}.csv", folder / f"{month}.control.json"
    if data.is_file() and totals.is_file() and totals.read_text(encoding="utf-8") == control:
        coming.unlink()
        return False
    coming.chmod(0o600)
    with coming.open("rb") as file:
        os.fsync(file.fileno())
    totals.unlink(missing_ok=True)
    os.replace(coming, data)
    write_atomically(totals, control, mode=0o600)
    sync_folder(folder)
    return True


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One fetch of an entity at a time, in whatever process: two would write one file."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
