"""One month in every form: the same rows, by hash. And a name says one form, in one place."""

import gzip
import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from dvctt.core.contract import ENTITIES
from dvctt.extract import Offer, files
from dvctt.extract._forms import ENDINGS, ending_of, form_of, stem_of
from dvctt.landing import zone
from dvctt.province.folder import load_province
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import PROVINCE, REPOSITORY, filing, payment
from tests.extract import books
from tests.extract.test_delimited import read, written
from tests.extract.test_packed import zipped
from tests.extract.test_parquet import parquet

Rows = list[dict[str, str]]
PROVINCE_DATA = load_province(PROVINCE)
FILINGS = ENTITIES["filings"]
HEADER = [*FILINGS.columns, *FILINGS.personal]


def table(rows: Rows) -> list[list[str]]:
    return [HEADER, *([row.get(column, "") for column in HEADER] for row in rows)]


def objects(rows: Rows) -> list[dict[str, str]]:
    return [dict(zip(HEADER, values, strict=True)) for values in table(rows)[1:]]


def lines(rows: Rows) -> bytes:
    return "".join(json.dumps(each) + "\n" for each in objects(rows)).encode()


def array(rows: Rows) -> bytes:
    return json.dumps(objects(rows)).encode()


def plain(rows: Rows) -> bytes:
    return written(rows).encode()


WRITERS: dict[str, Callable[[Path, Rows], bytes]] = {
    "csv": lambda _, rows: plain(rows),
    "csv.gz": lambda _, rows: gzip.compress(written(rows, "\t").encode("utf-16")),
    "csv.zip": lambda _, rows: zipped(("x", written(rows, ";").encode())),
    "zip": lambda _, rows: zipped(("x.jsonl", lines(rows))),
    "json": lambda _, rows: array(rows),
    "json.gz": lambda _, rows: gzip.compress(array(rows)),
    "json.zip": lambda _, rows: zipped(("x", array(rows))),
    "jsonl": lambda _, rows: lines(rows),
    "jsonl.gz": lambda _, rows: gzip.compress(lines(rows)),
    "jsonl.zip": lambda _, rows: zipped(("x", lines(rows))),
    "parquet": lambda folder, rows: parquet(folder / "made", rows),
    "xlsx": lambda _, rows: books.xlsx({"A": table(rows)}),
    "xls": lambda _, rows: books.xls({"A": table(rows)}),
    "ods": lambda _, rows: books.ods({"A": table(rows)}),
}
MONTH = [
    filing(f"H62.01-{n}", "243", f"202210{n % 28 + 1:02d}101010", DonViXuLy=name, LoaiDoiTuong="0017")
    for n, name in enumerate(("Sở Tài chính", "UBND huyện Vĩnh Tường; bộ phận \"Một cửa\"", "", "a,b|c", "Đặng") * 7)
]  # fmt: skip # a name is a cell


def hash_of(rows: list[tuple[object, ...]]) -> str:
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def test_every_ending_has_a_writer_here() -> None:
    assert sorted(WRITERS) == sorted(ENDINGS)


@pytest.mark.parametrize("ending", ENDINGS)
def test_one_month_gives_the_same_rows_in_every_form(tmp_path: Path, ending: str) -> None:
    reading, wanted = read(tmp_path / "plain", plain(MONTH))
    other, found = read(tmp_path / "other", WRITERS[ending](tmp_path, MONTH), name=f"2022-10.{ending}")
    assert hash_of(found) == hash_of(wanted)
    assert (other.rows, other.dropped_columns, other.other_columns) == (
        reading.rows,
        reading.dropped_columns,
        reading.other_columns,
    )


