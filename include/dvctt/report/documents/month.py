"""The documents of a month out of one publication: page, PDF and workbook of the province, a packet for every agency.

Only putting together may live here: rows come from the marts, sentences from the published page, layout from `letters` and
`spreadsheets`. Nothing of the publication is written to. The same publication gives the same bytes.
"""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from dvctt.core.errors import ReportError
from dvctt.core.files import write_new
from dvctt.province.model import Province
from dvctt.report.choose import in_print_order
from dvctt.report.documents.month_page import write_month
from dvctt.report.documents.sentences import Sentences, read_sentences
from dvctt.report.marts import CONTRACT, PACKET_CONTRACT, Marts, Row, read_marts
from dvctt.report.month_rows import Edition, rows_of_month
from dvctt.report.tables.agency import agency_tables
from dvctt.report.tables.areas import agency_tables_of_areas, contract_of_areas, tables_of_areas
from dvctt.report.tables.monthly import definitions_table, province_tables
from dvctt.report.tables.table import DocumentTable
from dvctt.report.wording import formats, sample, words
from dvctt.report.wording.language import VIETNAMESE, _, current_language, in_language, name, names_of
from dvctt.report.writers.pdf import Letter, Section, write_letter
from dvctt.report.writers.xlsx import write_workbook

log = logging.getLogger(__name__)


def packets_folder(language: str) -> str:
    """What the folder of the packets beside the province's files is called."""
    with in_language(language):
        return _("co-quan")


@dataclass(frozen=True)
class _Issue:
    """What every document of a month says of itself."""

    province: Province
    edition: Edition
    month: date
    cut_off: Row | None
    sentences: Sentences

    @property
    def moment(self) -> datetime:
        """What stands in a file as its time: the data's cut-off, for want of one the month's last day."""
        if self.cut_off is not None and self.cut_off["data_cut_off_at"] is not None:
            at: datetime = self.cut_off["data_cut_off_at"]
            return at
        return datetime.fromisoformat(formats.month_end(self.month).isoformat())

    @property
    def opening(self) -> tuple[str, ...]:
        """Period, source, cut-off and edition; whether the month is closed."""
        at = formats.moment(self.cut_off["data_cut_off_at"] if self.cut_off else None)
        source = _(
            "Nguồn: hệ thống một cửa. Số liệu tính đến lúc {at}. {edition}.",
            at=at,
            edition=self.edition.text,
        )
        if self.cut_off:
            source = _(
                "Nguồn: hệ thống một cửa. Số liệu tính đến lúc {at}, từ {fetches} lần lấy dữ liệu. {edition}.",
                at=at,
                fetches=formats.count(self.cut_off["extract_count"]),
                edition=self.edition.text,
            )
        return (
            _(
                "Kỳ báo cáo: từ ngày {first} đến hết ngày {last}.",
                first=formats.day(self.month),
                last=formats.day(formats.month_end(self.month)),
            ),
            source,
            *self.sentences.closing,
        )


def write_documents(
    marts: Path,
    page: Path,
    out: Path,
    province: Province,
    publication: int,
    month: date,
    *,
    data: str | None = None,
    is_sample: bool = False,
    packets: bool = False,
    language: str = VIETNAMESE,
) -> list[Path]:
    """Write a month's documents.

    Args:
        marts: the publication's DuckDB file; opened read-only.
        page: the publication's page of the month; copied, and its sentences are printed. In another language than Vietnamese
            the page is written anew, from the same rows and template, and the published one is not looked at.
        out: folder of the documents; made if missing. Gets ``bao-cao-<YYYY-MM>.html``, ``.pdf`` and ``.xlsx``, and with
            ``packets`` a folder ``co-quan`` with ``<agency code>.pdf`` and ``.xlsx``; in English ``report-<YYYY-MM>`` and
            ``agencies``.
        province: names the authority, the groups in print order and the agencies that get a packet.
        publication: number of the publication.
        month: first day of the month.
        data: digest of the month's rows, as the publication's manifest lists it for its page; printed in every document. None
            in a publication of a version that listed none: its number is printed then, as on its page.
        is_sample: whether the figures are a sample's, as the publication says.
        packets: also one PDF and one workbook for every agency that has a row in the month.
        language: one of `language.languages`.

    Returns:
        The paths written.

    Raises:
        ReportError: the publication has no such month, or lacks a table or page that is needed, or a document cannot be
            written.
    """
    content = read_marts(marts, {**CONTRACT, **PACKET_CONTRACT} if packets else CONTRACT, contract_of_areas())
    if month not in content.months():
        known = ", ".join(formats.month_key(one) for one in reversed(content.months()))
        raise ReportError(f"{marts}: found no month {formats.month_key(month)}, wanted one of {known}")
    with in_language(language, names_of(province, language)):
        rows = rows_of_month(content, month, publication)
        written = _write_all(rows, page, out, province, Edition(publication, data, is_sample), month, packets=packets)
    log.info("wrote %d documents of %s to %s", len(written), formats.month_key(month), out)
    return written


def _write_all(
    content: Marts, page: Path, out: Path, province: Province, edition: Edition, month: date, *, packets: bool
) -> list[Path]:
    """The documents in the current language."""
    stem = out / f"{_('bao-cao')}-{formats.month_key(month)}"
    copied = _with(stem, ".html")
    if current_language() == VIETNAMESE:
        sentences = read_sentences(page)
        out.mkdir(parents=True, exist_ok=True)
        write_new(copied, page.read_bytes())
    else:
        out.mkdir(parents=True, exist_ok=True)
        sentences = read_sentences(write_month(content, copied, province, edition, month))
    cut_off = next(iter(content.of_month("mart_data_cut_off", month)), None)
    issue = _Issue(province, edition, month, cut_off, sentences)
    written = [copied, *_write_province(content, stem, issue)]
    if packets:
        folder = out / _("co-quan")
        folder.mkdir(exist_ok=True)
        known_codes = {agency.agency_code for agency in province.agencies}
        for row in in_print_order(content.of_month("mart_online_rates", month), province, agencies=True):
            # What no agency of the province folder sent has nobody to go to; it is counted in the province's own tables.
            if row["entity_code"] in known_codes:
                written += _write_packet(content, folder / _file_stem(row["entity_code"]), issue, row)
    return written


