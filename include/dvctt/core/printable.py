"""Text of the data as documents may print it: what no font holds, or no page may hold, is shown as □.

Only the rule of which signs those are may live here; nothing is written and no font is asked. Every writer of documents, pages,
drawings and mails passes the data's text through `printable`, so that one sign in one record costs that sign and not a month's
documents. Which records have such signs is counted in aud_unprintable_texts by the same rule (macros/printable.sql).
"""

import re
import unicodedata
from typing import Any

SHOWN = "□"
"""U+25A1: the sign for "something stands here that cannot be shown"."""

# Line ends and tabs are layout, and each writer knows what to do with them; some blanks do not break.
_LAYOUT = dict.fromkeys(map(ord, "\t\n\r\u00a0\u202f"))
# Nobody sees them, and some turn the order of digits around: soft hyphen, joiners, marks of direction, byte order mark.
_UNSEEN = re.compile(r"[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
# C0 and C1 controls, surrogates, private use, what is no character at all, and the two separators that break lines.
_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def printable(text: str) -> str:
    """The text with □ in the place of every sign that cannot be printed; what nobody sees is left out. Most texts come back as
    they are, so that a page's bytes do not change for it.
    """
    if text.translate(_LAYOUT).isprintable():
        return text
    return "".join(_shown(sign) for sign in _UNSEEN.sub("", text))


def _shown(sign: str) -> str:
    return SHOWN if ord(sign) not in _LAYOUT and unicodedata.category(sign) in _CATEGORIES else sign


def printable_values(content: Any) -> Any:
    """The same of every text within lists and mappings, their keys too."""
    if isinstance(content, str):
        return printable(content)
    if isinstance(content, dict):
        return {printable_values(key): printable_values(value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return [printable_values(value) for value in content]
    return content


def one_line(text: object) -> str:
    """No control character passes, so that a name can neither start a header nor fake a line of a mail's body."""
    return printable(_CONTROL.sub(" ", str(text))).strip()
