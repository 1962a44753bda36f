"""JSON lines: an object a line, and nothing else."""

import gzip
import json
from pathlib import Path

import pytest
from dvctt.extract._forms import json_lines

from tests.extract.test_delimited import ROWS, read, refused, written
from tests.extract.test_json_text import OBJECTS
from tests.extract.test_packed import zipped

LINES = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in OBJECTS)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("2022-10.jsonl", LINES.encode()),
        ("2022-10.jsonl", LINES.replace("\n", "\r\n\r\n").encode()),
        ("2022-10.jsonl", b"\xef\xbb\xbf" + LINES.rstrip().encode()),
        ("2022-10.jsonl.gz", gzip.compress(LINES.encode())),
        ("2022-10.zip", zipped(("x.jsonl", LINES.encode()))),
        ("2022-10.json.zip", zipped(("x", json.dumps(OBJECTS).encode()))),
    ],
)
def test_lines_give_the_rows_of_the_csv(tmp_path: Path, name: str, content: bytes) -> None:
    _, plain = read(tmp_path / "plain", written(ROWS).encode())
    assert read(tmp_path, content, name=name)[1] == plain


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (LINES[:-9], f"behind record {len(ROWS) - 1}: line {len(ROWS)} is no JSON object, or not whole"),
        (LINES + "\n\nNguyễn\n", f"behind record {len(ROWS)}: line {len(ROWS) + 3} is no JSON object, or not whole"),
        (LINES + "[1]\n", "a value that is no object"),
        (json.dumps(OBJECTS), "a value that is no object"),
        (json.dumps(OBJECTS, indent=1), "line 1 is no JSON object, or not whole"),
        (LINES + LINES[:-1] + LINES, "is no JSON object, or not whole"),
        (LINES + json.dumps({**OBJECTS[0], "MucDo": {"Nguyễn": 1}}), f"record {len(ROWS) + 1}, MucDo: an object or an array"),
        (LINES + '{"MaHoSo": Infinity}\n', "NaN or Infinity"),
        ("", "empty file"),
    ],
)  # fmt: skip # a case is a row
def test_a_line_that_is_no_row_is_refused_with_its_number(tmp_path: Path, text: str, wanted: str) -> None:
    message = refused(tmp_path, text.encode(), name="2022-10.jsonl")
    assert wanted in message and "Nguyễn" not in message


def test_a_line_without_an_end_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lines, "LONGEST_OBJECT", 100)
    assert "line 1 is longer than 100 characters" in refused(tmp_path, LINES.encode(), name="2022-10.jsonl")