@pytest.mark.parametrize("ending", ["csv.gz", "xlsx", "jsonl", "parquet"])
def test_what_lands_is_the_same_parquet_and_no_citizen_stays_beside_it(tmp_path: Path, ending: str) -> None:
    landed = []
    for name in dict.fromkeys(("csv", ending)):
        path = tmp_path / name / "inbox" / "one_stop" / "filings" / f"2022-10.{name}"
        path.parent.mkdir(parents=True)
        path.write_bytes(WRITERS[name](tmp_path / name, MONTH))
        (path.parent / "2022-10.control.json").write_text(
            json.dumps(
                {
                    "rows": len(MONTH),
                    "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
                    "agencies": {"243": len(MONTH)},
                }
            )
        )
        (extract,) = zone.land(PROVINCE_DATA, tmp_path / name / "inbox", tmp_path / name / "landing")
        assert extract.file_name == f"2022-10.{name}"
        assert extract.extract_id.startswith("one_stop.filings.2022-10-")
        landed.append(extract.parquet_sha256)
        for left in (tmp_path / name / "landing").rglob("*"):
            assert left.is_dir() or "MẪU".encode() not in left.read_bytes()
    assert len(set(landed)) == 1


safe = st.text(st.sampled_from("aăĐọ ,;|\"'1.{[\\=#"), max_size=8).map(str.strip)


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "xlsx", "xls", "ods", "json", "jsonl", "parquet"])
@given(names=st.lists(st.tuples(safe, safe), min_size=1, max_size=5))
@settings(max_examples=8, deadline=None)
def test_any_table_of_text_gives_the_same_rows_in_every_form(
    tmp_path_factory: pytest.TempPathFactory, ending: str, names: list[tuple[str, str]]
) -> None:
    folder = tmp_path_factory.mktemp("any")
    rows = [filing(f"K{n}", "243", "20221001000000", DonViXuLy=one, TenTTHC=two) for n, (one, two) in enumerate(names)]
    _, wanted = read(folder / "plain", plain(rows))
    _, found = read(folder / "other", WRITERS[ending](folder, rows), name=f"2022-10.{ending}")
    assert found == wanted


def test_an_amount_is_added_up_in_a_workbook_too(tmp_path: Path) -> None:
    columns = [*ENTITIES["payment_requests"].columns]
    rows = [payment(str(n), "A", "243", "2022-10-01", 9_007_199_254_740) for n in range(3)]
    values = [[row.get(column, "") if column != "SoTien" else int(row[column]) for column in columns] for row in rows]
    path = tmp_path / "2022-10.xlsx"
    path.write_bytes(books.xlsx({"A": [columns, *values]}))
    offer = Offer("one_stop", "payment_requests", _month(), path.name, path, None)
    with duckdb.connect() as connection:
        reading = files.read(offer, PROVINCE_DATA.sources[0].entities["payment_requests"], tmp_path / "x", connection)
    assert reading.total_amount_vnd == 27_021_597_764_220


def _month() -> zone.Month:
    return zone.Month.parse("2022-10")


def test_the_longest_ending_is_a_file_s_ending() -> None:
    assert [
        ending_of(name) for name in ("2022-10.csv", "2022-10.a.csv.gz", "2022-10.x.zip", "2022-10.json.zip", "a.docx")
    ] == [
        "csv",
        "csv.gz",
        "zip",
        "json.zip",
        None,
    ]
    assert [stem_of(name) for name in ("2022-10.a.csv.gz", "2022-10.gz")] == ["2022-10.a", "2022-10.gz"]


def test_every_ending_leads_to_a_form() -> None:
    assert all(callable(form_of(f"2022-10.{ending}").as_text) for ending in ENDINGS)


def test_a_library_is_loaded_when_a_file_needs_it() -> None:
    code = "import sys, dvctt.extract.files; print([n for n in ('python_calamine', 'xlrd') if n in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("suffix", ["", "H62.01", "H62", "bo-sung", "H62.01.bo-sung"])
def test_the_models_take_the_same_ending_off_a_name(ending: str, suffix: str) -> None:
    """Otherwise 2022-10.csv.gz is not the file for all, and a month that has come counts as one that has not."""
    macros = (REPOSITORY / "dbt_project" / "macros" / "feeds.sql").read_text(encoding="utf-8")
    (pattern,) = re.findall(r"'(\^[^']+)', 1", macros)
    name = f"2022-10{suffix and f'.{suffix}'}.{ending}"
    wanted = stem_of(name).partition(".")[2]
    assert wanted == suffix
    assert duckdb.execute("select regexp_extract(?, ?, 1)", [name, pattern]).fetchall() == [(wanted,)]
