"""Commands that ask running systems: fetch what a night would, or look at one month without keeping it."""

from typing import Annotated

import typer

from dvctt.cli.root import sources
from dvctt.cli.screen import digits, new_table, out
from dvctt.core.errors import DvcttError
from dvctt.core.period import Month
from dvctt.settings import Settings

SourceArgument = Annotated[str, typer.Argument(help="Its id in sources.yml.", show_default=False)]
EntityOption = Annotated[str | None, typer.Option("--entity", help="One of its entities; without it, all.")]


def _entities(settings: Settings, source_id: str, entity: str | None) -> list[str]:
    from dvctt.pipeline.fetching import fetched_source

    known = fetched_source(settings, source_id).entities
    return [entity] if entity else list(known)


@sources.command("fetch")
def fetch(
    source: SourceArgument,
    entity: EntityOption = None,
    month: Annotated[
        list[str] | None,
        typer.Option("--month", help="YYYY-MM, may stand several times; without it, what a night asks for."),
    ] = None,
) -> None:
    """Fetch a system's months into the home, as a night does first; the next night lands them. Exit 1 if one was not
    fetched.
    """
    from dvctt.pipeline.fetching import fetch_entity

    settings = Settings.from_environment()
    months = [Month.parse(one) for one in month] if month else None
    failed = 0
    for name in _entities(settings, source, entity):
        try:
            changed = fetch_entity(settings, source, name, months)
        except DvcttError as error:
            failed += 1
            out.print(f"{name}: {error}", markup=False)
        else:
            out.print(f"{name}: {changed} months with new content", markup=False)
    if failed:
        raise typer.Exit(1)


@sources.command("check")
def check(
    source: SourceArgument,
    entity: EntityOption = None,
    month: Annotated[
        str | None, typer.Option("--month", help="YYYY-MM; without it, the month before this one.")
    ] = None,
    rows: Annotated[int, typer.Option("--rows", min=0, max=50, help="How many records are shown.")] = 3,
) -> None:
    """Connect, fetch one month of each entity, read it as the night would, and show it; nothing is kept. Exit 1 if one cannot
    be fetched or would be refused.
    """
    from dvctt.landing.zone import current_month
    from dvctt.pipeline.fetching import look_at

    settings = Settings.from_environment()
    asked = Month.parse(month) if month else current_month().shifted(-1)
    failed = 0
    for name in _entities(settings, source, entity):
        try:
            look = look_at(settings, source, name, asked, rows=rows)
        except DvcttError as error:
            failed += 1
            out.print(f"{name} of {asked}: {error}", markup=False)
            continue
        said = "no total" if look.taken.rows is None else f"{digits(look.taken.rows)} records"
        amount = "" if look.reading.total_amount_vnd is None else f", {digits(look.reading.total_amount_vnd)} VND"
        out.print(f"{name} of {asked}: the system says {said}; {digits(look.reading.rows)} rows would land{amount}")
        if look.rows:
            table = new_table()
            for column in look.rows[0]:
                table.add_column(column, no_wrap=True)
            for row in look.rows:
                table.add_row(*row.values())
            out.print(table, markup=False)
    if failed:
        raise typer.Exit(1)
