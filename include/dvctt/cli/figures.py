"""Commands on one figure: what a closed month holds, where a figure comes from, and building it again."""

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from dvctt.cli.root import app
from dvctt.cli.screen import JsonOption, PublicationOption, out, print_json
from dvctt.core.errors import DvcttError
from dvctt.core.period import Month
from dvctt.settings import Settings


@app.command()
def figure(
    month: Annotated[str, typer.Option("--month", help="YYYY-MM: a month that was closed.")],
    revision: Annotated[int | None, typer.Option("--revision", help="Default: the newest.")] = None,
    list_revisions: Annotated[bool, typer.Option("--list", help="The month's revisions instead.")] = False,
) -> None:
    """Print the figures of a closed month as CSV, the same bytes for ever; its file is held against its hash first."""
    from dvctt.closing.months import read_figures, revisions

    closed = Settings.from_environment().closed
    asked = Month.parse(month)
    if not list_revisions:
        sys.stdout.buffer.write(read_figures(closed, asked, revision))
        return
    found = [known for known in revisions(closed) if known.closed.month == month]
    if not found:
        raise DvcttError(f"{closed}: {month} was never closed")
    for known in found:
        again = (
            f"; opened again {known.reopened_at} by {known.reopened_by}: {known.reason}" if known.reopened_at else ""
        )
        out.print(
            f"{month} revision {known.closed.revision}: closed {known.closed.closed_at} by {known.closed.approved_by} "
            f"out of publication {known.closed.publication}, {len(known.closed.waived)} feeds waived{again}"
        )


@app.command("explain")
def explain_figure(
    figure: Annotated[str, typer.Argument(help="The figure's id, as a report carries it.")],
    publication: PublicationOption = None,
    as_json: JsonOption = False,
) -> None:
    """Where a figure comes from: meaning, SQL, models, landed files with hashes, checks, caveats, what became of it."""
    from dvctt.queries.explain import explain
    from dvctt.queries.explain_text import as_text

    explanation = explain(Settings.from_environment(), figure, publication)
    if as_json:
        print_json(asdict(explanation))
    else:
        print("\n".join(as_text(explanation)))


@app.command("reproduce")
def reproduce_figure(
    figure: Annotated[str, typer.Argument(help="The figure's id, as a report carries it.")],
    publication: PublicationOption = None,
    as_json: JsonOption = False,
) -> None:
    """Build a figure again from landing, by its publication's own definitions, and compare. Exit 1 if it differs."""
    from dvctt.queries.reproduce import reproduce

    made = reproduce(Settings.from_environment(), figure, publication)
    if as_json:
        print_json(asdict(made))
    else:
        print(made.figure.figure_id)
        print(f"published: {made.figure.value!r} (publication {made.publication})")
        print(f"rebuilt:   {made.rebuilt!r}")
        print("identical" if made.identical else "differs")
        for difference in made.differences:
            print(
                f"{difference.table}: {difference.rows} rows published; {difference.only_published} of them differ from "
                f"what is rebuilt, {difference.only_rebuilt} rebuilt ones from what is published"
            )
    for problem in made.problems:
        print(problem, file=sys.stderr)
    if not made.identical:
        raise typer.Exit(1)
