"""Filings and procedures: forms, code lists, order of events, and rows that arrive twice."""

import re
import unicodedata
from collections import Counter, defaultdict
from datetime import datetime

import pytest

from .conftest import Sample, day_of, sortable

CONTRACT = {
    "filings": "MaHoSo,MaTTHC,TenTTHC,MaLinhVuc,TenLinhVuc,KenhThucHien,MucDo,MaDonVi,DonViXuLy,NgayNopHoSo,NgayTiepNhan,"
    "NgayHenTra,NgayKetThucXuLy,NgayTra,TrangThaiHoSo,LoaiDoiTuong,ChuHoSo,SoDinhDanh,SoDienThoai,Email,DiaChi,"
    "TrichYeuHoSo",
    "payment_requests": "MaYeuCau,MaHoSo,MaDonVi,SoTien,Phi,LePhi,TrangThai,HinhThucThanhToan,HinhThucThu,NgayYeuCau,"
    "NgayThuPhi,NgayHoanPhi,MaGiaoDich,MaNganHang,HoTenNguoiNop,SoCMNDNguoiNop,DiaChiNguoiNop",
    "payment_attempts": "MaThamChieu,MaYeuCau,MaHoSo,SoTien,TrangThai,MaLoi,MaGiaoDich,MaNganHang,ThoiGianGD",
    "procedures": "MaTTHC,TenTTHC,MaLinhVuc,TenLinhVuc,CapThucHien,MucDo,CoThuPhi,DaTichHopDVCQG,HieuLucTu,HieuLucDen",
    "reported_figures": "MaDonVi,Thang,ChiTieu,GiaTri",
    "index_counts": "MaDonVi,Thang,ThanhPhan,TuSo,MauSo",
}
FORMS = {
    "2022-04": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}",
    "2022-07": r"\d\d/\d\d/\d{4} \d\d:\d\d:\d\d",
}
COMPACT = r"\d{14}"


@pytest.mark.parametrize("entity", CONTRACT)
def test_every_file_has_the_columns_of_the_contract_in_its_order(sample: Sample, entity: str) -> None:
    files = sample.files(entity)
    assert files
    for path in files:
        assert path.open(encoding="utf-8").readline() == CONTRACT[entity] + "\n", path


def test_code_lists_are_closed(filings: list[dict[str, str]]) -> None:
    assert {row["KenhThucHien"] for row in filings} == {"", "1", "2", "3"}
    assert {row["MucDo"] for row in filings} == {"", "2", "3", "4"}
    assert {row["TrangThaiHoSo"] for row in filings} == {str(number) for number in range(1, 11)}
    assert {row["LoaiDoiTuong"] for row in filings} == {"1", "2", "3", "4"}
    assert "2" not in {row["MucDo"] for row in filings if row["KenhThucHien"] == "2"}


def test_numbers_of_filings_carry_agency_and_day_of_submission(filings: list[dict[str, str]]) -> None:
    for row in filings:
        match = re.fullmatch(r"(.+)-(\d{6})-(\d{4,})", row["MaHoSo"])
        assert match, row["MaHoSo"]
        assert (match[1], f"20{match[2]}") == (row["MaDonVi"], day_of(row["NgayNopHoSo"]).replace("-", ""))


def test_filings_that_were_not_received_have_no_date_of_receipt_and_lie_in_their_month_of_submission(
    filings: list[dict[str, str]],
) -> None:
    not_received = [row for row in filings if not row["NgayTiepNhan"]]
    assert len(not_received) > 1000
    assert {row["TrangThaiHoSo"] for row in not_received} == {"1", "3"}
    assert all(day_of(row["NgayNopHoSo"])[:7] == row["file_month"] for row in not_received)
    received = [row for row in filings if row["NgayTiepNhan"]]
    assert not {row["TrangThaiHoSo"] for row in received} & {"1", "3"}
    assert all(day_of(row["NgayTiepNhan"])[:7] == row["file_month"] for row in received)


def test_nothing_happens_out_of_order_or_after_the_sample_was_fetched(filings: list[dict[str, str]]) -> None:
    for row in filings:
        events = [row[c] for c in ("NgayNopHoSo", "NgayTiepNhan", "NgayKetThucXuLy", "NgayTra") if row[c]]
        moments = [sortable(text) for text in events]
        assert moments == sorted(moments), row
        assert moments[-1] < "20221101000000", row


def test_finished_filings_say_when_and_open_ones_do_not(filings: list[dict[str, str]]) -> None:
    for row in filings:
        status = row["TrangThaiHoSo"]
        assert bool(row["NgayKetThucXuLy"]) == (status in ("9", "10")), row
        assert bool(row["NgayTra"]) == (status == "10"), row


def test_some_filings_are_early_on_time_late_without_a_due_date_and_carried_over(filings: list[dict[str, str]]) -> None:
    found: Counter[str] = Counter()
    for row in filings:
        if not row["NgayHenTra"]:
            found["no due date"] += 1
        elif row["NgayKetThucXuLy"]:
            finished, due = sortable(row["NgayKetThucXuLy"]), sortable(row["NgayHenTra"])
            found["early" if finished < due else "on time" if finished == due else "late"] += 1
        if day_of(row["NgayKetThucXuLy"])[:7] > row["file_month"]:
            found["carried over"] += 1
    assert all(found[kind] > 1000 for kind in ("early", "on time", "late", "no due date", "carried over")), found


def test_each_month_is_written_in_its_form_of_dates(sample: Sample) -> None:
    seen = set()
    for name, row in sample.rows("filings"):
        form = FORMS.get(name[:7], COMPACT)
        for column in ("NgayNopHoSo", "NgayTiepNhan", "NgayKetThucXuLy", "NgayTra"):
            assert not row[column] or re.fullmatch(form, row[column]), (name, row[column])
        seen.add(form)
    assert len(seen) == 3


