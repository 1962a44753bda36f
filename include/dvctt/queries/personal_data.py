"""Searches everything that a home keeps for people: what must not be there past landing (invariant 8, domain notes §7).

Reading and searching may live here. What is dropped, and where, is landing's; what an alert masks is notify's. A finding says
where and what kind, and never what was found.

Two things are searched for: the values that stand in the personal columns of the source files in the inbox, and the forms of
identity numbers, telephone numbers and e-mail addresses, whoever they belong to.
"""

import csv
import gzip
import html
import io
import os
import re
import sqlite3
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import duckdb

from dvctt.core.engines import describe_error
from dvctt.core.errors import DvcttError
from dvctt.core.sql import identifier, literal, read_literal
from dvctt.databases import open_database
from dvctt.extract import NoOffer, kind_of
from dvctt.province.model import Province
from dvctt.settings import Settings

_EDGE = r"(?<![\w.-])"
"""What stands before a person's number: behind a letter, a dot or a dash it is a part of a hash, of a decimal or of a key."""
FORMS: Mapping[str, re.Pattern[str]] = {
    # Both begin with 0, which no count and no sum of money does; all digits in their order are an alphabet, and nobody's.
    "identity or telephone number": re.compile(rf"{_EDGE}(?!0123456789(?!\d))0\d{{8,11}}(?!\w|[.-]\d)"),
    "telephone number in groups": re.compile(
        rf"{_EDGE}0\d{{2,3}}(?P<sign>[ .-])\d{{3}}(?P=sign)\d{{3,4}}(?!\w|[.-]\d)"
    ),
    "international telephone number": re.compile(r"(?<!\w)\+84[ .-]?\d{2,3}[ .-]?\d{3}[ .-]?\d{3,4}(?!\w)"),
    "e-mail address": re.compile(r"(?<![\w.+-])[\w.+-]*[^\W_][\w.+-]*@[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}"),
}
"""Forms of what belongs to a person, whoever that is."""
_UUID = re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_WORD = re.compile(r"\w+")
_NAMES = ("ChuHoSo", "HoTenNguoiNop")
"""Personal columns with people's names. The others hold numbers, addresses and what people wrote."""
_FEWEST_WORDS, _SHORTEST_WORD = 3, 9
"""A value of fewer words says too little ("Hà Nội", "Khai sinh") unless it is a name or a long word, such as a number."""
_MOST_VALUES = 5_000_000
_LARGEST_MEMBER = 1 << 30
_ROWS = 50_000


@dataclass(frozen=True, order=True)
class Finding:
    """One place that holds what looks like a person: the first line or cell of it, and how many there are."""

    file: str
    place: str
    kind: str
    count: int


@dataclass
class Search:
    """What a search has found, and what it has looked at."""

    findings: list[Finding] = field(default_factory=list)
    files: dict[str, int] = field(default_factory=dict)
    """Files by the form in which they were read."""
    values: int = 0
    """Values of personal columns that were searched for."""
    unread: list[str] = field(default_factory=list)
    """What could not be read, and why: nothing is known of it."""
    left_out: list[str] = field(default_factory=list)
    """Folders of the home that were not searched on purpose."""

    def count(self, form: str) -> None:
        self.files[form] = self.files.get(form, 0) + 1

    @property
    def is_clean(self) -> bool:
        return not self.findings and not self.unread and sum(self.files.values()) > 0


class _People:
    """What is searched for in a text."""

    def __init__(self) -> None:
        self._hashes: set[int] = set()
        self._lengths: dict[str, set[int]] = {}
        self._seen: set[int] = set()
        self._programs: set[str] = set()

    @property
    def values(self) -> int:
        return len(self._hashes)

    def add(self, column: str, value: str, known_words: frozenset[str]) -> None:
        words = _WORD.findall(_folded(value))
        joined = " ".join(words)
        fewest = 2 if column in _NAMES else _FEWEST_WORDS
        if joined in known_words or (len(words) < fewest and max(map(len, words), default=0) < _SHORTEST_WORD):
            return
        self._lengths.setdefault(words[0], set()).add(len(words))
        self._hashes.add(hash(joined))

    def pass_over(self, program: Path) -> None:
        """Take what stands in a program's own text (an example, a pattern, a unit test) for nobody's wherever it is met."""
        for path in (program, *program.rglob("*")):
            if path.is_file():
                text = path.read_bytes().decode("utf-8", "replace")
                self._programs.update(match[0] for matches in _matches(text).values() for match in matches)

    def found_in(self, text: str) -> Iterator[str]:
        """The kinds of what a text holds, one for each time."""
        for kind, matches in _matches(text).items():
            yield from (kind for match in matches if match[0] not in self._programs)
        if self._hashes:
            words = _WORD.findall(_folded(text))
            for place, word in enumerate(words):
                for length in self._lengths.get(word, ()):
                    if hash(" ".join(words[place : place + length])) in self._hashes:
                        yield "value of a personal column"

    def found_in_cells(self, cells: Iterable[object]) -> Counter[str]:
        """As ``found_in``, over cells of tables; one that was looked at before is not looked at again."""
        found: Counter[str] = Counter()
        for cell in cells:
            text = cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell)
            key = hash(text)
            if key not in self._seen:
                kinds = list(self.found_in(_unescaped(text)))
                found.update(kinds)
                if not kinds:
                    self._seen.add(key)
        return found


