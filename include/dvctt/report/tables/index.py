"""The tables of the 766 index: its components in the province, and the scores of every agency.

Only choosing, ordering and naming rows of the index's marts may live here. Points are printed with two decimals, as the
national portal prints them; a group's points are the sum of its components' and the total that of the groups'.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from dvctt.province.model import Province
from dvctt.report.choose import in_print_order
from dvctt.report.marts import MartRow, Marts, Reading, Row, contract
from dvctt.report.tables.table import Cell, Column, DocumentTable, Line, cell, text
from dvctt.report.wording import formats
from dvctt.report.wording.language import _, name
from dvctt.report.wording.words import name_of, text_of

INDEX_CONTRACT = contract(
    mart_index_definitions=Reading("formula_version, official_order"),
    mart_index_components=Reading("month, span, scope, entity_code, formula_version, component_order"),
    mart_index_scores=Reading("month, span, scope, official_order, entity_code, formula_version"),
)
"""What these tables read, to be read beside the contract of the reports."""

_NONE = "–"


def index_tables(content: Marts, month: date, province: Province) -> tuple[DocumentTable, ...]:
    """The index of a month in the province, component by component, then every agency's scores; nothing when there is none.

    Of formula versions the newest is shown that is in force on the month's last day, else the newest.
    """
    scores = [row for row in content.of_month("mart_index_scores", month) if row["span"] == "month"]
    if not scores:
        return ()
    version = max((row["is_in_force"], row["formula_version"]) for row in scores)[1]
    scores = [row for row in scores if row["formula_version"] == version]
    return (_components(content, month, version, scores), _scores(scores, province, _document(content, version)))


_GROUPS = (
    ("transparency_score", "Công khai, minh bạch"),
    ("progress_score", "Tiến độ giải quyết"),
    ("online_services_score", "Dịch vụ công trực tuyến"),
    ("payment_score", "Thanh toán trực tuyến"),
    ("digitisation_score", "Số hóa hồ sơ"),
    ("satisfaction_score", "Mức độ hài lòng"),
)


def agency_index_tables(content: Marts, month: date, agency: Row) -> tuple[DocumentTable, ...]:
    """An agency's scores of the month by the formula that `index_tables` shows; nothing when there is none."""
    scores = [row for row in content.of_month("mart_index_scores", month) if row["span"] == "month"]
    if not scores:
        return ()
    version = max((row["is_in_force"], row["formula_version"]) for row in scores)[1]
    found = [
        row
        for row in scores
        if (row["scope"], row["entity_code"], row["formula_version"]) == ("agency", agency["entity_code"], version)
    ]
    return tuple(
        DocumentTable(
            _("Bộ chỉ số"),
            _(
                "Điểm Bộ chỉ số theo {document}, {month}",
                document=_document(content, version),
                month=formats.month(month),
            ),
            (_words(_("Chỉ tiêu"), 3.0), Column(_("Điểm"))),
            (
                *(Line((text(_(label)), _points(row[column]))) for column, label in _GROUPS),
                Line(
                    (
                        text(_("Tổng điểm")),
                        _points(
                            row["total_score"], tuple(range(len(_GROUPS))) if row["total_score"] is not None else ()
                        ),
                    ),
                    "total",
                ),
                Line((text(_("Điểm có thể chấm")), _points(row["scored_max"]))),
                Line((text(_("Thứ hạng")), _counted(row["rank_in_group"]))),
            ),
            _notes(content, version, row),
        )
        for row in found
    )


def _document(content: Marts, version: int) -> str:
    """The document that the index is from, as the definitions name it; what they say of it beyond that is the table's note."""
    row = next(row for row in content.rows["mart_index_definitions"] if row["formula_version"] == version)
    return text_of(row, "legal_basis_vi").split(";")[0]


def _components(content: Marts, month: date, version: int, scores: Sequence[Row]) -> DocumentTable:
    (province,) = [row for row in scores if row["scope"] == "province"]
    definitions = {
        row["component_id"]: row for row in content.rows["mart_index_definitions"] if row["formula_version"] == version
    }
    rows = [
        row
        for row in content.of_month("mart_index_components", month)
        if (row["span"], row["scope"], row["formula_version"]) == ("month", "province", version)
    ]
    lines: list[Line] = []
    groups: list[int] = []
    for group in dict.fromkeys(row["group_id"] for row in rows):
        own = [row for row in rows if row["group_id"] == group]
        definition = definitions[own[0]["component_id"]]
        first = len(lines)
        lines += [_component(row, definitions[row["component_id"]]) for row in own]
        down = tuple(range(first, len(lines)))
        groups.append(len(lines))
        lines.append(
            _sum(name_of(definition, "group_name_vi"), province[f"{group}_score"], definition["group_points_max"], down)
        )
    lines.append(_sum(_("Tổng điểm"), province["total_score"], province["score_max"], tuple(groups)))
    return DocumentTable(
        _("Bộ chỉ số"),
        _(
            "Điểm thành phần của Bộ chỉ số theo {document}: toàn tỉnh, {month}",
            document=_document(content, version),
            month=formats.month(month),
        ),
        (
            _words(_("Thành phần"), 3.0),
            Column(_("Tử số")),
            Column(_("Mẫu số")),
            Column(_("Tỷ lệ")),
            Column(_("Ngưỡng"), 0.9),
            Column(_("Điểm"), 0.9),
            Column(_("Điểm tối đa"), 0.9),
            _words(_("Ghi chú"), 2.4),
        ),
        tuple(lines),
        (
            _(
                "Điểm tính trên {scored} điểm tối đa của các thành phần có dữ liệu, trong {whole} điểm; không quy đổi.",
                scored=formats.score(province["scored_max"]),
                whole=formats.score(province["score_max"]),
            ),
            *_notes(content, version, province),
        ),
    )


