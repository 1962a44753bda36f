"""The tables of the documents, once for every format: which rows, which columns, how a value is printed, what adds up to what.

Only choosing, ordering and naming rows of the marts may live here. Every cell holds the mart's value as it is and its printed
form; a total also says which cells it is the sum of. One number is made here: what a printed total has beyond the rows above
it, so that a sum in a spreadsheet never hides a difference.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Literal

from dvctt.province.model import Province
from dvctt.report.documents.month_page import (
    additivity_note,
    additivity_of_month,
    caveats_of_month,
    earlier_caveats_of_month,
    feeds_behind,
    in_print_order,
    published_of_month,
    restated,
)
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
class _Measure:
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


def _name(row: Row) -> Cell:
    """The entity, marked when its figures carry a caveat."""
    name = words.entity(row)
    return text(f"{name} *" if row.get("caveat_vi") else name)


def _said(row: Row, column: str) -> Cell:
    """A text of the row, in the language spoken."""
    return text(words.said(row, column))


def _column(heading: str, weight: float = 1.0) -> Column:
    """A column of numbers; its heading is a message."""
    return Column(_(heading), weight)


def _words(heading: str, weight: float = 2.5) -> Column:
    """A column of words; its heading is a message."""
    return Column(_(heading), weight, is_number=False)


def _measured(row: MartRow, measures: Sequence[_Measure], present: str) -> list[Cell]:
    """The measures of one row; of a row whose ``present`` did not come, everything is "chưa có dữ liệu"."""
    missing = formats.NO_DATA if row[present] is None else None
    return [
        replace(figure(row, measure.name, measure.kind, missing=missing), across=measure.across, share=measure.share)
        for measure in measures
    ]


@dataclass
class _Summed:
    """Lines of a table whose totals are sums: agencies, what is left over, their group; at the end the province."""

    measures: Sequence[_Measure]
    first: int
    """The column of the first measure."""
    present: str
    lines: list[Line] = field(default_factory=list)
    _parts: list[int] = field(default_factory=list)
    _group_lines: list[int] = field(default_factory=list)

    def heading(self, name: str) -> None:
        self.lines.append(Line((text(name), *self._blank()), "heading"))
        self._parts = []

    def row(self, lead: Sequence[Cell], row: Row, after: Sequence[Cell] = ()) -> None:
        self._parts.append(len(self.lines))
        self.lines.append(Line((*lead, *_measured(row, self.measures, self.present), *after)))

    def group(self, lead: Sequence[Cell], row: Row, after: Sequence[Cell] = ()) -> None:
        self._total(lead, row, after, self._parts, RESIDUE)
        self._group_lines.append(len(self.lines) - 1)

    def province(self, lead: Sequence[Cell], row: Row, after: Sequence[Cell] = ()) -> None:
        self._total(lead, row, after, self._group_lines, WHOLE_PROVINCE)

    def _blank(self) -> list[Cell]:
        width = self.first + len(self.measures) - 1
        return [text("") for _ in range(width)]

    def _total(self, lead: Sequence[Cell], row: Row, after: Sequence[Cell], parts: Sequence[int], name: str) -> None:
        total = _measured(row, self.measures, self.present)
        residue, summed = [], []
        down = (*parts, len(self.lines))
        for place, (measure, whole) in enumerate(zip(self.measures, total, strict=True), start=self.first):
            if measure.adds_up and whole.value is not None:
                over = whole.value - sum(self.lines[part].cells[place].value or 0 for part in parts)
                residue.append(cell(over))
                summed.append(replace(whole, down=down))
            else:
                residue.append(replace(text(""), kind="text"))
                summed.append(whole)
        label = [text("") for _ in lead]
        label[-1] = text(_(name))
        self.lines.append(Line((*label, *residue, *(text("") for _ in after)), "residue"))
        self.lines.append(Line((*lead, *summed, *after), "total"))


def _by_agency(
    content: Marts,
    table: str,
    month: date,
    province: Province,
    measures: Sequence[_Measure],
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

    def lead(row: Row) -> list[Cell]:
        if not ranked:
            return [_name(row)]
        rank = row["rank_in_group"]
        name = text(_name(row).printed + words.small_base(row))
        return [cell(rank, "count", missing="–" if row["scope"] == "agency" else ""), name]

    claimed = {row["entity_code"] for row in totals}
    for total in totals:
        if total["scope"] == "province":
            continue
        summed.heading(words.said(total, "entity_name_vi"))
        for row in agencies:
            if row["group_code"] == total["entity_code"]:
                summed.row(lead(row), row, after(row))
        summed.group(lead(total), total, after(total))
    strangers = [row for row in agencies if row["group_code"] not in claimed]
    if strangers:
        summed.heading(_("Đơn vị chưa xếp vào khối nào"))
        for row in strangers:
            summed.row(lead(row), row, after(row))
    for total in totals:
        if total["scope"] == "province":
            summed.province(lead(total), total, after(total))
    width = len(summed.lines[-1].cells) if summed.lines else 0
    return tuple(
        replace(line, cells=(*line.cells, *(text("") for _ in range(width - len(line.cells))))) for line in summed.lines
    )


def province_tables(content: Marts, month: date, province: Province, publication: int) -> tuple[DocumentTable, ...]:
    """Every table of the province's report, in the order of the page; definitions are the page's own words and stand apart."""
    return (
        _rates(content, month, province),
        _channels(content, month, province),
        _levels(content, month, province),
        _changes(content, month, province),
        _payments(content, month, province),
        _payments_to_date(content, month, province),
        _attempts(content, month, province),
        _catalogue(content, month),
        _targets(content, month),
        _published(content, month),
        _additivity(content, month, province),
        _feeds(content, month),
        _caveats(content, month, province),
        _closings(content, month),
        _restatements(content, month, publication),
        _late(content, month),
    )


_SMALL_BASE = (
    "Dấu ° cho biết số hồ sơ tiếp nhận quá ít để so sánh: chỉ một hồ sơ đã làm tỷ lệ đổi hơn một điểm %. Tỷ lệ, chênh lệch và "
    "thứ hạng ở đó chỉ để tham khảo."
)
_MARKED = "Dấu * cho biết số liệu chịu một lưu ý, xem bảng “Lưu ý về số liệu”."


def small_base_note(rows: Sequence[Row]) -> tuple[str, ...]:
    """What the mark of a small base means, where one of the rows has it."""
    return (_(_SMALL_BASE),) if any(words.small_base(row) for row in rows) else ()


def _rates(content: Marts, month: date, province: Province) -> DocumentTable:
    changes = {
        (row["scope"], row["entity_code"]): row
        for row in content.of_month("mart_online_rate_changes", month)
        if row["baseline_id"] == "previous_month"
    }

    def against_month_before(row: Row) -> tuple[Cell, ...]:
        change = changes.get((row["scope"], row["entity_code"]))
        missing = formats.NO_DATA if row["received"] is None else None
        return (cell(change["change_points"] if change else None, "signed_points", missing=missing),)

    measures = (
        _Measure("received", "Tiếp nhận"),
        _Measure("online", "Trực tuyến"),
        _Measure("online_rate_percent", "Tỷ lệ", "rate", share=(3, 2)),
    )
    return DocumentTable(
        _("Tỷ lệ trực tuyến"),
        _("Tỷ lệ hồ sơ trực tuyến {month} theo cơ quan, theo thứ hạng trong khối", month=formats.month(month)),
        (
            _column("Hạng", 0.5), _words("Cơ quan", 3.5), *(_column(one.heading_vi, one.weight) for one in measures),
            _column("So với tháng trước", 1.4),
        ),
        _by_agency(
            content, "mart_online_rates", month, province, measures, "received", ranked=True, after=against_month_before
        ),
        (_(_MARKED), *small_base_note(content.of_month("mart_online_rates", month))),
    )  # fmt: skip


def _channels(content: Marts, month: date, province: Province) -> DocumentTable:
    measures = (
        _Measure("direct", "Trực tiếp"),
        _Measure("online", "Trực tuyến"),
        _Measure("postal", "Bưu chính công ích"),
        _Measure("received", "Hồ sơ tiếp nhận", across=(1, 2, 3)),
        _Measure("direct_assumed", "Trong số trực tiếp: không ghi kênh"),
    )
    return _plain_sums(
        content,
        "mart_online_rates",
        month,
        province,
        measures,
        "received",
        _("Kênh nộp"),
        _("Hồ sơ tiếp nhận theo kênh nộp"),
    )


def _levels(content: Marts, month: date, province: Province) -> DocumentTable:
    measures = (
        _Measure("online_level_4", "Mức độ 4"),
        _Measure("online_level_3", "Mức độ 3"),
        _Measure("online_no_level", "Không phân mức"),
        _Measure("online", "Hồ sơ trực tuyến", across=(1, 2, 3)),
    )
    return _plain_sums(
        content, "mart_online_rates", month, province, measures, "online", _("Mức độ và phần dư"),
        _("Hồ sơ trực tuyến theo mức độ dịch vụ"),
    )  # fmt: skip


def _payments(content: Marts, month: date, province: Province) -> DocumentTable:
    measures = (
        _Measure("online_payment_count", "Số giao dịch"),
        _Measure("online_phi_vnd", "Phí", weight=1.4),
        _Measure("online_le_phi_vnd", "Lệ phí", weight=1.4),
        _Measure("online_payment_amount_vnd", "Số tiền", weight=1.5, across=(2, 3)),
        _Measure("online_refund_count", "Số hoàn phí"),
        _Measure("online_refund_amount_vnd", "Tiền hoàn phí", weight=1.4),
        _Measure("online_net_amount_vnd", "Còn lại", weight=1.5),
    )
    return _plain_sums(
        content, "mart_payments", month, province, measures, "online_payment_count", _("Thanh toán trong tháng"),
        _("Thanh toán trực tuyến {month} (đồng)", month=formats.month(month)),
    )  # fmt: skip


def _payments_to_date(content: Marts, month: date, province: Province) -> DocumentTable:
    measures = (
        _Measure("ytd_online_payment_count", "Số giao dịch"),
        _Measure("ytd_online_payment_amount_vnd", "Số tiền", weight=1.5),
        _Measure("ytd_online_refund_count", "Số hoàn phí"),
        _Measure("ytd_online_refund_amount_vnd", "Tiền hoàn phí", weight=1.4),
        _Measure("ytd_online_net_amount_vnd", "Còn lại", weight=1.5),
    )
    table = _plain_sums(
        content, "mart_payments", month, province, measures, "ytd_online_payment_count", _("Thanh toán lũy kế"),
        _("Thanh toán trực tuyến lũy kế từ đầu năm đến hết {month} (đồng)", month=formats.month(month)),
    )  # fmt: skip
    gaps = tuple(
        _(
            "{entity}: có dữ liệu {present} trên {expected} tháng.",
            entity=words.entity(row),
            present=formats.count(row["ytd_months_present"]),
            expected=formats.count(row["ytd_months_expected"]),
        )
        for row in in_print_order(content.of_month("mart_payments", month), province, agencies=False)
    )
    return replace(table, notes=(*table.notes, *gaps))


def _attempts(content: Marts, month: date, province: Province) -> DocumentTable:
    measures = (
        _Measure("attempt_success_count", "Thành công"),
        _Measure("attempt_failed_count", "Thất bại"),
        _Measure("attempt_open_count", "Chưa kết thúc"),
        _Measure("attempt_count", "Lượt giao dịch", across=(1, 2, 3)),
        _Measure("other_payment_count", "Thanh toán khác (số lần)"),
        _Measure("other_payment_amount_vnd", "Thanh toán khác (đồng)", weight=1.4),
    )
    table = _plain_sums(
        content, "mart_payments", month, province, measures, "online_payment_count", _("Lượt giao dịch"),
        _("Lượt giao dịch và các hình thức thanh toán khác trong tháng"),
    )  # fmt: skip
    return replace(
        table,
        notes=(
            *table.notes,
            _(
                "Một khoản thanh toán có thể cần nhiều lượt giao dịch; số tiền tính theo khoản thanh toán, không theo lượt "
                "giao dịch. “Thanh toán khác” là tiền mặt và chuyển khoản."
            ),
        ),
    )


def _plain_sums(
    content: Marts,
    mart: str,
    month: date,
    province: Province,
    measures: Sequence[_Measure],
    present: str,
    sheet: str,
    title: str,
) -> DocumentTable:
    return DocumentTable(
        sheet,
        title,
        (_words("Đối tượng", 3.0), *(_column(one.heading_vi, one.weight) for one in measures)),
        _by_agency(content, mart, month, province, measures, present),
        (_(_MARKED),),
    )


def _changes(content: Marts, month: date, province: Province) -> DocumentTable:
    rows = content.of_month("mart_online_rate_changes", month)
    totals = in_print_order(content.of_month("mart_online_rates", month), province, agencies=False)
    lines = []
    for total in totals:
        for row in rows:
            if (row["scope"], row["entity_code"]) != (total["scope"], total["entity_code"]):
                continue
            missing = formats.NO_DATA if row["received"] is None else None
            of_month_before = row["baseline_id"] == "previous_month"
            growth = row["online_count_change_percent"] if of_month_before else None
            lines.append(
                Line(
                    (
                        text(_name(total).printed + words.small_base(row)), _said(row, "baseline_name_vi"),
                        cell(row["baseline_start"], "day", missing="–"),
                        cell(row["baseline_end"], "day", missing="–"), cell(row["baseline_online"]),
                        cell(row["baseline_received"]), cell(row["baseline_rate_percent"], "rate"), cell(row["online"]),
                        cell(row["received"]), cell(row["online_rate_percent"], "rate", missing=missing),
                        cell(row["change_points"], "signed_points"),
                        cell(growth, "percent_change", missing=None if of_month_before else _("không tính")),
                        text(str(words.baseline_gap(row))),
                    )
                )
            )  # fmt: skip
    return DocumentTable(
        _("So với kỳ trước"),
        _("Tỷ lệ hồ sơ trực tuyến so với kỳ gốc"),
        (
            _words("Đối tượng", 2.0), _words("Kỳ gốc", 1.6), _column("Từ ngày", 1.2), _column("Đến ngày", 1.2),
            _column("Trực tuyến kỳ gốc"), _column("Tiếp nhận kỳ gốc"), _column("Tỷ lệ kỳ gốc"), _column("Trực tuyến"),
            _column("Tiếp nhận"), _column("Tỷ lệ"), _column("Chênh lệch tỷ lệ", 1.4),
            _column("Thay đổi số hồ sơ trực tuyến", 1.1), _words("Vì sao không có", 1.8),
        ),
        tuple(lines),
        (
            _("Chênh lệch giữa hai tỷ lệ tính bằng “điểm %”; thay đổi của số hồ sơ tính bằng “%” và chỉ so với tháng trước."),
            *small_base_note([row for row in rows if row["scope"] != "agency"]),
        ),
        _("Không có kỳ gốc nào để so sánh."),
    )  # fmt: skip


def _catalogue(content: Marts, month: date) -> DocumentTable:
    row = next(iter(content.of_month("mart_catalogue_coverage", month)), None)
    lines: tuple[Line, ...] = ()
    if row is not None and row["services_total"] is not None:
        lines = (
            Line((text(_("Mức độ 4")), cell(row["services_level_4"]), text(""))),
            Line((text(_("Mức độ 3")), cell(row["services_level_3"]), text(""))),
            Line((text(_("Dưới mức độ 3 hoặc không phân mức")), cell(row["services_other_level"]), text(""))),
            Line((text(_("Tổng số")), replace(cell(row["services_total"]), down=(0, 1, 2)), text("")), "total"),
            Line(
                (
                    text(_("Mức độ 3 và mức độ 4, tính trên tổng số")),
                    replace(cell(row["online_services"]), down=(0, 1)),
                    cell(row["online_share_percent"], "rate"),
                )
            ),
            Line(
                (
                    text(_("Đã kết nối Cổng Dịch vụ công quốc gia, tính trên mức độ 3 và mức độ 4")),
                    cell(row["connected_services"]),
                    cell(row["connected_share_percent"], "rate"),
                )
            ),
            Line((text(_("Chưa kết nối")), cell(row["not_connected_services"]), text(""))),
        )
    return DocumentTable(
        _("Danh mục dịch vụ"),
        _("Danh mục dịch vụ công cuối kỳ"),
        (_words("Chỉ tiêu", 5.0), _column("Số dịch vụ"), _column("Tỷ lệ")),
        lines,
        (words.said(row, "caveat_vi"),) if row is not None and row["caveat_vi"] else (),
        empty_vi=_("Danh mục: chưa có dữ liệu."),
    )


def _targets(content: Marts, month: date) -> DocumentTable:
    lines = []
    for row in content.of_month("mart_targets", month):
        missing = formats.NO_DATA if row["status"] == "no_data" else None
        lines.append(
            Line(
                (
                    text(words.said(row, "name_vi") + (" *" if row["caveat_vi"] else "")), _said(row, "entity_name_vi"),
                    cell(row["valid_from"], "day", missing="–"), cell(row["valid_to"], "day", missing="–"),
                    cell(row["target_percent"], "rate"), cell(row["numerator"], missing=missing),
                    cell(row["denominator"], missing=missing), cell(row["actual_percent"], "rate", missing=missing),
                    text(words.word(row["status"], words.TARGET_STATUS, "mart_targets.status")),
                    text(str(words.target_shortfall(row))), _said(row, "legal_basis"),
                    text(words.word(row["certainty"], words.CERTAINTY, "mart_targets.certainty")),
                )
            )
        )  # fmt: skip
    return DocumentTable(
        _("Mục tiêu"),
        _("Kết quả so với mục tiêu"),
        (
            _words("Mục tiêu", 2.6), _words("Đối tượng", 1.2), _column("Từ ngày", 1.2), _column("Đến ngày", 1.2),
            _column("Phải đạt", 0.9), _column("Tử số", 0.9), _column("Mẫu số", 0.9), _column("Thực hiện", 0.9),
            _words("Kết quả", 1.0), _words("Còn thiếu", 1.5), _words("Căn cứ", 1.8), _words("Độ tin cậy", 1.3),
        ),
        tuple(lines),
        empty_vi=_("Không có mục tiêu nào có hiệu lực trong tháng."),
    )  # fmt: skip


_UNIT_KIND: Mapping[str, Kind] = {"percent": "rate", "percentage_points": "signed_points"}


def _published(content: Marts, month: date) -> DocumentTable:
    lines = []
    for row in published_of_month(content, month):
        unit, kind = row["unit"], _UNIT_KIND.get(row["unit"], "count")
        noun = words.unit_noun(unit)
        printed = row["published_value"]
        lines.append(
            Line(
                (
                    cell(row["figure_id"]), _said(row, "metric_name_vi"), _said(row, "entity_name_vi"),
                    cell(row["period_start"], "day", missing=""), cell(row["period_end"], "day"),
                    text(_("“{wording}”", wording=row["wording_vi"])),
                    Cell(
                        printed, "exact", _("chỉ nêu khoảng") if printed is None else words.exact_measure(printed, unit),
                        unit_vi=noun,
                    ),
                    Cell(
                        row["computed_value"], kind, words.measure(row["computed_value"], unit),
                        unit_vi=noun if kind == "count" else "",
                    ),
                    text(str(words.interval(row))),
                    text(
                        words.word(row["verdict"], words.VERDICT, "mart_published_figures.verdict")
                        + (f" ({words.said(row, 'caveat_vi')})" if row["caveat_vi"] else "")
                    ),
                )
            )
        )  # fmt: skip
    return DocumentTable(
        _("Đối chiếu số đã công bố"),
        _("Số đã công bố và số tính lại"),
        (
            _column("Số", 0.5), _words("Chỉ tiêu", 2.2), _words("Đối tượng", 1.6), _column("Từ ngày", 1.2),
            _column("Đến ngày", 1.2), _words("Nguyên văn", 2.4), _column("Đã công bố", 1.5), _column("Tính lại", 1.9),
            _words("Khoảng cho phép", 1.6), _words("Kết quả", 1.1),
        ),
        tuple(lines),
        (_("Số tính lại từ hồ sơ được coi là khớp khi nằm trong khoảng mà số đã in cho phép sau khi làm tròn."),),
        _("Không có số liệu đã công bố cho tháng này."),
    )  # fmt: skip


def _additivity(content: Marts, month: date, province: Province) -> DocumentTable:
    checks = additivity_of_month(content, month, province)
    lines = [
        Line(
            (
                _said(row, "total_name_vi"), text(words.entity(row)), cell(row["total"]), cell(row["sum_of_classes"]),
                cell(row["residue"]), _said(row, "residue_name_vi") if row["residue"] else text(""), cell(row["unexplained"]),
            )
        )
        for row in (*checks["notable"], *checks["agencies"])
    ]  # fmt: skip
    return DocumentTable(
        _("Kiểm tra tổng"),
        _("Kiểm tra tổng và thành phần: các tổng có phần dư hoặc có phần chưa giải thích được"),
        (
            _words("Phép kiểm tra", 3.0), _words("Đối tượng", 2.0), _column("Tổng", 1.2), _column("Cộng các thành phần", 1.2),
            _column("Phần dư", 0.9), _words("Tên phần dư", 2.4), _column("Không giải thích được"),
        ),
        tuple(lines),
        (additivity_note(checks),) if checks["all"] else (),
        _("Không có tổng nào có phần dư.") if checks["all"] else _("Chưa có dữ liệu kiểm tra cho tháng này."),
    )  # fmt: skip


def _feeds(content: Marts, month: date) -> DocumentTable:
    lines = [
        Line(
            (
                text(words.word(row["entity"], words.FEED, "mart_feed_timeliness.entity")), text(row["source_id"]),
                cell(row["expected_feeds"]), cell(row["delivered_feeds"]), cell(row["delivered_percent"], "rate"),
                cell(row["on_time_feeds"]), cell(row["on_time_percent"], "rate"),
                text("; ".join(_not_delivered(content, row))),
            )
        )
        for row in content.of_month("mart_feed_timeliness", month)
    ]  # fmt: skip
    return DocumentTable(
        _("Nguồn dữ liệu"),
        _("Dữ liệu phải nộp, đã nộp và đúng hạn"),
        (
            _words("Loại dữ liệu", 2.0), _words("Nguồn", 1.2), _column("Phải nộp"), _column("Đã nộp"),
            _column("Tỷ lệ đã nộp"), _column("Đúng hạn"), _column("Tỷ lệ đúng hạn"), _words("Chưa nộp", 4.0),
        ),
        tuple(lines),
        empty_vi=_("Không có dữ liệu nào phải nộp theo lịch cho tháng này."),
    )  # fmt: skip


def _not_delivered(content: Marts, row: Row) -> list[str]:
    return [words.missing_feed(feed) for feed in feeds_behind(content, row) if not feed["is_delivered"]]


def _caveats(content: Marts, month: date, province: Province) -> DocumentTable:
    lines = [
        Line(
            (
                text(words.entity(row)),
                text(words.word(row["subject"], words.CAVEAT_SUBJECT, "mart_caveats.subject")),
                text(words.caveat(words.said(row, "text_vi"))),
            )
        )
        for row in caveats_of_month(content, month, province)
    ]
    # What this month is compared with or summed over has caveats of its own.
    lines += [
        Line(
            (
                text(words.entity(row)),
                text(words.word(row["subject"], words.CAVEAT_SUBJECT, "mart_caveats.subject")),
                text(words.caveat(f"{formats.month(row['month'])}: {words.said(row, 'text_vi')}")),
            )
        )
        for row in earlier_caveats_of_month(content, month)
    ]
    return DocumentTable(
        _("Lưu ý về số liệu"),
        _(
            "Lưu ý về số liệu của {month} và của các tháng trước được dùng để so sánh hoặc tính lũy kế",
            month=formats.month(month),
        ),
        (_words("Đối tượng", 2.0), _words("Số liệu", 1.0), _words("Lưu ý", 4.0)),
        tuple(lines),
        empty_vi=_("Không có lưu ý nào về số liệu của {month}.", month=formats.month(month)),
    )


def _closings(content: Marts, month: date) -> DocumentTable:
    lines = [
        Line(
            (
                cell(row["revision"]), text(_("Đang có hiệu lực") if row["is_in_force"] else _("Đã mở lại")),
                cell(row["publication_number"]), cell(row["closed_at"], "moment"), text(row["approved_by"]),
                _said(row, "note"), cell(row["waived_feeds"]), _said(row, "waived_vi"),
                cell(row["reopened_at"], "moment", missing=""), text(row["reopened_by"]), _said(row, "reopen_reason"),
            )
        )
        for row in content.of_month("mart_closed_months", month)
    ]  # fmt: skip
    return DocumentTable(
        _("Chốt số liệu"),
        _("Các lần chốt số liệu {month}", month=formats.month(month)),
        (
            _column("Bản chốt", 0.7), _words("Tình trạng", 1.2), _column("Lần công bố", 0.8), _column("Chốt lúc", 1.7),
            _words("Người phê duyệt", 1.6), _words("Ghi chú", 1.4), _column("Số phần dữ liệu được miễn"),
            _words("Được miễn", 2.6), _column("Mở lại lúc", 1.7), _words("Người mở lại", 1.4), _words("Lý do", 1.6),
        ),
        tuple(lines),
        empty_vi=_("Số liệu {month} chưa chốt, còn có thể thay đổi khi có dữ liệu đến sau.", month=formats.month(month)),
    )  # fmt: skip


def _restatements(content: Marts, month: date, publication: int) -> DocumentTable:
    lines = [
        Line(
            (
                text(words.entity(row)), _said(row, "metric_name_vi"), _said(row, "unit"), cell(row["from_publication"]),
                cell(row["old_value"]), cell(row["new_value"]), cell(row["change"], "signed_count"),
                cell(row["rate_change_points"], "signed_points"), text(str(words.restatement_causes(row))),
            )
        )
        for row in restated(content, publication, month)
    ]  # fmt: skip
    return DocumentTable(
        _("Điều chỉnh"),
        _("Số liệu đã điều chỉnh so với bản công bố trước, và nguyên nhân"),
        (
            _words("Đối tượng", 2.2), _words("Chỉ tiêu", 1.8), _words("Đơn vị tính", 0.9), _column("Lần công bố trước", 0.9),
            _column("Số cũ", 1.2), _column("Số mới", 1.2), _column("Chênh lệch"), _column("Chênh lệch tỷ lệ", 1.4),
            _words("Nguyên nhân", 3.0),
        ),
        tuple(lines),
        empty_vi=_("Không có số liệu nào thay đổi so với bản công bố trước."),
    )  # fmt: skip


def _late(content: Marts, month: date) -> DocumentTable:
    lines = [
        Line(
            (
                _said(row, "agency_name_vi"), _said(row, "metric_name_vi"), _said(row, "unit"), cell(row["record_count"]),
                cell(row["effect"], "signed_count"), text(str(words.restatement_causes(row))),
            )
        )
        for row in content.of_month("mart_late_ledger_totals", month)
    ]  # fmt: skip
    return DocumentTable(
        _("Đến sau khi chốt"),
        _("Dữ liệu đến sau khi chốt, chưa tính vào số liệu đã chốt"),
        (
            _words("Cơ quan", 2.2), _words("Chỉ tiêu", 1.8), _words("Đơn vị tính"), _column("Số dòng dữ liệu"),
            _column("Chênh lệch nếu tính"), _words("Nguyên nhân", 3.0),
        ),
        tuple(lines),
        empty_vi=_("Không có dữ liệu nào đến sau khi chốt."),
    )  # fmt: skip


def definitions_table(definitions: Sequence[tuple[str, str]]) -> DocumentTable:
    """The page's definitions as a table."""
    return DocumentTable(
        _("Định nghĩa"),
        _("Định nghĩa và cách tính"),
        (_words("Thuật ngữ", 1.4), _words("Nghĩa", 5.0)),
        tuple(Line((text(term), text(meaning))) for term, meaning in definitions),
    )


