"""One file in an archive is read as if it lay in the inbox; what is not whole, hidden, or made to fill a disk is refused."""

import gzip
import io
import zipfile
from pathlib import Path

import pytest
from dvctt.core.errors import ExtractError
from dvctt.extract import Reading
from dvctt.extract._forms import packed
from dvctt.landing import zone
from dvctt.landing.refusals import refused_files
from dvctt.province.folder import load_province
from dvctt.province.model import Feed

from tests.conftest import PROVINCE, Inbox
from tests.extract import test_delimited as delimited
from tests.extract.test_delimited import ROWS, decomposed_for_1258, written

PLAIN = written(ROWS).encode()


def zipped(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return out.getvalue()


def encrypted(content: bytes) -> bytes:
    """The flag of a password set, in both headers: nothing here can write such an archive, and none is needed to see the flag."""
    made = bytearray(content)
    made[6] |= 1
    made[made.index(b"PK\x01\x02") + 8] |= 1
    return bytes(made)


def read(root: Path, name: str, content: bytes, feed: Feed | None = None) -> tuple[Reading, list[tuple[object, ...]]]:
    return delimited.read(root, content, feed, name=name)


@pytest.mark.parametrize(
    ("name", "content", "feed"),
    [
        ("2022-10.csv.gz", gzip.compress(PLAIN), None),
        ("2022-10.bo-sung.csv.gz", gzip.compress(PLAIN[:99]) + gzip.compress(PLAIN[99:]), None),
        ("2022-10.csv.zip", zipped(("anything.txt", PLAIN)), None),
        ("2022-10.zip", zipped(("thư mục/Hồ sơ 10.csv", PLAIN)), None),
        ("2022-10.zip", zipped(("x.csv", PLAIN), ("__MACOSX/._x.csv", b"\0")), None),
        ("2022-10.csv.gz", gzip.compress(written(ROWS, ";").encode("utf-16")), None),
        ("2022-10.csv.gz", gzip.compress(decomposed_for_1258(written(ROWS))), Feed(encoding="windows-1258")),
    ],
)
def test_what_is_packed_gives_the_rows_of_what_is_not(
    tmp_path: Path, name: str, content: bytes, feed: Feed | None
) -> None:
    _, plain = delimited.read(tmp_path / "plain", PLAIN)
    reading, rows = read(tmp_path / "packed", name, content, feed)
    assert rows == plain
    assert reading.bytes == len(content)


BROKEN = "the archive is not whole"


@pytest.mark.parametrize(
    ("name", "content", "wanted"),
    [
        ("2022-10.csv.gz", gzip.compress(PLAIN)[:-20], BROKEN),
        ("2022-10.csv.gz", gzip.compress(PLAIN)[:-1], BROKEN),
        ("2022-10.csv.gz", gzip.compress(PLAIN)[:-8] + b"\0" * 8, BROKEN),
        ("2022-10.csv.gz", gzip.compress(PLAIN) + b"more", BROKEN),
        ("2022-10.csv.gz", gzip.compress(PLAIN)[:4], BROKEN),
        ("2022-10.csv.gz", b"", "not a gzip archive, or not whole"),
        ("2022-10.csv.gz", PLAIN, "not a gzip archive, or not whole"),
        ("2022-10.csv.gz", zipped(("x.csv", PLAIN)), "found a ZIP archive or workbook, wanted a gzip archive"),
        ("2022-10.csv.gz", gzip.compress(PLAIN + b"1,2\n"), ":9: not readable as CSV: record 7 has 2 fields"),
        ("2022-10.csv.gz", gzip.compress(gzip.compress(PLAIN)), "found a gzip archive, wanted CSV"),
        ("2022-10.zip", zipped(("x.csv", PLAIN))[:-30], BROKEN),
        ("2022-10.zip", zipped(("x.csv", PLAIN))[:100], BROKEN),
        ("2022-10.zip", zipped(("x.csv", PLAIN), method=0).replace(b"UBND", b"UBNE"), BROKEN),
        ("2022-10.zip", gzip.compress(PLAIN), "found a gzip archive, wanted a ZIP archive or workbook"),
        ("2022-10.zip", zipped(("x.csv", PLAIN), ("y.csv", PLAIN)), "2 files in the archive, wanted one"),
        ("2022-10.zip", zipped(("x.csv", PLAIN), method=zipfile.ZIP_LZMA), "packed by a method that is not read here"),
        ("2022-10.zip", zipped(), "0 files in the archive, wanted one"),
        ("2022-10.zip", zipped(("folder/", b"")), "0 files in the archive, wanted one"),
        ("2022-10.zip", zipped(("Nguyễn.docx", PLAIN)), "the ending of the file in the archive is none of csv"),
        ("2022-10.csv.zip", encrypted(zipped(("x.csv", PLAIN))), "protected by a password"),
        ("2022-10.csv", zipped(("x.csv", PLAIN)), "found a ZIP archive or workbook, wanted CSV"),
        ("2022-10.csv", gzip.compress(PLAIN), "found a gzip archive, wanted CSV"),
        ("2022-10.csv", b"%PDF-1.7\n", "found a PDF document, wanted CSV"),
        ("2022-10.csv", b"\n <HTML><table>", "found a web page or XML, wanted CSV"),
        ("2022-10.csv.gz", gzip.compress(b"x" * (packed._FREE_OF_RATIO + 1)), "unpacks to more than"),
        ("2022-10.csv.zip", zipped(("x.csv", b"x" * (packed._FREE_OF_RATIO + 1))), "unpacks to more than"),
    ],
)  # fmt: skip # a case is a row
def test_an_archive_that_is_none_or_not_whole_is_refused_in_words(
    tmp_path: Path, name: str, content: bytes, wanted: str
) -> None:
    message = delimited.refused(tmp_path, content, name=name)
    assert wanted in message and name in message and "Nguyễn" not in message


def test_the_absolute_limit_stops_what_packs_badly_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "MOST_UNPACKED", 1000)
    monkeypatch.setattr(packed, "_CHUNK", 100)
    assert "unpacks to more than 1000 bytes" in delimited.refused(tmp_path, gzip.compress(PLAIN), name="2022-10.csv.gz")


