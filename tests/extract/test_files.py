"""Source kind ``files``: read strictly or refused, with one error that ends the investigation."""

import hashlib
import re
from pathlib import Path

import duckdb
import pytest
from dvctt.core.contract import ENTITIES
from dvctt.core.errors import ExtractError
from dvctt.extract import NoOffer, files
from dvctt.province.folder import load_province
from dvctt.province.model import Feed
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import PROVINCE, Inbox, filing, payment

SOURCE = load_province(PROVINCE).sources[0]


def read(inbox: Inbox, target: Path, name: str = "2022-10.csv", feed: Feed | None = None) -> files.Reading:
    offer = next(offer for offer in files.offers(SOURCE, inbox.root) if offer.name == name)
    with duckdb.connect() as connection:
        return files.read(offer, feed or Feed(), target, connection)


def test_rows_keep_their_order_and_personal_columns_stay_behind(inbox: Inbox, tmp_path: Path) -> None:
    path = inbox.write(
        "filings", "2022-10", [filing("B", "243", "20221001000000"), filing("A", "244", "20221002000000")]
    )
    reading = read(inbox, tmp_path / "x.parquet")
    assert (reading.rows, reading.total_amount_vnd, reading.bytes) == (2, None, path.stat().st_size)
    assert reading.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert reading.dropped_columns == ENTITIES["filings"].personal
    relation = duckdb.sql(f"select * from '{tmp_path / 'x.parquet'}'")
    assert relation.columns == ["row_number", *ENTITIES["filings"].columns]
    assert [row[:2] for row in relation.fetchall()] == [(1, "B"), (2, "A")]
    assert b"MAU" not in (tmp_path / "x.parquet").read_bytes()


def test_an_empty_field_is_null_and_everything_else_is_text(inbox: Inbox, tmp_path: Path) -> None:
    inbox.write("filings", "2022-10", [filing("007", "0243", "20221001000000", channel="", level="04")])
    read(inbox, tmp_path / "x.parquet")
    row = duckdb.sql(f"select MaHoSo, MaDonVi, KenhThucHien, MucDo from '{tmp_path / 'x.parquet'}'").fetchone()
    assert row == ("007", "0243", None, "04")


def test_amounts_above_32_bits_are_added_exactly(inbox: Inbox, tmp_path: Path) -> None:
    inbox.write(
        "payment_requests",
        "2022-10",
        [payment(str(n), "H", "243", "2022-10-01", 9_007_199_254_740_993) for n in range(3)],
    )
    assert read(inbox, tmp_path / "x.parquet").total_amount_vnd == 27_021_597_764_222_979


def test_the_plain_name_arrives_before_its_supplements(inbox: Inbox) -> None:
    for name in ("2022-10.bo-sung", "2022-10", "2022-09.zz", "2022-10.H62.01.bo-sung", "2022-10.H62.01", "2022-09"):
        inbox.write("filings", name, [filing("A", "243", "20221001000000")])
    names = [offer.name for offer in files.offers(SOURCE, inbox.root)]
    assert names == [
        "2022-09.csv",
        "2022-09.zz.csv",
        "2022-10.csv",
        "2022-10.H62.01.csv",
        "2022-10.H62.01.bo-sung.csv",
        "2022-10.bo-sung.csv",
    ]


def test_a_file_in_transit_is_left_alone(inbox: Inbox) -> None:
    path = inbox.write("filings", "2022-10", [filing("A", "243", "20221001000000")])
    path.rename(path.with_name("2022-10.csv.part"))
    assert files.offers(SOURCE, inbox.root) == []


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b"", r"2022-10\.csv: empty file \(0 bytes\)"),
        ("HEADER\n", r"2022-10\.csv: empty file \(a header of \d+ bytes and no row\)"),
        ("HEADER\nROW\nROW,one too many\n", r"2022-10\.csv:3: not readable as CSV: record 2 has 23 fields, wanted the 22 of the header"),
        ("HEADER\nROW\n1,2,3\n", r"2022-10\.csv:3: not readable as CSV: record 2 has 3 fields, wanted the 22 of the header"),
        ('HEADER\nROW\n"never closed\n', r"2022-10\.csv:3: not readable as CSV: record 2, which begins here, is no CSV: a quote that never closes"),
        (b"MaHoSo\xff,x\n", r"2022-10\.csv:1: not UTF-8 text: byte 7 of the line, byte 7 of the file"),
        ("MaHoSo,MaHoSo,x\n1,2,3\n", r"2022-10\.csv:1: column MaHoSo stands more than once"),
        ("MaHoSo;MaTTHC\n1;2\n", r"2022-10\.csv:1: missing mandatory column TenTTHC, .*found 2 columns of the contract among 2"),
        ("MaHoSo#MaTTHC\n1#2\n", r"2022-10\.csv:1: missing mandatory column MaHoSo, MaTTHC.*none of the 1 fields of line 1 is a column name of the contract"),
    ],
)  # fmt: skip # a case is a row
def test_a_broken_file_is_one_clear_error(inbox: Inbox, tmp_path: Path, content: str | bytes, wanted: str) -> None:
    path = inbox.write("filings", "2022-10", [filing("A", "243", "20221001000000")])
    header, row = path.read_text(encoding="utf-8").splitlines()
    if isinstance(content, str):
        content = content.replace("HEADER", header).replace("ROW", row).encode()
    path.write_bytes(content)
    with pytest.raises(ExtractError, match=wanted) as caught:
        read(inbox, tmp_path / "x.parquet")
    assert "MẪU" not in str(caught.value)
    assert not (tmp_path / "x.parquet").exists()


