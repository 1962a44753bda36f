"""Commands that hold figures against each other: printed ones, and totals against their parts."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dvctt.cli.root import check
from dvctt.cli.screen import JsonOption, MonthOption, ask, current_of, digits, exact, new_table, out, print_json
from dvctt.core.errors import DvcttError
from dvctt.core.period import Month
from dvctt.settings import Settings

if TYPE_CHECKING:
    from rich.table import Table


@check.command("figures")
def check_figures(
    as_json: JsonOption = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Also exit 1 when printed figures contradict each other.")
    ] = False,
) -> None:
    """What the province printed: held against itself (published_checks.csv), then against our records: printed, computed,
    interval, verdict. Exit 1 if a figure is not reproduced, or none is.
    """
    from dvctt.province.folder import load_province
    from dvctt.queries import printed

    settings = Settings.from_environment()
    held = printed.hold(load_province(settings.province_folder))
    if not as_json:
        print("\n".join(printed.lines(held)))
        print("printed figures against our records:")
    current_of(settings)
    figures = ask("select * from mart_published_figures order by figure_id")
    missed = [row for row in figures if row["verdict"] == "not_reproduced"]
    if as_json:
        print_json([{**row, "contradictions": printed.contradicted(held, row["figure_id"])} for row in figures])
    else:
        out.print(_figures_table(figures))
        counts = {v: sum(row["verdict"] == v for row in figures) for v in sorted({row["verdict"] for row in figures})}
        out.print(f"{len(figures)} figures: " + ", ".join(f"{count} {name}" for name, count in counts.items()))
    contradicted = strict and any(one.verdict in printed.WRONG for one in held)
    if missed or contradicted or not any(row["verdict"] == "reproduced" for row in figures):
        raise typer.Exit(1)


@check.command("additivity")
def check_additivity(
    month: MonthOption = None,
    formats: Annotated[bool, typer.Option(help="Also read every format back; without, the marts alone.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Every published total beside the sum of its classes and its residue, and every format read back against the marts. Exit
    1 if one is not explained.
    """
    from dvctt.province.folder import load_province
    from dvctt.queries.additivity import FormatReading, read_formats

    where = "where month = ?" if month else ""
    parameters = [Month.parse(month).first_day] if month else []
    checks = ask(
        f"select * from mart_additivity_checks {where} order by check_id, month, scope, entity_code", parameters
    )
    if not checks:
        raise DvcttError("no additivity check in the current publication for that month; nothing was looked at")
    unexplained = [row for row in checks if row["unexplained"] != 0]
    if not as_json:
        out.print(_totals_table(checks))
        out.print(f"{len(checks)} totals checked, {len(unexplained)} unexplained")
    readings: list[FormatReading] = []
    if formats:
        settings = Settings.from_environment()
        with TemporaryDirectory(prefix="dvctt-additivity-") as scratch:
            readings = read_formats(
                current_of(settings),
                load_province(settings.province_folder),
                Path(scratch),
                parameters[0] if month else None,
            )
    if as_json:
        print_json({"totals": checks, "formats": [asdict(reading) for reading in readings]})
    else:
        for reading in readings:
            for line in reading.unexplained[:20]:
                out.print(line)
            out.print(
                f"{reading.format_id}: {reading.figures} figures read back, {reading.sums} sums added up again, "
                f"{len(reading.unexplained)} unexplained"
            )
    if unexplained or any(reading.unexplained for reading in readings):
        raise typer.Exit(1)


def _totals_table(checks: Sequence[Mapping[str, Any]]) -> "Table":
    """The totals of the newest month that have a residue, agencies left out, and all that are not explained."""
    newest = max(row["month"] for row in checks)
    table = new_table(
        title=f"Residues, {Month.of(newest)} (groups and province; of periods: dvctt period), and all unexplained"
    )
    for name in ("check", "month", "entity", "total", "sum of classes", "residue", "residue's name", "unexplained"):
        table.add_column(name, no_wrap=True)
    for row in checks:
        monthly = row["month"] == newest and not row["check_id"].startswith("period_")
        named = row["residue"] and monthly and row["scope"] != "agency"
        if named or row["unexplained"] != 0:
            table.add_row(
                row["total_name_vi"],
                str(Month.of(row["month"])),
                row["entity_name_vi"],
                digits(row["total"]),
                digits(row["sum_of_classes"]),
                digits(row["residue"]),
                row["residue_name_vi"] or "",
                digits(row["unexplained"]),
            )
    return table


def _figures_table(figures: Sequence[Mapping[str, Any]]) -> "Table":
    """One row a printed figure."""
    table = new_table(title="Published figures")
    for name in ("#", "entity", "metric", "period", "published", "computed", "interval", "unit", "verdict"):
        table.add_column(name, no_wrap=True, justify="right" if name in ("published", "computed") else "left")
    for row in figures:
        period = f"{row['period_start'] or ''}..{row['period_end']}"
        lower, upper = (exact(row[name]) for name in ("lower_bound", "upper_bound"))
        table.add_row(
            str(row["figure_id"]),
            row["entity_name_vi"],
            row["metric"],
            period,
            exact(row["published_value"]),
            digits(row["computed_value"]),
            f"[{lower}; {upper}]",
            row["unit"],
            row["verdict"],
        )
    return table
