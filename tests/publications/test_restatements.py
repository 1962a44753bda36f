"""What changed between two publications is told with its cause, and the causes add up; read off homes that lived it."""

import csv
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest
from dvctt.core.errors import PublishError
from dvctt.core.files import sha256_of
from dvctt.core.published_tables import published_tables
from dvctt.publications import next_night, publish, restatements, store
from dvctt.publications.restatements import Change, Comparison
from dvctt.report.wording.words import RESTATEMENT_CAUSE
from dvctt.settings import Settings
from dvctt.warehouse import definitions, previous, transform
from dvctt.warehouse.previous import CAUSES

from tests.conftest import PROVINCE, REPOSITORY, Inbox, copy_home, dvctt, filing, payment, state_anew
from tests.nights import Nights, nights_after

DISTRICTS = "Khối huyện thành phố"
DEPARTMENTS = "Khối sở ban ngành"
PROVINCE_VI = "Vĩnh Phúc"
VINH_YEN = "UBND thành phố Vĩnh Yên"
HOME_AFFAIRS = "Sở Nội vụ"

STORY = (
    "a row is set aside",
    "a filing comes late",
    "a filing is corrected",
    "the row that was set aside is mended",
    "an agency moves to another group",
    "another channel counts as online",
    "a mart counts otherwise",
)
"""What happens between publications 1 and 2, 2 and 3, and so on."""


def nights_in(root: Path, tiny_home: Settings) -> Nights:
    copy_home(tiny_home.home, root / "home")
    shutil.copytree(tiny_home.inbox, root / "inbox")
    shutil.copytree(PROVINCE, root / "province")
    settings = Settings(province_folder=root / "province", inbox=root / "inbox", home=root / "home")
    return nights_after(tiny_home, settings)