@pytest.mark.parametrize("column", ENTITIES["filings"].columns)
def test_every_column_of_the_contract_is_mandatory(inbox: Inbox, tmp_path: Path, column: str) -> None:
    inbox.write("filings", "2022-10", [filing("A", "243", "20221001000000")], without=(column,))
    with pytest.raises(ExtractError, match=rf"2022-10\.csv:1: missing mandatory column {column};"):
        read(inbox, tmp_path / "x.parquet")


def test_a_source_may_rename_a_column_and_say_which_it_cannot_give(inbox: Inbox, tmp_path: Path) -> None:
    path = inbox.write("filings", "2022-10", [filing("A", "243", "20221001000000")], without=("NgayTra",))
    path.write_text(path.read_text(encoding="utf-8").replace("MaHoSo", "SoBienNhan", 1), encoding="utf-8")
    read(inbox, tmp_path / "x.parquet", feed=Feed(rename={"SoBienNhan": "MaHoSo"}, absent=("NgayTra",)))
    assert duckdb.sql(f"select MaHoSo, NgayTra from '{tmp_path / 'x.parquet'}'").fetchone() == ("A", None)


def test_a_file_without_personal_columns_and_with_unknown_ones_is_read(inbox: Inbox, tmp_path: Path) -> None:
    path = inbox.write(
        "filings", "2022-10", [filing("A", "243", "20221001000000")], without=ENTITIES["filings"].personal
    )
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text(f"{lines[0]},GhiChu\n{lines[1]},bí mật\n", encoding="utf-8")
    reading = read(inbox, tmp_path / "x.parquet")
    assert (reading.dropped_columns, reading.other_columns) == ((), 1)


@pytest.mark.parametrize(
    ("control", "wanted"),
    [
        ({"rows": 2}, r"control total differs: key rows of 2022-10\.control\.json: found 1, wanted 2"),
        ({"total_amount_vnd": 99}, r"key total_amount_vnd of 2022-10\.control\.json: found 100, wanted 99"),
        (
            {"sha256": "0" * 64},
            r"key sha256 of 2022-10\.control\.json: found [0-9a-f]{64} for \d+ bytes, wanted another",
        ),
        ({"rows": 99_000_001}, r"key rows .*: found 1, wanted a number above \d+, which is no total of this file"),
        ({"total_amount_vnd": 912_345_678}, r"found 100, wanted a number above 1000000, which is no total"),
    ],
)
def test_a_control_total_that_differs_is_refused(
    inbox: Inbox, tmp_path: Path, control: dict[str, object], wanted: str
) -> None:
    inbox.write("payment_requests", "2022-10", [payment("Y", "A", "243", "2022-10-01", 100)], control=control)
    with pytest.raises(ExtractError, match=wanted):
        read(inbox, tmp_path / "x.parquet")
    assert not (tmp_path / "x.parquet").exists()


def test_a_control_file_may_carry_the_whole_name(inbox: Inbox, tmp_path: Path) -> None:
    path = inbox.write("filings", "2022-10", [filing("A", "243", "20221001000000")])
    path.with_name("2022-10.csv.control.json").write_text('{"rows": 5}', encoding="utf-8")
    with pytest.raises(ExtractError, match="found 1, wanted 5"):
        read(inbox, tmp_path / "x.parquet")


def test_a_month_without_filings_is_read_when_the_source_says_so(inbox: Inbox, tmp_path: Path) -> None:
    inbox.write("filings", "2022-10", [], control={"rows": 0})
    assert read(inbox, tmp_path / "x.parquet").rows == 0


