"""JSON as programs write it: flat objects become rows of text, digit by digit, or the file is refused in words."""

import json
from pathlib import Path
from typing import Any

import pytest
from dvctt.core.contract import ENTITIES
from dvctt.extract._forms import json_text

from tests.extract.test_delimited import ROWS, read, refused, written

FILINGS = ENTITIES["filings"]
HEADER = [*FILINGS.columns, *FILINGS.personal]
OBJECTS = [{column: row.get(column, "") for column in HEADER} for row in ROWS]
ARRAY = json.dumps(OBJECTS, ensure_ascii=False)
LAST = FILINGS.columns[-1]


def with_value(written_value: str) -> str:
    """The array with one value of the first object as it is written here."""
    return json.dumps([{**OBJECTS[0], LAST: "HERE"}, *OBJECTS[1:]]).replace('"HERE"', written_value)


@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
@pytest.mark.parametrize(
    "text",
    [
        ARRAY,
        json.dumps(OBJECTS, ensure_ascii=True, indent=2),
        "\ufeff" + ARRAY,
        f' {{"thang": "2022-10", "tong": 6, "du_lieu": {ARRAY}, "het": null, "co": true}} \n',
        json.dumps(
            [{key: value for key, value in each.items() if value} for each in OBJECTS] + [dict.fromkeys(HEADER)]
        )[:-1]
        + "]",
    ],
    ids=["array", "escaped", "marked", "wrapped", "sparse"],
)
def test_objects_give_the_rows_of_the_csv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, chunk: int
) -> None:
    _, plain = read(tmp_path / "plain", written(ROWS).encode())
    monkeypatch.setattr(json_text, "_CHUNK", chunk)
    _, rows = read(tmp_path, text.encode(), name="2022-10.json")
    assert rows[: len(plain)] == plain
    assert all(set(row[1:]) == {None} for row in rows[len(plain) :])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("20221012345678901234567890", "20221012345678901234567890"),
        ("9007199254740993", "9007199254740993"),
        ("1.10", "1.10"),
        ("1e5", "1e5"),
        ("-0", "-0"),
        ("true", "true"),
        ("null", None),
        ('""', None),
        ('" a\\n\\u0111{\\"}[\\\\"', ' a\nđ{"}[\\'),
        ('"\\ud83d\\ude42"', "🙂"),
    ],
)
def test_a_value_keeps_its_digits_and_signs(tmp_path: Path, value: str, text: str | None) -> None:
    assert read(tmp_path, with_value(value).encode(), name="2022-10.json")[1][0][-1] == text


BROKEN = "not JSON, or not whole"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", f"behind record 0: {BROKEN}: the file ends"),
        ("MaHoSo,MaTTHC\n", f"behind record 0: {BROKEN}: something else stands"),
        (ARRAY[:-1], f"behind record {len(ROWS)}: {BROKEN}: the file ends"),
        (ARRAY[:-9], f"behind record {len(ROWS) - 1}: {BROKEN}"),
        (ARRAY[: len(ARRAY) // 2], BROKEN),
        (ARRAY[:-1] + ",]", BROKEN),
        (ARRAY + "[]", "something stands behind the end; a file with an object a line is named .jsonl"),
        ("\n".join(map(json.dumps, OBJECTS)), "an object without an array of rows; a file with an object a line is named .jsonl"),
        (f'{{"a": {ARRAY}, "b": []}}', "the outer object has two arrays"),
        (f'{{"a": {{}}, "b": {ARRAY}}}', "an object inside the outer object"),
        (f'{{"a": 1, "a": {ARRAY}}}', "stands twice"),
        ("{}", BROKEN),
        ('{"a": 1}', "an object without an array of rows"),
        ("[1, 2]", "a value that is no object"),
        ("[[1]]", "a value that is no object"),
        ("[" * 100_000, "nested too deep"),
        (with_value("NaN"), "behind record 0: NaN or Infinity, which JSON does not have"),
        (with_value("-Infinity"), "NaN or Infinity"),
        (with_value('{"Nguyễn": 1}'), f"record 1, {LAST}: an object or an array"),
        (with_value('["Nguyễn"]'), f"record 1, {LAST}: an object or an array"),
        (with_value("'x'"), BROKEN),
        (with_value("01"), BROKEN),
        (with_value('"a\nb"'), BROKEN),
        (with_value('"\\u0000"'), f"record 1, {LAST}: a sign that is none in any text"),
        (with_value('"\\ud800"'), f"record 1, {LAST}: a sign that is none in any text"),
        (with_value(f'"", "{LAST}": ""'), "a key stands twice in one object"),
        (with_value('"", "mahoso": ""'), "columns 1, 17 of the header have one name but for case: MaHoSo"),
        (with_value('"", "": "x"'), ": its keys: column 17 of 23 has no name; wanted a name for every column"),
        (with_value('"", "Nguyễn": [1]'), "record 1, key 17: an object or an array"),
        (json.dumps([{**each, f"k{n}": 1} for n, each in enumerate(OBJECTS * 99)]), "more than 500 different keys"),
        (json.dumps([{key: value for key, value in each.items() if key != "MaHoSo"} for each in OBJECTS]), ": its keys: missing mandatory column MaHoSo"),
        ('[{"Nguyễn": 1}]', ": its keys: missing mandatory column"),
        ("[]", "empty file"),
    ],
)  # fmt: skip # a case is a row
def test_what_is_no_table_is_refused_in_words(tmp_path: Path, text: str, wanted: str) -> None:
    message = refused(tmp_path, text.encode(), name="2022-10.json")
    assert wanted in message and "2022-10.json" in message and "Nguyễn" not in message


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    assert "not UTF-8 text" in refused(tmp_path, ARRAY.encode("utf-16"), name="2022-10.json")
    assert "not UTF-8 text" in refused(tmp_path, ARRAY.encode()[:-2] + b'\xff"}]', name="2022-10.json")


def test_an_object_without_an_end_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_text, "LONGEST_OBJECT", 1000)
    monkeypatch.setattr(json_text, "_CHUNK", 100)
    text = with_value('"' + "x" * 5000)
    assert "an object longer than 1000 characters" in refused(tmp_path, text.encode(), name="2022-10.json")


@pytest.mark.parametrize("chunk", [1, 2, 3, 1 << 20])
def test_objects_that_a_reader_loses_are_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    real: Any = json_text._array

    def losing(reader: Any) -> Any:
        for number, each in enumerate(real(reader)):
            if number != 2:
                yield each

    monkeypatch.setattr(json_text, "_array", losing)
    monkeypatch.setattr(json_text, "_CHUNK", chunk)
    assert "not all of it was read" in refused(tmp_path, with_value('"\\\\{\\"{"').encode(), name="2022-10.json")
