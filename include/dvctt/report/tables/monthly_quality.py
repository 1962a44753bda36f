"""The report's tables on how far its figures can be trusted: printed figures, sums, feeds, caveats."""

from collections.abc import Mapping
from datetime import date

from dvctt.province.model import Province
from dvctt.report.choose import (
    additivity_note,
    additivity_of_month,
    alike_caveats,
    caveats_of_month,
    earlier_caveats_of_month,
    feeds_behind,
    published_of_month,
)
from dvctt.report.marts import Marts, Row
from dvctt.report.tables.table import Cell, DocumentTable, Kind, Line, cell, numeric, text, textual, worded
from dvctt.report.wording import caveats, checks, formats, words
from dvctt.report.wording.language import _

_UNIT_KIND: Mapping[str, Kind] = {"percent": "rate", "percentage_points": "signed_points"}


def published_table(content: Marts, month: date) -> DocumentTable:
    lines = []
    for row in published_of_month(content, month):
        unit, kind = row["unit"], _UNIT_KIND.get(row["unit"], "count")
        noun = words.unit_noun(unit)
        printed = row["published_value"]
        lines.append(
            Line(
                (
                    cell(row["figure_id"]),
                    text(words.metric_name(row)),
                    worded(row, "entity_name_vi"),
                    cell(row["period_start"], "day", missing=""),
                    cell(row["period_end"], "day"),
                    text(_("“{wording}”", wording=row["wording_vi"])),
                    Cell(
                        printed,
                        "exact",
                        _("chỉ nêu khoảng") if printed is None else words.exact_measure(printed, unit),
                        unit_vi=noun,
                    ),
                    Cell(
                        row["computed_value"],
                        kind,
                        words.measure(row["computed_value"], unit),
                        unit_vi=noun if kind == "count" else "",
                    ),
                    text(str(words.interval(row))),
                    text(
                        words.word(row["verdict"], words.VERDICT, "mart_published_figures.verdict")
                        + (f" ({caveats.words(row['caveats_json'])})" if row["caveats_json"] else "")
                    ),
                )
            )
        )
    return DocumentTable(
        _("Đối chiếu số đã công bố"),
        _("Số đã công bố và số tính lại"),
        (
            numeric("Số", 0.5),
            textual("Chỉ tiêu", 2.2),
            textual("Đối tượng", 1.6),
            numeric("Từ ngày", 1.2),
            numeric("Đến ngày", 1.2),
            textual("Nguyên văn", 2.4),
            numeric("Đã công bố", 1.5),
            numeric("Tính lại", 1.9),
            textual("Khoảng cho phép", 1.6),
            textual("Kết quả", 1.1),
        ),
        tuple(lines),
        (_("Số tính lại từ hồ sơ được coi là khớp khi nằm trong khoảng mà số đã in cho phép sau khi làm tròn."),),
        _("Không có số liệu đã công bố cho tháng này."),
    )


def additivity_table(content: Marts, month: date, province: Province) -> DocumentTable:
    found = additivity_of_month(content, month, province)
    lines = [
        Line(
            (
                text(checks.compared(row)),
                text(words.entity(row)),
                cell(row["total"]),
                cell(row["sum_of_classes"]),
                cell(row["residue"]),
                text(checks.residue(row) if row["residue"] else ""),
                cell(row["unexplained"]),
            )
        )
        for row in (*found["notable"], *found["agencies"])
    ]
    return DocumentTable(
        _("Kiểm tra tổng"),
        _("Kiểm tra tổng và thành phần: các tổng có phần dư hoặc có phần chưa giải thích được"),
        (
            textual("Phép kiểm tra", 3.0),
            textual("Đối tượng", 2.0),
            numeric("Tổng", 1.2),
            numeric("Cộng các thành phần", 1.2),
            numeric("Phần dư", 0.9),
            textual("Tên phần dư", 2.4),
            numeric("Không giải thích được"),
        ),
        tuple(lines),
        (additivity_note(found),) if found["all"] else (),
        _("Không có tổng nào có phần dư.") if found["all"] else _("Chưa có dữ liệu kiểm tra cho tháng này."),
    )


def feeds_table(content: Marts, month: date) -> DocumentTable:
    lines = [
        Line(
            (
                text(words.word(row["entity"], words.FEED, "mart_feed_timeliness.entity")),
                text(row["source_id"]),
                cell(row["expected_feeds"]),
                cell(row["delivered_feeds"]),
                cell(row["delivered_percent"], "rate"),
                cell(row["on_time_feeds"]),
                cell(row["on_time_percent"], "rate"),
                text("; ".join(_not_delivered(content, row))),
            )
        )
        for row in content.of_month("mart_feed_timeliness", month)
    ]
    return DocumentTable(
        _("Nguồn dữ liệu"),
        _("Dữ liệu phải nộp, đã nộp và đúng hạn"),
        (
            textual("Loại dữ liệu", 2.0),
            textual("Nguồn", 1.2),
            numeric("Phải nộp"),
            numeric("Đã nộp"),
            numeric("Tỷ lệ đã nộp"),
            numeric("Đúng hạn"),
            numeric("Tỷ lệ đúng hạn"),
            textual("Chưa nộp", 4.0),
        ),
        tuple(lines),
        empty_vi=_("Không có dữ liệu nào phải nộp theo lịch cho tháng này."),
    )


def _not_delivered(content: Marts, row: Row) -> list[str]:
    return [words.missing_feed(feed) for feed in feeds_behind(content, row) if not feed["is_delivered"]]


def caveats_table(content: Marts, month: date, province: Province) -> DocumentTable:
    lines = [
        Line(
            (
                text(words.entity(row)),
                text(words.word(row["subject"], words.CAVEAT_SUBJECT, "mart_caveats.subject")),
                text(words.caveat(caveats.words(row["caveat_json"]))),
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
                text(words.caveat(f"{formats.months(months)}: {caveats.words(row['caveat_json'])}")),
            )
        )
        for row, months in alike_caveats(earlier_caveats_of_month(content, month))
    ]
    return DocumentTable(
        _("Lưu ý về số liệu"),
        _(
            "Lưu ý về số liệu của {month} và của các tháng trước được dùng để so sánh hoặc tính lũy kế",
            month=formats.month(month),
        ),
        (textual("Đối tượng", 2.0), textual("Số liệu", 1.0), textual("Lưu ý", 4.0)),
        tuple(lines),
        empty_vi=_("Không có lưu ý nào về số liệu của {month}.", month=formats.month(month)),
    )