def agency_tables(content: Marts, month: date, row: Row) -> tuple[DocumentTable, ...]:
    """The tables of one agency's packet; ``row`` is its row of mart_online_rates."""
    code = row["entity_code"]
    return (
        _agency_figures(content, month, row),
        _agency_payments(content, month, code),
        _agency_quarantine(content, month, code),
        _agency_mending(content, month, code),
        _agency_feeds(content, month, code),
        _agency_caveats(content, month, code),
    )


def _agency_figures(content: Marts, month: date, row: Row) -> DocumentTable:
    code, missing = row["entity_code"], formats.NO_DATA if row["received"] is None else None
    group = next(
        (
            one
            for one in content.of_month("mart_online_rates", month)
            if one["scope"] == "group" and one["entity_code"] == row["group_code"]
        ),
        None,
    )
    before = next(
        (
            one
            for one in content.of_month("mart_online_rate_changes", month)
            if (one["scope"], one["entity_code"], one["baseline_id"]) == ("agency", code, "previous_month")
        ),
        None,
    )

    def line(name: str, column: str, down: tuple[int, ...] = ()) -> Line:
        return Line((text(name), replace(cell(row[column]), down=down)), "total" if down else "row")

    def change(name: str, column: str, kind: Kind) -> Line:
        words_for_none = (
            formats.NO_DATA if row["received"] is None and column.startswith(("change", "online_count")) else None
        )
        return Line((text(name), cell(before[column] if before else None, kind, missing=words_for_none)))

    lines = [
        line(_("Hồ sơ nộp trực tiếp"), "direct"),
        line(_("Hồ sơ nộp trực tuyến"), "online"),
        line(_("Hồ sơ nộp qua bưu chính công ích"), "postal"),
        line(_("Hồ sơ tiếp nhận trong tháng"), "received", (0, 1, 2)),
        line(_("Trong số nộp trực tiếp: không ghi kênh nộp"), "direct_assumed"),
        line(_("Trực tuyến, mức độ 4"), "online_level_4"),
        line(_("Trực tuyến, mức độ 3"), "online_level_3"),
        line(_("Trực tuyến, không phân mức"), "online_no_level"),
        line(_("Cộng hồ sơ trực tuyến"), "online", (5, 6, 7)),
        Line((text(_("Tỷ lệ hồ sơ trực tuyến")), cell(row["online_rate_percent"], "rate", missing=missing))),
        Line(
            (
                text(_("Thứ hạng trong khối") + words.small_base(row)),
                cell(row["rank_in_group"], missing=missing or _("không xếp hạng")),
            )
        ),
    ]
    if group is not None:
        lines += [
            Line((text(_("{group}: số cơ quan", group=words.entity(group))), cell(group["agency_count"]))),
            Line(
                (
                    text(_("{group}: tỷ lệ hồ sơ trực tuyến", group=words.entity(group))),
                    cell(
                        group["online_rate_percent"],
                        "rate",
                        missing=formats.NO_DATA if group["received"] is None else None,
                    ),
                )
            ),
        ]
    lines += [
        change(_("Tháng trước: hồ sơ trực tuyến"), "baseline_online", "count"),
        change(_("Tháng trước: hồ sơ tiếp nhận"), "baseline_received", "count"),
        change(_("Tháng trước: tỷ lệ"), "baseline_rate_percent", "rate"),
        change(_("Thay đổi tỷ lệ so với tháng trước"), "change_points", "signed_points"),
        change(_("Thay đổi số hồ sơ trực tuyến so với tháng trước"), "online_count_change_percent", "percent_change"),
    ]
    return DocumentTable(
        _("Số liệu trong tháng"),
        _("Số liệu hồ sơ {month}", month=formats.month(month)),
        (_words("Chỉ tiêu", 4.0), _column("Giá trị", 1.5)),
        tuple(lines),
        small_base_note([row]),
    )


