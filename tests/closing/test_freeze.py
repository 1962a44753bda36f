"""Closing a month: what is frozen stays, to the byte, whatever comes later; what must not be closed is not."""

import csv
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dvctt.closing.months import closed_now, read_figures, revisions
from dvctt.core.errors import CloseRefused, ClosingError, ConfigError, PublishError, WarehouseError
from dvctt.core.period import Month
from dvctt.pipeline.close import close_month, plan_close, reopen_month
from dvctt.publications.reading import Publication, current_publication
from dvctt.publications.rebuild import compare, rebuild
from dvctt.settings import Settings

from tests.conftest import PROVINCE, Inbox, attempt, copy_home, dvctt, environment_for, filing, payment, rewrite
from tests.publications.test_publish import again

SEPTEMBER, OCTOBER = Month(2022, 9), Month(2022, 10)
FROZEN = {
    "mart_additivity_checks",
    "mart_catalogue_coverage",
    "mart_caveats",
    "mart_data_cut_off",
    "mart_feed_timeliness",
    "mart_feeds",
    "mart_form_06a",
    "mart_group_gaps",
    "mart_index_components",
    "mart_index_scores",
    "mart_online_rate_changes",
    "mart_online_rate_definition_gaps",
    "mart_online_rate_definitions",
    "mart_online_rates",
    "mart_payment_banks",
    "mart_payment_duties",
    "mart_payment_failures",
    "mart_payment_fees",
    "mart_payment_flag_gaps",
    "mart_payments",
    "mart_period_changes",
    "mart_period_online_rates",
    "mart_period_payments",
    "mart_service_levels",
    "mart_targets",
}
NAME = "Bà Trần Thị B (MẪU)"


def current(settings: Settings) -> Publication:
    publication = current_publication(settings.published)
    assert publication is not None
    return publication


def ask(publication: Publication, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(publication.marts), read_only=True) as connection:
        return connection.execute(sql, list(parameters)).fetchall()


def rows_of(publication: Publication, mart: str, month: str) -> list[str]:
    """The month's rows as text: every digit of a double, NULL apart from an empty text."""
    return [str(row) for row in ask(publication, f"select * from {mart} where month = ? order by all", f"{month}-01")]


