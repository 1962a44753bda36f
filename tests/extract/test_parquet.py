"""Parquet of other programs: text stays text, numbers keep what their type keeps, and what has no text is refused by name."""

from pathlib import Path

import duckdb
import pytest
from dvctt.core.contract import ENTITIES

from tests.extract.test_delimited import ROWS, read, refused, written

FILINGS = ENTITIES["filings"]
LAST = FILINGS.columns[-1]


def parquet(folder: Path, rows: list[dict[str, str]], **other: str) -> bytes:
    """The rows as a Parquet file; ``other`` gives SQL for a column in the place of its text."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "made.csv").write_text(written(rows), encoding="utf-8")
    columns = [*FILINGS.columns, *FILINGS.personal]
    chosen = ", ".join(f'{other.get(name, name)} as "{name}"' for name in dict.fromkeys([*columns, *other]))
    path = folder / "made.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select {chosen} from read_csv('{folder / 'made.csv'}', all_varchar = true)) to '{path}' (format parquet)"
        )
    return path.read_bytes()


def test_a_table_gives_the_rows_of_the_csv(tmp_path: Path) -> None:
    _, plain = read(tmp_path / "plain", written(ROWS).encode())
    reading, rows = read(tmp_path, parquet(tmp_path / "made", ROWS, Thua="[1, 2]"), name="2022-10.parquet")
    assert rows == plain
    assert (reading.dropped_columns, reading.other_columns) == (FILINGS.personal, 1)


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        ("9007199254740993::bigint", "9007199254740993"),
        ("2952::integer", "2952"),
        ("2952.0::double", "2952"),
        ("12.5::double", "12.5"),
        ("1e15::double", "1.00000000000000E+15"),
        ("16777216::float", "1.67772160000000E+07"),
        ("16777215::float", "16777215"),
        ("'nan'::double", "NAN"),
        ("'-infinity'::double", "-INF"),
        ("2952.00::decimal(12,2)", "2952"),
        ("2952.50::decimal(12,2)", "2952.50"),
        ("100::decimal(12,0)", "100"),
        ("true", "true"),
        ("date '2022-10-05'", "2022-10-05"),
        ("timestamp '2022-10-05 00:00:00'", "2022-10-05"),
        ("timestamp '2022-10-05 14:30:00'", "2022-10-05 14:30:00"),
        ("timestamp_ns '2022-10-05 14:30:00.123'", "2022-10-05 14:30:00.123"),
        ("null::integer", None),
        ("''", None),
        ("'a\"\n,\r'", 'a"\n,\r'),
    ],
)
def test_a_value_is_the_text_that_the_contract_knows(tmp_path: Path, sql: str, text: str | None) -> None:
    content = parquet(tmp_path / "made", ROWS, **{LAST: sql})
    assert read(tmp_path, content, name="2022-10.parquet")[1][0][-1] == text


@pytest.mark.parametrize(
    ("sql", "wanted"),
    [
        ("[1, 2]", f"{LAST}: a nested or binary value"),
        ("{'Nguyễn': 1}", f"{LAST}: a nested or binary value"),
        ("map {'a': 1}", f"{LAST}: a nested or binary value"),
        ("'a'::blob", f"{LAST}: a nested or binary value"),
        ("time '10:00'", f"{LAST}: a nested or binary value"),
        ("timestamptz '2022-10-05 14:30:00+07'", f"{LAST}: a moment with a zone"),
    ],
)
def test_a_column_without_a_text_is_refused_by_name(tmp_path: Path, sql: str, wanted: str) -> None:
    message = refused(tmp_path, parquet(tmp_path / "made", ROWS, **{LAST: sql}), name="2022-10.parquet")
    assert wanted in message and "Nguyễn" not in message


def test_a_file_that_is_none_or_not_whole_is_refused_in_words(tmp_path: Path) -> None:
    content = parquet(tmp_path / "made", ROWS)
    spoiled = content[: len(content) // 2] + b"\xff" * 40 + content[len(content) // 2 + 40 :]
    for bad in (
        content[:-1],
        content[: len(content) // 2],
        b"",
        b"PAR1PAR1",
        content[:-8] + b"\xff" * 4 + b"PAR1",
        spoiled,
    ):
        assert "no Parquet file, or not whole" in refused(tmp_path, bad, name="2022-10.parquet")
    assert "no Parquet file, or not whole" in refused(tmp_path, written(ROWS).encode(), name="2022-10.parquet")
    assert "found Parquet, wanted CSV" in refused(tmp_path / "named", content, name="2022-10.csv")


def test_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    content = parquet(tmp_path / "made", ROWS, MaHoXX="'x'").replace(b"MaHoXX", b"mahoso")
    assert "column MaHoSo stands more than once" in refused(tmp_path, content, name="2022-10.parquet")


def test_a_table_without_a_column_or_a_row_is_refused(tmp_path: Path) -> None:
    assert "empty file" in refused(tmp_path, parquet(tmp_path / "made", []), name="2022-10.parquet")
    content = parquet(tmp_path / "made", ROWS).replace(b"MaLinhVuc", b"MaLinhXXX")
    message = refused(tmp_path, content, name="2022-10.parquet")
    assert ": its columns: missing mandatory column MaLinhVuc" in message
