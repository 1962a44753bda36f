"""The forms in which a source's file comes, and how each becomes text that one strict reader reads.

What may live here: one module a form, found by the ending of a file's name, that turns a file into UTF-8 text with one header
line, or refuses it. What may not: what the columns mean, control totals, and what lands; all forms share those (``files``).
A form quotes nothing of a file: a place, a count, a column of the contract, never a cell, a key or the name of a sheet.
"""

import importlib
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from dvctt.core.contract import ENTITIES, Entity
from dvctt.core.errors import ExtractError
from dvctt.core.files import open_regular, path_in_words
from dvctt.province.model import Feed

if TYPE_CHECKING:
    import duckdb

PACKED_FORMS = ("csv", "json", "jsonl")
"""What may come in an archive: workbooks and Parquet are packed by themselves."""
_PACKED = {f"{text}.{archive}": "packed" for text in PACKED_FORMS for archive in ("gz", "zip")}
_MODULES = {
    "csv": "delimited",
    **_PACKED,
    "zip": "packed",
    "xlsx": "workbook",
    "xls": "workbook",
    "ods": "workbook",
    "json": "json_text",
    "jsonl": "json_lines",
    "parquet": "parquet",
}
"""The endings of names, and the module that reads what they end. The one list of them."""
ENDINGS = tuple(_MODULES)
CONTRACT_NAMES = {column for entity in ENTITIES.values() for column in (*entity.columns, *entity.personal)}
"""Every column name of the contract: what may be told of a header."""


def ending_of(name: str) -> str | None:
    """The ending of a file's name, the longest that it has; None when it is none of the list."""
    return max((ending for ending in ENDINGS if name.endswith(f".{ending}")), key=len, default=None)


def stem_of(name: str) -> str:
    """A file's name without its ending: what a control file shares with it, and what another form of the same file would."""
    ending = ending_of(name)
    return name.removesuffix(f".{ending}") if ending else name


@dataclass(frozen=True)
class Incoming:
    """A file that is to become text.

    Attributes:
        path: where its bytes lie: the file as the source sent it, or what was unpacked of it.
        origin: the file as the source sent it, which errors name.
        entity, feed: what it should hold, and what sources.yml says of it.
        scratch: an empty folder of this file alone, for what is unpacked or converted; who made it removes it.
        connection: DuckDB, for the forms that it reads.
    """

    path: Path
    origin: Path
    entity: Entity
    feed: Feed
    scratch: Path
    connection: "duckdb.DuckDBPyConnection"

    @property
    def shown(self) -> str:
        return path_in_words(self.origin)

    def head(self, size: int) -> bytes:
        """The first bytes of the file."""
        with open_regular(self.path) as file:
            return file.read(size)

    def other_form(self, wanted: str) -> ExtractError | None:
        """The refusal of a file whose first bytes are those of another form than its name says; None where they are of none."""
        found = form_in_words(self.head(_MAGIC_BYTES))
        if found is None or found == wanted:
            return None
        return ExtractError(
            f"{self.shown}: found {found}, wanted {wanted}: its name does not say what it is; ask the source to name it by its "
            f"form (endings: {', '.join(ENDINGS)})"
        )

    def renamed(self, header: Iterable[object]) -> list[str]:
        """A header's fields as the contract calls them."""
        return [self.feed.rename.get(name, name) for name in map(clean_name, header)]

    def missing(self, header: Iterable[object]) -> list[str]:
        """The mandatory columns that a header lacks."""
        found = set(self.renamed(header))
        return [column for column in self.entity.columns if column not in found and column not in self.feed.absent]

    def known(self, header: Iterable[object]) -> int:
        """How many fields of a header are columns of the contract."""
        return sum(name in CONTRACT_NAMES for name in self.renamed(header))


def clean_name(field: object) -> str:
    """A field of a header as a column's name."""
    return unicodedata.normalize("NFC", field.strip()) if isinstance(field, str) else ""


@dataclass(frozen=True)
class Text:
    """What a form makes of a file: UTF-8, quoted by ``"``, one header line, one kind of line end.

    Attributes:
        path: where it lies: the file itself, or a file in its scratch folder.
        delimiter: what stands between fields.
        skipped: lines before the header that are no record.
        header_at: where the header stands in the source's file, in words that follow its name.
        header_noun: what the header is called there.
        of_lines: whether the source itself wrote lines with separators, so that errors may speak of them.
        rows: how many rows the form counted in the file itself, in another way than it read them; None where it has but one.
    """

    path: Path
    delimiter: str = ","
    skipped: int = 0
    header_at: str = ":1"
    header_noun: str = "line 1"
    of_lines: bool = True
    rows: int | None = None


_MAGIC_BYTES = 512
GZIP, ZIPPED, PARQUET = "a gzip archive", "a ZIP archive or workbook", "Parquet"
OLE = "an old workbook (XLS, or with a password)"
_MAGIC = (
    (b"\x1f\x8b", GZIP),
    (b"PK\x03\x04", ZIPPED),
    (b"PK\x05\x06", ZIPPED),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),
    (b"PAR1", PARQUET),
    (b"%PDF", "a PDF document"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
)
_HTML = (b"<html", b"<!doctype", b"<table", b"<?xml", b"<meta")


def form_in_words(head: bytes) -> str | None:
    """What a file is by its first bytes; None where they say nothing, as those of text."""
    found = next((words for magic, words in _MAGIC if head.startswith(magic)), None)
    is_page = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(_HTML)
    return found or ("a web page or XML" if is_page else None)


class Form(Protocol):
    """The one function of a form."""

    as_text: Callable[[Incoming], Text]
    """Raises ExtractError when the file is not of this form, or not whole."""


def form_of(name: str) -> Form:
    """The module that reads a file of this name; loaded now, because some load much.

    Raises:
        ExtractError: the ending is none of the list.
    """
    ending = ending_of(name)
    if ending is None:
        raise ExtractError(f"{name!a}: wanted a name that ends in one of {', '.join(ENDINGS)}")
    return cast(Form, importlib.import_module(f"{__name__}.{_MODULES[ending]}"))


SEPARATORS: Sequence[tuple[str, str]] = ((",", "comma"), (";", "semicolon"), ("|", "bar"), ("\t", "tab"))
"""What may stand between the fields of a line, and what it is called."""


def separator_in_words(delimiter: str) -> str:
    """What a separator is called in an error."""
    return dict(SEPARATORS)[delimiter]
