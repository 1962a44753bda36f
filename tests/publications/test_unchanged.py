"""What did not change is one file of two publications; drawn anew it is the same, and any damage is found."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path

import duckdb
import pytest
from dvctt.core.files import seal, sha256_of
from dvctt.core.sharing import Sharing
from dvctt.province.folder import load_province
from dvctt.province.model import Province
from dvctt.publications import reading, switching, unchanged
from dvctt.publications.reading import Publication, building_folder

from tests.conftest import PROVINCE
from tests.report.conftest import write_marts

VINH_PHUC = load_province(PROVINCE)
PAGES = {"reports/bao-cao-2022-09.html", "reports/bao-cao-2022-10.html"}
NOTHING = "update mart_online_rates set received = received"
OCTOBER_CHANGES = "update mart_online_rates set received = received + 1 where month = '2022-10-01'"


def publish(
    published: Path, number: int, change: str, province: Province = VINH_PHUC, *, is_sample: bool = False
) -> tuple[Publication, Sharing]:
    """A publication of the literal rows, with one change of them, as a night assembles and seals it."""
    sharing = unchanged.begin(published)
    building = building_folder(published)
    (building / "parquet").mkdir(parents=True)
    marts = write_marts(building / "marts.duckdb")
    with duckdb.connect(str(marts)) as connection:
        connection.execute(change)
        for (name,) in connection.execute("select table_name from duckdb_tables() order by 1").fetchall():
            path = building / "parquet" / f"{name}.parquet"
            connection.execute(f"copy (from {name} order by all) to '{path}' (format parquet)")
            sharing.settle(path)
    unchanged.draw(marts, province, number, sharing, is_sample=is_sample)
    unchanged.keep_inputs(sharing)
    drawn_by, inputs = unchanged.inputs_of(building)
    (building / unchanged.INPUTS).unlink()
    files = {
        name: {"bytes": path.stat().st_size, "sha256": sha256_of(path), **inputs.get(name, {})}
        for path in sorted(building.rglob("*"))
        if path.is_file()
        for name in (path.relative_to(building).as_posix(),)
    }
    manifest = {"number": number, "drawn_by": drawn_by, "province_digest": province.digest, "extracts": []}
    said = {**manifest, "is_sample": is_sample, "files": files}
    (building / "manifest.json").write_text(seal(said), encoding="utf-8")
    for path in building.rglob("*.*"):
        path.chmod(0o444)
    building.rename(published / str(number))
    switching.switch(published, number)
    return reading.load_publication(published / str(number)), sharing


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[int, set[str]]]:
    """Publication 1, then 2 of the same rows, then 3 of another October: what was taken over by each."""
    published = tmp_path_factory.mktemp("made") / "published"
    published.mkdir()
    shared = {}
    for number, change in ((1, NOTHING), (2, NOTHING), (3, OCTOBER_CHANGES)):
        shared[number] = publish(published, number, change)[1].shared
    return published, shared


def kinds(names: set[str], ending: str) -> set[str]:
    return {name for name in names if name.endswith(ending)}


def test_the_first_publication_takes_nothing_and_the_same_rows_take_all(
    made: tuple[Path, dict[int, set[str]]],
) -> None:
    published, shared = made
    everything = {
        path.relative_to(published / "1").as_posix()
        for path in (published / "1").rglob("*")
        if path.suffix in (".csv", ".parquet") or path.name.startswith("bao-cao")
    }
    assert len(kinds(everything, ".csv")) > 10
    assert shared[1] == set()
    assert shared[2] == everything
    assert all((published / "2" / name).samefile(published / "1" / name) for name in everything)


def test_a_late_october_costs_its_page_and_its_tables(made: tuple[Path, dict[int, set[str]]]) -> None:
    published, shared = made
    rates = {"csv/mart_online_rates.csv", "parquet/mart_online_rates.parquet"}
    assert shared[2] - shared[3] == {"reports/bao-cao-2022-10.html", *rates}
    old, new = ((published / number / "reports/bao-cao-2022-10.html").read_bytes() for number in ("2", "3"))
    assert old != new


def test_a_page_says_nothing_that_only_its_publication_has(made: tuple[Path, dict[int, set[str]]]) -> None:
    published, _ = made
    page = (published / "2" / "reports/bao-cao-2022-09.html").read_text("utf-8")
    data = reading.load_publication(published / "2").data_of("reports/bao-cao-2022-09.html")
    assert data is not None
    assert f"Mã dữ liệu: {data[:12]}" in page
    for number in ("1", "2"):
        assert f"Lần công bố số {number}<" in (published / number / "reports/index.html").read_text("utf-8")


def test_every_publication_is_what_its_manifest_says_and_what_is_drawn_anew(
    made: tuple[Path, dict[int, set[str]]], tmp_path: Path
) -> None:
    for number in (1, 2, 3):
        publication = reading.load_publication(made[0] / str(number))
        assert list(reading.file_problems(publication)) == []
        (tmp_path / str(number)).mkdir()
        drawn = unchanged.redraw(publication, VINH_PHUC, tmp_path / str(number))
        assert drawn is not None
        assert drawn[0] > 12
        assert drawn[1] == []


def test_what_is_drawn_anew_finds_a_page_that_should_not_have_been_taken(
    made: tuple[Path, dict[int, set[str]]], tmp_path: Path
) -> None:
    shutil.copytree(made[0] / "2", tmp_path / "2")
    page = tmp_path / "2" / "reports" / "bao-cao-2022-10.html"
    page.unlink()
    shutil.copyfile(made[0] / "3" / "reports" / "bao-cao-2022-10.html", page)
    (tmp_path / "anew").mkdir()
    drawn = unchanged.redraw(reading.load_publication(tmp_path / "2"), VINH_PHUC, tmp_path / "anew")
    assert drawn is not None
    assert [problem.file for problem in drawn[1]] == ["reports/bao-cao-2022-10.html"]


@pytest.mark.parametrize("other", ["province", "code"])
def test_what_another_province_folder_or_other_code_drew_is_drawn_again(
    made: tuple[Path, dict[int, set[str]]], tmp_path: Path, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = tmp_path / "published"
    shutil.copytree(made[0] / "1", published / "1")
    switching.switch(published, 1)
    province = VINH_PHUC.model_copy(update={"digest": "other"}) if other == "province" else VINH_PHUC
    if other == "code":
        monkeypatch.setattr(unchanged, "makers", lambda: "other")
    second, sharing = publish(published, 2, NOTHING, province)
    assert sharing.shared & PAGES == set()
    assert bool(kinds(sharing.shared, ".csv")) is (other == "province")
    assert kinds(sharing.shared, ".parquet")
    (tmp_path / "anew").mkdir()
    assert unchanged.redraw(reading.load_publication(published / "1"), province, tmp_path / "anew") is None
    assert list(reading.file_problems(second)) == []


def test_pages_are_drawn_again_when_the_same_rows_are_a_sample_and_when_they_are_none_any_more(
    made: tuple[Path, dict[int, set[str]]], tmp_path: Path
) -> None:
    published = tmp_path / "published"
    shutil.copytree(made[0] / "1", published / "1")
    switching.switch(published, 1)
    notes = {"csv/README.txt", "parquet/README.txt"}
    # Not October's: what a publication restated of it, by its number, is news on its page.
    page = "reports/bao-cao-2022-09.html"
    for number, is_sample, shares in ((2, True, False), (3, True, True), (4, False, False)):
        publication, sharing = publish(published, number, NOTHING, is_sample=is_sample)
        assert (page in sharing.shared) is shares
        assert len(kinds(sharing.shared, ".csv")) > 10, "a table says nothing of a sample, and is the same"
        assert list(reading.file_problems(publication)) == []
        assert notes & publication.manifest["files"].keys() == (notes if is_sample else set())
        (tmp_path / str(number)).mkdir()
        drawn = unchanged.redraw(publication, VINH_PHUC, tmp_path / str(number))
        assert drawn is not None
        assert drawn[1] == []
        same_as_first = (publication.folder / page).read_bytes() == (published / "1" / page).read_bytes()
        assert same_as_first is not is_sample


def test_nothing_is_taken_from_a_publication_whose_manifest_was_changed(
    made: tuple[Path, dict[int, set[str]]], tmp_path: Path
) -> None:
    published = tmp_path / "published"
    shutil.copytree(made[0] / "1", published / "1")
    switching.switch(published, 1)
    manifest = published / "1" / "manifest.json"
    text = manifest.read_text("utf-8").replace('"number": 1', '"number":  1')
    manifest.unlink()
    manifest.write_text(text, encoding="utf-8")
    assert unchanged.begin(published).earlier is None


@pytest.mark.parametrize("when", ["since the run began", "while it is drawn"])
def test_code_that_changes_during_a_run_leaves_no_digests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """The process that draws may have read a module before: whose pages these are, nobody knows."""
    makers = {"now": unchanged.makers()}
    monkeypatch.setattr(unchanged, "makers", lambda: makers["now"])
    sharing = Sharing(tmp_path, makers["now"], inputs={"csv/a.csv": {"data": "d", "inputs": "i"}})
    unchanged.keep_inputs(sharing, since=makers["now"])
    assert unchanged.inputs_of(tmp_path) == (makers["now"], sharing.inputs)
    if when == "while it is drawn":
        makers["now"] = "other"
    unchanged.keep_inputs(sharing, since=sharing.makers if when == "while it is drawn" else "other")
    assert unchanged.inputs_of(tmp_path) == ("", {})


def test_digests_outlive_a_kill_after_the_manifest_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unchanged, "makers", lambda: "m")
    sharing = Sharing(tmp_path, "m", inputs={"csv/a.csv": {"data": "d", "inputs": "i"}})
    assert unchanged.inputs_of(tmp_path) == ("", {})
    unchanged.keep_inputs(sharing)
    before = unchanged.inputs_of(tmp_path)
    assert before == ("m", sharing.inputs)
    files = {"csv/a.csv": {"bytes": 1, "sha256": "s", **sharing.inputs["csv/a.csv"]}, "marts.duckdb": {"bytes": 1}}
    (tmp_path / "manifest.json").write_text(seal({"drawn_by": "m", "files": files}), encoding="utf-8")
    (tmp_path / unchanged.INPUTS).unlink()
    assert unchanged.inputs_of(tmp_path) == before


_DRAW = """
import json, sys
from pathlib import Path
from dvctt.core.sharing import Sharing
from dvctt.province.folder import load_province
from dvctt.publications import unchanged
province, opened = load_province(Path(sys.argv[2])), set()
sys.addaudithook(lambda event, found: opened.add(str(found[0])) if event == "open" else None)
unchanged.draw(Path(sys.argv[1]), province, 1, Sharing(Path(sys.argv[3])))
names = sorted(name for name in sys.modules if "." not in name)
print(json.dumps({"modules": names, "opened": sorted(opened), "made_by": unchanged.makers()}))
"""
_ELSEWHERE = {"TZ": "America/New_York", "LC_ALL": "C", "LANG": "de_DE.UTF-8", "PYTHONHASHSEED": "77"}


@dataclass(frozen=True)
class Elsewhere:
    """Publication 1 of the literal rows, drawn by a process of its own under another zone, locale, hash seed, folder and home,
    and where the system has no fonts.
    """

    folder: Path
    modules: tuple[str, ...]
    opened: tuple[Path, ...]
    made_by: str


def without_fonts() -> tuple[str, ...]:
    """A command that runs another one where the system's fonts are not to be seen; nothing where that cannot be had."""
    hide = 'for d in /usr/share/fonts /usr/local/share/fonts; do test ! -d $d || mount -t tmpfs tmpfs $d || exit 9; done; exec "$@"'
    command = (*(("unshare", "-m") if os.geteuid() == 0 else ("unshare", "-rm")), "sh", "-c", hide, "sh")
    tried = subprocess.run([*command, "true"], capture_output=True, check=False)
    return command if tried.returncode == 0 else ()


