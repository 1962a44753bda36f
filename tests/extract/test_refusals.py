"""What a source may get wrong with a file, each with its own words, line and column, and never with a value of the file."""

import os
import shutil
import socket
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from dvctt.core.contract import ENTITIES
from dvctt.core.errors import ExtractError
from dvctt.extract import _survey, files
from dvctt.landing import zone
from dvctt.landing.refusals import refused_files
from dvctt.province.folder import load_province
from dvctt.province.model import Feed
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import PROVINCE, Inbox, payment

VINH_PHUC = load_province(PROVINCE)
SOURCE = VINH_PHUC.sources[0]
COLUMNS = ",".join(ENTITIES["filings"].columns)
ROW = ",".join(["1", "1.000001", *[""] * 5, "243", "", "", "20221001000000", *[""] * 5])


def inbox_with(inbox: Inbox, content: bytes, name: str = "2022-10.csv") -> Path:
    folder = inbox.root / "one_stop" / "filings"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return folder / name


def refused(inbox: Inbox, tmp_path: Path) -> str:
    with pytest.raises(ExtractError) as caught:
        zone.land(VINH_PHUC, inbox.root, tmp_path / "landing")
    assert list((tmp_path / "landing").rglob("*.*")) == []
    return str(caught.value)


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (f"{COLUMNS},\n{ROW},\n", "2022-10.csv:1: column 17 of 17 has no name (a comma at the header's end: the columns before it are 16)"),
        (f"{COLUMNS},, \n{ROW},,\n", "2022-10.csv:1: column 17, 18 of 18 has no name; wanted a name for every column"),
        (f"{COLUMNS},Email,EMAIL\n{ROW},a,b\n", "2022-10.csv:1: columns 17, 18 of the header have one name but for case: Email"),
        (f"{COLUMNS},Ghi chú,GHI CHÚ\n{ROW},a,b\n", "columns 17, 18 of the header have one name but for case: (a name that is not of the contract)"),
        (f"{COLUMNS},MaHoSo\n{ROW},a\n", "2022-10.csv:1: column MaHoSo stands more than once in the header, at 1, 17"),
        (f"{COLUMNS.replace('MaHoSo', 'MAHOSO')}\n{ROW}\n", "missing mandatory column MaHoSo; found 15 columns of the contract among 16"),
        (f"{COLUMNS.replace('MaHoSo', 'MAHOSO')}\n{ROW}\n", "in other letters stand MaHoSo (column 1)"),
        (f"{ROW}\n{ROW}\n", "none of the 16 fields of line 1 is a column name of the contract; is the header line missing"),
        ("\ufeff", "2022-10.csv: empty file (a byte order mark and nothing else)"),
        (f"\n{COLUMNS}\n{ROW}\n", "2022-10.csv:1: the first line is empty; wanted the header"),
        (",,,\n1,2,3,4\n", "2022-10.csv:1: the first line is empty; wanted the header"),
        (f'"{COLUMNS}\n{ROW}\n', "2022-10.csv:1: the header is no CSV: a quote that never closes"),
        (f"{COLUMNS}\n{ROW}\n{ROW},x\n", "2022-10.csv:3: not readable as CSV: record 2 has 17 fields, wanted the 16 of the header"),
        (f"{COLUMNS}\n{ROW}\n{ROW.replace('243', '2,43')}\n", "2022-10.csv:3: not readable as CSV: record 2 has 17 fields, wanted the 16 of the header (a comma in"),
        (f'{COLUMNS}\n{ROW[:-1]},"a\nb"\n{ROW[:-2]}\n', "2022-10.csv:4: not readable as CSV: record 2 has 14 fields, wanted the 16 of the header"),
        (f'{COLUMNS}\n{ROW}\n"{ROW}\n', "2022-10.csv:3: not readable as CSV: record 2, which begins here, is no CSV: a quote that never closes"),
        (f'{COLUMNS}\n{ROW}\n"a"b{ROW}\n', "2022-10.csv:3: not readable as CSV: record 2, which begins here, is no CSV"),
        (f"{COLUMNS}\n{ROW}x\r\n{ROW}x\n", "2022-10.csv: not readable as CSV: line ends of 2 kinds in one file (\\r\\n, \\n); wanted one kind"),
        (f"{COLUMNS}\n{ROW}\n{ROW[:-3]}\0\0\0", "2022-10.csv:3: a zero byte, which no text holds"),
    ],
)  # fmt: skip # a case is a row
def test_each_fault_has_its_own_words(inbox: Inbox, tmp_path: Path, content: str, wanted: str) -> None:
    inbox_with(inbox, content.encode())
    assert wanted in refused(inbox, tmp_path)


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (
            f"{COLUMNS}\n{ROW}\n12".encode() + b"\xff" + ROW.encode(),
            f":3: not UTF-8 text: byte 3 of the line, byte {len(COLUMNS) + len(ROW) + 5} of the file",
        ),
        (
            f"{COLUMNS}\n{ROW}\n".encode() + "Vĩnh".encode()[:2],
            ":3: not UTF-8 text: it ends in the middle of a letter: byte 2 of the line",
        ),
        (COLUMNS.encode() + b"\xed\xa0\x80", ":1: not UTF-8 text: byte "),
    ],
)
def test_a_byte_that_is_no_text_is_told_with_its_line_and_place(
    inbox: Inbox, tmp_path: Path, content: bytes, wanted: str
) -> None:
    inbox_with(inbox, content)
    assert wanted in refused(inbox, tmp_path)


