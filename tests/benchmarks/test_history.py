"""What a model compares grows no faster than its months do: ten years must cost what one does, year for year.

The same made-up months are landed twice as often, every model is built on both, and rows are counted, never seconds.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from dvctt.settings import Settings
from dvctt.warehouse.definitions import read_definitions

from benchmarks.__main__ import CHECKOUT, lay_province
from benchmarks.models import Profile, build, compares_all_for_want_of_a_key, grown, profile_of
from tests.conftest import Inbox, attempt, filing, payment, procedure

FEW, MANY = 24, 48
"""Whole years, so that both homes have the same share of months at a year's beginning."""
MOST = 2.6
"""Twice the months are twice the rows; four times is every month with every month. What lies between is the history's edge."""
LEAST_ROWS = 2000
ALLOWED: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("joins.yml").read_text(encoding="utf-8"))
AGENCIES = ("243", "244", "H62.01")
LOOKED_AT = ("mart_index_components", "fct_workload", "int_feed_usual_rows", "mart_period_payments", "aud_workload")
"""Models that compared every month with every month once."""
COMPONENTS = ("hai_long", "so_hoa_ket_qua", "cong_bo_dung_han")


def months(count: int) -> Iterator[str]:
    """So many months until 2022-12, the newest last."""
    for number in range(12 * 2023 - count, 12 * 2023):
        yield f"{number // 12}-{number % 12 + 1:02}"


def write_months(inbox: Inbox, count: int) -> None:
    """A month has of each agency six filings, of which one stays open for ever, a payment with two attempts and a refund, what
    it reports of itself and its parts of the index.
    """
    for month in months(count):
        digits = month.replace("-", "")
        filings, payments, attempts, reported, counts = [], [], [], [], []
        for agency in AGENCIES:
            key = f"{agency}.{digits}"
            for number in range(6):
                received = f"{digits}{1 + 4 * number:02}080000"
                is_open = {"TrangThaiHoSo": "2", "NgayKetThucXuLy": ""} if number == 0 else {}
                due = {"NgayHenTra": f"{digits}{5 + 4 * number:02}170000"} if number < 5 else {}
                level, channel = ("4", "2") if number % 2 else ("3", "1")
                filings.append(filing(f"{key}.{number}", agency, received, channel, level, **is_open, **due))
            day = f"{month}-06 10:00:00"
            refund = {"TrangThai": "Hoàn phí", "NgayHoanPhi": f"{month}-20 10:00:00"} if agency == "243" else {}
            payments.append(payment(f"Y{key}", f"{key}.1", agency, day, 50_000, **refund))
            attempts.append(attempt(f"T{key}.1", f"Y{key}", f"{key}.1", f"{digits}06095900", 50_000, "that-bai"))
            attempts.append(attempt(f"T{key}.2", f"Y{key}", f"{key}.1", f"{digits}06100000", 50_000))
            for indicator, value in (("ho_so_tiep_nhan", 6), ("giao_dich_thanh_toan", 1)):
                reported.append({"MaDonVi": agency, "Thang": month, "ChiTieu": indicator, "GiaTri": str(value)})
            part = {"MaDonVi": agency, "Thang": month, "TuSo": "3", "MauSo": "6"}
            counts += [{**part, "ThanhPhan": component} for component in COMPONENTS]
        inbox.write("filings", month, filings)
        inbox.write("payment_requests", month, payments)
        inbox.write("payment_attempts", month, attempts)
        inbox.write("reported_figures", month, reported)
        inbox.write("index_counts", month, counts)
    inbox.write("procedures", next(months(count)), [procedure("1.000001", "4"), procedure("1.000002", "3")])


@pytest.fixture(scope="module")
def profiles(tiny_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Profile], ...]:
    """Every model on few and on many months."""
    publication = (tiny_home.published / "current").resolve()
    nodes = read_definitions(publication)
    found = []
    for count in (FEW, MANY):
        work = tmp_path_factory.mktemp(f"months_{count}")
        inbox = Inbox(work / "inbox")
        write_months(inbox, count)
        province = lay_province(CHECKOUT, work / "province", is_sample=False)
        settings = Settings(province_folder=province, inbox=inbox.root, home=work / "home")
        found.append(build(publication, nodes, settings, work))
    return tuple(found)


def test_twice_the_months_are_not_four_times_the_rows(profiles: tuple[dict[str, Profile], ...]) -> None:
    few, many = profiles
    assert len(many) > 100, "too few models were built"
    doubled = [name for name in many if 1.6 * few[name].widest.rows < many[name].widest.rows]
    assert len(doubled) > 80, "history hardly grew: nothing was looked at"
    for name in LOOKED_AT:
        assert many[name].widest.rows > LEAST_ROWS, f"{name} has next to no rows"
    assert grown(few, many, MOST, LEAST_ROWS) == {}, "decision 0041: equality first"


def test_a_join_that_has_an_equality_is_made_by_it(profiles: tuple[dict[str, Profile], ...]) -> None:
    many = profiles[1]
    found = {name: [one for one in profile.operators if "JOIN" in one.name] for name, profile in many.items()}
    assert sum(map(len, found.values())) > 500, "hardly any joins were looked at"
    compared = {name for name, joins in found.items() if any(map(compares_all_for_want_of_a_key, joins))}
    assert sorted(compared - ALLOWED.keys()) == [], "decision 0041: move what stands beside"
    assert sorted(ALLOWED.keys() - compared) == [], "tests/benchmarks/joins.yml allows what is no longer there"
    assert [name for name, allowed in ALLOWED.items() if not allowed["why"].strip()] == []


@pytest.mark.parametrize(
    ("condition", "is_told"),
    [
        ("a.i = b.i", False),
        ("a.i = b.i and (b.j is null or a.j = b.j)", True),
        ("a.i = b.i and a.j > 5", True),
        ("case when a.j > 5 then a.i end = b.i", False),
    ],
)
def test_what_hides_an_equality_from_a_left_join_is_told(tmp_path: Path, condition: str, is_told: bool) -> None:
    found = []
    for count in (1000, 2000):
        connection = duckdb.connect()
        for side in "ab":
            connection.execute(f"create table {side} as select i, i % 7 as j from range({count}) as made(i)")
        sql = f"create table c as select a.i, b.j from a left join b on {condition}"
        found.append({"c": profile_of(connection, sql, tmp_path / "plan.json")})
    assert bool(grown(found[0], found[1], MOST, LEAST_ROWS)) is is_told
    assert any(map(compares_all_for_want_of_a_key, found[1]["c"].operators)) is is_told
