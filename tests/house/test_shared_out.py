"""How ``make test`` shares the files out among its workers: the long ones first, and what belongs together to one of them."""

import re
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import REPOSITORY, SLOW, TOGETHER, pytest_collection_modifyitems, pytest_xdist_make_scheduler

TESTS = REPOSITORY / "tests"


def config(dist: str) -> Any:
    return SimpleNamespace(getvalue={"dist": dist, "tx": ["2*popen"]}.__getitem__)


def test_every_file_that_is_named_is_there() -> None:
    files = [path.relative_to(TESTS).as_posix() for path in TESTS.rglob("test_*.py")]
    named = (*SLOW, *(one for group in TOGETHER for one in group))
    assert len(named) > 10
    assert [one for one in named if not any(file.startswith(one) for file in files)] == []


def test_files_that_ask_the_same_of_the_session_go_to_one_worker_and_every_other_file_is_a_unit_of_its_own() -> None:
    scheduler = pytest_xdist_make_scheduler(config("loadfile"), None)
    units = {
        name: scheduler._split_scope(f"tests/{name}::test_it[a::b]")
        for name in ("chaos/test_kill.py", "chaos/test_disk_full.py", "chaos/test_flips.py", "sample/test_write.py")
    }
    assert units == {
        "chaos/test_kill.py": "tests/chaos/test_kill.py",
        "chaos/test_disk_full.py": "tests/chaos/test_kill.py",
        "chaos/test_flips.py": "tests/chaos/test_flips.py",
        "sample/test_write.py": "tests/sample/",
    }
    assert pytest_xdist_make_scheduler(config("load"), None) is None


def test_the_long_files_begin_first_and_all_others_keep_their_order() -> None:
    names = (
        "cli/test_app.py",
        "test_parity.py",
        "proving/test_proof.py",
        "chaos/test_flips.py",
        "chaos/test_kill.py",
        "a.py",
    )
    items: list[Any] = [SimpleNamespace(path=TESTS / name) for name in names]
    pytest_collection_modifyitems(items)
    assert [item.path.relative_to(TESTS).as_posix() for item in items] == [
        "chaos/test_kill.py",
        "proving/test_proof.py",
        "test_parity.py",
        "chaos/test_flips.py",
        "cli/test_app.py",
        "a.py",
    ]


def test_make_test_runs_the_whole_folder_file_by_file_in_that_order() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    (command,) = re.findall(r"^test:.*\n\t(.+)$", makefile, re.M)
    assert command == "$(BIN)/pytest --numprocesses auto --dist loadfile --no-loadscope-reorder"


@pytest.mark.parametrize("group", TOGETHER, ids=[group[0] for group in TOGETHER])
def test_a_group_has_more_than_one_file(group: tuple[str, ...]) -> None:
    files = [path for path in TESTS.rglob("test_*.py") if path.relative_to(TESTS).as_posix().startswith(group)]
    assert len(files) > 1
