"""Workbooks: XLSX and ODS by python-calamine, XLS by xlrd. Which sheet, which row is the header, and all below it as text.

What may live here: finding the table in a workbook. What a cell is as text is ``cells``; what its XML says beside the library
is ``outline``. Hidden rows, columns and sheets are read as those that are seen: a filter that somebody left on hides filings,
and does not take them back. Formulas are read as the values that the spreadsheet kept for them.
"""

import csv
import io
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Protocol

from dvctt.core.errors import ExtractError
from dvctt.core.files import open_regular
from dvctt.extract._forms import OLE, ZIPPED, Incoming, Text, ending_of
from dvctt.extract._forms.cells import cell_text
from dvctt.extract._forms.outline import NotOfTheForm, Outline, Outlines, outlines_of_ods, outlines_of_xlsx
from dvctt.extract._forms.packed import refuse_bomb

if TYPE_CHECKING:
    import xlrd
    from python_calamine import CalamineWorkbook

MOST_CELLS = 8_000_000
"""Cells of the rectangle that holds a sheet's values, empty ones too: all of it is in memory, some 30 bytes each. 360,000 rows
of 22 columns are a year of a large province; more comes as CSV or Parquet, which are read in a stream."""
MOST_UNPACKED = 1 << 30
"""Bytes of XML that a workbook may unpack to."""
MOST_XLS = 128 << 20
"""Bytes of an XLS file, which is read into memory whole; 65,536 rows, the most that a sheet has, are some ten million."""
TITLE_ROWS = 50
"""The header stands in one of so many first rows; above it lie a title, the agency, the month."""
_CHUNK = 1 << 20
_PASSWORD = "EncryptedPackage".encode("utf-16-le")


class _Sheet(Protocol):
    """One sheet of a workbook."""

    @property
    def name(self) -> str: ...

    @property
    def outline(self) -> Outline | None: ...

    @property
    def is_uncalculated(self) -> bool: ...

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Every row with its place, from 0, and its cells as text from the first column on."""


@dataclass(frozen=True)
class _Table:
    """Where a sheet's table begins."""

    sheet: _Sheet
    place: int
    row: int
    header: Sequence[str]
    known: int
    is_whole: bool


def as_text(incoming: Incoming) -> Text:
    """Find the one sheet whose header has the contract's columns and write what stands below it as text.

    Raises:
        ExtractError: no workbook of the form that its ending says, not whole, with a password, too large, no such sheet or
            two of them, a formula without its value, or a value in a column that has no name.
    """
    ending = ending_of(incoming.origin.name)
    wanted = OLE if ending == "xls" else ZIPPED
    head = incoming.head(8)
    if ending != "xls" and head.startswith(b"\xd0\xcf\x11\xe0") and _has_password(incoming):
        raise ExtractError(f"{incoming.shown}: protected by a password; ask the source for the workbook without one")
    if other := incoming.other_form(wanted):
        raise other
    with open_regular(incoming.path) as file:
        opened = _open_xls(incoming, file) if ending == "xls" else _open_zipped(incoming, file, is_ods=ending == "ods")
        with opened as sheets:
            return _written(incoming, _table(incoming, sheets))


def _has_password(incoming: Incoming) -> bool:
    """An XLSX workbook with a password is an OLE container with one entry of this name."""
    with open_regular(incoming.path) as file:
        before = b""
        while chunk := file.read(_CHUNK):
            if _PASSWORD in before + chunk:
                return True
            before = chunk[-len(_PASSWORD) :]
    return False


def _unreadable(incoming: Incoming, what: str = "") -> ExtractError:
    return ExtractError(
        f"{incoming.shown}: no workbook that can be read{what and f' ({what})'}: it is still being written, was cut or is "
        f"damaged; open it, save it again and send it again"
    )


@contextmanager
def _open_zipped(incoming: Incoming, file: BinaryIO, *, is_ods: bool) -> Iterator[list[_Sheet]]:
    import python_calamine

    try:
        with zipfile.ZipFile(file) as archive:
            _check_archive(incoming, archive)
            outlines = (outlines_of_ods if is_ods else outlines_of_xlsx)(archive)
        for place, outline in enumerate(outlines.sheets.values(), start=1):
            _refuse_large(incoming, place, outline)
        file.seek(0)
        with python_calamine.load_workbook(file) as workbook:
            names = [name for name in workbook.sheet_names if name in outlines.sheets]
            if names != list(outlines.sheets):
                raise _unreadable(incoming, "its two readers see other sheets")
            yield [_Calamine(incoming, workbook, name, outlines) for name in names]
    except NotOfTheForm as error:
        raise _unreadable(incoming, str(error)) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, python_calamine.CalamineError):
        raise _unreadable(incoming) from None
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # how Rust fails, below what Python calls an exception
            raise _unreadable(incoming) from None
        raise


