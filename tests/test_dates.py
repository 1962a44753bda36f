"""Dates of every kind of record, each held against what it can be: one night over files that hold every way to go wrong."""

import csv
import json
import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest
from dvctt.core.errors import ConfigError
from dvctt.gate import judge
from dvctt.province.folder import load_province
from dvctt.settings import Settings

from tests.conftest import PROVINCE, Inbox, attempt, filing, payment, procedure
from tests.nights import Nights, nights_after

FIRST = "2022-10-03 09:00:00"
"""When filings were received and requests made, where a case says nothing else."""

FILINGS: dict[str, tuple[dict[str, str], str | None, str | None]] = {
    # number: (cells, reason why it is set aside, defect of the fact)
    "F-good": ({"NgayHenTra": "2022-10-10", "NgayTra": "2022-10-05 10:00:00"}, None, None),
    "F-no-due": ({"NgayHenTra": "9999-12-31"}, None, "no_date_marker"),
    "F-no-return": ({"NgayTra": "01/01/1900 00:00"}, None, "no_date_marker"),
    "F-no-finish": ({"NgayKetThucXuLy": "00010101000000"}, None, "finished_without_date, no_date_marker"),
    "F-mysql": ({"NgayTra": "0000-00-00 00:00:00", "NgayHenTra": "00000000000000"}, None, "no_date_marker"),
    "F-no-receipt": ({"NgayTiepNhan": "1753-01-01"}, "missing_received_date", None),
    "F-year-one": ({"NgayTra": "0002-01-01"}, "returned_before_first_day", None),
    "F-year-0": ({"NgayTra": "0000-05-01"}, "unparseable", None),
    "F-year-22": ({"NgayNopHoSo": "0022-10-03"}, "submitted_before_first_day", None),
    "F-buddhist": ({"NgayKetThucXuLy": "2565-10-05"}, "finished_in_the_future", None),
    "F-2202": ({"NgayNopHoSo": "2202-10-03"}, "submitted_in_the_future", None),
    "F-return-2202": ({"NgayTra": "2202-10-05"}, "returned_in_the_future", None),
    "F-due-2202": ({"NgayHenTra": "2202-10-20"}, "due_too_late", None),
    "F-due-next-year": ({"NgayHenTra": "2023-10-20"}, "due_too_late", None),
    "F-due-long": ({"NgayHenTra": "2023-10-01"}, None, None),
    "F-due-1970": ({"NgayHenTra": "1971-01-01"}, "due_before_first_day", None),
    "F-due-before": ({"NgayHenTra": "2022-10-02 17:00:00"}, "due_before_received", None),
    "F-due-same-day": ({"NgayHenTra": "2022-10-03"}, None, None),
    "F-submitted-later": ({"NgayNopHoSo": "2022-10-03 09:05:00"}, None, "received_before_submitted"),
    "F-submitted-much-later": ({"NgayNopHoSo": "2022-10-05 09:05:00"}, "received_before_submitted", None),
    "F-finished-before": ({"NgayKetThucXuLy": "2022-10-02"}, "finished_before_received", None),
    "F-returned-before": ({"NgayKetThucXuLy": "", "TrangThaiHoSo": "4", "NgayTra": "2022-10-01"}, "returned_before_received", None),
    "F-returned-earlier": ({"NgayKetThucXuLy": "2022-10-05 16:00:00", "NgayTra": "2022-10-05 10:00:00"}, None, "returned_before_finished"),
    "F-returned-far": ({"NgayKetThucXuLy": "2022-10-15 16:00:00", "NgayTra": "2022-10-05 10:00:00"}, "returned_before_finished", None),
    "F-swapped": ({"NgayTiepNhan": "2022-03-10 09:00:00"}, "received_before_submitted", None),
    "F-other-month": ({"NgayTiepNhan": "2022-09-03 09:00:00", "NgayNopHoSo": "2022-09-03"}, "received_outside_month", None),
}  # fmt: skip # a filing is a row