@pytest.fixture(scope="module")
def elsewhere(made: tuple[Path, dict[int, set[str]]], tmp_path_factory: pytest.TempPathFactory) -> Elsewhere:
    root = tmp_path_factory.mktemp("elsewhere")
    folder = root / "drawn"
    folder.mkdir()
    shutil.copytree(made[0] / "1" / "parquet", root / "1" / "parquet")
    shutil.copyfile(made[0] / "1" / "marts.duckdb", root / "1" / "marts.duckdb")
    finished = subprocess.run(
        [*without_fonts(), sys.executable, "-c", _DRAW, str(root / "1" / "marts.duckdb"), str(PROVINCE), str(folder)],
        env={**os.environ, **_ELSEWHERE, "HOME": str(root), "DVCTT_HOME": str(root / "home")},
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    found = json.loads(finished.stdout)
    return Elsewhere(folder, tuple(found["modules"]), tuple(map(Path, found["opened"])), found["made_by"])


def test_every_library_that_draws_is_a_part_of_the_digest(elsewhere: Elsewhere) -> None:
    owners = packages_distributions()
    used = {owner for name in elsewhere.modules for owner in owners.get(name, ())} - {"dvctt-warehouse"}
    assert {"altair", "vl-convert-python", "Jinja2", "babel", "duckdb"} <= used
    site = Path(sysconfig.get_path("purelib"))
    seen = {re.sub(r"[-_.]+", "-", path.name.split("-")[0]).lower() for path in site.glob("*.dist-info")}
    assert {re.sub(r"[-_.]+", "-", name).lower() for name in used} <= seen


def test_every_file_that_is_read_while_drawing_is_a_part_of_the_digest(elsewhere: Elsewhere) -> None:
    """Beside the tables, the libraries and Python itself; and the zone UTC, which is no rule that anybody changes."""
    makers = {path for paths in unchanged.files_of_makers().values() for path in paths}
    root = elsewhere.folder.parent
    known = (
        root,
        *(Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")),
        Path("/sys"),
        Path("/proc"),
    )
    # What Python compiled of a file is that file; a folder that is listed holds files that are opened, or not.
    read = {path for path in elsewhere.opened if path.suffix != ".pyc" and path.is_file() and path.name != "UTC"}
    own = {path for path in read if not any(path.is_relative_to(folder) for folder in known)}
    assert {"monthly.html.j2", "report.css", "published_tables.json"} <= {path.name for path in own}
    assert any(path.suffix == ".po" for path in own)
    assert own - makers == set()


def test_another_zone_locale_hash_seed_and_no_fonts_draw_the_same(
    made: tuple[Path, dict[int, set[str]]], elsewhere: Elsewhere
) -> None:
    """None of these is a part of the digest, so a file that is taken over may have been made under others."""
    files = reading.load_publication(made[0] / "1").manifest["files"]
    drawn = {name: entry["sha256"] for name, entry in files.items() if name.startswith(("reports/", "csv/"))}
    assert len(drawn) > 12
    assert {name: sha256_of(elsewhere.folder / name) for name in drawn} == drawn
    assert elsewhere.made_by == unchanged.makers()


def test_a_list_that_pages_read_beside_the_package_is_one_of_their_makers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A metric's name in words is a cell of the seed ref_metrics."""
    path = tmp_path / "dbt_project" / "seeds" / "ref_metrics.csv"
    path.parent.mkdir(parents=True)
    monkeypatch.setattr(unchanged, "PROJECT_ROOT", tmp_path)
    found = []
    for words in ("metric,name_vi\nreceived,Hồ sơ tiếp nhận\n", "metric,name_vi\nreceived,Hồ sơ đã tiếp nhận\n"):
        path.write_text(words, encoding="utf-8")
        found.append(unchanged.makers())
    assert found[0] != found[1]
