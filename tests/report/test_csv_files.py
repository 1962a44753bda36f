"""Marts as CSV: every number reads back as its mart's, caveats are in, and nothing in it runs as a formula."""

import csv
from datetime import date
from pathlib import Path

import duckdb
import pytest
from dvctt.core.errors import ReportError
from dvctt.report.texts import Text, text_of
from dvctt.report.writers.csv_files import write_csv

from tests.report.conftest import GIVEN

_WARNING = '{"id":"warning","check_id":"x","title_vi":"a, \\"b\\"","relation":"equal","expected":0,"observed":1}'


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def words_of(text: Text | None) -> list[str]:
    return [] if text is None else [f"{text.name}_vi", f"{text.name}_en"]


def test_every_mart_gets_a_file_and_every_value_reads_back(marts, tmp_path):
    written = write_csv(marts, tmp_path / "csv")
    assert [path.name for path in written] == sorted(f"{table}.csv" for table in GIVEN if table.startswith("mart_"))
    compared = 0
    with duckdb.connect(str(marts), read_only=True) as connection:
        for path in written:
            cursor = connection.execute(f"select * from {path.stem} order by all")
            names = [column[0] for column in cursor.description]
            rows = cursor.fetchall()
            found = read(path)
            texts = {name: text_of(path.stem, name) for name in names if text_of(path.stem, name)}
            wanted = [
                ([name] if name not in texts or texts[name].keeps_id else []) + words_of(texts.get(name))
                for name in names
            ]
            assert list(found[0]) == [one for columns in wanted for one in columns]
            assert len(found) == len(rows)
            for text, row in zip(found, rows, strict=True):
                for name, value in zip(names, row, strict=True):
                    if name in texts and texts[name].beside:
                        assert all(text[one] for one in words_of(texts[name])) or texts[name].name == "residue_name"
                    elif name in texts:
                        assert all(bool(text[one]) == (value is not None) for one in words_of(texts[name]))
                    elif value is None:
                        assert text[name] == ""
                    elif isinstance(value, bool):
                        assert text[name] == str(value).lower()
                    elif isinstance(value, (int, float)):
                        assert type(value)(text[name]) == value
                        compared += 1
                    else:
                        assert text[name] == str(value)
    assert compared > 300


def test_numbers_and_dates_are_written_for_machines_and_null_is_no_zero(marts, tmp_path):
    write_csv(marts, tmp_path)
    rates = {
        row["entity_code"]: row for row in read(tmp_path / "mart_online_rates.csv") if row["month"] == "2022-10-01"
    }
    assert rates["provincial"]["received"] == "5869"
    assert rates["provincial"]["online_rate_percent"] == "50.2982"
    assert rates["243"]["received"] == ""
    assert rates["H62.16"]["received"] == "0"
    assert read(tmp_path / "mart_group_gaps.csv")[0]["gap_points"] == "28.7031"
    assert read(tmp_path / "mart_group_gaps.csv")[1]["gap_points"] == "-28.7031"
    assert read(tmp_path / "mart_data_cut_off.csv") == [
        {"month": "2022-10-01", "data_cut_off_at": "2022-11-05 01:02:33", "extract_count": "41"}
    ]
    assert {row["is_delivered"] for row in read(tmp_path / "mart_feeds.csv")} == {"true", "false"}


def test_a_figure_with_a_caveat_carries_it(marts, tmp_path):
    write_csv(marts, tmp_path)
    rates = {
        row["entity_code"]: row for row in read(tmp_path / "mart_online_rates.csv") if row["month"] == "2022-10-01"
    }
    assert rates["252"]["caveat_vi"] == "chưa tính 8 dòng bị cách ly"
    assert rates["243"]["caveat_vi"] == "chưa có dữ liệu từ UBND thành phố Vĩnh Yên"
    assert rates["252"]["caveat_en"] == "rows set aside and not counted: 8"
    assert rates["district"]["caveat_vi"] == "chưa có dữ liệu từ UBND thành phố Vĩnh Yên · chưa tính 8 dòng bị cách ly"
    assert (rates["H62.15"]["caveat_vi"], rates["H62.15"]["caveat_en"]) == ("", "")


def test_what_a_closed_month_has_in_words_alone_keeps_them_and_gains_no_others(build_marts, tmp_path):
    marts = build_marts(
        mart_caveats=[
            (
                date(2022, 10, 1),
                "filings",
                "province",
                "26",
                "P",
                "a",
                '{"id":"in_words","text_vi":"đóng","text_en":"closed"}',
            ),
            (date(2022, 10, 1), "filings", "province", "26", "P", "b", '{"id":"in_words","text_vi":"đóng"}'),
        ]
    )
    write_csv(marts, tmp_path)
    assert [(row["text_vi"], row["text_en"]) for row in read(tmp_path / "mart_caveats.csv")] == [
        ("đóng", "closed"),
        ("đóng", ""),
    ]


def test_excel_is_told_that_it_is_utf_8_and_lines_end_as_on_unix(marts, tmp_path):
    write_csv(marts, tmp_path)
    raw = (tmp_path / "mart_online_rates.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbfmonth,scope,")
    assert b"\r" not in raw
    assert "Sở Y tế".encode() in raw


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(build_marts, tmp_path, start):
    evil = f"{start}HYPERLINK(1)"
    marts = build_marts(mart_caveats=[(date(2022, 10, 1), "filings", "agency", "1", evil, "warning", _WARNING)])
    write_csv(marts, tmp_path)
    [row] = read(tmp_path / "mart_caveats.csv")
    assert row["entity_name_vi"] == f"'{evil}"
    assert row["text_vi"] == 'a, "b" (x): mong đợi 0, quan sát 1'


def test_the_same_rows_give_the_same_bytes_in_whatever_order_they_lie(build_marts, rows, tmp_path):
    one = write_csv(build_marts("a.duckdb"), tmp_path / "a")
    two = write_csv(build_marts("b.duckdb", **{table: values[::-1] for table, values in rows.items()}), tmp_path / "b")
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]
    assert len(one) > 9


def test_only_marts_are_written(marts, tmp_path):
    with duckdb.connect(str(marts)) as connection:
        connection.execute("create table fct_filings (ma_ho_so varchar)")
    assert "fct_filings.csv" not in [path.name for path in write_csv(marts, tmp_path)]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ReportError, match=r"nothing\.duckdb: no such file"):
        write_csv(tmp_path / "nothing.duckdb", tmp_path / "csv")


def test_a_file_that_is_no_warehouse_is_named(tmp_path):
    (tmp_path / "marts.duckdb").write_bytes(b"not a warehouse at all")
    with pytest.raises(ReportError, match=r"marts\.duckdb: cannot read the marts"):
        write_csv(tmp_path / "marts.duckdb", tmp_path / "csv")


def test_a_warehouse_without_marts_is_refused(tmp_path):
    duckdb.connect(str(tmp_path / "marts.duckdb")).close()
    with pytest.raises(ReportError, match=r"marts\.duckdb: found no table mart_\*, wanted at least one"):
        write_csv(tmp_path / "marts.duckdb", tmp_path / "csv")