def test_the_first_and_the_last_second_of_each_month_are_used_and_no_other_midnight_of_a_first(
    filings: list[dict[str, str]],
) -> None:
    first, last = set(), set()
    for row in filings:
        moment = sortable(row["NgayTiepNhan"]) if row["NgayTiepNhan"] else ""
        if moment.endswith("01000000"):
            first.add(row["file_month"])
            assert f"{moment[:4]}-{moment[4:6]}" == row["file_month"]
        if moment.endswith("235959"):
            last.add(row["file_month"])
    assert len(first) == len(last) == 10


def test_a_few_names_of_agencies_are_decomposed_and_mean_the_same(sample: Sample) -> None:
    names = defaultdict(set)
    decomposed = 0
    for _, row in sample.rows("filings"):
        names[row["MaDonVi"]].add(unicodedata.normalize("NFC", row["DonViXuLy"]))
        decomposed += not unicodedata.is_normalized("NFC", row["DonViXuLy"])
    assert len(names) == 26 and all(len(spellings) == 1 for spellings in names.values())
    assert 100 < decomposed < 2000


def test_each_month_sends_some_rows_twice_in_the_same_file(sample: Sample) -> None:
    duplicates: Counter[str] = Counter()
    older: Counter[str] = Counter()
    held: dict[tuple[str, str], dict[str, str]] = {}
    for name, row in sample.rows("filings"):
        before = held.get((name, row["MaHoSo"]))
        if before == row:
            duplicates[name] += 1
        elif before:
            assert (before["TrangThaiHoSo"], before["NgayKetThucXuLy"]) == ("4", "") and row["NgayKetThucXuLy"]
            older[name] += 1
        held[name, row["MaHoSo"]] = row
    months = {f"2022-{number:02d}.csv" for number in range(1, 11)}
    assert set(duplicates) == set(older) == months
    assert all(3 <= count <= 10 for count in (*duplicates.values(), *older.values()))


def test_supplements_correct_and_complete_the_first_file(sample: Sample) -> None:
    base = {row["MaHoSo"]: row for name, row in sample.rows("filings") if name == "2022-10.csv"}
    changed: Counter[str] = Counter()
    for name, row in sample.rows("filings"):
        if name != "2022-10.bo-sung.csv":
            continue
        before = base.get(row["MaHoSo"])
        if before is None:
            changed["new"] += 1
            continue
        assert before != row
        for column in row:
            changed[column] += before[column] != row[column]
    assert all(changed[what] >= 10 for what in ("new", "KenhThucHien", "MucDo", "NgayTiepNhan", "NgayKetThucXuLy")), (
        changed
    )
    assert [path.name for path in sample.files("filings") if "bo-sung" in path.name] == [
        "2022-05.bo-sung.csv",
        "2022-10.bo-sung.csv",
    ]


def test_every_filing_is_for_a_procedure_that_was_in_force_and_at_the_level_of_that_day(
    filings: list[dict[str, str]], procedures: list[dict[str, str]]
) -> None:
    def iso(text: str, otherwise: str) -> str:
        return day_of(text) if text else otherwise

    spans = defaultdict(list)
    for row in procedures:
        spans[row["MaTTHC"]].append((iso(row["HieuLucTu"], ""), iso(row["HieuLucDen"], "9999-12-31"), row))
    for row in filings:
        day = day_of(row["NgayTiepNhan"] or row["NgayNopHoSo"])
        held = [found for start, end, found in spans[row["MaTTHC"]] if start <= day <= end]
        assert len(held) == 1, row
        assert (row["TenTTHC"], row["MaLinhVuc"]) == (held[0]["TenTTHC"], held[0]["MaLinhVuc"])
        assert row["MucDo"] in ("", held[0]["MucDo"]), row


def test_upgraded_procedures_close_the_old_row_the_day_before_the_new_one(
    sample: Sample, procedures: list[dict[str, str]]
) -> None:
    by_code = defaultdict(list)
    for row in procedures:
        by_code[row["MaTTHC"]].append(row)
    upgraded = [sorted(rows, key=lambda row: day_of(row["HieuLucTu"])) for rows in by_code.values() if len(rows) > 1]
    assert len(upgraded) == 84
    for old, new in upgraded:
        assert (old["HieuLucDen"], new["HieuLucTu"]) == ("14/06/2022", "15/06/2022")
        assert int(old["MucDo"]) + 1 == int(new["MucDo"])
    first_sent = [row for name, row in sample.rows("procedures") if name == "2022-01.csv"]
    assert len(first_sent) > 2000 and not any(row["HieuLucDen"] for row in first_sent)
    assert [path.stem for path in sample.files("procedures")] == ["2022-01", "2022-06", "2022-09", "2022-10"]


def test_the_catalogue_has_ends_on_the_last_day_and_on_the_day_before(procedures: list[dict[str, str]]) -> None:
    ends = Counter(row["HieuLucDen"] for row in procedures if row["HieuLucDen"])
    assert ends == {"14/06/2022": 84, "31/08/2022": 10, "30/10/2022": 8, "31/10/2022": 3}
    starts = [datetime.strptime(row["HieuLucTu"], "%d/%m/%Y") for row in procedures]
    assert max(starts) == datetime(2022, 9, 1)


def test_names_of_procedures_are_their_own(procedures: list[dict[str, str]]) -> None:
    codes_by_name = defaultdict(set)
    for row in procedures:
        codes_by_name[row["TenTTHC"]].add(row["MaTTHC"])
        assert unicodedata.is_normalized("NFC", row["TenTTHC"])
    assert all(len(codes) == 1 for codes in codes_by_name.values())
