"""What commands share on the screen: options, tables, numbers, JSON.

Nothing here knows a command.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from dvctt.core.errors import DvcttError, PublishError
from dvctt.publications.reading import Publication, current_publication, refuse_damaged
from dvctt.settings import Settings
from dvctt.warehouse.connections import open_published, read_rows

out = Console(highlight=False, width=1000)
"""Wide whatever the terminal: one line a figure, for a person and for grep."""


MonthOption = Annotated[
    str | None, typer.Option("--month", help="YYYY-MM; default: the newest month that has filings.")
]
PublicationOption = Annotated[
    int | None, typer.Option("--publication", help="The publication's number; default: the current one.")
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


def current_of(settings: Settings, *, damaged_too: bool = False) -> Publication:
    """The publication that is asked, its marts held against their hash first; ``damaged_too`` for a question that compares."""
    publication = current_publication(settings.published)
    if publication is None:
        raise PublishError(f"{settings.published}: no publication yet; wanted one that passed its gate: make run")
    if not damaged_too:
        refuse_damaged(publication)
    return publication


def ask(sql: str, parameters: list[Any] | None = None) -> list[dict[str, Any]]:
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
