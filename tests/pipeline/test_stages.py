"""Nights without Airflow, on literal source files: what is counted, what stops, what stays up, what is found again."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from dvctt.core.errors import WarehouseError
from dvctt.notify import channels
from dvctt.pipeline import stages
from dvctt.pipeline.inspection import alert_about_unread_files, inspect_publication
from dvctt.province.folder import load_province
from dvctt.publications.reading import current_publication
from dvctt.settings import Settings
from dvctt.warehouse import definitions

from tests.conftest import (
    PROVINCE,
    Inbox,
    SentAlerts,
    copy_home,
    dvctt,
    environment_for,
    filing,
    lend_parsed,
    payment,
    settings_for,
    write_tiny,
)


def ask(settings: Settings, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(settings.published / "current" / "marts.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def facts_hash(settings: Settings) -> dict[str, str]:
    publication = current_publication(settings.published)
    assert publication is not None
    return {
        name: entry["sha256"]
        for name, entry in publication.manifest["files"].items()
        if name.startswith(("parquet/fct_", "parquet/dim_", "parquet/mart_"))
        # When files came, what the gate said before and what changed since are the home's own history.
        and not any(
            part in name
            for part in ("cut_off", "feed", "verdict_history", "figure_movements", "restatements", "late_ledger")
        )
    }


def test_the_tiny_months_are_counted_as_by_hand(tiny_home: Settings) -> None:
    rows = ask(
        tiny_home,
        "select scope, entity_code, received, direct, direct_assumed, online, postal, online_level_3, online_level_4, "
        "online_no_level, online_rate_percent from mart_online_rates where month = '2022-10-01' and received > 0 "
        "order by scope, official_order",
    )
    assert rows == [
        ("agency", "H62.01", 1, 0, 0, 1, 0, 0, 0, 1, 100.0),
        ("agency", "243", 4, 1, 1, 2, 1, 1, 1, 0, 50.0),
        ("agency", "244", 1, 1, 0, 0, 0, 0, 0, 0, 0.0),
        ("group", "provincial", 1, 0, 0, 1, 0, 0, 0, 1, 100.0),
        ("group", "district", 5, 2, 1, 2, 1, 1, 1, 0, 40.0),
        ("province", "26", 6, 2, 1, 3, 1, 1, 1, 1, 50.0),
    ]


def test_an_agency_that_received_nothing_is_zero_and_has_no_rate(tiny_home: Settings) -> None:
    rows = ask(
        tiny_home,
        "select received, online_rate_percent, rank_in_group from mart_online_rates "
        "where month = '2022-10-01' and entity_code = '253'",
    )
    assert rows == [(0, None, None)]


def test_a_change_is_in_points_against_the_month_before(tiny_home: Settings) -> None:
    rows = ask(
        tiny_home,
        "select baseline_rate_percent, online_rate_percent, change_points from mart_online_rate_changes "
        "where month = '2022-10-01' and scope = 'group' and entity_code = 'district' and baseline_id = 'previous_month'",
    )
    assert rows == [(50.0, 40.0, -10.0)]


def test_a_baseline_with_months_missing_is_null_and_says_how_many(tiny_home: Settings) -> None:
    rows = ask(
        tiny_home,
        "select baseline_months_expected, baseline_months_present, baseline_rate_percent, change_points "
        "from mart_online_rate_changes "
        "where month = '2022-10-01' and scope = 'province' and baseline_id = 'first_9_months'",
    )
    assert rows == [(9, 1, None, None)]


def test_payments_are_counted_by_their_own_days_refunds_apart_and_above_32_bits(tiny_home: Settings) -> None:
    rows = ask(
        tiny_home,
        "select online_payment_count, online_payment_amount_vnd, online_refund_count, online_refund_amount_vnd, "
        "online_net_amount_vnd, other_payment_count, other_payment_amount_vnd, attempt_count, attempt_success_count, "
        "ytd_online_payment_count from mart_payments where month = '2022-10-01' and scope = 'province'",
    )
    assert rows == [(2, 3_000_050_000, 1, 50_000, 3_000_000_000, 1, 70_000, 3, 2, None)]


def test_the_catalogue_is_that_of_the_last_day(tiny_home: Settings) -> None:
    assert ask(
        tiny_home,
        "select services_total, services_level_3, services_level_4, services_other_level, connected_services "
        "from mart_catalogue_coverage where month = '2022-10-01'",
    ) == [(3, 1, 1, 1, 1)]


def test_every_landed_row_is_accounted_for(tiny_home: Settings) -> None:
    rows = ask(
        tiny_home,
        "select entity, landed_rows, fact_rows, superseded_rows, quarantined_rows from aud_row_reconciliation "
        "where file_month = '2022-10-01' order by entity",
    )
    assert rows == [("filings", 8, 7, 1, 0), ("payment_attempts", 3, 3, 0, 0), ("payment_requests", 3, 3, 0, 0)]


def test_a_run_with_nothing_new_ends_early_and_says_so(tiny_copy: Settings) -> None:
    finished = dvctt(tiny_copy, "run")
    assert finished.returncode == 0, finished.stderr
    assert "nothing new" in finished.stdout
    assert sorted(path.name for path in tiny_copy.published.glob("[!.]*")) == ["1", "current"]


def test_no_personal_value_is_anywhere_in_a_home(tiny_home: Settings) -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in tiny_home.inbox.rglob("*.csv"))
    needles = ("MẪU", "000099000001", "0000.000.777", "example.invalid", "Địa chỉ mẫu", "Trích yếu mẫu")
    assert all(needle in source for needle in needles)
    files = [path for path in tiny_home.home.rglob("*") if path.is_file() and not path.is_symlink()]
    assert len(files) > 60
    for path in files:
        content = path.read_bytes()
        assert not [needle for needle in needles if needle.encode() in content], path
    with duckdb.connect(str(tiny_home.published / "current" / "marts.duckdb"), read_only=True) as connection:
        for (table,) in connection.execute("select table_name from duckdb_tables()").fetchall():
            text = str(connection.execute(f"from {table}").fetchall())
            assert not [needle for needle in needles if needle in text], table


def test_late_files_and_another_order_of_arrival_give_the_same_facts(tmp_path: Path, tiny_home: Settings) -> None:
    """October first, September a night later: month by month equals all at once."""
    settings = settings_for(tmp_path / "home", tmp_path / "inbox")
    shutil.copytree(tiny_home.inbox, settings.inbox)
    late = sorted(path for path in settings.inbox.rglob("2022-09*") if path.parent.name != "procedures")
    assert len(late) == 3
    aside = tmp_path / "aside"
    aside.mkdir()
    for number, path in enumerate(late):
        path.rename(aside / str(number))
    assert dvctt(settings, "run").returncode == 0
    assert ask(settings, "select distinct month from mart_online_rates") != ask(
        tiny_home, "select distinct month from mart_online_rates order by 1"
    )
    for number, path in enumerate(late):
        (aside / str(number)).rename(path)
    assert dvctt(settings, "run").returncode == 0
    assert sorted(path.name for path in settings.published.glob("[!.]*")) == ["1", "2", "current"]
    hashes = facts_hash(tiny_home)
    assert len(hashes) > 15
    assert facts_hash(settings) == hashes


@pytest.fixture(scope="module")
def broken_night(tiny_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, dict[str, bytes]]:
    """A copy of the tiny home whose inbox got a month in which every row of one agency is of an unknown status."""
    root = tmp_path_factory.mktemp("broken")
    copy_home(tiny_home.home, root / "home")
    shutil.copytree(tiny_home.inbox, root / "inbox")
    settings = settings_for(root / "home", root / "inbox")
    before = {str(p): p.read_bytes() for p in sorted(settings.published.rglob("*")) if p.is_file()}
    rows = [filing(f"X{n}", "244", "20221120101010", TrangThaiHoSo="99") for n in range(3)]
    Inbox(settings.inbox).write("filings", "2022-11", [*rows, filing("X9", "243", "20221120101010")])
    return settings, before


def test_a_gate_that_fails_stops_before_the_marts_tells_people_and_changes_nothing_that_a_reader_sees(
    broken_night: tuple[Settings, dict[str, bytes]], sent_alerts: SentAlerts
) -> None:
    settings, before = broken_night
    finished = dvctt(settings, "run", **sent_alerts.environment)
    assert finished.returncode == 1
    assert "GateFailed" in finished.stderr
    assert "UBND thành phố Phúc Yên: expected at most 1, observed 3" in finished.stderr
    assert before
    assert {str(p): p.read_bytes() for p in sorted(settings.published.rglob("*")) if p.is_file()} == before
    body = sent_alerts.email().get_body(("plain",))
    assert body is not None
    words = body.get_content()
    for wanted in ("Vĩnh Phúc", "UBND thành phố Phúc Yên", "11/2022", str(settings.candidate / "verdict.json")):
        assert wanted in words
    assert "KHÔNG ĐẠT" in sent_alerts.email()["Subject"]
    assert "UBND thành phố Phúc Yên" in json.dumps(sent_alerts.post(), ensure_ascii=False)


def test_after_a_failed_gate_the_verdict_names_the_rows_and_a_mended_file_is_published(
    broken_night: tuple[Settings, dict[str, bytes]],
) -> None:
    settings, _ = broken_night
    shown = dvctt(settings, "verdict")
    assert shown.returncode == 1
    assert "quarantine.agency_is_within_budget" in shown.stdout
    rows = dvctt(settings, "rows", "--table", "fct_quarantined_rows", "--month", "2022-11")
    assert rows.stdout.count("unknown_status") == 3
    Inbox(settings.inbox).write("filings", "2022-11", [filing("X9", "243", "20221120101010")])
    assert dvctt(settings, "run").returncode == 0
    assert ask(
        settings, "select received from mart_online_rates where scope = 'province' and month = '2022-11-01'"
    ) == [(1,)]
    assert ask(
        settings, "select replaced_rows, quarantined_rows from aud_row_reconciliation where file_month = '2022-11-01'"
    ) == [(4, 0)]


BAD_INPUT = [
    ("a missing column", lambda box: box.write("filings", "2022-11", [filing("A", "243", "20221101000000")], without=("MucDo",)), "2022-11.csv:1: missing mandatory column MucDo"),
    ("an empty file", lambda box: box.write("filings", "2022-11", []).write_bytes(b""), "2022-11.csv: empty file (0 bytes)"),
    ("an unreadable file", lambda box: box.write("filings", "2022-11", []).write_bytes(b"\xff\x00"), "2022-11.csv:1: not UTF-8"),
    ("a control total", lambda box: box.write("payment_requests", "2022-11", [payment("N", "A", "243", "2022-11-01", 5)], control={"total_amount_vnd": 6}), "key total_amount_vnd of 2022-11.control.json: found 5, wanted 6"),
]  # fmt: skip # a case is a row


@pytest.mark.parametrize(("name", "break_it", "wanted"), BAD_INPUT, ids=[name for name, _, _ in BAD_INPUT])
def test_where_no_refusal_is_tolerated_bad_input_is_one_error_and_nothing_lands_in_part(
    tiny_copy: Settings, tmp_path: Path, name: str, break_it, wanted: str
) -> None:
    strict = tmp_path / "strict"
    shutil.copytree(PROVINCE, strict)
    rules = (strict / "province.yml").read_text(encoding="utf-8")
    (strict / "province.yml").write_text(rules.replace("  tolerated: 6", "  tolerated: 0"), encoding="utf-8")
    tiny_copy = replace(tiny_copy, province_folder=strict)
    inbox = Inbox(tiny_copy.inbox)
    inbox.write("filings", "2022-11.bo-sung", [filing("GOOD", "243", "20221101000000")])
    break_it(inbox)
    before = sorted(str(path) for path in (*tiny_copy.landing.rglob("*"), *tiny_copy.published.rglob("*")))
    finished = dvctt(tiny_copy, "run")
    assert finished.returncode == 1
    assert wanted in finished.stderr
    assert "1 files are refused, wanted at most 0" in finished.stderr
    assert "Traceback" not in finished.stderr
    assert sorted(str(path) for path in (*tiny_copy.landing.rglob("*"), *tiny_copy.published.rglob("*"))) == before


def test_a_refused_file_stands_in_verdict_manifest_and_page_and_the_night_after_finds_nothing_new(
    tiny_copy: Settings,
) -> None:
    inbox = Inbox(tiny_copy.inbox)
    inbox.write("filings", "2022-11", [filing("A", "243", "20221101000000")], without=("MucDo",))
    finished = dvctt(tiny_copy, "run")
    assert finished.returncode == 0, finished.stderr
    folder = tiny_copy.published / "2"
    (refused,) = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["refused_files"]
    assert (refused["file_name"], refused["reason"]) == ("2022-11.csv", "wrong_columns")
    checks = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))["checks"]
    (warned,) = [check for check in checks if check["id"] == "refused_files.there_are_none"]
    assert (warned["status"], warned["failing_rows"][0]["subject"]) == ("failed", "2022-11.csv")
    pages = {
        month: (folder / "reports" / f"bao-cao-{month}.html").read_text("utf-8") for month in ("2022-10", "2022-11")
    }
    assert "Tệp của nguồn bị từ chối" in pages["2022-11"] and "Tệp của nguồn bị từ chối" not in pages["2022-10"]
    assert "nothing new" in dvctt(tiny_copy, "run").stdout


def test_a_publication_that_nobody_was_told_of_is_told_by_the_next_run_once(
    tiny_copy: Settings, sent_alerts: SentAlerts
) -> None:
    # As a run leaves it that is killed after the switch and before its last stage.
    (tiny_copy.home / "alerted.json").unlink()
    for number in (1, 2):
        finished = dvctt(tiny_copy, "run", **sent_alerts.environment)
        assert finished.returncode == 0, finished.stderr
        assert "nothing new" in finished.stdout
        assert ("nobody has been told of publication 1" in finished.stderr) == (number == 1)
    assert "đã công bố bản 1 kèm lưu ý" in sent_alerts.email()["Subject"]
    assert sent_alerts.post()["publication"] == 1


def test_what_cannot_be_told_now_is_told_later_and_stops_no_night(tiny_copy: Settings, sent_alerts: SentAlerts) -> None:
    (tiny_copy.home / "alerted.json").unlink()
    unreachable = {
        **sent_alerts.environment,
        "DVCTT_ALERT_WEBHOOK_URL": "http://127.0.0.1:9/",
        "DVCTT_ALERT_EMAILS": "",
    }
    for _ in range(3):
        finished = dvctt(tiny_copy, "run", **unreachable)
        assert finished.returncode == 0, finished.stderr
        assert "did not reach webhook" in finished.stderr
    assert sent_alerts.posts == []
    for _ in range(2):
        finished = dvctt(tiny_copy, "run", **{**sent_alerts.environment, "DVCTT_ALERT_EMAILS": ""})
        assert finished.returncode == 0, finished.stderr
    assert sent_alerts.post()["publication"] == 1


@pytest.mark.parametrize("what", ["province", "definitions"])
def test_what_changes_during_a_run_is_not_published_by_half(
    tiny_copy: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """A target of 55 beside tables that were made with 50 would stay until something else is new: it counts as published."""
    shutil.copytree(PROVINCE, tmp_path / "province")
    settings = replace(tiny_copy, province_folder=tmp_path / "province")
    assert stages.land_extracts(settings, run_id="r", month=None, rebuild=True) is not None
    if what == "province":
        targets = settings.province_folder / "targets.csv"
        text = targets.read_text(encoding="utf-8")
        targets.write_text(text.replace("online_rate,at_least,50,", "online_rate,at_least,55,"), encoding="utf-8")
        assert targets.read_text(encoding="utf-8") != text
    else:
        project = tmp_path / "dbt_project"
        shutil.copytree(definitions.DBT_PROJECT / "seeds", project / "seeds")
        monkeypatch.setattr(definitions, "DBT_PROJECT", project)
    for stage in (stages.assemble_publication, stages.publish_marts):
        with pytest.raises(
            WarehouseError, match=f"{what if what == 'province' else 'dbt_project'}: changed since run 'r'"
        ):
            stage(settings, run_id="r")
    publication = current_publication(settings.published)
    assert publication is not None
    assert publication.number == 1


def test_a_wrong_province_folder_is_one_error(tiny_copy: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "tinh"
    shutil.copytree(PROVINCE, folder)
    path = folder / "sources.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("kind: files", "kind: fax"), encoding="utf-8")
    settings = replace(tiny_copy, province_folder=folder)
    finished = dvctt(settings, "run")
    assert finished.returncode == 1
    assert "key kind: found 'fax', wanted one of database, files, rest" in finished.stderr
    finished = dvctt(replace(tiny_copy, province_folder=Path("/nowhere")), "run")
    assert finished.returncode == 1
    assert "DVCTT_PROVINCE: no province folder '/nowhere'" in finished.stderr


def test_two_homes_run_side_by_side_and_never_touch_each_other(tmp_path: Path) -> None:
    # What DuckDB takes for a pattern in the first one's paths fits the other one's: read as such it would count the other's rows.
    homes = []
    for home, offered in (("kho[12]", "h*p ?"), ("kho1", "hop 1")):
        settings = settings_for(tmp_path / home / "home", tmp_path / offered / "inbox")
        write_tiny(Inbox(settings.inbox))
        lend_parsed(settings)
        homes.append(settings)
    Inbox(homes[1].inbox).write("filings", "2022-10.bo-sung", [filing("B1", "253", "20221010101010")])
    command = [str(Path(sys.executable).with_name("dvctt")), "run"]
    running = [
        subprocess.Popen(command, env=environment_for(s), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for s in homes
    ]
    assert [process.wait() for process in running] == [0, 0]
    received = "select count(*) from fct_filings where received_month = '2022-10-01'"
    assert [ask(settings, received) for settings in homes] == [[(6,)], [(7,)]]
    assert all("/kho1/" not in path.read_text(encoding="utf-8") for path in homes[0].home.rglob("*.json"))


def test_a_second_run_in_the_same_home_is_refused_while_the_first_one_writes(tiny_copy: Settings) -> None:
    import fcntl

    with (tiny_copy.home / ".writer.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        finished = dvctt(tiny_copy, "run")
    assert finished.returncode == 1
    assert "another run is writing" in finished.stderr


def test_files_that_no_source_owns_are_told_once_and_again_when_they_change(
    tiny_copy: Settings, sent_alerts: SentAlerts, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in sent_alerts.environment.items():
        monkeypatch.setenv(name, value)
    (tiny_copy.inbox / "onestop" / "filings").mkdir(parents=True)
    (tiny_copy.inbox / "2022-11.csv").write_text("x", encoding="utf-8")
    for night in ("1", "2"):
        assert stages.land_extracts(tiny_copy, run_id=night, month=None) is None
    (post,) = sent_alerts.posts
    assert (post["kind"], [finding["observed"] for finding in post["findings"]]) == (
        "inbox_not_read",
        ["2022-11.csv (file)", "onestop (folder)"],
    )
    assert "one_stop" in post["findings"][0]["expected"]
    (tiny_copy.inbox / "2022-11.csv").unlink()
    stages.land_extracts(tiny_copy, run_id="3", month=None)
    assert [finding["observed"] for finding in sent_alerts.posts[-1]["findings"]] == ["onestop (folder)"]
    assert len(sent_alerts.posts) == len(sent_alerts.envelopes) == 2


def test_a_damaged_publication_is_one_alert_a_state_however_often_the_night_is_tried(
    tiny_copy: Settings, sent_alerts: SentAlerts, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in sent_alerts.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DVCTT_ALERT_EMAILS", "")
    monkeypatch.setenv("DVCTT_HOME", str(tiny_copy.home))
    reachable, unreachable = sent_alerts.environment["DVCTT_ALERT_WEBHOOK_URL"], "http://127.0.0.1:9/"
    marts = tiny_copy.published / "1" / "marts.duckdb"
    marts.chmod(0o644)
    whole = marts.read_bytes()

    def look(*states: bytes, url: str = reachable) -> int:
        monkeypatch.setenv("DVCTT_ALERT_WEBHOOK_URL", url)
        for content in states:
            marts.write_bytes(content)
            channels.deliver_waiting()  # as every run begins
            inspect_publication(tiny_copy, run_id="night", month=None)
        return len(sent_alerts.posts)

    flipped, cut = whole[:-1] + bytes([whole[-1] ^ 1]), whole[:-20]
    assert look(whole) == 0
    assert look(flipped, flipped, flipped) == 1, "the first try and two retries"
    assert look(cut, cut) == 2, "another state"
    assert look(whole, flipped, flipped) == 3, "mended, and damaged again as before"
    assert look(cut, cut, cut, url=unreachable) == 3
    assert len(list((tiny_copy.home / "outbox").glob("damage-*"))) == 4, "one entry waits, not three"
    assert look(cut, cut) == 4
    assert {post["kind"] for post in sent_alerts.posts} == {"task_failed"}
    (tiny_copy.home / "states.json").write_text("{", encoding="utf-8")
    assert look(cut, cut) == 5, "rather twice than never"
    monkeypatch.setenv("DVCTT_ALERT_WEBHOOK_URL", "")
    check_publication = inspect_publication
    marts.write_bytes(flipped)
    check_publication(tiny_copy, run_id="night", month=None)
    assert look(flipped, flipped) == 6, "no channel was configured when it was found"


def test_files_that_no_source_owns_wait_in_the_outbox_once_for_a_channel_that_is_down(
    tiny_copy: Settings, sent_alerts: SentAlerts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVCTT_HOME", str(tiny_copy.home))
    monkeypatch.setenv("DVCTT_ALERT_WEBHOOK_URL", "http://127.0.0.1:9/")
    (tiny_copy.inbox / "2022-11.csv").write_text("x", encoding="utf-8")
    for night in range(3):
        alert_about_unread_files(tiny_copy, load_province(PROVINCE), str(night))
    (entry,) = channels.waiting_and_sent()
    assert (len(entry.waiting), entry.alert["kind"]) == (1, "inbox_not_read")
    monkeypatch.setenv("DVCTT_ALERT_WEBHOOK_URL", sent_alerts.environment["DVCTT_ALERT_WEBHOOK_URL"])
    for night in range(2):
        channels.deliver_waiting()
        alert_about_unread_files(tiny_copy, load_province(PROVINCE), str(night))
    assert sent_alerts.post()["kind"] == "inbox_not_read"
