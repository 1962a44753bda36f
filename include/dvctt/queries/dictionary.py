"""The data dictionary of the published tables, in English and in Vietnamese, generated from dbt's manifest and never typed.

The English words are the models' own descriptions; the Vietnamese ones stand beside them in dbt_project/locale/vi.po, under
the English ones. Nothing is described here. A description without its Vietnamese is an error: half a dictionary is none.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from babel.messages.pofile import read_po

from dvctt.core.errors import DictionaryError
from dvctt.core.figure_ids import unit_of
from dvctt.core.files import write_atomically
from dvctt.warehouse.transform import DBT_PROJECT, manifest_of

Language = Literal["en", "vi"]
Node = Mapping[str, Any]

CATALOGUE = DBT_PROJECT / "locale" / "vi.po"
_NUMBERS = ("bigint", "double", "integer")
_PLACES = ("_number", "_order", "_place", "_publication", "rank_in_group", "revision", "version")
"""Endings of the names of numbers that count nothing."""


@dataclass(frozen=True)
class _Words:
    title: str
    head: str
    key: str
    used: str
    columns: tuple[str, str, str, str]
    units: Mapping[str, str]
    own_unit: str


_WORDS: Mapping[Language, _Words] = {
    "en": _Words(
        "Data dictionary",
        "Every table of `marts.duckdb` and of `parquet/` in a publication. Generated from dbt's manifest by `make dictionary`; "
        "the\ndescriptions stand beside the models in `dbt_project/models`. Money is whole VND; a month is its first day; NULL "
        "is not zero.\nThe same in Vietnamese: [tu-dien-du-lieu.md](tu-dien-du-lieu.md).",
        "Key",
        "Read by",
        ("column", "type", "unit", "meaning"),
        {"VND": "VND", "percent": "%", "percentage_points": "percentage points", "count": "count"},
        "as in `unit`",
    ),
    "vi": _Words(
        "Từ điển dữ liệu",
        "Mọi bảng trong `marts.duckdb` và `parquet/` của một lần công bố. Sinh từ bản kê của dbt bằng `make dictionary`; "
        "lời tiếng Việt\nở `dbt_project/locale/vi.po`. Tiền là đồng tròn; tháng là ngày đầu tháng; NULL không phải là 0.\n"
        "Bản tiếng Anh: [data-dictionary.md](data-dictionary.md).",
        "Khóa",
        "Dùng trong",
        ("cột", "kiểu", "đơn vị tính", "ý nghĩa"),
        {"VND": "đồng", "percent": "%", "percentage_points": "điểm %", "count": "số đếm"},
        "theo cột `unit`",
    ),
}


def write_dictionary(candidate: Path, target: Path, language: Language = "en") -> None:
    """Write Markdown: one section per published table, one row per column, in the order of their names and of the table, with
    the exposures that read the table.

    Raises:
        TransformError: no dbt build has run in this home.
        DictionaryError: descriptions have no Vietnamese; the message names the first ones and their number.
    """
    manifest = manifest_of(candidate)
    words = _WORDS[language]
    nodes = published_models(manifest)
    say = _translator(descriptions(manifest)) if language == "vi" else str
    readers = _readers(manifest)
    parts = [f"# {words.title}\n\n{words.head}\n"]
    for node in nodes:
        key = node["config"]["meta"]["primary_key"]
        parts.append(f"\n## {node['name']}\n\n{say(node['description'])}\n")
        parts.append(f"{words.key}: {', '.join(f'`{column}`' for column in key)}.")
        if used := [say(text) for text in readers.get(node["unique_id"], ())]:
            parts.append(f"{words.used}: {'; '.join(used)}.")
        parts.append(f"\n| {' | '.join(words.columns)} |\n|---|---|---|---|")
        columns = node["columns"]
        parts.extend(
            f"| `{name}` | {column['data_type']} | {_unit(column, key, columns, words)} | {_cell(say(column['description']))} |"
            for name, column in columns.items()
        )
    write_atomically(target, "\n".join(parts) + "\n")


def write_published_tables(candidate: Path, target: Path) -> None:
    """Write the same tables for programs: columns with their types, and the primary key (`dvctt.core.published_tables`).

    Raises:
        TransformError: no dbt build has run in this home.
    """
    tables = {
        node["name"]: {
            "primary_key": node["config"]["meta"]["primary_key"],
            "columns": {name: column["data_type"] for name, column in node["columns"].items()},
        }
        for node in published_models(manifest_of(candidate))
    }
    write_atomically(target, json.dumps(tables, indent=1) + "\n")


def published_models(manifest: Node) -> list[Node]:
    """The models that readers see, by name."""
    found = [
        node for node in manifest["nodes"].values() if node["resource_type"] == "model" and "published" in node["tags"]
    ]
    return sorted(found, key=lambda node: str(node["name"]))


def descriptions(manifest: Node) -> tuple[str, ...]:
    """Everything that the dictionary says in words, once each: tables, columns and the exposures' labels."""
    found: dict[str, None] = {}
    for node in published_models(manifest):
        found[node["description"]] = None
        found.update((column["description"], None) for column in node["columns"].values())
    found.update((exposure["label"], None) for exposure in manifest["exposures"].values())
    return tuple(found)


def read_catalogue() -> Mapping[str, str]:
    """The Vietnamese of every English description; a message that is empty or fuzzy is left out."""
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="vi", abort_invalid=True)
    return {
        str(message.id): str(message.string)
        for message in catalogue
        if message.id and message.string and not message.fuzzy
    }


def _translator(wanted: Iterable[str]) -> Callable[[str], str]:
    known = read_catalogue()
    missing = [text for text in wanted if text not in known]
    if missing:
        raise DictionaryError(
            f"{CATALOGUE}: {len(missing)} descriptions have no Vietnamese, the first: "
            f"{'; '.join(repr(text) for text in missing[:5])}; wanted a msgid and msgstr for each"
        )
    return known.__getitem__


def _readers(manifest: Node) -> Mapping[str, list[str]]:
    """The labels of the exposures that read a model, by its id."""
    found: dict[str, list[str]] = {}
    for exposure in sorted(manifest["exposures"].values(), key=lambda exposure: str(exposure["name"])):
        for model in exposure["depends_on"]["nodes"]:
            found.setdefault(model, []).append(exposure["label"])
    return found


def _unit(column: Node, key: Iterable[str], columns: Mapping[str, Node], words: _Words) -> str:
    name = column["name"]
    if column["data_type"] not in _NUMBERS or name in key or name.endswith(_PLACES):
        return ""
    unit = unit_of(name)
    # Where rows have units of their own, a number without one in its name is in the row's.
    return words.own_unit if unit == "count" and "unit" in columns else words.units[unit]


def _cell(text: str) -> str:
    return text.replace("|", "/")
