"""A report as a PDF to be signed: sections and tables handed to include/reports/bao-cao.typ, compiled by Typst.

Only handing over and compiling may live here: what is said comes from the page and the tables, how it is laid out stands in
the template. Nothing is fetched; fonts are those of the machine and Typst's own. A sign of the data that no font holds is
printed as □ and counted in the log; a warning of the compiler is an error. Every Vietnamese letter comes from one font: one
that lacks some is passed over, or a word would be set in two. The same data and fonts give the same bytes.
"""

import json
import logging
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

import typst

from dvctt.core.errors import ReportError
from dvctt.core.printable import SHOWN, printable_values
from dvctt.report.tables.table import DocumentTable
from dvctt.report.template import TEMPLATES
from dvctt.report.wording import sample
from dvctt.report.wording.language import _, current_language

log = logging.getLogger(__name__)

TEMPLATE = TEMPLATES / "bao-cao.typ"

FONTS = ("Times New Roman", "Liberation Serif", "Tinos", "TeX Gyre Termes", "Libertinus Serif")
"""In this order, of those that have every letter of `ALPHABET`: the one that Nghị định 30/2020 names, its free equals in width,
Typst's own.
"""
ALPHABET = (
    "".join(map(chr, (*range(0x21, 0x7F), *range(0x1EA0, 0x1EFA)))) + "ÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝàáâãèéêìíòóôõùúýĂăĐđĨĩŨũƠơƯư–“”…"
)
"""What a document in Vietnamese is set in. Older free fonts lack U+1EA0 to U+1EF9, the letters with two marks."""

# PDF/A-2u is for keeping: fonts inside, every letter readable as text; a letter without a glyph does not compile.
_STANDARD: Final = "a-2u"


@dataclass(frozen=True)
class Section:
    """A numbered part of the letter: paragraphs, then dashes, then tables."""

    title_vi: str
    paragraphs: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    tables: tuple[DocumentTable, ...] = ()


@dataclass(frozen=True)
class Letter:
    """One document. ``number_vi`` is what stands after the blank of its number, "/BC-…"."""

    authority_vi: str
    number_vi: str
    kind_vi: str
    subject_vi: str
    moment: datetime
    sections: tuple[Section, ...]
    appendix_vi: str = ""
    appendix: tuple[DocumentTable, ...] = ()
    is_sample: bool = False


def _words() -> Mapping[str, str]:
    """What the template itself says; its dotted lines stand between them."""
    return {
        "state": _("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"),
        "motto": _("Độc lập - Tự do - Hạnh phúc"),
        "number": _("Số:"),
        "day": _(", ngày"),
        "month": _("tháng"),
        "year": _("năm"),
        "recipients": _("Nơi nhận:"),
        "filed": _("Lưu: VT,"),
        "authority_of_signer": _("(Quyền hạn, chức vụ, chữ ký, đóng dấu)"),
        "name_of_signer": _("(Họ và tên)"),
        "appendix": _("PHỤ LỤC"),
    }


@cache
def _fonts() -> tuple[typst.Fonts, tuple[str, ...]]:
    """The machine's fonts, looked for once, and the names of ours among them that have the whole alphabet.

    Raises:
        ReportError: none has.
    """
    return choose_fonts(typst.Fonts())


def choose_fonts(fonts: typst.Fonts) -> tuple[typst.Fonts, tuple[str, ...]]:
    """The fonts, and the names of ours among them that have every letter of the alphabet.

    Raises:
        ReportError: none has; the message names those that there are.
    """
    there = {font.family for font in fonts.fonts()}
    found = [name for name in FONTS if name in there]
    whole = tuple(name for name in found if _sets(ALPHABET, fonts, (name,), fallback=False))
    if not whole:
        raise ReportError(
            f"no font for a document in Vietnamese: found {', '.join(found) or 'none'} of {', '.join(FONTS)}, wanted one with "
            f"every letter from U+1EA0 to U+1EF9; install one, such as fonts-liberation2 or Times New Roman"
        )
    return fonts, whole


