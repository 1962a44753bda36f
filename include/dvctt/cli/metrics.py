"""Commands that show the figures of a month or a period, one command a subject."""

from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from dvctt.cli.root import app, form, metric
from dvctt.cli.screen import (
    CalendarOption,
    EntityOption,
    JsonOption,
    PeriodOption,
    current_of,
    digits,
    exact,
    out,
    print_json,
)
from dvctt.core.period import Month, Period
from dvctt.settings import Settings

if TYPE_CHECKING:
    from dvctt.queries.forms import Form
    from dvctt.queries.index766 import Component, Index
    from dvctt.queries.online_rates import Comparison


@metric.command("online-rate")
def metric_online_rate(
    month: Annotated[str, typer.Option("--month", help="YYYY-MM.")],
    entity: EntityOption = None,
    compare: Annotated[bool, typer.Option("--compare", help="All definitions, and what makes them differ.")] = False,
    records: Annotated[bool, typer.Option("--records", help="With the filings of each difference.")] = False,
    as_json: JsonOption = False,
) -> None:
    """The online rate: what the report's definition counts, and with --compare every rival one and the filings between."""
    from dvctt.queries.online_rates import as_text, compare_online_rates

    if records and not compare:
        raise typer.BadParameter("--records lists what --compare itemises; give both")
    publication = current_of(Settings.from_environment())
    compared = compare_online_rates(publication, Month.parse(month), entity, records=records)
    if as_json:
        shown = compared.definitions if compare else (compared.report,)
        print_json({**asdict(compared), "definitions": [asdict(one) for one in shown]})
        return
    print("\n".join(as_text(compared, all_definitions=compare)))
    if compare:
        out.print(_definitions_table(compared))


def _definitions_table(compared: "Comparison") -> Table:
    """One row a definition."""
    from dvctt.queries.online_rates import rate_text

    table = Table(title=f"{compared.entity_name_vi}, {compared.month}: online rate by definition")
    for name in ("definition", "version", "tên", "tử số", "mẫu số", "tỷ lệ", "in force", "not applied: no data"):
        table.add_column(name, no_wrap=True, justify="right" if name in ("tử số", "mẫu số", "tỷ lệ") else "left")
    for one in compared.definitions:
        table.add_row(
            one.metric_id,
            str(one.version),
            one.name_vi,
            digits(one.numerator),
            digits(one.denominator),
            rate_text(one.rate_percent, one.denominator),
            "yes" if one.is_in_force else "no",
            ", ".join(one.not_applied),
        )
    return table


