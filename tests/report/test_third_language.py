"""A language that nobody speaks, made of the Vietnamese messages: its catalogues alone give every document and CSV in it."""

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import duckdb
import pytest
from babel.messages.pofile import read_po, write_po
from dvctt.core.sql import identifier
from dvctt.province.folder import load_province
from dvctt.province.model import Province
from dvctt.publications.reading import Publication, current_publication
from dvctt.report.documents.month import packets_folder, write_documents
from dvctt.report.documents.period import write_period_documents
from dvctt.report.template import templates
from dvctt.report.wording import formats, language
from dvctt.report.wording.caveats import in_words
from dvctt.report.wording.language import CATALOGUES, catalogue, in_language
from dvctt.report.writers.csv_files import write_csv
from dvctt.report.writers.pdf import ALPHABET
from dvctt.settings import Settings

from tests.report.conftest import ROWS, write_marts
from tests.report.test_english import LETTER, OCTOBER, cells, page_text, pdf_text

MADE_UP = "eo"
"""Babel must know how a language writes numbers and what it calls the months; of Esperanto no catalogue is ours."""
FORMATS = "formats.po"
# What is no word: values, elements of a page.
NO_WORDS = re.compile(r"(\{\w+\}|<[^>]*>|&\w+;)")
PLAIN = "abcdefghijklmnopqrstuvwxyz"
TURNED = str.maketrans(PLAIN + PLAIN.upper(), (PLAIN[13:] + PLAIN[:13]) + (PLAIN[13:] + PLAIN[:13]).upper())
WORD = re.compile(r"[A-Za-z]{5,}")
# Files of a source are called as the source calls them.
FILE = re.compile(r"[\w.-]+\.csv")


NAMES = {
    value
    for table in ("mart_online_rates", "mart_payments")
    for row in ROWS[table]
    for value in row[3:5]
    if isinstance(value, str)
} | {"Bà Trần Thị B <MẪU>", "Ông Lê Văn C (MẪU)", "Ông D", "hỏng máy"}
"""Names in the rows, and what a person gave as a reason: data in every language."""


def made_up(message: str) -> str:
    """A message in the language: its letters without marks, each the thirteenth after it."""
    parts = NO_WORDS.split(message)
    for place in range(0, len(parts), 2):
        plain = unicodedata.normalize("NFD", parts[place].replace("đ", "d").replace("Đ", "D"))
        parts[place] = "".join(sign for sign in plain if not unicodedata.combining(sign)).translate(TURNED)
    return "".join(parts)