def _matches(text: str) -> dict[str, list[re.Match[str]]]:
    """What has the form of a person's, by kind."""
    plain = _UUID.sub(" ", text)
    return {kind: list(form.finditer(plain)) for kind, form in FORMS.items()}


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _unescaped(text: str) -> str:
    """The text behind escapes of JSON and HTML, in which no letter of Vietnamese stands as itself."""
    if "\\u" in text:
        text = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    return html.unescape(text) if "&" in text else text


def search_home(
    settings: Settings,
    province: Province,
    *,
    programs: Sequence[Path] = (),
    database: str | None = None,
    show: Callable[[str], None] = lambda _: None,
) -> Search:
    """Search every file under the home, but for the inbox and what is installed there.

    Args:
        programs: files and folders of programs that write parts of themselves into the home.
        database: address of a PostgreSQL that the scheduler keeps its own records in.
        show: is told of each folder before it is searched.
    """
    search, people = Search(), _People()
    for program in programs:
        people.pass_over(program)
    _learn(people, settings.inbox, province, search)
    search.values = people.values
    seen: set[tuple[int, int]] = set()
    shown: Path | None = None
    for path in _files(settings, search):
        if (top := settings.home / path.relative_to(settings.home).parts[0]) != shown:
            shown = top
            show(str(top))
        state = path.stat()
        if (state.st_dev, state.st_ino) in seen:
            continue  # a file that publications share
        seen.add((state.st_dev, state.st_ino))
        _search_file(people, path, str(path.relative_to(settings.home)), search)
    if database:
        _search_postgres(people, database, search)
    search.findings.sort()
    return search


def _learn(people: _People, inbox: Path, province: Province, search: Search) -> None:
    """Take up what stands in personal columns of source files; the words of the province's own lists are nobody's."""
    known_words = frozenset(" ".join(_WORD.findall(_folded(text))) for text in _texts(province.model_dump()))
    for source in province.sources:
        kind = kind_of(source)
        personal_values = getattr(kind, "personal_values", None)
        if not (inbox / source.id).is_dir():
            continue
        if personal_values is None:
            search.unread.append(f"source {source.id}: a kind, {source.kind}, whose people cannot be learnt")
            continue
        for offer in kind.offers(source, inbox):
            if isinstance(offer, NoOffer):
                search.unread.append(f"{offer.words}; whose people cannot be learnt")
                continue
            try:
                with open_database() as connection:
                    for column, value in personal_values(offer, source.entities[offer.entity], connection):
                        people.add(column, value, known_words)
            except (OSError, ValueError, csv.Error, duckdb.Error, DvcttError) as error:
                search.unread.append(f"{offer.path}: whose people cannot be learnt: {describe_error(error)}")
            if people.values >= _MOST_VALUES:
                search.unread.append(f"the people of files behind {offer.path}: more than {_MOST_VALUES} values")
                return


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, Iterable):
        for one in value:
            yield from _texts(one)


def _files(settings: Settings, search: Search) -> Iterator[Path]:
    """Regular files under the home, in order; what is installed there holds no record of anybody."""
    for walked, folders, names in os.walk(settings.home):
        folder = Path(walked)
        installed = [one for one in folders if any((folder / one / mark).exists() for mark in _INSTALLED)]
        inbox = [one for one in folders if (folder / one).resolve() == settings.inbox.resolve()]
        search.left_out += [str(folder / one) for one in (*installed, *inbox)]
        folders[:] = sorted(set(folders) - {*installed, *inbox})
        yield from (path for name in sorted(names) if (path := folder / name).is_file() and not path.is_symlink())


_INSTALLED = ("pyvenv.cfg", "CACHEDIR.TAG")
"""What marks a folder of programs, and one of a tool's cache."""


def _search_file(people: _People, path: Path, name: str, search: Search) -> None:
    form = _FORMS_OF_FILES.get(path.suffix.lower())
    search.count(form.__name__.removeprefix("_search_") if form else "text")
    try:
        if form is not None:
            form(people, path, name, search)
        else:
            with path.open("rb") as file:
                _search_lines(people, file, name, "", search)
    except (OSError, duckdb.Error, sqlite3.Error, zipfile.BadZipFile, EOFError, ValueError, DvcttError) as error:
        search.unread.append(f"{name}: {describe_error(error)}")


def _search_lines(people: _People, file: IO[bytes], name: str, member: str, search: Search) -> None:
    counts: Counter[str] = Counter()
    first: dict[str, int] = {}
    for number, line in enumerate(io.TextIOWrapper(file, encoding="utf-8", errors="replace"), start=1):
        for kind in people.found_in(_unescaped(line)):
            counts[kind] += 1
            first.setdefault(kind, number)
    search.findings += [Finding(name, f"{member}line {first[kind]}", kind, count) for kind, count in counts.items()]


