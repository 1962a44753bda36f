"""The report's tables on what became of a month: closings, restatements, what came too late."""

from datetime import date

from dvctt.report.marts import Marts
from dvctt.report.tables.table import DocumentTable, Line, cell, numeric, text, textual, worded
from dvctt.report.wording import caveats, formats, words
from dvctt.report.wording.language import _


def closings_table(content: Marts, month: date) -> DocumentTable:
    lines = [
        Line(
            (
                cell(row["revision"]),
                text(_("Đang có hiệu lực") if row["is_in_force"] else _("Đã mở lại")),
                cell(row["publication_number"]),
                cell(row["closed_at"], "moment"),
                text(row["approved_by"]),
                worded(row, "note"),
                cell(row["waived_feeds"]),
                text(caveats.words(row["waivers_json"])),
                cell(row["reopened_at"], "moment", missing=""),
                text(row["reopened_by"]),
                worded(row, "reopen_reason"),
            )
        )
        for row in content.of_month("mart_closed_months", month)
    ]
    return DocumentTable(
        _("Chốt số liệu"),
        _("Các lần chốt số liệu {month}", month=formats.month(month)),
        (
            numeric("Bản chốt", 0.7),
            textual("Tình trạng", 1.2),
            numeric("Lần công bố", 0.8),
            numeric("Chốt lúc", 1.7),
            textual("Người phê duyệt", 1.6),
            textual("Ghi chú", 1.4),
            numeric("Số phần dữ liệu được miễn"),
            textual("Được miễn", 2.6),
            numeric("Mở lại lúc", 1.7),
            textual("Người mở lại", 1.4),
            textual("Lý do", 1.6),
        ),
        tuple(lines),
        empty_vi=_(
            "Số liệu {month} chưa chốt, còn có thể thay đổi khi có dữ liệu đến sau.", month=formats.month(month)
        ),
    )


def restatements_table(content: Marts, month: date) -> DocumentTable:
    lines = [
        Line(
            (
                text(words.entity(row)),
                worded(row, "metric_name_vi"),
                worded(row, "unit"),
                cell(row["from_publication"]),
                cell(row["old_value"]),
                cell(row["new_value"]),
                cell(row["change"], "signed_count"),
                cell(row["rate_change_points"], "signed_points"),
                text(str(words.restatement_causes(row))),
            )
        )
        for row in content.of_month("mart_restatements", month)
    ]
    return DocumentTable(
        _("Điều chỉnh"),
        _("Số liệu đã điều chỉnh so với bản công bố trước, và nguyên nhân"),
        (
            textual("Đối tượng", 2.2),
            textual("Chỉ tiêu", 1.8),
            textual("Đơn vị tính", 0.9),
            numeric("Lần công bố trước", 0.9),
            numeric("Số cũ", 1.2),
            numeric("Số mới", 1.2),
            numeric("Chênh lệch"),
            numeric("Chênh lệch tỷ lệ", 1.4),
            textual("Nguyên nhân", 3.0),
        ),
        tuple(lines),
        empty_vi=_("Không có số liệu nào thay đổi so với bản công bố trước."),
    )


def late_table(content: Marts, month: date) -> DocumentTable:
    lines = [
        Line(
            (
                worded(row, "agency_name_vi"),
                worded(row, "metric_name_vi"),
                worded(row, "unit"),
                cell(row["record_count"]),
                cell(row["effect"], "signed_count"),
                text(str(words.restatement_causes(row))),
            )
        )
        for row in content.of_month("mart_late_ledger_totals", month)
    ]
    return DocumentTable(
        _("Đến sau khi chốt"),
        _("Dữ liệu đến sau khi chốt, chưa tính vào số liệu đã chốt"),
        (
            textual("Cơ quan", 2.2),
            textual("Chỉ tiêu", 1.8),
            textual("Đơn vị tính"),
            numeric("Số dòng dữ liệu"),
            numeric("Chênh lệch nếu tính"),
            textual("Nguyên nhân", 3.0),
        ),
        tuple(lines),
        empty_vi=_("Không có dữ liệu nào đến sau khi chốt."),
    )
