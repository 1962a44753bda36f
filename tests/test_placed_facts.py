"""Every fact is in the tables of a month or in a count with a name, in feeds of changes too."""

import pytest
from dvctt.report.wording.caveats import own_words
from dvctt.settings import Settings

from tests.conftest import PROVINCE, Inbox, attempt, filing, payment
from tests.nights import Nights, nights_after


@pytest.fixture(scope="module")
def changes(tiny_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Nights:
    """One night of a feed of changes: October's file brings a filing, a payment and an attempt of April and July."""
    root = tmp_path_factory.mktemp("changes")
    province = root / "tinh"
    province.mkdir()
    for path in PROVINCE.iterdir():
        text = path.read_text(encoding="utf-8")
        changed = text.replace("filings: {month_means: received}", "filings: {month_means: updated}")
        assert (changed != text) == (path.name == "sources.yml")
        (province / path.name).write_text(changed, encoding="utf-8")
    inbox = Inbox(root / "inbox")
    inbox.write("filings", "2022-09", [filing("S1", "243", "2022-09-05")])
    inbox.write(
        "filings",
        "2022-10",
        [
            filing("O1", "243", "2022-10-03"),
            filing("S2", "243", "2022-09-06"),
            filing("S3", "244", "2022-09-07"),
            filing("A1", "243", "2022-04-05"),
            filing("N1", "243", "", TrangThaiHoSo="1", NgayNopHoSo="2022-10-04", NgayKetThucXuLy=""),
        ],
    )
    inbox.write(
        "payment_requests",
        "2022-10",
        [
            payment("Y1", "O1", "243", "2022-10-04", 5_000),
            payment("Y2", "A1", "243", "2022-07-05", 7_000),
            payment("Y3", "O1", "243", "2022-10-04", 9_000, TrangThai="Chưa thanh toán", NgayThuPhi=""),
        ],
    )
    inbox.write(
        "payment_attempts",
        "2022-10",
        [
            attempt("T1", "Y1", "O1", "2022-10-04", 5_000),
            attempt("T2", "Y2", "A1", "2022-07-05", 7_000),
        ],
    )
    nights = nights_after(tiny_home, Settings(province_folder=province, inbox=inbox.root, home=root / "home"))
    nights.run()
    return nights


def test_a_fact_of_a_month_without_a_file_has_a_name(changes: Nights) -> None:
    assert changes.rows(
        "select entity, event_kind, file_month::varchar, month::varchar, agency_code, place, row_count "
        "from mart_placed_facts where entity in ('filings', 'payment_requests', 'payment_attempts') order by all"
    ) == [
        ("filings", "received", "2022-09-01", "2022-09-01", "243", "monthly", 1),
        ("filings", "received", "2022-10-01", "2022-04-01", "243", "month_without_file", 1),
        ("filings", "received", "2022-10-01", "2022-09-01", "243", "monthly", 1),
        ("filings", "received", "2022-10-01", "2022-09-01", "244", "monthly", 1),
        ("filings", "received", "2022-10-01", "2022-10-01", "243", "monthly", 1),
        ("filings", "received", "2022-10-01", "2022-10-01", "243", "not_received", 1),
        ("payment_attempts", "attempted", "2022-10-01", "2022-07-01", "243", "month_without_file", 1),
        ("payment_attempts", "attempted", "2022-10-01", "2022-10-01", "243", "monthly", 1),
        ("payment_requests", "paid", "2022-10-01", "2022-07-01", "243", "month_without_file", 1),
        ("payment_requests", "paid", "2022-10-01", "2022-10-01", "243", "monthly", 1),
        ("payment_requests", "paid", "2022-10-01", "2022-10-01", "243", "not_paid", 1),
    ]


def test_facts_are_those_of_the_marts_and_of_the_named_counts(changes: Nights) -> None:
    assert changes.rows("select count(*) from fct_filings") == [(6,)]
    assert changes.rows("select sum(received) from mart_online_rates where scope = 'province'") == [(4,)]
    assert changes.rows(
        "select sum(row_count) from mart_placed_facts where entity = 'filings' and not is_in_month"
    ) == [(2,)]
    assert changes.rows("select count(*) from aud_placed_facts where fact_rows <> accounted_rows") == [(0,)]
    assert changes.rows(
        "select entity, month::varchar, uncovered_rows from aud_placed_facts where uncovered_rows > 0 order by all"
    ) == [("filings", "2022-04-01", 1), ("payment_attempts", "2022-07-01", 1), ("payment_requests", "2022-07-01", 1)]


def test_the_month_whose_file_brought_them_says_so(changes: Nights) -> None:
    [(caveats,)] = changes.rows(
        "select caveats_json from mart_online_rates where scope = 'province' and month = '2022-10-01'"
    )
    assert own_words(caveats) == "1 bản ghi trong tệp của tháng thuộc tháng không có tệp nào: không bảng tháng nào đếm"
    assert changes.rows(
        "select row_count from mart_caveats where scope = 'province' and subject = 'payments' "
        "and caveat_id = 'month_without_file' and month = '2022-10-01'"
    ) == [(2,)]
