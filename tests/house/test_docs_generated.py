"""The generated pages of docs/ are those that their sources give: never typed, never behind."""

import importlib.util
import re
from functools import cache
from types import ModuleType

import pytest
from dvctt.gate.judge import load_suites
from dvctt.report.wording.language import catalogue

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


@pytest.mark.parametrize("page", ["commands.md", "rules.md"])
def test_a_generated_page_is_up_to_date(page: str) -> None:
    fresh = generator().PAGES[page]()
    assert fresh.count("\n## ") > 20
    assert (DOCS / page).read_text(encoding="utf-8") == fresh, "run: make docs"


def test_what_the_seeds_say_in_both_languages_is_in_the_catalogues_for_a_third() -> None:
    seeds = dict(generator().texts_of_seeds())
    assert {"Quý III/{year}", "Chưa quy đổi được", "Tỷ lệ hồ sơ trực tuyến trên tổng hồ sơ"} <= seeds.keys()
    assert generator().OF_SEEDS.read_text(encoding="utf-8") == generator().catalogue_of_seeds(), "run: make docs"
    assert seeds.keys() - catalogue("en").keys() == set()


def test_every_rule_has_its_section_and_every_critical_one_a_fault_that_proves_it() -> None:
    text = (DOCS / "rules.md").read_text(encoding="utf-8")
    sections = {part.splitlines()[0]: part for part in text.split("\n## ")[1:]}
    rules = [rule for suite in load_suites() for rule in suite.expectations]
    assert set(sections) == {rule.meta.id for rule in rules}
    for rule in rules:
        if rule.severity == "critical":
            assert generator().faults_of(rule.meta.id), rule.meta.id
            assert "no fault of its own" not in sections[rule.meta.id]


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