@pytest.fixture
def made_up_language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The language, with one catalogue per domain and nothing else."""
    folder = tmp_path / "locale"
    for path in sorted((CATALOGUES / "en" / "LC_MESSAGES").glob("*.po")):
        with path.open("rb") as file:
            messages = read_po(file, locale="en")
        for message in messages:
            if message.id and path.name != FORMATS:
                message.string = made_up(message.id)
        for name in ("en", MADE_UP):
            target = folder / name / "LC_MESSAGES" / path.name
            target.parent.mkdir(parents=True, exist_ok=True)
            if name == "en":
                target.write_bytes(path.read_bytes())
            else:
                with target.open("wb") as file:
                    write_po(file, messages)
    monkeypatch.setattr(language, "CATALOGUES", folder)
    return MADE_UP


def test_its_documents_come_from_its_catalogues_alone(
    made_up_language: str, tmp_path: Path, province: Province
) -> None:
    marts = write_marts(tmp_path / "marts.duckdb")
    out = tmp_path / "out"
    write_documents(marts, Path("none"), out, province, 7, OCTOBER, packets=True, language=made_up_language)
    assert (out / "agencies").is_dir()
    texts = {"page": page_text(out / "report-2022-10.html")}
    texts |= {path.name: pdf_text(path) for path in out.rglob("*.pdf")}
    texts |= {
        path.name: " ".join(cell for cell in cells(path) if isinstance(cell, str)) for path in out.rglob("*.xlsx")
    }
    assert len(texts) > 5
    # A name of the source's, such as NgayTiepNhan, stands in the messages themselves.
    english = {
        word.lower() for message, text in catalogue("en").items() for word in WORD.findall(text) if word not in message
    }
    own = {word.lower() for text in catalogue(made_up_language).values() for word in WORD.findall(text)}
    assert {"filings", "caveats"} <= english
    marker = made_up("(nguyên văn tiếng Việt)")
    with in_language(made_up_language):
        assert formats.month(OCTOBER) == "Oktobro 2022"
    quoted = re.compile(rf"“[^”]*”(?: {re.escape(marker)})?")
    names = NAMES | {province.name_vi, province.authority_vi}
    for where, printed in texts.items():
        assert made_up("chưa có dữ liệu từ ") in printed.lower() or where != "page"
        rest = FILE.sub(" ", quoted.sub(" ", quoted.sub(" ", printed)))
        for name in sorted(names, key=len, reverse=True):
            rest = re.sub(re.escape(name), " ", rest, flags=re.I)
        left = LETTER.search(rest)
        assert not left, (where, rest[max(0, left.start() - 60) : left.start() + 60])
        words = {word.lower() for word in WORD.findall(rest)}
        assert len(words & own) > 5, where
        assert words & english - own == set(), where


def test_the_csv_files_gain_its_columns(made_up_language: str, tmp_path: Path) -> None:
    marts = write_marts(tmp_path / "marts.duckdb")
    write_csv(marts, tmp_path / "csv")
    with (tmp_path / "csv" / "mart_caveats.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [name for name in rows[0] if name.startswith("text_")] == ["text_vi", "text_en", f"text_{made_up_language}"]
    eight = next(row for row in rows if "8 dòng" in row["text_vi"])
    assert eight[f"text_{made_up_language}"] == made_up("chưa tính 8 dòng bị cách ly")


def test_words_that_only_vietnamese_has_are_quoted_in_it(made_up_language: str) -> None:
    from dvctt.report.wording import caveats

    with in_language(made_up_language):
        assert caveats.words(in_words("đóng")) == f"“đóng” {made_up('(nguyên văn tiếng Việt)')}"


def test_a_page_that_was_compiled_in_one_language_speaks_every_other(made_up_language: str) -> None:
    environment = templates()
    with in_language(made_up_language):
        page = environment.from_string("{{ none | moment }}")
        assert page.render() == made_up("chưa có dữ liệu")
    assert page.render() == "chưa có dữ liệu"


# Where a mart has names of the data: agencies, groups and provinces, and who sends what. Names of classes, metrics, periods and
# checks are ours.
DATA = (
    "entity_name_vi short_name_vi agency_name_vi group_name_vi heir_name_vi field_name_vi wording_vi source_id".split()  # noqa: SIM905
)
STANDS_IN = {"Chưa xác định", "Chưa quy đổi được"}
"""What is printed where there is no agency to name."""


VIETNAMESE = re.compile(f"[{''.join(sign for sign in ALPHABET if sign.isalpha() and not sign.isascii())}]")
"""Its letters and no others: in the language of Babel's months August is "Aŭgusto"."""


