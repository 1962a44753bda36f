"""What a measured process and those below it took is told stage by stage; what failed, or is not the same work, is not told."""

import os
import sys
from pathlib import Path

import duckdb
import pytest
from dvctt.settings import Settings

from benchmarks.equality import hold_equal
from benchmarks.measure import START, Cost, MeasureError, median, run, together
from benchmarks.show import WHOLE, parts
from tests.conftest import REPOSITORY, environment_for

HELD = 300_000_000


def program(text: str) -> list[str]:
    return [sys.executable, "-c", text]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(REPOSITORY)}


def test_the_largest_process_of_a_stage_counts_and_only_for_that_stage(tmp_path: Path) -> None:
    child = f"held = b'x' * {HELD}; import time; time.sleep(0.5)"
    measured = run(
        program(
            "import subprocess, sys\n"
            "from benchmarks.stopwatch import stage, versions\n"
            "versions(tool='1.2')\n"
            "print('what a program says is not for who measures')\n"
            "with stage('large'):\n"
            f"    subprocess.run([sys.executable, '-c', {child!r}], check=True)\n"
            "with stage('small'):\n"
            "    pass\n"
        ),
        environment(),
        tmp_path / "words.txt",
    )
    assert list(measured.stages) == [START, "large", "small"]
    assert measured.versions["tool"] == "1.2"
    assert measured.stages["large"].peak_bytes > HELD > measured.stages["small"].peak_bytes > 0


def test_a_process_that_fails_is_no_measurement(tmp_path: Path) -> None:
    with pytest.raises(MeasureError, match="no such thing"):
        run(program("import sys; sys.exit('no such thing')"), environment(), tmp_path / "words.txt")


def test_the_median_is_taken_stage_by_stage_and_measure_by_measure() -> None:
    runs = [{"land": Cost(seconds, cpu, 1, 1)} for seconds, cpu in ((1.0, 9.0), (2.0, 7.0), (30.0, 8.0))]
    assert median(runs) == {"land": Cost(2.0, 8.0, 1, 1)}


def test_stages_are_added_up_but_for_the_largest_process() -> None:
    assert together([Cost(1.0, 2.0, 30, 4), Cost(10.0, 20.0, 3, 40)]) == Cost(11.0, 22.0, 30, 44)
    found = parts({"start": Cost(1, 1, 0, 0), "audit_facts": Cost(1, 2, 5, 0), "check_counts": Cost(1, 3, 4, 0)})
    assert found["audit and gate"] == Cost(2, 5, 5, 0)
    assert found[WHOLE].cpu_seconds == 6


def test_a_stage_that_no_line_of_the_table_holds_is_an_error() -> None:
    with pytest.raises(ValueError, match="sweep"):
        parts({"sweep": Cost(1, 1, 1, 1)})


def test_every_stage_of_a_night_has_its_line() -> None:
    from dvctt.pipeline.night import NIGHT

    assert parts({stage.name: Cost(1, 1, 1, 1) for stage in NIGHT})[WHOLE].cpu_seconds == len(NIGHT)


@pytest.fixture(scope="module")
def floor(tiny_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the floor makes of the tiny inbox."""
    out = tmp_path_factory.mktemp("floor")
    command = [sys.executable, "-m", "benchmarks.floor", str(tiny_home.inbox), str(REPOSITORY), str(out)]
    more = {"PYTHONPATH": str(REPOSITORY)}
    measured = run(command, environment_for(tiny_home, **more), out / "words.txt")
    assert list(parts(measured.stages)) == list(parts({stage: Cost(1, 1, 1, 1) for stage in measured.stages}))
    return out / "published" / "marts.duckdb"


def test_the_floor_counts_what_the_night_counts(floor: Path, tiny_home: Settings) -> None:
    found = hold_equal(floor, tiny_home.published / "1" / "marts.duckdb", "the night")
    assert found["online rate by agency and month"] > 1


def test_another_figure_is_told_and_not_compared(floor: Path, tiny_home: Settings, tmp_path: Path) -> None:
    doctored = tmp_path / "marts.duckdb"
    doctored.write_bytes((tiny_home.published / "1" / "marts.duckdb").read_bytes())
    with duckdb.connect(str(doctored)) as connection:
        connection.execute("update mart_online_rates set online = online + 1 where entity_code = '243'")
    with pytest.raises(MeasureError, match="online rate by agency and month: the night and the floor differ"):
        hold_equal(floor, doctored, "the night")
