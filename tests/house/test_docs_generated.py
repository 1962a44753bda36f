"""The generated pages of docs/ are those that their sources give: never typed, never behind."""

import importlib.util
import json
import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from dvctt.core.contract import ENTITIES
from dvctt.gate.judge import load_suites
from dvctt.report.wording.language import catalogue
from jsonschema import ValidationError, validate

from tests.conftest import REPOSITORY

DOCS = REPOSITORY / "docs"


@cache
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_generated_page_is_up_to_date() -> None:
    """Licences are held by a test of their own: they are those of what is installed."""
    fresh = {name: text for name, text in generator().pages().items() if name != "licences.md"}
    assert fresh["commands.md"].count("\n## ") > 20
    behind = {name for name, text in fresh.items() if not is_current(DOCS / name, text)}
    assert behind == set(), "run: make docs"
    assert generator().gone(fresh) == [], "run: make docs"


def is_current(page: Path, text: str) -> bool:
    return page.is_file() and page.read_text(encoding="utf-8") == text


def test_what_the_seeds_say_in_both_languages_is_in_the_catalogues_for_a_third() -> None:
    seeds = dict(generator().texts_of_seeds())
    assert {"Quý III/{year}", "Chưa quy đổi được", "Tỷ lệ hồ sơ trực tuyến trên tổng hồ sơ"} <= seeds.keys()
    assert generator().OF_SEEDS.read_text(encoding="utf-8") == generator().catalogue_of_seeds(), "run: make docs"
    assert seeds.keys() - catalogue("en").keys() == set()


def test_the_contract_of_files_is_one_that_other_tools_accept() -> None:
    """Held against the standard's own schema, which its package ships."""
    schema = json.loads(files("open_data_contract_standard").joinpath("schema.json").read_text(encoding="utf-8"))
    found = {name: yaml.safe_load(text) for name, text in generator().contracts().items()}
    assert set(found) == {f"contract/{name}.odcs.yaml" for name in ENTITIES}
    for document in found.values():
        validate(document, schema)
    with pytest.raises(ValidationError):
        validate({**found["contract/filings.odcs.yaml"], "kind": "Something"}, schema)
    columns = {column["name"]: column for column in found["contract/filings.odcs.yaml"]["schema"][0]["properties"]}
    assert set(columns) == {*ENTITIES["filings"].columns, *ENTITIES["filings"].personal}
    assert columns["ChuHoSo"]["classification"] == "personal"
    assert "toàn trình" in columns["MucDo"]["quality"][0]["arguments"]["validValues"]
    assert columns["MaHoSo"]["description"] == "number of the filing"


def test_every_rule_has_its_page_with_a_fault_that_proves_it() -> None:
    pages = {path.stem: path.read_text(encoding="utf-8") for path in (DOCS / "rules").glob("*.*.md")}
    rules = [rule for suite in load_suites() for rule in suite.expectations]
    assert set(pages) == {rule.meta.id for rule in rules}
    for rule in rules:
        assert [fault.id for fault in generator().faults_of(rule.meta.id) if f"`{fault.id}`" in pages[rule.meta.id]]


def test_every_package_of_the_lock_stands_with_its_licence() -> None:
    """What another Python or system would install is not asked of this one."""
    page = dict(re.findall(r"^\| (\S+) \| \S+ \| (.+) \|$", (DOCS / "licences.md").read_text(encoding="utf-8"), re.M))
    rows = list(generator().licence_rows())
    assert len(rows) > 150
    assert set(page) - {"package"} == {name for name, _, _ in rows}, "run: make docs"
    installed = {name: licence for name, _, licence in rows if licence != "not installed here"}
    assert {name for name, licence in installed.items() if licence != page[name]} == set(), "run: make docs"
    assert "not stated" not in installed.values()


def test_the_project_has_the_licence_that_it_declares() -> None:
    declared = re.search(r'^license = "(.+)"$', (REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"), re.M)
    assert declared
    text = (REPOSITORY / "LICENSE").read_text(encoding="utf-8")
    assert declared.group(1) == "Apache-2.0"
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
