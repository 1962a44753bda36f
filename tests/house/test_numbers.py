"""A number becomes text in one room, include/dvctt/report/wording/formats.py. Each scan proves first that it finds the one that is
allowed, and that it can catch each way around it.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.house.test_rules import PACKAGE, modules

ROOM = PACKAGE / "report" / "wording" / "formats.py"
MADE_UP = PACKAGE / "sample"
"""The sample makes records: what it rounds is a source's number, not a text."""

_OF_A_TIME = re.compile(r"%[YmdHMSjBbyfZz]")
_OF_A_NUMBER = re.compile(r"[,+ ](?!$)|[,_+]$|[eEfFgGn%]$|^[,_+ ]")
_CALLS = re.compile(
    r"(^|\.)(round|quantize|to_eng_string|format_(decimal|number|percent|currency|compact\w*|scientific)|parse_pattern"
    r"|NumberPattern|setlocale|localeconv|atof|format_string|intcomma|humanize\w*)$"
)
_MODULES = re.compile(r"^(locale|babel\.numbers|humanize)(\.|$)")
_ROUNDING = re.compile(r"^ROUND_")
_IN_A_TEXT = re.compile(r"toFixed|toLocaleString|Intl\.NumberFormat|\bround\(datum|\bformat\(datum|d3-?format")
_PERCENT = re.compile(r"%[-+ #0]*\d*\.?\d*[eEfFgG]")


def numbers_made_text(source: str) -> list[tuple[str, int]]:
    """Every place of a module where a number is rounded, grouped or signed on its way into a text."""
    return list(_found(ast.parse(source)))


def _found(tree: ast.AST) -> Iterator[tuple[str, int]]:
    log_lines = {id(node.args[0]) for node in ast.walk(tree) if _is_log(node) and node.args}  # type: ignore[attr-defined]
    for node in ast.walk(tree):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.FormattedValue) and node.format_spec is not None:
            spec = "".join(part.value for part in node.format_spec.values if isinstance(part, ast.Constant))  # type: ignore[attr-defined]
            if _OF_A_NUMBER.search(spec) and not _OF_A_TIME.search(spec):
                yield f"{{:{spec}}}", line
        elif isinstance(node, ast.Call):
            yield from _of_a_call(node)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from _of_an_import(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in log_lines:
            # A log line may tell how many seconds something took.
            yield from ((node.value, line) for way in (_IN_A_TEXT, _PERCENT) if way.search(node.value))


def _is_log(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).startswith(("log.", "logger."))


def _of_a_call(node: ast.Call) -> Iterator[tuple[str, int]]:
    name = ast.unparse(node.func)
    if _CALLS.search(name):
        yield f"{name}()", node.lineno
    words = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
    if name.endswith(".replace") and words in ([",", "."], [".", ","], [",", ""], [".", ""]):
        yield f".replace{tuple(words)}", node.lineno
    if name.endswith("maketrans") and {*",."} & {*"".join(word for word in words if isinstance(word, str))}:
        yield "maketrans()", node.lineno
    if name == "format" and len(node.args) == 2:
        yield "format()", node.lineno
    # Altair would hand these to d3.
    owner = name.rsplit(".", 1)[-1]
    if owner in {"Axis", "Text", "Tooltip", "Legend"} and any(
        word.arg in {"format", "formatType"} for word in node.keywords
    ):
        yield f"{name}(format=)", node.lineno


def _of_an_import(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, int]]:
    owner = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
    for alias in node.names:
        if _MODULES.match(f"{owner}{alias.name}") or _ROUNDING.match(alias.name):
            yield f"import {owner}{alias.name}", node.lineno


@pytest.mark.parametrize(
    "source",
    [
        "f'{x:.1f}'",
        "f'{x:,}'",
        "f'{x:+d}'",
        "f'{x:n}'",
        "f'{x:.0%}'",
        "f'{x:,.2f}'",
        "f'{x:_}'",
        "f'{x:+}'",
        "round(x, 1)",
        "x.quantize(y)",
        "format_decimal(x)",
        "numbers.format_percent(x)",
        "format(x, '.2f')",
        "'{:,}'.format(x); 'a'.replace(',', '.')",
        "t.replace('.', ',')",
        "t.translate(str.maketrans(',.', '.,'))",
        "import locale",
        "from babel.numbers import format_decimal",
        "from decimal import ROUND_HALF_EVEN",
        "'%.1f%%' % x",
        "alt.Axis(format='.1f')",
        "alt.Text('rate:Q', format=',.1%')",
        "label = \"round(datum.value * 100) + '%'\"",
        "script = 'x.toFixed(1)'",
    ],
)
def test_the_scan_catches_every_other_way(source: str) -> None:
    assert numbers_made_text(source), source


