"""Tables of a month under the newest structure of agencies, and of filings by level and kind of service.

Only choosing, ordering and naming rows of the marts may live here, as in `document_tables`: every cell holds its mart's value,
a total says which lines it is the sum of.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from dvctt.province.model import Province
from dvctt.report.marts import Marts, Reading, Row, contract
from dvctt.report.tables.table import Cell, Column, DocumentTable, Line, cell, text
from dvctt.report.wording import formats, words
from dvctt.report.wording.language import _

_NOT_PLACED = ("unallocated", "unknown")

STRUCTURE_CONTRACT = contract(
    mart_online_rates_restated=Reading("month, scope, official_order, entity_code"),
    mart_structure_bridge=Reading("month, official_order, agency_code"),
    mart_service_levels=Reading("month, scope, entity_code, vocabulary_id, version, class_order"),
)


def structure_tables(content: Marts, month: date, province: Province) -> tuple[DocumentTable, ...]:
    """The month restated, who went where, and levels of service; the first two only when an agency has changed since."""
    moved = [row for row in content.of_month("mart_structure_bridge", month) if row["is_moved"]]
    restated = (_restated(content, month), _bridge(moved)) if moved else ()
    return (*restated, *_levels(content, month))


def _called(row: Row, column: str) -> Cell:
    return text(words.name_of(row, column))


def _summed(values: Iterable[Cell], lines: Sequence[int]) -> list[Cell]:
    return [replace(one, down=tuple(lines)) if one.kind == "count" and one.value is not None else one for one in values]


def _restated(content: Marts, month: date) -> DocumentTable:
    rows = content.of_month("mart_online_rates_restated", month)
    agencies = sorted(
        (row for row in rows if row["scope"] == "agency"), key=lambda row: row["entity_code"] in _NOT_PLACED
    )
    whole = next(row for row in rows if row["scope"] == "province")

    def figures(row: Row) -> list[Cell]:
        missing = formats.NO_DATA if row["received"] is None else None
        return [
            cell(row["agency_count"]),
            cell(row["received"]),
            cell(row["online"]),
            replace(cell(row["online_rate_percent"], "rate", missing=missing), share=(3, 2)),
        ]

    lines = [
        Line((_called(row, "entity_name_vi"), *figures(row)), "residue" if row["entity_code"] in _NOT_PLACED else "row")
        for row in agencies
    ]
    total = Line((text(_("Toàn tỉnh")), *_summed(figures(whole), range(len(lines)))), "total")
    return DocumentTable(
        _("Cơ cấu mới nhất"),
        _("Hồ sơ trực tuyến theo cơ cấu cơ quan mới nhất, từ ngày {day}", day=formats.day(whole["structure_on"])),
        (
            Column(_("Cơ quan theo cơ cấu mới nhất"), 3.5, is_number=False),
            Column(_("Số cơ quan gộp vào")),
            Column(_("Tiếp nhận")),
            Column(_("Trực tuyến")),
            Column(_("Tỷ lệ")),
        ),
        (*lines, total),
        (
            _(
                "Số liệu của từng cơ quan tại thời điểm tiếp nhận được cộng theo cơ quan kế thừa; tổng toàn tỉnh không đổi. "
                "Phần của cơ quan đã chia tách mà hồ sơ không cho biết thuộc đơn vị nào được ghi là chưa quy đổi được."
            ),
        ),
    )


def _bridge(moved: Sequence[Row]) -> DocumentTable:
    return DocumentTable(
        _("Bảng quy đổi cơ quan"),
        _("Cơ quan có số liệu được quy đổi sang cơ quan khác"),
        (
            Column(_("Cơ quan tại thời điểm tiếp nhận"), 3.0, is_number=False),
            Column(_("Quy đổi sang"), 3.0, is_number=False),
            Column(_("Tiếp nhận")),
            Column(_("Trực tuyến")),
            Column(_("Giao dịch thanh toán trực tuyến"), 1.4),
            Column(_("Số tiền (đồng)"), 1.4),
        ),
        tuple(
            Line(
                (
                    _called(row, "agency_name_vi"),
                    _called(row, "heir_name_vi"),
                    cell(row["received"]),
                    cell(row["online"]),
                    cell(row["online_payment_count"]),
                    cell(row["online_payment_amount_vnd"]),
                )
            )
            for row in moved
        ),
    )


def _levels(content: Marts, month: date) -> tuple[DocumentTable, ...]:
    """One table a vocabulary, for the whole province."""
    vocabularies: dict[tuple[str, int], list[Row]] = {}
    for row in content.of_month("mart_service_levels", month):
        # An empty residue says nothing; an empty class says that there was nothing of it.
        if row["scope"] == "province" and (row["received"] != 0 or not row["is_residue"]):
            vocabularies.setdefault((row["vocabulary_id"], row["version"]), []).append(row)
    return tuple(_level_table(rows, number) for number, rows in enumerate(vocabularies.values(), start=1))


def _level_table(rows: Sequence[Row], number: int) -> DocumentTable:
    lines = [
        Line(
            (
                _called(row, "class_name_vi"),
                cell(row["received"]),
                cell(row["share_percent"], "rate"),
                cell(row["online"]),
                replace(cell(row["online_rate_percent"], "rate"), share=(3, 1)),
                cell(row["placed_otherwise_by_catalogue"]),
            ),
            "residue" if row["is_residue"] else "row",
        )
        for row in rows
    ]
    whole = replace(cell(rows[0]["received_of_all_classes"]), down=tuple(range(len(lines))))
    return DocumentTable(
        _("Mức độ dịch vụ công {number}", number=number),
        _("Hồ sơ tiếp nhận theo mức độ như nguồn ghi, toàn tỉnh")
        if rows[0]["vocabulary_id"] == "source_levels"
        else _("Hồ sơ tiếp nhận theo loại dịch vụ công, toàn tỉnh"),
        (
            Column(_("Mức độ, loại dịch vụ công"), 3.0, is_number=False),
            Column(_("Tiếp nhận")),
            Column(_("Tỷ trọng")),
            Column(_("Trực tuyến")),
            Column(_("Tỷ lệ trực tuyến"), 1.2),
            Column(_("Khác với danh mục"), 1.2),
        ),
        (*lines, Line((text(_("Tổng số")), whole, *(text("") for place in range(4))), "total")),
        (
            _(
                "Căn cứ: {basis}. Mức độ chắc chắn: {certainty}.",
                basis=words.text_of(rows[0], "legal_basis_vi"),
                certainty=_(_CERTAINTY[rows[0]["certainty"]]),
            ),
            _(
                "Mức độ là mức độ ghi trên hồ sơ khi tiếp nhận. Cột cuối đếm hồ sơ mà danh mục thủ tục ngày tiếp nhận xếp "
                "khác; số này chỉ để đối chiếu, không chuyển nhóm."
            ),
        ),
    )


_CERTAINTY = {
    "published": "theo văn bản công bố",
    "recalled": "theo hiểu biết, chưa đối chiếu văn bản",
    "derived": "suy ra, gần đúng",
}
