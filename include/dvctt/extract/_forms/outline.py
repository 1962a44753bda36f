"""A second reader of XLSX and ODS: what stands in a sheet by its XML alone, to hold against what the library says it read.

python-calamine gives an empty text for a cell with an error (#N/A), so that it would be NULL in silence, and takes memory for
the whole rectangle between the first and the last cell. Here each cell is seen once, in a stream: errors with their places,
formulas without a value, how many cells and which rows hold one. Values are not read here.
"""

import re
import zipfile
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from xml.parsers import expat

_CHUNK = 1 << 20
_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_ERROR_TEXT = re.compile(r"#[A-Z0-9/!?]+[!?]?|#N/A|Err:[0-9]{3}")
_MOST_REPEATED = 1 << 24
_MOST_COLUMNS = 1 << 14
_MOST_ERRORS = 100_000


class NotOfTheForm(ValueError):
    """The XML is not that of a workbook; its words quote nothing."""


@dataclass
class Outline:
    """What stands in one sheet; rows and columns are counted from 0.

    Attributes:
        cells: how many cells hold a value, errors included.
        rows: the rows that hold one, in order.
        corners: the first and the last row, the first and the last column of cells that say anything, even an empty text:
            the library takes memory for all cells between them.
        errors: cells that hold an error, and what it says.
        formula: the first cell with a formula.
        unknown: the first cell with a formula and no value.
    """

    cells: int = 0
    rows: "array[int]" = field(default_factory=lambda: array("L"))
    corners: tuple[int, int, int, int] | None = None
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    formula: tuple[int, int] | None = None
    unknown: tuple[int, int] | None = None

    @property
    def extent(self) -> int:
        """Cells of the rectangle between the corners."""
        if self.corners is None:
            return 0
        top, bottom, left, right = self.corners
        return (bottom - top + 1) * (right - left + 1)

    def touch(self, row: int, first: int, last: int) -> None:
        """Cells of one row that say anything."""
        top, bottom, left, right = self.corners or (row, row, first, last)
        self.corners = min(top, row), max(bottom, row), min(left, first), max(right, last)

    def add(self, row: int, first: int, last: int) -> None:
        """Cells of one row that hold a value."""
        self.cells += last - first + 1
        if not self.rows or self.rows[-1] != row:
            if self.rows and row < self.rows[-1]:
                raise NotOfTheForm("its rows are out of order")
            self.rows.append(row)
        self.touch(row, first, last)

    def add_error(self, row: int, column: int, text: str) -> None:
        """What a cell says instead of a value; text that is no spreadsheet's word for an error is not kept."""
        self.errors[row, column] = text if _ERROR_TEXT.fullmatch(text) else "#ERROR!"
        if len(self.errors) > _MOST_ERRORS:
            raise NotOfTheForm(f"more than {_MOST_ERRORS} cells hold an error")


@dataclass(frozen=True)
class Outlines:
    """The sheets of a workbook by name, in order; and whether its formulas wait to be calculated when it is opened."""

    sheets: Mapping[str, Outline]
    is_uncalculated: bool = False


_Start = Callable[[str, Mapping[str, str]], None]
_End = Callable[[str], None]


def _parse(archive: zipfile.ZipFile, member: str, start: _Start, end: _End, text: Callable[[str], None]) -> None:
    """Stream one XML file of an archive; names without their namespaces. No document of an office declares a type."""
    parser = expat.ParserCreate(namespace_separator="|")
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise NotOfTheForm("its XML declares a document type")

    def started(name: str, attributes: Mapping[str, str]) -> None:
        found: dict[str, str] = {}
        for key, value in attributes.items():
            if found.get(_local(key)) != "error":  # LibreOffice says both that a cell is text and that it is an error
                found[_local(key)] = value
        start(_local(name), found)

    def ended(name: str) -> None:
        end(_local(name))

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = started
    parser.EndElementHandler = ended
    parser.CharacterDataHandler = text
    try:
        with archive.open(member) as file:
            while chunk := file.read(_CHUNK):
                parser.Parse(chunk, False)
        parser.Parse(b"", True)
    except KeyError:
        raise NotOfTheForm("a part of the workbook is missing") from None
    except expat.ExpatError:
        raise NotOfTheForm("its XML is broken") from None


