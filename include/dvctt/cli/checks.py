"""Commands that hold one thing against another: printed figures, totals, a home, a source's file."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dvctt.cli.root import check
from dvctt.cli.screen import JsonOption, MonthOption, ask, current_of, digits, exact, new_table, out, print_json
from dvctt.core.errors import DvcttError
from dvctt.core.files import path_in_words
from dvctt.core.period import Month
from dvctt.settings import PROJECT_ROOT, Settings

if TYPE_CHECKING:
    from rich.table import Table

    from dvctt.landing.trial import Trial
    from dvctt.publications.reading import Publication
    from dvctt.queries.additivity import FormatReading
    from dvctt.report.marts import MartRow


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
    first_day = Month.parse(month).first_day if month else None
    settings = Settings.from_environment()
    publication = current_of(settings)
    checks = _checks(publication, first_day)
    unexplained = [row for row in checks if row["unexplained"] != 0]
    if not as_json:
        out.print(_totals_table(checks))
        out.print(f"{len(checks)} totals checked, {len(unexplained)} unexplained")
    readings = _readings(publication, settings, first_day) if formats else []
    if as_json:
        print_json({"totals": [_named(row) for row in checks], "formats": [asdict(reading) for reading in readings]})
    else:
        for line in _reading_lines(readings):
            out.print(line)
    if unexplained or any(reading.unexplained for reading in readings):
        raise typer.Exit(1)


@check.command("file")
def check_file(
    files: Annotated[list[Path], typer.Argument(help="Files of a source, wherever they lie.", show_default=False)],
    source: Annotated[str | None, typer.Option(help="Whose they are; by itself as their folders say.")] = None,
    entity: Annotated[str | None, typer.Option(help="What they are of; by itself as their folders say.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Hold files against the contract as the night would, landing nothing: what each would land as, or why it is refused. Exit
    1 if one is refused.

    Looked at are the name, the form, the columns, the control file beside it and what has landed. What a value means is judged
    at night: a row that cannot be counted is set aside, and does not refuse its file.
    """
    from dvctt.landing.trial import try_file
    from dvctt.province.folder import load_province

    settings = Settings.from_environment()
    province = load_province(settings.province_folder)
    trials = [try_file(province, settings.landing, path, source_id=source, entity=entity) for path in files]
    if as_json:
        print_json([{"file": str(path), **asdict(trial)} for path, trial in zip(files, trials, strict=True)])
    else:
        for path, trial in zip(files, trials, strict=True):
            print("\n".join(_trial_lines(path, trial)))
        refused = sum(trial.refused is not None for trial in trials)
        print(f"{len(trials)} files tried, {refused} of them refused; nothing has landed")
    if any(trial.refused is not None for trial in trials):
        raise typer.Exit(1)


def _trial_lines(path: Path, trial: "Trial") -> list[str]:
    """What a night would make of one file."""
    shown = path_in_words(path)
    if trial.refused is not None:
        return [f"{shown}: refused ({trial.reason})", f"  {trial.refused}"]
    if trial.extract is None:
        return [f"{shown}: has landed as {trial.replaces}, with this very content: a night would do nothing"]
    extract = trial.extract
    stated = "states nothing of it" if extract.control_rows is None else f"states {digits(extract.control_rows)} rows"
    amount = "" if extract.total_amount_vnd is None else f", {digits(extract.total_amount_vnd)} VND"
    left = f"{', '.join(extract.dropped_columns) or 'none'} of the contract; {extract.other_columns} others"
    return [
        f"{shown}: would land as {extract.extract_id}",
        f"  {trial.entity} of {extract.month}, source {trial.source}: {digits(extract.rows)} rows{amount}; "
        f"a control file {stated}",
        f"  columns left behind: {left}",
        *(["  a sample: made up, as its control file says or said"] if extract.is_sample else []),
        *([f"  takes the place of {trial.replaces}"] if trial.replaces else []),
    ]


