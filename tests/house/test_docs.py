"""What documents and docstrings name exists: paths, modules, commands, options, targets, tables, settings, rules, citations.

Nothing is started: one walk over the files, and the command line's own tree. Each test proves first that it found something,
and the finders are tried on a text that lies.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
import typer
from dvctt.cli.app import app
from dvctt.gate.judge import load_suites
from typer.core import TyperGroup

from tests.conftest import REPOSITORY
from tests.house.test_docs_generated import generator

DOCS = REPOSITORY / "docs"
WRITTEN = [
    REPOSITORY / "README.md",
    REPOSITORY / "CONTRIBUTING.md",
    *(path for folder in ("docs", "expectations", "dags") for path in sorted((REPOSITORY / folder).rglob("*.md"))),
]
"""Documents. The changelog is left out: it tells of what was."""


def is_about_names(path: Path) -> bool:
    """Tests that write down how things may be named, lies included."""
    return path.parent.name == "house" or path.name == "test_unit_tests.py"


CODE = [
    path
    for folder in ("include", "dags", "dbt_project", "expectations", "benchmarks", "tests")
    for path in sorted((REPOSITORY / folder).rglob("*"))
    if path.suffix in {".py", ".sql", ".yml", ".j2", ".typ", ".po"} and not is_about_names(path)
]


@cache
def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def name_of(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def code_spans(text: str, *, is_document: bool = True) -> list[str]:
    """What stands between backticks; in a document also what is fenced or indented."""
    if not is_document:
        return [span for _, span in re.findall(r"(`+)([^`\n]+)\1", text)]
    fenced = re.findall(r"^```[a-z]*\n(.*?)^```", text, re.M | re.S)
    rest = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    indented = re.findall(r"^ {4}(?=\S)(.*)$", rest, re.M)
    return [*(line for block in fenced for line in block.splitlines()), *indented, *re.findall(r"`([^`]+)`", rest)]


# Paths.

PATH = re.compile(
    r"(?<![\w./$<>-])((?:include|dags|dbt_project|docs|tests|expectations|requirements|benchmarks|\.ci|dvctt)/[\w./*-]*[\w*/])"
)


def missing_paths(text: str) -> Iterator[str]:
    for found in PATH.findall(text):
        path = f"include/{found}" if found.startswith("dvctt/") else found
        if not any(REPOSITORY.glob(path.rstrip("/"))):
            yield found


def test_every_path_that_is_named_exists() -> None:
    named = [found for path in [*WRITTEN, *CODE] for found in PATH.findall(text_of(path))]
    assert {"include/dvctt/proving/faults.py", "docs/runbooks/a-task-failed.md"} <= set(named)
    missing = [(name_of(path), found) for path in [*WRITTEN, *CODE] for found in missing_paths(text_of(path))]
    assert missing == []


def test_a_path_that_is_not_there_is_found() -> None:
    lie = "`include/dvctt/gate.py`, dvctt/gate/judge.py, docs/*.md and tests/<room>"
    assert list(missing_paths(lie)) == ["include/dvctt/gate.py"]


# Modules and what they hold.

MODULE = re.compile(r"(?<![\w./@:-])(dvctt(?:\.[A-Za-z_]\w*)+)")


@cache
def names_in(module: Path) -> frozenset[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(text_of(module))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name | ast.alias):
            found.add(node.id if isinstance(node, ast.Name) else node.asname or node.name)
    return frozenset(found)


def missing_modules(text: str) -> Iterator[str]:
    for found in MODULE.findall(text):
        place = REPOSITORY / "include"
        parts = found.split(".")
        while parts and (place / parts[0]).is_dir():
            place /= parts.pop(0)
        module = place / "__init__.py"
        if parts and (place / f"{parts[0]}.py").is_file():
            module = place / f"{parts.pop(0)}.py"
        if parts and parts[0] not in names_in(module):
            yield found


def test_every_module_that_is_named_exists() -> None:
    named = [found for path in [*WRITTEN, *CODE] for found in MODULE.findall(text_of(path))]
    assert "dvctt.core.errors" in named
    missing = [
        (name_of(path), found)
        for path in [*WRITTEN, *CODE]
        for found in missing_modules(text_of(path))
        # dbt's ids begin with the project's name, and two files of the home with the software's.
        if not re.match(r"dvctt\.(mart|fct|aud|dim|int|stg|ref|raw|unique|lock)", found)
    ]
    assert missing == []


def test_a_module_that_is_not_there_is_found() -> None:
    lie = "dvctt.gate.check_counts, dvctt.gate.judge.check_counts, dvctt.period and dvctt.core.period.Month"
    assert list(missing_modules(lie)) == ["dvctt.gate.check_counts", "dvctt.period"]


# Commands and options.

CALL = re.compile(
    r"(?<![\w./\"'-])dvctt ((?:[a-z0-9][a-z0-9-]*\b|--[a-z-]+|[A-Z][A-Z-]*|\|| |\[|\]|…|[0-9]{4}-[0-9]{2})+)"
)


def calls_in(text: str, *, is_document: bool = True) -> list[str]:
    spans = code_spans(text, is_document=is_document)
    return [call.strip() for span in spans for call in CALL.findall(span.replace("\\|", "|"))]


def wrong_calls(calls: Iterable[str]) -> Iterator[str]:
    """Calls of which a word is no command, or an option none of its command."""
    for call in calls:
        if wrong := _wrong_word(call):
            yield f"dvctt {call}: {wrong}"


@cache
def command_line() -> TyperGroup:
    command = typer.main.get_command(app)
    assert isinstance(command, TyperGroup)
    return command


def _wrong_word(call: str) -> str | None:
    command = group = command_line()
    words = call.replace("[", " ").replace("]", " ").split()
    for before, word in pairwise(["", *words]):
        if before.startswith("--") and word.isupper():
            continue  # what the option is given, whatever it is called
        if word == "|":
            command = group
        elif word.startswith("--"):
            options = {
                option for parameter in command.params for option in [*parameter.opts, *parameter.secondary_opts]
            }
            if word not in options | {"--help"}:
                return word
        elif isinstance(command, TyperGroup):
            group = command
            if word not in command.commands:
                return word
            command = command.commands[word]
    return None


def test_every_command_and_option_that_is_named_exists() -> None:
    texts = [path for path in [*WRITTEN, *CODE] if path.name != "commands.md"]
    calls = {path: calls_in(text_of(path), is_document=path.suffix == ".md") for path in texts}
    assert sum(map(len, calls.values())) > 100
    assert [(name_of(path), wrong) for path in texts for wrong in wrong_calls(calls[path])] == []


def test_a_command_or_option_that_is_not_there_is_found() -> None:
    lie = "`dvctt run --month 2022-10` `dvctt nights` `dvctt held list \\| drop` `dvctt status --loud`"
    assert [wrong.rsplit(": ", 1)[1] for wrong in wrong_calls(calls_in(lie))] == ["nights", "drop", "--loud"]


# Targets of make.

TARGET = re.compile(r"(?:^|[ `(;&])make ([a-z][a-z-]*)")


@cache
def targets() -> frozenset[str]:
    return frozenset(re.findall(r"^([a-z-]+):", text_of(REPOSITORY / "Makefile"), re.M))


def named_targets(text: str, *, is_document: bool = True) -> list[str]:
    spans = code_spans(text, is_document=is_document)
    return [found for span in spans for found in TARGET.findall(f" {span}")]


def test_every_target_of_make_that_is_named_exists() -> None:
    named = {
        (name_of(path), found)
        for path in [*WRITTEN, *CODE]
        for found in named_targets(text_of(path), is_document=path.suffix == ".md")
    }
    assert {"run", "test", "docs"} <= {found for _, found in named}
    assert {hit for hit in named if hit[1] not in targets()} == set()


def test_a_target_that_is_not_there_is_found() -> None:
    assert set(named_targets("Make sure; `make run` and\n\n    make tea   # now\n")) - targets() == {"tea"}


# Tables, settings, rules.

TABLE = re.compile(r"(?<![\w./-])((?:fct|dim|aud|mart|int|stg|ref)_[a-z0-9_]*[a-z0-9])(?!\w|_?\*|_?…|_?<)")


@cache
def tables() -> frozenset[str]:
    project = REPOSITORY / "dbt_project"
    return frozenset(
        path.stem
        for folder in ("models", "seeds")
        for path in (project / folder).rglob("*")
        if path.suffix in {".sql", ".csv"}
    )


def test_every_table_that_a_document_names_exists() -> None:
    written = [path for path in WRITTEN if path.name not in {"data-dictionary.md", "tu-dien-du-lieu.md"}]
    named = {(name_of(path), found) for path in written for found in TABLE.findall(text_of(path))}
    assert {"mart_online_rates", "fct_filings", "ref_metrics"} <= {found for _, found in named}
    assert {hit for hit in named if hit[1] not in tables()} == set()


SETTING = re.compile(r"\bDVCTT_[A-Z_]*[A-Z]\b")


def test_every_setting_that_a_document_names_is_read_somewhere() -> None:
    places = [*CODE, REPOSITORY / "Makefile", REPOSITORY / "docker-compose.yml", REPOSITORY / "Dockerfile"]
    read = {found for path in places if "tests" not in path.parts for found in SETTING.findall(text_of(path))}
    named = {(name_of(path), found) for path in WRITTEN for found in SETTING.findall(text_of(path))}
    assert {"DVCTT_HOME", "DVCTT_INBOX", "DVCTT_PROVINCE"} <= {found for _, found in named}
    assert {hit for hit in named if hit[1] not in read} == set()


def test_every_rule_of_the_gate_has_its_entry_in_the_runbook() -> None:
    rules = {rule.meta.id for suite in load_suites() for rule in suite.expectations}
    assert {"rows.landed_are_accounted_for", "workload.carried_in_is_carried_out"} <= rules
    assert set(generator().runbook_entries()) == rules


def test_a_rule_that_a_document_names_exists() -> None:
    rules = {rule.meta.id for suite in load_suites() for rule in suite.expectations}
    family = "|".join(sorted({rule.split(".")[0] for rule in rules}))
    named = re.compile(rf"(?<![\w./-])((?:{family})\.[a-z_0-9]*[a-z0-9])\b(?!\.)")
    suffixes = {"yml", "py", "sql", "csv", "json", "md"}
    found = {
        (name_of(path), rule)
        for path in WRITTEN
        for rule in named.findall(text_of(path))
        if rule.split(".")[1] not in suffixes
    }
    assert len(found) > len(rules)
    assert {hit for hit in found if hit[1] not in rules} == set()


# Indexes.


def test_the_index_of_decisions_is_complete() -> None:
    index = text_of(DOCS / "decisions" / "README.md")
    listed = re.findall(r"\]\(([\w-]+\.md)\)", index)
    assert sorted(listed) == sorted(path.name for path in (DOCS / "decisions").glob("*.md") if path.name != "README.md")
    for name in listed:
        title = text_of(DOCS / "decisions" / name).splitlines()[0].removeprefix("# ")
        assert title in index, f"{name}: the index gives another title"


def test_the_words_of_the_glossary_are_those_of_the_code() -> None:
    code = "\n".join(text_of(path) for path in CODE if "tests" not in path.parts) + "\n".join(
        text_of(path) for path in sorted((REPOSITORY / "dbt_project" / "seeds").glob("*.csv"))
    )
    code += "\n".join(text_of(path) for path in sorted((REPOSITORY / "include" / "provinces").rglob("*.csv")))
    terms = [*re.findall(r"`([^`]+)`", text_of(DOCS / "glossary.md"))]
    for line in text_of(DOCS / "glossary.md").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and len(cells) == 4:
            terms += re.findall(r"\b[A-Z][A-Za-z]+[A-Z][A-Za-z]*\b", cells[2])
    assert {"MaHoSo", "KenhThucHien", "online_rate"} <= set(terms)
    assert sorted({term for term in terms if term.split("/")[0] not in code}) == []


# Links and citations.


@cache
def anchors(path: Path) -> frozenset[str]:
    """Those that Markdown renderers give the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", text_of(path), flags=re.M | re.S), re.M)
    plain = (re.sub(r"\[([^]]*)\]\([^)]*\)|`", r"\1", heading).lower() for heading in headings)
    return frozenset(re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain)


