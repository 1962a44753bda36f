"""The tables of form II.06a/VPCP/KSTT in documents, by agency and by field, and the words that the form needs.

As in `document_tables`: only choosing, ordering and naming rows of the mart. The documents of a month have the calendar month,
as everywhere in them; those of a period have the period of their own calendar.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from dvctt.province.model import Province
from dvctt.report.marts import MartRow, Marts, Reading, Row, contract
from dvctt.report.tables.table import Cell, Column, DocumentTable, Line, Role, figure, text
from dvctt.report.wording import caveats, formats, words
from dvctt.report.wording.language import _

FORM_06A_COLUMNS = {
    "workload_total": (3, "Tiếp nhận: tổng số"),
    "received_online": (4, "Trong kỳ: trực tuyến"),
    "received_other": (5, "Trong kỳ: trực tiếp, BCCI"),
    "carried_in": (6, "Từ kỳ trước"),
    "resolved_total": (7, "Đã giải quyết: tổng số"),
    "resolved_early": (8, "Giải quyết trước hạn"),
    "resolved_on_time": (9, "Giải quyết đúng hạn"),
    "resolved_late": (10, "Giải quyết quá hạn"),
    "pending_total": (11, "Đang giải quyết: tổng số"),
    "pending_in_time": (12, "Đang giải quyết: trong hạn"),
    "pending_overdue": (13, "Đang giải quyết: quá hạn"),
}
"""Columns 3 to 13 of the form, by their names in mart_form_06a; columns 1 and 2 are the line's number and name."""
FORM_06A_MEMOS = (
    "resolved_no_due_date",
    "resolved_withdrawn",
    "resolved_withdrawn_undated",
    "pending_no_due_date",
    "pending_supplement",
    "pending_paused",
    "pending_final_undated",
    "not_received_registered",
    "not_received_refused",
    "not_received_other",
)
_MART = "mart_form_06a"
_ACROSS = {"workload_total": (3, 4, 5), "resolved_total": (7, 8, 9), "pending_total": (11, 12)}
"""Places in the table, from 0, of the columns that a total is the sum of."""

FORM_CONTRACT = contract(mart_form_06a=Reading("period_key, arrangement, scope, entity_code, line_order"))
"""What these tables read beside the contract of the documents."""


def form_tables(content: Marts, month: date, province: Province) -> tuple[DocumentTable, ...]:
    """Form II.06a of a calendar month for the whole province, by agency and by field.

    Args:
        content: rows of the documents' contract and of `FORM_CONTRACT`.
    """
    return form_tables_of(content, f"calendar_month/{formats.month_key(month)}")


def form_tables_of(content: Marts, period_key: str) -> tuple[DocumentTable, ...]:
    """Form II.06a of any reporting period of any calendar for the whole province, by agency and by field."""
    tables = []
    for arrangement, sheet, title, head in (
        (
            "by_agency",
            _("06a theo cơ quan"),
            _("Biểu II.06a: giải quyết thủ tục hành chính theo cơ quan"),
            _("Cơ quan"),
        ),
        (
            "by_field",
            _("06a theo lĩnh vực"),
            _("Biểu II.06a: giải quyết thủ tục hành chính theo lĩnh vực"),
            _("Lĩnh vực"),
        ),
    ):
        rows = [
            row
            for row in content.rows[_MART]
            if (row["period_key"], row["scope"], row["arrangement"]) == (period_key, "province", arrangement)
        ]
        columns = (
            Column(_("TT (1)"), 0.7, is_number=False),
            Column(f"{head} (2)", 3.0, is_number=False),
            *(Column(f"{_(heading)} ({number})") for number, heading in FORM_06A_COLUMNS.values()),
        )
        tables.append(DocumentTable(sheet, title, columns, _lines(rows), _notes(rows)))
    return tuple(tables)


_OF_AGENCY = ("workload_total", "carried_in", "resolved_total", "resolved_late", "pending_total", "pending_overdue")
"""The columns of the form that fit an agency's packet, which is upright."""


def agency_form_tables(content: Marts, month: date, agency: Row) -> tuple[DocumentTable, ...]:
    """An agency's lines of the form in a calendar month, by field; nothing where it has none."""
    rows = [
        row
        for row in content.of_month(_MART, month)
        if (row["calendar_id"], row["kind"], row["scope"], row["arrangement"], row["entity_code"])
        == ("calendar_month", "month", "agency", "by_field", agency["entity_code"])
    ]
    if not rows:
        return ()
    fields = tuple(place for place, row in enumerate(rows) if row["line_kind"] == "field")

    def line(row: MartRow) -> Line:
        down = fields if row["line_kind"] == "total" else ()
        figures = (figure(row, column) for column in _OF_AGENCY)
        cells = (replace(one, down=down) if one.value is not None else one for one in figures)
        return Line((text(_line_name(row)), *cells), "total" if down else "row")

    return (
        DocumentTable(
            _("06a theo lĩnh vực"),
            _("Biểu II.06a: giải quyết thủ tục hành chính theo lĩnh vực"),
            (
                Column(f"{_('Lĩnh vực')} (2)", 2.6, is_number=False),
                *(Column(f"{_(FORM_06A_COLUMNS[name][1])} ({FORM_06A_COLUMNS[name][0]})") for name in _OF_AGENCY),
            ),
            tuple(line(row) for row in rows),
            _notes(rows, {0, *(FORM_06A_COLUMNS[name][0] for name in _OF_AGENCY)}),
        ),
    )


