"""Keys that stand for many records, and records under many keys, through whole nights: what counts, what is set aside, what is
told. The nights are replayed on the tiny home.
"""

import shutil
from pathlib import Path

import pytest
from dvctt.settings import Settings

from tests.conftest import PROVINCE, Inbox, attempt, copy_home, filing, payment
from tests.nights import Nights, nights_after

SPREADSHEET = "2.0221E+17"


@pytest.fixture(scope="module")
def nights(tiny_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Nights:
    """Publication 1 is the tiny home's; before 2 come files with bad keys, before 3 a month whose keys a spreadsheet spoiled."""
    root = tmp_path_factory.mktemp("keys")
    copy_home(tiny_home.home, root / "home")
    shutil.copytree(tiny_home.inbox, root / "inbox")
    nights = nights_after(tiny_home, Settings(province_folder=PROVINCE, inbox=root / "inbox", home=root / "home"))
    inbox = Inbox(root / "inbox")
    inbox.write(
        "filings",
        "2022-10.bang-tinh",
        [filing(SPREADSHEET, "H62.01", f"202210{day:02d}090000") for day in range(3, 9)],
    )
    inbox.write(
        "filings",
        "2022-10.trung-ma",
        [
            filing("K1", "243", "20221003090000"),
            filing("K1", "243", "20221004090000"),
            filing("K2", "243", "20221003090000", TrangThaiHoSo="4", NgayKetThucXuLy=""),
            filing("K2", "243", "20221003090000"),
            filing("K3", "243", "20221003090000"),
            filing("K3", "243", "20221003090000"),
        ],
    )
    inbox.write(
        "filings",
        "2022-10.cach-viet",
        [
            filing("O\u00ad1", "243", "20221001000000"),
            filing("o5", "244", "20221006101010", channel="1"),
            filing("A1", "\uff48\uff16\uff12\uff0e\uff10\uff11", "20221003090000"),
            filing("A2", "#N/A", "20221003090000"),
        ],
    )
    inbox.write(
        "payment_requests",
        "2022-10.trung-ma",
        [
            payment("YN1", "O3", "243", "2022-10-31 10:00:00", 50_000),
            payment("YN2", SPREADSHEET, "243", "2022-10-31 10:00:00", 60_000),
            payment("YN3", "O3", "243", "2022-10-31 10:00:00", 70_000),
            payment("YN3", "O3", "243", "2022-10-31 10:00:00", 80_000),
        ],
    )
    inbox.write(
        "payment_attempts",
        "2022-10.trung-ma",
        [
            attempt("T9", "YN1", "O3", "20221031100000", 50_000),
            attempt("T9", "YN1", "O3", "20221031100000", 50_000, "that-bai"),
        ],
    )
    nights.run()
    return nights


@pytest.fixture(scope="module")
def spoiled(nights: Nights, tmp_path_factory: pytest.TempPathFactory) -> Nights:
    """Publication 3: September comes again, one of its three keys made an exponent."""
    root: Path = tmp_path_factory.mktemp("spoiled")
    shutil.copytree(nights.settings.home, root / "home", symlinks=True)
    shutil.copytree(nights.settings.inbox, root / "inbox")
    later = Nights(
        Settings(province_folder=PROVINCE, inbox=root / "inbox", home=root / "home"),
        nights.nodes,
        nights.seeds,
        nights.count,
    )
    Inbox(root / "inbox").write(
        "filings",
        "2022-09",
        [
            filing("S1", "243", "20220901000000"),
            filing(SPREADSHEET, "243", "20220930235959", channel="1"),
            filing("S3", "H62.01", "15/09/2022 08:00", channel="1"),
        ],
    )
    later.run()
    return later


def test_filings_under_one_key_of_a_spreadsheet_are_no_filing_and_each_row_is_set_aside(nights: Nights) -> None:
    rows = nights.rows(
        "select file_name, quarantine_reason, record_key, count(*) from fct_quarantined_rows where entity = 'filings' "
        "group by all order by all"
    )
    assert rows == [
        ("2022-10.bang-tinh.csv", "malformed_key", None, 6),
        ("2022-10.trung-ma.csv", "doubled_key", "K1", 2),
    ]


def test_what_is_left_is_counted_once_under_its_agency(nights: Nights) -> None:
    rows = nights.rows(
        "select entity_code, received from mart_online_rates where month = '2022-10-01' and scope <> 'group' "
        "and received > 0 order by scope, official_order"
    )
    # 243: K2 and K3 more than in the tiny home; 244: o5, counted beside O5 and told; H62.01: A1; nobody's: A2.
    assert rows == [("H62.01", 2), ("243", 6), ("244", 2), ("unknown", 1), ("26", 11)]


def test_repetitions_within_a_file_are_counted_apart(nights: Nights) -> None:
    (row,) = nights.rows(
        "select landed_rows, fact_rows, superseded_rows, superseded_within_file_rows, quarantined_rows, replaced_rows "
        "from aud_row_reconciliation where entity = 'filings' and file_month = '2022-10-01'"
    )
    # Superseded: the tiny home's O2, K2 and K3 within their files; O1 by the key with a soft hyphen, from another file.
    assert row == (24, 12, 4, 3, 8, 0)
    assert row[0] == sum(row[n] for n in (1, 2, 4, 5))  # type: ignore[misc]


def test_two_spellings_of_one_key_are_told_and_only_another_case_counts_twice(nights: Nights) -> None:
    rows = nights.rows("select file_name, record_key, is_counted_twice from fct_twin_keys order by all")
    assert rows == [
        ("2022-10.cach-viet.csv", "O1", False),
        ("2022-10.cach-viet.csv", "o5", True),
        ("2022-10.csv", "O1", False),
        ("2022-10.csv", "O5", True),
    ]
    (counts,) = nights.rows(
        "select twin_keys, counted_twice_keys from aud_keys where entity = 'filings' and file_month = '2022-10-01'"
    )
    assert counts == (2, 1)


def test_an_attempt_with_two_ends_is_none_and_its_request_stays_paid(nights: Nights) -> None:
    assert nights.rows("select count(*) from fct_payment_attempts where payment_attempt_id = 'T9'") == [(0,)]
    assert nights.rows(
        "select entity, record_key, quarantine_reason, count(*) from fct_quarantined_rows where entity like 'payment%' "
        "group by all order by all"
    ) == [("payment_attempts", "T9", "doubled_key", 2), ("payment_requests", "YN3", "doubled_key", 2)]
    assert nights.rows(
        "select payment_request_id, is_paid, amount_vnd, filing_id, has_filing from fct_payments "
        "where payment_request_id like 'YN%' order by 1"
    ) == [("YN1", True, 50_000, "O3", True), ("YN2", True, 60_000, None, False)]


def test_records_that_a_later_file_spoils_are_not_told_as_corrections(spoiled: Nights) -> None:
    rows = spoiled.rows(
        "select entity_code, old_value, new_value, change, set_aside, corrections from mart_restatements "
        "where month = '2022-09-01' and metric = 'received' and to_publication = 3 and scope <> 'group' order by all"
    )
    assert rows == [("243", 2, 1, -1, -1, 0), ("26", 3, 2, -1, -1, 0)]
