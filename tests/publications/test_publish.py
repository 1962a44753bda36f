"""Publications: numbered, immutable, switched in one step, and whole after a kill at any point."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from dvctt.core.errors import PublishError, WarehouseError
from dvctt.core.files import sha256_of
from dvctt.landing.zone import landed_extracts
from dvctt.pipeline import stages
from dvctt.province.folder import load_province
from dvctt.province.model import Retention
from dvctt.publications import next_night, publish, reading, retention, store, switching, unchanged
from dvctt.settings import Settings
from dvctt.warehouse.previous import PREVIOUS_TABLES
from dvctt.warehouse.transform import manifest_of

from tests.conftest import PROVINCE, rewrite

VINH_PHUC = load_province(PROVINCE)


def current(settings: Settings) -> reading.Publication:
    publication = reading.current_publication(settings.published)
    assert publication is not None
    return publication


def again(settings: Settings, *, verdict: str = "passed", share: bool = False) -> reading.Publication:
    """Publish the candidate that the home holds once more, without the slow stages; ``share``: pages and CSV files too."""
    path = settings.candidate / "verdict.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**content, "verdict": verdict}), encoding="utf-8")
    sharing = unchanged.begin(settings.published) if share else None
    building = publish.assemble(settings.published, settings.candidate, path, sharing)
    if sharing is not None:
        number = switching.next_number(settings.published)
        unchanged.draw(building / "marts.duckdb", VINH_PHUC, number, sharing)
        unchanged.keep_inputs(sharing)
    return publish.publish(
        settings.published,
        building,
        number=switching.next_number(settings.published),
        province=VINH_PHUC,
        landing=settings.landing,
        extracts=landed_extracts(settings.landing),
        run_id="again",
        month="2022-10",
    )


def die_at(monkeypatch: pytest.MonkeyPatch, name: str, work: Callable[[], object]) -> None:
    """Do something that ends where `publish` calls this function of its own, as if it had been killed there."""

    class KilledError(BaseException):
        pass

    def killed(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(publish, name, killed)
        with pytest.raises(KilledError):
            work()


def test_a_publication_holds_what_its_manifest_says(tiny_home: Settings) -> None:
    publication = current(tiny_home)
    listed = publication.manifest["files"]
    found = {
        str(path.relative_to(publication.folder)): {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
        for path in publication.folder.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    wanted = {
        "marts.duckdb",
        "verdict.json",
        "verdict.html",
        "parquet/fct_filings.parquet",
        "csv/mart_online_rates.csv",
        "reports/bao-cao-2022-10.html",
    }
    assert wanted <= set(found)
    assert {name: {key: entry[key] for key in ("bytes", "sha256")} for name, entry in listed.items()} == found
    drawn = {name for name, entry in listed.items() if {"data", "inputs"} <= entry.keys()}
    assert drawn == {name for name in found if name.startswith(("csv/", "reports/bao-cao-"))}
    assert publication.number == 1
    assert {e["extract_id"] for e in publication.manifest["extracts"]} == {
        e.extract_id for e in landed_extracts(tiny_home.landing)
    }


def test_nobody_can_write_a_published_file(tiny_home: Settings) -> None:
    files = [path for path in current(tiny_home).folder.rglob("*") if path.is_file()]
    assert len(files) > 20
    assert [path for path in files if path.stat().st_mode & 0o222] == []


def test_facts_dimensions_audit_and_marts_are_tables_with_descriptions(tiny_home: Settings) -> None:
    with duckdb.connect(str(current(tiny_home).marts), read_only=True) as connection:
        tables = dict(connection.execute("select table_name, comment from duckdb_tables()").fetchall())
        assert connection.execute("select view_name from duckdb_views() where not internal").fetchall() == []
        undocumented = connection.execute(
            "select table_name, column_name from duckdb_columns() where not internal and coalesce(comment, '') = ''"
        ).fetchall()
    published = {n["name"] for n in manifest_of(tiny_home.candidate)["nodes"].values() if "published" in n["tags"]}
    assert {"fct_filings", "dim_agencies", "aud_totals", "mart_online_rates"} <= set(tables)
    assert {name for name in published if not name.startswith("unique_")} >= set(tables)
    assert all(tables.values())
    assert undocumented == []


def test_parquet_and_marts_hold_the_same_rows_in_the_same_types(tiny_home: Settings) -> None:
    """By type too: DuckDB rounds what Parquet cannot hold (a HUGEINT becomes a DOUBLE), and the bytes stand for the rows."""
    publication = current(tiny_home)
    files = sorted((publication.folder / "parquet").glob("*.parquet"))
    assert {path.stem for path in files} == set(publication.manifest["row_counts"])
    with duckdb.connect(str(publication.marts), read_only=True) as connection:
        for path in files:
            differing = connection.execute(
                f"(from {path.stem} except all from '{path}') union all (from '{path}' except all from {path.stem})"
            ).fetchall()
            assert differing == [], path.stem
            types = [
                connection.execute(f"select column_name, column_type from (describe from {source})").fetchall()
                for source in (path.stem, f"'{path}'")
            ]
            assert types[0] == types[1], path.stem


def test_every_mart_is_published_as_csv_too_and_its_verdict_as_a_page(tiny_home: Settings) -> None:
    publication = current(tiny_home)
    marts = {name for name in publication.manifest["row_counts"] if name.startswith("mart_")}
    assert len(marts) > 10
    assert {path.stem for path in publication.csv.glob("*.csv")} == marts
    assert "ĐẠT" in publication.verdict_page.read_text(encoding="utf-8")


def test_the_same_candidate_gives_the_same_parquet_bytes(tiny_copy: Settings) -> None:
    first = current(tiny_copy).manifest["files"]
    second = again(tiny_copy).manifest["files"]
    parquet = [name for name in first if name.startswith("parquet/")]
    assert len(parquet) > 20
    assert {name: first[name] for name in parquet} == {name: second[name] for name in parquet}


def test_a_new_publication_leaves_the_old_one_untouched(tiny_copy: Settings) -> None:
    before = {path: path.read_bytes() for path in current(tiny_copy).folder.rglob("*") if path.is_file()}
    publication = again(tiny_copy)
    assert publication.number == 2
    assert current(tiny_copy).number == 2
    assert {path: path.read_bytes() for path in before} == before


def test_what_did_not_change_is_one_file_until_either_publication_goes_or_it_is_harmed(tiny_copy: Settings) -> None:
    first = current(tiny_copy)
    second = again(tiny_copy, share=True)
    same = {name for name in second.manifest["files"] if (second.folder / name).samefile(first.folder / name)}
    wanted = {name for name in first.manifest["files"] if name.startswith(("parquet/", "csv/", "reports/bao-cao-"))}
    # What the next night remembers lies there twice: an older publication is whole when a newer one's are damaged.
    wanted -= {f"parquet/{table}.parquet" for table, _ in PREVIOUS_TABLES.values()}
    assert len(wanted) > 60
    assert same == wanted
    assert not (second.folder / unchanged.INPUTS).exists()
    assert store.verify(first) == store.verify(second) == []
    at = datetime.fromisoformat(second.manifest["published_at"]) + timedelta(days=9)
    retention.prune(tiny_copy.published, Retention(nightly_days=1, keep_at_least=1), closing=set(), at=at)
    assert [one.number for one in store.listed(tiny_copy.published)] == [2]
    assert store.verify(second) == []
    third = again(tiny_copy, share=True)
    assert (third.folder / "reports/bao-cao-2022-10.html").samefile(second.folder / "reports/bao-cao-2022-10.html")
    # Modes keep no superuser out. What is written through one name is told of both, and the next night makes it anew.
    harmed = {
        name: (third.folder / name).read_bytes() for name in wanted if "2022-09" in name or "online_rates." in name
    }
    assert {name.partition("/")[0] for name in harmed} == {"reports", "csv", "parquet"}
    for name, content in harmed.items():
        path = second.folder / name
        path.chmod(0o644)
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    for one in (second, third):
        assert {problem.file for problem in store.verify(one)} == harmed.keys()
    standing = next_night.standing(tiny_copy.published)
    assert {problem.file for problem in standing.problems} == harmed.keys()
    assert standing.base == third, "what a night remembers is whole"
    fourth = again(tiny_copy, share=True)
    assert store.verify(fourth) == []
    assert {name: (fourth.folder / name).read_bytes() for name in harmed} == harmed
    assert {name for name in wanted if not (fourth.folder / name).samefile(third.folder / name)} == harmed.keys()


def test_a_kill_after_the_manifest_was_written_is_sealed_again_with_its_digests(
    tiny_copy: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    die_at(monkeypatch, "sync_folder", lambda: again(tiny_copy, share=True))
    building = reading.building_folder(tiny_copy.published)
    assert (building / "manifest.json").is_file()
    publication = publish.publish(
        tiny_copy.published,
        building,
        number=2,
        province=VINH_PHUC,
        landing=tiny_copy.landing,
        extracts=landed_extracts(tiny_copy.landing),
        run_id="again",
        month="2022-10",
    )
    assert store.verify(publication) == []
    page = "reports/bao-cao-2022-10.html"
    assert (
        publication.manifest["files"][page]
        == reading.load_publication(tiny_copy.published / "1").manifest["files"][page]
    )


def test_a_reader_who_holds_publication_1_keeps_it_whole(tiny_copy: Settings) -> None:
    with duckdb.connect(str(tiny_copy.published / "current" / "marts.duckdb"), read_only=True) as reader:
        before = reader.execute("select sum(received) from mart_online_rates").fetchone()
        again(tiny_copy)
        assert reader.execute("select sum(received) from mart_online_rates").fetchone() == before


@pytest.mark.parametrize("verdict", ["failed", "could_not_check"])
def test_a_verdict_that_is_not_passed_is_never_published(tiny_copy: Settings, verdict: str) -> None:
    with pytest.raises(PublishError, match=f"verdict '{verdict}'; only 'passed' is published"):
        again(tiny_copy, verdict=verdict)
    assert current(tiny_copy).number == 1


def test_a_number_is_never_given_twice(tiny_copy: Settings) -> None:
    building = publish.assemble(tiny_copy.published, tiny_copy.candidate, tiny_copy.candidate / "verdict.json")
    with pytest.raises(PublishError, match="a publication is never written twice"):
        publish.publish(
            tiny_copy.published,
            building,
            number=1,
            province=VINH_PHUC,
            landing=tiny_copy.landing,
            extracts=[],
            run_id="r",
            month=None,
        )


def test_a_kill_before_the_rename_leaves_publication_1_and_is_swept_up(tiny_copy: Settings) -> None:
    publish.assemble(tiny_copy.published, tiny_copy.candidate, tiny_copy.candidate / "verdict.json")
    assert current(tiny_copy).number == 1
    switching.recover(tiny_copy.published)
    assert not reading.building_folder(tiny_copy.published).exists()
    assert current(tiny_copy).number == 1


def test_a_kill_between_rename_and_switch_is_finished_by_the_next_run(
    tiny_copy: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    die_at(monkeypatch, "switch", lambda: again(tiny_copy))
    assert current(tiny_copy).number == 1
    switching.recover(tiny_copy.published)
    assert current(tiny_copy).number == 2


def test_work_is_what_landing_holds_and_the_manifest_does_not(tiny_home: Settings) -> None:
    extracts = landed_extracts(tiny_home.landing)
    assert len(extracts) == 6
    assert not next_night.work_to_do(tiny_home.published, extracts, VINH_PHUC)
    late = [*extracts, extracts[0].__class__(**{**vars(extracts[0]), "extract_id": "late"})]
    assert next_night.work_to_do(tiny_home.published, late, VINH_PHUC).new_extract_ids == ("late",)


def test_a_changed_province_folder_is_work(tiny_home: Settings) -> None:
    changed = VINH_PHUC.model_copy(update={"digest": "other"})
    work = next_night.work_to_do(tiny_home.published, landed_extracts(tiny_home.landing), changed)
    assert (work.new_extract_ids, work.changed) == ((), ("province folder",))


def test_a_lost_table_of_the_earlier_publication_is_an_error_and_not_an_empty_past(tiny_copy: Settings) -> None:
    (tiny_copy.published / "1" / "parquet" / "fct_filings.parquet").unlink()
    with pytest.raises(PublishError, match=r"fct_filings\.parquet: gone, but the manifest lists it.*verify 1"):
        next_night.previous_publication(tiny_copy.published, tiny_copy.closed)


def test_a_table_that_an_older_version_did_not_publish_is_no_loss(tiny_copy: Settings) -> None:
    folder = tiny_copy.published / "1"
    (folder / "parquet" / "mart_restatements.parquet").unlink()
    files = dict(current(tiny_copy).manifest["files"])
    del files["parquet/mart_restatements.parquet"]
    rewrite(folder / "manifest.json", files=files)
    previous = next_night.previous_publication(tiny_copy.published, tiny_copy.closed)
    assert previous is not None
    assert previous.number == 1


def test_everything_is_work_before_the_first_publication(tmp_path: Path, tiny_home: Settings) -> None:
    extracts = landed_extracts(tiny_home.landing)
    work = next_night.work_to_do(tmp_path, extracts, VINH_PHUC)
    assert len(work.new_extract_ids) == len(extracts)
    assert work.changed == ("no publication yet",)


def test_a_pointer_to_nowhere_is_named(tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to("7")
    with pytest.raises(PublishError, match=r"current: leads to publication 7, which is not there: readers see nothing"):
        reading.current_publication(tmp_path)


def test_another_run_cannot_take_over_a_candidate(tiny_copy: Settings) -> None:
    with pytest.raises(WarehouseError, match="the candidate belongs to run 'cli__"):
        stages.build_facts(tiny_copy, run_id="another")
