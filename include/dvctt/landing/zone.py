"""The landing zone: immutable Parquet and a manifest, one pair per extract; the last place that sees personal data.

Landing decides what is new and writes it in one step; it does not look inside a value. A run's work is derived from what
lies here minus what the last publication lists, so nothing is remembered anywhere else. Layout::

    landing/<source>/<entity>/month=YYYY-MM/<extract_id>.parquet   rows, all text, with their row number
    landing/<source>/<entity>/month=YYYY-MM/<extract_id>.json      the manifest: an extract exists when this file does
    landing/refused.json                                           what of the inbox did not land (`refusals`)
"""

import logging
import os
import re
import shutil
import time
from collections.abc import Iterable, Sequence, Set
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from dvctt import __version__
from dvctt.clock import now
from dvctt.core.errors import ExtractError, LandingError, RefusalReason
from dvctt.core.files import path_in_words, seal, sha256_of, sync_folder, unseal, write_atomically
from dvctt.core.period import Month
from dvctt.databases import open_database
from dvctt.extract import (
    Kind,
    NoOffer,
    Offer,
    check_source,
    count_in_words,
    ending_of,
    fetching_kind_of,
    folded_name,
    kind_of,
    likely_amount,
    stem_of,
)
from dvctt.landing.refusals import Refusal, write_refused
from dvctt.province.model import Province, Refusals, Source

if TYPE_CHECKING:
    import duckdb

log = logging.getLogger(__name__)

_STAGED = ".incoming"
_AGAIN = re.compile(r"(-[0-9a-f]{12})-\d+$")
"""What an extract's id ends with when its very content had landed before, under the same name, and was replaced since."""


@dataclass(frozen=True)
class Extract:
    """One landed fetch of one entity of one source for one month.

    ``arrival`` counts the extracts of one source and entity in the order in which they landed: 1, 2, 3, … Which of two
    rows with one key wins is decided by the first arrival of their files' *names* (``name_arrivals``). ``control_*`` is
    what the source said of its own file, None where it said nothing.
    """

    extract_id: str
    source: str
    entity: str
    month: str
    file_name: str
    arrival: int
    month_means: str
    rows: int
    total_amount_vnd: int | None
    bytes: int
    sha256: str
    control_rows: int | None
    control_total_amount_vnd: int | None
    control_sha256: str | None
    dropped_columns: tuple[str, ...]
    started_at: str
    finished_at: str
    software_version: str
    parquet_sha256: str | None = None
    """Of the landed file; None where a version that did not record it landed it."""
    other_columns: int = 0
    """How many columns outside the contract were left behind; ``dropped_columns`` names those of the contract alone."""
    control_agencies: dict[str, int] | None = None
    """Rows by agency, as the control file states them; None where it states none."""
    is_sample: bool = False
    """Whether its records are made up, as a control file of this very content has said; no figure depends on it."""

    @property
    def content_id(self) -> str:
        """The id that facts carry: of name and content alone, so that content which comes back gives the same facts."""
        return self.content_of(self.extract_id)

    @staticmethod
    def content_of(extract_id: str) -> str:
        """``content_id`` of an id alone."""
        return _AGAIN.sub(r"\1", extract_id)

    @property
    def name_key(self) -> tuple[str, str, str]:
        """What its versions share: source, entity and file name."""
        return self.source, self.entity, self.file_name

    def folder(self, landing: Path) -> Path:
        return landing / self.source / self.entity / f"month={self.month}"

    def parquet(self, landing: Path) -> Path:
        return self.folder(landing) / f"{self.extract_id}.parquet"

    def manifest(self, landing: Path) -> Path:
        return self.folder(landing) / f"{self.extract_id}.json"


WITHDRAWN = "withdrawn"
"""Why an extract is left out that a person took out of the nights."""


@dataclass(frozen=True)
class LeftOut:
    """A landed extract that the nights leave out, as if it had not come: why (``withdrawn``, …), and who said so when.

    Whoever keeps extracts out of the nights says so with these: what is active, what a publication is made with and what
    it is built again from follow.
    """

    extract_id: str
    why: str
    by: str
    reason: str
    at: str