def _check_archive(incoming: Incoming, archive: zipfile.ZipFile) -> None:
    """Unpack every part once, into nothing: whether it is whole, and no larger than a workbook is."""
    packed, size = incoming.path.stat().st_size, 0
    for member in archive.infolist():
        if member.flag_bits & 0x1:
            raise ExtractError(
                f"{incoming.shown}: protected by a password; ask the source for the workbook without one"
            )
        with archive.open(member) as part:
            while chunk := part.read(_CHUNK):
                size += len(chunk)
                refuse_bomb(incoming, size, packed)
                if size > MOST_UNPACKED:
                    raise ExtractError(
                        f"{incoming.shown}: a workbook of more than {MOST_UNPACKED} bytes of XML; ask the source for CSV or "
                        f"Parquet"
                    )
    if "META-INF/manifest.xml" in archive.namelist() and b"encryption-data" in archive.read("META-INF/manifest.xml"):
        raise ExtractError(f"{incoming.shown}: protected by a password; ask the source for the workbook without one")


def _refuse_large(incoming: Incoming, place: int, outline: Outline) -> None:
    if outline.extent > MOST_CELLS:
        raise _too_many(incoming, place, outline.extent)


def _too_many(incoming: Incoming, place: int, cells: int) -> ExtractError:
    return ExtractError(
        f"{incoming.shown}: sheet {place}: {cells} cells between its first value and its last, wanted at most {MOST_CELLS}; "
        f"delete what stands far from the table, or ask the source for CSV or Parquet"
    )


@dataclass
class _Calamine:
    """A sheet as python-calamine reads it, with the errors that it leaves out, held against the outline of its XML."""

    incoming: Incoming
    workbook: "CalamineWorkbook"
    name: str
    outlines: Outlines

    @property
    def is_uncalculated(self) -> bool:
        return self.outlines.is_uncalculated

    @property
    def outline(self) -> Outline:
        return self.outlines.sheets[self.name]

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        outline = self.outline
        sheet = self.workbook.get_sheet_by_name(self.name)
        errors: dict[int, dict[int, str]] = {}
        for (row, column), text in outline.errors.items():
            errors.setdefault(row, {})[column] = text
        first = sheet.start[1] if sheet.start else 0
        seen, place = 0, -1
        for place, values in enumerate(sheet.iter_rows()):
            cells = [""] * first + [cell_text(value) for value in values]
            seen += self._count(cells, errors.pop(place, {}))
            yield place, cells
        for place in sorted(errors):  # rows behind the last that the library has, with nothing in them but errors
            cells = []
            seen += self._count(cells, errors[place])
            yield place, cells
        if seen != outline.cells:
            raise ExtractError(
                f"{self.incoming.shown}: not all of it was read: found {seen} cells with a value, wanted the {outline.cells} "
                f"that stand in its XML; open it, save it again and send it again"
            )

    @staticmethod
    def _count(cells: list[str], errors: dict[int, str]) -> int:
        for column, text in errors.items():
            cells.extend([""] * (column + 1 - len(cells)))
            cells[column] = text
        return sum(map(bool, cells))


@contextmanager
def _open_xls(incoming: Incoming, file: BinaryIO) -> Iterator[list[_Sheet]]:
    import python_calamine
    import xlrd

    content = file.read(MOST_XLS + 1)
    if len(content) > MOST_XLS:
        raise ExtractError(
            f"{incoming.shown}: an XLS file of more than {MOST_XLS} bytes; ask the source for XLSX, CSV or Parquet"
        )
    try:
        book = xlrd.open_workbook(file_contents=content, logfile=io.StringIO(), ragged_rows=True)
    except Exception as error:  # noqa: BLE001  what the library raises of a damaged file is of many kinds
        if "encrypted" in str(error):
            raise ExtractError(
                f"{incoming.shown}: protected by a password; ask the source for the workbook without one"
            ) from None
        raise _unreadable(incoming) from None
    for place, sheet in enumerate(book.sheets(), start=1):
        if sheet.nrows * sheet.ncols > MOST_CELLS:
            raise _too_many(incoming, place, sheet.nrows * sheet.ncols)
    with python_calamine.load_workbook(io.BytesIO(content)) as other:
        yield [_Xls(incoming, book, place, other) for place in range(book.nsheets)]