def _agency_payments(content: Marts, month: date, code: str) -> DocumentTable:
    row = _of_agency(content, "mart_payments", month, code)

    def line(name: str, column: str, to_date: str | None = None) -> Line:
        return Line((text(name), cell(row[column]), cell(row[to_date]) if to_date else text("")))

    lines: tuple[Line, ...] = ()
    if row is not None:
        lines = (
            line(_("Giao dịch thanh toán trực tuyến"), "online_payment_count", "ytd_online_payment_count"),
            line(_("Số tiền (đồng)"), "online_payment_amount_vnd", "ytd_online_payment_amount_vnd"),
            line(_("Trong đó phí (đồng)"), "online_phi_vnd"),
            line(_("Trong đó lệ phí (đồng)"), "online_le_phi_vnd"),
            line(_("Số hoàn phí"), "online_refund_count", "ytd_online_refund_count"),
            line(_("Tiền hoàn phí (đồng)"), "online_refund_amount_vnd", "ytd_online_refund_amount_vnd"),
            line(_("Còn lại sau hoàn phí (đồng)"), "online_net_amount_vnd", "ytd_online_net_amount_vnd"),
            line(_("Thanh toán khác: số lần"), "other_payment_count"),
            line(_("Thanh toán khác (đồng)"), "other_payment_amount_vnd"),
        )
    return DocumentTable(
        _("Thanh toán"),
        _("Thanh toán {month} và lũy kế từ đầu năm", month=formats.month(month)),
        (_words("Chỉ tiêu", 3.0), _column("Trong tháng", 1.5), _column("Lũy kế từ đầu năm", 1.5)),
        lines,
        empty_vi=_("Thanh toán: chưa có dữ liệu."),
    )