@pytest.mark.parametrize("split", [1, 2, 3, 5, 7])
def test_the_place_of_a_bad_byte_does_not_depend_on_how_the_file_is_cut_into_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, split: int
) -> None:
    monkeypatch.setattr(_survey, "_CHUNK", split)
    path = tmp_path / "x.csv"
    path.write_bytes('a,b\r\n"ĩ\r\n""x",ĩ\r\n'.encode() + b"\xc4")
    found = _survey.survey(path)
    assert (
        found.fault == "4: not UTF-8 text: it ends in the middle of a letter: byte 1 of the line, byte 20 of the file"
    )
    assert (found.records, found.line_ends, found.bytes) == (3, ("\\r\\n",), 20)


MALFORMED = [
    ('{"sha256": 12345}', "key sha256: wanted a text of 64 hexadecimal digits"),
    ('{"sha256": "Nguyễn"}', "key sha256: wanted a text of 64 hexadecimal digits"),
    ("[" * 100_000, "not a control file: longer than 65536 bytes"),
    ("[" * 60_000, "not a control file: nested too deep"),
    ('{"rows": ' + "1" * 5_000 + "}", "key rows: wanted a whole number of at most 18 digits"),
    ('{"rows": 1.0}', "key rows: wanted a whole number"),
    ('{"rows": 1e3}', "key rows: wanted a whole number"),
    ('{"rows": NaN}', "key rows: wanted a whole number"),
    ('{"total_amount_vnd": -Infinity}', "key total_amount_vnd: wanted a whole number"),
    ('{"rows": true}', "key rows: wanted a whole number"),
    ('{"rows": "1"}', "key rows: wanted a whole number"),
    ('{"rows": -1}', "key rows: found a number below 0"),
    ('{"rows": 1, "rows": 2}', "a key stands twice in one object"),
    ('{"row": 1, "Nguyễn Văn Mẫu": 2}', "2 keys that no control file has"),
    ("[]", "wanted an object with keys agencies, rows, sample, sha256, total_amount_vnd"),
    ('{"sample": "true"}', "key sample: wanted true or false, without quotes"),
    ('{"sample": 1}', "key sample: wanted true or false, without quotes"),
    ("", "not JSON at line 1, column 1"),
    ('{"rows": 1,\n 000099000001}', "not JSON at line 2, column 2"),
    ('{"rows": 1} Nguyễn', "not JSON at line 1, column 13"),
    ("5" * 5_000, "wanted an object with keys"),
]


