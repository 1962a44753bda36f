"""What an auditor asks of a figure: where it comes from, what became of it, and whether it comes out again from landing."""

import hashlib
import json
import shutil
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
from dvctt.core.errors import FigureError, LandingError, PublishError
from dvctt.core.files import seal, unseal
from dvctt.publications.reading import current_publication
from dvctt.publications.store import find
from dvctt.queries.explain import explain
from dvctt.queries.explain_text import as_text
from dvctt.queries.lookup import Lookup, find_figure
from dvctt.queries.reproduce import reproduce
from dvctt.settings import Settings
from dvctt.warehouse import definitions, transform
from dvctt.warehouse.connections import open_published
from dvctt.warehouse.definitions import read_definitions

from tests.conftest import Inbox, copy_home, dvctt, filing, rewrite, settings_for, state_anew

ONLINE = "mart_online_rates/2022-10/agency/243/online"


@pytest.fixture(scope="module")
def two_nights(tiny_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The tiny home after a second night, which brought a late online filing of district 243 and one without a sound date."""
    root = tmp_path_factory.mktemp("two_nights")
    copy_home(tiny_home.home, root / "home")
    shutil.copytree(tiny_home.inbox, root / "inbox")
    settings = settings_for(root / "home", root / "inbox")
    late = [filing("O8", "243", "20221011101010"), filing("O9", "243", "31/31/2022")]
    Inbox(settings.inbox).write("filings", "2022-10.bo-sung", late)
    finished = dvctt(settings, "run")
    assert finished.returncode == 0, finished.stderr
    return settings


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    return {
        str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def writable(path: Path) -> Path:
    path.chmod(0o644)
    return path


def test_a_figure_is_explained_from_its_meaning_to_its_files(tiny_home: Settings):
    found = explain(tiny_home, ONLINE)
    publication = find(tiny_home.published, 1)
    assert (found.figure.value, found.unit, found.figure.type) == (2, "count", "BIGINT")
    assert found.figure.key == {"month": date(2022, 10, 1), "scope": "agency", "entity_code": "243"}
    assert found.description == "Filings received online; the numerator."
    assert found.mart_description.startswith("One row per scope (agency, group, province), entity and calendar month")
    assert (found.publication["number"], found.publication["verdict"], found.publication["problems"]) == (
        1,
        "passed",
        [],
    )
    with open_published(publication.marts) as connection:
        assert connection.execute(found.query).fetchall() == [(2,)]
    assert "online_level_4" in found.sql
    assert "{{" not in found.sql
    models = {model.name: model for model in found.models}
    assert (models["fct_filings"].rows, models["int_filings_disposed"].rows) == (10, None)
    assert [model.name for model in found.models][-1] == "mart_online_rates"
    assert "mart_payments" not in models


def test_the_landed_files_are_named_with_hashes_and_the_rows_that_came_from_them(tiny_home: Settings):
    inputs = explain(tiny_home, ONLINE).inputs
    (own,) = [one for one in inputs if one.fact_rows]
    source = tiny_home.inbox / "one_stop" / "filings" / "2022-10.csv"
    assert own.fact_rows == {"fct_filings": 4}
    assert (own.file_name, own.month, own.rows, own.in_use) == ("2022-10.csv", "2022-10", 8, True)
    assert own.sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
    assert own.parquet is not None
    assert own.parquet_sha256 == hashlib.sha256(Path(own.parquet).read_bytes()).hexdigest()
    assert ("filings", "2022-09") in {(one.entity, one.month) for one in inputs}


def test_the_rows_named_are_those_that_the_mart_counts_for_agencies_groups_and_the_province(two_nights: Settings):
    publication = find(two_nights.published, 2)
    with open_published(publication.marts) as connection:
        rows = connection.execute(
            "select strftime(month, '%Y-%m'), scope, entity_code, received from mart_online_rates "
            "where received > 0 order by all"
        ).fetchall()
    assert {scope for _, scope, _, _ in rows} == {"agency", "group", "province"}
    for month, scope, code, received in rows:
        inputs = explain(two_nights, f"mart_online_rates/{month}/{scope}/{code}/received").inputs
        assert sum(one.fact_rows.get("fct_filings", 0) for one in inputs) == received, (month, scope, code)


@pytest.mark.parametrize(
    ("text", "scope", "rows"),
    [
        ("mart_payments/2022-10/province/26/online_payment_count", ["2022-10"], {"2022-10": 3}),
        (
            "mart_payments/2022-10/province/26/ytd_online_payment_count",
            ["2022-01..2022-10"],
            {"2022-09": 1, "2022-10": 3},
        ),
    ],
)
def test_a_figure_to_date_names_the_files_of_every_month_of_its_year(tiny_home: Settings, text, scope, rows):
    found = explain(tiny_home, text)
    assert found.scope["periods"] == scope
    assert {one.month: one.fact_rows["fct_payments"] for one in found.inputs if "fct_payments" in one.fact_rows} == rows


def test_a_figure_beside_a_baseline_names_both_months(tiny_home: Settings):
    found = explain(tiny_home, "mart_online_rate_changes/2022-10/agency/243/previous_month/change_points")
    assert found.unit == "percentage points"
    assert {one.month for one in found.inputs if one.fact_rows} == {"2022-09", "2022-10"}


def test_a_figure_that_the_province_printed_takes_its_unit_and_its_group_from_its_row(tiny_home: Settings):
    publication = find(tiny_home.published, 1)
    with open_published(publication.marts) as connection:
        lookup = Lookup(1, read_definitions(publication.folder), connection)
        (number,) = connection.execute(
            "select min(figure_id) from mart_published_figures where unit = 'percent' and scope = 'district'"
        ).fetchone() or (None,)
        assert lookup.find(f"mart_published_figures/{number}/computed_value").key == {"figure_id": number}
    found = explain(tiny_home, f"mart_published_figures/{number}/computed_value")
    assert (found.unit, found.scope["scope"], found.scope["codes"]) == ("percent", "group", ["district"])


def test_every_check_of_the_gate_is_listed_or_counted(tiny_home: Settings):
    found = explain(tiny_home, ONLINE)
    verdict = json.loads(find(tiny_home.published, 1).verdict.read_text(encoding="utf-8"))
    assert len(found.checks) + sum(found.other_checks.values()) == len(verdict["checks"])
    listed = {check["id"]: check["status"] for check in found.checks}
    assert listed["rows.landed_are_accounted_for"] == "passed"
    assert not [check for check in listed if check.startswith("canary.")]
    assert sum(found.other_checks.values()) > 0


def test_the_small_inputs_are_named_with_the_hashes_of_the_publication(tiny_home: Settings):
    publication = find(tiny_home.published, 1)
    files = {file.name: file for file in explain(tiny_home, ONLINE).files}
    assert {"province.agencies", "ref_channels"} <= files.keys()
    for file in files.values():
        assert file.sha256 == hashlib.sha256((publication.folder / file.file).read_bytes()).hexdigest()


def test_what_became_of_a_figure_is_told_across_publications(two_nights: Settings):
    found = explain(two_nights, ONLINE)
    assert [(step["publication"], step["value"]) for step in found.history] == [(1, 2), (2, 3)]
    assert {one.file_name: one.fact_rows["fct_filings"] for one in found.inputs if one.fact_rows} == {
        "2022-10.csv": 4,
        "2022-10.bo-sung.csv": 1,
    }
    assert explain(two_nights, ONLINE, 1).figure.value == 2


def test_what_is_set_aside_and_the_caveat_stand_beside_the_figure(two_nights: Settings):
    found = explain(two_nights, ONLINE)
    assert [(row["rows"], row["entity"]) for row in found.set_aside] == [(1, "filings")]
    assert ["1 dòng" in row["caveat_vi"] for row in found.caveats] == [True]
    assert explain(two_nights, "mart_online_rates/2022-10/agency/244/online").caveats == ()
    change = explain(two_nights, "mart_online_rate_changes/2022-10/agency/243/previous_month/change_points")
    assert [row["mart"] for row in change.caveats] == ["mart_online_rates"]


def test_a_restatement_and_a_closed_month_are_told(tiny_copy: Settings):
    folder = tiny_copy.published / "1"
    with duckdb.connect(str(writable(folder / "marts.duckdb"))) as connection:
        connection.execute(
            "create or replace table mart_restatements as select 1 as from_publication, 2 as to_publication, "
            "'online' as metric, 'agency' as scope, '243' as entity_code, date '2022-10-01' as month, 1 as old_value, "
            "2 as new_value, 1 as change, 1 as late_filings"
        )
    with pytest.raises(
        PublishError, match=r"marts\.duckdb: not as it was published: found [0-9a-f]{64}, wanted sha256"
    ):
        explain(tiny_copy, ONLINE)
    state_anew(folder)
    rewrite(folder / "manifest.json", closed_months={"2022-10": 2})
    inputs = writable(sorted((folder / "definitions" / "inputs").glob("*.parquet"))[0])
    inputs.write_bytes(inputs.read_bytes() + b" ")
    closing = tiny_copy.closed / "2022-10" / "2"
    closing.mkdir(parents=True)
    closed = {
        "month": "2022-10",
        "revision": 2,
        "publication": 1,
        "closed_at": "2022-11-10T09:00:00+07:00",
        "approved_by": "Nguyễn Thị Duyệt (MẪU)",
        "waived": [{"source_id": "one_stop", "entity": "filings", "agency_code": "244"}],
    }
    (closing / "manifest.json").write_text(json.dumps(closed), encoding="utf-8")
    found = explain(tiny_copy, ONLINE)
    assert [(row["old_value"], row["new_value"], row["late_filings"]) for row in found.restatements] == [(1, 2, 1)]
    assert found.closed == closed
    assert f"{inputs.name}: changed since it was published" in found.publication["problems"][0]
    text = "\n".join(as_text(found))
    assert "revision 2, of publication 1" in text
    assert "approved by Nguyễn Thị Duyệt (MẪU)" in text
    assert "old_value 1, new_value 2" in text
    assert "NOT AS PUBLISHED" in text
    assert explain(tiny_copy, "mart_online_rates/2022-09/agency/243/online").closed is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mart_online_rate/2022-10/agency/243/online", r"has no table 'mart_online_rate'; did you mean mart_online_rates"),
        ("mart_online_rates/2022-10/agency/243/onlin", r"no column 'onlin'; did you mean online"),
        ("mart_online_rates/2022-11/agency/243/online", r"no month '2022-11'; did you mean 2022-1?0.*there are: 2022-09, 2022-10"),
        ("mart_online_rates/2022-10/agencies/243/online", r"month 2022-10: no scope 'agencies'; did you mean agency"),
        ("mart_online_rates/2022-10/agency/9999/online", r"scope agency: no entity_code '9999'; .*there are: .*… 6 more"),
        ("mart_online_rates/2022-10/-/243/online", r"no scope '-'|no scope -"),
        ("mart_online_rates/2022-10/243/online", r"found 2 key values, wanted 3: mart_online_rates/<month>/<scope>/<entity_code>"),
        ("mart_online_rates", "not a figure's id"),
    ],
)  # fmt: skip # a case is a row
def test_an_id_that_names_nothing_says_what_there_is(tiny_home: Settings, text, words):
    with pytest.raises(FigureError, match=words):
        explain(tiny_home, text)


def test_the_first_of_a_month_may_be_written_out(tiny_home: Settings):
    publication = find(tiny_home.published, 1)
    assert find_figure(publication, "mart_online_rates/2022-10-01/agency/243/online").figure_id == ONLINE


def test_an_unknown_publication_is_an_error(tiny_home: Settings):
    with pytest.raises(PublishError, match="no publication 9; there are: 1"):
        explain(tiny_home, ONLINE, 9)


@pytest.mark.parametrize(("number", "value"), [(1, 2), (2, 3)])
def test_a_figure_of_any_publication_comes_out_again_without_today_s_definitions(
    two_nights: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number, value
):
    for room in (definitions, transform):
        monkeypatch.setattr(room, "DBT_PROJECT", tmp_path / "gone")
    before = listing(two_nights.home)
    made = reproduce(two_nights, ONLINE, number, folder=tmp_path)
    assert (made.publication, made.figure.value, made.rebuilt, made.identical) == (number, value, value, True)
    assert (made.differences, made.problems) == ((), ())
    assert listing(two_nights.home) == before
    assert list(tmp_path.iterdir()) == []


def test_every_kind_of_figure_comes_out_again(two_nights: Settings, tmp_path: Path):
    for text in (
        "mart_online_rates/2022-10/group/district/online_rate_percent",
        "mart_payments/2022-10/province/26/online_payment_amount_vnd",
        "mart_catalogue_coverage/2022-10/connected_share_percent",
    ):
        made = reproduce(two_nights, text, folder=tmp_path)
        assert made.identical, text
        assert made.rebuilt is not None, text


def test_a_figure_comes_out_again_although_the_publication_before_was_removed(
    two_nights: Settings, tmp_path: Path
) -> None:
    shutil.copytree(two_nights.home, tmp_path / "home", symlinks=True)
    settings = settings_for(tmp_path / "home", two_nights.inbox)
    shutil.rmtree(settings.published / "1")
    assert reproduce(settings, ONLINE, 2).rebuilt == 3


def test_a_landed_file_that_was_changed_is_named_and_nothing_is_compared(tiny_copy: Settings, tmp_path: Path):
    (path,) = tiny_copy.landing.glob("*/filings/month=2022-10/*.parquet")
    changed = tmp_path / "changed.parquet"
    duckdb.execute(
        f"copy (select * replace ('1' as \"KenhThucHien\") from read_parquet('{path}')) to '{changed}' (format parquet)"
    )
    shutil.copyfile(changed, writable(path))
    with pytest.raises(LandingError, match=rf"{path.name}: changed since publication 1 was made of it: found sha256"):
        reproduce(tiny_copy, ONLINE, folder=tmp_path)
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith("dvctt-")] == []


def test_a_source_file_s_hash_that_was_changed_is_named(tiny_copy: Settings, tmp_path: Path):
    (path,) = tiny_copy.landing.glob("*/filings/month=2022-10/*.json")
    manifest = unseal(path.read_bytes())
    writable(path).write_text(seal({**manifest, "sha256": "0" * 64}), encoding="utf-8")
    with pytest.raises(LandingError, match=r"filings, 2022-10: found 0{64}, wanted"):
        reproduce(tiny_copy, ONLINE, folder=tmp_path)


def test_a_published_value_that_was_changed_does_not_come_out_again(tiny_copy: Settings, tmp_path: Path):
    publication = current_publication(tiny_copy.published)
    assert publication is not None
    with duckdb.connect(str(writable(publication.marts))) as connection:
        connection.execute(
            "update mart_online_rates set online = 99 where month = '2022-10-01' and entity_code = '243'"
        )
    finished = dvctt(tiny_copy, "reproduce", ONLINE, TMPDIR=str(tmp_path))
    assert finished.returncode == 1, finished.stderr
    assert finished.stdout.splitlines() == [
        ONLINE,
        "published: 99 (publication 1)",
        "rebuilt:   2",
        "differs",
        "mart_online_rates: 58 rows published; 1 of them differ from what is rebuilt, 1 rebuilt ones from what is published",
    ]
    assert "marts.duckdb: changed since it was published" in finished.stderr


def test_the_command_line_explains_in_words_and_in_json_and_refuses_with_1(tiny_home: Settings):
    finished = dvctt(tiny_home, "explain", ONLINE)
    assert finished.returncode == 0, finished.stderr
    for words in (
        "2 count (exactly 2)",
        "Filings received online; the numerator.",
        "number 1 (current)",
        "4 rows in fct_filings",
        "rows.landed_are_accounted_for",
        "dvctt reproduce " + ONLINE + " --publication 1",
    ):
        assert words in finished.stdout
    as_json = dvctt(tiny_home, "explain", ONLINE, "--publication", "1", "--json")
    content = json.loads(as_json.stdout)
    assert content["figure"]["value"] == 2
    assert content["models"][-1]["sql"] == content["sql"]
    missing = dvctt(tiny_home, "explain", "mart_online_rates/2022-10/agency/243/onlin")
    assert missing.returncode == 1
    assert "did you mean online" in missing.stderr
    assert "Traceback" not in missing.stderr


def test_an_id_may_end_before_what_is_null_and_may_say_it() -> None:
    node = SimpleNamespace(name="m", published=True, primary_key=("check_id", "version", "kind"))
    with duckdb.connect() as connection:
        connection.execute(
            "create table m as select * from (values ('a', null, null, 7), ('b', 2, null, 8)) as m (check_id, version, kind, n)"
        )
        lookup = Lookup(1, [node], connection)
        for text, wanted in (("m/a/n", 7), ("m/a/-/-/n", 7), ("m/b/2/n", 8), ("m/b/2/-/n", 8)):
            assert lookup.find(text).value == wanted
        assert lookup.find("m/a/-/-/n").figure_id == "m/a/n"
        with pytest.raises(FigureError, match=r"m, check_id b: no version '-'; there are: 2"):
            lookup.find("m/b/n")
        with pytest.raises(FigureError, match="found 4 key values, wanted 3"):
            lookup.find("m/b/2/-/x/n")
