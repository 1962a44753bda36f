"""Bad rows, missing feeds and mended re-sends, through whole nights: what is published, with which caveat, and what stops."""

import csv
import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from dvctt.publications.reading import current_publication
from dvctt.report.wording.caveats import own_words
from dvctt.settings import Settings

from tests.conftest import Inbox, SentAlerts, dvctt, filing, payment, procedure, settings_for

AGENCIES = {"243": 400, "244": 300, "H62.01": 100}
"""Filings of October by agency; every second one is online."""


def october(agency: str, *, bad: int = 0) -> list[dict[str, str]]:
    """The agency's filings; the received date of the first ``bad`` ones is no date."""
    rows = [
        filing(f"{agency}-{n:04d}", agency, f"2022-10-{n % 28 + 1:02d} 09:00:00", channel="2" if n % 2 else "1")
        for n in range(AGENCIES[agency])
    ]
    return [{**row, "NgayTiepNhan": "31/02/2022"} if place < bad else row for place, row in enumerate(rows)]


def write_october(inbox: Inbox, **bad: int) -> None:
    rows = [row for agency in AGENCIES for row in october(agency, bad=bad.get(agency.replace(".", "_"), 0))]
    inbox.write("filings", "2022-10", rows, control={"rows": len(rows)})
    # A supplement that corrects two filings of the base file: sending the base file again must not undo it.
    inbox.write("filings", "2022-10.bo-sung", [{**row, "MucDo": "3"} for row in october("243")[101:104:2]])


def write_rest(inbox: Inbox) -> None:
    inbox.write("procedures", "2022-09", [procedure("1.000001", "4")])
    inbox.write("payment_requests", "2022-10", [payment("Y1", "243-0001", "243", "2022-10-02 10:00:00", 100_000)])