def broken_links(path: Path, text: str) -> Iterator[str]:
    for target, _, anchor in (link.partition("#") for link in re.findall(r"\]\(([^)\s]+)\)", text)):
        if "://" in target or target.startswith("mailto:"):
            continue
        place = path.parent / target if target else path
        if not place.exists() or (anchor and place.suffix == ".md" and anchor not in anchors(place)):
            yield f"{target}#{anchor}" if anchor else target


def test_every_link_leads_somewhere() -> None:
    links = [link for path in WRITTEN for link in re.findall(r"\]\(([^)\s]+)\)", text_of(path))]
    assert any("#" in link for link in links)
    assert [(name_of(path), link) for path in WRITTEN for link in broken_links(path, text_of(path))] == []


def test_a_link_to_a_heading_that_is_not_there_is_found() -> None:
    lie = "[a](domain.md#1-the-filing) [b](domain.md#nothing) [c](nothing.md)"
    assert list(broken_links(DOCS / "x.md", lie)) == ["domain.md#nothing", "nothing.md"]


CITATION = re.compile(r"[Dd]omain notes\b")
"""How code and data cite docs/domain.md: "domain notes §4", "domain notes §1, trap 3", "domain notes §2 and §8"."""
INVARIANT = re.compile(r"[Dd]esign, invariants? (\d+)(?: and (\d+))?")
"""How they cite docs/invariants.md."""