def _file_stem(code: str) -> str:
    return re.sub(r"[^\w.-]", "-", code)


def _with(stem: Path, suffix: str) -> Path:
    """Not ``with_suffix``: a code such as H62.15 has a dot of its own."""
    return stem.with_name(stem.name + suffix)


def _write_province(content: Marts, stem: Path, issue: _Issue) -> list[Path]:
    tables = (
        *province_tables(content, issue.month, issue.province),
        *(table for area in tables_of_areas(content, issue.month, issue.province) for table in area.tables),
        definitions_table(issue.sentences.definitions),
    )
    subject = _("Tình hình cung cấp dịch vụ công trực tuyến {month}", month=formats.month_title(issue.month))
    caveats = next(table for table in tables if table.sheet_vi == _("Lưu ý về số liệu"))
    letter = Letter(
        authority_vi=name(issue.province.authority_vi),
        number_vi="/BC-",
        kind_vi=_("BÁO CÁO"),
        subject_vi=subject,
        moment=issue.moment,
        sections=letter_sections(issue.opening, issue.sentences, _whole(tables[0]), caveats),
        appendix_vi=_("Kèm theo Báo cáo {subject}", subject=words.lower_first(subject)),
        appendix=tables,
        is_sample=issue.edition.is_sample,
    )
    return write_both(stem, letter, tables, (*issue.opening, issue.sentences.definition_of_rate))


def letter_sections(
    opening: Sequence[str], sentences: Sentences, totals: DocumentTable, caveats: DocumentTable
) -> tuple[Section, ...]:
    """What stands before the signature: what the report is of, its results, and what is to be known of them. How it is counted
    is the appendix's.
    """
    return (
        Section(_("Kỳ báo cáo và nguồn số liệu"), tuple(opening)),
        Section(_("Kết quả"), items=sentences.findings, tables=(totals,)),
        caveats_section(caveats),
    )


def _whole(rates: DocumentTable) -> DocumentTable:
    """The groups and the province out of the table of rates, without ranks: what a reader sees before the signature."""
    return replace(
        rates,
        title_vi=_("Hồ sơ trực tuyến theo khối và toàn tỉnh"),
        columns=(replace(rates.columns[1], heading_vi=_("Đối tượng")), *rates.columns[2:]),
        lines=tuple(replace(line, cells=line.cells[1:]) for line in rates.lines if line.role == "total"),
        notes=(),
    )


def caveats_section(table: DocumentTable) -> Section:
    """The caveats in running text, each with what it is about."""
    if not table.lines:
        return Section(_("Lưu ý về số liệu"), (table.empty_vi,))
    return Section(
        _("Lưu ý về số liệu"),
        (_("Số liệu đã qua kiểm tra và được công bố kèm các lưu ý sau. Chỗ có dấu * là số liệu chịu lưu ý."),),
        tuple(": ".join(cell.printed for cell in line.cells) + "." for line in table.lines),
    )


def _write_packet(content: Marts, stem: Path, issue: _Issue, row: Row) -> list[Path]:
    tables = (*agency_tables(content, issue.month, row), *agency_tables_of_areas(content, issue.month, row))
    caveats = next(table for table in tables if table.sheet_vi == _("Lưu ý về số liệu"))
    letter = Letter(
        authority_vi=name(issue.province.authority_vi),
        number_vi="/",
        kind_vi=_("PHIẾU SỐ LIỆU"),
        subject_vi=_(
            "Cung cấp dịch vụ công trực tuyến {month} của {agency}",
            month=formats.month_title(issue.month),
            agency=words.entity(row),
        ),
        moment=issue.moment,
        sections=(
            Section(_("Kỳ báo cáo và nguồn số liệu"), issue.opening),
            caveats_section(caveats),
            *(
                Section(table.title_vi, () if table.lines else (table.empty_vi,), tables=(table,))
                for table in tables
                if table is not caveats
            ),
            Section(_("Cách tính"), (issue.sentences.definition_of_rate,)),
        ),
        is_sample=issue.edition.is_sample,
    )
    return write_both(stem, letter, tables, (*issue.opening, issue.sentences.definition_of_rate))


def write_both(stem: Path, letter: Letter, tables: Sequence[DocumentTable], basis: Sequence[str]) -> list[Path]:
    """The letter as ``<stem>.pdf`` and its tables as ``<stem>.xlsx``, whose cover says how they are counted."""
    title = f"{letter.kind_vi}: {letter.subject_vi}"
    said = (sample.line(), sample.sentence()) if letter.is_sample else ()
    cover = [title, *said, letter.authority_vi, *basis, _("Các bảng trong tệp này:")]
    cover += [f"{place}. {table.sheet_vi}: {table.title_vi}" for place, table in enumerate(tables, start=1)]
    return [
        write_letter(_with(stem, ".pdf"), letter),
        write_workbook(
            _with(stem, ".xlsx"),
            cover,
            title,
            letter.authority_vi,
            letter.moment,
            tables,
            heading=sample.line() if letter.is_sample else "",
        ),
    ]
