"""Source kind ``files``: one CSV file per entity and month in a folder.

Reads ``<inbox>/<source>/<entity>/<YYYY-MM>[.anything].csv`` and the control file beside it, strictly: a file is read whole
or refused. It reads text and leaves text; what a value means is staging's business.
"""

import csv
import hashlib
import json
import re
import unicodedata
from pathlib import Path

import duckdb

from dvctt.config import Feed, Source
from dvctt.contract import ENTITIES, Entity
from dvctt.errors import ExtractError, PeriodError
from dvctt.extract import Control, Offer, Reading
from dvctt.files import no_room
from dvctt.period import Month

_NAME = re.compile(r"(?P<month>\d{4}-\d{2})(?P<suffix>(?:\.[\w-]+)*)\.csv")
_CONTROL = ".control.json"
_CONTROL_KEYS = {"rows", "total_amount_vnd", "sha256"}
_IN_TRANSIT = (".part", ".tmp", ".filepart")
"""Endings that transfer programs give to a file that is still coming; it is looked at when it has its real name."""


_REASONS = (
    re.compile(r"CSV Error on Line: \d+"),
    re.compile(r"Expected Number of Columns: \d+ Found: \d+"),
    re.compile(r"Value with unterminated quote found"),
    re.compile(r"Maximum line size of \d+ bytes exceeded"),
    re.compile(r"Invalid unicode \([^)]*\)"),
)


def offers(source: Source, inbox: Path) -> list[Offer]:
    """All files of one source, in order of arrival within a night.

    Raises:
        ExtractError: the inbox or the source's folder is missing, a folder is no entity of the source, a file's name is
            not of the contract, or a control file has no data file; every such file is named, none is passed over.
    """
    root = inbox / source.id
    if not root.is_dir():
        raise ExtractError(f"{root}: no such folder; wanted the files of source {source.id!r}, set DVCTT_INBOX")
    problems: list[str] = []
    found: list[Offer] = []
    for folder in sorted(path for path in root.iterdir() if not path.name.startswith(".")):
        if not folder.is_dir() or folder.name not in source.entities:
            problems.append(f"{folder}: not an entity of source {source.id!r}; wanted {', '.join(source.entities)}")
            continue
        found.extend(_offers_of_entity(source, folder, problems))
    if problems:
        raise ExtractError("\n".join(problems))
    return sorted(found, key=_arrival)


def _arrival(offer: Offer) -> tuple[str, str, tuple[str, ...]]:
    """Of one month the plain name first, then by the parts of the name: 2022-10.H62.01 before 2022-10.H62.01.bo-sung."""
    return offer.entity, str(offer.month), tuple(offer.name.removesuffix(".csv").split(".")[1:])


def _offers_of_entity(source: Source, folder: Path, problems: list[str]) -> list[Offer]:
    found: list[Offer] = []
    data_files: set[str] = set()
    controls: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        name = unicodedata.normalize("NFC", path.name)
        if name.startswith(".") or name.endswith(_IN_TRANSIT):
            continue
        if name.endswith(_CONTROL):
            other = controls.setdefault(name.removesuffix(_CONTROL).removesuffix(".csv"), path)
            if other != path:
                problems.append(f"{path}: second control file for the same data file, beside {other.name}; keep one")
            continue
        match = _NAME.fullmatch(name)
        try:
            month = Month.parse(match["month"]) if match else None
        except PeriodError:
            month = None
        if month is None or not path.is_file():
            problems.append(f"{path}: name not of the contract; wanted <YYYY-MM>[.anything].csv, e.g. 2022-10.csv")
            continue
        data_files.add(name.removesuffix(".csv"))
        found.append(Offer(source.id, folder.name, month, name, path, None))
    problems.extend(
        f"{controls[stem]}: control file without its data file {stem}.csv; wait for it, or remove the control file"
        for stem in sorted(controls.keys() - data_files)
    )
    return [
        Offer(o.source_id, o.entity, o.month, o.name, o.path, _read_control(controls[stem], problems))
        if (stem := o.name.removesuffix(".csv")) in controls
        else o
        for o in found
    ]


def _read_control(path: Path, problems: list[str]) -> Control | None:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        problems.append(f"{path}: not JSON: {error}")
        return None
    if not isinstance(content, dict) or set(content) - _CONTROL_KEYS:
        problems.append(
            f"{path}: found {content!r:.200}, wanted an object with keys {', '.join(sorted(_CONTROL_KEYS))}"
        )
        return None
    for key in ("rows", "total_amount_vnd"):
        value = content.get(key)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            problems.append(f"{path}: key {key}: found {value!r}, wanted a whole number")
            return None
    return Control(path, content.get("rows"), content.get("total_amount_vnd"), content.get("sha256"))


