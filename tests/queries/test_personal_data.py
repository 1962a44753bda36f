"""A person is found in whatever keeps him, and a count, a key or a hash is taken for nobody."""

import gzip
import json
import os
import sqlite3
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
import typst
import xlsxwriter
from dvctt.core.contract import ENTITIES
from dvctt.province.folder import load_province
from dvctt.queries.personal_data import FORMS, Finding, Search, search_home
from dvctt.settings import Settings
from hypothesis import example, given
from hypothesis import strategies as st

from tests.conftest import PROVINCE, dvctt, settings_for

VINH_PHUC = load_province(PROVINCE)
NUMBER, NAME, VALUE = "000099000777", "Nguyễn Thị Mẫu", "value of a personal column"


def kinds_in(text: str) -> list[str]:
    return [kind for kind, form in FORMS.items() if form.search(text)]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("000099000777", "identity or telephone number"),
        ("5,000099000777,x", "identity or telephone number"),
        ('{"x":"0912345678"}', "identity or telephone number"),
        ("ĐT:0912345678.", "identity or telephone number"),
        ("0912.345.678", "telephone number in groups"),
        ("gọi 0912 345 678", "telephone number in groups"),
        ("0211-386-1234", "telephone number in groups"),
        ("+84 912 345 678", "international telephone number"),
        ("+84912345678", "international telephone number"),
        ("mau.thi@example.invalid", "e-mail address"),
        ("<mau+1@so.vinhphuc.gov.vn>", "e-mail address"),
    ],
)
def test_the_forms_find_what_belongs_to_a_person(text: str, kind: str) -> None:
    assert kinds_in(text) == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "8.147.236.000 đồng",
        "84.123.456.789",
        "29318",
        "0.0123456789012",
        "73.0123456789",
        "H62.01-221012-0001",
        "000.00.00.H62-221012-0001",
        "one_stop.filings.2022-10.H62.01-09393454e735",
        "2022-10-01T00:00:00.000000+07:00",
        "a0123456789012",
        "0123456789",
        "/0123456789:;<=>?@ABC",
        "dvctt@1.2",
        "@media print",
    ],
)
def test_a_count_a_key_and_a_hash_are_nobody_s(text: str) -> None:
    assert kinds_in(text) == []


@given(st.integers(min_value=1), st.integers(min_value=0))
@example(912345678, 10**11)
def test_no_whole_number_has_the_form_of_a_person_s(count: int, amount: int) -> None:
    assert kinds_in(f"{count},{amount};{amount / 100:.2f} {f'{amount:,}'.replace(',', '.')}") == []


def write_text(path: Path, text: str) -> None:
    path.write_text(f"one line\nfound {text} here\n", encoding="utf-8")


def write_escaped(path: Path, text: str) -> None:
    path.write_text(json.dumps({"words": f"found {text}"}), encoding="ascii")


def write_html(path: Path, text: str) -> None:
    path.write_text(f"<p>{''.join(f'&#{ord(sign)};' for sign in text)}</p>", encoding="ascii")


def write_decomposed(path: Path, text: str) -> None:
    import unicodedata

    path.write_text(unicodedata.normalize("NFD", text.upper()), encoding="utf-8")


def write_parquet(path: Path, text: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"copy (select 1 as n, 'found {text}' as words) to '{path}' (format parquet)")


def write_nested_parquet(path: Path, text: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"copy (select [{{'words': '{text}'}}] as list) to '{path}' (format parquet)")


def write_duckdb(path: Path, text: str) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"create table words as select 1 as n, 'found {text}' as words")