@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        ("filings/thang-10.csv", r"thang-10\.csv: name not of the contract; wanted <YYYY-MM>"),
        ("filings/2022-13.csv", r"2022-13\.csv: name not of the contract"),
        ("filings/2022-10.docx", r"2022-10\.docx: name not of the contract; wanted .* one of the endings csv"),
        ("fillings/2022-10.csv", r"fillings: not an entity of source 'one_stop'; wanted filings"),
        ("filings/2022-11.control.json", r"2022-11\.control\.json: control file without its data file 2022-11\.csv"),
        ("filings/2022-10.control.json", r"2022-10\.control\.json: not JSON"),
    ],
)
def test_nothing_in_the_inbox_is_passed_over_in_silence(inbox: Inbox, make: str, wanted: str) -> None:
    inbox.write("filings", "2022-10", [filing("A", "243", "20221001000000")])
    path = inbox.root / "one_stop" / make
    path.parent.mkdir(exist_ok=True)
    path.write_text("x", encoding="utf-8")
    (refused,) = (one for one in files.offers(SOURCE, inbox.root) if isinstance(one, NoOffer))
    assert re.search(wanted, refused.words)


@pytest.mark.parametrize("content", ['{"row": 1}', "[]", '{"rows": "1"}', '{"rows": true}'])
def test_a_control_file_of_another_form_is_refused(inbox: Inbox, content: str) -> None:
    path = inbox.write("filings", "2022-10", [filing("A", "243", "20221001000000")])
    path.with_name("2022-10.control.json").write_text(content, encoding="utf-8")
    (refused,) = files.offers(SOURCE, inbox.root)
    assert isinstance(refused, NoOffer)
    assert "2022-10.control.json" in refused.words
    assert (refused.name, str(refused.month), refused.reason) == ("2022-10.csv", "2022-10", "control_malformed")


text = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",), exclude_characters="\0\r"), max_size=20)


@given(st.lists(st.tuples(text, text), min_size=1, max_size=8))
def test_whatever_text_a_field_holds_comes_back(
    tmp_path_factory: pytest.TempPathFactory, pairs: list[tuple[str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    inbox = Inbox(folder / "inbox")
    inbox.write("filings", "2022-10", [filing(number, agency, "20221001000000") for number, agency in pairs])
    read(inbox, folder / "x.parquet")
    found = duckdb.sql(f"select MaHoSo, MaDonVi from '{folder / 'x.parquet'}' order by row_number").fetchall()
    assert found == [(number or None, agency or None) for number, agency in pairs]


@pytest.mark.parametrize(
    ("agencies", "wanted"),
    [
        ('{"243": 2}', "1 of 1 agencies have another number of rows"),
        ('{"244": 0, "243": "1"}', "key agencies: wanted an object"),
        ('{"243": -1}', "key agencies: wanted an object"),
        ("[1]", "key agencies: wanted an object"),
    ],
)
def test_rows_by_agency_that_are_not_so_are_refused_without_their_codes(
    inbox: Inbox, tmp_path: Path, agencies: str, wanted: str
) -> None:
    path = inbox.write("filings", "2022-10", [filing("O1", "243", "20221001000000")])
    path.with_suffix(".control.json").write_text(f'{{"rows": 1, "agencies": {agencies}}}', encoding="utf-8")
    (offer,) = files.offers(SOURCE, inbox.root)
    if isinstance(offer, NoOffer):
        words = offer.words
    else:
        with pytest.raises(ExtractError) as raised:
            files.read(offer, SOURCE.entities["filings"], tmp_path / "out.parquet", duckdb.connect())
        words = str(raised.value)
    assert wanted in words
    assert "243" not in words.replace(str(tmp_path), "")


def test_what_a_file_is_converted_to_is_for_its_owner_alone_and_does_not_stay(
    inbox: Inbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = inbox.write("filings", "2022-10", [filing("A", "243", "20221001000000")])
    path.write_bytes(path.read_text(encoding="utf-8").encode("utf-16"))
    (tmp_path / "staged").mkdir()
    seen: list[tuple[Path, int]] = []

    def killed(text: Path, *_: object) -> None:
        seen.append((text, text.parent.stat().st_mode & 0o777))
        raise KeyboardInterrupt

    monkeypatch.setattr(files, "survey", killed)
    with pytest.raises(KeyboardInterrupt):
        read(inbox, tmp_path / "staged" / "x.parquet")
    ((text, mode),) = seen
    assert mode == 0o700 and text.is_relative_to(tmp_path / "staged")
    assert list((tmp_path / "staged").iterdir()) == []
