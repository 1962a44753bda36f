"""CSV as programs and offices write it: every separator and encoding gives the same rows, and none is guessed."""

import csv
import io
import re
import unicodedata
from pathlib import Path

import duckdb
import pytest
from dvctt.core.contract import ENTITIES
from dvctt.core.errors import ExtractError
from dvctt.extract import Reading, files
from dvctt.extract._forms import SEPARATORS
from dvctt.province.folder import load_province
from dvctt.province.model import Feed
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import PROVINCE, filing

SOURCE = load_province(PROVINCE).sources[0]
NAMES = ('Sở Tài chính; phòng "Một cửa"', "a|b,c", "UBND huyện Vĩnh Tường", "x\ty\nz", "", "Đặng Hữu Ngữ")
ROWS = [filing(str(n), "243", "20221001000000", DonViXuLy=name) for n, name in enumerate(NAMES)]


def written(rows: list[dict[str, str]], delimiter: str = ",") -> str:
    columns = [*ENTITIES["filings"].columns, *ENTITIES["filings"].personal]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="", delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def decomposed_for_1258(text: str) -> bytes:
    """As Windows-1258 writes Vietnamese: a letter, and the mark of its tone behind it."""
    pieces = []
    for letter in text:
        try:
            pieces.append(letter.encode("cp1258"))
        except UnicodeEncodeError:
            parts = unicodedata.normalize("NFD", letter)
            tone = next(mark for mark in parts if mark in "\u0300\u0301\u0303\u0309\u0323")
            base = unicodedata.normalize("NFC", parts.replace(tone, "", 1))
            pieces.append((base + tone).encode("cp1258"))
    return b"".join(pieces)


def read(
    inbox: Path, content: bytes, feed: Feed | None = None, name: str = "2022-10.csv"
) -> tuple[Reading, list[tuple[object, ...]]]:
    path = inbox / "one_stop" / "filings" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    target = inbox / "out" / "x.parquet"
    target.parent.mkdir(exist_ok=True)
    target.unlink(missing_ok=True)
    (offer,) = files.offers(SOURCE, inbox)
    try:
        with duckdb.connect() as connection:
            reading = files.read(offer, feed or Feed(), target, connection)
            return reading, connection.sql(f"from '{target}' order by row_number").fetchall()
    finally:
        assert [path.name for path in target.parent.iterdir()] in (["x.parquet"], [])


def refused(inbox: Path, content: bytes, feed: Feed | None = None, name: str = "2022-10.csv") -> str:
    with pytest.raises(ExtractError) as caught:
        read(inbox, content, feed, name)
    assert not list((inbox / "out").iterdir()), "a refused file leaves nothing"
    assert "MẪU" not in str(caught.value) and caught.value.__cause__ is None
    return str(caught.value)


@pytest.fixture
def plain(tmp_path: Path) -> list[tuple[object, ...]]:
    return read(tmp_path, written(ROWS).encode())[1]


@pytest.mark.parametrize("delimiter", [sign for sign, _ in SEPARATORS])
@pytest.mark.parametrize("said", [False, True])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_every_separator_and_encoding_gives_the_same_rows(
    tmp_path: Path, plain: list[tuple[object, ...]], delimiter: str, said: bool, encoding: str
) -> None:
    text = (f"sep={delimiter}\n" if said else "") + written(ROWS, delimiter)
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    reading, rows = read(tmp_path, mark + text.encode(encoding))
    assert rows == plain
    assert (reading.rows, reading.bytes) == (len(ROWS), len(mark + text.encode(encoding)))


