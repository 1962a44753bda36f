"""Columns of the marts that hold ids and parameters, and the columns of words that who reads no JSON gets in their place.

Only the list may live here: which column, what its words are called, and which room says them. One column of words a language.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from dvctt.report.wording import caveats


@dataclass(frozen=True)
class Text:
    """What stands for a column: ``name`` with the language behind it, and how a value of the column reads in the current
    language; None where it has no words in it.
    """

    name: str
    form: Callable[[Any], str | None]
    keeps_id: bool = False
    """Whether the column itself stands before its words, as an id does that programs read."""


TEXTS: Mapping[str, Text] = MappingProxyType(
    {column: Text(name, caveats.own_words) for column, name in caveats.COLUMNS.items()}
)
"""By column, whichever mart it stands in."""
