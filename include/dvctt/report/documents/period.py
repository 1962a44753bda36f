"""The documents of a month, quarter, half-year, nine months or year of one reporting calendar: page, PDF and workbook.

Only putting together may live here, as in `documents`: rows come from the marts, sentences from the page that is written first,
layout from `letters` and `spreadsheets`. Nothing of the publication is written to. The same publication gives the same bytes.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from dvctt.core.errors import ReportError
from dvctt.province.model import Province
from dvctt.report.choose import in_print_order
from dvctt.report.documents.month import letter_sections, write_both
from dvctt.report.documents.sentences import read_sentences
from dvctt.report.marts import Marts, Row, read_rows
from dvctt.report.tables.monthly import definitions_table
from dvctt.report.tables.periods import (
    CHANGES,
    COMPARISONS,
    PAYMENTS,
    PERIOD_CONTRACT,
    PERIODS,
    RATES,
    form_total,
    of_period,
    period_inside,
    period_name,
    period_tables,
)
from dvctt.report.tables.table import DocumentTable, Line
from dvctt.report.template import templates, write_page
from dvctt.report.wording import formats, words
from dvctt.report.wording.language import VIETNAMESE, _, current_language, in_language, name, names_of
from dvctt.report.writers.pdf import Letter

log = logging.getLogger(__name__)

_PLAIN_CALENDAR = "calendar_month"


def file_stem(period: Row) -> str:
    """What a period's files are called: ``bao-cao-quy-3-2022``; a calendar other than plain months stands in the name too, so
    that a file that was sent on is not taken for another's.
    """
    code, year = period["period_code"], period["year"]
    part = code.partition("-")[2]
    stem_of_kind = {
        "month": f"thang-{part}-{year}",
        "quarter": f"quy-{part[1:]}-{year}",
        "half_year": f"6-thang-{'dau' if part == 'H1' else 'cuoi'}-nam-{year}",
        "nine_months": f"9-thang-{year}",
        "year": f"nam-{year}",
    }[period["kind"]]
    stem = f"{_('bao-cao')}-{stem_of_kind if current_language() == VIETNAMESE else code}"
    return stem if period["calendar_id"] == _PLAIN_CALENDAR else f"{stem}-{period['calendar_id'].replace('_', '-')}"


def write_period_documents(
    marts: Path,
    out: Path,
    province: Province,
    publication: int,
    period_key: str,
    *,
    is_sample: bool = False,
    language: str = VIETNAMESE,
) -> list[Path]:
    """Write the page, the letter and the workbook of one period of one calendar for the province.

    Args:
        marts: the publication's DuckDB file; opened read-only.
        out: folder of the documents; made if missing. Gets three files named by `file_stem`.
        period_key: calendar and period, ``from_15/2022-Q3``.
        is_sample: whether the figures are a sample's, as the publication says.
        language: one of `language.languages`.

    Returns:
        The paths written.

    Raises:
        ReportError: the publication has no such period, or lacks a table that is needed, or a document cannot be written.
    """
    content = read_rows(marts, PERIOD_CONTRACT)
    period = next((row for row in content.rows[PERIODS] if row["period_key"] == period_key), None)
    if period is None:
        calendar = period_key.partition("/")[0]
        calendars = sorted({row["calendar_id"] for row in content.rows[PERIODS]})
        known = [row["period_code"] for row in content.rows[PERIODS] if row["calendar_id"] == calendar] or calendars
        what = "period" if calendar in calendars else "reporting calendar"
        raise ReportError(f"{marts}: found no {what} {period_key}, wanted one of {', '.join(known)}")
    with in_language(language, names_of(province, language)):
        return write_period(content, out, province, publication, period, is_sample=is_sample)


def write_period(
    content: Marts, out: Path, province: Province, publication: int, period: Row, *, is_sample: bool = False
) -> list[Path]:
    """As `write_period_documents`, of rows of `PERIOD_CONTRACT` that were read before and in the current language."""
    out.mkdir(parents=True, exist_ok=True)
    stem = out / file_stem(period)
    own = of_period(content, period)
    tables = period_tables(own, period, province)
    cut_off = _cut_off(own, period)
    page = stem.with_name(f"{stem.name}.html")
    context = _page_context(own, period, province)
    write_page(
        templates(),
        "period.html.j2",
        page,
        is_sample=is_sample,
        issuer=name(province.authority_vi),
        title=_subject(period),
        period=period,
        publication=publication,
        cut_off=cut_off,
        tables=tables,
        opening=_opening(period, publication, cut_off),
        **context,
    )
    sentences = read_sentences(page)
    opening = (*_opening(period, publication, cut_off), *sentences.closing)
    all_tables = (*tables, definitions_table(sentences.definitions))
    caveats = next(table for table in tables if table.sheet_vi == _("Lưu ý về số liệu"))
    letter = Letter(
        authority_vi=name(province.authority_vi),
        number_vi="/BC-",
        kind_vi=_("BÁO CÁO"),
        subject_vi=_subject(period),
        moment=_moment(cut_off, period),
        sections=letter_sections(opening, sentences, _whole(tables[0]), caveats),
        appendix_vi=_("Kèm theo Báo cáo {subject}", subject=words.lower_first(_subject(period))),
        appendix=all_tables,
        is_sample=is_sample,
    )
    written = [page, *write_both(stem, letter, all_tables, (*opening, sentences.definition_of_rate))]
    log.info("wrote %d documents of %s to %s", len(written), period["period_key"], out)
    return written


def _subject(period: Row) -> str:
    days = _("({first} đến {last})", first=formats.day(period["first_day"]), last=formats.day(period["last_day"]))
    # No line of a heading may end between the two days.
    days = days.replace(" ", "\N{NO-BREAK SPACE}")
    return _("Tình hình cung cấp dịch vụ công trực tuyến {period} {days}", period=period_inside(period), days=days)


def _opening(period: Row, publication: int, cut_off: Row | None) -> tuple[str, ...]:
    """Period, days, calendar, its basis and how certain that is; source, cut-off and publication."""
    return (
        _(
            "Kỳ báo cáo: {period}, từ ngày {first} đến hết ngày {last}.",
            period=period_inside(period),
            first=formats.day(period["first_day"]),
            last=formats.day(period["last_day"]),
        ),
        _(
            "Cách tính kỳ: {calendar} (mã {period_key}). Căn cứ: {basis} ({certainty}). Mọi số liệu và kỳ so sánh trong tài "
            "liệu này theo cùng một cách tính kỳ.",
            calendar=words.lower_first(words.text_of(period, "calendar_name_vi")),
            period_key=period["period_key"],
            basis=words.text_of(period, "legal_basis_vi") if period["legal_basis_vi"] else _(formats.NOT_DEFINED),
            certainty=words.word(period["certainty"], words.CERTAINTY, "dim_reporting_periods.certainty"),
        ),
        _(
            "Nguồn: hệ thống một cửa. Số liệu tính đến lúc {at}. Lần công bố số {publication}.",
            at=formats.moment(cut_off["data_cut_off_at"] if cut_off else None),
            publication=publication,
        ),
    )


def _cut_off(own: Marts, period: Row) -> Row | None:
    """The newest cut-off of the months that the period touches."""
    touched = [
        row
        for row in own.rows["mart_data_cut_off"]
        if period["first_day"].replace(day=1) <= row["month"] <= period["last_day"]
        and row["data_cut_off_at"] is not None
    ]
    return max(touched, key=lambda row: row["data_cut_off_at"], default=None)


def _moment(cut_off: Row | None, period: Row) -> datetime:
    """What stands in a file as its time: the data's cut-off, for want of one the period's last day."""
    if cut_off is not None:
        at: datetime = cut_off["data_cut_off_at"]
        return at
    return datetime.fromisoformat(period["last_day"].isoformat())


def _page_context(own: Marts, period: Row, province: Province) -> Mapping[str, Any]:
    changes = [row for row in own.rows[CHANGES] if row["scope"] == "province" and row["metric"] == "online_rate"]
    return {
        "totals": in_print_order(own.rows[RATES], province, agencies=False),
        "paid": [row for row in own.rows[PAYMENTS] if row["scope"] == "province"],
        "changes": sorted(changes, key=lambda row: list(COMPARISONS).index(row["comparison"])),
        "comparisons": {code: _(message) for code, message in COMPARISONS.items()},
        "form": form_total(own),
        "period_name": period_name(period),
        "closings": own.of_month("mart_closed_months", period["month"]),
        "definitions": [
            row
            for row in own.of_month("mart_online_rate_definitions", period["month"])
            if row["scope"] == "province" and row["is_report_definition"] and row["is_in_force"]
        ],
    }


def _whole(rates: DocumentTable) -> DocumentTable:
    """The groups and the province out of the table of rates: what a reader sees before the signature."""
    return replace(
        rates,
        title_vi=_("Hồ sơ trực tuyến theo khối và toàn tỉnh"),
        columns=(replace(rates.columns[0], heading_vi=_("Đối tượng")), *rates.columns[1:]),
        lines=_totals(rates),
        notes=(),
    )


def _totals(table: DocumentTable) -> tuple[Line, ...]:
    return tuple(line for line in table.lines if line.role == "total")
