"""A path is a path: whatever it holds, DuckDB reads that file and no neighbour's."""

from datetime import date
from pathlib import Path

import duckdb
import pytest
from dvctt.core.errors import WarehouseError
from dvctt.core.sql import day_literal, file_literal, identifier, literal, read_literal, read_literals, readable
from dvctt.landing import zone
from dvctt.province.folder import load_province
from dvctt.warehouse import connections, foundation

from tests.conftest import PROVINCE, Inbox, filing

VINH_PHUC = load_province(PROVINCE)
NAMES = [("kho[12]", "kho1"), ("kho*", "khoá"), ("kho?", "khoá"), ("kho[a-z]", "khob"), ("kho[!x]", "khob"), ("**", "k"), ("{a,b}", "a"), ("it's 100% hồ sơ", "k"), ("$HOME ~ `x`", "k"), ("[", "k"), ("]", "k"), ("kho[[]12]", "kho[12]"), ('a"b', "k")]  # fmt: skip # a case is a row


@pytest.mark.parametrize(("name", "neighbour"), NAMES)
def test_a_neighbour_is_never_read(tmp_path: Path, name: str, neighbour: str) -> None:
    for folder in (name, neighbour):
        (tmp_path / folder).mkdir()
        for file in ("x.parquet", "[x].parquet"):
            duckdb.execute(
                f"copy (select {literal(folder)} as lies_in) to {file_literal(tmp_path / folder / file)} (format parquet)"
            )
    for file in ("x.parquet", "[x].parquet"):
        path = tmp_path / name / file
        assert duckdb.sql(f"select lies_in from read_parquet({read_literal(path)})").fetchall() == [(name,)]
        assert duckdb.sql(f"select lies_in from read_parquet({read_literals([path])})").fetchall() == [(name,)]
        assert duckdb.execute("select lies_in from read_parquet(?)", [readable(path)]).fetchall() == [(name,)]
        (found,) = duckdb.execute("select file_name from parquet_file_metadata(?)", [readable(path)]).fetchall()
        assert found == (str(path),)


def test_what_no_bracket_can_escape_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="takes a part of this path for a pattern"):
        readable(tmp_path / "a[1]\\b")


@pytest.mark.parametrize(("name", "neighbour"), [pair for pair in NAMES[:5] if "?" not in pair[0]])
def test_inbox_and_landing_of_a_neighbour_stay_his(tmp_path: Path, name: str, neighbour: str) -> None:
    for folder, agency in ((neighbour, "244"), (name, "243")):
        root = tmp_path / folder
        Inbox(root / "inbox").write("filings", "2022-10", [filing("A", agency, "20221001000000")])
        extracts = zone.land(VINH_PHUC, root / "inbox", root / "landing")
        foundation.lay_foundation(root / "candidate", VINH_PHUC, root / "landing", extracts)
        with duckdb.connect(str(connections.candidate_path(root / "candidate")), read_only=True) as connection:
            found = connection.execute("select MaDonVi, extract_id from landing.filings").fetchall()
        assert found == [(agency, extracts[0].extract_id)]


@pytest.mark.parametrize("name", ["plain", 'a"b', "select", "Tỷ lệ", "it's"])
def test_a_name_is_a_name_whatever_it_holds(name: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"create table {identifier(name)} ({identifier(name)} varchar)")
        connection.execute(f"insert into {identifier(name)} values ({literal(name)})")
        assert connection.execute(f"select {identifier(name)} from {identifier(name)}").fetchall() == [(name,)]


def test_a_day_is_a_day() -> None:
    assert duckdb.sql(f"select {day_literal(date(2022, 10, 1))} as day").fetchall() == [(date(2022, 10, 1),)]
