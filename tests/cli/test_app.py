"""The command line: exit codes, words, and answers that are there to be parsed."""

import json
import re
from pathlib import Path

import pytest
from dvctt.cli.app import app
from dvctt.cli.root import SUBJECTS
from dvctt.settings import Settings
from typer.main import get_command
from typer.testing import CliRunner

from tests.conftest import dvctt, environment_for, settings_for
from tests.queries.test_additivity import FORMATS
from tests.watched import watch


def test_without_a_publication_a_question_is_one_error(tmp_path: Path) -> None:
    settings = settings_for(tmp_path / "home", tmp_path / "inbox")
    for arguments in (
        ("check", "figures"),
        ("check", "additivity"),
        ("status",),
        ("rows", "--table", "x", "--published"),
    ):
        finished = dvctt(settings, *arguments)
        assert finished.returncode == 1
        assert "no publication yet" in finished.stderr
        assert "Traceback" not in finished.stderr


def test_figures_that_are_not_reproduced_end_with_1_and_are_all_shown(tiny_home: Settings) -> None:
    finished = dvctt(tiny_home, "check", "figures", "--json")
    assert finished.returncode == 1
    figures = json.loads(finished.stdout)
    assert [figure["figure_id"] for figure in figures] == list(range(1, 35))
    verdicts = {figure["figure_id"]: figure["verdict"] for figure in figures}
    assert (verdicts[1], verdicts[12], verdicts[33], verdicts[34]) == (
        "not_reproduced",
        "reproduced",
        "target_missed",
        "no_data",
    )


def test_additivity_names_the_residue_and_ends_with_0(tiny_home: Settings) -> None:
    finished = dvctt(tiny_home, "check", "additivity")
    assert finished.returncode == 0, finished.stderr
    for looked_at in (
        r"\d+ totals checked",
        *(rf"{name}: \d+ figures read back, \d+ sums added up again" for name in FORMATS),
    ):
        assert re.search(rf"^{looked_at}, 0 unexplained$", finished.stdout, re.M), looked_at
    (line,) = [
        line for line in finished.stdout.splitlines() if "Khối sở ban ngành" in line and "mức độ 3 + mức độ 4" in line
    ]
    assert [cell.strip() for cell in line.split("│")[3:7]] == ["Khối sở ban ngành", "1", "0", "1"]


def test_additivity_of_a_month_that_is_not_there_is_an_error_and_not_a_yes(tiny_home: Settings) -> None:
    finished = dvctt(tiny_home, "check", "additivity", "--month", "2021-01")
    assert finished.returncode == 1
    assert "nothing was looked at" in finished.stderr


def test_status_gives_figures_and_paths(tiny_home: Settings) -> None:
    finished = dvctt(tiny_home, "status", "--month", "2022-10")
    assert finished.returncode == 0
    for wanted in ("Khối huyện thành phố", "publication 1", "bao-cao-2022-10.html", "marts.duckdb", "verdict.json"):
        assert wanted in finished.stdout


def test_a_month_that_is_none_is_refused(tiny_home: Settings) -> None:
    finished = dvctt(tiny_home, "status", "--month", "10-2022")
    assert finished.returncode == 1
    assert "found '10-2022', wanted YYYY-MM" in finished.stderr


def test_an_unknown_table_names_the_known_ones(tiny_home: Settings) -> None:
    finished = dvctt(tiny_home, "rows", "--table", "mart_online_rate")
    assert finished.returncode == 1
    assert "mart_online_rates" in finished.stderr


def test_the_configuration_can_be_checked_alone(tiny_home: Settings) -> None:
    finished = dvctt(tiny_home, "check", "config")
    assert finished.returncode == 0
    assert "75 agencies" in finished.stdout


@pytest.mark.parametrize(
    "arguments",
    [("report", "--month", "2022-10"), ("report", "--period", "2022-Q3"), ("sample",)],
)
@pytest.mark.parametrize("below", ["", "further"])
def test_a_file_in_the_place_of_a_folder_to_write_is_told_in_words(
    tiny_home: Settings, tmp_path: Path, arguments: tuple[str, ...], below: str
) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    finished = dvctt(tiny_home, *arguments, "--out", str(tmp_path / "file" / below))
    assert finished.returncode == 1
    assert f"{tmp_path / 'file'} is no folder; wanted a folder, or a name for a new one" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_the_help_lists_every_command_under_its_subject() -> None:
    listed = [name for names in SUBJECTS.values() for name in names]
    group = get_command(app)
    assert len(listed) == len(set(listed))
    assert group.list_commands(group.make_context("dvctt", ["run"], resilient_parsing=True)) == listed
    printed = CliRunner().invoke(app, ["--help"], terminal_width=100).stdout
    places = [printed.index(f"\n{subject}:\n") for subject in SUBJECTS]
    assert places == sorted(places)


HEAVY = {"airflow", "altair", "dbt", "great_expectations", "jinja2", "numpy", "pandas", "typst", "vl_convert"}
"""Packages that no question needs which is answered out of the marts."""


@pytest.mark.parametrize("arguments", [("--help",), ("--version",)])
def test_help_and_version_import_what_they_print_with_and_nothing_more(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    settings = settings_for(tmp_path / "home", tmp_path / "inbox")
    found = watch(tmp_path, environment_for(settings), *arguments)
    assert {"typer", "dvctt.cli.app", "dvctt.cli.checks", "dvctt.cli.pipeline"} <= found.packages
    assert found.packages & (HEAVY | {"babel", "duckdb", "pydantic", "rich", "yaml"}) == set()
    own = {name.split(".")[1] for name in found.packages if name.startswith("dvctt.")}
    assert own == {"cli", "core", "settings"}
    assert found.output
    assert found.started == ()


def test_status_imports_the_engine_that_it_asks_and_neither_the_province_nor_pandas(
    tiny_home: Settings, tmp_path: Path
) -> None:
    found = watch(tmp_path, environment_for(tiny_home), "status", "--month", "2022-10")
    assert {"duckdb", "dvctt.publications.reading"} <= found.packages
    assert found.packages & (HEAVY | {"yaml", "dvctt.province.model", "dvctt.pipeline.stages"}) == set()
    assert "Khối huyện thành phố" in found.output
    assert found.started == ()


def test_a_night_with_nothing_new_imports_no_later_stage_and_starts_no_process(
    tiny_copy: Settings, tmp_path: Path
) -> None:
    found = watch(tmp_path, environment_for(tiny_copy), "run")
    assert "nothing new" in found.output
    assert {"dvctt.pipeline.stages", "dvctt.landing.integrity"} <= found.packages
    assert found.packages & (HEAVY | {"dvctt.gate.judge", "dvctt.publications.publish", "dvctt.report.marts"}) == set()
    assert found.started == ()
