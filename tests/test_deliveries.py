"""Nothing received is not nothing filed, and a part is not the whole: what marts show while feeds are missing in part.

Two sources in one home: the one-stop system for all agencies, and a land registry's for 244 alone, which the calendar does
not name. Each agency that has anything has 20 filings or 12 requests a month, each request one attempt.
"""

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dvctt.notify.alerts import alert_about_publication
from dvctt.notify.wording import text_body
from dvctt.province.folder import load_province
from dvctt.report.findings import warning_rows
from dvctt.report.marts import PACKET_CONTRACT, read_marts
from dvctt.report.tables.agency import agency_tables
from dvctt.report.tables.monthly import province_tables
from dvctt.report.wording.caveats import own_words
from dvctt.report.wording.language import in_language
from dvctt.settings import Settings
from dvctt.warehouse import connections, expectations

from tests.conftest import PROVINCE, Inbox, attempt, filing, payment, procedure
from tests.nights import Nights, nights_after

MONTHS = ("2022-08", "2022-09", "2022-10")
SOURCES = """sources:
  - id: one_stop
    name_vi: Hệ thống một cửa điện tử tỉnh
    kind: files
    entities:
      filings: {month_means: received}
      payment_requests: {month_means: updated}
      payment_attempts: {month_means: updated}
      procedures: {month_means: updated}
      index_counts: {month_means: updated, optional: true}
  - id: land
    name_vi: Hệ thống đất đai
    kind: files
    entities:
      payment_requests: {month_means: updated}
      payment_attempts: {month_means: updated}
"""


def received(agency: str, month: str, count: int = 20, prefix: str = "F") -> list[dict[str, str]]:
    return [filing(f"{prefix}-{agency}-{month}-{n}", agency, f"{month}-05 08:00:00") for n in range(count)]


def requests(agency: str, month: str) -> list[dict[str, str]]:
    return [
        payment(f"R-{agency}-{month}-{n}", f"F-{agency}-{month}-{n}", agency, f"{month}-06 08:00:00", 1000)
        for n in range(12)
    ]


def attempts(agency: str, month: str) -> list[dict[str, str]]:
    return [
        attempt(f"A-{agency}-{month}-{n}", f"R-{agency}-{month}-{n}", "", f"{month}-06 08:00:00", 1000)
        for n in range(12)
    ]


def index_counts(month: str, *agencies: str) -> list[dict[str, str]]:
    return [
        {"MaDonVi": agency, "Thang": month, "ThanhPhan": "so_hoa_ket_qua", "TuSo": "3", "MauSo": "9"}
        for agency in agencies
    ]


