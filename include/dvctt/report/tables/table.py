"""A table in print: its cells, lines and columns, and how rows of a mart become them.

No table of a subject stands here.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Literal

from dvctt.province.model import Province
from dvctt.report.choose import in_print_order
from dvctt.report.marts import MartRow, Marts, Row
from dvctt.report.wording import formats, words
from dvctt.report.wording.language import _

Value = str | int | float | date | datetime | None
Kind = Literal[
    "text",
    "count",
    "signed_count",
    "rate",
    "points",
    "signed_points",
    "percent_change",
    "score",
    "exact",
    "day",
    "moment",
]
Role = Literal["row", "residue", "total", "heading"]

RESIDUE = "Chênh lệch giữa tổng và các dòng trên"
WHOLE_PROVINCE = "Chênh lệch giữa toàn tỉnh và các khối"

_FORM: Mapping[Kind, Callable[[Any], str]] = {
    "text": lambda value: "" if value is None else str(value),
    "count": formats.count,
    "signed_count": lambda value: _(formats.NOT_DEFINED) if value is None else formats.signed_count(value),
    "rate": formats.rate,
    "points": formats.points,
    "signed_points": formats.signed_points,
    "percent_change": formats.percent_change,
    "score": formats.score,
    "exact": formats.exact,
    "day": formats.day,
    "moment": formats.moment,
}


@dataclass(frozen=True)
class Cell:
    """One value of a mart and how it is printed. ``down`` are lines and ``across`` columns of the same table (from 0) of
    which the value is the sum, ``share`` the columns of numerator and denominator of which it is the percentage; ``unit_vi``
    stands after the number where its kind does not say what it counts; ``source`` is the row and column that it is the figure
    of, where it is one.
    """

    value: Value
    kind: Kind
    printed: str
    down: tuple[int, ...] = ()
    across: tuple[int, ...] = ()
    share: tuple[int, int] | None = None
    unit_vi: str = ""
    source: tuple[MartRow, str] | None = field(default=None, compare=False, repr=False)

    @property
    def figure(self) -> str:
        """The id of the figure, empty where the cell is none."""
        return "" if self.source is None else self.source[0].id_of(self.source[1])


@dataclass(frozen=True)
class Line:
    cells: tuple[Cell, ...]
    role: Role = "row"


@dataclass(frozen=True)
class Column:
    """A column: heading, width in relation to the others, whether its cells are numbers."""

    heading_vi: str
    weight: float = 1.0
    is_number: bool = True


@dataclass(frozen=True)
class DocumentTable:
    """One table. ``sheet_vi`` is its sheet's name: at most 31 characters, no bracket, slash, colon, star or question mark."""

    sheet_vi: str
    title_vi: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()
    empty_vi: str = field(default_factory=lambda: _("Không có."))

    @property
    def head(self) -> int:
        """The column that names its lines: the first one of words, for want of one the first."""
        return next((place for place, column in enumerate(self.columns) if not column.is_number), 0)


@dataclass(frozen=True)
class Measure:
    """A column of a mart in a table by agency: its heading as a message, whether it adds up over agencies, and over which other
    columns.
    """

    name: str
    heading_vi: str
    kind: Kind = "count"
    weight: float = 1.0
    across: tuple[int, ...] = ()
    share: tuple[int, int] | None = None

    @property
    def adds_up(self) -> bool:
        return self.kind == "count" and not self.across


def cell(value: Value, kind: Kind = "count", *, missing: str | None = None) -> Cell:
    """A value as the page prints it; ``missing`` are the words for None where the kind's own are not the right ones. The two
    words of `formats` for what is missing are said in the document's language.
    """
    if value is None and missing is not None:
        return Cell(value, kind, _(missing) if missing in (formats.NO_DATA, formats.NOT_DEFINED) else missing)
    return Cell(value, kind, _FORM[kind](value))


def figure(row: MartRow, column: str, kind: Kind = "count", *, missing: str | None = None) -> Cell:
    """One figure of a mart, which carries its id wherever it is printed with one."""
    return replace(cell(row[column], kind, missing=missing), source=(row, column))


def text(value: str | None) -> Cell:
    return cell(value or "", "text")


def entity_cell(row: Row) -> Cell:
    """The entity, marked when its figures carry a caveat."""
    name = words.entity(row)
    return text(f"{name} *" if row.get("caveats_json") else name)


def worded(row: Row, column: str) -> Cell:
    """A text of the row, in the current language."""
    return text(words.text_of(row, column))


def numeric(heading: str, weight: float = 1.0) -> Column:
    """A column of numbers; its heading is a message."""
    return Column(_(heading), weight)


def textual(heading: str, weight: float = 2.5) -> Column:
    """A column of words; its heading is a message."""
    return Column(_(heading), weight, is_number=False)


def _measured(row: MartRow, measures: Sequence[Measure], present: str) -> list[Cell]:
    """The measures of one row; of a row whose ``present`` did not come, everything is "chưa có dữ liệu"."""
    missing = formats.NO_DATA if row[present] is None else None
    return [
        replace(figure(row, measure.name, measure.kind, missing=missing), across=measure.across, share=measure.share)
        for measure in measures
    ]


def _added(one: Cell) -> int | float:
    """What a cell adds to a sum: nothing where it has no value."""
    assert one.value is None or isinstance(one.value, int | float), f"{one.value!r} is no number"
    return one.value or 0