def _agency_quarantine(content: Marts, month: date, code: str) -> DocumentTable:
    lines = [
        Line(
            (
                text(words.word(row["entity"], words.FEED, "fct_quarantined_rows.entity")), text(row["file_name"]),
                cell(row["row_number"]), _said(row, "reason_name_vi"), text(row["unparseable_columns"]),
                _said(row, "next_vi"),
            )
        )
        for row in content.rows["fct_quarantined_rows"]
        if (row["file_month"], row["agency_code"]) == (month, code)
    ]  # fmt: skip
    return DocumentTable(
        _("Dòng bị cách ly"),
        _("Các dòng bị cách ly, lý do và việc cần làm"),
        (
            _words("Loại dữ liệu", 1.1), _words("Tệp", 2.2), _column("Bản ghi số", 0.7), _words("Lý do", 1.6),
            _words("Cột", 1.6), _words("Việc cần làm", 2.2),
        ),
        tuple(lines),
        (_("Bản ghi số 1 đứng ngay sau dòng tên cột; một bản ghi có thể chiếm nhiều dòng."),) if lines else (),
        _("Không có dòng nào của cơ quan bị cách ly."),
    )  # fmt: skip


def _agency_mending(content: Marts, month: date, code: str) -> DocumentTable:
    lines = [
        Line(
            (
                cell(row["quarantined_rows"]), cell(row["online_rate_percent"], "rate"),
                cell(row["lowest_rate_percent"], "rate"), cell(row["highest_rate_percent"], "rate"),
            )
        )
        for row in content.of_month("mart_mended_rates", month)
        if row["agency_code"] == code
    ]  # fmt: skip
    return DocumentTable(
        _("Nếu sửa các dòng"),
        _("Tỷ lệ hồ sơ trực tuyến nếu sửa các dòng hồ sơ bị cách ly"),
        (_column("Số dòng hồ sơ"), _column("Tỷ lệ hiện nay"), _column("Thấp nhất"), _column("Cao nhất")),
        tuple(lines),
        (
            (
                _(
                    "Thấp nhất là khi không hồ sơ nào trong số đó nộp trực tuyến, cao nhất là khi tất cả đều nộp trực tuyến. "
                    "Số liệu của tháng đã chốt không thay đổi khi sửa."
                ),
            )
            if lines
            else ()
        ),
        _("Không tính: không có dòng hồ sơ nào bị cách ly, hoặc chưa có dữ liệu hồ sơ của tháng."),
    )


