"""English documents say what the Vietnamese ones say: the same numbers, and no word left in Vietnamese."""

import ast
import csv
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pypdf
import pytest
from dvctt.core.errors import ReportError
from dvctt.province.metrics import METRICS
from dvctt.province.model import Province
from dvctt.report.documents.month import write_documents
from dvctt.report.documents.month_page import write_reports
from dvctt.report.marts import CONTRACT, Mart
from dvctt.report.tables import areas
from dvctt.report.tables.table import Cell, Column, DocumentTable, Line, figure, text
from dvctt.report.template import templates
from dvctt.report.wording import checks, formats
from dvctt.report.wording.caveats import in_words
from dvctt.report.wording.language import _, catalogue, in_language, names_of
from dvctt.settings import INCLUDE_ROOT
from jinja2 import Environment, nodes
from python_calamine import CalamineWorkbook

from tests.conftest import REPOSITORY
from tests.report.conftest import ROWS, write_marts

SEPTEMBER, OCTOBER = date(2022, 9, 1), date(2022, 10, 1)
LETTER = re.compile("[À-ÖØ-öø-ỹđĐ]")
NUMBER = {"vi": re.compile(r"\d+(?:\.\d{3})*(?:,\d+)?"), "en": re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")}
MONTHS = "January February March April May June July August September October November December".split()  # noqa: SIM905
MARKED = re.compile(r"“[^”]*”(?: \(original wording\))")


class Words(HTMLParser):
    """What a reader of a page is shown or told: text, titles, drawings; figures' ids and styles are left out."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self._tags: list[str] = []
        self.feed(unicodedata.normalize("NFC", page))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "link", "br"):
            self._tags.append(tag)
        named = dict(attrs)
        if named.get("title") and "data-figure" not in named:
            self.words.append(named["title"] or "")

    def handle_endtag(self, tag: str) -> None:
        while self._tags and self._tags.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not {"style", "code"} & set(self._tags):
            self.words.append(data)


def page_text(path: Path) -> str:
    return " ".join(" ".join(Words(path.read_text("utf-8")).words).split())


def pdf_text(path: Path) -> str:
    pages = [re.sub(r"\s+", " ", page.extract_text()) for page in pypdf.PdfReader(path).pages]
    return unicodedata.normalize("NFC", " ".join(pages))


def cells(path: Path) -> list[object]:
    book = CalamineWorkbook.from_path(str(path))
    return [cell for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python() for cell in row]


def numbers(printed: str, language: str) -> Counter[str]:
    """Every number of a text, as many times as it stands there; months by name count as their number."""
    if language == "en":
        # An original wording keeps the numbers of its language.
        originals = MARKED.findall(printed)
        found = numbers(" ".join(originals), "vi")
        rest = MARKED.sub(" ", printed)
        for place, name in enumerate(MONTHS, start=1):
            rest = re.sub(rf"\b{name}\b", str(place), rest)
    else:
        found, rest = Counter(), printed
    rest = re.sub(r"(?<![\d.,])3\.3(?!\d)", "", rest)  # an item of an index, no number
    separators = str.maketrans(",.", ".,") if language == "vi" else str.maketrans("", "")
    for number in NUMBER[language].findall(rest):
        found[number.translate(separators).replace(",", "").lstrip("0") or "0"] += 1
    return found


def data_of(page: Path) -> str:
    """What a published page calls its data."""
    (data,) = set(re.findall(r"Mã dữ liệu: ([0-9a-f]{12})", page.read_text("utf-8")))
    return str(data)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, province: Province) -> Path:
    """The documents of the literal rows in both languages."""
    folder = tmp_path_factory.mktemp("both")
    marts = write_marts(folder / "marts.duckdb")
    page = next(path for path in write_reports(marts, folder / "pages", province, 7) if "2022-10" in path.name)
    data = data_of(page)
    for language in ("vi", "en"):
        write_documents(
            marts, page, folder / language, province, 7, OCTOBER, data=data, packets=True, language=language
        )
    return folder


def pairs(both: Path) -> Iterator[tuple[Path, Path]]:
    yield both / "vi" / "bao-cao-2022-10", both / "en" / "report-2022-10"
    for path in sorted((both / "vi" / "co-quan").glob("*.pdf")):
        yield path.with_suffix(""), both / "en" / "agencies" / path.stem


def with_suffix(stem: Path, suffix: str) -> Path:
    return stem.with_name(stem.name + suffix)


def test_the_files_have_english_names(both: Path) -> None:
    assert sorted(path.name for path in (both / "en").iterdir()) == [
        "agencies",
        "report-2022-10.html",
        "report-2022-10.pdf",
        "report-2022-10.xlsx",
    ]
    names = {path.name for path in (both / "vi" / "co-quan").iterdir()}
    assert {path.name for path in (both / "en" / "agencies").iterdir()} == names
    assert len(names) == 10


def test_the_page_prints_the_same_numbers(both: Path) -> None:
    vietnamese = numbers(page_text(both / "vi" / "bao-cao-2022-10.html"), "vi")
    english = numbers(page_text(both / "en" / "report-2022-10.html"), "en")
    assert vietnamese.total() > 500
    assert (vietnamese["2952"], vietnamese["50.3"]) == (english["2952"], english["50.3"])
    # The page of a publication leads to the month before; one that stands alone has nowhere to lead to.
    assert "Báo cáo tháng 09/2022" in page_text(both / "vi" / "bao-cao-2022-10.html")
    assert english == vietnamese - Counter(["9", "2022"])


def test_every_pdf_prints_the_same_numbers(both: Path) -> None:
    # Pages are numbered, and the same text takes another number of pages: those numbers stand alone on a page's top.
    for vietnamese, english in pairs(both):
        pages = [len(pypdf.PdfReader(with_suffix(stem, ".pdf")).pages) for stem in (vietnamese, english)]
        found = numbers(pdf_text(with_suffix(vietnamese, ".pdf")), "vi") - Counter(map(str, range(2, pages[0] + 1)))
        printed = numbers(pdf_text(with_suffix(english, ".pdf")), "en") - Counter(map(str, range(2, pages[1] + 1)))
        assert found.total() > 30
        assert printed == found, english.name


def test_every_workbook_holds_the_same_values(both: Path) -> None:
    for vietnamese, english in pairs(both):
        held = [
            Counter(
                cell for cell in cells(with_suffix(stem, ".xlsx")) if isinstance(cell, (int, float, date, datetime))
            )
            for stem in (vietnamese, english)
        ]
        assert held[0].total() >= 2
        assert held[1] == held[0], english.name


def test_no_vietnamese_word_is_left_outside_names_and_original_wordings(both: Path, province: Province) -> None:
    names = {row[3] for row in ROWS["mart_online_rates"]} | {row[4] for row in ROWS["mart_online_rates"]}
    people = {"Bà Trần Thị B <MẪU>", "Ông Lê Văn C (MẪU)", "Ông D", "hỏng máy"}
    assert "Sở Y tế" in names
    kept = sorted(names | people, key=len, reverse=True)
    texts = {"page": page_text(both / "en" / "report-2022-10.html")}
    for _vietnamese, stem in pairs(both):
        texts[f"{stem.name}.pdf"] = pdf_text(with_suffix(stem, ".pdf"))
        texts[f"{stem.name}.xlsx"] = " ".join(
            cell for cell in cells(with_suffix(stem, ".xlsx")) if isinstance(cell, str)
        )
    found: set[str] = set()
    for where, printed in texts.items():
        rest = MARKED.sub(" ", MARKED.sub(" ", printed))
        for name in kept:
            if name in rest:
                found.add(name)
                rest = rest.replace(name, " ")
        assert not LETTER.search(rest), (where, rest[max(0, LETTER.search(rest).start() - 60) :][:120])
    # The scan saw what it was to leave out, the people of the rows; what the province folder has an English name for has it.
    assert "Bà Trần Thị B <MẪU>" in found
    assert not {"Vĩnh Phúc", "Sở Y tế", "UBND huyện Vĩnh Tường"} & found
    assert "Vinh Phuc" in texts["page"]


def test_the_head_of_the_letter_is_english(both: Path) -> None:
    printed = pdf_text(both / "en" / "report-2022-10.pdf")
    for words in (
        "SOCIALIST REPUBLIC OF VIET NAM",
        "Independence – Freedom – Happiness",
        "PEOPLE'S COMMITTEE OF VINH PHUC PROVINCE",
        "REPORT",
        "Provision of online public services in October 2022",
        "APPENDIX",
        "2022-10-31",
        "50.3%",
        "percentage points",
    ):
        assert words in printed.replace("’", "'")


def test_two_english_documents_of_the_same_rows_have_the_same_bytes(both: Path, province: Province) -> None:
    data = data_of(both / "pages" / "bao-cao-2022-10.html")
    write_documents(both / "marts.duckdb", Path("none"), both / "again", province, 7, OCTOBER, data=data, language="en")
    for suffix in (".html", ".pdf", ".xlsx"):
        name = f"report-2022-10{suffix}"
        assert (both / "again" / name).read_bytes() == (both / "en" / name).read_bytes()


@pytest.mark.parametrize(
    ("function", "value", "printed"),
    [
        (formats.count, 2952, "2,952"),
        (formats.rate, 50.25, "50.3%"),
        (formats.money, 8147236000, "8,147,236,000 VND"),
        (formats.millions, 912345678, "912.3"),
        (formats.signed_points, -1.731, "-1.7 percentage points"),
        (formats.exact, 50.25, "50.25"),
        (formats.day, date(2022, 1, 2), "2022-01-02"),
        (formats.moment, datetime(2022, 1, 2, 7, 5), "07:05 2022-01-02"),
        (formats.month, date(2022, 1, 1), "January 2022"),
        (formats.month_title, date(2022, 1, 1), "January 2022"),
        (formats.count, None, "no data"),
        (formats.rate, None, "none"),
    ],
)
def test_numbers_and_days_are_printed_for_english_readers(function, value, printed) -> None:
    with in_language("en"):
        assert function(value) == printed
    assert function(value) != printed


def test_what_the_marts_say_in_english_is_printed_in_english(tmp_path: Path, province: Province) -> None:
    marts = write_marts(tmp_path / "marts.duckdb")
    with duckdb.connect(str(marts)) as connection:
        connection.execute(
            "UPDATE mart_caveats SET caveat_json = ? WHERE month = ?", [in_words("chưa tính 2 dòng"), SEPTEMBER]
        )
    write_documents(marts, Path("none"), tmp_path / "out", province, 7, OCTOBER, language="en")
    printed = page_text(tmp_path / "out" / "report-2022-10.html")
    assert "Rows set aside and not counted: 8" in printed
    assert "“chưa tính 2 dòng” (original wording)" in printed


# What only mails and the page of a verdict say, which are Vietnamese; a finding has its English beside it.
VERDICT_ONLY = {"ENTITIES", "VERDICT_MEANS", "_CHECK_SUBJECT", "CHECK_STATUS", "SEVERITY"}
# Letters that a font must have, and no words.
LETTERS_ONLY = {"ALPHABET"}
VIETNAMESE_ONLY = {"verdict.py", "requests.py", "findings.py"}


def strings(path: Path) -> set[str]:
    """Every text with a Vietnamese letter in a module, docstrings left out."""
    tree = ast.parse(path.read_text("utf-8"))
    left_out: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            left_out.add(id(node.value))
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in VERDICT_ONLY | LETTERS_ONLY:
            left_out |= {id(one) for one in ast.walk(node)}
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and LETTER.search(node.value)
        if id(node) not in left_out
    }


def test_every_vietnamese_text_of_the_code_has_its_translation() -> None:
    known = catalogue("en")
    modules = [path for path in (INCLUDE_ROOT / "dvctt" / "report").rglob("*.py") if path.name not in VIETNAMESE_ONLY]
    printed = {text for path in modules for text in strings(path)}
    assert len(printed) > 250
    assert sorted(printed - set(known)) == []


# What officers of the province alone are asked and shown (decision 0037).
PAGES_FOR_OFFICERS = {"index.html.j2", "verdict.html.j2", "close_request.md.j2", "hold_request.md.j2"}


def test_every_message_of_the_pages_has_its_translation_and_no_other_text_is_vietnamese() -> None:
    known = catalogue("en")
    there = {path.name for path in (INCLUDE_ROOT / "reports").glob("*.j2")}
    assert there > PAGES_FOR_OFFICERS
    for name in sorted(there - PAGES_FOR_OFFICERS):
        source = (INCLUDE_ROOT / "reports" / name).read_text("utf-8")
        tree = Environment(autoescape=True).parse(source)
        calls = [
            call for call in tree.find_all(nodes.Call) if isinstance(call.node, nodes.Name) and call.node.name == "_"
        ]
        messages = {call.args[0].value for call in calls}
        assert messages
        assert sorted(messages - set(known)) == []
        texts = {node.data for node in tree.find_all(nodes.TemplateData)}
        texts |= {node.value for node in tree.find_all(nodes.Const) if isinstance(node.value, str)} - messages
        assert [one for one in texts if LETTER.search(one)] == []


def wordings() -> set[str]:
    """What marts say in fixed words: literals of the SQL that end in a name, and names of the seeds that reports print."""
    marts = REPOSITORY / "dbt_project" / "models" / "marts"
    printed: set[str] = set()
    for path in [*marts.rglob("*.sql"), marts.parent / "audit" / "quality" / "aud_totals.sql"]:
        sql = path.read_text("utf-8")
        printed |= set(re.findall(r"'([^'{}]+)' as (?:total_name|residue_name)_vi", sql))
        printed |= set(re.findall(r"\('\w+', '([^'{}]+)'\)", sql))
    seeds: Mapping[str, tuple[str, ...]] = {
        "ref_baselines": ("name_vi",),
        "ref_quarantine_reasons": ("name_vi", "next_vi"),
    }
    for seed, columns in seeds.items():
        with (REPOSITORY / "dbt_project" / "seeds" / f"{seed}.csv").open(encoding="utf-8", newline="") as file:
            printed |= {row[column] for row in csv.DictReader(file) for column in columns}
    # The others come with their English names.
    with METRICS.open(encoding="utf-8", newline="") as file:
        restated = [row for row in csv.DictReader(file) if row["restated_order"]]
    printed |= {row[column] for row in restated for column in ("name_vi", "noun_vi")}
    return {one for one in printed if LETTER.search(one)}


def test_every_fixed_wording_of_the_marts_has_its_translation() -> None:
    printed = wordings() | {*checks.TOTALS.values(), *checks.FORM_06A_TOTALS.values(), *checks.RESIDUES.values()}
    assert {"Hồ sơ tiếp nhận = trực tiếp + trực tuyến + bưu chính", "Tháng trước", "đồng"} <= printed
    # What only an analyst sees of the audit tables is no part of a document.
    unseen = {"Trực tuyến nhưng được miễn, hoặc không ghi hình thức"}
    assert sorted(printed - unseen - set(catalogue("en"))) == []


AREA_CONTRACT = {"mart_area": Mart(("month", "agency_code", "filings"), "agency_code", ("month", "agency_code"))}


def area_tables(content, month, province) -> tuple[DocumentTable, ...]:
    rows = content.of_month("mart_area", month)
    lines = (
        Line((text("Khối"), text("")), "heading"),
        *(Line((text(row["agency_code"]), figure(row, "filings"))) for row in rows),
        Line((text(_("Tổng số")), Cell(3, "count", "3", down=(1, 2))), "total"),
    )
    columns = (Column(_("Cơ quan"), is_number=False), Column(_("Hồ sơ")))
    return (DocumentTable("Area", _("Hồ sơ"), columns, lines, (_("Không có."),)),)


def test_tables_of_an_area_stand_in_page_pdf_and_workbook(
    tmp_path: Path, province: Province, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(areas, "AREAS", (areas.Area("linh-vuc", "Thanh toán", AREA_CONTRACT, area_tables),))
    marts = write_marts(tmp_path / "marts.duckdb")
    without = write_reports(marts, tmp_path / "without", province, 7)
    assert "linh-vuc" not in without[0].read_text("utf-8")
    with duckdb.connect(str(marts)) as connection:
        connection.execute("CREATE TABLE mart_area (month DATE, agency_code VARCHAR, filings BIGINT)")
        connection.execute("INSERT INTO mart_area VALUES ('2022-10-01', 'a', 1), ('2022-10-01', 'b', 2)")
    page = next(path for path in write_reports(marts, tmp_path / "pages", province, 7) if "2022-10" in path.name)
    source = page.read_text("utf-8")
    assert '<h2 id="linh-vuc">9. Thanh toán</h2>' in source
    assert '<caption id="linh-vuc-1">Hồ sơ</caption>' in source
    assert '<tr class="first"><th scope="rowgroup" colspan="2">Khối</th></tr>' in source
    anchor = "mart_area/2022-10/b/filings"
    assert (
        f'<th scope="row">b</th><td class="num"><data id="{anchor}" value="2" data-figure="{anchor}" title="{anchor}">2</data></td>'
        in source
    )
    assert '<tr class="total"><th scope="row">Tổng số</th><td class="num">3</td></tr>' in source
    for language, stem in (("vi", "bao-cao-2022-10"), ("en", "report-2022-10")):
        write_documents(marts, page, tmp_path / language, province, 7, OCTOBER, language=language)
        book = CalamineWorkbook.from_path(str(tmp_path / language / f"{stem}.xlsx"))
        assert book.get_sheet_by_name("Area").to_python()[-3][1] == 3
    assert '<h2 id="linh-vuc">9. Payments</h2>' in (tmp_path / "en" / "report-2022-10.html").read_text("utf-8")


def test_a_table_of_the_documents_prints_on_a_page_the_figures_of_the_page(tmp_path: Path, province: Province) -> None:
    from dvctt.report import ids
    from dvctt.report.marts import read_marts
    from dvctt.report.tables.monthly import province_tables

    marts = write_marts(tmp_path / "marts.duckdb")
    content = read_marts(marts)
    table = next(one for one in province_tables(content, OCTOBER, province) if one.sheet_vi == "Mức độ và phần dư")
    environment = templates()
    source = '{% import "parts.html.j2" as parts with context %}{{ parts.document_table("x", table) }}'
    printed = environment.from_string(source).render({ids.PRINTED: ids.Printed()}, table=table)
    wanted = {cell.figure: cell.printed for line in table.lines for cell in line.cells if cell.figure}
    assert len(wanted) > 20
    found = dict(re.findall(r'<(?:data|span) id="([^"]+)"[^>]*>([^<]*)<', printed))
    assert found == wanted
    page = write_reports(marts, tmp_path / "pages", province, 7)[0].read_text("utf-8")
    assert found["mart_online_rates/2022-10/group/provincial/online_level_4"] == "2.930"
    shared = [one for one in found if f'id="{one}"' in page]
    assert len(shared) > 10
    assert all(re.search(rf'id="{re.escape(one)}"[^>]*>{re.escape(found[one])}<', page) for one in shared)


def test_names_come_from_the_province_folder(province: Province) -> None:
    names = names_of(province, "en")
    assert names["Vĩnh Phúc"] == "Vinh Phuc"
    assert names["Khối sở ban ngành"] == "Provincial departments"
    nobody = SimpleNamespace(
        name_vi="A",
        name_en="B",
        authority_vi="C",
        authority_en=None,
        groups=(),
        agencies=(SimpleNamespace(name_vi="D"),),
    )
    assert names_of(nobody, "en") == {"A": "B"}


def test_a_language_that_is_not_known_is_an_error(tmp_path: Path, province: Province) -> None:
    with pytest.raises(ReportError, match="wanted one of vi, en"):
        write_documents(write_marts(tmp_path / "m.duckdb"), Path("x"), tmp_path, province, 7, OCTOBER, language="fr")
    assert set(CONTRACT) >= {"mart_online_rates"}


def test_a_small_base_is_marked_and_explained_in_both_languages(tmp_path: Path, province: Province) -> None:
    marts = write_marts(tmp_path / "marts.duckdb")
    with duckdb.connect(str(marts)) as connection:
        connection.execute("UPDATE mart_online_rates SET is_small_base = (entity_code = 'H62.15')")
    page = next(path for path in write_reports(marts, tmp_path / "pages", province, 7) if "2022-10" in path.name)
    write_documents(marts, page, tmp_path / "vi", province, 7, OCTOBER)
    write_documents(marts, page, tmp_path / "en", province, 7, OCTOBER, language="en")
    vi, en = tmp_path / "vi" / "bao-cao-2022-10", tmp_path / "en" / "report-2022-10"
    for stem, named, note in (
        (vi, "Sở Y tế °", "Dấu ° cho biết số hồ sơ tiếp nhận quá ít để so sánh"),
        (en, "Department of Health °", "The mark ° means that too few filings were received to compare"),
    ):
        book = " ".join(cell for cell in cells(with_suffix(stem, ".xlsx")) if isinstance(cell, str))
        for printed in (page_text(with_suffix(stem, ".html")), pdf_text(with_suffix(stem, ".pdf")), book):
            assert named in printed
            assert note in printed
    assert "Sở Tài nguyên và Môi trường °" not in page_text(with_suffix(vi, ".html"))