def _search_parquet(people: _People, path: Path, name: str, search: Search) -> None:
    with open_database() as connection:
        source = f"read_parquet({read_literal(path)})"
        columns = connection.execute(f"describe select * from {source}").fetchall()
        _search_columns(people, connection, source, [(str(c[0]), str(c[1])) for c in columns], (name, ""), search)


def _search_duckdb(people: _People, path: Path, name: str, search: Search) -> None:
    with open_database(path, read_only=True) as connection:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where not internal order by all"
        ).fetchall()
        for schema, table in tables:
            source = f"{identifier(schema)}.{identifier(table)}"
            columns = connection.execute(f"describe {source}").fetchall()
            kinds = [(str(c[0]), str(c[1])) for c in columns]
            _search_columns(people, connection, source, kinds, (name, f"{schema}.{table}, "), search)


def _search_columns(
    people: _People,
    connection: duckdb.DuckDBPyConnection,
    source: str,
    columns: Sequence[tuple[str, str]],
    where: tuple[str, str],
    search: Search,
) -> None:
    """Search the columns that can hold text, nested ones as DuckDB writes them."""
    for column, kind in columns:
        if not re.search("VARCHAR|JSON|BLOB|UNION", kind):
            continue
        asked = connection.execute(
            f"select distinct cast({identifier(column)} as varchar) from {source} where {identifier(column)} is not null"
        )
        _note(people.found_in_cells(_cells(asked.fetchmany)), where[0], f"{where[1]}column {column}", search)


def _cells(fetch: Callable[[int], Sequence[Sequence[Any]]]) -> Iterator[object]:
    while rows := fetch(_ROWS):
        yield from (cell for row in rows for cell in row if isinstance(cell, str | bytes))


def _note(found: Counter[str], name: str, place: str, search: Search) -> None:
    search.findings += [Finding(name, place, kind, count) for kind, count in found.items()]


def _search_sqlite(people: _People, path: Path, name: str, search: Search) -> None:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        tables = connection.execute("select name from sqlite_master where type = 'table' order by name").fetchall()
        for (table,) in tables:
            for column in connection.execute(f"select name from pragma_table_info({literal(table)})").fetchall():
                asked = connection.execute(f"select distinct {identifier(column[0])} from {identifier(table)}")
                _note(people.found_in_cells(_cells(asked.fetchmany)), name, f"{table}, column {column[0]}", search)


def _search_zip(people: _People, path: Path, name: str, search: Search) -> None:
    """A workbook, or another archive: each member as text."""
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.file_size > _LARGEST_MEMBER:
                search.unread.append(f"{name}: member {member.filename} is larger than {_LARGEST_MEMBER} bytes")
                continue
            with archive.open(member) as file:
                _search_lines(people, file, name, f"{member.filename}, ", search)


def _search_gzip(people: _People, path: Path, name: str, search: Search) -> None:
    with gzip.open(path) as file:
        _search_lines(people, file, name, "", search)  # type: ignore[arg-type]


def _search_pdf(people: _People, path: Path, name: str, search: Search) -> None:
    import pypdf

    try:
        for number, page in enumerate(pypdf.PdfReader(path).pages, start=1):
            _note(Counter(people.found_in(page.extract_text())), name, f"page {number}", search)
    except pypdf.errors.PyPdfError as error:
        raise ValueError(type(error).__name__) from error


def _search_postgres(people: _People, address: str, search: Search) -> None:
    """Every row of every table, as PostgreSQL writes it."""
    import psycopg2

    shown = f"PostgreSQL {re.sub(r'://[^@/]*@', '://***@', address)}"
    search.count("postgres")
    try:
        with closing(psycopg2.connect(re.sub(r"^postgresql\+\w+:", "postgresql:", address))) as connection:
            connection.set_session(readonly=True)
            with connection.cursor() as cursor:
                cursor.execute(
                    "select table_schema, table_name from information_schema.tables where table_type = 'BASE TABLE' "
                    "and table_schema not in ('pg_catalog', 'information_schema') order by 1, 2"
                )
                tables = cursor.fetchall()
                for schema, table in tables:
                    cursor.execute(f"select t::text from {identifier(schema)}.{identifier(table)} as t")
                    _note(people.found_in_cells(_cells(cursor.fetchmany)), shown, f"{schema}.{table}", search)
    except psycopg2.Error as error:
        search.unread.append(f"{shown}: {type(error).__name__}")


_FORMS_OF_FILES: Mapping[str, Callable[[_People, Path, str, Search], None]] = {
    ".parquet": _search_parquet,
    ".duckdb": _search_duckdb,
    ".db": _search_sqlite,
    ".xlsx": _search_zip,
    ".zip": _search_zip,
    ".gz": _search_gzip,
    ".pdf": _search_pdf,
}
"""How a file is read that is no text by itself; every other one is searched as text, whatever it is."""
