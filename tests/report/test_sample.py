"""Figures of a sample say so on every page, on every sheet of paper and in every workbook; real ones are drawn as ever."""

import re
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import pypdf
import pytest
from dvctt.province.model import Province
from dvctt.report.documents.month import write_documents
from dvctt.report.documents.month_page import write_reports
from dvctt.report.documents.period import write_period_documents
from dvctt.report.documents.requests import write_close_request, write_hold_request
from dvctt.report.documents.verdict import write_verdict_page
from dvctt.report.wording import sample
from dvctt.report.wording.language import in_language
from dvctt.report.writers.csv_files import write_sample_note
from python_calamine import CalamineWorkbook

from tests.report import test_period_documents as period
from tests.report.conftest import write_marts
from tests.report.test_verdict import FAILED

OCTOBER = date(2022, 10, 1)
LINES = {"vi": "SỐ LIỆU MẪU, KHÔNG PHẢI SỐ LIỆU THẬT", "en": "SAMPLE DATA, NOT REAL FIGURES"}
SENTENCES = {
    "vi": "Số liệu mẫu: sinh ra để dùng thử, không phải số liệu thật của tỉnh; không dùng để báo cáo.",
    "en": "Sample data: made up for trying the software out, not the province's real figures; not to be used in any report.",
}
MARKS = {"vi": "[MẪU]", "en": "[SAMPLE]"}


def draw(folder: Path, province: Province, *, is_sample: bool) -> Path:
    """All that is made of the literal rows, each language in a folder of its own."""
    marts = write_marts(folder / "marts.duckdb")
    of_periods = period.write_marts(folder / "periods.duckdb")
    pages = write_reports(marts, folder / "vi", province, 7, is_sample=is_sample)
    page = next(path for path in pages if path.name == "bao-cao-2022-10.html")
    for language in LINES:
        out = folder / language / "documents"
        write_documents(marts, page, out, province, 7, OCTOBER, is_sample=is_sample, packets=True, language=language)
        write_period_documents(of_periods, out, province, 7, period.Q3, is_sample=is_sample, language=language)
    write_verdict_page(FAILED, folder / "vi" / "verdict.html", is_sample=is_sample)
    return folder


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory, province: Province) -> Path:
    return draw(tmp_path_factory.mktemp("said"), province, is_sample=True)


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory, province: Province) -> Path:
    return draw(tmp_path_factory.mktemp("silent"), province, is_sample=False)


def names(folder: Path, suffix: str) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob(f"*{suffix}"))


def language_of(name: str) -> str:
    return name.partition("/")[0]


def texts(path: Path) -> list[str]:
    return [re.sub(r"\s+", " ", page.extract_text()) for page in pypdf.PdfReader(path).pages]


def test_every_page_says_it_in_its_band_its_title_and_its_language(said: Path, silent: Path) -> None:
    found = names(said, ".html")
    assert {
        "vi/index.html",
        "vi/verdict.html",
        "vi/bao-cao-2022-09.html",
        "vi/documents/bao-cao-quy-3-2022.html",
    } < set(found)
    assert len([name for name in found if language_of(name) == "en"]) == 2
    for name in found:
        page, language = (said / name).read_text("utf-8"), language_of(name)
        line = LINES[language]
        band = f'<div class="sample" role="note"><p><strong>{line}</strong></p><p>{SENTENCES[language]}</p></div>\n'
        assert page.count(band.replace("'", "&#39;")) == 1, name
        assert f"<title>{MARKS[language]} " in page, name
        assert f'<body data-sample="{line}">' in page, name
        assert "content: attr(data-sample)" in page, name
        figures = page[page.index("</div>", page.index('<div class="sample"')) :].removeprefix("</div>\n")
        assert (silent / name).read_text("utf-8").endswith(figures), f"{name}: more than the band differs"


def test_every_sheet_of_every_pdf_has_the_words_across_it_and_at_its_foot(said: Path) -> None:
    found = names(said, ".pdf")
    assert len(found) >= 14
    for name in found:
        for number, text in enumerate(texts(said / name), start=1):
            assert text.count(LINES[language_of(name)]) == 2, f"{name}, page {number}"


def test_every_workbook_says_it_on_its_cover_and_at_the_head_of_every_printed_sheet(said: Path) -> None:
    found = names(said, ".xlsx")
    assert len(found) >= 14
    for name in found:
        language = language_of(name)
        cover: list[list[Any]] = CalamineWorkbook.from_path(said / name).get_sheet_by_index(0).to_python()
        assert [row[0] for row in cover[1:3]] == [LINES[language], SENTENCES[language]], name
        with zipfile.ZipFile(said / name) as book:
            sheets = [entry for entry in book.namelist() if entry.startswith("xl/worksheets/sheet")]
            assert len(sheets) > 1
            for sheet in sheets:
                assert f'Bold"{LINES[language]}</oddHeader>' in book.read(sheet).decode(), f"{name}: {sheet}"


def test_real_figures_are_drawn_without_a_word_of_it(said: Path, silent: Path) -> None:
    assert names(silent, "") == names(said, "")
    words = [*LINES.values(), *SENTENCES.values(), *MARKS.values(), "data-sample", 'class="sample"', ".sample"]
    for name in names(silent, ".html"):
        page = (silent / name).read_text("utf-8")
        assert [word for word in words if word in page] == [], name
    for name in names(silent, ".pdf"):
        text = " ".join(texts(silent / name))
        assert [word for word in words if word in text] == [], name
    for name in names(silent, ".xlsx"):
        with zipfile.ZipFile(silent / name) as book:
            inside = "".join(book.read(entry).decode() for entry in book.namelist())
        assert [word for word in (*words, "oddHeader") if word in inside] == [], name


def test_the_note_beside_tables_says_it_in_its_first_line_and_in_every_language(tmp_path: Path) -> None:
    note = write_sample_note(tmp_path).read_text("utf-8-sig").split("\n")
    assert note == [LINES["vi"], SENTENCES["vi"], "", LINES["en"], SENTENCES["en"], ""]


def test_what_a_person_is_asked_says_it_in_subject_and_body(tmp_path: Path, province: Province) -> None:
    marts = write_marts(tmp_path / "marts.duckdb")

    def asked(*, is_sample: bool) -> list[tuple[str, str]]:
        close = write_close_request(
            marts,
            OCTOBER,
            province,
            publication=7,
            revision=1,
            waivers=(),
            waiting=(),
            report=Path("bao-cao-2022-10.html"),
            is_sample=is_sample,
        )
        return [close, write_hold_request([], province, number=3, file=None, is_sample=is_sample)]

    for (subject, body), (marked, told) in zip(asked(is_sample=False), asked(is_sample=True), strict=True):
        assert marked == f"[MẪU] {subject}"
        assert told == f"**{SENTENCES['vi']}**\n\n{body}"


def test_the_words_are_those_of_the_language_that_is_written_in() -> None:
    assert (sample.line(), sample.sentence(), sample.mark()) == (LINES["vi"], SENTENCES["vi"], MARKS["vi"])
    with in_language("en"):
        assert (sample.line(), sample.sentence(), sample.mark()) == (LINES["en"], SENTENCES["en"], MARKS["en"])
    assert sample.marked("Báo cáo", is_sample=False) == "Báo cáo"
