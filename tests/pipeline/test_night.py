"""The stages of a night as objects: what there is, in which order, and that each keeps to what it says it writes."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from dvctt.core.errors import WarehouseError
from dvctt.pipeline import night, stages
from dvctt.pipeline.night import LAND_EXTRACTS, NIGHT, Run, Stage
from dvctt.settings import Settings

from tests.conftest import Inbox, filing

EVERYWHERE = (".writer.lock", "candidate/dbt")
"""The lock, and what dbt keeps of each build."""


def test_every_stage_does_the_work_of_its_name() -> None:
    assert {stage.name for stage in NIGHT} <= set(vars(stages))
    assert len({stage.name for stage in NIGHT}) == len(NIGHT)
    assert set(NIGHT) == {value for value in vars(night).values() if isinstance(value, Stage)}


def test_the_first_stage_alone_may_end_the_night() -> None:
    assert [stage for stage in NIGHT if stage.may_end_night] == [NIGHT[0]] == [LAND_EXTRACTS]


@pytest.mark.parametrize(
    ("may_end", "result", "goes_on"), [(True, None, False), (True, 1, True), (False, None, True), (False, 1, True)]
)
def test_a_night_goes_on_unless_a_stage_that_may_end_it_found_nothing(
    tiny_copy: Settings, may_end: bool, result: object, goes_on: bool
) -> None:
    stage = Stage("x", (), (), lambda settings, run: result, may_end)
    assert stage.run(tiny_copy, Run("r")) is goes_on


def test_every_later_stage_refuses_the_candidate_of_another_run(tiny_copy: Settings) -> None:
    for stage in NIGHT[1:]:
        with pytest.raises(WarehouseError, match="belongs to run"):
            stage.run(tiny_copy, Run("another"))


def test_what_a_dag_file_reads_of_the_stages_loads_no_engine() -> None:
    code = "import sys, dvctt.pipeline.night; print({'duckdb', 'altair', 'dvctt.pipeline.stages'} & set(sys.modules))"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert finished.stdout == "set()\n"


def contents(home: Path) -> dict[str, str]:
    files = [path for path in home.rglob("*") if path.is_file() and not path.is_symlink()]
    links = [path for path in home.rglob("*") if path.is_symlink()]
    found = {path.relative_to(home).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    return {**found, **{path.relative_to(home).as_posix(): str(path.readlink()) for path in links}}


def test_a_stage_writes_nowhere_but_where_it_says(tiny_copy: Settings) -> None:
    Inbox(tiny_copy.inbox).write("filings", "2022-10.bo-sung", [filing("N1", "244", "20221012101010")])
    before = contents(tiny_copy.home)
    for stage in NIGHT:
        assert stage.run(tiny_copy, Run("night"))
        after = contents(tiny_copy.home)
        changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
        assert changed, stage.name
        elsewhere = {name for name in changed if not name.startswith((*stage.writes, *EVERYWHERE))}
        assert elsewhere == set(), stage.name
        before = after
