"""Columns of the marts that hold ids and parameters, and the columns of words that who reads no JSON gets in their place.

Only the list may live here: which column, what its words are called, and which room says them. One column of words a language.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dvctt.report.wording import caveats, checks, words


@dataclass(frozen=True)
class Text:
    """What stands for a column: ``name`` with the language behind it, and how a value of the column reads in the current
    language; None where it has no words in it.
    """

    name: str
    form: Callable[..., str | None]
    keeps_id: bool = False
    """Whether the column itself stands before its words, as an id does that programs read."""
    beside: tuple[str, ...] = ()
    """Other columns of the row that its words are made of; ``form`` gets their values behind the column's own."""


_CHECK = ("check_id", "calendar_id", "period_name_vi", "period_name_en", "calendar_name_vi", "calendar_name_en")


def _total(in_words: str | None, *values: str | None) -> str | None:
    return checks.compared_when({"total_in_words_vi": in_words, **dict(zip(_CHECK, values, strict=True))})


def _residue(in_words: str | None, residue_id: str | None) -> str | None:
    return checks.residue({"residue_in_words_vi": in_words, "residue_id": residue_id}) or None


TEXTS: Mapping[str, Text] = MappingProxyType(
    {
        **{column: Text(name, caveats.own_words) for column, name in caveats.COLUMNS.items()},
        "mart_period_changes.reason_id": Text("reason", words.change_gap, keeps_id=True),
        "mart_payment_banks.bank_code": Text("bank_name", words.bank_name, keeps_id=True),
        "mart_feeds.missing_reason": Text("missing_reason", words.missing_reason, keeps_id=True),
        "mart_refused_files.refusal_reason": Text("reason", words.refusal_reason, keeps_id=True),
        "mart_refused_files.consequence": Text("consequence_in_words", words.refusal_consequence, keeps_id=True),
        "mart_additivity_checks.total_in_words_vi": Text("total_name", _total, beside=_CHECK),
        "mart_additivity_checks.residue_in_words_vi": Text("residue_name", _residue, beside=("residue_id",)),
    }
)
"""By column, whichever mart it stands in, or by mart and column."""


def text_of(mart: str, column: str) -> Text | None:
    """How a column of a mart is said; None where it is what it says."""
    return TEXTS.get(f"{mart}.{column}") or TEXTS.get(column)
