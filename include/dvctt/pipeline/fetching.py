"""Fetching from running systems, before a night lands anything: which months are asked for, and how a fetch is watched.

A task of the DAG, ``dvctt run`` and ``dvctt sources fetch`` all go through here. What a system is asked, and how, is its kind's
matter (`dvctt.extract`). Nothing of the home but ``fetched`` is written, so no writer's lock is wanted.
"""

import csv
import logging
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from dvctt.core.contract import ENTITIES
from dvctt.core.errors import ConfigError, ExtractError
from dvctt.core.files import HOME_MODE, make_folder
from dvctt.core.period import Month
from dvctt.databases import private_folder
from dvctt.extract import Asked, Control, FetchingKind, Offer, Reading, Taken, check_source, fetching_kind_of, kind_of
from dvctt.extract._spool import fetch_month, fetched_months, write_failures
from dvctt.landing.zone import Engine, current_month
from dvctt.pipeline.airflow_login import login_of
from dvctt.pipeline.home import stage_context
from dvctt.province.folder import load_province
from dvctt.province.model import Province, Source
from dvctt.settings import Settings

log = logging.getLogger(__name__)

_SECONDS_BETWEEN = 10.0
"""Between two lines that say how far a fetch has come."""


def fetched_sources(sources: Iterable[Source]) -> list[Source]:
    """Those that are fetched from a running system."""
    return [source for source in sources if fetching_kind_of(source) is not None]


def fetched_source(settings: Settings, source_id: str) -> Source:
    """One of them, by its id.

    Raises:
        ConfigError: there is none such, or sources.yml says of it what cannot be asked.
    """
    return _source(load_province(settings.province_folder), source_id)[0]


def months_to_fetch(source: Source, entity: str, fetched: Path, newest: Month) -> list[Month]:
    """The months that a night asks for, in their order: the newest, for they still change, and those that never came.

    Args:
        newest: the month of today.
    """
    if source.fetch is None:
        return []
    known = fetched_months(source, entity, fetched)
    newest = min(newest, source.fetch.last_month or newest)
    again = newest.shifted(-source.fetch.reread_months)
    months, month = [], source.fetch.first_month
    while month <= newest:
        if month > again or month not in known:
            months.append(month)
        month = month.shifted(1)
    return months


def fetch_entity(settings: Settings, source_id: str, entity: str, months: Iterable[Month] | None = None) -> int:
    """Fetch an entity's months; how many of them have new content.

    A month that cannot be fetched does not keep the others from being tried: each that fails is written down for landing, and
    what was fetched of it before goes on.

    Args:
        months: those that are asked for; None takes what a night asks for.

    Raises:
        ExtractError: at least one month was not fetched; the newest is told first, the others are counted.
        ConfigError: there is no such source or entity, it is not fetched, or its connection is missing or wrong.
    """
    with stage_context(settings, f"fetch {source_id}/{entity}"):
        province = load_province(settings.province_folder)
        source, kind = _source(province, source_id)
        if entity not in source.entities:
            raise ConfigError(
                f"sources.yml: source {source_id!r}: no entity {entity!r}; wanted one of {', '.join(source.entities)}"
            )
        make_folder(settings.home, HOME_MODE)
        wanted = list(months or months_to_fetch(source, entity, settings.fetched, current_month()))
        pending = "it was to be fetched and was not: the fetch was killed, or is still on"
        write_failures(source_id, entity, wanted, settings.fetched, pending)
        try:
            login = login_of(source.connection or "")
        except ConfigError as error:
            write_failures(source_id, entity, wanted, settings.fetched, str(error))
            raise
        changed, failed = 0, []
        for month in wanted:
            asked = Asked(
                source, ENTITIES[entity], month, login, province.timezone, _progress(source_id, entity, month)
            )
            try:
                changed += fetch_month(kind, asked, settings.fetched)
            except ExtractError as error:
                log.error("%s", error)
                failed.append(error)
        log.info(
            "fetch %s/%s: %d months asked, %d new, %d failed", source_id, entity, len(wanted), changed, len(failed)
        )
        if failed:
            others = f"\nand {len(failed) - 1} more of the {len(wanted)} months" if len(failed) > 1 else ""
            raise type(failed[-1])(f"{failed[-1]}{others}")
        return changed


def fetch_all(settings: Settings) -> None:
    """What the DAG's first tasks do, one after the other: a system that is down costs only itself, and landing names it.

    Raises:
        ConfigError: sources.yml or a connection is wrong.
    """
    for source in fetched_sources(load_province(settings.province_folder).sources):
        for entity in source.entities:
            try:
                fetch_entity(settings, source.id, entity)
            except ExtractError as error:
                log.warning("%s/%s: goes on with what was fetched before: %s", source.id, entity, error)


@dataclass(frozen=True)
class Look:
    """What a system gave of one month, and what a night would make of it; nothing of it is kept.

    Attributes:
        taken: the system's own totals.
        reading: of the file that would land.
        rows: the first records, by column of the contract.
    """

    taken: Taken
    reading: Reading
    rows: list[dict[str, str]]


def look_at(settings: Settings, source_id: str, entity: str, month: Month, *, rows: int) -> Look:
    """Fetch one month, read it as the night would, and forget it.

    Args:
        rows: how many records are shown.

    Raises:
        DvcttError: it cannot be fetched, or would be refused.
    """
    province = load_province(settings.province_folder)
    source, kind = _source(province, source_id)
    login = login_of(source.connection or "")
    asked = Asked(source, ENTITIES[entity], month, login, province.timezone, _progress(source_id, entity, month))
    with private_folder() as folder, closing(Engine()) as engine:
        path = folder / f"{month}.csv"
        taken = kind.fetch(asked, path)
        control = Control(path, taken.rows, taken.total_amount_vnd, None)
        offer = Offer(source_id, entity, month, path.name, path, control)
        reading = kind_of(source).read(offer, asked.feed, folder / "read.parquet", engine.connection())
        with path.open(encoding="utf-8", newline="") as file:
            first = list(islice(csv.DictReader(file), rows))
    return Look(taken, reading, first)


def _source(province: Province, source_id: str) -> tuple[Source, FetchingKind]:
    found = {source.id: source for source in fetched_sources(province.sources)}
    if source_id not in found:
        raise ConfigError(
            f"sources.yml: no source {source_id!r} that is fetched from a running system; there are: "
            f"{', '.join(found) or 'none'}"
        )
    source = found[source_id]
    check_source(source)
    kind = fetching_kind_of(source)
    assert kind is not None
    return source, kind


def _progress(source_id: str, entity: str, month: Month) -> Callable[[int], None]:
    """A line every so often: how many rows have come, and how fast."""
    begun = told = time.monotonic()

    def tell(rows: int) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told >= _SECONDS_BETWEEN:
            told = now
            log.info("fetch %s/%s %s: %d rows, %d rows/s", source_id, entity, month, rows, rows / (now - begun))

    return tell
