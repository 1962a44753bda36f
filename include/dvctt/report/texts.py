"""Columns of the marts that hold ids and parameters, and the columns of words that who reads no JSON gets in their place.

Only the list may live here: which column, what its words are called, and which room says them. One column of words a language.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from dvctt.report.wording import caveats, words


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
    {
        **{column: Text(name, caveats.own_words) for column, name in caveats.COLUMNS.items()},
        "mart_period_changes.reason_id": Text("reason", words.change_gap, keeps_id=True),
        "mart_payment_banks.bank_code": Text("bank_name", words.bank_name, keeps_id=True),
        "mart_feeds.missing_reason": Text("missing_reason", words.missing_reason, keeps_id=True),
    }
)
"""By column, whichever mart it stands in, or by mart and column."""


def text_of(mart: str, column: str) -> Text | None:
    """How a column of a mart is said; None where it is what it says."""
    return TEXTS.get(f"{mart}.{column}") or TEXTS.get(column)
