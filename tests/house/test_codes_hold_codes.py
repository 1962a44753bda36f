"""A citizen stands in every column that is for a code, a name or a date: what is published holds nothing of him.

Keys of records are no such columns: a number is what a record is known by (tests/test_keys.py), and the catalogue's own names
are what is published of it, but for numbers and addresses of people.
"""

import re
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from dvctt.core.contract import ENTITIES, UNLISTED
from dvctt.settings import Settings

from tests.conftest import Inbox, attempt, filing, payment, procedure
from tests.nights import Nights, nights_after

PERSON = (
    "Đỗ Thị Khuyếch",
    "000099000777",
    "0000.000.888",
    "khuyech@example.invalid",
    "Ông Khuyếch, thôn Xoắm",
    "000000778",
)
TRACES = ("Khuyếch", "99000777", "000.888", "0000000888", "example.invalid", "Xoắm", "000000778")
KEYS = {"MaHoSo", "MaYeuCau", "MaThamChieu"}
NAMES = {("procedures", "TenTTHC"), ("procedures", "TenLinhVuc")}
NUMBERS = {"SoTien", "Phi", "LePhi", "GiaTri", "TuSo", "MauSo"}
"""Digits in them are a number, of whatever; anything else is unparseable."""

GOOD = {
    "filings": filing(
        "F-{}",
        "243",
        "2022-10-03 09:00:00",
        MaLinhVuc="LV01",
        TenLinhVuc="Lĩnh vực một",
        LoaiDoiTuong="1",
        DonViXuLy="UBND thành phố Vĩnh Yên",
    ),
    "payment_requests": payment(
        "R-{}", "F-0", "243", "2022-10-03 10:00:00", 20_000, MaGiaoDich="GD1", MaNganHang="BIDV"
    ),
    "payment_attempts": attempt("A-{}", "R-0", "F-0", "20221003100000", 20_000, "that-bai"),
    "procedures": procedure("1.000{}", "4"),
    "reported_figures": {"MaDonVi": "243", "Thang": "2022-10", "ChiTieu": "ho_so_tiep_nhan", "GiaTri": "1"},
    "index_counts": {"MaDonVi": "243", "Thang": "2022-10", "ThanhPhan": "hai_long", "TuSo": "1", "MauSo": "1"},
}


def planted(entity: str) -> list[dict[str, str]]:
    """A good row, then one row for each column that is no key and each thing that a person is known by."""
    cells = [
        (column, value)
        for column in ENTITIES[entity].columns
        if column not in KEYS
        for value in PERSON
        if not (column in NUMBERS and value.isdigit())
        if not ((entity, column) in NAMES and "Khuyếch" in value)
    ]
    assert len(cells) >= 18
    rows = [{}, *({column: value} for column, value in cells)]
    return [
        {k: v.format(f"{n:03d}" if entity == "procedures" else n) for k, v in GOOD[entity].items()} | row
        for n, row in enumerate(rows)
    ]


@pytest.fixture(scope="module")
def night(tiny_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Nights:
    root = tmp_path_factory.mktemp("codes")
    inbox = Inbox(root / "inbox")
    for entity in ENTITIES:
        inbox.write(entity, "2022-10", planted(entity))
    settings = replace(tiny_home, inbox=root / "inbox", home=root / "home")
    nights = nights_after(tiny_home, settings)
    nights.run()
    return nights


def traces(text: str) -> list[str]:
    return [trace for trace in TRACES if trace.casefold() in text.casefold()]


def test_the_search_finds_what_is_there() -> None:
    assert [traces(value) != [] for value in PERSON] == [True] * len(PERSON)


def test_nothing_that_is_planted_reaches_a_table(night: Nights) -> None:
    tables = [
        name
        for (name,) in night.rows(
            "select table_name from duckdb_tables() where schema_name = 'main' and table_name not like 'stg%' "
            "and table_name not like 'int%' and table_name not like 'ref%'"
        )
    ]
    assert len(tables) > 25
    found = {name: seen for name in tables if (seen := traces(str(night.rows(f"select * from {name}"))))}
    assert found == {}


def test_nothing_that_is_planted_reaches_a_published_file(night: Nights) -> None:
    files = [
        path for path in sorted(Path(night.settings.published).rglob("*")) if path.is_file() and not path.is_symlink()
    ]
    found, texts = {}, 0
    for path in files:
        if path.suffix == ".parquet":
            text = str(duckdb.sql(f"select * from read_parquet('{path}')").fetchall())
        elif path.suffix in (".csv", ".json", ".html"):
            text = path.read_text(encoding="utf-8-sig")
        else:
            continue
        texts += 1
        if seen := traces(text):
            found[path.name] = seen
    assert texts > 25
    assert found == {}


def test_a_code_of_another_form_is_counted_and_its_row_is_not_lost(night: Nights) -> None:
    odd = [(c, v) for c in ("MaTTHC", "MaLinhVuc", "MaDonVi") for v in PERSON]
    facts = night.rows("select count(*) from fct_filings where defect like '%unlisted_code%'")
    assert facts == [(len(odd),)]
    shown = dict(night.rows("select bank_code, count(*) from fct_payment_attempts group by 1"))
    assert shown[UNLISTED] == len(PERSON)
    (failing,) = night.rows(
        "select sum(failing_rows) from aud_defects where defect_id = 'unlisted_code' and month = date '2022-10-01'"
    )
    # Three codes of filings, three of requests, three of attempts.
    assert failing == (9 * len(PERSON),)
    aside = dict(
        night.rows(
            "select entity, count(*) from fct_quarantined_rows where quarantine_reason = 'malformed_code' group by 1"
        )
    )
    assert aside == {"reported_figures": 2 * len(PERSON), "index_counts": 2 * len(PERSON)}


def test_a_name_is_published_where_its_list_has_it(night: Nights) -> None:
    kept = dict(night.rows("select filing_id, (field_name_vi, handling_unit_vi) from fct_filings"))
    assert kept["F-0"] == ("Lĩnh vực một", "UBND thành phố Vĩnh Yên")
    names = {unit for _, unit in kept.values()}
    assert names == {"UBND thành phố Vĩnh Yên", None}


def test_an_agency_is_known_by_its_code_with_whatever_nobody_sees_around_it(night: Nights) -> None:
    """The form lets through what a later step cleans: it decides what is a code, not how a code is spelt."""
    from dvctt.core.contract import CODE, IDENTITY

    with duckdb.connect() as connection:

        def is_code(text: str) -> bool:
            sql = f"select regexp_full_match(?, '{CODE}') and not regexp_full_match(?, '{IDENTITY}')"
            answer = connection.execute(sql, [text, text]).fetchone()
            return bool(answer and answer[0])

        codes = [
            "H62.01",
            "000.00.01.H62",
            "1.005129",
            "2.000815.000.00.00.H56",
            "T-VPH-288264-TT",
            "LĐTBXH",
            "GD2022100400012024",
            "00",
            "tinh",
            "so_hoa_ket_qua",
            "H\u200b62.01",
            "Ｈ62.01",
            "H62–01",
            "26-221005-0001",
        ]
        assert [text for text in codes if not is_code(text)] == []
        people = [*PERSON, "001.099.012.345", "+84 912 345 678", "0912345678", "Nguyễn", "Trần Văn A", "a b"]
        assert [text for text in people if is_code(text)] == []
        assert re.fullmatch(r"\d{9}", PERSON[5])