def _component(row: Row, definition: Row) -> Line:
    missing = _(formats.NOT_DEFINED) if row["state"] == "not_applicable" else _("không có dữ liệu")
    ratio = cell(row["ratio_percent"], "rate")
    return Line(
        (
            text(name_of(definition, "name_vi")),
            _counted(row["numerator"]),
            _counted(row["denominator"]),
            replace(ratio, share=(1, 2)) if row["ratio_percent"] is not None else Cell(None, "rate", missing),
            text("") if row["threshold_percent"] is None else cell(row["threshold_percent"], "rate"),
            _points(row["points"]),
            _points(row["points_max"]),
            text(text_of(row, "reason_vi")),
        )
    )


def _sum(label: str, points: float | None, most: float, down: tuple[int, ...]) -> Line:
    return Line(
        (
            text(label),
            *(text("") for _column in range(4)),
            _points(points, down),
            _points(most, down),
            text(""),
        ),
        "total",
    )


def _scores(scores: Sequence[MartRow], province: Province, document: str) -> DocumentTable:
    rows = [*in_print_order(scores, province, agencies=True), *in_print_order(scores, province, agencies=False)]
    six = (
        "transparency_score",
        "progress_score",
        "online_services_score",
        "payment_score",
        "digitisation_score",
        "satisfaction_score",
    )
    lines = tuple(
        Line(
            (
                text(name(row["entity_name_vi"])),
                *(_points(row[column]) for column in six),
                replace(
                    _points(row["total_score"]), across=(1, 2, 3, 4, 5, 6) if row["total_score"] is not None else ()
                ),
                _points(row["scored_max"]),
                _counted(row["rank_in_group"]),
            ),
            "row" if row["scope"] == "agency" else "total",
        )
        for row in rows
    )
    return DocumentTable(
        _("Điểm Bộ chỉ số theo cơ quan"),
        _("Điểm sáu nhóm của Bộ chỉ số theo {document}: cơ quan, khối và toàn tỉnh", document=document),
        (
            _words(_("Cơ quan"), 2.6),
            Column(_("Công khai, minh bạch")),
            Column(_("Tiến độ giải quyết")),
            Column(_("Dịch vụ công trực tuyến")),
            Column(_("Thanh toán trực tuyến")),
            Column(_("Số hóa hồ sơ")),
            Column(_("Mức độ hài lòng")),
            Column(_("Tổng điểm")),
            Column(_("Điểm có thể chấm")),
            Column(_("Thứ hạng"), 0.8),
        ),
        lines,
        (
            _(
                "Điểm của khối và của tỉnh tính từ số đếm của chính khối và tỉnh, không phải bình quân điểm các cơ quan. "
                "Thứ hạng so trong khối, giữa các cơ quan có cùng thành phần được chấm."
            ),
        ),
    )


def _notes(content: Marts, version: int, score: Row) -> tuple[str, ...]:
    """By which formulas the points are; of a month that older ones closed also why printed points may not add up."""
    found = {
        row["points_decimals"] for row in content.rows["mart_index_definitions"] if row["formula_version"] == version
    }
    if found <= {formats.SCORE_DECIMALS}:
        return (_formulas(score),)
    return (
        _formulas(score),
        _(
            "Tháng đã chốt theo công thức phiên bản {version}, cộng điểm trước khi làm tròn: tổng có thể lệch vài phần trăm "
            "của một điểm so với các điểm in ra.",
            version=version,
        ),
    )


def _formulas(score: Row) -> str:
    words = _(
        "Công thức phiên bản {version}, suy ra từ điểm do Cổng Dịch vụ công quốc gia công bố; chưa đối chiếu được với văn bản.",
        version=score["formula_version"],
    )
    return words if score["is_in_force"] else f"{words} {_('Công thức chưa có hiệu lực trong tháng; số để so sánh.')}"


def _words(heading: str, weight: float) -> Column:
    return Column(heading, weight, is_number=False)


def _counted(value: int | None) -> Cell:
    return cell(value, "count", missing=_NONE)


def _points(value: float | None, down: tuple[int, ...] = ()) -> Cell:
    if value is None:
        return Cell(None, "score", _NONE)
    return replace(cell(value, "score"), down=down)