def _lines(rows: Sequence[MartRow]) -> tuple[Line, ...]:
    numbers = line_numbers([row["line_kind"] for row in rows])
    single = tuple(place for place, row in enumerate(rows) if row["line_kind"] in ("field", "agency"))
    lines = []
    for place, row in enumerate(rows):
        down: tuple[int, ...] = ()
        role: Role = "row"
        if row["line_kind"] == "total":
            down, role = single, "total"
        elif row["line_kind"] == "group":
            following = next(
                (other for other in range(place + 1, len(rows)) if rows[other]["line_kind"] != "agency"), len(rows)
            )
            down, role = tuple(range(place + 1, following)), "total"
        lines.append(
            Line(
                (text(numbers[place]), text(_line_name(row)), *(_cell(row, name, down) for name in FORM_06A_COLUMNS)),
                role,
            )
        )
    return tuple(lines)


def _cell(row: MartRow, column: str, down: tuple[int, ...]) -> Cell:
    found = figure(row, column)
    if row[column] is None:
        return found
    across = _ACROSS.get(column, ())
    return replace(found, across=across, down=() if across else down)


def _line_name(row: MartRow) -> str:
    return words.name_of(row, "line_name_vi")


def _notes(rows: Sequence[MartRow], shown: Container[int] = range(14)) -> tuple[str, ...]:
    if not rows:
        return ()
    total = rows[-1]
    span = _(
        "Kỳ báo cáo: {period} ({calendar}), từ ngày {first} đến ngày {last}. Đơn vị tính: số hồ sơ TTHC.",
        period=words.period_name(total),
        calendar=words.text_of(total, "calendar_name_vi"),
        first=formats.day(total["first_day"]),
        last=formats.day(total["last_day"]),
    )
    caveat = caveats.words(total["caveats_json"])
    return (span, *form_notes(total, shown), *([_("Lưu ý: {caveat}.", caveat=caveat)] if caveat else []))


def line_numbers(kinds: Sequence[str]) -> tuple[str, ...]:
    """Column 1 of the form: Roman numbers for groups, the others counted from 1 within them, none for the total."""
    numbers, groups, counted = [], 0, 0
    for kind in kinds:
        if kind == "group":
            groups, counted = groups + 1, 0
            numbers.append(_roman(groups))
        elif kind == "total":
            numbers.append("")
        else:
            counted += 1
            numbers.append(str(counted))
    return tuple(numbers)


def _roman(number: int) -> str:
    tens, ones = divmod(number, 10)
    return "X" * tens + ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")[ones]


def form_notes(total: Mapping[str, Any], shown: Container[int] = range(14)) -> tuple[str, ...]:
    """What the columns of a form hold that their headings do not say, out of its total line, in the current language; of the
    columns that are ``shown``, by their numbers, and of what the form leaves out, 0.
    """
    if total["workload_total"] is None:
        return ()

    def some(column: str, message: str) -> str | None:
        return _(message, count=formats.count(total[column])) if total[column] else None

    notes = (
        (
            7,
            _("Cột 7 gồm"),
            some("resolved_withdrawn", "{count} hồ sơ công dân rút"),
        ),
        (
            9,
            _("Cột 9 gồm"),
            some("resolved_no_due_date", "{count} hồ sơ không có ngày hẹn trả"),
            some(
                "resolved_withdrawn_undated", "{count} hồ sơ công dân rút không ghi ngày rút (tính vào ngày tiếp nhận)"
            ),
        ),
        (
            11,
            _("Cột 11 gồm (theo trạng thái mới nhất)"),
            some("pending_supplement", "{count} hồ sơ chờ bổ sung giấy tờ"),
            some("pending_paused", "{count} hồ sơ chờ nghĩa vụ tài chính hoặc dừng xử lý"),
            some("pending_final_undated", "{count} hồ sơ đã xong nhưng nguồn không ghi ngày xong"),
        ),
        (
            12,
            _("Cột 12 gồm"),
            some("pending_no_due_date", "{count} hồ sơ không có ngày hẹn trả"),
        ),
        (
            0,
            _("Ngoài biểu (chưa tiếp nhận)"),
            some("not_received_registered", "{count} hồ sơ mới đăng ký"),
            some("not_received_refused", "{count} hồ sơ không được tiếp nhận"),
            some("not_received_other", "{count} hồ sơ chờ bổ sung, chưa có ngày tiếp nhận"),
        ),
    )
    history = _(
        "Cột 6 chỉ tính hồ sơ tiếp nhận từ ngày {day}, ngày đầu tiên có dữ liệu.",
        day=formats.day(total["history_from"]),
    )
    return (
        *(
            f"{head}: {'; '.join(part for part in parts if part)}."
            for number, head, *parts in notes
            if any(parts) and number in shown
        ),
        history,
    )