@pytest.mark.parametrize(("text", "wanted"), MALFORMED, ids=range(len(MALFORMED)))
def test_a_control_file_that_is_none_is_told_in_words_and_not_quoted(
    inbox: Inbox, tmp_path: Path, text: str, wanted: str
) -> None:
    path = inbox_with(inbox, f"{COLUMNS}\n{ROW}\n".encode())
    path.with_name("2022-10.control.json").write_text(text, encoding="utf-8")
    message = refused(inbox, tmp_path)
    assert f"2022-10.control.json: {wanted}" in message
    assert "Nguyễn" not in message and "000099000001" not in message and len(message) < 1000


@pytest.mark.parametrize("key", ["rows", "total_amount_vnd"])
@pytest.mark.parametrize("value", ["null", "1"])
def test_a_control_file_may_say_nothing_of_a_total(inbox: Inbox, tmp_path: Path, key: str, value: str) -> None:
    inbox.write("payment_requests", "2022-10", [payment("Y", "A", "243", "2022-10-01", 1)])
    path = inbox.root / "one_stop" / "payment_requests" / "2022-10.control.json"
    path.write_text(f'{{"{key}": {value}}}', encoding="utf-8")
    assert len(zone.land(VINH_PHUC, inbox.root, tmp_path / "landing")) == 1


def fifo(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def dangling(path: Path) -> None:
    path.symlink_to("nowhere")


def outside(path: Path) -> None:
    path.symlink_to("/etc/hostname")


def folder(path: Path) -> None:
    path.mkdir()


def listening(path: Path) -> None:
    short = Path("/tmp") / f"s{os.getpid()}"  # noqa: S108  the system allows about a hundred characters
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(short))
    shutil.move(short, path)


@pytest.mark.parametrize("name", ["2022-10.csv", "2022-10.control.json"])
@pytest.mark.parametrize(
    ("make", "what"),
    [
        (fifo, "a FIFO"),
        (device, "a symbolic link"),
        (dangling, "a symbolic link"),
        (outside, "a symbolic link"),
        (folder, "a folder"),
        (listening, "a socket"),
    ],
)
def test_only_a_regular_file_is_opened(
    inbox: Inbox, tmp_path: Path, make: Callable[[Path], None], what: str, name: str
) -> None:
    path = inbox_with(inbox, f"{COLUMNS}\n{ROW}\n".encode())
    chosen = path.with_name(name)
    chosen.unlink(missing_ok=True)
    make(chosen)
    assert f"{name}: found {what}, wanted a regular file" in refused(inbox, tmp_path)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2022-10.h62.csv", "2022-10.H62.csv"),
        ("2022-10.sở.csv", "2022-10.sơ\u0309.csv"),
        ("2022-10.A.csv", "2022-10.Ａ.csv"),
    ],
)
def test_two_names_that_are_one_are_both_named(inbox: Inbox, tmp_path: Path, one: str, other: str) -> None:
    for name in (one, other):
        inbox_with(inbox, f"{COLUMNS}\n{ROW}\n".encode(), name)
    message = refused(inbox, tmp_path)
    assert "they differ in case or in how letters are composed alone; keep one" in message
    assert ascii(one) in message and ascii(other) in message


def test_a_name_that_has_landed_in_other_letters_is_no_second_file_of_the_month(inbox: Inbox, tmp_path: Path) -> None:
    path = inbox_with(inbox, f"{COLUMNS}\n{ROW}\n".encode(), "2022-10.H62.csv")
    zone.land(VINH_PHUC, inbox.root, tmp_path / "landing")
    path.rename(path.with_name("2022-10.h62.csv"))
    assert zone.land(VINH_PHUC, inbox.root, tmp_path / "landing") == []
    (one,) = refused_files(tmp_path / "landing")
    assert "2022-10.h62.csv: one name with '2022-10.H62.csv', which has landed" in one.words
    # It is a version of the file that has landed, which goes on.
    assert (one.file_name, one.reason) == ("2022-10.H62.csv", "one_name_twice")


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        (
            "2032-10.csv",
            "its name says month 2032-10, which is after 2022-12, the month that follows today's (2022-11-01",
        ),
        ("9999-12.csv", "its name says month 9999-12, which is after 2022-12"),
        ("2023-01.csv", "its name says month 2023-01, which is after 2022-12"),
        ("0022-10.csv", "its name says month 0022-10, which is before 2016-01, the month of the province's first day"),
        ("0000-01.csv", "its name says month 0000-01, which is before 2016-01"),
        ("2015-12.csv", "its name says month 2015-12, which is before 2016-01"),
        ("２０２２-10.csv", "name not of the contract"),
        ("2022-00.csv", "name not of the contract"),
        ("2022-10..csv", "name not of the contract"),
        ("2022-10.a .csv", "name not of the contract"),
        ("2022-10.csv.", "name not of the contract"),
        ("2022-10[1].csv", "name not of the contract"),
    ],
)
def test_a_month_that_cannot_be_is_refused_at_the_door(
    inbox: Inbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, wanted: str
) -> None:
    monkeypatch.setattr(zone, "now", lambda: datetime.fromisoformat("2022-11-01T01:00:00+07:00"))
    inbox_with(inbox, f"{COLUMNS}\n{ROW}\n".encode(), name)
    message = refused(inbox, tmp_path)
    assert wanted in message and name in message


