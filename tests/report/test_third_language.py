"""A language that nobody speaks, made of the Vietnamese messages: its catalogues alone give documents, page and CSV in it."""

import csv
import re
import unicodedata
from pathlib import Path

import pytest
from babel.messages.pofile import read_po, write_po
from dvctt.province.model import Province
from dvctt.report.documents.month import write_documents
from dvctt.report.template import templates
from dvctt.report.wording import formats, language
from dvctt.report.wording.caveats import in_words
from dvctt.report.wording.language import CATALOGUES, catalogue, in_language
from dvctt.report.writers.csv_files import write_csv

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
def spoken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
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


def test_its_documents_come_from_its_catalogues_alone(spoken: str, tmp_path: Path, province: Province) -> None:
    marts = write_marts(tmp_path / "marts.duckdb")
    out = tmp_path / "out"
    write_documents(marts, Path("none"), out, province, 7, OCTOBER, packets=True, language=spoken)
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
    own = {word.lower() for text in catalogue(spoken).values() for word in WORD.findall(text)}
    assert {"filings", "caveats"} <= english
    marker = made_up("(nguyên văn tiếng Việt)")
    with in_language(spoken):
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


def test_the_csv_files_gain_its_columns(spoken: str, tmp_path: Path) -> None:
    marts = write_marts(tmp_path / "marts.duckdb")
    write_csv(marts, tmp_path / "csv")
    with (tmp_path / "csv" / "mart_caveats.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [name for name in rows[0] if name.startswith("text_")] == ["text_vi", "text_en", f"text_{spoken}"]
    eight = next(row for row in rows if "8 dòng" in row["text_vi"])
    assert eight[f"text_{spoken}"] == made_up("chưa tính 8 dòng bị cách ly")


def test_words_that_only_vietnamese_has_are_quoted_in_it(spoken: str) -> None:
    from dvctt.report.wording import caveats

    with in_language(spoken):
        assert caveats.words(in_words("đóng")) == f"“đóng” {made_up('(nguyên văn tiếng Việt)')}"


def test_a_page_that_was_compiled_in_one_language_speaks_every_other(spoken: str) -> None:
    environment = templates()
    with in_language(spoken):
        page = environment.from_string("{{ none | moment }}")
        assert page.render() == made_up("chưa có dữ liệu")
    assert page.render() == "chưa có dữ liệu"
