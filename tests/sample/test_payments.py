"""Payments: what a request and its attempts must keep to, so that money is counted once."""

import re
from collections import Counter, defaultdict

from .conftest import Sample, day_of, sortable

PAID = {"Đã thanh toán", "Đã hoàn phí", "Hoàn phí"}


def test_every_request_belongs_to_a_filing_of_its_agency_and_comes_after_its_receipt(
    filings: list[dict[str, str]], requests: list[dict[str, str]]
) -> None:
    by_code = {row["MaHoSo"]: row for row in filings}
    assert len(requests) > 15_000
    for row in requests:
        filing = by_code[row["MaHoSo"]]
        assert filing["MaDonVi"] == row["MaDonVi"]
        assert sortable(filing["NgayTiepNhan"]) <= sortable(row["NgayYeuCau"])
        assert re.fullmatch(re.escape(row["MaHoSo"]) + r"-\d{14}", row["MaYeuCau"])


def test_amounts_are_whole_and_the_sum_of_their_parts(requests: list[dict[str, str]]) -> None:
    for row in requests:
        assert int(row["SoTien"]) == int(row["Phi"]) + int(row["LePhi"]) >= 0
        assert (row["SoTien"] == "0") == (row["HinhThucThu"] == "Đối tượng miễn phí")


def test_all_statuses_methods_and_ways_of_collecting_occur(requests: list[dict[str, str]]) -> None:
    statuses = Counter(row["TrangThai"] for row in requests)
    assert set(statuses) == PAID | {"Chờ thanh toán", "Chưa thanh toán", "Hủy thanh toán"}
    assert min(statuses.values()) >= 10
    assert {row["HinhThucThanhToan"] for row in requests} == {"truc-tuyen", "tien-mat", "chuyen-khoan"}
    assert {row["HinhThucThu"] for row in requests} == {"Thu trước", "Thu sau", "Đối tượng miễn phí"}
    refunded = {(row["HinhThucThanhToan"], row["TrangThai"]) for row in requests if row["NgayHoanPhi"]}
    assert {("truc-tuyen", "Đã hoàn phí"), ("truc-tuyen", "Hoàn phí"), ("tien-mat", "Đã hoàn phí")} <= refunded


def test_money_moves_after_it_was_asked_for_and_before_the_sample_was_fetched(requests: list[dict[str, str]]) -> None:
    for row in requests:
        moments = [row[column] for column in ("NgayYeuCau", "NgayThuPhi", "NgayHoanPhi") if row[column]]
        assert moments == sorted(moments) and moments[-1] < "2022-11-01 00:00:00", row
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", moment) for moment in moments)
        assert bool(row["NgayThuPhi"]) == (row["TrangThai"] in PAID)
        assert bool(row["NgayHoanPhi"]) == (row["TrangThai"] in {"Đã hoàn phí", "Hoàn phí"})


def test_requests_lie_in_their_month_and_some_are_paid_in_the_next(requests: list[dict[str, str]]) -> None:
    assert all(day_of(row["NgayYeuCau"])[:7] == row["file_month"] for row in requests)
    assert sum(day_of(row["NgayThuPhi"])[:7] > row["file_month"] for row in requests) > 100


def test_one_bank_transfer_is_larger_than_thirty_two_bits(requests: list[dict[str, str]]) -> None:
    large = [row for row in requests if int(row["SoTien"]) > 2_147_483_647]
    assert [(row["HinhThucThanhToan"], row["SoTien"]) for row in large] == [("chuyen-khoan", "2684500000")]


def test_each_paid_online_request_has_exactly_one_success_and_no_other_has_any(
    requests: list[dict[str, str]], attempts: list[dict[str, str]]
) -> None:
    successes = Counter(row["MaYeuCau"] for row in attempts if row["TrangThai"] == "thanh-cong")
    paid = {
        row["MaYeuCau"]
        for row in requests
        if row["TrangThai"] in PAID and row["HinhThucThanhToan"] == "truc-tuyen" and row["SoTien"] != "0"
    }
    assert set(successes) == paid and set(successes.values()) == {1} and len(paid) == 8918


def test_attempts_belong_to_online_requests_of_the_same_amount(
    requests: list[dict[str, str]], attempts: list[dict[str, str]]
) -> None:
    by_code = {row["MaYeuCau"]: row for row in requests}
    for row in attempts:
        request = by_code[row["MaYeuCau"]]
        assert request["HinhThucThanhToan"] == "truc-tuyen"
        assert (row["MaHoSo"], row["SoTien"]) == (request["MaHoSo"], request["SoTien"])
        assert day_of(request["NgayYeuCau"]) <= day_of(row["ThoiGianGD"])


def test_attempts_fail_before_they_succeed_and_say_why(attempts: list[dict[str, str]]) -> None:
    outcomes = defaultdict(list)
    for row in attempts:
        outcomes[row["MaYeuCau"]].append(row["TrangThai"])
        assert (row["MaLoi"] == "00") == (row["TrangThai"] == "thanh-cong")
        assert (row["MaLoi"] == "") == (row["TrangThai"] == "khoi-tao")
    found = {tuple(states) for states in outcomes.values()}
    assert {("thanh-cong",), ("that-bai", "thanh-cong"), ("that-bai", "that-bai", "thanh-cong")} <= found
    assert all("thanh-cong" not in states[:-1] for states in found)


def test_gateway_times_have_the_hours_of_a_clock_face(sample: Sample) -> None:
    hours = Counter()
    for name, row in sample.rows("payment_attempts"):
        assert re.fullmatch(r"\d{14}", row["ThoiGianGD"]) and day_of(row["ThoiGianGD"])[:7] == name[:7]
        hours[row["ThoiGianGD"][8:10]] += 1
    assert set(hours) == {f"{hour:02d}" for hour in range(1, 13)}


def test_a_supplement_brings_payments_that_the_first_file_had_as_unpaid_or_not_at_all(sample: Sample) -> None:
    base = {row["MaYeuCau"]: row for name, row in sample.rows("payment_requests") if name == "2022-10.csv"}
    late = [row for name, row in sample.rows("payment_requests") if name == "2022-10.bo-sung.csv"]
    before = Counter(base[row["MaYeuCau"]]["TrangThai"] if row["MaYeuCau"] in base else "absent" for row in late)
    assert set(before) == {"absent", "Chờ thanh toán"} and min(before.values()) >= 3
    assert {row["TrangThai"] for row in late} == {"Đã thanh toán"}


def test_some_requests_and_attempts_come_twice(sample: Sample) -> None:
    for entity, key in (("payment_requests", "MaYeuCau"), ("payment_attempts", "MaThamChieu")):
        seen = Counter((name, row[key]) for name, row in sample.rows(entity))
        assert 10 < sum(count == 2 for count in seen.values()) < 100 and max(seen.values()) == 2