def landed_extracts(landing: Path) -> list[Extract]:
    """All extracts in landing, by source, entity and arrival.

    Raises:
        LandingError: a manifest cannot be read, or its Parquet file is gone.
    """
    extracts = []
    for path in sorted(landing.glob("*/*/month=*/*.json")):
        try:
            fields = unseal(path.read_bytes())
            extract = Extract(**{**fields, "dropped_columns": tuple(fields["dropped_columns"])})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise LandingError(f"{path}: not a landing manifest: {error}; restore it from backup") from error
        if not extract.parquet(landing).is_file():
            raise LandingError(f"{extract.parquet(landing)}: listed in {path.name} but gone; restore it from backup")
        extracts.append(extract)
    return sorted(extracts, key=lambda extract: (extract.source, extract.entity, extract.arrival))


def active_extracts(extracts: Iterable[Extract], left_out: Set[str] = frozenset()) -> list[Extract]:
    """The newest version of every file name: an older version of the same name is superseded whole.

    Args:
        left_out: ids of extracts that the nights leave out: the version before such a one is active.
    """
    newest = {extract.name_key: extract for extract in extracts if extract.extract_id not in left_out}
    return sorted(newest.values(), key=lambda extract: (extract.source, extract.entity, extract.arrival))


def is_of_sample(extracts: Iterable[Extract], left_out: Set[str] = frozenset()) -> bool:
    """Whether figures that are made of these extracts are a sample's: one file of a sample among the active ones is enough.

    Args:
        left_out: as in `active_extracts`.
    """
    return any(extract.is_sample for extract in active_extracts(extracts, left_out))


def name_arrivals(extracts: Iterable[Extract]) -> dict[tuple[str, str, str], int]:
    """For every source, entity and file name the arrival of its first version.

    A new version takes the place of the old one, also in the order of arrival: a base file that is sent again to mend a
    few rows must not overrule the supplement that came after it.
    """
    first: dict[tuple[str, str, str], int] = {}
    for extract in extracts:
        first[extract.name_key] = min(first.get(extract.name_key, extract.arrival), extract.arrival)
    return first


class Engine:
    """DuckDB in memory for all files of one landing: opened by the first that is read, which on most nights none is."""

    def __init__(self) -> None:
        self._open = ExitStack()
        self._opened: duckdb.DuckDBPyConnection | None = None

    def connection(self) -> "duckdb.DuckDBPyConnection":
        if self._opened is None:
            self._opened = self._open.enter_context(open_database())
        return self._opened

    def close(self) -> None:
        """A file that is read after this is read by another connection."""
        self._opened = None
        self._open.close()


def current_month() -> Month:
    """The month of today, by the clock and in the zone of the province."""
    return Month.of(now())