class _Xls:
    """A sheet as xlrd reads it."""

    outline = None
    is_uncalculated = False

    def __init__(self, incoming: Incoming, book: "xlrd.Book", place: int, other: "CalamineWorkbook") -> None:
        self._incoming, self._book, self._sheet, self._other = incoming, book, book.sheet_by_index(place), other
        self.name = self._sheet.name

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        from xlrd import biffh

        seen = 0
        for row in range(self._sheet.nrows):
            cells = self._sheet.row(row)
            texts = [self._text(cell) for cell in cells]
            seen += sum(
                bool(text) and cell.ctype != biffh.XL_CELL_ERROR for cell, text in zip(cells, texts, strict=True)
            )
            yield row, texts
        if seen != (wanted := self._counted()):
            raise ExtractError(
                f"{self._incoming.shown}: not all of it was read: found {seen} cells with a value, another reader {wanted}; "
                f"open it, save it again and send it again"
            )

    def _counted(self) -> int:
        """Cells that hold a value and no error, as python-calamine sees them."""
        return sum(value != "" for row in self._other.get_sheet_by_name(self.name).iter_rows() for value in row)

    def _text(self, cell: "xlrd.sheet.Cell") -> str:
        from xlrd import biffh, xldate

        if cell.ctype == biffh.XL_CELL_ERROR:
            return str(biffh.error_text_from_code.get(cell.value, "#ERROR!"))
        if cell.ctype == biffh.XL_CELL_BOOLEAN:
            return cell_text(bool(cell.value))
        if cell.ctype == biffh.XL_CELL_DATE and cell.value >= 1:
            try:
                return cell_text(xldate.xldate_as_datetime(cell.value, self._book.datemode))
            except (ValueError, OverflowError):
                return f"#{cell.value!r}"
        if cell.ctype == biffh.XL_CELL_DATE:  # an hour without a day is none of the contract's values
            return f"{cell.value!r} d"
        return cell_text(cell.value)


def _table(incoming: Incoming, sheets: Sequence[_Sheet]) -> _Table:
    """The table of the contract's columns; where no header has all of them, the best one, for the words of what is missing."""
    said = incoming.feed.sheet
    chosen = [
        (place, sheet)
        for place, sheet in enumerate(sheets, start=1)
        if said is None or unicodedata.normalize("NFC", sheet.name) == unicodedata.normalize("NFC", said)
    ]
    if said is not None and not chosen:
        raise ExtractError(
            f"{incoming.shown}: no sheet of the name that sources.yml says (key sheet) among its {len(sheets)} sheets; ask the "
            f"source, or change the key"
        )
    tables = [table for place, sheet in chosen if (table := _header_of(incoming, place, sheet))]
    whole = [table for table in tables if table.is_whole]
    if len(whole) > 1:
        places = ", ".join(str(table.place) for table in whole)
        raise ExtractError(
            f"{incoming.shown}: sheets {places} have the contract's columns, wanted one; "
            f"say which is meant in sources.yml, key sheet, or ask for a file a sheet"
        )
    best = max(tables, key=lambda table: table.known, default=None)
    if whole or (best and best.known):
        return whole[0] if whole else best  # type: ignore[return-value]  # one of the two is there
    raise ExtractError(
        f"{incoming.shown}: missing mandatory column {', '.join(incoming.entity.columns)}: none of the first {TITLE_ROWS} rows "
        f"of its {len(chosen)} sheets names a column of the contract; is the header missing, or is it another table?"
    )


def _header_of(incoming: Incoming, place: int, sheet: _Sheet) -> _Table | None:
    """The first row that has all of the contract's columns, or the one that has most of them."""
    best: _Table | None = None
    for row, cells in sheet.rows():
        if row >= TITLE_ROWS:
            break
        is_whole = not incoming.missing(cells)
        known = incoming.known(cells)
        if is_whole or best is None or known > best.known:
            best = _Table(sheet, place, row, cells, known, is_whole)
        if is_whole:
            break
    return best


def _written(incoming: Incoming, table: _Table) -> Text:
    named = {column: None for column, name in enumerate(table.header) if name.strip()}
    where = f"{incoming.shown}: sheet {table.place}"
    _refuse_formulas(where, table)
    path = incoming.scratch / "sheet.csv"
    with path.open("x", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for row, cells in table.sheet.rows():
            if row < table.row or not any(cells):
                continue
            unnamed = next((column for column, text in enumerate(cells) if text and column not in named), None)
            if unnamed is not None:
                raise ExtractError(
                    f"{where}, row {row + 1}: a value in column {unnamed + 1}, which has no name in the header (row "
                    f"{table.row + 1}); wanted a name for every column, and nothing beside the table"
                )
            try:
                writer.writerow([cells[column] if column < len(cells) else "" for column in named])
            except UnicodeEncodeError:
                raise ExtractError(f"{where}, row {row + 1}: a sign that is none in any text; type it again") from None
    outline = table.sheet.outline
    rows = sum(row > table.row for row in outline.rows) if outline else None
    return Text(
        path, header_at=f": sheet {table.place}, row {table.row + 1}", header_noun="that row", of_lines=False, rows=rows
    )


def _refuse_formulas(where: str, table: _Table) -> None:
    """A formula has no value until a spreadsheet has calculated it; a program that writes one leaves nothing, or a zero."""
    outline = table.sheet.outline
    if outline is None:
        return
    at = outline.unknown or (outline.formula if table.sheet.is_uncalculated else None)
    if at is not None:
        raise ExtractError(
            f"{where}, row {at[0] + 1}, column {at[1] + 1}: a formula that no spreadsheet has calculated: it was written by a "
            f"program; open the workbook, save it and send it again, or send values"
        )