def _local(name: str) -> str:
    return name.rpartition("|")[2]


def _nothing(*_: object) -> None:
    """For what a reader has no use for."""


def outlines_of_xlsx(archive: zipfile.ZipFile) -> Outlines:
    """The sheets of an XLSX workbook.

    Raises:
        NotOfTheForm: it is none, or broken.
        zipfile.BadZipFile: it is not whole.
    """
    sheets: dict[str, str] = {}
    flags: set[str] = set()

    def of_workbook(name: str, attributes: Mapping[str, str]) -> None:
        if name == "sheet":
            sheets[attributes.get("name", "")] = attributes.get("id", "")
        elif name == "calcPr" and attributes.get("fullCalcOnLoad", "0") in ("1", "true"):
            flags.add("uncalculated")

    root, book = _main_part(archive)
    _parse(archive, book, of_workbook, _nothing, _nothing)
    targets: dict[str, str] = {}

    def of_relations(name: str, attributes: Mapping[str, str]) -> None:
        if name == "Relationship":
            targets[attributes.get("Id", "")] = attributes.get("Target", "")

    _parse(archive, f"{root}_rels/{PurePosixPath(book).name}.rels", of_relations, _nothing, _nothing)
    empty = _empty_strings(archive, root)
    found = {}
    for name, relation in sheets.items():
        target = targets.get(relation, "")
        if "worksheets/" in target:
            member = target.removeprefix("/") if target.startswith("/") else f"{root}{target}"
            found[name] = _outline_of_xlsx(archive, member, empty)
    return Outlines(found, "uncalculated" in flags)


def _main_part(archive: zipfile.ZipFile) -> tuple[str, str]:
    targets: list[str] = []

    def of_relations(name: str, attributes: Mapping[str, str]) -> None:
        if name == "Relationship" and attributes.get("Type", "").endswith("/officeDocument"):
            targets.append(attributes.get("Target", "").removeprefix("/"))

    _parse(archive, "_rels/.rels", of_relations, _nothing, _nothing)
    if len(targets) != 1:
        raise NotOfTheForm("it has no workbook in it")
    folder = str(PurePosixPath(targets[0]).parent)
    return ("" if folder == "." else f"{folder}/"), targets[0]


def _empty_strings(archive: zipfile.ZipFile, root: str) -> set[int]:
    """Which of the shared texts say nothing: a cell that points to one holds no value."""
    member = f"{root}sharedStrings.xml"
    if member not in archive.namelist():
        return set()
    empty: set[int] = set()
    state = {"place": -1, "length": 0, "text": 0, "spoken": 0}

    def start(name: str, _: Mapping[str, str]) -> None:
        if name == "si":
            state.update(place=state["place"] + 1, length=0)
        elif name in ("rPh", "t"):
            state["spoken" if name == "rPh" else "text"] += 1

    def end(name: str) -> None:
        if name == "si" and not state["length"]:
            empty.add(state["place"])
        elif name in ("rPh", "t"):
            state["spoken" if name == "rPh" else "text"] -= 1

    def text(piece: str) -> None:
        if state["text"] and not state["spoken"]:
            state["length"] += len(piece)

    _parse(archive, member, start, end, text)
    return empty


class _XlsxCells:
    """Sees the cells of a sheet's XML, one at a time."""

    def __init__(self, empty: set[int]) -> None:
        self.outline = Outline()
        self._empty = empty
        self._row, self._column = -1, -1
        self._type, self._has_formula, self._reading = "", False, ""
        self._value: list[str] = []

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "row":
            self._row, self._column = int(attributes.get("r", self._row + 2)) - 1, -1
        elif name == "c":
            self._column += 1
            if match := _CELL.fullmatch(attributes.get("r", "")):
                self._column, self._row = _column_of(match[1]), int(match[2]) - 1
            self._type, self._has_formula, self._value = attributes.get("t", ""), False, []
        elif name == "f":
            self._has_formula = True
        elif name in ("v", "t"):
            self._reading = name
            self.outline.touch(self._row, self._column, self._column)

    def text(self, piece: str) -> None:
        if self._reading:
            self._value.append(piece)

    def end(self, name: str) -> None:
        if name in ("v", "t"):
            self._reading = ""
        elif name == "c":
            self._see("".join(self._value))

    def _see(self, value: str) -> None:
        at, outline = (self._row, self._column), self.outline
        if self._has_formula:
            outline.formula = outline.formula or at
            if not value and self._type != "str":
                outline.unknown = outline.unknown or at
        if not value or (self._type == "s" and value.isdigit() and int(value) in self._empty):
            return
        if self._type == "e":
            outline.add_error(*at, value)
        outline.add(self._row, self._column, self._column)