def write_sqlite(path: Path, text: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute("create table xcom (value blob)")
    connection.execute("insert into xcom values (?)", [f'"found {text}"'.encode()])
    connection.commit()
    connection.close()


def write_workbook(path: Path, text: str) -> None:
    with xlsxwriter.Workbook(path) as workbook:
        workbook.add_worksheet().write_string(0, 0, text)


def write_zip(path: Path, text: str) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("inner.txt", f"found {text}")


def write_gzip(path: Path, text: str) -> None:
    path.write_bytes(gzip.compress(f"found {text}".encode()))


def write_pdf(path: Path, text: str) -> None:
    source = path.with_suffix(".typ")
    source.write_text(f"found {text} here", encoding="utf-8")
    typst.compile(source, output=path)
    source.unlink()


WRITERS: dict[str, Callable[[Path, str], None]] = {
    "words.log": write_text,
    "no ending": write_text,
    "escaped.json": write_escaped,
    "words.html": write_html,
    "decomposed.txt": write_decomposed,
    "words.parquet": write_parquet,
    "nested.parquet": write_nested_parquet,
    "words.duckdb": write_duckdb,
    "airflow.db": write_sqlite,
    "words.xlsx": write_workbook,
    "words.zip": write_zip,
    "words.gz": write_gzip,
    "words.pdf": write_pdf,
}


def search(tmp_path: Path) -> Search:
    return search_home(settings_for(tmp_path / "home", tmp_path / "inbox"), VINH_PHUC)


def offer_person(inbox: Path) -> None:
    """An inbox with one filing, whose applicant stands in the personal columns."""
    entity = ENTITIES["filings"]
    folder = inbox / "one_stop" / "filings"
    folder.mkdir(parents=True)
    cells = {**dict.fromkeys((*entity.columns, *entity.personal), ""), "ChuHoSo": NAME, "SoDinhDanh": "x-77-000123456"}
    text = f"{','.join(cells)}\n{','.join(cells.values())}\n"
    (folder / "2022-10.csv").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(("name", "write"), WRITERS.items(), ids=WRITERS)
def test_a_person_is_found_in_every_kind_of_file(tmp_path: Path, name: str, write: Callable[[Path, str], None]) -> None:
    offer_person(tmp_path / "inbox")
    path = tmp_path / "home" / "deep" / "folder" / name
    path.parent.mkdir(parents=True)
    for text, kind in ((NUMBER, "identity or telephone number"), (NAME, VALUE)):
        path.unlink(missing_ok=True)
        write(path, text)
        found = search(tmp_path)
        assert {(one.file, one.kind) for one in found.findings} == {(f"deep/folder/{name}", kind)}
        assert found.findings[0].count == 1
        assert not found.is_clean
        assert (found.values, found.unread) == (2, [])
        assert text not in str(found), "a finding says where, and never what"
    path.unlink()
    write(path, "nothing at all")
    assert search(tmp_path).is_clean


def as_workbook(path: Path, rows: list[list[str]]) -> None:
    with xlsxwriter.Workbook(path) as workbook:
        sheet = workbook.add_worksheet()
        for place, row in enumerate(rows):
            sheet.write_row(place, 0, row)


def as_packed(path: Path, rows: list[list[str]]) -> None:
    path.write_bytes(gzip.compress("\n".join(";".join(row) for row in rows).encode("utf-16")))


def as_json(path: Path, rows: list[list[str]]) -> None:
    path.write_text(json.dumps([dict(zip(rows[0], row, strict=True)) for row in rows[1:]]), encoding="utf-8")


@pytest.mark.parametrize(("ending", "write"), [("xlsx", as_workbook), ("csv.gz", as_packed), ("json", as_json)])
def test_people_are_learnt_from_every_form_of_a_source_s_file(
    tmp_path: Path, ending: str, write: Callable[[Path, list[list[str]]], None]
) -> None:
    offer_person(tmp_path / "inbox")
    path = tmp_path / "inbox" / "one_stop" / "filings" / "2022-10.csv"
    rows = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]
    path.unlink()
    write(path.with_name(f"2022-10.{ending}"), rows)
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "x.log").write_text(NAME, encoding="utf-8")
    found = search(tmp_path)
    assert (found.values, found.unread) == (2, [])
    assert [one.kind for one in found.findings] == [VALUE]


def test_a_source_s_file_that_cannot_be_read_is_named_and_is_no_clean_answer(tmp_path: Path) -> None:
    offer_person(tmp_path / "inbox")
    folder = tmp_path / "inbox" / "one_stop" / "filings"
    (folder / "2022-09.xlsx").write_bytes(b"no workbook")
    (folder / "notes.txt").touch()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "x.log").write_text("nobody", encoding="utf-8")
    found = search(tmp_path)
    assert found.values == 2
    assert len(found.unread) == 2
    assert all("whose people cannot be learnt" in line for line in found.unread)
    assert not found.is_clean


