"""Pages and JSON documents held against each other: what a reader sees, and what a program finds under a key."""

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

LINES = 8
"""Lines of a difference that are shown."""
WIDTH = 200
"""Characters of a line that are shown."""

NAMES = ("id", "figure_id", "table", "name")
"""Keys by which members of a list may be known."""

_SILENT = frozenset({"script", "style"})
_WITHIN_A_LINE = frozenset(
    {"a", "abbr", "b", "code", "data", "em", "i", "mark", "small", "span", "strong", "sub", "sup", "time"}
)
_CELLS = frozenset({"td", "th"})


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._silent = 0

    def _boundary(self, tag: str) -> None:
        if tag in _CELLS:
            self.words.append(" | ")
        elif tag not in _WITHIN_A_LINE:
            self.words.append("\n")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT
        self._boundary(tag)

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in _SILENT
        self._boundary(tag)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            # A line end in the source is a blank to who reads the page.
            self.words.append(re.sub(r"\s+", " ", data))


def visible_lines(page: str) -> list[str]:
    """The text of a page as a reader meets it: one line a paragraph, item or row of a table."""
    reader = _Page()
    reader.feed(page)
    reader.close()
    lines = (re.sub(r"[ |]*\|[ |]*", " | ", line).strip(" |") for line in "".join(reader.words).split("\n"))
    return [re.sub(" +", " ", line) for line in lines if line]


@dataclass(frozen=True)
class Lines:
    """A difference of texts: how many lines only one has, and the first of them."""

    lost: int
    gained: int
    examples: tuple[str, ...]


def compare_lines(before: list[str], after: list[str]) -> Lines:
    """Hold two texts against each other, line by line and in order."""
    # Two lines of names stand before all others.
    said = list(difflib.unified_diff(before, after, n=0, lineterm=""))[2:]
    changed = [f"{line[0]} {line[1:]}"[:WIDTH] for line in said if not line.startswith("@@")]
    return Lines(
        sum(line.startswith("-") for line in changed),
        sum(line.startswith("+") for line in changed),
        tuple(changed[:LINES]),
    )


@dataclass(frozen=True)
class Keys:
    """A difference of JSON documents: keys that only one has, and those whose values differ, each with an example."""

    gone: tuple[str, ...]
    new: tuple[str, ...]
    other: tuple[str, ...]


def compare_keys(before: Any, after: Any) -> Keys:
    """Hold two JSON documents against each other, by their keys.

    Members of a list are found by what they are called (`NAMES`) where each is called otherwise, else by their place.
    What differs in many members of a list is told once, with their number.
    """
    one, other = dict(_flat(before, "")), dict(_flat(after, ""))
    return Keys(
        gone=_told([(path, "") for path in one if path not in other]),
        new=_told([(path, "") for path in other if path not in one]),
        other=_told(
            [
                (path, f"{value!r} → {other[path]!r}"[:WIDTH])
                for path, value in one.items()
                if path in other and value != other[path]
            ]
        ),
    )


def take_tables(document: Any) -> tuple[Any, dict[str, list[dict[str, str]]]]:
    """What lies at the top of a document as lists of objects that nothing names, and the document without it.

    Such a list is a table: where a row stands in it says nothing. Its values are JSON again.
    """
    if _is_table(document):
        return None, {"": _rows(document)}
    if not isinstance(document, Mapping):
        return document, {}
    tables = {key: _rows(value) for key, value in document.items() if _is_table(value)}
    return {key: value for key, value in document.items() if key not in tables}, tables


def _is_table(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(member, Mapping) for member in value)
        and _names(value)[0] == "0"
    )


def _rows(members: list[Mapping[str, Any]]) -> list[dict[str, str]]:
    return [
        {key: json.dumps(value, ensure_ascii=False, sort_keys=True) for key, value in member.items()}
        for member in members
    ]


def _flat(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value:
        for name, inner in zip(_names(value), value, strict=True):
            yield from _flat(inner, f"{path}[{name}]")
    else:
        yield path, value


def _names(members: list[Any]) -> list[str]:
    for key in NAMES:
        names = [str(member[key]) for member in members if isinstance(member, Mapping) and key in member]
        if len(set(names)) == len(members):
            return names
    return [str(place) for place in range(len(members))]


def _told(paths: list[tuple[str, str]]) -> tuple[str, ...]:
    """Each path once, whatever member of a list it lies in: how often, and the first of them."""
    grouped: dict[str, list[tuple[str, str]]] = {}
    for path, words in paths:
        grouped.setdefault(re.sub(r"\[.*?\](?=[.\[]|$)", "[]", path), []).append((path, words))
    return tuple(
        f"{members[0][0]}{f' (and {len(members) - 1} more of {pattern})' if len(members) > 1 else ''}"
        f"{f': {members[0][1]}' if members[0][1] else ''}"
        for pattern, members in grouped.items()
    )