_PROBE = """#set document(date: datetime(year: 2000, month: 1, day: 1), title: "x")
#set text(font: json(bytes(sys.inputs.fonts)), fallback: json(bytes(sys.inputs.fallback)))
#json(bytes(sys.inputs.text))
"""


def _sets(text: str, fonts: typst.Fonts, names: Sequence[str], *, fallback: bool) -> bool:
    """Whether a text can be set so that it can be kept: every sign has a glyph, and may stand in PDF/A."""
    given = {"text": json.dumps(text), "fonts": json.dumps(list(names)), "fallback": json.dumps(fallback)}
    try:
        compiler = typst.Compiler(_PROBE.encode(), font_paths=fonts, sys_inputs=given)
        _written, warnings = compiler.compile_with_warnings(format="pdf", pdf_standards=_STANDARD)
    except typst.TypstError:
        return False
    return not warnings


# A province's texts hold some dozens of signs beyond the alphabet; each is asked for once in a process.
@lru_cache(maxsize=2**12)
def _is_held(sign: str, names: tuple[str, ...]) -> bool:
    return sign.isspace() or _sets(f"a{sign}a", _fonts()[0], names, fallback=True)


def write_letter(path: Path, letter: Letter) -> Path:
    """Compile one letter to PDF.

    Raises:
        ReportError: Typst warns or fails, or no font has the alphabet; the message is Typst's.
    """
    fonts, names = _fonts()
    content = unicodedata.normalize("NFC", json.dumps(printable_values(_content(letter, names)), ensure_ascii=False))
    missing = {sign for sign in set(content) - set(ALPHABET) if not _is_held(sign, names)}
    if missing:
        shown = sum(content.count(sign) for sign in missing)
        content = content.translate({ord(sign): SHOWN for sign in missing})
        log.warning(
            "%s: %d signs that no font holds are shown as %s; whose they are: dvctt rows --table aud_unprintable_texts",
            path,
            shown,
            SHOWN,
        )
    try:
        compiler = typst.Compiler(str(TEMPLATE), root=str(TEMPLATES), font_paths=fonts, sys_inputs={"report": content})
        written, warnings = compiler.compile_with_warnings(format="pdf", pdf_standards=_STANDARD)
    except typst.TypstError as error:
        raise ReportError(
            f"{path}: cannot compile {TEMPLATE}: {error.message} {' '.join(error.hints)}".rstrip()
        ) from error
    if warnings or not isinstance(written, bytes):
        found = "; ".join(warning.message for warning in warnings) or "no document"
        raise ReportError(f"{path}: {TEMPLATE}: found {found}; wanted a document without a warning")
    path.write_bytes(written)
    return path


def _content(letter: Letter, fonts: Sequence[str]) -> Mapping[str, Any]:
    moment = letter.moment
    return {
        "authority_vi": letter.authority_vi,
        "number_vi": letter.number_vi,
        "kind_vi": letter.kind_vi,
        "subject_vi": letter.subject_vi,
        "moment": [moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second],
        "fonts": list(fonts),
        "language": current_language(),
        "region": _("vn"),
        "words": _words(),
        "sections": [
            {
                "title_vi": section.title_vi,
                "paragraphs": list(section.paragraphs),
                "items": list(section.items),
                "tables": [_table(table, section.title_vi) for table in section.tables if table.lines],
            }
            for section in letter.sections
        ],
        "sample": sample.line() if letter.is_sample else "",
        "appendix_vi": letter.appendix_vi,
        "appendix": [_table(table) for table in letter.appendix if table.lines],
    }


def _table(table: DocumentTable, above: str = "") -> Mapping[str, Any]:
    """A table as it is printed, without its title where the line above says the same; a line for what is left over is printed
    only where something is.
    """
    return {
        "title_vi": "" if table.title_vi == above else table.title_vi,
        "columns": [
            {"heading_vi": column.heading_vi, "weight": column.weight, "is_number": column.is_number}
            for column in table.columns
        ],
        "lines": [
            {"role": line.role, "cells": [cell.printed for cell in line.cells]}
            for line in table.lines
            if line.role != "residue" or any(isinstance(cell.value, (int, float)) and cell.value for cell in line.cells)
        ],
        "notes": list(table.notes),
    }