def fingerprint(offer: Offer) -> str:
    """sha256 of the file's bytes."""
    with offer.path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read(offer: Offer, feed: Feed, target: Path) -> Reading:
    """Write the file's rows to ``target`` as Parquet: ``row_number`` (1-based, the header not counted) and the contract's
    columns, all as text, empty fields as NULL. Personal columns and columns outside the contract are left behind.

    Raises:
        ExtractError: a column is missing or stands twice, the file is empty, is not UTF-8 or not CSV, it changed
            while it was read, or the control file's rows, amount or hash differ.
    """
    entity = ENTITIES[offer.entity]
    before = offer.path.stat()
    sha256 = fingerprint(offer)
    control = offer.control
    if control and control.sha256 and control.sha256.lower() != sha256:
        raise _differs(offer, control, "sha256", sha256, control.sha256)
    header = _read_header(offer)
    renamed = [feed.rename.get(column, column) for column in header]
    _check_columns(offer, entity, feed, header, renamed)
    connection = duckdb.connect()
    try:
        rows, amount = _copy(connection, offer, entity, renamed, target)
    except duckdb.Error as error:
        target.unlink(missing_ok=True)
        if no_room(error) is not None:
            raise  # our own disk, not the source's file
        raise ExtractError(f"{offer.path}: not readable as CSV: {_reason(error)}") from error
    finally:
        connection.close()
    try:
        _check_totals(offer, rows, amount, before.st_size)
        after = offer.path.stat()
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise ExtractError(
                f"{offer.path}: changed while it was read; run again when the source has finished writing"
            )
    except ExtractError:
        target.unlink(missing_ok=True)
        raise
    dropped = tuple(column for column in renamed if column not in entity.columns)
    return Reading(rows, amount, sha256, before.st_size, dropped)


def _read_header(offer: Offer) -> list[str]:
    if offer.path.stat().st_size == 0:
        raise ExtractError(f"{offer.path}: empty file (0 bytes); wanted a header line and rows")
    try:
        with offer.path.open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file, strict=True), [])
    except UnicodeDecodeError as error:
        raise ExtractError(f"{offer.path}:1: not UTF-8 text at byte {error.start}") from error
    except csv.Error as error:
        raise ExtractError(f"{offer.path}:1: header is not CSV: {error}") from error
    return [unicodedata.normalize("NFC", column.strip()) for column in header]


def _check_columns(offer: Offer, entity: Entity, feed: Feed, header: list[str], renamed: list[str]) -> None:
    twice = sorted({column for column in renamed if renamed.count(column) > 1})
    if twice:
        raise ExtractError(f"{offer.path}:1: column {', '.join(twice)} stands more than once in the header")
    missing = [column for column in entity.columns if column not in renamed and column not in feed.absent]
    if missing:
        raise ExtractError(
            f"{offer.path}:1: missing mandatory column {', '.join(missing)}; found {', '.join(header)}; wanted all of "
            f"{', '.join(entity.columns)} (a source that cannot give one says so in sources.yml, keys rename and absent)"
        )


def _copy(
    connection: duckdb.DuckDBPyConnection, offer: Offer, entity: Entity, renamed: list[str], target: Path
) -> tuple[int, int | None]:
    kept = ", ".join(f'"{c}"' if c in renamed else f'null::varchar as "{c}"' for c in entity.columns)
    relation = connection.read_csv(
        str(offer.path),
        header=True,
        dtype=dict.fromkeys(renamed, "VARCHAR"),
        names=renamed,
        delimiter=",",
        quotechar='"',
        escapechar='"',
        na_values="",
        strict_mode=True,
        auto_detect=False,
    )
    connection.register("offered", relation)
    connection.execute(
        f"copy (select row_number() over () as row_number, {kept} from offered) to ? (format parquet, compression zstd)",
        [str(target)],
    )
    amount = f"coalesce(sum({whole_number(entity.amount)}), 0)" if entity.amount else "null"
    result = connection.execute(f"select count(*), {amount} from read_parquet(?)", [str(target)]).fetchone()
    if result is None:
        raise ExtractError(f"{offer.path}: could not count the rows that were read from it")
    return int(result[0]), None if result[1] is None else int(result[1])


def whole_number(column: str) -> str:
    """Only digits are an amount, as in staging: what is none is set aside there, and added up nowhere."""
    blanks = r"[\s\p{Z}\x{feff}]+"
    text = f'''regexp_replace("{column}", '^{blanks}|{blanks}$', '', 'g')'''
    return rf"case when regexp_full_match({text}, '-?\d{{1,18}}') then cast({text} as hugeint) end"


def _check_totals(offer: Offer, rows: int, amount: int | None, size: int) -> None:
    control = offer.control
    if rows == 0 and (control is None or control.rows != 0):
        raise ExtractError(
            f"{offer.path}: empty file (a header of {size} bytes and no row); wanted rows, "
            f'or a control file that says "rows": 0'
        )
    if control is None:
        return
    if control.rows is not None and control.rows != rows:
        raise _differs(offer, control, "rows", rows, control.rows)
    if control.total_amount_vnd is not None and control.total_amount_vnd != amount:
        raise _differs(offer, control, "total_amount_vnd", amount, control.total_amount_vnd)


def _differs(offer: Offer, control: Control, key: str, found: object, wanted: object) -> ExtractError:
    return ExtractError(
        f"{offer.path}: control total differs: key {key} of {control.path.name}: found {found}, wanted {wanted}; "
        f"ask the source to send {offer.entity} of {offer.month} again"
    )


def _reason(error: duckdb.Error) -> str:
    """DuckDB's own words on where and why, without the line's content, which may hold personal data."""
    kept = [match[0] for pattern in _REASONS if (match := pattern.search(str(error)))]
    return "; ".join(kept) or "broken quoting, or line ends of two kinds in one file"