def test_a_form_that_comes_after_another_has_landed_is_no_second_file_of_the_month(
    inbox: Inbox, tmp_path: Path
) -> None:
    province = load_province(PROVINCE)
    path = inbox.write("filings", "2022-10", ROWS)
    zone.land(province, inbox.root, tmp_path / "landing")
    path.with_name("2022-10.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    assert zone.land(province, inbox.root, tmp_path / "landing") == []
    both = refused_files(tmp_path / "landing")
    assert [(one.file_name, one.reason) for one in both] == [("2022-10.csv", "one_name_twice")] * 2
    assert all("they differ in form alone; keep one" in one.words for one in both)
    path.unlink()
    assert zone.land(province, inbox.root, tmp_path / "landing") == []
    (late,) = refused_files(tmp_path / "landing")
    assert "which has landed as " in late.words
    assert ", in another form: its rows would count twice" in late.words
    assert late.file_name == "2022-10.csv", "the version that has landed goes on, and says so"


def test_the_control_file_of_an_archive_states_its_own_hash(inbox: Inbox, tmp_path: Path) -> None:
    path = inbox.write("filings", "2022-10", ROWS, control={"rows": len(ROWS), "sha256": "0" * 64})
    path.with_name("2022-10.csv.gz").write_bytes(gzip.compress(path.read_bytes())[:-9])
    path.unlink()
    with pytest.raises(ExtractError, match=r"control total differs: key sha256 of 2022-10\.control\.json"):
        zone.land(load_province(PROVINCE), inbox.root, tmp_path / "landing")
