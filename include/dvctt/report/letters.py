"""A report as a PDF to be signed: sections and tables handed to include/reports/bao-cao.typ, compiled by Typst.

Only handing over and compiling may live here: what is said comes from the page and the tables, how it is laid out stands in
the template. Nothing is fetched; fonts are those of the machine and Typst's own. A warning of the compiler or a letter that no
font holds is an error: a document with a hole in it is not one to sign. The same data and fonts give the same bytes.
"""

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import typst

from dvctt.errors import ReportError
from dvctt.report.document_tables import DocumentTable
from dvctt.report.language import VIETNAMESE, _, spoken
from dvctt.report.pages import TEMPLATES

TEMPLATE = TEMPLATES / "bao-cao.typ"

FONTS = ("Times New Roman", "Liberation Serif", "Tinos", "TeX Gyre Termes", "Libertinus Serif")
"""In this order, of those that there are: the one that Nghị định 30/2020 names, its free equals in width, Typst's own."""

# PDF/A-2u is for keeping: fonts inside, every letter readable as text; a letter without a glyph does not compile.
_STANDARD = "a-2u"


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
    """The machine's fonts, looked for once, and the names of ours among them."""
    fonts = typst.Fonts()
    there = {font.family for font in fonts.fonts()}
    return fonts, tuple(name for name in FONTS if name in there)


def write_letter(path: Path, letter: Letter) -> Path:
    """Compile one letter to PDF.

    Raises:
        ReportError: a letter of the text has no glyph in any font, or Typst warns or fails; the message is Typst's.
    """
    fonts, names = _fonts()
    content = unicodedata.normalize("NFC", json.dumps(_content(letter, names), ensure_ascii=False))
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
        "language": spoken(),
        "region": "vn" if spoken() == VIETNAMESE else "gb",
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