@app.command()
def payments(
    month: Annotated[str, typer.Option("--month", help="YYYY-MM.")],
    entity: EntityOption = None,
    records: Annotated[bool, typer.Option("--records", help="With the filings of each difference.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Payments of a month: collected, refunded, attempts by bank, who owes a fee, and how the portal's flag differs."""
    from dvctt.queries.payments import as_text, payments_of

    found = payments_of(current_of(Settings.from_environment()), Month.parse(month), entity, records=records)
    if as_json:
        print_json(asdict(found))
        return
    print("\n".join(as_text(found)))


@app.command("structure")
def structure_of_month(
    month: Annotated[str, typer.Option("--month", help="YYYY-MM.")],
    on: Annotated[
        str | None, typer.Option("--on", help="YYYY-MM-DD: the day whose agencies are asked for; default: the newest.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """A month by the agencies as they were and restated to those of another day, with the bridge between the two.

    Exit 1 if the province's totals are not the same on both.
    """
    from dvctt.queries.structure import as_text, compare_structures

    publication = current_of(Settings.from_environment())
    try:
        day = date.fromisoformat(on) if on else None
    except ValueError as error:
        raise typer.BadParameter(f"--on: found {on!r}, wanted a day such as 2025-07-01") from error
    compared = compare_structures(publication.marts, publication.number, Month.parse(month), day)
    if as_json:
        totals = [{**asdict(total), "is_equal": total.is_equal} for total in compared.totals]
        print_json({**asdict(compared), "totals": totals})
    else:
        print("\n".join(as_text(compared)))
    if not compared.is_equal:
        raise typer.Exit(1)


@app.command("index")
def index_766(
    month: Annotated[str, typer.Option("--month", help="YYYY-MM.")],
    entity: EntityOption = None,
    year_to_date: Annotated[bool, typer.Option("--year-to-date", help="January to the month, not the month.")] = False,
    as_json: JsonOption = False,
) -> None:
    """The index of Decision 766: six scores, their components, thresholds and formula, and what is missing and why."""
    from dvctt.queries.index766 import MONTH, YEAR_TO_DATE, head_lines, missing_lines, read_index

    found = read_index(current_of(Settings.from_environment()), Month.parse(month), entity)
    if as_json:
        print_json([asdict(one) for one in found])
        return
    for index in found:
        if index.span == (YEAR_TO_DATE if year_to_date else MONTH):
            print("\n".join(head_lines(index)))
            out.print(_index_table(index))
            print("\n".join(missing_lines(index)))


def _index_table(index: "Index") -> Table:
    """The six scores, each with its components below it."""
    from dvctt.queries.index766 import points_text

    table = Table(title=f"{index.entity_name_vi}, {index.month}: index, formula version {index.formula_version}")
    for name in ("component", "tên", "tử số", "mẫu số", "tỷ lệ", "ngưỡng", "điểm", "tối đa", "source"):
        right = name in ("tử số", "mẫu số", "tỷ lệ", "ngưỡng", "điểm", "tối đa")
        table.add_column(name, no_wrap=True, justify="right" if right else "left")
    for group in index.groups:
        score, most = points_text(group.score), f"{points_text(group.scored_max)} / {points_text(group.score_max)}"
        table.add_row(group.group_id, group.name_vi.upper(), "", "", "", "", score, most, "", style="bold")
        for one in group.components:
            table.add_row(*_component_cells(one))
    return table


def _component_cells(one: "Component") -> tuple[str, ...]:
    from dvctt.queries.index766 import points_text, ratio_text

    return (
        f"  {one.component_id}",
        one.name_vi,
        digits(one.numerator),
        digits(one.denominator),
        ratio_text(one),
        "" if one.threshold_percent is None else f"{exact(one.threshold_percent)}%",
        points_text(one.points),
        points_text(one.points_max),
        one.source,
    )


@app.command("period")
def period_figures(
    period: PeriodOption,
    calendar: CalendarOption = "calendar_month",
    entity: EntityOption = None,
    as_json: JsonOption = False,
) -> None:
    """A month, quarter, half-year, nine months or year of one reporting calendar: its days, figures, and changes."""
    from dvctt.queries.periods import as_text, read_period

    read = read_period(current_of(Settings.from_environment()), Period.parse(period), calendar, entity)
    if as_json:
        print_json(asdict(read))
    else:
        out.print("\n".join(as_text(read)))


@form.command("06a")
def form_06a(
    period: PeriodOption,
    calendar: CalendarOption = "calendar_month",
    by: Annotated[
        str | None, typer.Option("--by", help="field or agency; default: agency, and field for a single agency.")
    ] = None,
    entity: EntityOption = None,
    as_json: JsonOption = False,
) -> None:
    """Form II.06a, what came of the filings of a period, as at its end. Exit 1 if it does not add up."""
    from dvctt.queries import forms

    if by not in (None, "field", "agency"):
        raise typer.BadParameter(f"--by: found {by!r}, wanted field or agency")
    read = forms.read_form_06a(
        current_of(Settings.from_environment()), Period.parse(period), calendar, by and f"by_{by}", entity
    )
    if as_json:
        print_json(forms.as_json(read))
    else:
        out.print("\n".join(forms.head_lines(read)))
        out.print(_form_06a_table(read))
        out.print("\n".join(forms.foot_lines(read)))
    if not read.adds_up:
        raise typer.Exit(1)


def _form_06a_table(read: "Form") -> Table:
    """The form's columns under their own numbers, one row a line."""
    from dvctt.report.tables.form_06a import FORM_06A_COLUMNS

    table = Table()
    table.add_column("TT\n(1)", no_wrap=True)
    table.add_column(f"{'Lĩnh vực' if read.arrangement == 'by_field' else 'Cơ quan'}\n(2)", no_wrap=True)
    for number, heading in FORM_06A_COLUMNS.values():
        table.add_column(f"{heading}\n({number})", no_wrap=True, justify="right")
    for line in read.lines:
        table.add_row(line.number, line.name_vi, *(digits(line.figures[name]) for name in FORM_06A_COLUMNS))
    return table