def land(province: Province, inbox: Path, landing: Path, fetched: Path | None = None) -> list[Extract]:
    """Land every file that is new or has new content; what cannot land is refused by name and costs only itself. A file is
    all or nothing.

    A file of a month that cannot be is refused: one after the month that follows today's, or before the province's first
    day. What has landed before such a rule was there stays until somebody withdraws it.

    Args:
        fetched: where the files of sources lie that are fetched from running systems; None where there is no such source.

    Returns:
        What has landed; what was refused is said by `refusals.refused_files`.

    Raises:
        ConfigError: sources.yml says of a source what its kind cannot do.
        ExtractError: nobody can say what the sources have sent (no inbox, no folder of a source, one that cannot be read), no
            file ever landed, or more is refused than the province tolerates; each fault is named, and nothing of this call has
            landed.
    """
    _check_sources(province, inbox)
    landing.mkdir(parents=True, exist_ok=True)
    staged = landing / _STAGED
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir()
    already = landed_extracts(landing)
    prepared: list[tuple[Extract, Path]] = []
    problems: list[str] = []
    refused: list[tuple[Refusal, str]] = []
    offered = 0
    with closing(Engine()) as engine:
        for source in province.sources:
            kind = kind_of(source)
            place = inbox if fetching_kind_of(source) is None or fetched is None else fetched
            try:
                offers = kind.offers(source, place)
            except ExtractError as error:
                problems.append(str(error))
                continue
            offered += len(offers)
            _warn_of_missing_feeds(source, offers, already)
            known = [*already, *(extract for extract, _ in prepared)]
            for offer in offers:
                if isinstance(offer, NoOffer):
                    refused.append((_refusal(province, offer, offer.words, offer.reason, known, inbox), offer.words))
                    continue
                try:
                    extract = prepare(kind, province, source, offer, known, staged, engine)
                except ExtractError as error:
                    refused.append((_refusal(province, offer, str(error), error.reason, known, inbox), str(error)))
                    engine.close()  # what one file has broken must not speak against the next
                    continue
                if extract is not None:
                    known.append(extract)
                    prepared.append((extract, staged / f"{extract.extract_id}.parquet"))
    if not offered and not already and not problems:
        problems.append(f"{inbox}: no source file at all; wanted <source>/<entity>/<YYYY-MM>.csv, set DVCTT_INBOX")
    why = _why_not_tolerated([one for one, _ in refused], province.refusals, nothing=not already and not prepared)
    if problems or why:
        shutil.rmtree(staged)
        unread = unknown_entries(province, inbox)
        problems += [words for _, words in refused]
        problems += [f"{path_in_words(inbox)}: not read, no source of this province owns it: {name}" for name in unread]
        raise ExtractError("\n".join([*problems, *why]) + "\nnothing of this night has landed")
    for extract, path in prepared:
        _commit(extract, path, landing)
    # Last: a run that is killed before leaves the older list, and the next night finds the same refusals again.
    write_refused(landing, [one for one, _ in refused])
    shutil.rmtree(staged)
    for one, _ in refused:
        log.warning("refused: %s", one.words)
    total = len(already) + len(prepared)
    log.info(
        "landing: %d files offered, %d of them new, %d refused, %d extracts in landing",
        offered,
        len(prepared),
        len(refused),
        total,
    )
    return [extract for extract, _ in prepared]


def _check_sources(province: Province, inbox: Path) -> None:
    for source in province.sources:
        check_source(source)
    if not inbox.is_dir() and not all(fetching_kind_of(source) for source in province.sources):
        raise ExtractError(f"{inbox}: no inbox; wanted a folder with one folder per source, set DVCTT_INBOX")


def _refusal(
    province: Province,
    offer: Offer | NoOffer,
    words: str,
    reason: RefusalReason,
    known: Iterable[Extract],
    inbox: Path,
) -> Refusal:
    """What is refused, under the name that has landed where it is that name in other letters: it is a version of that file."""
    name, month = offer.name, offer.month
    for extract in known:
        if name and (extract.source, extract.entity) == (offer.source_id, offer.entity):
            name = extract.file_name if folded_name(extract.file_name) == folded_name(name) else name
    if month is not None and not _is_possible(month, province.first_day):
        month = None
    from_inbox = words.replace(f"{path_in_words(inbox)}/", "")
    return Refusal(offer.source_id, offer.entity, str(month) if month else None, name, reason, from_inbox)


def _why_not_tolerated(refused: list[Refusal], tolerated: Refusals, *, nothing: bool) -> list[str]:
    """Why what is refused stops the night; empty where it does not.

    Args:
        nothing: whether there would be nothing to publish.

    What could not be fetched is not counted: a system that is down is one fault, however many months of it were asked for.
    """
    if not refused:
        return []
    found = []
    if nothing:
        found.append(f"all of the {len(refused)} files are refused, and none ever landed")
    counted = sum(one.reason != "not_fetched" for one in refused)
    if counted > tolerated.tolerated:
        found.append(
            f"{counted} files are refused, wanted at most {tolerated.tolerated} (province.yml: refusals, tolerated)"
        )
    if stopping := sorted({one.entity for one in refused if one.entity} & set(tolerated.stop_for)):
        found.append(f"files of {', '.join(stopping)} are refused, without which no night goes on (refusals, stop_for)")
    return found


