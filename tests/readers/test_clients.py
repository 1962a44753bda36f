"""A publication opened by the clients that people have: five lines of DuckDB, and three readers of Parquet."""

import re
from datetime import date, datetime
from typing import Any

import duckdb
import pytest
from dvctt.settings import Settings

from tests.conftest import REPOSITORY
from tests.publications.test_publish import current
from tests.readers.conftest import INSTALLED, ask, client

DUCKDB_LINES = ("1.0", "1.2", "1.4", "1.5", "2.0")
PARQUET_READERS = ("polars", "pyarrow", "fastparquet")

KINDS = {
    "polars": {
        "DATE": "Date", "TIMESTAMP": "Datetime(time_unit='us', time_zone=None)", "VARCHAR": "String", "BIGINT": "Int64",
        "INTEGER": "Int32", "DOUBLE": "Float64", "BOOLEAN": "Boolean",
    },
    "pyarrow": {
        "DATE": "date32[day]", "TIMESTAMP": "timestamp[us]", "VARCHAR": "string", "BIGINT": "int64", "INTEGER": "int32",
        "DOUBLE": "double", "BOOLEAN": "bool",
    },
    # It has no kind for a date alone: midnight stands for it. A whole number with gaps is a nullable one.
    "fastparquet": {
        "DATE": "datetime64[ns]", "TIMESTAMP": "datetime64[us]", "VARCHAR": "object", "BIGINT": "int64", "INTEGER": "int32",
        "DOUBLE": "float64", "BOOLEAN": "bool",
    },
}  # fmt: skip # a client's types are read side by side


def test_every_promised_line_of_duckdb_is_installed_at_the_version_of_its_lock() -> None:
    locks = sorted((REPOSITORY / "requirements" / "readers").glob("*.txt"))
    assert [path.stem for path in locks] == [*(f"duckdb-{line}" for line in DUCKDB_LINES), "parquet"]
    for path in locks:
        text = path.read_text(encoding="utf-8")
        assert "://" not in text
        # A pin with a marker is of another Python, perhaps.
        pinned = re.findall(r"^([a-z0-9-]+)==([0-9.]+) \\$", text, re.M)
        assert {name for name, _ in pinned} >= ({"duckdb"} if path.stem != "parquet" else set(PARQUET_READERS))
        for name, version in pinned:
            assert (client(path.stem) / f"{name.replace('-', '_')}-{version}.dist-info").is_dir(), (path, name)
    for line in DUCKDB_LINES:
        assert (
            (REPOSITORY / "requirements" / "readers" / f"duckdb-{line}.txt").read_text().startswith(f"duckdb=={line}.")
        )


@pytest.mark.parametrize("line", DUCKDB_LINES)
def test_a_client_of_this_line_reads_the_published_marts(tiny_home: Settings, line: str) -> None:
    publication = current(tiny_home)
    assert publication.marts.stat().st_mode & 0o777 == 0o444
    answer = ask("ask_duckdb.py", publication.marts, on_path=[client(f"duckdb-{line}")])
    assert answer["version"].startswith(f"{line}.")
    assert answer["module"].startswith(str(INSTALLED))
    assert answer["counts"] == publication.manifest["row_counts"]
    assert sum(answer["counts"].values()) > 1000
    assert answer["views"] == []
    assert answer["comment"].startswith("One row per scope (agency, group, province)")
    assert answer["column_comment"]
    assert answer["rows"] == [
        [["str", "Vĩnh Phúc"], ["date", "2022-10-01"], ["int", "3000050000"], ["NoneType", "None"], ["float", "50.0"]]
    ]
    assert "read-only" in answer["refused"]


def plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date | datetime) else value


def accepted(library: str, kind: str, found: str, *, gaps: bool) -> bool:
    nullable = {"int64": "Int64", "int32": "Int32", "bool": "boolean"} if library == "fastparquet" and gaps else {}
    wanted = KINDS[library][kind]
    return found in {wanted, nullable.get(wanted, wanted)}


@pytest.mark.parametrize("library", PARQUET_READERS)
def test_every_column_and_row_of_every_parquet_file_is_read(tiny_home: Settings, library: str) -> None:
    publication = current(tiny_home)
    answer = ask("ask_parquet.py", library, publication.folder / "parquet", on_path=[client("parquet")])
    assert answer["module"].startswith(str(INSTALLED))
    files = answer["files"]
    assert {name: len(file["rows"]) for name, file in files.items()} == publication.manifest["row_counts"]
    kinds_seen = set()
    with duckdb.connect(str(publication.marts), read_only=True) as marts:
        for name, file in files.items():
            relation = marts.table(name)
            rows = [list(row) for row in relation.fetchall()]
            midnight = library == "fastparquet"
            dates = [midnight and kind == "DATE" for kind in relation.types]
            wanted = [
                [
                    f"{value}T00:00:00" if is_date and value else plain(value)
                    for value, is_date in zip(row, dates, strict=True)
                ]
                for row in rows
            ]
            assert file["rows"] == wanted, name
            assert list(file["kinds"]) == relation.columns, name
            for index, (column, kind) in enumerate(zip(relation.columns, relation.types, strict=True)):
                gaps = any(row[index] is None for row in rows)
                assert accepted(library, str(kind), file["kinds"][column], gaps=gaps), (name, column, kind)
                kinds_seen.add(str(kind))
    assert kinds_seen == set(KINDS[library])
    (row,) = [
        dict(zip(files["mart_payments"]["kinds"], row, strict=True))
        for row in files["mart_payments"]["rows"]
        if row[:2] == ["2022-10-01T00:00:00" if library == "fastparquet" else "2022-10-01", "province"]
    ]
    assert row["entity_name_vi"] == "Vĩnh Phúc"
    assert row["online_payment_amount_vnd"] == 3_000_050_000
    assert row["is_month_loaded"] is True
    assert row["group_code"] is None
    assert row["ytd_online_payment_amount_vnd"] is None