@pytest.mark.parametrize("name", ["2016-01.csv", "2022-12.csv"])
def test_the_first_and_the_last_month_that_can_be_land(
    inbox: Inbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(zone, "now", lambda: datetime.fromisoformat("2022-11-01T01:00:00+07:00"))
    inbox_with(inbox, f"{COLUMNS}\n{ROW}\n".encode(), name)
    assert len(zone.land(VINH_PHUC, inbox.root, tmp_path / "landing")) == 1


def test_a_name_that_no_disk_takes_once_it_has_landed_is_refused_in_words(inbox: Inbox, tmp_path: Path) -> None:
    stem = f"2022-10.{'x' * 230}"
    path = inbox_with(inbox, f"{COLUMNS}\n{ROW}\n".encode(), f"{stem}.csv")
    message = refused(inbox, tmp_path)
    assert "a name of 242 bytes, wanted at most 211" in message
    path.rename(path.with_name(f"{stem[:207]}.csv"))
    assert len(zone.land(VINH_PHUC, inbox.root, tmp_path / "landing")) == 1


def test_a_name_that_is_no_text_is_told_as_one(inbox: Inbox, tmp_path: Path) -> None:
    inbox_with(inbox, b"", os.fsdecode(b"2022-10.\xff\n.csv"))
    message = refused(inbox, tmp_path)
    assert "2022-10.\\udcff\\n.csv: name not of the contract" in message
    message.encode()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
@pytest.mark.parametrize("what", ["2022-10.csv", "2022-10.control.json", "."])
def test_what_may_not_be_read_is_told(inbox: Inbox, tmp_path: Path, what: str) -> None:
    path = inbox_with(inbox, f"{COLUMNS}\n{ROW}\n".encode())
    path.with_name("2022-10.control.json").write_text("{}", encoding="utf-8")
    (path.parent / what).chmod(0)
    try:
        assert "Permission denied" in refused(inbox, tmp_path)
    finally:
        (path.parent / what).chmod(0o700)


@pytest.mark.parametrize(
    ("meddle", "wanted"),
    [
        (lambda path: path.unlink(), "2022-10.csv: removed while it was read; run again when it is back"),
        (
            lambda path: os.replace(shutil.copy(path, f"{path}.part"), path),
            "2022-10.csv: replaced by another file while it was read",
        ),
        (lambda path: path.write_bytes(path.read_bytes() + b"\n\n"), "2022-10.csv: changed while it was read"),
    ],
)
@pytest.mark.parametrize("when", ["survey", "_copy"])
def test_a_file_that_moves_while_it_is_read_is_told_so(
    inbox: Inbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    meddle: Callable[[Path], object],
    wanted: str,
    when: str,
) -> None:
    path = inbox_with(inbox, f"{COLUMNS}\n{ROW}\n".encode())
    real = getattr(files, when)

    def meddled(*arguments: object) -> object:
        meddle(path)
        return real(*arguments)

    monkeypatch.setattr(files, when, meddled)
    assert wanted in refused(inbox, tmp_path)


def test_a_last_record_above_what_a_reader_buffers_is_not_dropped(inbox: Inbox, tmp_path: Path) -> None:
    long = f"{ROW[:-1]},".encode() + b"x" * 33_000_000
    inbox_with(inbox, f"{COLUMNS}\n{ROW}\n".encode() + long)
    message = refused(inbox, tmp_path)
    assert (
        "2022-10.csv:3: not readable as CSV: record 2 is longer than 8388608 bytes" in message
        or "not all of it was read" in message
    )


def test_rows_that_a_reader_loses_are_noticed(inbox: Inbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inbox_with(inbox, f"{COLUMNS}\n{ROW}\n{ROW}\n".encode())
    monkeypatch.setattr(files, "_copy", lambda *_: (1, None))
    assert "2022-10.csv: not all of it was read: found 1 rows, wanted the 2 records" in refused(inbox, tmp_path)


def test_a_sparse_tail_is_not_dropped(inbox: Inbox, tmp_path: Path) -> None:
    path = inbox_with(inbox, f"{COLUMNS}\n{ROW}\n".encode())
    with path.open("r+b") as file:
        file.truncate(40_000_000)
    assert "2022-10.csv:3: a zero byte, which no text holds" in refused(inbox, tmp_path)


def test_a_quote_inside_a_plain_field_misleads_no_count(inbox: Inbox, tmp_path: Path) -> None:
    inbox_with(inbox, f'{COLUMNS}\n{ROW[:-1]},cỡ 5" đứng\n{ROW}\n\n{ROW}'.encode())
    (extract,) = zone.land(VINH_PHUC, inbox.root, tmp_path / "landing")
    assert extract.rows == 3


def test_amounts_beyond_what_a_total_holds_are_refused(inbox: Inbox, tmp_path: Path) -> None:
    inbox.write(
        "payment_requests",
        "2022-10",
        [payment(str(n), "A", "243", "2022-10-01", 999_999_999_999_999_999) for n in range(11)],
    )
    assert "its amounts add up to a number of 20 digits" in refused(inbox, tmp_path)


ends = st.sampled_from(["\n", "\r\n", "\r"])
field = st.text(st.sampled_from('a1ĩ ,"\n\r'), max_size=4)


@given(
    st.lists(st.lists(field, min_size=2, max_size=2), min_size=1, max_size=6), ends, st.booleans(), st.integers(1, 9)
)
@settings(max_examples=60)
def test_records_are_counted_as_a_csv_reader_counts_them(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], end: str, last: bool, chunk: int
) -> None:
    quoted = [",".join('"' + value.replace('"', '""') + '"' for value in row) for row in rows]
    path = tmp_path_factory.mktemp("counted") / "x.csv"
    path.write_bytes((end.join(quoted) + (end if last else "")).encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_survey, "_CHUNK", chunk)
        assert _survey.survey(path).records == len(rows) == _survey.count_records(path)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("inside", ["\r", "\n", "\r\n", "\n\n", ""])
def test_line_ends_inside_a_field_are_part_of_it(inbox: Inbox, tmp_path: Path, end: str, inside: str) -> None:
    inbox_with(inbox, end.join([COLUMNS, f'{ROW[:-1]},"a{inside}b"', f"{ROW[:-1]},c"]).encode())
    (extract,) = zone.land(VINH_PHUC, inbox.root, tmp_path / "landing")
    found = duckdb.sql(f"select LoaiDoiTuong from '{extract.parquet(tmp_path / 'landing')}'").fetchall()
    assert found == [(f"a{inside}b",), ("c",)]


def test_a_header_without_its_line_leaves_no_cell_in_the_manifest(inbox: Inbox, tmp_path: Path) -> None:
    path = inbox_with(inbox, f"{COLUMNS},Nguyễn Văn Mẫu,Email\n{ROW},x,y\n".encode())
    (offer,) = files.offers(SOURCE, inbox.root)
    reading = files.read(offer, Feed(), tmp_path / "x.parquet", duckdb.connect())
    assert (reading.dropped_columns, reading.other_columns) == (("Email",), 1)
    zone.land(VINH_PHUC, inbox.root, tmp_path / "landing")
    (manifest,) = (tmp_path / "landing").rglob("*.json")
    assert "Nguyễn" not in manifest.read_text(encoding="utf-8")
    assert path.is_file()
