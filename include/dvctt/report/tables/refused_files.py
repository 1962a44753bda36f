"""The table of the files of sources that were refused: which, why, and what the figures are without them.

Only choosing, ordering and naming rows of the mart may live here. A month of which nothing is refused has no such table.
"""

from datetime import date

from dvctt.province.model import Province
from dvctt.report.marts import Marts, Reading, contract
from dvctt.report.tables.table import DocumentTable, Line, text, textual
from dvctt.report.wording import checks, formats, words
from dvctt.report.wording.language import _

REFUSED_CONTRACT = contract(mart_refused_files=Reading("refusal_number"))


def refused_tables(content: Marts, month: date, province: Province) -> tuple[DocumentTable, ...]:
    """The month's refused files, and behind them those of which nobody can say the month."""
    found = [row for row in content.rows["mart_refused_files"] if row["month"] in (month, None)]
    if not found:
        return ()
    lines = [
        Line(
            (
                text(_(checks.ENTITIES[row["entity"]]) if row["entity"] else ""),
                text(row["source_id"]),
                text(row["file_name"] or _("(tên không đúng quy định)")),
                text(words.text_of(row, "agency_name_vi") if row["agency_name_vi"] else _("không rõ cơ quan nào")),
                text(words.word(row["refusal_reason"], words.REFUSAL_REASON, "mart_refused_files.refusal_reason")),
                text(words.word(row["consequence"], words.REFUSAL_CONSEQUENCE, "mart_refused_files.consequence")),
                text(words.word(row["refusal_reason"], words.REFUSAL_NEXT, "mart_refused_files.refusal_reason")),
            )
        )
        for row in sorted(found, key=lambda row: (row["month"] is None, row["refusal_number"]))
    ]
    table = DocumentTable(
        _("Tệp bị từ chối"),
        _("Tệp của nguồn bị từ chối của {month}, và tệp không xác định được tháng", month=formats.month(month)),
        (
            textual("Loại dữ liệu", 1.4),
            textual("Nguồn", 1.0),
            textual("Tên tệp", 1.6),
            textual("Cơ quan", 1.4),
            textual("Lý do", 2.0),
            textual("Số liệu", 1.6),
            textual("Việc cần làm", 2.0),
        ),
        tuple(lines),
        (_("Mỗi đêm các tệp này được đọc lại; tệp đã sửa hoặc đã bỏ khỏi hộp nhận không còn trong danh sách."),),
    )
    return (table,)
