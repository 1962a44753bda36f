"""Source kind ``files``: one file per entity and month in a folder.

Reads ``<inbox>/<source>/<entity>/<YYYY-MM>[.anything].<ending>`` and the control file beside it, strictly: a file is read whole
or refused. What a form of file is, and how it becomes text, is ``_forms``; what all forms share stands here: which files are
there, what was read of one, the totals. It reads text and leaves text; what a value means is staging's business. An error names
files, columns of the contract and counts; no cell, key or number of a file is quoted, because a file without its header line
begins with a citizen.
"""

import csv
import hashlib
import os
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb

from dvctt.core.contract import ENTITIES, Entity
from dvctt.core.errors import ExtractError, PeriodError, RefusalReason
from dvctt.core.files import no_room, not_regular, open_regular, path_in_words
from dvctt.core.period import Month
from dvctt.core.sql import file_literal, identifier, literal, read_literal, readable
from dvctt.databases import private_folder
from dvctt.extract import Control, NoOffer, Offer, Reading, count_in_words, likely_amount
from dvctt.extract._control import read_control
from dvctt.extract._forms import (
    CONTRACT_NAMES,
    ENDINGS,
    Incoming,
    Text,
    ending_of,
    form_of,
    stem_of,
)
from dvctt.extract._forms.legacy import ADVICE, advice_for_bytes, legacy_code_of
from dvctt.extract._header import check_columns, read_header
from dvctt.extract._survey import LONGEST_RECORD, Survey, count_records, diagnose, find_fault, survey
from dvctt.province.model import Feed, Source

_NAME = re.compile(
    rf"(?P<month>[0-9]{{4}}-[0-9]{{2}})(?P<suffix>(?:\.[\w-]+)*?)\.(?:{'|'.join(map(re.escape, ENDINGS))})"
)
_CONTROL = ".control.json"
_AGENCY = "MaDonVi"
_BIGINT = 2**63 - 1
_IN_TRANSIT = (".part", ".tmp", ".filepart")
"""Endings that transfer programs give to a file that is still coming; it is looked at when it has its real name."""


def offers(source: Source, inbox: Path) -> list[Offer | NoOffer]:
    """All files of one source, in order of arrival within a night; behind them every file and folder that cannot be offered:
    a folder that is no entity of the source, a name that is not of the contract or that two files have, what is no regular
    file, a control file without its data file, and a data file whose control file is none. None is passed over.

    Raises:
        ExtractError: the source's folder, or one of its entities', is missing or cannot be read.
    """
    root = inbox / source.id
    if not root.is_dir():
        raise ExtractError(
            f"{path_in_words(root)}: no such folder; wanted the files of source {source.id!r}, set DVCTT_INBOX"
        )
    found: list[Offer] = []
    refused: list[NoOffer] = []
    for folder in (path for path in _listed(root) if not path.name.startswith(".")):
        if folder.is_dir() and folder.name in source.entities:
            found.extend(_offers_of_entity(source, folder.name, folder, refused))
        else:
            words = (
                f"{path_in_words(folder)}: not an entity of source {source.id!r}; wanted {', '.join(source.entities)}"
            )
            refused.append(NoOffer(source.id, None, None, None, words, "not_of_contract"))
    return [*sorted(found, key=_arrival), *refused]