def _column_of(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _outline_of_xlsx(archive: zipfile.ZipFile, member: str, empty: set[int]) -> Outline:
    cells = _XlsxCells(empty)
    try:
        _parse(archive, member, cells.start, cells.end, cells.text)
    except ValueError as error:
        raise error if isinstance(error, NotOfTheForm) else NotOfTheForm("a cell has no place") from None
    return cells.outline


class _OdsCells:
    """Sees the cells of all sheets of an ODS workbook's content, repeated ones as often as they stand there."""

    def __init__(self) -> None:
        self.sheets: dict[str, Outline] = {}
        self._outline = Outline()
        self._row, self._column, self._rows = 0, 0, 1
        self._cell: Mapping[str, str] | None = None
        self._in_row: list[tuple[int, int, str | None]] = []
        self._text: list[str] = []
        self._reading, self._notes = 0, 0

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "table":
            self._outline = self.sheets[attributes.get("name", "")] = Outline()
            self._row = 0
        elif name == "table-row":
            self._rows = _repeated(attributes.get("number-rows-repeated", "1"))
            self._column, self._in_row = 0, []
        elif name in ("table-cell", "covered-table-cell"):
            self._cell, self._text = attributes, []
        elif name == "annotation":
            self._notes += 1
        elif name == "p":
            self._reading += 1

    def text(self, piece: str) -> None:
        if self._reading and not self._notes and self._cell is not None:
            self._text.append(piece)

    def end(self, name: str) -> None:
        if name == "annotation":
            self._notes -= 1
        elif name == "p":
            self._reading -= 1
        elif name in ("table-cell", "covered-table-cell") and self._cell is not None:
            self._see(self._cell)
            self._cell = None
        elif name == "table-row":
            self._end_row()

    def _see(self, cell: Mapping[str, str]) -> None:
        times = _repeated(cell.get("number-columns-repeated", "1"))
        text = "".join(self._text)
        kind, at = cell.get("value-type", ""), (self._row, self._column)
        has_formula = "formula" in cell
        if kind or has_formula:
            for row in (self._row, self._row + self._rows - 1):
                self._outline.touch(row, self._column, self._column + times - 1)
        if has_formula:
            self._outline.formula = self._outline.formula or at
            if not kind:
                self._outline.unknown = self._outline.unknown or at
        is_error = kind == "error" or (has_formula and _ERROR_TEXT.fullmatch(text) is not None)
        given = cell.get("string-value", text) if kind == "string" else kind
        if is_error or given:
            if times > _MOST_COLUMNS:
                raise NotOfTheForm("a cell is repeated beyond the last column")
            self._in_row.append((self._column, self._column + times - 1, text if is_error else None))
        self._column += times

    def _end_row(self) -> None:
        for row in range(self._row, self._row + self._rows) if self._in_row else ():
            for first, last, error in self._in_row:
                self._outline.add(row, first, last)
                for column in range(first, last + 1) if error is not None else ():
                    self._outline.add_error(row, column, error or "")
                if self._outline.cells > _MOST_REPEATED:
                    raise NotOfTheForm("a row or a cell is repeated millions of times")
        self._row += self._rows


def _repeated(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) <= _MOST_REPEATED:
        raise NotOfTheForm("a row or a cell is repeated a number of times that cannot be")
    return int(text)


def outlines_of_ods(archive: zipfile.ZipFile) -> Outlines:
    """The sheets of an ODS workbook.

    Raises:
        NotOfTheForm: it is none, or broken.
        zipfile.BadZipFile: it is not whole.
    """
    cells = _OdsCells()
    _parse(archive, "content.xml", cells.start, cells.end, cells.text)
    return Outlines(cells.sheets)
