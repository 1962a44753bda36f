"""The sample against what the province published: each figure counted again in the written files, in plain Python."""

import csv
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from fractions import Fraction

import pytest
from dvctt.province.metrics import read_metrics

from .conftest import PROVINCE, Sample, day_of

MONTHS = [f"2022-{number:02d}" for number in range(1, 11)]


def read(name: str) -> list[dict[str, str]]:
    with (PROVINCE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


AGENCIES = [
    row for row in read("agencies.csv") if row["valid_from"] <= "2022-10-31" <= (row["valid_to"] or "9999-12-31")
]
PUBLISHED = {row["figure_id"]: row for row in read("published_figures.csv")}
TARGETS = {"33", "34"}
CODE_OF = {row["name_vi"]: row["agency_code"] for row in AGENCIES}
GROUP_OF = {row["agency_code"]: row["group_code"] for row in AGENCIES}


class Counts:
    """Received and online filings by agency, month and level, from the newest row of each filing."""

    def __init__(self, filings: list[dict[str, str]]) -> None:
        self.received: Counter[tuple[str, str]] = Counter()
        self.online: Counter[tuple[str, str, str]] = Counter()
        for row in filings:
            if row["TrangThaiHoSo"] in ("1", "3") or not row["NgayTiepNhan"]:
                continue
            month = day_of(row["NgayTiepNhan"])[:7]
            self.received[row["MaDonVi"], month] += 1
            if row["KenhThucHien"] == "2":
                self.online[row["MaDonVi"], month, row["MucDo"]] += 1

    def sums(self, codes: set[str], start: str, end: str, level: str | None = None) -> tuple[int, int]:
        received = sum(n for (code, month), n in self.received.items() if code in codes and start <= month <= end)
        online = sum(
            n
            for (code, month, found), n in self.online.items()
            if code in codes and start <= month <= end and level in (None, found)
        )
        return received, online

    def rate(self, codes: set[str], start: str = "2022-10", end: str = "2022-10") -> Fraction:
        received, online = self.sums(codes, start, end)
        return Fraction(100 * online, received)


@pytest.fixture(scope="module")
def counts(filings: list[dict[str, str]]) -> Counts:
    return Counts(filings)


def codes_of(scope: str, entity: str) -> set[str]:
    if scope == "agency":
        return {CODE_OF[entity]}
    return {code for code, group in GROUP_OF.items() if scope in (group, "province")}


def as_date(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y")


@pytest.fixture(scope="module")
def in_force(procedures: list[dict[str, str]]) -> list[dict[str, str]]:
    day = datetime(2022, 10, 31)
    return [
        row
        for row in procedures
        if as_date(row["HieuLucTu"]) <= day and (not row["HieuLucDen"] or day <= as_date(row["HieuLucDen"]))
    ]


@pytest.fixture(scope="module")
def paid_online(requests: list[dict[str, str]]) -> list[int]:
    return [
        int(row["SoTien"])
        for row in requests
        if row["TrangThai"] in ("Đã thanh toán", "Đã hoàn phí", "Hoàn phí")
        and row["HinhThucThanhToan"] == "truc-tuyen"
        and row["HinhThucThu"] != "Đối tượng miễn phí"
        and "2022-01" <= day_of(row["NgayThuPhi"])[:7] <= "2022-10"
    ]


@pytest.fixture(scope="module")
def compute(
    counts: Counts, in_force: list[dict[str, str]], paid_online: list[int]
) -> dict[str, Callable[[dict[str, str]], Fraction | int]]:
    def change(row: dict[str, str]) -> Fraction:
        codes = codes_of(row["scope"], row["entity"])
        return counts.rate(codes) - counts.rate(codes, row["period_start"][:7], row["period_end"][:7])

    def online(row: dict[str, str], level: str | None = None) -> int:
        return counts.sums(codes_of(row["scope"], row["entity"]), "2022-10", "2022-10", level)[1]

    def at_level(*levels: str) -> int:
        return sum(row["MucDo"] in levels for row in in_force)

    return {
        "services_total": lambda row: len(in_force),
        "services_level_3": lambda row: at_level("3"),
        "services_level_4": lambda row: at_level("4"),
        "connected_services": lambda row: sum(
            row["DaTichHopDVCQG"] == "1" and row["MucDo"] in ("3", "4") for row in in_force
        ),
        "online_payment_count": lambda row: len(paid_online),
        "online_payment_amount_vnd": lambda row: sum(paid_online),
        "online": online,
        "online_level_3": lambda row: online(row, "3"),
        "online_level_4": lambda row: online(row, "4"),
        "online_rate": lambda row: counts.rate(codes_of(row["scope"], row["entity"])),
        "online_rate_change": change,
        "online_rate_gap": lambda row: counts.rate(codes_of("district", "")) - counts.rate(codes_of("provincial", "")),
        "agency_count": lambda row: len(
            {code for (code, month), n in counts.received.items() if month == "2022-10" and n}
            & codes_of(row["scope"], row["entity"])
        ),
    }


@pytest.mark.parametrize("figure_id", sorted(PUBLISHED.keys() - TARGETS, key=int))
def test_the_sample_reproduces_each_published_figure(
    compute: dict[str, Callable[[dict[str, str]], Fraction | int]], figure_id: str
) -> None:
    figure = PUBLISHED[figure_id]
    found = compute[figure["metric"]](figure)
    assert Fraction(figure["lower"]) <= found <= Fraction(figure["upper"]), (figure["wording_vi"], float(found))


def test_all_figures_but_the_two_targets_are_checked() -> None:
    assert len(PUBLISHED) == 34
    metrics = read_metrics()
    assert {key for key, row in PUBLISHED.items() if metrics[row["metric"]].is_target} == TARGETS


def test_changes_against_earlier_months_lie_inside_their_intervals_not_on_an_edge(counts: Counts) -> None:
    provincial, district = codes_of("provincial", ""), codes_of("district", "")
    assert 28 < counts.rate(provincial) - counts.rate(provincial, "2022-01", "2022-09") < 29
    assert 63.5 < counts.rate(district) - counts.rate(district, "2022-01", "2022-06") < 64.5


@pytest.mark.parametrize(
    ("group", "received", "online", "residue"),
    [
        ("provincial", 5869, 2952, 3),
        ("district", 23449, 18525, 21),
    ],
)
def test_the_levels_leave_the_residue_that_the_article_does_not_name(
    counts: Counts, group: str, received: int, online: int, residue: int
) -> None:
    codes = codes_of(group, "")
    assert counts.sums(codes, "2022-10", "2022-10") == (received, online)
    assert counts.sums(codes, "2022-10", "2022-10", "")[1] == residue
    assert sum(counts.sums(codes, "2022-10", "2022-10", level)[1] for level in ("3", "4", "")) == online


def test_agencies_stand_in_the_order_that_the_article_prints(counts: Counts) -> None:
    rates = {code: counts.rate({code}) for code in GROUP_OF}
    online = {code: counts.sums({code}, "2022-10", "2022-10")[1] for code in GROUP_OF}
    departments = sorted(codes_of("provincial", ""), key=lambda code: rates[code])
    districts = codes_of("district", "")
    assert departments[:2] == [CODE_OF["Sở Tài nguyên và Môi trường"], CODE_OF["Sở Lao động, Thương binh và Xã hội"]]
    assert all(rates[code] >= Fraction(25, 2) for code in departments[2:])
    highest, second = CODE_OF["UBND huyện Vĩnh Tường"], CODE_OF["UBND huyện Lập Thạch"]
    lowest = CODE_OF["UBND thành phố Phúc Yên"]
    assert max(districts, key=lambda code: online[code]) == highest
    assert min(districts, key=lambda code: online[code]) == lowest
    assert min(districts, key=lambda code: rates[code]) == lowest
    assert 99 < rates[second] < rates[highest] < 100


def test_every_agency_receives_something_in_every_month(counts: Counts) -> None:
    assert sorted(counts.received) == sorted((code, month) for code in GROUP_OF for month in MONTHS)


@pytest.mark.parametrize("group", ["provincial", "district"])
def test_rates_of_a_group_rise_from_month_to_month(counts: Counts, group: str) -> None:
    rates = [counts.rate(codes_of(group, ""), month, month) for month in MONTHS]
    assert rates == sorted(rates) and len(set(rates)) == 10


def test_what_agencies_report_themselves_equals_the_records(counts: Counts, sample: Sample) -> None:
    reported = {(r["MaDonVi"], r["Thang"], r["ChiTieu"]): int(r["GiaTri"]) for _, r in sample.rows("reported_figures")}
    expected = {}
    for code in GROUP_OF:
        for month in MONTHS:
            received, online = counts.sums({code}, month, month)
            expected[code, month, "ho_so_tiep_nhan"] = received
            expected[code, month, "ho_so_truc_tuyen"] = online
    assert reported == expected


def test_counts_of_index_components_never_exceed_what_they_are_counts_of(sample: Sample) -> None:
    rows = [row for _, row in sample.rows("index_counts")]
    assert {row["ThanhPhan"] for row in rows} == {"so_hoa_ket_qua", "hai_long"}
    assert {(row["MaDonVi"], row["Thang"]) for row in rows} == {(code, month) for code in GROUP_OF for month in MONTHS}
    assert all(0 <= int(row["TuSo"]) <= int(row["MauSo"]) for row in rows)


def test_without_the_supplements_october_would_be_wrong(sample: Sample) -> None:
    held = {row["MaHoSo"]: row for name, row in sample.rows("filings") if name == "2022-10.csv"}
    first_files_only = Counts(list(held.values()))
    assert first_files_only.sums(codes_of("province", ""), "2022-10", "2022-10") != (29318, 21477)
    assert first_files_only.sums(codes_of("province", ""), "2022-10", "2022-10", "")[1] > 24
