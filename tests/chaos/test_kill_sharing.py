"""SIGKILL while files are taken over from an earlier publication: the stage that is tried again ends in the publication of a run
that nobody killed, and what was taken over has not changed under either of its names.

One home dies at one point after the other and is not put back in between: each try finds what the one before has left.
"""

import os
import signal
from pathlib import Path

from dvctt.core.files import sha256_of
from dvctt.publications import reading

from tests.chaos.homes import RUN, Lane, plan_of, wanted_of

ASSEMBLING = {
    "before the first link": (r"run hardlink published/1/parquet/",),
    "between a link and the rename that puts it in the made file's place": (
        r"run hardlink published/1/parquet/",
        r"run rename published/\.building/parquet/\.\w+\.parquet\.tmp ",
    ),
    "half of the tables": (r"run hardlink published/1/parquet/",) * 20,
    "between the link of a page and the next page": (
        r"run open published/\.building/reports/bao-cao-2022-10\.html",
        r"run hardlink published/1/reports/bao-cao-2022-09\.html",
        r"run open published/\.building/reports/index\.html",
    ),
    "between the link of a CSV file and a file that is written": (
        *(r"run hardlink published/1/csv/",) * 2,
        r"run open published/\.building/csv/",
    ),
    "while digests are kept": (r"run rename published/\.building/\.inputs\.json\.tmp ",),
}
SEALING = {
    "after the manifest, before the digests are gone": (r"run remove published/\.building/inputs\.json",),
    "half of the files shut": (r"run chmod published/\.building/parquet/",) * 20,
    "all links made, before the seal is a publication": (r"run rename published/\.building published/2",),
}


def hashes(folder: Path) -> dict[str, str]:
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in paths}


def shared(published: Path, folder: Path) -> set[str]:
    """The files of a folder that are files of publication 1 too."""
    names = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return {name for name in names if (old := published / "1" / name).is_file() and old.samefile(folder / name)}


def kill(lane: Lane, stage: str, name: str, steps: tuple[str, ...], before: dict[str, str]) -> set[str]:
    """Let a stage die at a point; the files that were taken over by then."""
    published = lane.settings.published
    mark = lane.folder / "mark.txt"
    mark.unlink(missing_ok=True)
    ended, words = lane.call("stage", stage, RUN, **plan_of(lane.settings, mark, steps=steps))
    assert ended == -signal.SIGKILL, f"{name}: {words}"
    assert os.readlink(published / "current") == "1", name
    assert hashes(published / "1") == before, name
    return shared(published, reading.building_folder(published))


def test_a_run_that_dies_while_it_shares_ends_as_one_that_did_not(lanes: list[Lane]) -> None:
    lane = lanes[0]
    lane.put_back("assemble_publication")
    published = lane.settings.published
    before = hashes(published / "1")
    had = {name: kill(lane, "assemble_publication", name, steps, before) for name, steps in ASSEMBLING.items()}
    assert had["before the first link"] == set()
    # Some were taken over when it died, and each is the whole file: its hash is that of publication 1.
    assert [len(names) > 0 for names in had.values()][2:] == [True] * (len(ASSEMBLING) - 2)
    assert lane.call("stage", "assemble_publication", RUN)[0] == 0
    taken = shared(published, reading.building_folder(published))
    assert {name.partition("/")[0] for name in taken} == {"parquet", "csv", "reports"}
    for name, steps in SEALING.items():
        assert kill(lane, "publish_marts", name, steps, before) == taken, name
    code, words = lane.call("stage", "publish_marts", RUN)
    assert code == 0, words
    assert shared(published, published / "2") == taken
    assert hashes(published / "1") == before
    assert wanted_of(published / "2") == lane.unkilled
    assert [lane.call("dvctt", "publications", "verify", number)[0] for number in ("1", "2")] == [0, 0]


def test_where_no_file_can_have_two_names_it_is_the_same_publication(lanes: list[Lane]) -> None:
    lane = lanes[1]
    lane.put_back("assemble_publication")
    published, mark = lane.settings.published, lane.folder / "links.txt"
    before = hashes(published / "1")
    code, words = lane.call("stage", "assemble_publication", RUN, **plan_of(lane.settings, mark, no_links=True))
    assert code == 0, words
    lines = mark.read_text(encoding="utf-8").splitlines()
    tried = {line.split("/")[2] for line in lines if line.startswith("run hardlink published/1/")}
    assert tried == {"parquet", "csv", "reports"}
    assert lane.call("stage", "publish_marts", RUN)[0] == 0
    assert shared(published, published / "2") == set()
    assert wanted_of(published / "2") == lane.unkilled
    assert hashes(published / "1") == before
