"""The tables that readers see, as dbt declares them: names of columns, their types, and the primary key.

``published_tables.json`` beside this file is written from dbt's manifest by ``make dictionary`` and never typed; a test holds
it against the models. What reads published tables asks here, so that a column and its type stand once: in the models' YAML.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

DECLARED = Path(__file__).with_name("published_tables.json")


@dataclass(frozen=True)
class PublishedTable:
    """One table of a publication; ``columns`` gives the type of each, in the table's order."""

    columns: Mapping[str, str]
    primary_key: tuple[str, ...]

    def types_of(self, *names: str) -> dict[str, str]:
        """The types of some columns, in the order in which they are asked for.

        Raises:
            KeyError: the table has no such column.
        """
        return {name: self.columns[name] for name in names}


@cache
def published_tables() -> Mapping[str, PublishedTable]:
    """Every published table by its name."""
    content = json.loads(DECLARED.read_text(encoding="utf-8"))
    return MappingProxyType(
        {
            name: PublishedTable(MappingProxyType(dict(table["columns"])), tuple(table["primary_key"]))
            for name, table in content.items()
        }
    )