def squeezed(text: str) -> str:
    """Without space: a PDF breaks lines where the page asks for it."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFC", text))


def words_of_the_province(publication: Publication, province: Province) -> set[str]:
    """Names in the data and in the province folder, and what a person wrote there in free words."""
    found = {province.name_vi, province.authority_vi, *(group.name_vi for group in province.groups)}
    found |= {name for agency in province.agencies for name in (agency.name_vi, agency.short_name_vi) if name}
    found |= {text for target in province.targets for text in (target.name_vi, target.legal_basis)}
    with duckdb.connect(str(publication.marts), read_only=True) as connection:
        columns = connection.execute(
            "select table_name, column_name from duckdb_columns() where list_contains(?, column_name)", [DATA]
        ).fetchall()
        for table, column in columns:
            rows = connection.execute(f"select distinct {identifier(column)} from {identifier(table)}").fetchall()
            found |= {value for (value,) in rows if value}
        fields = connection.execute(
            "select distinct line_name_vi from mart_form_06a where line_kind = 'field' and line_code <> 'unknown'"
        ).fetchall()
    return (found | {name for (name,) in fields}) - STANDS_IN


def left_in(text: str, of_the_province: Iterable[str]) -> str:
    """The first Vietnamese letters of a text beside the words of the province, with what stands around them; "" for none."""
    rest = squeezed(text)
    for words in sorted(map(squeezed, of_the_province), key=len, reverse=True):
        rest = re.sub(re.escape(words), "·", rest, flags=re.IGNORECASE)
    left = VIETNAMESE.search(rest)
    return rest[max(0, left.start() - 60) : left.start() + 60] if left else ""


def write_all(publication: Publication, out: Path, province: Province, language_: str) -> dict[str, str]:
    """The text of every kind of document of a publication: the month's with the packets, a period of every kind of a calendar
    of its own days; by the name of the file.
    """
    with duckdb.connect(str(publication.marts), read_only=True) as connection:
        (month,) = connection.execute("select max(month) from mart_online_rates").fetchone() or (None,)
        periods = connection.execute(
            "select max_by(period_key, last_day) from dim_reporting_periods where calendar_id <> 'calendar_month' "
            "group by kind order by 1"
        ).fetchall()
    page = publication.reports / f"bao-cao-{month:%Y-%m}.html"
    write_documents(publication.marts, page, out, province, 7, month, packets=True, language=language_)
    for (key,) in periods:
        write_period_documents(publication.marts, out, province, 7, key, language=language_)
    assert len(periods) > 1
    assert list((out / packets_folder(language_)).glob("*.pdf"))
    return {str(path.relative_to(out)): text for path, text in texts_of(out)}


def texts_of(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if path.suffix == ".html":
            yield path, page_text(path)
        elif path.suffix == ".pdf":
            yield path, pdf_text(path)
        else:
            yield path, " ".join(cell for cell in cells(path) if isinstance(cell, str))


def test_nothing_of_ours_is_left_in_vietnamese_in_any_document(
    tiny_home: Settings, made_up_language: str, tmp_path: Path
) -> None:
    publication, province = current_publication(tiny_home.published), load_province(tiny_home.province_folder)
    kept = words_of_the_province(publication, province)
    vietnamese = write_all(publication, tmp_path / "vi", province, "vi")
    assert [name for name, text in vietnamese.items() if not left_in(text, kept)] == [], "the scan finds nothing"
    written = write_all(publication, tmp_path / MADE_UP, province, made_up_language)
    assert {Path(name).suffix for name in written} == {".html", ".pdf", ".xlsx"}
    assert len(written) == len(vietnamese)
    assert {name: left for name, text in written.items() if (left := left_in(text, kept))} == {}


def said_in(row: Mapping[str, str], language_: str) -> dict[str, str]:
    """What the columns of a language say in a row of a CSV file, by the column's name without its language."""
    return {name.removesuffix(f"_{language_}"): text for name, text in row.items() if name.endswith(f"_{language_}")}


def test_nothing_of_ours_is_left_in_vietnamese_in_the_columns_of_the_csv_files(
    tiny_home: Settings, made_up_language: str, tmp_path: Path
) -> None:
    publication, province = current_publication(tiny_home.published), load_province(tiny_home.province_folder)
    kept = words_of_the_province(publication, province)
    found: dict[str, tuple[str, str]] = {}
    for path in write_csv(publication.marts, tmp_path / "csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                vietnamese = said_in(row, "vi")
                for column, text in said_in(row, made_up_language).items():
                    assert bool(text) == bool(vietnamese[column]), (path.name, column)
                    if text:
                        found[text] = (path.name, vietnamese[column])
    assert len(found) > 1
    assert any(left_in(vietnamese, kept) for _, vietnamese in found.values()), "the scan finds nothing"
    assert {text: where for text, where in found.items() if left_in(text, kept)} == {}