REQUESTS: dict[str, tuple[dict[str, str], str | None, str | None]] = {
    "R-good": ({}, None, None),
    "R-1900": ({"NgayThuPhi": "1900-01-01 00:00:00"}, "paid_without_date", None),
    "R-0001": ({"NgayThuPhi": "0001-01-01T00:00:00"}, "paid_without_date", None),
    "R-1970": ({"NgayThuPhi": "1970-01-01 07:00:00"}, "paid_without_date", None),
    "R-1753": ({"NgayThuPhi": "1753-01-01"}, "paid_without_date", None),
    "R-9999": ({"NgayThuPhi": "31/12/9999 23:59:59"}, "paid_without_date", None),
    "R-1899": ({"NgayThuPhi": "30/12/1899"}, "paid_without_date", None),
    "R-1901": ({"NgayThuPhi": "1901-01-01"}, "paid_before_first_day", None),
    "R-0022": ({"NgayThuPhi": "0022-10-03"}, "paid_before_first_day", None),
    "R-2565": ({"NgayThuPhi": "2565-10-03"}, "paid_in_the_future", None),
    "R-asked-1901": ({"NgayYeuCau": "1901-01-01"}, "requested_before_first_day", None),
    "R-asked-2202": (
        {"NgayYeuCau": "2202-10-03", "NgayThuPhi": "", "TrangThai": "Chờ thanh toán"},
        "requested_in_the_future",
        None,
    ),
    "R-refund-1901": ({"TrangThai": "Hoàn phí", "NgayHoanPhi": "1901-01-01"}, "refunded_before_first_day", None),
    "R-refund-1900": ({"TrangThai": "Hoàn phí", "NgayHoanPhi": "1900-01-01"}, "refunded_without_date", None),
    "R-not-refunded": ({"NgayHoanPhi": "1900-01-01"}, None, "no_date_marker"),
    "R-paid-2021": ({"NgayThuPhi": "2021-10-03 09:00:00"}, "paid_before_requested", None),
    "R-swapped": ({"NgayThuPhi": "2022-03-10 10:00:00"}, "paid_before_requested", None),
    "R-hour-before": ({"NgayThuPhi": "2022-10-03 08:00:00"}, None, "paid_before_requested"),
    "R-swapped-late": ({"NgayThuPhi": "2023-03-10 10:00:00"}, None, "paid_long_after_requested"),
    "R-refund-before": ({"TrangThai": "Hoàn phí", "NgayHoanPhi": "2022-10-02"}, "refunded_before_paid", None),
    "R-next-month": ({"NgayYeuCau": "2022-11-02", "NgayThuPhi": "2022-11-02"}, "requested_after_month", None),
    "R-before-feed": ({"NgayYeuCau": "2021-10-03", "NgayThuPhi": "2021-10-03"}, None, "before_the_feed"),
}

ATTEMPTS: dict[str, tuple[str, str, str | None, str | None]] = {
    # number: (request, time, reason, defect)
    "A-good": ("R-good", "20221003021500", None, None),
    "A-midnight": ("R-hour-before", "20221002115900", None, "attempted_before_requested"),
    "A-swapped": ("R-good", "20220310091500", "attempted_before_requested", None),
    "A-1900": ("R-good", "19000101000000", "missing_date", None),
    "A-1901": ("R-good", "19010101000000", "attempted_before_first_day", None),
    "A-2565": ("R-good", "25651003091500", "attempted_in_the_future", None),
    "A-next-month": ("R-good", "20221101091500", "attempted_after_month", None),
}

PROCEDURES: dict[str, tuple[dict[str, str], str | None]] = {
    "1.000001": ({"HieuLucTu": "01/01/1990"}, None),
    "1.000011": ({"HieuLucTu": "01/01/0001"}, "missing_key"),
    "1.000012": ({"HieuLucTu": "01/01/0019"}, "starts_before_first_day"),
    "1.000013": ({"HieuLucTu": "01/01/2565"}, "starts_in_the_future"),
    "1.000014": ({"HieuLucDen": "31/12/9999"}, None),
    "1.000015": ({"HieuLucDen": "31/12/2099"}, None),
}

MONTHS = {
    "2022-10": None,
    "2022-09": None,
    "2022-11": "month_after_file",
    "1900-01": "month_before_first_day",
    "0001-01": "month_before_first_day",
    "2565-10": "month_in_the_future",
    "0000-01": "unparseable",
}