def unknown_entries(province: Province, inbox: Path) -> list[str]:
    """What lies in the inbox itself and belongs to no source: files, and folders of a mistyped source. None of it is read."""
    known = {source.id for source in province.sources if fetching_kind_of(source) is None}
    try:
        listed = sorted(inbox.iterdir()) if known or inbox.exists() else []
    except OSError as error:
        raise ExtractError(
            f"{path_in_words(inbox)}: the inbox cannot be read: {os.strerror(error.errno or 0)}"
        ) from error
    found = [path for path in listed if not path.name.startswith(".") and path.name not in known]
    return [f"{path_in_words(Path(path.name))} ({'folder' if path.is_dir() else 'file'})" for path in found]


def _warn_of_missing_feeds(source: Source, offers: Sequence[Offer | NoOffer], already: list[Extract]) -> None:
    seen = {offer.entity for offer in offers} | {extract.entity for extract in already if extract.source == source.id}
    for entity, feed in source.entities.items():
        if entity not in seen and not feed.optional:
            log.warning("source %s has never sent %s: its figures stay empty, not 0", source.id, entity)


def prepare(
    kind: Kind, province: Province, source: Source, offer: Offer, known: list[Extract], staged: Path, engine: Engine
) -> Extract | None:
    """Read one offer into the staging folder; None when its newest landed version has the same content, and its control
    file says no more of single agencies than it said then, and nothing else of whether it is a sample.

    Args:
        known: what has landed, and what this night has prepared already.

    Raises:
        ExtractError: the file is refused.
    """
    versions = [e for e in known if (e.source, e.entity, e.file_name) == (source.id, offer.entity, offer.name)]
    sha256 = kind.fingerprint(offer)
    same = [version for version in versions if version.sha256 == sha256]
    is_sample = _is_sample(offer, same)
    if versions and versions[-1].sha256 == sha256:
        _refuse_late_control(offer, versions[-1])
        by_agency = offer.control.agencies if offer.control else None
        says_no_more = by_agency is None or dict(by_agency) == versions[-1].control_agencies
        if says_no_more and is_sample == versions[-1].is_sample:
            return None
    _refuse_impossible_month(offer, province.first_day)
    _refuse_landed_duplicate(offer, known)
    started, clock = now(), time.monotonic()
    stem = f"{source.id}.{offer.entity}.{stem_of(offer.name)}-{sha256[:12]}"
    _refuse_long_name(offer, stem)
    extract_id = f"{stem}-{len(same) + 1}" if same else stem
    feed = source.entities[offer.entity]
    reading = kind.read(offer, feed, staged / f"{extract_id}.parquet", engine.connection())
    if reading.sha256 != sha256:
        raise ExtractError(
            f"{path_in_words(offer.path)}: changed while it was read; run again when the source has finished writing",
            "changed_while_read",
        )
    arrivals = [e.arrival for e in known if (e.source, e.entity) == (source.id, offer.entity)]
    control = offer.control
    extract = Extract(
        extract_id=extract_id,
        source=source.id,
        entity=offer.entity,
        month=str(offer.month),
        file_name=offer.name,
        arrival=max(arrivals, default=0) + 1,
        month_means=feed.month_means,
        rows=reading.rows,
        total_amount_vnd=reading.total_amount_vnd,
        bytes=reading.bytes,
        sha256=sha256,
        control_rows=control.rows if control else None,
        control_total_amount_vnd=control.total_amount_vnd if control else None,
        control_sha256=control.sha256 if control else None,
        control_agencies=dict(control.agencies) if control and control.agencies is not None else None,
        dropped_columns=reading.dropped_columns,
        started_at=started.isoformat(),
        finished_at=now().isoformat(),
        software_version=__version__,
        parquet_sha256=sha256_of(staged / f"{extract_id}.parquet"),
        other_columns=reading.other_columns,
        is_sample=is_sample,
    )
    log.info(
        "extract %s: %d bytes in, %d rows out, %.1f s",
        extract_id,
        reading.bytes,
        reading.rows,
        time.monotonic() - clock,
    )
    return extract


_LONGEST_FILE_NAME = 255
"""Bytes that the file systems of Linux give a name."""