@dataclass
class _Summed:
    """Lines of a table whose totals are sums: agencies, what is left over, their group; at the end the province."""

    measures: Sequence[Measure]
    first: int
    """The column of the first measure."""
    present: str
    lines: list[Line] = field(default_factory=list)
    _parts: list[int] = field(default_factory=list)
    _group_lines: list[int] = field(default_factory=list)

    def heading(self, name: str) -> None:
        self.lines.append(Line((text(name), *self._blank()), "heading"))
        self._parts = []

    def row(self, lead: Sequence[Cell], row: MartRow, after: Sequence[Cell] = ()) -> None:
        self._parts.append(len(self.lines))
        self.lines.append(Line((*lead, *_measured(row, self.measures, self.present), *after)))

    def group(self, lead: Sequence[Cell], row: MartRow, after: Sequence[Cell] = ()) -> None:
        self._total(lead, row, after, self._parts, RESIDUE)
        self._group_lines.append(len(self.lines) - 1)

    def province(self, lead: Sequence[Cell], row: MartRow, after: Sequence[Cell] = ()) -> None:
        self._total(lead, row, after, self._group_lines, WHOLE_PROVINCE)

    def _blank(self) -> list[Cell]:
        width = self.first + len(self.measures) - 1
        return [text("") for _ in range(width)]

    def _total(
        self, lead: Sequence[Cell], row: MartRow, after: Sequence[Cell], parts: Sequence[int], name: str
    ) -> None:
        total = _measured(row, self.measures, self.present)
        residue, summed = [], []
        down = (*parts, len(self.lines))
        for place, (measure, whole) in enumerate(zip(self.measures, total, strict=True), start=self.first):
            if measure.adds_up and whole.value is not None:
                over = _added(whole) - sum(_added(self.lines[part].cells[place]) for part in parts)
                residue.append(cell(over))
                summed.append(replace(whole, down=down))
            else:
                residue.append(replace(text(""), kind="text"))
                summed.append(whole)
        label = [text("") for _ in lead]
        label[-1] = text(_(name))
        self.lines.append(Line((*label, *residue, *(text("") for _ in after)), "residue"))
        self.lines.append(Line((*lead, *summed, *after), "total"))


def by_agency(
    content: Marts,
    table: str,
    month: date,
    province: Province,
    measures: Sequence[Measure],
    present: str,
    *,
    ranked: bool = False,
    after: Callable[[Row], Sequence[Cell]] = lambda row: (),
) -> tuple[Line, ...]:
    """Agencies of every group, the group as their sum, and the province as the sum of groups."""
    rows = content.of_month(table, month)
    totals = in_print_order(rows, province, agencies=False)
    agencies = in_print_order(rows, province, agencies=True)
    if ranked:
        # The mart's own order: by rank, those without one last.
        agencies = [row for row in rows if row["scope"] == "agency"]
    summed = _Summed(measures, 2 if ranked else 1, present)

    def lead(row: MartRow) -> list[Cell]:
        if not ranked:
            return [entity_cell(row)]
        rank = row["rank_in_group"]
        name = text(entity_cell(row).printed + words.small_base(row))
        return [cell(rank, "count", missing="–" if row["scope"] == "agency" else ""), name]

    claimed = {row["entity_code"] for row in totals}
    for total in totals:
        if total["scope"] == "province":
            continue
        summed.heading(words.text_of(total, "entity_name_vi"))
        for row in agencies:
            if row["group_code"] == total["entity_code"]:
                summed.row(lead(row), row, after(row))
        summed.group(lead(total), total, after(total))
    ungrouped = [row for row in agencies if row["group_code"] not in claimed]
    if ungrouped:
        summed.heading(_("Đơn vị chưa xếp vào khối nào"))
        for row in ungrouped:
            summed.row(lead(row), row, after(row))
    for total in totals:
        if total["scope"] == "province":
            summed.province(lead(total), total, after(total))
    width = len(summed.lines[-1].cells) if summed.lines else 0
    return tuple(
        replace(line, cells=(*line.cells, *(text("") for _ in range(width - len(line.cells))))) for line in summed.lines
    )


_SMALL_BASE = (
    "Dấu ° cho biết số hồ sơ tiếp nhận quá ít để so sánh: chỉ một hồ sơ đã làm tỷ lệ đổi hơn một điểm %. Tỷ lệ, chênh lệch và "
    "thứ hạng ở đó chỉ để tham khảo."
)
MARKED_NOTE = "Dấu * cho biết số liệu chịu một lưu ý, xem bảng “Lưu ý về số liệu”."


def small_base_note(rows: Sequence[Row]) -> tuple[str, ...]:
    """What the mark of a small base means, where one of the rows has it."""
    return (_(_SMALL_BASE),) if any(words.small_base(row) for row in rows) else ()


def plain_sums(
    content: Marts,
    mart: str,
    month: date,
    province: Province,
    measures: Sequence[Measure],
    present: str,
    sheet: str,
    title: str,
) -> DocumentTable:
    return DocumentTable(
        sheet,
        title,
        (textual("Đối tượng", 3.0), *(numeric(one.heading_vi, one.weight) for one in measures)),
        by_agency(content, mart, month, province, measures, present),
        (_(MARKED_NOTE),),
    )
