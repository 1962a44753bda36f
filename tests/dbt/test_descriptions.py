"""What a column means is written once: a text that several columns share is a doc block, and every block is shared."""

import re
from collections import Counter
from typing import Any

import pytest
import yaml
from dvctt.warehouse.transform import DBT_PROJECT

_BLOCK = re.compile(r"\{% docs (\w+) %\}(.*?)\{% enddocs %\}", re.S)
_CALL = re.compile(r"\{\{ doc\('(\w+)'\) \}\}")


@pytest.fixture(scope="module")
def blocks() -> list[tuple[str, str]]:
    """Name and text of every doc block."""
    found = [
        (name, text.strip())
        for path in sorted((DBT_PROJECT / "docs").glob("*.md"))
        for name, text in _BLOCK.findall(path.read_text(encoding="utf-8"))
    ]
    assert len(found) > 100
    return found


@pytest.fixture(scope="module")
def written() -> list[str]:
    """The description of every column as the YAML files write it; a list of columns that several models share counts once."""
    lists: dict[int, list[dict[str, Any]]] = {}
    contents = [yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader) for path in DBT_PROJECT.rglob("_*.yml")]
    for content in contents:
        for node in (*content.get("models", ()), *content.get("seeds", ())):
            lists[id(node["columns"])] = node["columns"]
    found = [column["description"].strip() for columns in lists.values() for column in columns]
    assert len(found) > 1000
    return found


def test_no_text_is_written_twice(blocks: list[tuple[str, str]], written: list[str]) -> None:
    texts = Counter([text for _, text in blocks] + [text for text in written if not _CALL.fullmatch(text)])
    assert sorted(text for text, times in texts.items() if times > 1) == []


def test_every_doc_block_is_shared(blocks: list[tuple[str, str]], written: list[str]) -> None:
    uses = Counter(name for text in written for name in _CALL.findall(text))
    assert {name: uses[name] for name, _ in blocks if uses[name] < 2} == {}, (
        "wanted the text where it is read, in the YAML file"
    )