def test_a_finding_says_the_first_line_and_how_many_there_are(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "x.log").write_text(f"a\n{NUMBER} {NUMBER}\n{NUMBER}\n", encoding="utf-8")
    assert search(tmp_path).findings == [Finding("x.log", "line 2", "identity or telephone number", 3)]


def test_words_of_the_province_s_own_lists_and_short_ones_are_nobody_s(tmp_path: Path) -> None:
    offer_person(tmp_path / "inbox")
    agency = VINH_PHUC.agencies[0].name_vi
    path = tmp_path / "inbox" / "one_stop" / "filings" / "2022-10.csv"
    path.write_text(f"ChuHoSo,DiaChi,TrichYeuHoSo\n{agency},Hà Nội,Cấp lại\n", encoding="utf-8")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "x.log").write_text(f"{agency} Hà Nội Cấp lại\n", encoding="utf-8")
    found = search(tmp_path)
    assert (found.values, found.findings) == (0, [])
    assert found.is_clean


def test_what_cannot_be_read_is_named_and_is_no_clean_answer(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    for name in ("bad.parquet", "bad.duckdb", "bad.zip", "bad.gz", "bad.pdf", "bad.db"):
        (tmp_path / "home" / name).write_bytes(b"no such thing" * 100)
    found = search(tmp_path)
    names = [line.partition(":")[0] for line in found.unread]
    assert names == ["bad.db", "bad.duckdb", "bad.gz", "bad.parquet", "bad.pdf", "bad.zip"]
    assert not found.is_clean


def test_an_empty_home_is_no_clean_answer(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    assert not search(tmp_path).is_clean


def test_the_inbox_and_what_is_installed_are_left_out_and_said(tmp_path: Path) -> None:
    settings = replace(settings_for(tmp_path / "home", tmp_path / "home" / "inbox"))
    offer_person(settings.inbox)
    for folder, mark in (("venv", "pyvenv.cfg"), ("cache", "CACHEDIR.TAG")):
        (settings.home / folder).mkdir()
        (settings.home / folder / mark).touch()
        (settings.home / folder / "x.txt").write_text(NUMBER, encoding="utf-8")
    (settings.home / "x.log").write_text("nobody", encoding="utf-8")
    found = search_home(settings, VINH_PHUC)
    assert found.is_clean
    assert found.left_out == [str(settings.home / name) for name in ("cache", "venv", "inbox")]
    assert found.files == {"text": 1}


def test_a_shared_file_is_read_once_and_what_a_program_says_itself_is_nobody_s(tmp_path: Path) -> None:
    home, program = tmp_path / "home", tmp_path / "program"
    for folder in (home, program):
        folder.mkdir()
    (home / "a.txt").write_text(f"for example {NUMBER}", encoding="utf-8")
    os.link(home / "a.txt", home / "b.txt")
    (program / "example.sql").write_text(f"'{NUMBER}'", encoding="utf-8")
    settings = settings_for(home, tmp_path / "inbox")
    assert [one.file for one in search_home(settings, VINH_PHUC).findings] == ["a.txt"]
    assert search_home(settings, VINH_PHUC, programs=[program]).is_clean


def test_a_night_keeps_nobody_of_its_inbox_and_the_command_finds_one_who_is_planted(tiny_copy: Settings) -> None:
    clean = dvctt(tiny_copy, "check", "personal-data")
    assert clean.returncode == 0, clean.stdout
    assert " parquet, " in clean.stdout
    assert " for 0 values" not in clean.stdout, "the tiny inbox has people in its personal columns"
    assert "0 places hold what looks like a person, 0 could not be read" in clean.stdout
    (tiny_copy.home / "outbox").mkdir(exist_ok=True)
    write_escaped(tiny_copy.home / "outbox" / "1.json", "Nguyễn Văn O1 (MẪU)")
    planted = dvctt(tiny_copy, "check", "personal-data", "--json")
    assert planted.returncode == 1
    assert json.loads(planted.stdout)["findings"] == [
        {"file": "outbox/1.json", "place": "line 1", "kind": VALUE, "count": 1}
    ]
    assert "Nguyễn" not in planted.stdout