def _refuse_impossible_month(offer: Offer, first_day: date) -> None:
    """A month is mistyped far more often than it is new: one that cannot be would stand in every calendar for good."""
    if _is_possible(offer.month, first_day):
        return
    first, last = _possible_months(first_day)
    why = (
        f"after {last}, the month that follows today's ({now():%Y-%m-%d} by this machine's clock)"
        if offer.month > last
        else f"before {first}, the month of the province's first day (province.yml: first_day)"
    )
    raise ExtractError(
        f"{path_in_words(offer.path)}: its name says month {offer.month}, which is {why}; wanted {first} to {last}: rename it",
        "not_of_contract",
    )


def _is_possible(month: Month, first_day: date) -> bool:
    first, last = _possible_months(first_day)
    return first <= month <= last


def _possible_months(first_day: date) -> tuple[Month, Month]:
    return Month.of(first_day), current_month().shifted(1)


def _refuse_landed_duplicate(offer: Offer, known: list[Extract]) -> None:
    """The same name in other letters, or in another form, is a new version for whoever sent it, and would be a second file of
    the month here.
    """
    for extract in known:
        alike = (extract.source, extract.entity) == (offer.source_id, offer.entity) and extract.file_name != offer.name
        if alike and folded_name(extract.file_name) == offer.name_key:
            if ending_of(extract.file_name) != ending_of(offer.name):
                raise ExtractError(
                    f"{path_in_words(offer.path)}: one name with {extract.file_name!r}, which has landed as "
                    f"{extract.extract_id}, in another form: its rows would count twice; send it in that form, or take that "
                    f"one back (dvctt extracts withdraw) and send this one under another name, {stem_of(offer.name)}.lai.…",
                    "one_name_twice",
                )
            raise ExtractError(
                f"{path_in_words(offer.path)}: one name with {extract.file_name!r}, which has landed as {extract.extract_id}: "
                f"they differ in case or width alone; rename it to that name",
                "one_name_twice",
            )


def _refuse_long_name(offer: Offer, stem: str) -> None:
    """The extract's files are called by the source's name and more; a name that no disk takes must fail here, in words."""
    longest = len(f".{stem}-9999.parquet.tmp".encode())
    if longest > _LONGEST_FILE_NAME:
        found = len(offer.name.encode())
        raise ExtractError(
            f"{path_in_words(offer.path)}: a name of {found} bytes, wanted at most {found - longest + _LONGEST_FILE_NAME}: the "
            f"file that it lands as is called by it and by source, entity and hash; ask the source for a shorter one",
            "not_of_contract",
        )


def _is_sample(offer: Offer, same: Sequence[Extract]) -> bool:
    """What the control file says; where it says nothing, what was said of this content when it landed before: a control file
    that is gone makes no real figures of made-up ones.
    """
    said = offer.control.is_sample if offer.control else None
    return said if said is not None else bool(same) and same[-1].is_sample


def _refuse_late_control(offer: Offer, landed: Extract) -> None:
    """A control file that came after its data file has landed is compared all the same."""
    control = offer.control
    if control is None:
        return
    pairs = (
        ("rows", landed.rows, control.rows, landed.bytes),
        ("total_amount_vnd", landed.total_amount_vnd, control.total_amount_vnd, likely_amount(landed.total_amount_vnd)),
        ("sha256", landed.sha256, control.sha256.lower() if control.sha256 else None, 0),
    )
    for key, found, wanted, bound in pairs:
        if wanted is not None and found != wanted:
            expected = count_in_words(wanted, bound) if isinstance(wanted, int) else "another"
            raise ExtractError(
                f"{path_in_words(control.path)}: control total differs from what has landed as {landed.extract_id}: key {key}: "
                f"found {found}, wanted {expected}; ask the source to send {offer.entity} of {offer.month} again",
                "control_differs",
            )


def _commit(extract: Extract, staged: Path, landing: Path) -> None:
    """Rename the Parquet file, then write the manifest: a kill between the two leaves a file that no manifest lists."""
    folder = extract.folder(landing)
    folder.mkdir(parents=True, exist_ok=True)
    with staged.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(staged, extract.parquet(landing))
    write_atomically(extract.manifest(landing), seal(asdict(extract)))
    sync_folder(folder)