def _listed(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        shown = path_in_words(folder)
        raise ExtractError(
            f"{shown}: the folder cannot be read: {os.strerror(error.errno or 0)}; look: ls -ld {shown}"
        ) from error


def _arrival(offer: Offer) -> tuple[str, str, tuple[str, ...]]:
    """Of one month the plain name first, then by the parts of the name: 2022-10.H62.01 before 2022-10.H62.01.bo-sung."""
    return offer.entity, str(offer.month), tuple(stem_of(offer.name).split(".")[1:])


def offer_at(source: Source, entity: str, path: Path) -> Offer | NoOffer | None:
    """What one file would be if its folder were that of an entity: an offer, or why it is none; None where it is passed over,
    as a file that is still coming.
    """
    refused: list[NoOffer] = []
    offered = _offers_of_entity(source, entity, path.parent, refused)
    name = unicodedata.normalize("NFC", path.name)
    of_the_file: list[Offer | NoOffer] = [one for one in offered if one.path == path]
    of_the_file += [one for one in refused if one.name and stem_of(one.name) == stem_of(name)]
    of_the_file += [one for one in refused if one.name is None and one.words.startswith(f"{path_in_words(path)}: ")]
    return next(iter(of_the_file), None)


def _offers_of_entity(source: Source, entity: str, folder: Path, refused: list[NoOffer]) -> list[Offer]:
    found: list[Offer] = []
    controls: dict[str, Path] = {}

    def refuse(month: Month | None, name: str | None, words: str, reason: RefusalReason) -> None:
        refused.append(NoOffer(source.id, entity, month, name, words, reason))

    for path in _listed(folder):
        name = unicodedata.normalize("NFC", path.name)
        if name.startswith(".") or name.endswith(_IN_TRANSIT):
            continue
        if name.endswith(_CONTROL):
            stem = stem_of(name.removesuffix(_CONTROL))
            other = controls.setdefault(stem, path)
            if other != path:
                words = (
                    f"{path_in_words(path)}: second control file for the same data file, beside {other.name}; keep one"
                )
                refuse(_month_of(f"{stem}.csv"), _name_of(f"{stem}.csv"), words, "one_name_twice")
            continue
        month = _month_of(name)
        if month is None:
            words = (
                f"{path_in_words(path)}: name not of the contract; wanted <YYYY-MM>[.anything].<ending>, e.g. 2022-10.csv, "
                f"with one of the endings {', '.join(ENDINGS)}"
            )
            refuse(None, None, words, "not_of_contract")
        elif what := not_regular(path):
            refuse(month, name, f"{path_in_words(path)}: found {what}, wanted a regular file", "not_a_file")
        else:
            found.append(Offer(source.id, entity, month, name, path, None))
    _refuse_one_name_twice(found, refuse)
    named = {stem_of(offer.name) for offer in found}
    named |= {stem_of(one.name) for one in refused if one.entity == entity and one.name}
    for stem in sorted(controls.keys() - named):
        name = f"{stem}.csv"
        words = (
            f"{path_in_words(controls[stem])}: control file without its data file {name}, or another ending; wait for it, or "
            f"remove the control file"
        )
        refuse(_month_of(name), _name_of(name), words, "control_without_file")
    offered = []
    for offer in found:
        stem = stem_of(offer.name)
        try:
            control = read_control(controls[stem]) if stem in controls else None
        except ExtractError as error:
            refuse(offer.month, offer.name, str(error), error.reason)
        else:
            offered.append(replace(offer, control=control))
    # What has two names, or two control files, is nobody's to choose: a file is refused under each of its faults.
    faulty = {stem_of(one.name) for one in refused if one.entity == entity and one.name}
    return [offer for offer in offered if stem_of(offer.name) not in faulty]


def _month_of(name: str) -> Month | None:
    """The month that a name of the contract says; None of any other name."""
    match = _NAME.fullmatch(name)
    try:
        return Month.parse(match["month"]) if match else None
    except PeriodError:
        return None


def _name_of(name: str) -> str | None:
    return name if _month_of(name) is not None else None


def _refuse_one_name_twice(
    found: list[Offer], refuse: Callable[[Month | None, str | None, str, RefusalReason], None]
) -> None:
    """Two names that people, or other disks, take for one: one would replace the other, or its rows would count twice. So
    would those of one month that is sent in two forms. Nobody can say which of them is meant, so neither is read.
    """
    by_key: dict[str, list[Offer]] = {}
    for offer in found:
        by_key.setdefault(offer.name_key, []).append(offer)
    for alike in by_key.values():
        for offer in alike if len(alike) > 1 else ():
            other = next(one for one in alike if one is not offer)
            is_form = ending_of(offer.name) != ending_of(other.name)
            how = "form" if is_form else "case or in how letters are composed"
            words = (
                f"{path_in_words(offer.path)}: one name with {other.path.name!a} (this one is {offer.path.name!a}): "
                f"they differ in {how} alone; keep one"
            )
            refuse(offer.month, offer.name, words, "one_name_twice")


def fingerprint(offer: Offer) -> str:
    """sha256 of the file's bytes."""
    with open_regular(offer.path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read(offer: Offer, feed: Feed, target: Path, connection: duckdb.DuckDBPyConnection) -> Reading:
    """Write the file's rows to ``target`` as Parquet: ``row_number`` (1-based, the header not counted) and the contract's
    columns, all as text, empty fields as NULL. Personal columns and columns outside the contract are left behind.

    Whatever its form, the file becomes text first, and the rows that DuckDB read are held against the records that end in
    the text's bytes. What the text is written to lies beside ``target`` for the time of this call, for its owner alone.

    Raises:
        ExtractError: a column is missing, has no name or stands twice, the file is empty, is no text or not of its form, it
            changed while it was read, not all of it was read, or the control file's rows, amount or hash differ.
    """
    before = _state(offer.path)
    with _scratch(target) as scratch:
        try:
            incoming = Incoming(offer.path, offer.path, ENTITIES[offer.entity], feed, scratch, connection)
            return _read(offer, incoming, target, before)
        except duckdb.Error as error:
            target.unlink(missing_ok=True)
            if no_room(error) is not None or isinstance(error, duckdb.OutOfMemoryException):
                raise  # our own disk or memory, not the source's file
            _refuse_change(offer.path, before)
            raise ExtractError(
                f"{path_in_words(offer.path)}: not readable; ask the source to send the file again"
            ) from None
        except ExtractError:
            target.unlink(missing_ok=True)
            raise


def personal_values(offer: Offer, feed: Feed, connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, str]]:
    """Column and value of every cell of the personal columns, for who looks whether one of them is kept anywhere.

    Raises:
        ExtractError: the file cannot become text.
    """
    entity = ENTITIES[offer.entity]
    with private_folder() as scratch:
        incoming = Incoming(offer.path, offer.path, entity, feed, scratch, connection)
        text = form_of(offer.name).as_text(incoming)
        with text.path.open(encoding="utf-8-sig", newline="") as file:
            for _ in range(text.skipped):
                file.readline()
            rows = csv.reader(file, delimiter=text.delimiter)
            header = incoming.renamed(next(rows, []))
            places = [(place, name) for place, name in enumerate(header) if name in entity.personal]
            for row in rows if places else ():
                yield from ((name, row[place]) for place, name in places if place < len(row) and row[place].strip())


@contextmanager
def _scratch(target: Path) -> Iterator[Path]:
    """A folder for what a file is unpacked or converted to. It may hold citizens: nobody else reads it, and it does not stay;
    what a killed run leaves lies in the staging folder, which the next one empties.
    """
    folder = Path(tempfile.mkdtemp(prefix=".text-", dir=target.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _read(offer: Offer, incoming: Incoming, target: Path, before: tuple[int, ...]) -> Reading:
    control, shown = offer.control, incoming.shown
    sha256 = fingerprint(offer) if control and control.sha256 else None
    _check_hash(offer, sha256, before[0])
    try:
        text = form_of(offer.name).as_text(incoming)
        seen = survey(text.path, text.delimiter)
    except ExtractError:
        _refuse_change(offer.path, before)
        raise
    if text.path == offer.path:
        sha256 = seen.sha256
        _check_hash(offer, sha256, before[0])
    if seen.fault:
        raise ExtractError(f"{shown}:{seen.fault}; {advice_for_bytes(text.path)}")
    renamed = incoming.renamed(read_header(shown, text, seen))
    check_columns(incoming, text, renamed)
    if code := legacy_code_of(text.path):
        raise ExtractError(
            f"{shown}: its letters are those of {code}, which is a font's code, and no Vietnamese; {ADVICE.format(code=code)}"
        )
    try:
        rows, amount = _copy(incoming, text, renamed, target, seen)
    except duckdb.Error as error:
        if no_room(error) is not None or isinstance(error, duckdb.OutOfMemoryException):
            raise
        _refuse_change(offer.path, before)
        fault = diagnose(text.path, len(renamed), seen, text.delimiter, text.skipped)
        raise ExtractError(f"{shown}{fault}") from None
    if rows != seen.records - text.skipped - 1:
        _hold_against_bytes(shown, text, rows)
    if seen.separators != (seen.records - text.skipped) * (len(renamed) - 1) + text.skipped:
        _refuse_uneven(shown, text, len(renamed), seen)
    if text.rows is not None and rows != text.rows:
        raise ExtractError(
            f"{shown}: not all of it was read: found {rows} rows, wanted the {text.rows} that were counted in the file; ask "
            f"the source to send the file again"
        )
    _check_totals(offer, rows, amount, before[0])
    _check_agencies(incoming.connection, offer, incoming.entity, target)
    _refuse_change(offer.path, before)
    dropped = tuple(column for column in renamed if column in CONTRACT_NAMES and column not in incoming.entity.columns)
    others = sum(column not in CONTRACT_NAMES for column in renamed)
    return Reading(rows, amount, sha256 or fingerprint(offer), before[0], dropped, others)


def _check_hash(offer: Offer, sha256: str | None, size: int) -> None:
    control = offer.control
    if control and control.sha256 and sha256 and control.sha256.lower() != sha256:
        raise _differs(offer, control, "sha256", f"{sha256} for {size} bytes", "another")


def _state(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat(follow_symlinks=False)
    except OSError as error:
        raise ExtractError(
            f"{path_in_words(path)}: removed while it was read; run again when it is back ({os.strerror(error.errno or 0)})",
            "changed_while_read",
        ) from error
    return found.st_size, found.st_mtime_ns, found.st_ino, found.st_dev


def _refuse_change(path: Path, before: tuple[int, ...]) -> None:
    after = _state(path)
    if after != before:
        how = "replaced by another file" if after[2:] != before[2:] else "changed"
        raise ExtractError(
            f"{path_in_words(path)}: {how} while it was read; run again when the source has finished writing",
            "changed_while_read",
        )


def _copy(incoming: Incoming, text: Text, renamed: list[str], target: Path, seen: Survey) -> tuple[int, int | None]:
    """Let DuckDB read the text. Its columns are called by their places: a name of the file never becomes SQL.

    DuckDB guesses how lines end, and takes a carriage return inside a field for an end: where the bytes say, it is told.
    """
    connection, entity = incoming.connection, incoming.entity
    places = {column: f"c{place}" for place, column in enumerate(renamed)}
    kept = ", ".join(f"{places.get(column, 'null::varchar')} as {identifier(column)}" for column in entity.columns)
    relation = connection.read_csv(
        readable(text.path),
        header=True,
        dtype=dict.fromkeys(places.values(), "VARCHAR"),
        names=list(places.values()),
        delimiter=text.delimiter,
        skiprows=text.skipped,
        quotechar='"',
        escapechar='"',
        na_values="",
        strict_mode=True,
        auto_detect=False,
        max_line_size=LONGEST_RECORD,
        compression="none",
        lineterminator=duckdb.CSVLineTerminator.LINE_FEED if seen.line_ends == ("\\n",) else None,
    )
    connection.register("offered", relation)  # takes the place of the file before
    connection.execute(
        f"copy (select row_number() over () as row_number, {kept} from offered) to {file_literal(target)} "
        f"(format parquet, compression zstd)"
    )
    amount = f"coalesce(sum({whole_number(entity.amount)}), 0)" if entity.amount else "null"
    result = connection.execute(f"select count(*), {amount} from read_parquet({read_literal(target)})").fetchone()
    if result is None:
        raise ExtractError(f"{incoming.shown}: could not count the rows that were read from it")
    return int(result[0]), None if result[1] is None else int(result[1])


def _hold_against_bytes(shown: str, text: Text, rows: int) -> None:
    """The quick count differs; the exact one decides: a quote inside a plain field misleads the quick one alone."""
    exact = count_records(text.path, text.delimiter, text.skipped) - 1
    if exact != rows:
        raise ExtractError(
            f"{shown}: not all of it was read: found {rows} rows, wanted the {exact} records that end in its "
            f"bytes (a record of more than {LONGEST_RECORD} bytes?); ask the source to send the file again"
        )


def _refuse_uneven(shown: str, text: Text, columns: int, seen: Survey) -> None:
    """The quick count of separators differs; the exact one decides. DuckDB takes a record of one field too many whose last is
    empty, and with it a row that a separator without quotes has shifted.
    """
    if fault := find_fault(text.path, columns, seen, text.delimiter, text.skipped):
        raise ExtractError(f"{shown}{fault}")


def whole_number(column: str) -> str:
    """Only digits are an amount, as in staging: what is none is set aside there, and added up nowhere."""
    blanks = r"[\s\p{Z}\x{feff}]+"
    text = f"regexp_replace({identifier(column)}, {literal(f'^{blanks}|{blanks}$')}, '', 'g')"
    return rf"case when regexp_full_match({text}, '-?\d{{1,18}}') then cast({text} as hugeint) end"


def _check_agencies(connection: duckdb.DuckDBPyConnection, offer: Offer, entity: Entity, target: Path) -> None:
    """Hold each agency's own control total against its rows; an entity that names no agency has none to hold."""
    control = offer.control
    if control is None or control.agencies is None or _AGENCY not in entity.columns:
        return
    counted = connection.execute(
        f"select trim({identifier(_AGENCY)}), count(*) from read_parquet({read_literal(target)}) "
        f"where {identifier(_AGENCY)} is not null "
        "group by all"
    ).fetchall()
    rows_of = {str(code): int(rows) for code, rows in counted}
    others = sum(rows_of.get(code.strip(), 0) != rows for code, rows in control.agencies.items())
    if others:
        raise ExtractError(
            f"{path_in_words(offer.path)}: control total differs: key agencies of {path_in_words(control.path)}: "
            f"{others} of {len(control.agencies)} agencies have another number of rows in the file; "
            f"ask the source to send {offer.entity} of {offer.month} again",
            "control_differs",
        )


def _check_totals(offer: Offer, rows: int, amount: int | None, size: int) -> None:
    control = offer.control
    if rows == 0 and (control is None or control.rows != 0):
        raise ExtractError(
            f"{path_in_words(offer.path)}: empty file (a header of {size} bytes and no row); wanted rows, "
            f'or a control file that says "rows": 0',
            "empty_file",
        )
    if amount is not None and abs(amount) > _BIGINT:
        raise ExtractError(
            f"{path_in_words(offer.path)}: its amounts add up to a number of {len(str(abs(amount)))} digits, which no total "
            f"of this warehouse can hold; wanted amounts in whole VND"
        )
    if control is None:
        return
    if control.rows is not None and control.rows != rows:
        raise _differs(offer, control, "rows", rows, count_in_words(control.rows, size))
    if control.total_amount_vnd is not None and control.total_amount_vnd != amount:
        wanted = count_in_words(control.total_amount_vnd, likely_amount(amount))
        raise _differs(offer, control, "total_amount_vnd", amount, wanted)


def _differs(offer: Offer, control: Control, key: str, found: object, wanted: object) -> ExtractError:
    return ExtractError(
        f"{path_in_words(offer.path)}: control total differs: key {key} of {control.path.name}: found {found}, wanted "
        f"{wanted}; ask the source to send {offer.entity} of {offer.month} again",
        "control_differs",
    )