def _agency_feeds(content: Marts, month: date, code: str) -> DocumentTable:
    lines = [
        Line(
            (
                text(words.word(row["entity"], words.FEED, "mart_feeds.entity")), text(row["source_id"]),
                text(_("Phải nộp") if row["is_expected"] else _("Không phải nộp")),
                text(_("Đã nộp") if row["is_delivered"] else words.with_reason(_("Chưa nộp"), row)),
            )
        )
        for row in content.of_month("mart_feeds", month)
        if row["agency_code"] == code
    ]  # fmt: skip
    return DocumentTable(
        _("Dữ liệu phải nộp"),
        _("Dữ liệu phải nộp cho {month}", month=formats.month(month)),
        (
            _words("Loại dữ liệu", 2.0),
            _words("Nguồn", 1.5),
            _words("Lịch nộp", 1.2),
            _words("Tình trạng", 1.2),
        ),
        tuple(lines),
        empty_vi=_("Không có dữ liệu nào phải nộp theo lịch cho tháng này."),
    )


def _agency_caveats(content: Marts, month: date, code: str) -> DocumentTable:
    lines = [
        Line(
            (
                text(words.word(row["subject"], words.CAVEAT_SUBJECT, "mart_caveats.subject")),
                text(words.caveat(words.said(row, "text_vi"))),
            )
        )
        for row in content.of_month("mart_caveats", month)
        if (row["scope"], row["entity_code"]) == ("agency", code)
    ]
    return DocumentTable(
        _("Lưu ý về số liệu"),
        _("Lưu ý về số liệu của {month}", month=formats.month(month)),
        (_words("Số liệu", 1.0), _words("Lưu ý", 4.0)),
        tuple(lines),
        empty_vi=_("Không có lưu ý nào về số liệu của {month}.", month=formats.month(month)),
    )


def _of_agency(content: Marts, table: str, month: date, code: str) -> Any:
    return next(
        (row for row in content.of_month(table, month) if (row["scope"], row["entity_code"]) == ("agency", code)), None
    )