@pytest.fixture(scope="module")
def night(tiny_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Nights:
    root = tmp_path_factory.mktemp("deliveries")
    shutil.copytree(PROVINCE, root / "province")
    (root / "province" / "sources.yml").write_text(SOURCES, encoding="utf-8")
    with (root / "province" / "expected_feeds.csv").open("a", encoding="utf-8") as calendar:
        calendar.write("one_stop,procedures,*,5,2022-10-01,2022-10-31,a new catalogue\n")
    one_stop, land = Inbox(root / "inbox"), Inbox(root / "inbox", "land")
    one_stop.write("procedures", "2022-08", [procedure("1.000001", "4")])
    for month in MONTHS:
        whole = month != "2022-10"
        filings = [
            row for agency in ("243", "246", "H62.01") if whole or agency == "246" for row in received(agency, month)
        ]
        stated = {} if whole else {"control": {"rows": 20, "agencies": {"H62.01": 0, "246": 20}}}
        one_stop.write("filings", month, filings, **stated)
        if month != "2022-08":
            one_stop.write("payment_requests", month, requests("246", month))
        one_stop.write("index_counts", month, index_counts(month, "246", *(("243",) if whole else ())))
        one_stop.write("payment_attempts", month, attempts("246", month))
        land.write("payment_requests", month, requests("244", month))
        if whole:
            land.write("payment_attempts", month, attempts("244", month))
    one_stop.write("filings", "2022-10.bo-sung", received("243", "2022-10", 2, "late"))
    one_stop.write("filings", "2022-11", [], control={"rows": 0})
    settings = Settings(province_folder=root / "province", inbox=root / "inbox", home=root / "home")
    nights = nights_after(tiny_home, settings)
    nights.run()
    return nights


def filings_of(night: Nights, month: str, *codes: str) -> list[tuple[object, ...]]:
    rows = night.rows(
        "select entity_code, received, caveats_json from mart_online_rates "
        f"where month = date '{month}-01' and entity_code in {(*codes, '')} order by entity_code"
    )
    return [(*figures, own_words(caveats)) for *figures, caveats in rows]


def payments_of(night: Nights, month: str, *codes: str) -> list[tuple[object, ...]]:
    rows = night.rows(
        "select entity_code, online_payment_count, attempt_count, caveats_json from mart_payments "
        f"where month = date '{month}-01' and entity_code in {(*codes, '')} order by entity_code"
    )
    return [(*figures, own_words(caveats)) for *figures, caveats in rows]


def test_an_agency_that_the_shared_file_lacks_is_no_two_filings_of_a_supplement(night: Nights) -> None:
    missing = "chưa có dữ liệu từ UBND thành phố Vĩnh Yên (chỉ có dòng trong tệp bổ sung)"
    assert filings_of(night, "2022-10", "243", "246", "26", "district") == [
        ("243", None, missing),
        ("246", 20, None),
        ("26", 20, missing),
        ("district", 20, missing),
    ]


def test_zero_is_believed_of_whom_the_control_file_says_it(night: Nights) -> None:
    assert filings_of(night, "2022-10", "H62.01") == [("H62.01", 0, None)]


def test_a_header_alone_says_zero_of_nobody_who_had_twenty_a_month(night: Nights) -> None:
    reason = "(tệp của tháng không có dòng nào)"
    assert filings_of(night, "2022-11", "243", "244", "H62.01") == [
        ("243", None, f"chưa có dữ liệu từ UBND thành phố Vĩnh Yên {reason}"),
        ("244", 0, None),
        ("H62.01", None, f"chưa có dữ liệu từ Sở Nội vụ {reason}"),
    ]
    assert night.rows(
        "select missing_reason, is_expected, is_delivered from mart_feeds "
        "where month = date '2022-11-01' and entity = 'filings' and agency_code = '243' and source_id = 'one_stop'"
    ) == [("empty_file", True, False)]


def test_attempts_of_one_source_that_did_not_come_are_named_up_to_the_province(night: Nights) -> None:
    missing = "chưa có giao dịch thanh toán từ UBND thành phố Phúc Yên"
    assert payments_of(night, "2022-09", "244", "26") == [("244", 12, 12, None), ("26", 24, 24, None)]
    assert payments_of(night, "2022-10", "244", "246", "26", "district") == [
        ("244", 12, None, missing),
        ("246", 12, 12, None),
        ("26", 24, 12, missing),
        ("district", 24, 12, missing),
    ]


def test_what_comes_later_mends_the_figures_and_takes_the_caveats_away(night: Nights) -> None:
    land, one_stop = Inbox(night.settings.inbox, "land"), Inbox(night.settings.inbox)
    land.write("payment_attempts", "2022-10", attempts("244", "2022-10"))
    one_stop.write("filings", "2022-10.bo-sung", received("243", "2022-10", 18, "late"))
    one_stop.write("filings", "2022-11", [], control={"rows": 0, "agencies": {"243": 0, "246": 0, "H62.01": 0}})
    one_stop.write("payment_requests", "2022-08", requests("246", "2022-08"))
    one_stop.write("procedures", "2022-10", [procedure("1.000002", "3", since="01/10/2022")])
    one_stop.write("index_counts", "2022-10", index_counts("2022-10", "243", "246"))
    night.run()
    assert payments_of(night, "2022-10", "26") == [("26", 24, 24, None)]
    assert filings_of(night, "2022-10", "243", "26") == [("243", 18, None), ("26", 38, None)]
    assert filings_of(night, "2022-11", "243", "26") == [("243", 0, None), ("26", 0, None)]


WHAT_CAME = {
    "mart_caveats",
    "mart_feeds",
    "mart_feed_timeliness",
    "mart_data_cut_off",
    "mart_placed_facts",
    "mart_restatements",
    "mart_verdict_history",
}
"""Marts that tell what came."""
SUMS_OF_OTHERS = {"mart_additivity_checks"}
NO_FIGURES = {
    "official_order",
    "line_order",
    "metric_place",
    "reason_order",
    "class_order",
    "line_place",
    "rank_in_group",
    "rank",
    "ranked_among",
    "missing_agencies",
    "missing_attempt_agencies",
    "quarantined_rows",
    "extract_count",
    "baseline_months_present",
    "months_present",
    "ytd_months_present",
    "unscored_components",
    "agency_count",
}
"""Places, and columns that tell what is missing themselves."""


def gives_reason(row: dict[str, Any], caveats: set[tuple[date, str]]) -> bool:
    """Whether a reader of the row is told that something of it is missing: in the row, or by a caveat of its entity and month."""
    if any(
        row.get(name)
        for name in ("caveats_json", "missing_agencies", "missing_attempt_agencies", "unscored_components")
    ):
        return True
    first = row.get("month") or row.get("period_start") or row.get("first_day")
    last = row.get("period_end") or row.get("last_day") or first
    entity = row.get("entity_code") or row.get("agency_code") or row.get("group_code")
    return first is not None and any(code == entity and first <= month <= last for month, code in caveats)


def test_no_figure_of_any_mart_is_small_without_a_word_while_a_feed_of_it_is_missing(night: Nights) -> None:
    """What the first night lacked, the second had: filings of one agency in a shared file, one month's requests and another's
    attempts of one source, a catalogue that was owed, one agency's index counts.
    """
    lacking, whole = (
        duckdb.connect(str(night.settings.published / number / "marts.duckdb"), read_only=True) for number in "12"
    )
    caveats = set(lacking.execute("select month, entity_code from mart_caveats").fetchall())
    moved, silent = set[str](), list[str]()
    for node in night.nodes:
        if not node.published or not node.name.startswith("mart_") or node.name in WHAT_CAME | SUMS_OF_OTHERS:
            continue
        rows: list[dict[tuple[Any, ...], dict[str, Any]]] = []
        for connection in (lacking, whole):
            found = connection.execute(f"select * from {node.name}")
            names = [column[0] for column in found.description]
            each = [dict(zip(names, values, strict=True)) for values in found.fetchall()]
            rows.append({tuple(row[name] for name in node.primary_key): row for row in each})
        numbers = [name for name, kind in node.columns if kind in ("bigint", "integer", "double")]
        for key, then in rows[1].items():
            now = rows[0].get(key, dict.fromkeys(then))
            changed = [n for n in numbers if n not in NO_FIGURES | set(node.primary_key) and now[n] != then[n]]
            moved |= {node.name} if changed else set()
            if not gives_reason(now if key in rows[0] else then, caveats):
                # A row that is not there is as silent as a number that is too small.
                silent += [f"{node.name} {key}: {n}" for n in changed if now[n] is not None or key not in rows[0]]
    assert len(moved) > 20
    assert silent == []


def test_what_the_gate_warns_of_stands_with_the_month_in_every_document_in_the_words_of_the_mail(night: Nights) -> None:
    row = {"month": "2022-10", "agency_code": "246", "agency_name_vi": "UBND huyện Lập Thạch", "relation": "at_least"}
    check = {
        "id": "drift.not_below_the_band",
        "title_vi": "Số hồ sơ không thấp hơn dải cho phép",
        "severity": "warning",
    }
    verdict = {
        "verdict": "passed",
        "province": "Vĩnh Phúc",
        "checks": [{**check, "status": "failed", "failing_rows": [{**row, "expected": 1064, "observed": 4}]}],
    }
    alert = alert_about_publication(verdict, Path("verdict.json"), publication=1)
    assert alert is not None
    (finding,) = alert.findings
    sentence = "Số hồ sơ không thấp hơn dải cho phép (drift.not_below_the_band): mong đợi ít nhất 1.064, quan sát 4"
    assert finding.text_vi == sentence
    assert "Mong đợi: ít nhất 1.064\n   Quan sát: 4" in text_body(alert)
    expectations.lay_warnings(night.settings.candidate, warning_rows(verdict))
    night.build()
    [(*where, caveat)] = night.rows(
        "select month, scope, entity_code, caveat_id, caveat_json from mart_caveats where subject = 'checks'"
    )
    with in_language("en"):
        english = own_words(caveat)
    assert [(*where, own_words(caveat), english)] == [
        (
            date(2022, 10, 1),
            "agency",
            "246",
            "drift.not_below_the_band",
            sentence,
            "drift.not_below_the_band: expected at least 1,064, observed 4",
        )
    ]
    province = load_province(night.settings.province_folder)
    content = read_marts(connections.candidate_path(night.settings.candidate), where_there=PACKET_CONTRACT)
    october = date(2022, 10, 1)
    rates = content.of_month("mart_online_rates", october)
    (of_agency,) = [row for row in rates if row["entity_code"] == "246"]
    for tables in (
        province_tables(content, october, province),
        agency_tables(content, october, of_agency),
    ):
        assert sentence in str(next(table for table in tables if table.sheet_vi == "Lưu ý về số liệu"))