def citations(text: str) -> Iterator[str]:
    """Each part of what follows the two words: a section, a trap of §1, a check of §9, a definition of §3."""
    plain = re.sub(r'"\n"|\n\s*(--|#)?\s*', " ", text)
    for match in CITATION.finditer(plain):
        cited = re.match(
            r"(?:[\s(]*(?:and |, |)?(?:§\d+|trap \d+|checks? \d+(?: and \d+)?|R\d\b)[):,]?)+",
            plain[match.end() : match.end() + 60],
        )
        if not cited:
            yield f"nothing: {plain[match.start() : match.end() + 30]}"
            continue
        yield from re.findall(r"§\d+|trap \d+|R\d\b", cited.group())
        for first, second in re.findall(r"checks? (\d+)(?: and (\d+))?", cited.group()):
            yield from (f"check {number}" for number in (first, second) if number)


@cache
def citable() -> frozenset[str]:
    domain = text_of(DOCS / "domain.md")
    found = set(re.findall(r"^## (§\d+) ", domain, re.M)) | set(re.findall(r"^\| (R\d) \|", domain, re.M))
    for heading, word in {"### Traps": "trap", "### Checks": "check"}.items():
        part = domain.split(heading)[1].split("\n#")[0]
        found |= {f"{word} {number}" for number in re.findall(r"^(\d+)\. ", part, re.M)}
    return frozenset(found)


def test_every_citation_of_the_domain_notes_leads_to_a_heading() -> None:
    found = [
        (name_of(path), cited)
        for path in [*WRITTEN, *CODE]
        for cited in citations(text_of(path))
        if path.name != "domain.md"
    ]
    assert len(found) > 150
    assert {"§1", "§9", "trap 3", "check 1"} <= {cited for _, cited in found}
    assert [hit for hit in found if hit[1] not in citable()] == []


def test_every_invariant_that_is_cited_is_on_its_page() -> None:
    listed = set(re.findall(r"^(\d+)\. ", text_of(DOCS / "invariants.md"), re.M))
    cited = [
        (name_of(path), number)
        for path in CODE
        for pair in INVARIANT.findall(text_of(path))
        for number in pair
        if number
    ]
    assert len(cited) > 40
    assert [hit for hit in cited if hit[1] not in listed] == []


@pytest.mark.parametrize("lie", ["domain notes §12", "Domain notes §1, trap 9", "domain\nnotes"])
def test_a_citation_that_leads_nowhere_is_found(lie: str) -> None:
    assert [cited for cited in citations(lie.replace("domain\nnotes", "domain notes say so")) if cited not in citable()]
