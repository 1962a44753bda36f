"""The language that a document is written in: Vietnamese as it stands in code and templates, or a translation of it.

Only looking up translations may live here; no wording, no number. A message is its Vietnamese text. Translations are the
``.po`` files of include/reports/locale/<language>/LC_MESSAGES, one for each area, read together when they are first asked
for. Values are put in by name, ``_("Số liệu {month}", month=…)``: a per-cent sign, of which these texts are full, stays one.

A message that has no translation is an error: half a document in another language is none. What comes out of the data is no
message: a name stays as it is where the province folder gives no other (`name`), a sentence that only Vietnamese has is
quoted (`quoted`).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from babel.messages.pofile import PoFileError, read_po
from markupsafe import Markup

from dvctt.core.errors import ReportError
from dvctt.settings import INCLUDE_ROOT

if TYPE_CHECKING:
    from dvctt.province.model import Province

CATALOGUES = INCLUDE_ROOT / "reports" / "locale"

VIETNAMESE = "vi"
"""The language that messages are written in; each other one has its folder of catalogues."""


def languages(folder: Path | None = None) -> tuple[str, ...]:
    """Every language that a document can be written in: Vietnamese, then those with a folder of catalogues."""
    return (VIETNAMESE, *sorted(path.parent.name for path in (folder or CATALOGUES).glob("*/LC_MESSAGES")))


LANGUAGES = languages()


@dataclass(frozen=True)
class _Translation:
    language: str
    messages: Mapping[str, str]
    names: Mapping[str, str]


Text = TypeVar("Text")

_VALUE = re.compile(r"\{(\w+)\}")

_current: ContextVar[_Translation | None] = ContextVar("language", default=None)


@contextmanager
def in_language(language: str, names: Mapping[str, str] | None = None, folder: Path | None = None) -> Iterator[None]:
    """Write everything inside in a language; outside of it, the language is Vietnamese.

    Args:
        language: one of `languages`.
        names: names of the data, Vietnamese to the language's; see `name`.
        folder: where the catalogues are, `CATALOGUES` for want of one.

    Raises:
        ReportError: the language has no catalogues, or they contradict each other.
    """
    known = (VIETNAMESE, language) if folder else languages()
    if language not in known:
        raise ReportError(f"language {language!r}: wanted one of {', '.join(known)}")
    translation = None if language == VIETNAMESE else _Translation(language, catalogue(language, folder), names or {})
    token = _current.set(translation)
    try:
        yield
    finally:
        _current.reset(token)


def in_english(form: Callable[..., Text], *values: Any) -> Text:
    """What a function of this room says of values in English, for answers that have both languages side by side."""
    with in_language("en"):
        return form(*values)


def current_language() -> str:
    """The language that is being written in."""
    translation = _current.get()
    return VIETNAMESE if translation is None else translation.language


def _(message: str, /, **values: Any) -> str:
    """A message in the language that is written in, with its values in the places that carry their names.

    Raises:
        ReportError: no catalogue translates the message.
    """
    translation = _current.get()
    if translation is None:
        text = message
    elif message in translation.messages:
        text = translation.messages[message]
    else:
        raise ReportError(
            f"{CATALOGUES / translation.language}: found no translation of {message!r}; wanted it as a msgid of one of the "
            ".po files"
        )
    return text.format(**values) if values else text


def markup(message: str, /, **values: Any) -> Markup:
    """A message that may hold elements of a page; a value that is no markup is escaped."""
    text = Markup(_(message))  # noqa: S704 - messages and translations are ours, values are escaped
    return text.format(**values) if values else text


def name(text: str) -> str:
    """A name out of the data, in the language's own form where the province folder gives one, else as it is. What stands where
    there is no agency to name has a fixed wording, which the catalogues translate.
    """
    translation = _current.get()
    if translation is None:
        return text
    return translation.names.get(text) or translation.messages.get(text) or text


def names_of(province: "Province", language: str) -> Mapping[str, str]:
    """Names in a language where the province folder has them, by the Vietnamese: province, authority, groups, agencies."""
    named = [(one, "name") for one in (province, *province.groups, *province.agencies)]
    pairs = [
        (getattr(one, f"{field}_vi"), getattr(one, f"{field}_{language}", None))
        for one, field in [*named, (province, "authority")]
    ]
    return {vietnamese: own for vietnamese, own in pairs if own}


def translate(text: str | None, translated: str | None = None) -> str:
    """A sentence out of the marts: as it is in Vietnamese; else its translation, for want of one quoted in the original.

    ``translated`` is the mart's own text in the other language. A fixed wording, which a mart has in Vietnamese only, is looked
    up in the catalogues. What was frozen when its month was closed, or written by a person, may be in neither.
    """
    translation = _current.get()
    if translation is None or not text:
        return text or ""
    return translated or translation.messages.get(text) or quoted(text)


def filled(message: str, text: str, **values: Any) -> str:
    """What the marts made of a message and values: as it is in Vietnamese; else the message's translation with the values of
    the language, for want of one as `translate` has it.
    """
    translation = _current.get()
    if translation is None or message not in translation.messages:
        return translate(text)
    return translation.messages[message].format(**values)


def quoted(text: str) -> str:
    """A text in the words of its author, marked as such where the document is in another language."""
    return text if _current.get() is None else _("“{original}” (nguyên văn tiếng Việt)", original=text)


def catalogue(language: str, folder: Path | None = None) -> Mapping[str, str]:
    """All translations into a language: Vietnamese message to its translation.

    Raises:
        ReportError: there is no catalogue, one cannot be read, a translation names another value than its message does, or two
            translate a message differently.
    """
    return _read(language, folder or CATALOGUES)


@cache
def _read(language: str, folder: Path) -> Mapping[str, str]:
    files = sorted((folder / language / "LC_MESSAGES").glob("*.po"))
    if not files:
        raise ReportError(
            f"{folder / language / 'LC_MESSAGES'}: found no .po file, wanted the translations into {language}"
        )
    messages: dict[str, str] = {}
    came_from: dict[str, Path] = {}
    for path in files:
        try:
            with path.open("rb") as file:
                entries = [entry for entry in read_po(file, locale=language, abort_invalid=True) if entry.id]
        except (PoFileError, ValueError, OSError) as error:
            raise ReportError(f"{path}: cannot read the catalogue: {error}") from error
        for entry in entries:
            # What is not translated yet, or marked as uncertain, counts as missing: it is told when it is needed.
            if not isinstance(entry.id, str) or not isinstance(entry.string, str) or not entry.string or entry.fuzzy:
                continue
            if _values(entry.id) != _values(entry.string):
                raise ReportError(
                    f"{path}: message {entry.id!r}: found the values {sorted(_values(entry.string))} in its translation, "
                    f"wanted {sorted(_values(entry.id))}"
                )
            if messages.setdefault(entry.id, entry.string) != entry.string:
                raise ReportError(
                    f"{path}: message {entry.id!r}: found {entry.string!r}, wanted {messages[entry.id]!r} as in "
                    f"{came_from[entry.id].name}"
                )
            came_from.setdefault(entry.id, path)
    return messages


def _values(text: str) -> set[str]:
    """The names of the values that are put into a message; a message with a lone brace has none."""
    return set(_VALUE.findall(text))