def ask(settings: Settings, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(settings.published / "current" / "marts.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def hashes(settings: Settings) -> dict[str, str]:
    """Of everything that is published, but for what is the home's own history: when files came, what was asked and what was
    published before.
    """
    publication = current_publication(settings.published)
    assert publication is not None
    history = ("cut_off", "verdict_history", "aud_row_reconciliation", "feed", "restatements", "figure_movements")
    return {
        name: entry["sha256"]
        for name, entry in publication.manifest["files"].items()
        if name.startswith("parquet/") and not any(part in name for part in history)
    }


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    root = tmp_path_factory.mktemp("clean")
    inbox = Inbox(root / "inbox")
    write_october(inbox)
    write_rest(inbox)
    settings = settings_for(root / "home", root / "inbox")
    finished = dvctt(settings, "run")
    assert finished.returncode == 0, finished.stderr
    return settings


@pytest.fixture(scope="module")
def eight_bad(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Four bad rows of 400 and three of 300: inside the budget of 1 % of an agency's month."""
    root = tmp_path_factory.mktemp("bad")
    inbox = Inbox(root / "inbox")
    write_october(inbox, **{"243": 4, "244": 3, "H62_01": 1})
    write_rest(inbox)
    settings = settings_for(root / "home", root / "inbox")
    finished = dvctt(settings, "run")
    assert finished.returncode == 0, finished.stderr
    return settings


def test_eight_bad_rows_are_published_without_and_with_a_caveat_in_mart_report_and_csv(eight_bad: Settings) -> None:
    rows = ask(
        eight_bad,
        "select entity_code, received, quarantined_rows, caveats_json from mart_online_rates "
        "where month = '2022-10-01' and quarantined_rows > 0 order by scope, official_order",
    )
    assert [(*figures, own_words(caveats)) for *figures, caveats in rows] == [
        ("H62.01", 99, 1, "chưa tính 1 dòng bị cách ly"),
        ("243", 396, 4, "chưa tính 4 dòng bị cách ly"),
        ("244", 297, 3, "chưa tính 3 dòng bị cách ly"),
        ("provincial", 99, 1, "chưa tính 1 dòng bị cách ly"),
        ("district", 693, 7, "chưa tính 7 dòng bị cách ly"),
        ("26", 792, 8, "chưa tính 8 dòng bị cách ly"),
    ]
    published = eight_bad.published / "current"
    page = (published / "reports" / "bao-cao-2022-10.html").read_text(encoding="utf-8")
    assert "chưa tính 8 dòng bị cách ly" in page
    with (published / "csv" / "mart_online_rates.csv").open(encoding="utf-8-sig", newline="") as file:
        caveats = {row["entity_code"]: row["caveat_vi"] for row in csv.DictReader(file) if row["month"] == "2022-10-01"}
    assert caveats["26"] == "chưa tính 8 dòng bị cách ly"
    assert caveats["253"] == ""


def test_rows_set_aside_are_listed_with_file_row_and_reason_and_nothing_of_themselves(eight_bad: Settings) -> None:
    finished = dvctt(eight_bad, "quarantine", "list", "--month", "2022-10")
    assert finished.returncode == 0
    assert "8 rows set aside" in finished.stdout
    assert finished.stdout.count("unparseable: Ngày hoặc số không đọc được") == 8
    assert finished.stdout.count("2022-10.csv") == 8
    assert "NgayTiepNhan" in finished.stdout
    assert "31/02/2022" not in finished.stdout
    only = dvctt(eight_bad, "quarantine", "list", "--agency", "244")
    assert "3 rows set aside" in only.stdout


def test_a_mended_re_send_equals_a_load_that_was_clean_from_the_start(
    eight_bad: Settings, clean: Settings, tmp_path: Path
) -> None:
    shutil.copytree(eight_bad.home, tmp_path / "home", symlinks=True)
    shutil.copytree(eight_bad.inbox, tmp_path / "inbox")
    settings = settings_for(tmp_path / "home", tmp_path / "inbox")
    write_october(Inbox(settings.inbox))
    finished = dvctt(settings, "run")
    assert finished.returncode == 0, finished.stderr
    wanted = hashes(clean)
    assert len(wanted) > 25
    assert hashes(settings) == wanted
    assert "0 rows set aside" in dvctt(settings, "quarantine", "list").stdout


def test_five_per_cent_of_one_agency_stop_the_night_and_name_it(
    clean: Settings, tmp_path: Path, sent_alerts: SentAlerts
) -> None:
    shutil.copytree(clean.home, tmp_path / "home", symlinks=True)
    settings = settings_for(tmp_path / "home", tmp_path / "inbox")
    write_october(Inbox(settings.inbox), **{"244": 15})
    write_rest(Inbox(settings.inbox))
    before = {str(p): p.read_bytes() for p in sorted(settings.published.rglob("*")) if p.is_file()}
    finished = dvctt(settings, "run", **sent_alerts.environment)
    assert finished.returncode == 1
    assert (
        "quarantine.agency_is_within_budget: 1 rows, first: one_stop filings 2022-10 UBND thành phố Phúc Yên: expected at most 3, observed 15"
        in finished.stderr
    )
    assert {str(p): p.read_bytes() for p in sorted(settings.published.rglob("*")) if p.is_file()} == before
    assert "UBND thành phố Phúc Yên" in str(sent_alerts.post())
    assert (settings.candidate / "verdict.html").read_text(encoding="utf-8").count("UBND thành phố Phúc Yên") >= 1


def test_a_withheld_agency_is_null_and_named_and_the_others_are_published(
    tmp_path: Path, sent_alerts: SentAlerts
) -> None:
    """Each agency sends a file of its own; that of H62.01 does not come, that of 253 comes and is empty."""
    inbox = Inbox(tmp_path / "inbox")
    inbox.write("filings", "2022-10.243", october("243"))
    inbox.write("filings", "2022-10.244", october("244"))
    inbox.write("filings", "2022-10.253", [], control={"rows": 0})
    write_rest(inbox)
    settings = settings_for(tmp_path / "home", tmp_path / "inbox")
    finished = dvctt(settings, "run", **sent_alerts.environment)
    assert finished.returncode == 0, finished.stderr
    rates = {
        entity: (*figures, own_words(caveats))
        for entity, *figures, caveats in ask(
            settings,
            "select entity_code, received, online_rate_percent, missing_agencies, caveats_json from mart_online_rates "
            "where month = '2022-10-01'",
        )
    }
    assert "lưu ý: Khối sở ban ngành: chưa có dữ liệu từ Sở Nội vụ" in finished.stdout
    assert rates["243"] == (400, 50.0, 0, None)
    assert rates["253"] == (0, None, 0, None)
    assert rates["H62.01"] == (None, None, 1, "chưa có dữ liệu từ Sở Nội vụ")
    assert rates["district"][:3] == (700, 50.0, 6)
    assert "UBND thành phố Vĩnh Yên" not in str(rates["district"][3])
    assert "UBND huyện Lập Thạch" in str(rates["district"][3])
    assert rates["provincial"][:2] == (None, None)
    assert "chưa có dữ liệu" in (settings.published / "current" / "reports" / "bao-cao-2022-10.html").read_text("utf-8")
    assert "CẢNH BÁO" in sent_alerts.email()["Subject"]
    assert "Sở Nội vụ" in str(sent_alerts.post())
    check = "Mỗi cơ quan đã nộp dữ liệu của tháng theo lịch (feeds.expected_ones_came, nguồn one_stop, hồ sơ)"
    sentence = f"{check}: mong đợi 1, quan sát 0"
    in_marts = "select caveat_json from mart_caveats where subject = 'checks' and entity_code = 'H62.01' and month = '2022-10-01'"
    assert sentence in [own_words(caveat) for (caveat,) in ask(settings, in_marts)]
    assert sentence in (settings.published / "current" / "reports" / "bao-cao-2022-10.html").read_text("utf-8")
    assert sentence in (settings.published / "current" / "csv" / "mart_caveats.csv").read_text("utf-8")
    assert f"Kiểm tra: {check}" in str(sent_alerts.post())


def test_four_points_agree_and_one_row_gone_or_one_dong_off_is_found_with_its_place(
    clean: Settings, tmp_path: Path
) -> None:
    assert dvctt(clean, "reconcile", "--month", "2022-10").returncode == 0
    shutil.copytree(clean.home, tmp_path / "home", symlinks=True)
    settings = replace(clean, home=tmp_path / "home")
    for entity, change, wanted in (
        (
            "filings",
            "select * from data where MaHoSo <> '244-0007'",
            "UBND thành phố Phúc Yên rows: {'accounted - landed': 1}",
        ),
        (
            "payment_requests",
            "select * replace ('100001' as SoTien) from data",
            "UBND thành phố Vĩnh Yên VND: {'accounted - landed': -1}",
        ),
    ):
        (path,) = (settings.landing / "one_stop" / entity / "month=2022-10").glob("*.2022-10-*.parquet")
        kept = path.read_bytes()
        duckdb.sql(f"copy (with data as (from '{path}') {change}) to '{path}.new' (format parquet)")
        Path(f"{path}.new").replace(path)
        finished = dvctt(settings, "reconcile", "--month", "2022-10")
        assert finished.returncode == 1
        assert wanted in finished.stdout
        path.write_bytes(kept)
    assert dvctt(settings, "reconcile", "--month", "2022-10").returncode == 0
    nothing = dvctt(settings, "reconcile", "--month", "2021-01")
    assert nothing.returncode == 1
    assert "nothing was looked at" in nothing.stderr
