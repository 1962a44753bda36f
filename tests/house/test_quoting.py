"""Text and names are put into SQL by one room, include/dvctt/core/sql.py; elsewhere no quote is written around a value."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.conftest import REPOSITORY
from tests.house.test_rules import PACKAGE, modules

ROOM = PACKAGE / "core" / "sql.py"
ALLOWED = {
    "include/dvctt/report/writers/csv_files.py": "a cell of a CSV file, whose quotes are doubled as well",
}
"""Modules that double a quote for something other than SQL, each with the reason."""

_SQL = re.compile(
    r"\b(select|from|where|insert into|update|delete|attach|describe|create (table|view|schema)|comment on|set \w+ =|in \(|"
    r"regexp_\w+\(|read_(csv|parquet)|storage_version|null::\w+|is not distinct from)|\bdate '|(?<!=)= '",
    re.I,
)


def quoted_by_hand(source: str) -> list[tuple[str, int]]:
    """Every place of a module that doubles a quote, or writes quotes around a value inside of SQL."""
    return list(_found(ast.parse(source)))


def _found(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "replace":
            words = [one.value for one in node.args if isinstance(one, ast.Constant)]
            if words in (["'", "''"], ['"', '""']):
                yield "replace()", node.lineno
        elif isinstance(node, ast.JoinedStr) and _SQL.search(_text(node)):
            yield from ((quote, node.lineno) for quote in _around_values(node))


def _text(node: ast.JoinedStr) -> str:
    return "".join(part.value if isinstance(part, ast.Constant) else "?" for part in node.values)  # type: ignore[misc]


def _around_values(node: ast.JoinedStr) -> Iterator[str]:
    texts = [part.value if isinstance(part, ast.Constant) else None for part in node.values]
    for place, text in enumerate(texts):
        if text is not None:
            continue
        before = (texts[place - 1] if place else "") or ""
        after = (texts[place + 1] if place + 1 < len(texts) else "") or ""
        for quote in "'\"":
            # An odd number of quotes before a value: it stands inside of a literal or of a name.
            if before.endswith(quote) and after.startswith(quote):
                yield quote


@pytest.mark.parametrize(
    "source",
    [
        "f\"select * from t where a = '{x}'\"",
        "f'select * from \"{t}\"'",
        "f\"set TimeZone = '{zone}'\"",
        'text.replace("\'", "\'\'")',
        "name.replace('\"', '\"\"')",
        "f\"attach '{path}' as other\"",
        "f\"{name} = '{value}'\"",
        'f"a " f"from read_parquet(\'{path}\')"',
        "f\"date '{day}'\"",
        "f'null::varchar as \"{column}\"'",
    ],
)
def test_the_scan_catches_a_quote_by_hand(source: str) -> None:
    assert quoted_by_hand(source), source


@pytest.mark.parametrize(
    "source",
    [
        "f'found {x!r}, wanted one'",
        "f'select * from {identifier(t)}'",
        "f\"<a href='{x}'>\"",
        "f\"a '{x}'\"",
        "'a'.replace(\"'\", '')",
    ],
)
def test_the_scan_leaves_sentences_and_the_room_s_own_words_alone(source: str) -> None:
    assert quoted_by_hand(source) == [], source


def test_only_one_room_quotes_for_sql() -> None:
    found = {path: quoted_by_hand(path.read_text(encoding="utf-8")) for path in modules()}
    assert [word for word, _ in found.pop(ROOM)] == ["replace()", "replace()"]
    hits = {str(path.relative_to(REPOSITORY)): places for path, places in found.items() if places}
    assert {path: places for path, places in hits.items() if path not in ALLOWED} == {}
    assert ALLOWED.keys() <= hits.keys(), "an exception that is not needed"