@pytest.mark.parametrize(
    "source",
    [
        "f'{day:%d/%m/%Y}'",
        "f'{month:02}/{year:04}'",
        "f'{name:<15}'",
        "f'{x!r}'",
        "log.info('done, %.1f s', seconds)",
        "'Tỷ lệ 50% hồ sơ'",
        "text.replace(',', ' ')",
        "f'{counted:>6} rows'",
    ],
)
def test_the_scan_leaves_days_and_widths_alone(source: str) -> None:
    assert numbers_made_text(source) == [], source


def test_only_one_room_turns_a_number_into_text() -> None:
    files = [*modules(), *sorted((REPOSITORY / "dags").glob("*.py"))]
    found = {path: numbers_made_text(path.read_text(encoding="utf-8")) for path in files if MADE_UP not in path.parents}
    allowed = found.pop(ROOM)
    assert {name for name, _ in allowed} >= {"import decimal.ROUND_HALF_UP", "import babel.numbers.NumberPattern"}
    # How long a fault took to be caught, for a machine to read.
    assert [name for name, _ in found.pop(PACKAGE / "proving" / "engine.py")] == ["round()"]
    assert {str(path.relative_to(REPOSITORY)): hits for path, hits in found.items() if hits} == {}


IN_TEMPLATES = re.compile(
    r"\|\s*(round|int|float|format|filesizeformat)\b|\.format\(|\"%|calc\.|\bdecimal\(|toFixed|toLocaleString|Intl\.|\{\{[^}]*\|\s*length\s*\}\}"
)
IN_ATTRIBUTES = re.compile(r"(rowspan|colspan)=\"\{\{[^}]*\}\}\"|\{\{ \d+ \+ areas \| length \}\}")


def test_no_template_rounds_or_counts_by_itself() -> None:
    for caught in ("{{ x | round(1) }}", '{{ "%.1f" | format(x) }}', "{{ rows | length }}", "#calc.round(x)"):
        assert IN_TEMPLATES.search(caught), caught
    folder = REPOSITORY / "include" / "reports"
    files = [*sorted(folder.glob("*.j2")), *sorted(folder.glob("*.typ"))]
    assert len(files) > 5
    assert any("| count" in path.read_text(encoding="utf-8") for path in files)
    hits = {}
    for path in files:
        # What a browser reads, and the numbers of headings, are no figures.
        text = IN_ATTRIBUTES.sub("", path.read_text(encoding="utf-8"))
        hits[path.name] = IN_TEMPLATES.findall(text)
    assert {name: found for name, found in hits.items() if found} == {}


# A number before or behind `||`, or in a function that prints.
IN_SQL = re.compile(
    r"\b(printf|to_char|format_number|format)\s*\(|\b\w*_(count|rows|vnd|percent|points)\b\s*\|\||\|\|\s*\w*_(count|rows|vnd|percent|points)\b",
    re.I,
)


def test_no_model_prints_a_number() -> None:
    for caught in ("format('{:,}', n)", "'a' || row_count || 'b'", "printf('%d', n)"):
        assert IN_SQL.search(caught), caught
    models = sorted((REPOSITORY / "dbt_project" / "models").rglob("*.sql"))
    assert len(models) > 80
    hits = {path.name: IN_SQL.findall(path.read_text(encoding="utf-8")) for path in models}
    assert {name: found for name, found in hits.items() if found} == {}


def test_babel_is_asked_for_numbers_nowhere_else() -> None:
    users = [path for path in modules() if "babel.numbers" in path.read_text(encoding="utf-8")]
    assert users == [ROOM]


def test_the_room_is_light_enough_for_an_alert() -> None:
    """An alert prints numbers by it, and must not wait for, or fail with, what draws and lays out."""
    package = Path(PACKAGE / "report" / "__init__.py").read_text(encoding="utf-8")
    assert [node for node in ast.walk(ast.parse(package)) if isinstance(node, (ast.Import, ast.ImportFrom))] == []
