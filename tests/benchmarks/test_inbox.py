"""The inbox of a measurement holds the sample's records, as many and over as many months as asked."""

import csv
import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.inbox import make_inbox
from tests.conftest import Inbox, Rows, attempt, filing, payment, procedure

ROWS = 8
"""Filings, requests and attempts of the sample below."""


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """Two months in every form that the sample writes a day in; one filing is sent again in a supplement."""
    inbox = Inbox(tmp_path / "sample")

    def write(entity: str, name: str, rows: Rows) -> None:
        inbox.write(entity, name, rows, control={"rows": len(rows)})

    write("filings", "2022-01", [filing("A-1", "243", "20220131080000", NgayHenTra="05/02/2022 17:00")])
    write(
        "filings",
        "2022-02",
        [
            filing("B-1", "243", "2022-02-01T09:30:00.123"),
            filing("B-2", "H62.01", "28/02/2022 23:59:59", channel="1"),
            filing("B-3", "H62.01", "", TrangThaiHoSo="3", NgayNopHoSo="20220203101010", NgayKetThucXuLy=""),
        ],
    )
    write("filings", "2022-02.bo-sung", [filing("B-1", "243", "2022-02-01T09:30:00.123", level="3")])
    write("payment_requests", "2022-02", [payment("Y-1", "B-1", "243", "2022-02-02 10:00:00", 100_000)])
    write(
        "payment_attempts",
        "2022-02",
        [
            attempt("T-1", "Y-1", "B-1", "20220202095900", 100_000, "that-bai"),
            attempt("T-2", "Y-1", "B-1", "20220202100000", 100_000),
        ],
    )
    write("procedures", "2022-01", [procedure("1.000001", "4"), procedure("1.000002", "3")])
    write(
        "index_counts",
        "2022-01",
        [{"MaDonVi": "243", "Thang": "2022-01", "ThanhPhan": "hai_long", "TuSo": "1", "MauSo": "1"}],
    )
    return inbox.root


def rows_of(inbox: Path, entity: str) -> dict[str, list[dict[str, str]]]:
    found = {}
    for path in sorted((inbox / "one_stop" / entity).glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            found[path.stem] = list(csv.DictReader(file))
    return found


def test_without_a_question_it_is_the_sample(sample: Path, tmp_path: Path) -> None:
    made = make_inbox(sample, tmp_path / "inbox", None, None, "2016-01")
    assert made.months == 2
    files = {path.relative_to(sample): path.read_bytes() for path in sample.rglob("*") if path.is_file()}
    assert files
    assert files == {
        path.relative_to(tmp_path / "inbox"): path.read_bytes()
        for path in (tmp_path / "inbox").rglob("*")
        if path.is_file()
    }


def test_more_rows_are_copies_with_ids_of_their_own_that_still_belong_together(sample: Path, tmp_path: Path) -> None:
    made = make_inbox(sample, tmp_path / "inbox", 3 * ROWS, None, "2016-01")
    assert (made.rows, made.months) == (3 * ROWS, 2)
    filings = rows_of(tmp_path / "inbox", "filings")
    assert [row["MaHoSo"] for row in filings["2022-02.bo-sung"]] == ["B-1", "B-1.1", "B-1.2"]
    assert {row["NgayTiepNhan"] for row in filings["2022-02.bo-sung"]} == {"2022-02-01T09:30:00.123"}
    attempts = rows_of(tmp_path / "inbox", "payment_attempts")["2022-02"]
    assert Counter((row["MaYeuCau"], row["MaHoSo"]) for row in attempts) == {
        ("Y-1", "B-1"): 2,
        ("Y-1.1", "B-1.1"): 2,
        ("Y-1.2", "B-1.2"): 2,
    }


def test_more_months_are_the_same_rows_on_other_days(sample: Path, tmp_path: Path) -> None:
    made = make_inbox(sample, tmp_path / "inbox", 40 * ROWS, 12, "2021-06")
    filings = rows_of(tmp_path / "inbox", "filings")
    assert {stem[:7] for stem in filings} == {f"2021-{month:02}" for month in range(6, 13)} | {
        f"2022-{month:02}" for month in range(1, 6)
    }
    assert made.months == 12
    for stem, rows in filings.items():
        for row in rows:
            day = row["NgayTiepNhan"] or row["NgayNopHoSo"]
            month = day[:7] if "-" in day else f"{day[6:10]}-{day[3:5]}" if "/" in day else f"{day[:4]}-{day[4:6]}"
            assert month == stem[:7], row
    first = [row for rows in filings.values() for row in rows if row["MaHoSo"].startswith("A-1")]
    assert {(row["NgayTiepNhan"][8:], row["NgayHenTra"][-5:]) for row in first} == {("080000", "17:00")}
    # All of a filing is moved alike: it was paid a day after it came.
    came = {row["MaHoSo"]: row["NgayTiepNhan"] for rows in filings.values() for row in rows}
    requests = [row for rows in rows_of(tmp_path / "inbox", "payment_requests").values() for row in rows]
    assert len(requests) > 10
    same_month = [row for row in requests if row["NgayYeuCau"][:7] == came[row["MaHoSo"]][:7]]
    assert {int(row["NgayYeuCau"][8:10]) - int(came[row["MaHoSo"]][8:10]) for row in same_month} == {1}


def test_a_control_file_says_what_its_file_holds(sample: Path, tmp_path: Path) -> None:
    make_inbox(sample, tmp_path / "inbox", 3 * ROWS, 4, "2016-01")
    files = sorted((tmp_path / "inbox").rglob("*.csv"))
    assert {path.parent.name for path in files} >= {"filings", "payment_requests", "reported_figures", "index_counts"}
    for path in files:
        control = json.loads(path.with_suffix(".control.json").read_text(encoding="utf-8"))
        assert control["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert control["rows"] == len(path.read_text(encoding="utf-8").splitlines()) - 1


def test_agencies_report_what_their_rows_say(sample: Path, tmp_path: Path) -> None:
    make_inbox(sample, tmp_path / "inbox", 2 * ROWS, None, "2016-01")
    reported = rows_of(tmp_path / "inbox", "reported_figures")["2022-02"]
    assert {(row["MaDonVi"], row["ChiTieu"]): row["GiaTri"] for row in reported} == {
        ("243", "ho_so_tiep_nhan"): "2",
        ("243", "ho_so_truc_tuyen"): "2",
        ("H62.01", "ho_so_tiep_nhan"): "2",
        ("H62.01", "ho_so_truc_tuyen"): "0",
    }
