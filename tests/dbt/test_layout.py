"""Where a model stands: in a folder of its subject, with its properties and its unit tests beside it, in files that can be read."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from dvctt.warehouse.transform import DBT_PROJECT

MODELS = DBT_PROJECT / "models"
LONGEST = 400
"""Lines of a YAML file. A subject that needs more has a second file: a model's own, or a question's."""


def stands(path: Path) -> tuple[str, ...]:
    """The folders under models/ that a file stands in: layer and subject."""
    return path.parent.relative_to(MODELS).parts


@pytest.fixture(scope="module")
def models() -> dict[str, tuple[str, ...]]:
    """Every model, and where its SQL stands."""
    found = {path.stem: stands(path) for path in MODELS.rglob("*.sql")}
    assert len(found) > 40
    return found


@cache
def files() -> dict[Path, dict[str, Any]]:
    """Every YAML file of the models, read once."""
    found = {path: yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader) for path in MODELS.rglob("*.yml")}
    assert len(found) > 40
    return found


def entries(key: str) -> list[tuple[dict[str, Any], Path]]:
    """Every entry of one key of the YAML files, with the file that it stands in."""
    found = [(entry, path) for path, content in files().items() for entry in content.get(key, ())]
    assert len(found) > 40
    return found


def test_every_model_stands_in_a_folder_of_its_subject_within_its_layer(models: dict[str, tuple[str, ...]]) -> None:
    assert {name: folders for name, folders in models.items() if len(folders) != 2} == {}


def test_every_model_has_its_properties_beside_it_once(models: dict[str, tuple[str, ...]]) -> None:
    described = [(entry["name"], stands(path)) for entry, path in entries("models")]
    assert sorted(described) == sorted(models.items())


def test_unit_tests_stand_beside_the_model_that_they_test(models: dict[str, tuple[str, ...]]) -> None:
    strayed = {
        entry["name"]: path.relative_to(MODELS).as_posix()
        for entry, path in entries("unit_tests")
        if stands(path) != models[entry["model"]] or not path.stem.endswith("_unit_tests")
    }
    assert strayed == {}


def test_no_yaml_file_is_too_long_to_read() -> None:
    lengths = {
        path.relative_to(DBT_PROJECT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in DBT_PROJECT.rglob("*.yml")
    }
    assert len(lengths) > 40
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST} == {}, f"wanted {LONGEST} lines at most"