def happenings(nights: Nights, patch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """The story, as what to do before each night."""
    inbox = Inbox(nights.settings.inbox)
    agencies = nights.settings.province_folder / "agencies.csv"

    def regroup() -> None:
        text = agencies.read_text(encoding="utf-8")
        changed = text.replace("H62.01,Sở Nội vụ,Sở Nội vụ,provincial", "H62.01,Sở Nội vụ,Sở Nội vụ,district")
        assert changed != text
        agencies.write_text(changed, encoding="utf-8")

    def define(digest: str, model: str, found: str, wanted: str) -> None:
        for room in (next_night, publish):
            patch.setattr(room, "project_digest", lambda: digest)
        nights.doctor(model, lambda sql: sql.replace(found, wanted))

    return [
        lambda: none(
            inbox.write("filings", "2022-09.bo-sung", [filing("Q1", "243", "20220912080000", TrangThaiHoSo="77")])
        ),
        lambda: none(inbox.write("filings", "2022-09.muon", [filing("L1", "243", "20220910080000", level="3")])),
        lambda: none(inbox.write("filings", "2022-10.bo-sung", [filing("O1", "243", "20221001000000", channel="1")])),
        lambda: none(inbox.write("filings", "2022-09.bo-sung", [filing("Q1", "243", "20220912080000")])),
        regroup,
        lambda: define(
            "d1", "fct_filings", "coalesce(filings.channel_code, 1) = 2", "coalesce(filings.channel_code, 1) > 1"
        ),
        lambda: define("d2", "mart_online_rates", "sum(1) as received", "sum(2) as received"),
    ]


def none(_: object) -> None:
    return None


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
def story(tiny_home: Settings, tmp_path_factory: pytest.TempPathFactory, patch: pytest.MonkeyPatch) -> Nights:
    """A home with publications 1 to 8, one happening between each two."""
    nights = nights_in(tmp_path_factory.mktemp("story"), tiny_home)
    for happen in happenings(nights, patch):
        happen()
        nights.run()
    return nights


def compared(nights: Nights, earlier: int, later: int) -> Comparison:
    return diff_in(nights.settings.published, nights.settings.closed, earlier, later)


@cache
def diff_in(published: Path, closed: Path, earlier: int, later: int) -> Comparison:
    return restatements.diff(store.find(published, earlier), store.find(published, later), closed)


def restated(comparison: Comparison, *metrics: str) -> list[tuple[object, ...]]:
    """Metric, month, entity, old, new, and the causes that make something of the change."""
    return [
        (
            c.metric,
            f"{c.month:%Y-%m}",
            c.entity_name_vi,
            c.old_value,
            c.new_value,
            {name: part for name, part in c.causes.items() if part},
        )
        for c in comparison.changes
        if c.metric in (metrics or (c.metric,))
    ]


def test_every_cause_is_told_by_all_who_tell_of_causes_in_one_order() -> None:
    seed = (REPOSITORY / "dbt_project" / "seeds" / "ref_restatement_causes.csv").read_text(encoding="utf-8")
    assert tuple(row["cause"] for row in csv.DictReader(seed.splitlines())) == CAUSES
    assert tuple(RESTATEMENT_CAUSE) == CAUSES
    for table in ("mart_restatements", "mart_late_ledger_totals"):
        columns = tuple(published_tables()[table].columns)
        start = columns.index(CAUSES[0])
        assert columns[start : start + len(CAUSES)] == CAUSES


def test_a_row_that_is_set_aside_moves_no_figure(story: Nights) -> None:
    assert compared(story, 1, 2) == Comparison((), ())


def test_a_late_filing_is_told_of_agency_group_and_province(story: Nights) -> None:
    late = {"late_filings": 1}
    assert restated(compared(story, 2, 3)) == [
        ("received", "2022-09", PROVINCE_VI, 3, 4, late),
        ("received", "2022-09", DISTRICTS, 2, 3, late),
        ("received", "2022-09", VINH_YEN, 2, 3, late),
        ("online", "2022-09", PROVINCE_VI, 1, 2, late),
        ("online", "2022-09", DISTRICTS, 1, 2, late),
        ("online", "2022-09", VINH_YEN, 1, 2, late),
        ("online_level_3", "2022-09", PROVINCE_VI, 0, 1, late),
        ("online_level_3", "2022-09", DISTRICTS, 0, 1, late),
        ("online_level_3", "2022-09", VINH_YEN, 0, 1, late),
    ]


def test_the_rate_stands_beside_the_counts(story: Nights) -> None:
    (row,) = [
        c for c in compared(story, 2, 3).changes if (c.metric, c.entity_name_vi) == ("online", DISTRICTS)
    ]  # 1 of 2 becomes 2 of 3
    assert (row.old_rate_percent, row.new_rate_percent) == (50.0, pytest.approx(200 / 3))


def test_a_correction_is_told_where_it_left_and_where_it_arrived(story: Nights) -> None:
    comparison = compared(story, 3, 4)
    assert restated(comparison, "received") == []
    assert restated(comparison, "direct", "online", "online_level_4") == [
        ("direct", "2022-10", PROVINCE_VI, 2, 3, {"corrections": 1}),
        ("direct", "2022-10", DISTRICTS, 2, 3, {"corrections": 1}),
        ("direct", "2022-10", VINH_YEN, 1, 2, {"corrections": 1}),
        ("online", "2022-10", PROVINCE_VI, 3, 2, {"corrections": -1}),
        ("online", "2022-10", DISTRICTS, 2, 1, {"corrections": -1}),
        ("online", "2022-10", VINH_YEN, 2, 1, {"corrections": -1}),
        ("online_level_4", "2022-10", PROVINCE_VI, 1, 0, {"corrections": -1}),
        ("online_level_4", "2022-10", DISTRICTS, 1, 0, {"corrections": -1}),
        ("online_level_4", "2022-10", VINH_YEN, 1, 0, {"corrections": -1}),
    ]
    assert {(m.record_id, m.extract_id.rpartition("-")[0], m.row_number) for m in comparison.movements} == {
        ("O1", "one_stop.filings.2022-10.bo-sung", 1)
    }


def test_a_row_that_was_set_aside_and_is_mended_is_released(story: Nights) -> None:
    assert restated(compared(story, 4, 5), "received") == [
        ("received", "2022-09", PROVINCE_VI, 4, 5, {"released_from_quarantine": 1}),
        ("received", "2022-09", DISTRICTS, 3, 4, {"released_from_quarantine": 1}),
        ("received", "2022-09", VINH_YEN, 3, 4, {"released_from_quarantine": 1}),
    ]


def test_an_agency_that_moves_to_another_group_moves_the_groups_and_nothing_else(story: Nights) -> None:
    comparison = compared(story, 5, 6)
    assert comparison.movements == ()
    assert restated(comparison, "received", "online") == [
        ("received", "2022-09", DISTRICTS, 4, 5, {"reclassified": 1}),
        ("received", "2022-09", DEPARTMENTS, 1, 0, {"reclassified": -1}),
        ("received", "2022-10", DISTRICTS, 5, 6, {"reclassified": 1}),
        ("received", "2022-10", DEPARTMENTS, 1, 0, {"reclassified": -1}),
        ("online", "2022-10", DISTRICTS, 1, 2, {"reclassified": 1}),
        ("online", "2022-10", DEPARTMENTS, 1, 0, {"reclassified": -1}),
    ]


def test_the_same_filing_under_another_definition_is_a_changed_definition(story: Nights) -> None:
    comparison = compared(story, 6, 7)
    assert restated(comparison, "online") == [
        ("online", "2022-10", PROVINCE_VI, 2, 3, {"definition_changed": 1}),
        ("online", "2022-10", DISTRICTS, 2, 3, {"definition_changed": 1}),
        ("online", "2022-10", VINH_YEN, 1, 2, {"definition_changed": 1}),
    ]
    assert {m.record_id for m in comparison.movements} == {"O4"}


def test_a_mart_that_counts_otherwise_is_a_changed_definition_though_no_record_moved(story: Nights) -> None:
    comparison = compared(story, 7, 8)
    assert comparison.movements == ()
    assert [row[2:] for row in restated(comparison, "received") if row[1] == "2022-09"] == [
        (PROVINCE_VI, 5, 10, {"definition_changed": 5}),
        (DISTRICTS, 5, 10, {"definition_changed": 5}),
        (VINH_YEN, 4, 8, {"definition_changed": 4}),
        (HOME_AFFAIRS, 1, 2, {"definition_changed": 1}),
    ]


def test_over_all_publications_each_cause_keeps_its_part(story: Nights) -> None:
    assert restated(compared(story, 2, 8), "received", "online")[0:1] == [
        (
            "received",
            "2022-09",
            PROVINCE_VI,
            3,
            10,
            {"late_filings": 1, "released_from_quarantine": 1, "definition_changed": 5},
        )
    ]
    assert ("online", "2022-10", PROVINCE_VI, 3, 3, {}) not in restated(compared(story, 2, 8), "online")


def test_all_at_once_is_told_cause_by_cause(
    tiny_home: Settings, tmp_path: Path, story: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    nights = nights_in(tmp_path, tiny_home)
    first, *rest = happenings(nights, monkeypatch)
    for room in (next_night, publish):
        monkeypatch.setattr(room, "project_digest", definitions.project_digest)
    first()
    nights.run()
    for happen in rest:
        happen()
    nights.run()
    assert compared(nights, 2, 3).changes == compared(story, 2, 8).changes


def test_every_change_between_any_two_publications_is_the_sum_of_its_causes(story: Nights) -> None:
    last = len(STORY) + 1
    pairs = [*pairwise(range(1, last + 1)), (1, 3), (1, last), (last, 1), (6, 3)]
    found = {pair: compared(story, *pair).changes for pair in pairs}
    assert len(found[1, last]) > 10
    for pair, changes in found.items():
        for change in changes:
            assert sum(change.causes.values()) == change.change, (pair, change)
            assert change.unexplained == 0
    # From the first to the last is the sum of the steps, and the way back is the same with the other sign.
    steps: Counter[tuple[object, ...]] = Counter()
    for pair in pairwise(range(1, last + 1)):
        for change in found[pair]:
            steps[key(change)] += change.change
    assert {key(c): c.change for c in found[1, last]} == {name: total for name, total in steps.items() if total}
    assert {key(c): -c.change for c in found[last, 1]} == {key(c): c.change for c in found[1, last]}


def key(change: Change) -> tuple[object, ...]:
    return change.metric, change.scope, change.entity_code, change.month


def test_the_newest_publication_tells_the_whole_story(story: Nights) -> None:
    in_mart = story.rows(
        f"select from_publication, to_publication, metric, scope, entity_code, month, old_value, new_value, "
        f"{', '.join(CAUSES)} from mart_restatements"
    )
    by_diff = [
        (number, number + 1, *key(c)[:3], c.month, c.old_value, c.new_value, *c.causes.values())
        for number in range(1, len(STORY) + 1)
        for c in compared(story, number, number + 1).changes
    ]
    assert len(in_mart) > 40
    assert sorted(in_mart, key=str) == sorted(by_diff, key=str)


def test_a_publication_from_before_a_cause_had_a_name_is_compared_by_its_own_sql(
    tiny_home: Settings, tmp_path: Path
) -> None:
    nights = nights_in(tmp_path, tiny_home)
    nights.doctor("mart_restatements", lambda sql: f"select * exclude (refused_files) from ({sql}\n)")
    Inbox(nights.settings.inbox).write("filings", "2022-09.muon", [filing("L1", "243", "20220910080000", level="3")])
    nights.run()
    (change,) = [c for c in compared(nights, 1, 2).changes if c.metric == "received" and c.scope == "agency"]
    assert (change.change, change.late_filings, change.refused_files) == (1, 1, 0)


def assertion(nights: Nights, name: str) -> list[tuple[object, ...]]:
    """What a singular test of dbt finds in the candidate."""
    compiled = transform.target_folder(nights.settings.candidate) / "compiled" / "dvctt" / "tests" / f"{name}.sql"
    return nights.rows(compiled.read_text(encoding="utf-8"))


def test_a_figure_that_nothing_explains_stops_the_night(tiny_home: Settings, tmp_path: Path) -> None:
    nights = nights_in(tmp_path, tiny_home)
    nights.run()
    assert assertion(nights, "assert_restatements_add_up") == []
    nights.doctor("mart_online_rates", lambda sql: sql.replace("sum(1) as received", "sum(2) as received"))
    nights.run()
    found = assertion(nights, "assert_restatements_add_up")
    assert {row[2:4] for row in found} == {("received", "agency"), ("received", "group"), ("received", "province")}


def test_payments_are_told_of_by_the_month_in_which_they_were_paid_or_refunded(
    tiny_home: Settings, tmp_path: Path
) -> None:
    nights = nights_in(tmp_path, tiny_home)
    Inbox(nights.settings.inbox).write(
        "payment_requests",
        "2022-09.bo-sung",
        [
            payment("YS1", "S1", "243", "2022-09-02 10:00:00", 100_000, TrangThai="Hoàn phí", NgayHoanPhi="2022-10-03"),
            payment("YS9", "S2", "243", "2022-09-20 10:00:00", 9_000_000_000),
        ],
    )
    nights.run()
    assert [row for row in restated(compared(nights, 1, 2)) if row[2] == VINH_YEN] == [
        ("online_payment_count", "2022-09", VINH_YEN, 1, 2, {"late_filings": 1}),
        ("online_payment_amount_vnd", "2022-09", VINH_YEN, 100_000, 9_000_100_000, {"late_filings": 9_000_000_000}),
        ("online_refund_count", "2022-10", VINH_YEN, 1, 2, {"corrections": 1}),
        ("online_refund_amount_vnd", "2022-10", VINH_YEN, 50_000, 150_000, {"corrections": 100_000}),
    ]


def test_after_a_rollback_the_story_goes_on_from_what_readers_see(tiny_home: Settings, tmp_path: Path) -> None:
    nights = nights_in(tmp_path, tiny_home)
    inbox = Inbox(nights.settings.inbox)
    inbox.write("filings", "2022-09.muon", [filing("L1", "243", "20220910080000")])
    nights.run()
    store.rollback(nights.settings.published, 1, reason="thử")
    inbox.write("filings", "2022-09.muon-2", [filing("L2", "243", "20220911080000")])
    nights.run()
    assert nights.rows(
        "select distinct from_publication, to_publication, old_value, new_value from mart_restatements "
        "where metric = 'received' and scope = 'province'"
    ) == [(1, 3, 3, 5)]


def test_a_closed_month_holds_what_came_later_in_its_ledger(tiny_home: Settings, tmp_path: Path) -> None:
    nights = nights_in(tmp_path, tiny_home)
    settings = nights.settings
    folder = settings.closed / "2022-09" / "1"
    close(settings, folder)
    inbox = Inbox(settings.inbox)
    inbox.write("filings", "2022-09.muon", [filing("L1", "243", "20220910080000", level="3")])
    inbox.write("filings", "2022-09.bo-sung", [filing("S1", "244", "20220901000000")])
    night = nights.run()
    assert night.manifest["closed_months"] == {"2022-09": 1}
    ledger = nights.rows(
        "select metric, agency_code, record_id, effect, cause, revision, row_number from mart_late_ledger order by all"
    )
    assert ledger == [
        ("online", "243", "L1", 1, "late_filings", 1, 1),
        ("online", "243", "S1", -1, "corrections", 1, 1),
        ("online", "244", "S1", 1, "corrections", 1, 1),
        ("online_level_3", "243", "L1", 1, "late_filings", 1, 1),
        ("online_level_4", "243", "S1", -1, "corrections", 1, 1),
        ("online_level_4", "244", "S1", 1, "corrections", 1, 1),
        ("received", "243", "L1", 1, "late_filings", 1, 1),
        ("received", "243", "S1", -1, "corrections", 1, 1),
        ("received", "244", "S1", 1, "corrections", 1, 1),
    ]
    assert assertion(nights, "assert_late_ledger_adds_up") == []
    assert nights.rows("select count(*) from mart_figure_movements where baseline = 'publication'") == [(0,)]


def close(settings: Settings, folder: Path) -> None:
    """A closed month as its folder holds it, out of publication 1."""
    publication = store.find(settings.published, 1)
    (folder / "facts").mkdir(parents=True)
    (folder / "marts").mkdir()
    manifest = {
        "month": "2022-09",
        "revision": 1,
        "publication": 1,
        "closed_at": "2022-11-05T02:00:00+07:00",
        "approved_by": "Nguyễn Văn Duyệt",
        "waived": [],
        "software_version": publication.manifest["software_version"],
        "definitions": publication.manifest["definitions"],
        "province_digest": publication.manifest["province_digest"],
    }
    parquet = publication.folder / "parquet"
    for table, where in (
        ("fct_filings", "received_month = '2022-09-01'"),
        ("fct_payments", "paid_month = '2022-09-01' or refunded_month = '2022-09-01'"),
    ):
        duckdb.execute(f"copy (from '{parquet / table}.parquet' where {where}) to '{folder / 'facts' / table}.parquet'")
    files = {str(path.relative_to(folder)): {"sha256": sha256_of(path)} for path in sorted(folder.glob("facts/*"))}
    (folder / "manifest.json").write_text(json.dumps({**manifest, "files": files}), encoding="utf-8")
    assert previous.read_closed(folder).definitions


def test_the_command_prints_each_figure_and_says_when_none_differs(story: Nights) -> None:
    settings = story.settings
    finished = dvctt(settings, "publications", "diff", "2", "3", "--records")
    assert finished.returncode == 0, finished.stderr
    assert "9 figures differ; the causes of 9 add up to the change" in finished.stdout
    (line,) = [x for x in finished.stdout.splitlines() if VINH_YEN in x and " received " in x]
    assert [cell.strip() for cell in line.split("│")[1:-1]] == [
        VINH_YEN, "received", "2022-09", "2", "3", "1", "1", "0", "0", "0", "0", "0", "0", "0", "50 -> 66,67",
    ]  # fmt: skip # a line of the screen is a line
    assert "L1" in finished.stdout
    same = dvctt(settings, "publications", "diff", "1", "2")
    assert (same.returncode, same.stdout) == (0, "publications 1 and 2: no figure differs\n")
    document = json.loads(dvctt(settings, "publications", "diff", "2", "3", "--json", "--records").stdout)
    assert [row["change"] for row in document["changes"]] == [1] * 9
    assert {row["record_id"] for row in document["movements"]} == {"L1"}


def test_a_publication_without_definitions_is_said_to_have_none(tiny_copy: Settings) -> None:
    shutil.rmtree(tiny_copy.published / "1" / "definitions")
    state_anew(tiny_copy.published / "1")
    publication = store.find(tiny_copy.published, 1)
    with pytest.raises(PublishError, match="no definitions to read"):
        restatements.diff(publication, publication, tiny_copy.closed)


def test_a_publication_whose_definitions_know_no_restatements_is_said_so(tiny_copy: Settings) -> None:
    path = tiny_copy.published / "1" / "definitions" / "models.json"
    nodes = [node for node in json.loads(path.read_text(encoding="utf-8")) if node["name"] != "mart_restatements"]
    path.chmod(0o644)
    path.write_text(json.dumps(nodes), encoding="utf-8")
    state_anew(tiny_copy.published / "1")
    publication = store.find(tiny_copy.published, 1)
    with pytest.raises(PublishError, match="carries no definition of mart_restatements"):
        restatements.diff(publication, publication, tiny_copy.closed)
