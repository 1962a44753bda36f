"""What commands share on the screen: options, tables, numbers, JSON.

Nothing here knows a command. Every command imports this module, so that it imports nothing heavy itself: what a question needs
is imported when it is asked.
"""

import json
import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dvctt.core.errors import DvcttError, PublishError
from dvctt.settings import Settings

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from dvctt.publications.reading import Publication


class _Out:
    """The screen: wide whatever the terminal, one line a figure, for a person and for grep."""

    def print(self, shown: "RenderableType", *, markup: bool = True) -> None:
        _console().print(shown, markup=markup)


out = _Out()


@cache
def _console() -> "Console":
    from rich.console import Console

    return Console(highlight=False, width=1000)


def new_table(title: str | None = None) -> "Table":
    """A table without columns and rows yet."""
    from rich.table import Table

    return Table(title=title)


MonthOption = Annotated[
    str | None, typer.Option("--month", help="YYYY-MM; default: the newest month that has filings.")
]


def _publication_number(named: str) -> int:
    from dvctt.publications.store import number_of

    return number_of(Settings.from_environment().published, named)


PublicationOption = Annotated[
    int | None,
    typer.Option(
        "--publication",
        parser=_publication_number,
        metavar="NUMBER|DATA",
        help="The publication's number, or the data id of a page; default: the current one.",
    ),
]


PeriodOption = Annotated[str, typer.Option("--period", help="2022-10, 2022-Q3, 2022-H1, 2022-9M or 2022.")]
CalendarOption = Annotated[
    str, typer.Option("--calendar", help="Reporting calendar: calendar_month, from_15, from_21.")
]
EntityOption = Annotated[str | None, typer.Option("--entity", help="Agency or group, by code; default: the province.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document instead of a table.")]


def refuse_no_folder(folder: Path) -> None:
    """Before anything is written: the nearest part of the path that is there must be a folder that may be written."""
    there = next(part for part in (folder.absolute(), *folder.absolute().parents) if part.exists() or part.is_symlink())
    if not there.is_dir():
        raise DvcttError(f"--out {folder}: {there} is no folder; wanted a folder, or a name for a new one")
    if not os.access(there, os.W_OK | os.X_OK):
        raise DvcttError(f"--out {folder}: {there} may not be written by this user; look: ls -ld {there}")


def current_of(settings: Settings, *, damaged_too: bool = False) -> "Publication":
    """The publication that is asked, its marts held against their hash first; ``damaged_too`` for a question that compares."""
    from dvctt.publications.reading import current_publication, refuse_damaged

    publication = current_publication(settings.published)
    if publication is None:
        raise PublishError(f"{settings.published}: no publication yet; wanted one that passed its gate: make run")
    if not damaged_too:
        refuse_damaged(publication)
    return publication


def ask(sql: str, parameters: list[Any] | None = None) -> list[dict[str, Any]]:
    from dvctt.warehouse.connections import open_published, read_rows

    with open_published(current_of(Settings.from_environment()).marts) as connection:
        return read_rows(connection, sql, parameters or [])


def digits(value: float | int | None) -> str:
    """A number for the terminal, as officers write it; None is shown as such, never as 0."""
    from dvctt.report.wording import formats

    return formats.brief(value)


def exact(value: float | int | None) -> str:
    """A printed figure or a bound, with the decimals that it has."""
    from dvctt.report.wording import formats

    return "-" if value is None else formats.exact(value)


def print_json(records: Sequence[Mapping[str, object]] | Mapping[str, object]) -> None:
    print(json.dumps(records, ensure_ascii=False, indent=2, default=str))