def hashes(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def received(publication: Publication, month: str, scope: str = "province", code: str = "26") -> Any:
    (row,) = ask(
        publication,
        "select received, online from mart_online_rates where month = ? and scope = ? and entity_code = ?",
        f"{month}-01",
        scope,
        code,
    )
    return row


def with_own_province(settings: Settings, folder: Path) -> Settings:
    """The same home with a province folder that a test may change."""
    shutil.copytree(PROVINCE, folder)
    return Settings(province_folder=folder, inbox=settings.inbox, home=settings.home)


def waive(settings: Settings, *lines: str) -> None:
    header = "month,source_id,entity,agency_code,waived_by,reason,waived_on"
    path = settings.province_folder / "close_waivers.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Walk:
    """One home that is walked through a close, a night with late rows, an opening, a night, and a second close."""

    settings: Settings
    before: Publication
    late: Publication
    opened: Publication
    first: dict[str, str]
    """Hashes of revision 1 as it was closed."""
    printed: dict[str, bytes]
    """What ``dvctt figure --revision 1`` printed after each step."""
    too_early: subprocess.CompletedProcess[str]
    """A close between the opening and the night that publishes it."""
    second: subprocess.CompletedProcess[str]


def run(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    finished = dvctt(settings, *arguments)
    assert finished.returncode == 0, finished.stderr + finished.stdout
    return finished


def figure(settings: Settings, *more: str) -> bytes:
    finished = subprocess.run(
        [str(Path(sys.executable).with_name("dvctt")), "figure", "--month", "2022-10", *more],
        env=environment_for(settings),
        capture_output=True,
        check=True,
    )
    return finished.stdout


def change_province(folder: Path) -> None:
    """Another target, another name, another group: all of it would show in October if October were still open."""
    agencies = (folder / "agencies.csv").read_text(encoding="utf-8").splitlines()
    moved = [line for line in agencies if line.startswith("H62.01,")]
    assert len(moved) == 1
    assert ",provincial," in moved[0]
    agencies[agencies.index(moved[0])] = moved[0].replace(",provincial,", ",district,")
    (folder / "agencies.csv").write_text("\n".join(agencies) + "\n", encoding="utf-8")
    targets = (folder / "targets.csv").read_text(encoding="utf-8")
    assert ",at_least,70," in targets
    (folder / "targets.csv").write_text(targets.replace(",at_least,70,", ",at_least,10,"), encoding="utf-8")


@pytest.fixture(scope="module")
def walk(tiny_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    root = tmp_path_factory.mktemp("walk")
    copy_home(tiny_home.home, root / "home")
    shutil.copytree(tiny_home.inbox, root / "inbox")
    settings = with_own_province(
        Settings(province_folder=PROVINCE, inbox=root / "inbox", home=root / "home"), root / "province"
    )
    before = current(settings)
    run(settings, "close", "--month", "2022-10", "--approved-by", NAME, "--note", "đã đối chiếu")
    first = hashes(settings.closed / "2022-10" / "1")
    printed = {"closed": figure(settings)}

    inbox = Inbox(settings.inbox)
    inbox.write(
        "filings", "2022-10.bo-sung", [filing("OL1", "244", "20221011101010"), filing("O5", "244", "20221006101010")]
    )
    inbox.write("filings", "2022-09.bo-sung", [filing("SL1", "243", "20220911101010")])
    inbox.write("payment_requests", "2022-10.bo-sung", [payment("YL1", "OL1", "244", "2022-10-12 10:00:00", 11_000)])
    # The whole file again: a supplement alone would not show that the month of the agency is whole.
    inbox.write(
        "payment_attempts",
        "2022-10",
        [
            attempt("T1", "YO1", "O1", "20221002095900", 3_000_000_000, "that-bai"),
            attempt("T2", "YO1", "O1", "20221002100000", 3_000_000_000),
            attempt("T3", "YO2", "O2", "20221006100000", 50_000),
            attempt("TL1", "YL1", "OL1", "20221012100000", 11_000),
        ],
        control={"rows": 4, "total_amount_vnd": 6_000_061_000},
    )
    inbox.write("payment_attempts", "2022-09", [attempt("TS1", "YS1", "S1", "20220902100000", 100_000)])
    change_province(settings.province_folder)
    run(settings, "run")
    late = current(settings)
    printed["late rows"] = figure(settings, "--revision", "1")

    run(settings, "reopen", "--month", "2022-10", "--by", "Ông Lê Văn C (MẪU)", "--reason", "UBND huyện gửi bổ sung")
    too_early = dvctt(settings, "close", "--month", "2022-10", "--approved-by", NAME)
    run(settings, "run")
    opened = current(settings)
    printed["opened"] = figure(settings, "--revision", "1")
    second = run(settings, "close", "--month", "2022-10", "--approved-by", NAME)
    printed["closed again"] = figure(settings, "--revision", "1")
    return Walk(settings, before, late, opened, first, printed, too_early, second)


def test_rows_that_come_late_are_facts_and_move_no_row_of_any_mart_of_the_closed_month(walk: Walk) -> None:
    assert ask(walk.late, "select filing_id, received_month from fct_filings where filing_id = 'OL1'")
    assert ask(walk.late, "select amount_vnd from fct_payments where payment_request_id = 'YL1'") == [(11_000,)]
    frozen = {path.stem for path in (walk.settings.closed / "2022-10" / "1" / "marts").iterdir()}
    assert frozen == FROZEN
    compared = 0
    for mart in sorted(FROZEN):
        then, now = (rows_of(publication, mart, "2022-10") for publication in (walk.before, walk.late))
        assert now == then, mart
        compared += len(then)
    assert compared > 400
    assert received(walk.late, "2022-10") == received(walk.before, "2022-10") == (6, 3)


def test_an_open_month_of_the_same_night_moves(walk: Walk) -> None:
    assert received(walk.before, "2022-09") == (3, 1)
    assert received(walk.late, "2022-09") == (4, 2)
    assert received(walk.late, "2022-09", "group", "provincial") == (0, 0)


def test_the_group_of_an_agency_and_a_target_that_changed_later_are_those_of_the_close(walk: Walk) -> None:
    group = "select group_code from mart_online_rates where month = ? and entity_code = 'H62.01'"
    wanted = "select distinct target_percent from mart_targets where month = ? and target_id like '%procedures%'"
    for month, of_group, percent in (("2022-10-01", "provincial", 70.0), ("2022-09-01", "district", 10.0)):
        assert ask(walk.late, group, month) == [(of_group,)]
        assert ask(walk.late, wanted, month) == [(percent,)]
    assert ask(walk.opened, group, "2022-10-01") == [("district",)]
    assert ask(walk.opened, wanted, "2022-10-01") == [(10.0,)]


def test_the_figures_are_the_same_bytes_whatever_happens_to_the_month(walk: Walk) -> None:
    assert len(walk.printed) == 4
    assert set(walk.printed.values()) == {walk.printed["closed"]}
    assert len(walk.printed["closed"]) > 50_000
    assert hashes(walk.settings.closed / "2022-10" / "1") == walk.first
    assert len(walk.first) > 40


def test_an_opened_month_shows_the_live_figures_and_closes_again_beside_its_first_revision(walk: Walk) -> None:
    assert received(walk.opened, "2022-10") == (7, 5)
    again = figure(walk.settings)
    assert again == figure(walk.settings, "--revision", "2")
    assert (
        b"mart_online_rates/2022-10/province/26/received,mart_online_rates,received,province,26,V\xc4\xa9nh Ph\xc3\xbac,6,"
        in (walk.printed["closed"])
    )
    assert (
        b"mart_online_rates/2022-10/province/26/received,mart_online_rates,received,province,26,V\xc4\xa9nh Ph\xc3\xbac,7,"
        in again
    )
    assert "2022-10 closed: revision 2, out of publication 3" in walk.second.stdout
    listed = figure(walk.settings, "--list").decode()
    assert f"revision 1: closed 20" in listed  # noqa: F541
    assert "by Ông Lê Văn C (MẪU): UBND huyện gửi bổ sung" in listed
    assert [(month.month, month.revision) for month in closed_now(walk.settings.closed)] == [("2022-10", 2)]


def test_a_month_that_was_opened_is_not_closed_out_of_a_publication_that_shows_it_closed(walk: Walk) -> None:
    assert walk.too_early.returncode == 1
    assert "publication 2 still shows 2022-10 as it was closed before" in walk.too_early.stderr


def test_what_was_approved_is_what_is_closed_or_nothing(walk: Walk, tmp_path: Path) -> None:
    """The request was read in publication 1; a night has published other figures before the answer came."""
    shutil.copytree(walk.settings.home, tmp_path / "home", symlinks=True)
    shutil.rmtree(tmp_path / "home" / "closed")
    settings = Settings(
        province_folder=walk.settings.province_folder, inbox=walk.settings.inbox, home=tmp_path / "home"
    )
    with pytest.raises(CloseRefused, match="approved as publication 1 shows it, and publication 3 shows other figures"):
        close_month(settings, month=OCTOBER, approved_by=NAME, publication=1)
    with pytest.raises(CloseRefused, match="publication 9, whose figures were approved, is gone"):
        close_month(settings, month=OCTOBER, approved_by=NAME, publication=9)
    pointer = settings.published / "current"
    pointer.unlink()
    pointer.symlink_to("2")
    rewrite(settings.published / "2" / "manifest.json", closed_months={})
    assert close_month(settings, month=OCTOBER, approved_by=NAME, publication=1).publication == 2


def test_every_manifest_names_the_closed_months_that_the_publication_was_made_with(walk: Walk) -> None:
    found = [publication.manifest["closed_months"] for publication in (walk.before, walk.late, walk.opened)]
    assert found == [{}, {"2022-10": 1}, {}]


def test_the_mart_of_closings_tells_what_is_in_force_and_what_was_opened(walk: Walk) -> None:
    sql = (
        "select revision, is_in_force, publication_number, approved_by, note, waived_feeds, reopened_by, reopen_reason, "
        "closed_at is not null, reopened_at is not null from mart_closed_months where month = '2022-10-01'"
    )
    assert ask(walk.late, sql) == [(1, True, 1, NAME, "đã đối chiếu", 0, None, None, True, False)]
    assert ask(walk.opened, sql) == [
        (1, False, 1, NAME, "đã đối chiếu", 0, "Ông Lê Văn C (MẪU)", "UBND huyện gửi bổ sung", True, True)
    ]


def test_the_report_says_who_closed_the_month_and_why_it_was_opened(walk: Walk) -> None:
    late, opened = (
        re.sub(r"<[^>]+>", "", (publication.reports / "bao-cao-2022-10.html").read_text(encoding="utf-8"))
        for publication in (walk.late, walk.opened)
    )
    assert f"Người phê duyệt: {NAME}. Bản chốt số 1, lấy từ lần công bố số 1." in late
    assert "chưa chốt" not in late
    assert "Người mở lại: Ông Lê Văn C (MẪU). Lý do: UBND huyện gửi bổ sung" in opened
    assert "Số liệu tháng 10/2022 chưa chốt" in opened


def test_a_publication_with_a_closed_month_is_rebuilt_from_landing_row_for_row(walk: Walk, tmp_path: Path) -> None:
    differences = compare(walk.late, rebuild(walk.settings, walk.late, tmp_path / "rebuilt"))
    assert len(differences) > 30
    assert [difference for difference in differences if difference.differs] == []


def test_totals_add_up_and_the_four_points_agree_while_a_month_is_closed(walk: Walk, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(walk.settings.home, home, symlinks=True)
    pointer = home / "published" / "current"
    pointer.unlink()
    pointer.symlink_to(str(walk.late.number))
    settings = Settings(province_folder=walk.settings.province_folder, inbox=walk.settings.inbox, home=home)
    assert "0 unexplained" in run(settings, "check", "additivity", "--no-formats", "--month", "2022-10").stdout
    assert "0 that differ" in run(settings, "reconcile", "--month", "2022-10").stdout


def test_the_totals_to_date_of_a_later_month_are_made_of_the_closed_figures(walk: Walk) -> None:
    """October is the newest month here, so its own total to date is looked at: it is the one that was closed."""
    sql = "select ytd_months_present, online_payment_count from mart_payments where month = '2022-10-01' and scope = 'province'"
    assert ask(walk.late, sql) == ask(walk.before, sql)
    assert ask(walk.opened, sql)[0][1] == ask(walk.before, sql)[0][1] + 1


def test_each_figure_is_the_number_of_the_publication_to_the_last_digit_and_has_an_id_of_its_own(walk: Walk) -> None:
    rows = list(csv.DictReader(io.StringIO(walk.printed["closed"].decode("utf-8"))))
    identities = [row["figure_id"] for row in rows]
    assert identities == sorted(set(identities))
    assert {row["mart"] for row in rows} == {
        "mart_online_rates",
        "mart_online_rate_changes",
        "mart_group_gaps",
        "mart_payments",
        "mart_targets",
        "mart_catalogue_coverage",
    }
    by_id = {row["figure_id"]: row for row in rows}
    assert by_id["mart_online_rates/2022-10/agency/243/online_rate_percent"]["value"] == "50.0"
    assert by_id["mart_payments/2022-10/province/26/online_payment_amount_vnd"] == {
        "figure_id": "mart_payments/2022-10/province/26/online_payment_amount_vnd",
        "mart": "mart_payments",
        "metric": "online_payment_amount_vnd",
        "scope": "province",
        "entity_code": "26",
        "entity_name_vi": "Vĩnh Phúc",
        "value": "3000050000",
        "unit": "VND",
    }
    assert by_id["mart_payments/2022-10/province/26/ytd_online_payment_count"]["value"] == ""
    assert by_id["mart_group_gaps/2022-10/provincial/district/gap_points"]["unit"] == "percentage_points"
    checked = 0
    for metric in ("received", "online", "online_rate_percent", "rank_in_group"):
        for code, value in ask(
            walk.before,
            f"select entity_code, {metric} from mart_online_rates where month = '2022-10-01' and scope = 'agency'",
        ):
            text = by_id[f"mart_online_rates/2022-10/agency/{code}/{metric}"]["value"]
            assert (None if text == "" else float(text)) == value
            checked += 1
    assert checked > 80


def test_the_folder_holds_all_that_gives_the_figures_meaning_and_nobody_can_write_it(walk: Walk) -> None:
    folder = walk.settings.closed / "2022-10" / "1"
    for name in (
        "facts/fct_filings.parquet",
        "facts/fct_payments.parquet",
        "facts/fct_quarantined_rows.parquet",
        "definitions/models.json",
        "definitions/inputs/province.agencies.parquet",
        "definitions/inputs/province.targets.parquet",
        "definitions/seeds/ref_service_levels.parquet",
        "reports/bao-cao-2022-10.html",
        "figures.csv",
    ):
        assert name in walk.first
    assert {path.stat().st_mode & 0o777 for path in folder.rglob("*") if path.is_file()} == {0o444}
    filings, payments = (
        duckdb.execute(f"select {key} from read_parquet('{folder}/facts/{table}.parquet') order by 1").fetchall()
        for table, key in (("fct_filings", "filing_id"), ("fct_payments", "payment_request_id"))
    )
    assert [row[0] for row in filings] == ["O1", "O2", "O3", "O4", "O5", "O6"]
    assert [row[0] for row in payments] == ["YO1", "YO2", "YO5"]
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert (manifest["publication"], manifest["approved_by"], manifest["waived"]) == (1, NAME, [])
    assert manifest["definitions"] == walk.before.manifest["definitions"]
    assert manifest["province_digest"] == walk.before.manifest["province_digest"]
    assert set(manifest["files"]) == set(walk.first) - {"manifest.json"}


def close(settings: Settings, month: Month = OCTOBER, by: str = NAME, note: str | None = None) -> Any:
    return close_month(settings, month=month, approved_by=by, note=note)


def test_a_month_with_a_missing_feed_is_refused_naming_source_entity_and_agency(tiny_copy: Settings) -> None:
    with pytest.raises(CloseRefused) as refused:
        close(tiny_copy, SEPTEMBER)
    message = str(refused.value)
    agencies = ask(
        current(tiny_copy),
        "select agency_code, agency_name_vi from mart_feeds where month = '2022-09-01' and entity = 'payment_attempts'",
    )
    assert len(agencies) == 26
    for code, name in agencies:
        assert f"- one_stop payment_attempts 2022-09: {code} {name}" in message
    assert "filings" not in message.replace("mart_feeds", "")
    assert not tiny_copy.closed.exists()


def test_a_waiver_by_name_lets_the_month_be_closed_and_is_kept_with_it(tiny_copy: Settings, tmp_path: Path) -> None:
    settings = with_own_province(tiny_copy, tmp_path / "province")
    waive(
        settings,
        "2022-09,one_stop,payment_attempts,243,Ông D,cổng thanh toán hỏng,2022-10-06",
        "2022-08,one_stop,payment_attempts,,Ông D,tháng khác,2022-10-06",
    )
    with pytest.raises(CloseRefused, match="has 25 feeds missing"):
        close(settings, SEPTEMBER)
    waive(
        settings,
        "2022-09,one_stop,payment_attempts,243,Ông D,cổng thanh toán hỏng,2022-10-06",
        "2022-09,one_stop,payment_attempts,, Bà E ,chưa kết nối,2022-10-07",
        "2022-09,one_stop,filings,,Bà E,đã đến rồi,2022-10-07",
    )
    closed = close(settings, SEPTEMBER)
    assert len(closed.waived) == 26
    waived = {row["agency_code"]: (row["waived_by"], row["reason"], row["waived_on"]) for row in closed.waived}
    assert waived.pop("243") == ("Ông D", "cổng thanh toán hỏng", "2022-10-06")
    assert set(waived.values()) == {("Bà E", "chưa kết nối", "2022-10-07")}


def test_a_waiver_that_waives_nothing_is_said_and_does_not_stop_the_close(
    tiny_copy: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = with_own_province(tiny_copy, tmp_path / "province")
    waive(settings, "2022-10,one_stop,filings,243,Ông D,tưởng là thiếu,2022-11-02")
    with caplog.at_level("WARNING", logger="dvctt.closing.freeze"):
        assert close(settings).waived == ()
    assert "one_stop filings 243 of 2022-10 waives nothing" in caplog.text
    assert "more is waiting to be published: province folder" in caplog.text


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("2022-13,one_stop,filings,,A,b,2022-11-02", "close_waivers.csv:2: key month"),
        ("2022-10,one_stop,filing,,A,b,2022-11-02", "close_waivers.csv:2: key entity: found 'filing' of 'one_stop'"),
        ("2022-10,one_stop,filings,999,A,b,2022-11-02", "close_waivers.csv:2: key agency_code: found '999'"),
        ("2022-10,one_stop,filings,, ,b,2022-11-02", "close_waivers.csv:2: key waived_by"),
        ("2022-10,one_stop,filings,,A,,2022-11-02", "close_waivers.csv:2: key reason"),
    ],
)
def test_a_waiver_of_what_nobody_knows_or_without_a_name_is_a_fault_of_the_folder(
    tiny_copy: Settings, tmp_path: Path, line: str, wanted: str
) -> None:
    settings = with_own_province(tiny_copy, tmp_path / "province")
    waive(settings, line)
    with pytest.raises(ConfigError) as refused:
        close(settings)
    assert wanted in str(refused.value)


@pytest.mark.parametrize("name", ["", "  ", "Anonymous"])
def test_nobody_closes_or_opens_a_month_without_a_name(tiny_copy: Settings, name: str) -> None:
    with pytest.raises(CloseRefused, match="no name of a person"):
        close(tiny_copy, by=name)
    assert revisions(tiny_copy.closed) == []
    close(tiny_copy)
    with pytest.raises(CloseRefused, match="no name of a person"):
        reopen_month(tiny_copy, month=OCTOBER, by=name, reason="sai")
    with pytest.raises(CloseRefused, match="no reason"):
        reopen_month(tiny_copy, month=OCTOBER, by=NAME, reason=" ")
    assert [found.reopened_at for found in revisions(tiny_copy.closed)] == [None]


def test_what_is_not_over_not_published_closed_already_or_open_already_is_refused(tiny_copy: Settings) -> None:
    with pytest.raises(CloseRefused, match="2099-01 is not over"):
        close(tiny_copy, Month(2099, 1))
    with pytest.raises(CloseRefused, match="holds no data at all of 2022-08"):
        close(tiny_copy, Month(2022, 8))
    with pytest.raises(CloseRefused, match="2022-10 is not closed"):
        reopen_month(tiny_copy, month=OCTOBER, by=NAME, reason="sai")
    close(tiny_copy)
    with pytest.raises(CloseRefused, match=r"2022-10 is closed already: revision 1, approved by Bà Trần Thị B"):
        close(tiny_copy)


def test_a_home_without_a_publication_has_nothing_to_close(tmp_path: Path) -> None:
    settings = Settings(province_folder=PROVINCE, inbox=tmp_path / "inbox", home=tmp_path / "home")
    with pytest.raises(CloseRefused, match="no publication yet"):
        close(settings)


def test_no_month_is_closed_while_the_last_verdict_is_not_passed(tiny_copy: Settings) -> None:
    (tiny_copy.verdicts / "000002-failed.json").write_text("{}", encoding="utf-8")
    with pytest.raises(CloseRefused, match=r"000002-failed\.json: the last verdict of this home is not 'passed'"):
        close(tiny_copy)
    (tiny_copy.verdicts / "000003-passed.json").write_text("{}", encoding="utf-8")
    close(tiny_copy)


def test_no_month_is_closed_between_the_first_stage_of_a_night_and_its_publication(tiny_copy: Settings) -> None:
    path = tiny_copy.candidate / "run.json"
    rewrite(path, run_id="manual__2")
    with pytest.raises(WarehouseError, match="run 'manual__2' has begun and has not published"):
        close(tiny_copy)


def test_no_month_is_closed_after_a_run_that_was_killed_before_readers_saw_its_publication(tiny_copy: Settings) -> None:
    assert again(tiny_copy).number == 2
    rewrite(tiny_copy.candidate / "run.json", run_id="again")
    pointer = tiny_copy.published / "current"
    pointer.unlink()
    pointer.symlink_to("1")
    (tiny_copy.published / ".newest").write_text("1\n", encoding="utf-8")
    with pytest.raises(WarehouseError, match="run 'again' has begun and has not published"):
        close(tiny_copy)


KILLED = """
import os
from dvctt.pipeline import close
from dvctt.settings import Settings
from dvctt.core.period import Month
rename = os.rename
def die(source, target):
    {before}
    os._exit(9)
os.rename = die
close.close_month(Settings.from_environment(), month=Month(2022, 10), approved_by="A")
"""


@pytest.mark.parametrize(("before", "kept"), [("pass", []), ("rename(source, target)", [1])])
def test_a_close_that_is_killed_leaves_nothing_or_a_whole_revision(
    tiny_copy: Settings, before: str, kept: list[int]
) -> None:
    finished = subprocess.run(
        [sys.executable, "-c", KILLED.format(before=before)], env=environment_for(tiny_copy), check=False
    )
    assert finished.returncode == 9
    assert [month.revision for month in closed_now(tiny_copy.closed)] == kept
    if kept:
        with pytest.raises(CloseRefused, match="closed already"):
            close(tiny_copy)
    else:
        assert close(tiny_copy).revision == 1
    folder = tiny_copy.closed / "2022-10"
    assert sorted(path.name for path in folder.iterdir()) == ["1"]
    assert read_figures(tiny_copy.closed, OCTOBER, 1) == (folder / "1" / "figures.csv").read_bytes()


def test_a_damaged_revision_is_an_error_and_not_a_figure(tiny_copy: Settings) -> None:
    folder = close(tiny_copy).folder
    for name in ("figures.csv", "marts/mart_online_rates.parquet"):
        path = folder / name
        whole = path.read_bytes()
        path.chmod(0o644)
        path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        with pytest.raises(ClosingError, match=f"{name}: not what its manifest says"):
            closed_now(tiny_copy.closed)
        path.write_bytes(whole)
    (folder / "figures.csv").unlink()
    with pytest.raises(ClosingError, match="found no file"):
        read_figures(tiny_copy.closed, OCTOBER, None)


def test_a_damaged_publication_is_not_closed(tiny_copy: Settings) -> None:
    marts = current(tiny_copy).marts
    marts.chmod(0o644)
    with duckdb.connect(str(marts)) as connection:
        connection.execute("update mart_online_rates set received = received + 1")
    with pytest.raises(PublishError, match=r"marts\.duckdb: not as it was published"):
        close(tiny_copy)
    assert revisions(tiny_copy.closed) == []


def test_figures_of_what_was_never_closed_are_refused_with_what_there_is(tiny_copy: Settings) -> None:
    with pytest.raises(ClosingError, match="2022-10 was never closed; closed were: none"):
        read_figures(tiny_copy.closed, OCTOBER, None)
    close(tiny_copy)
    with pytest.raises(ClosingError, match="no revision 2; there are: 1"):
        read_figures(tiny_copy.closed, OCTOBER, 2)


def test_the_request_says_the_main_figures_what_is_waived_and_where_to_look(
    tiny_copy: Settings, tmp_path: Path
) -> None:
    plan, subject, body = plan_close(tiny_copy, month=OCTOBER)
    assert (plan.revision, plan.publication.number, plan.waiting) == (1, 1, ())
    assert subject == "Chốt số liệu tháng 10/2022 của Vĩnh Phúc (bản chốt số 1)"
    assert "| Toàn tỉnh Vĩnh Phúc | 6 | 3 | 50,0% | 1 | 1 | 1 |" in body
    assert "| Toàn tỉnh Vĩnh Phúc | 2 | 3.000.050.000 | 1 | 50.000 |" in body
    assert "Mọi dữ liệu phải nộp cho tháng 10/2022 đã đến." in body
    assert str(tiny_copy.published / "1" / "reports" / "bao-cao-2022-10.html") in os.path.normpath(body)
    assert not tiny_copy.closed.exists()
    settings = with_own_province(tiny_copy, tmp_path / "province")
    waive(settings, "2022-09,one_stop,payment_attempts,,Bà E,chưa kết nối,2022-10-07")
    _, _, body = plan_close(settings, month=SEPTEMBER)
    assert "của Sở Y tế: Bà E cho miễn ngày 07/10/2022, lý do: chưa kết nối" in body
    assert "chưa được công bố" in body
    with pytest.raises(CloseRefused, match="26 feeds missing"):
        plan_close(tiny_copy, month=SEPTEMBER)