NEW_AGENCY = "251"
"""In this province folder it begins in July 2022."""


@pytest.fixture(scope="module")
def province_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Vĩnh Phúc with a second source, which keeps a 24-hour clock and says nothing of how it writes no date."""
    folder = tmp_path_factory.mktemp("dates") / "province"
    shutil.copytree(PROVINCE, folder)
    with (folder / "sources.yml").open("a", encoding="utf-8") as file:
        file.write(
            "  - id: land_office\n    name_vi: Hệ thống đất đai\n    kind: files\n"
            "    date_limits: {requested_after_paid_hours: 72}\n    entities:\n"
            "      filings: {month_means: updated}\n      payment_requests: {month_means: updated}\n"
            "      payment_attempts: {month_means: updated}\n"
        )
    with (folder / "agencies.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert any(row["agency_code"] == NEW_AGENCY for row in rows)
    with (folder / "agencies.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows({**r, "valid_from": "2022-07-01"} if r["agency_code"] == NEW_AGENCY else r for r in rows)
    return folder


def request(number: str, cells: Mapping[str, str]) -> dict[str, str]:
    return {**payment(number, "F-good", "243", FIRST, 20_000), "NgayThuPhi": "2022-10-03 10:00:00", **cells}


@pytest.fixture(scope="module")
def night(tiny_home: Settings, province_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Nights:
    """Everything lands and is built; the gate is not asked, the budget is burst on purpose."""
    root = tmp_path_factory.mktemp("dates_night")
    inbox = Inbox(root / "inbox")
    early = filing("F-agency", NEW_AGENCY, FIRST, NgayNopHoSo=FIRST, NgayTiepNhan=FIRST)
    inbox.write("filings", "2022-10", [*(filing(n, "243", FIRST, **c) for n, (c, _, _) in FILINGS.items()), early])
    inbox.write("filings", "2022-05", [filing("F-agency-early", NEW_AGENCY, "2022-05-03 09:00:00")])
    inbox.write("payment_requests", "2022-10", [request(number, cells) for number, (cells, _, _) in REQUESTS.items()])
    inbox.write(
        "payment_attempts",
        "2022-10",
        [attempt(number, of, "F-good", at, 20_000) for number, (of, at, _, _) in ATTEMPTS.items()],
    )
    inbox.write("procedures", "2022-10", [procedure(code, "4") | cells for code, (cells, _) in PROCEDURES.items()])
    inbox.write(
        "reported_figures",
        "2022-10",
        [{"MaDonVi": "243", "Thang": month, "ChiTieu": "ho_so_tiep_nhan", "GiaTri": "1"} for month in MONTHS],
    )
    inbox.write(
        "index_counts",
        "2022-10",
        [{"MaDonVi": "243", "Thang": month, "ThanhPhan": "hai_long", "TuSo": "1", "MauSo": "1"} for month in MONTHS],
    )
    other = Inbox(root / "inbox", source="land_office")
    other.write(
        "filings",
        "2022-10",
        [
            filing("L-swapped", "243", "2022-10-03", NgayTiepNhan="2022-03-10", NgayKetThucXuLy="2022-10-05"),
            filing("L-later", "243", "2022-11-03"),
            filing("L-old", "243", "2022-09-03", NgayKetThucXuLy="2022-10-03"),
            filing("L-marker", "243", "2022-10-03", NgayTra="1900-01-01"),
        ],
    )
    other.write(
        "payment_requests",
        "2022-10",
        [
            request("L-1900", {"NgayThuPhi": "1900-01-01"}),
            request("L-two-days", {"NgayThuPhi": "2022-10-01 10:00:00"}),
            request("L-off", {}),
        ],
    )
    attempts = [
        attempt(f"L-{n}", "L-off", "F-good", f"202210{n % 20 + 4:02d}{n % 12 + 8:02d}0000", 1, "that-bai")
        for n in range(30)
    ]
    other.write(
        "payment_attempts", "2022-10", [*attempts, attempt("L-success", "L-off", "F-good", "20221010090000", 20_000)]
    )
    settings = Settings(province_folder=province_folder, inbox=root / "inbox", home=root / "home")
    nights = nights_after(tiny_home, settings)
    nights.run()
    return nights


def disposed(night: Nights, entity: str, key: str, source: str = "one_stop") -> dict[object, tuple[object, ...]]:
    """Reason, and defect where the entity has one, by key."""
    defect = ", case when disposition = 'fact' then defect end" if key.endswith("_id") else ""
    rows = night.rows(
        f"select {key}, quarantine_reason{defect} from int_{entity}_disposed where source_id = '{source}'"
    )
    return {row[0]: row[1:] for row in rows}


def test_every_date_of_a_filing_is_held_against_what_it_can_be(night: Nights) -> None:
    found = disposed(night, "filings", "filing_id")
    assert {number: found[number] for number in FILINGS} == {
        n: (reason, bad) for n, (_, reason, bad) in FILINGS.items()
    }
    # Without a due date nothing is late, and without a handover nothing is handed over.
    kept = dict(night.rows("select filing_id, (due_at is null) and (returned_at is null) from fct_filings"))
    assert [kept[number] for number in ("F-no-due", "F-no-return", "F-mysql", "F-good")] == [True, True, True, False]


def test_every_date_of_a_payment_is_held_against_what_it_can_be(night: Nights) -> None:
    found = disposed(night, "payment_requests", "payment_request_id")
    assert found == {number: (reason, bad) for number, (_, reason, bad) in REQUESTS.items()}
    months = night.rows("select distinct paid_month from fct_payments where source_id = 'one_stop' order by 1")
    assert months == [(date(2021, 10, 1),), (date(2022, 10, 1),), (date(2023, 3, 1),)]


def test_an_attempt_is_held_against_its_request_by_days_and_not_by_hours(night: Nights) -> None:
    found = disposed(night, "payment_attempts", "payment_attempt_id")
    assert found == {number: (reason, bad) for number, (_, _, reason, bad) in ATTEMPTS.items()}


def test_a_procedure_may_be_older_than_the_province_and_without_end_but_not_of_the_year_one(night: Nights) -> None:
    found = disposed(night, "procedures", "procedure_code")
    assert found == {code: (reason,) for code, (_, reason) in PROCEDURES.items()}
    ends = dict(night.rows("select procedure_code, valid_to from dim_procedures where is_known"))
    assert ends == {"1.000001": None, "1.000014": None, "1.000015": date(2099, 12, 31)}


@pytest.mark.parametrize("entity", ["reported_figures", "index_counts"])
def test_the_month_of_a_reported_figure_can_be(night: Nights, entity: str) -> None:
    rows = night.rows(f"select row_number, quarantine_reason from int_{entity}_disposed order by row_number")
    assert [reason for _, reason in rows] == list(MONTHS.values())


def test_an_agency_has_no_records_of_before_its_first_day(night: Nights) -> None:
    found = disposed(night, "filings", "filing_id")
    assert (found["F-agency"][0], found["F-agency-early"][0]) == (None, "before_agency")


def test_what_no_date_is_written_as_and_how_far_clocks_go_apart_is_the_sources_own(night: Nights) -> None:
    paid = disposed(night, "payment_requests", "payment_request_id", "land_office")
    assert paid == {
        "L-1900": ("paid_before_first_day", None),
        "L-two-days": (None, "paid_before_requested"),
        "L-off": (None, None),
    }
    filed = disposed(night, "filings", "filing_id", "land_office")
    assert filed == {
        "L-swapped": ("received_before_submitted", None),
        "L-later": ("received_after_month", None),
        "L-old": (None, None),
        "L-marker": ("returned_before_first_day", None),
    }


def test_a_row_that_was_set_aside_for_a_date_counts_in_no_month(night: Nights) -> None:
    wanted = {n for n, (_, reason, _) in FILINGS.items() if reason} | {
        n for n, (_, reason, _) in REQUESTS.items() if reason
    }
    assert len(wanted) > 30
    facts = {
        row[0]
        for row in night.rows("select filing_id from fct_filings union all select payment_request_id from fct_payments")
    }
    assert facts.isdisjoint(wanted)
    years = night.rows(
        "select distinct year(received_month) from fct_filings union select year(occurred_on) from fct_payment_events order by 1"
    )
    assert years == [(2021,), (2022,), (2023,)]


def test_defects_of_dates_are_counted_by_source_and_month(night: Nights) -> None:
    found = {
        (row[0], row[1], row[2]): row[3]
        for row in night.rows(
            "select defect_id, source_id, strftime(month, '%Y-%m'), failing_rows from aud_defects where failing_rows > 0"
        )
    }
    assert found[("no_date_marker", "one_stop", "2022-10")] == 5
    assert found[("paid_before_requested", "one_stop", "2022-10")] == 1
    assert found[("paid_long_after_requested", "one_stop", "2023-03")] == 1
    assert found[("before_the_feed", "one_stop", "2021-10")] == 1
    assert found[("attempted_before_requested", "one_stop", "2022-10")] == 1
    # The payment stands at the 3rd, its success at the 10th: one of them is wrong.
    assert found[("success_off_payment", "land_office", "2022-10")] == 1


def test_every_reason_and_every_defect_of_a_date_has_its_vietnamese_name(night: Nights) -> None:
    reasons = {row[0] for row in night.rows("select distinct quarantine_reason from fct_quarantined_rows")}
    assert len(reasons) > 25
    named = {row[0] for row in night.rows("select quarantine_reason from ref_quarantine_reasons")}
    assert reasons <= named
    defects = {row[0] for row in night.rows("select distinct defect_id from aud_defects")}
    assert defects <= {row[0] for row in night.rows("select defect_id from ref_defects")}
    assert len(defects) > 10


def test_a_limit_that_nobody_knows_is_an_error_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "province"
    shutil.copytree(PROVINCE, folder)
    text = (folder / "sources.yml").read_text(encoding="utf-8")
    (folder / "sources.yml").write_text(
        text.replace("    entities:", "    date_limits: {late_days: 3}\n    entities:"), encoding="utf-8"
    )
    with pytest.raises(
        ConfigError, match=r"sources\.yml:\d+: key .*date_limits.*late_days.*wanted one of submitted_after"
    ):
        load_province(folder)


def test_a_day_that_stands_for_no_date_may_be_written_with_or_without_quotes(tmp_path: Path) -> None:
    folder = tmp_path / "province"
    shutil.copytree(PROVINCE, folder)
    text = (folder / "sources.yml").read_text(encoding="utf-8")
    start = text.index("    no_date:")
    end = text.index("\n", start)
    (folder / "sources.yml").write_text(
        f"{text[:start]}    no_date: [1900-01-01, '0000-00-00', Chưa Có]{text[end:]}", encoding="utf-8"
    )
    (source,) = load_province(folder).sources
    assert source.no_date_days == (date(1900, 1, 1),)
    assert source.no_date_words == ("0000-00-00", "00000000", "00/00/0000", "chưa có")


def test_the_gate_tells_of_any_year_without_falling_over(tmp_path: Path) -> None:
    """Years outside what a nanosecond clock can hold: Python's first and last, and those of before the Gregorian calendar."""
    days = [date(1, 1, 1), date(22, 10, 3), date(999, 12, 31), date(1582, 10, 4), date(2262, 4, 12), date(9999, 12, 31)]
    columns = [
        "source_id",
        "entity",
        "file_month",
        "source_agency_code",
        "agency_name_vi",
        "budget_rows",
        "quarantined_rows",
        "wanted_rows",
    ]
    rows = [("one_stop", "filings", day, "243", "UBND", 1, 2, 0) for day in days]
    (suite,) = [suite for suite in judge.load_suites() if suite.name == "quarantine"]
    checks = judge.evaluate([suite], {"aud_quarantine": judge.Frame(columns, rows)})
    assert [check.status for check in checks] == ["failed", "failed"]
    assert [row["month"] for row in checks[0].failing_rows] == [
        "0001-01",
        "0022-10",
        "0999-12",
        "1582-10",
        "2262-04",
        "9999-12",
    ]
    assert json.dumps(checks[0].failing_rows, default=str).count("0001-01") == 1
