"""The sentences of a published page, read back, so that a document says what the page says and in the same words.

Only reading text out of a page that `pages` wrote may live here; no wording, no figure is looked at. What a screen reader
alone is told (class ``unseen``) and drawings are left out; the mark * stays.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

from dvctt.core.errors import ReportError

_SILENT = frozenset({"style", "script", "svg", "nav"})
_VOID = frozenset({"meta", "link", "br", "hr", "img", "input"})
_SPACE_BEFORE = re.compile(r"\s+([,.;:)])")


@dataclass(frozen=True)
class Sentences:
    """What a month's page says in running text."""

    closing: tuple[str, ...]
    """Whether the month is closed, by whom, what was waived, what was opened again; never empty."""
    findings: tuple[str, ...]
    """The summary, one sentence a line; empty for a month that has none."""
    definitions: tuple[tuple[str, str], ...]
    """Terms and what they mean, the rate's first."""

    @property
    def definition_of_rate(self) -> str:
        return ": ".join(self.definitions[0])


@dataclass
class _Block:
    """One element that text is collected for."""

    tag: str
    section: str
    words: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return _SPACE_BEFORE.sub(r"\1", re.sub(r"\s+", " ", "".join(self.words)).strip())


class _Reader(HTMLParser):
    """Paragraphs, list items, terms and meanings, each with the section that it stands in."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks: list[_Block] = []
        self._open: list[tuple[str, str, bool]] = []
        self._current: _Block | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            return
        named = dict(attrs)
        classes = (named.get("class") or "").split()
        inherited = self._open[-1][1] if self._open else ""
        section = named.get("aria-labelledby") or inherited if tag == "section" else inherited
        if tag == "ul" and "findings" in classes:
            section = "findings"
        silent = tag in _SILENT or "unseen" in classes or (bool(self._open) and self._open[-1][2])
        self._open.append((tag, section, silent))
        if tag in ("p", "li", "dt", "dd") and not silent:
            self._current = _Block(tag, section)
            self.blocks.append(self._current)

    def handle_endtag(self, tag: str) -> None:
        while self._open:
            closed = self._open.pop()[0]
            if closed == tag:
                break
        if self._current is not None and tag == self._current.tag:
            self._current = None

    def handle_data(self, data: str) -> None:
        if self._current is not None and self._open and not self._open[-1][2]:
            self._current.words.append(data)


def read_sentences(page: Path) -> Sentences:
    """The running text of a month's page.

    Raises:
        ReportError: there is no such page, or it has no closing or no definitions: it is not a page that `pages` wrote.
    """
    if not page.is_file():
        raise ReportError(
            f"{page}: no such page; wanted the month's page of the publication: dvctt status --month YYYY-MM"
        )
    reader = _Reader()
    reader.feed(unicodedata.normalize("NFC", page.read_text(encoding="utf-8")))
    reader.close()

    def of(section: str, *tags: str) -> list[_Block]:
        return [block for block in reader.blocks if block.section == section and block.tag in tags and block.text]

    terms = of("dinh-nghia", "dt", "dd")
    definitions = [(term.text, meaning.text) for term, meaning in pairwise(terms) if term.tag == "dt"]
    sentences = Sentences(
        closing=tuple(block.text for block in of("chot-so-lieu", "p", "li")),
        findings=tuple(block.text for block in of("findings", "li")),
        definitions=tuple(definitions),
    )
    if not sentences.closing or not sentences.definitions:
        raise ReportError(
            f"{page}: found {len(sentences.closing)} sentences on the closing and {len(sentences.definitions)} definitions, "
            "wanted some of both; publish again: dvctt run --rebuild"
        )
    return sentences