def test_windows_1258_is_read_where_sources_yml_says_it_and_composed(
    tmp_path: Path, plain: list[tuple[object, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    content = decomposed_for_1258(written(ROWS))
    assert content.decode("cp1258") != written(ROWS), "the marks stand by themselves"
    for chunk in (1, 2, 3, 1 << 20):
        monkeypatch.setattr("dvctt.extract._forms.delimited._CHUNK", chunk)
        assert read(tmp_path, content, Feed(encoding="windows-1258"))[1] == plain


def test_windows_1258_that_is_not_said_is_refused_with_the_key(tmp_path: Path) -> None:
    message = refused(tmp_path, decomposed_for_1258(written(ROWS)))
    assert "not UTF-8 text" in message and "say encoding: windows-1258" in message


@pytest.mark.parametrize(
    ("content", "feed", "wanted"),
    [
        (written(ROWS).encode(), Feed(encoding="windows-1258"), ":1: sources.yml says encoding: windows-1258, and the file is UTF-8 text"),
        (written(ROWS).encode("utf-16"), Feed(encoding="windows-1258"), ":1: sources.yml says encoding: windows-1258, and the file is UTF-16 text"),
        (written(ROWS).encode("utf-16"), Feed(encoding="utf-8"), ":1: sources.yml says encoding: utf-8, and the file is UTF-16 text"),
        (written(ROWS).encode(), Feed(encoding="utf-16"), ":1: sources.yml says encoding: utf-16, and the file does not begin with its mark"),
        (written(ROWS).encode("utf-16-le"), None, "it looks like UTF-16 without its mark"),
        (written(ROWS).encode("utf-16-be"), None, "it looks like UTF-16 without its mark"),
        (written(ROWS).encode("utf-16")[:-1], None, "not UTF-16 text, in its first"),
        (written(ROWS).encode("utf-16") + b"\x00\xd8", None, "not UTF-16 text, in its first"),
        (written(ROWS).encode("ascii", "ignore") + b"\x8a\xd2", Feed(encoding="windows-1258"), "not Windows-1258 text, in its first"),
        (b"sep=#\n" + written(ROWS).encode(), None, ":1: the line sep= names a sign that separates nothing here"),
        (b"sep=;\n" + written(ROWS, ";").encode(), Feed(separator="|"), ":1: the line sep= says semicolon, and sources.yml says bar"),
        (b"sep=;\n" + written(ROWS, ",").encode(), None, ":2: missing mandatory column"),
        (b"sep=;\n" + written(ROWS, ";").encode() + b"1;2\n", None, ":10: not readable as CSV: record 7 has 2 fields, wanted the 22 of the header (a semicolon in"),
        (written(ROWS, "|").encode() + b"a" + b"|" * 22 + b"\n", None, ":9: not readable as CSV: record 7 has 23 fields, wanted the 22 of the header (a bar in"),
        (written(ROWS, ";").encode(), Feed(separator=","), "none of the 1 fields of line 1 is a column name of the contract"),
    ],
)  # fmt: skip # a case is a row
def test_what_is_not_as_it_should_be_is_refused_in_words(
    tmp_path: Path, content: bytes, feed: Feed | None, wanted: str
) -> None:
    assert (
        f"2022-10.csv{wanted}" in refused(tmp_path, content, feed)
        or f"; {wanted}" in (message := refused(tmp_path, content, feed))
        or re.search(rf"2022-10\.csv: {re.escape(wanted)}|2022-10\.csv:1: .*{re.escape(wanted)}", message)
    ), message


def test_two_separators_that_both_fit_are_asked_for(tmp_path: Path) -> None:
    columns = ENTITIES["filings"].columns
    both = ",".join(columns) + ",;" + ";".join(columns)
    message = refused(tmp_path, f"{both}\n".encode())
    assert (
        "has the contract's columns with comma and with semicolon; say which it is in sources.yml, key separator"
        in message
    )


letters = st.text(st.sampled_from('aăâđêôơưỡọĐẶ ,;|"\n\t1'), max_size=8)


@given(
    st.lists(letters, min_size=1, max_size=5),
    st.sampled_from([s for s, _ in SEPARATORS]),
    st.sampled_from(["utf-8", "utf-16", "1258"]),
)
@settings(max_examples=40, deadline=None)
def test_any_text_comes_back_through_any_separator_and_encoding(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], delimiter: str, encoding: str
) -> None:
    rows = [filing(str(n), "243", "20221001000000", DonViXuLy=name, TenTTHC="đất") for n, name in enumerate(names)]
    text = written(rows, delimiter)
    content = decomposed_for_1258(text) if encoding == "1258" else text.encode(encoding)
    feed = Feed(encoding="windows-1258") if encoding == "1258" else None
    _, found = read(tmp_path_factory.mktemp("any"), content, feed)
    place = 1 + ENTITIES["filings"].columns.index("DonViXuLy")
    assert [row[place] for row in found] == [name or None for name in names]