@check.command("personal-data")
def check_personal_data(as_json: JsonOption = False) -> None:
    """Search all that this home keeps for people: tables, reports, logs, Airflow's records. Says where and of what kind, and
    never what. Exit 1 if something was found, or could not be read.

    Searched for are the values in personal columns of the files that lie in the inbox, and the forms of identity numbers,
    telephone numbers and e-mail addresses. The inbox itself, and what is installed in the home, is left out.
    """
    from dvctt.pipeline.local_airflow import metadata_database, settings_template
    from dvctt.province.folder import load_province
    from dvctt.queries import personal_data

    settings = Settings.from_environment()
    address = metadata_database(settings)
    search = personal_data.search_home(
        settings,
        load_province(settings.province_folder),
        programs=[PROJECT_ROOT / "dbt_project", settings_template()],
        database=address if address.startswith("postgresql") else None,
        show=(lambda _: None) if as_json else (lambda folder: print(f"searching {folder}")),
    )
    if as_json:
        print_json(asdict(search))
    else:
        for found in search.findings:
            print(f"{found.file}: {found.place}: {found.kind}, {found.count} times")
        for line in search.unread:
            print(f"not read: {line}")
        for folder in search.left_out:
            print(f"left out: {folder}")
        forms = ", ".join(f"{count} {form}" for form, count in sorted(search.files.items()))
        print(
            f"searched {forms or 'nothing'} for {search.values} values of the inbox and {len(personal_data.FORMS)} forms"
        )
        print(f"{len(search.findings)} places hold what looks like a person, {len(search.unread)} could not be read")
    if not search.is_clean:
        raise typer.Exit(1)


def _checks(publication: "Publication", month: date | None) -> "list[MartRow]":
    """The publication's checks of its own totals, of a month or of all, whichever version made them.

    Raises:
        DvcttError: there is none; nothing would have been looked at.
    """
    from dvctt.report.marts import CONTRACT, read_rows

    name = "mart_additivity_checks"
    everything = replace(CONTRACT[name], where="true", order_by=", ".join(CONTRACT[name].key))
    rows = read_rows(publication.marts, {name: everything}).rows[name]
    found = [row for row in rows if month in (None, row["month"])]
    if not found:
        raise DvcttError("no additivity check in the current publication for that month; nothing was looked at")
    return found


def _readings(publication: "Publication", settings: Settings, month: date | None) -> "list[FormatReading]":
    from dvctt.province.folder import load_province
    from dvctt.queries.additivity import read_formats

    with TemporaryDirectory(prefix="dvctt-additivity-") as scratch:
        return read_formats(publication, load_province(settings.province_folder), Path(scratch), month)


def _reading_lines(readings: "Sequence[FormatReading]") -> list[str]:
    """Of each format what was looked at, below the first of what does not agree."""
    lines: list[str] = []
    for reading in readings:
        lines += reading.unexplained[:20]
        lines.append(
            f"{reading.format_id}: {reading.figures} figures read back, {reading.sums} sums added up again, "
            f"{len(reading.unexplained)} unexplained"
        )
    return lines


def _named(row: Mapping[str, Any]) -> dict[str, Any]:
    """A check with what it compares and what its residue is, in words."""
    from dvctt.report.wording import checks

    return {**row, "total_name_vi": checks.compared_when(row), "residue_name_vi": checks.residue(row) or None}


def _totals_table(checks: Sequence[Mapping[str, Any]]) -> "Table":
    """The totals of the newest month that have a residue, agencies left out, and all that are not explained."""
    newest = max(row["month"] for row in checks)
    table = new_table(
        title=f"Residues, {Month.of(newest)} (groups and province; of periods: dvctt period), and all unexplained"
    )
    for name in ("check", "month", "entity", "total", "sum of classes", "residue", "residue's name", "unexplained"):
        table.add_column(name, no_wrap=True)
    for row in checks:
        monthly = row["month"] == newest and row["calendar_id"] is None
        if (row["residue"] and monthly and row["scope"] != "agency") or row["unexplained"] != 0:
            named = _named(row)
            table.add_row(
                named["total_name_vi"],
                str(Month.of(row["month"])),
                row["entity_name_vi"],
                digits(row["total"]),
                digits(row["sum_of_classes"]),
                digits(row["residue"]),
                named["residue_name_vi"] or "",
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
