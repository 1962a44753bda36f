"""Commands that ask a publication, and those that write its documents."""

import json
import logging
import sys
import time
from dataclasses import asdict
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Literal

import typer
from rich.table import Table

from dvctt.cli.root import app, check, form, metric
from dvctt.cli.screen import (
    JsonOption,
    MonthOption,
    PublicationOption,
    ask,
    current_of,
    digits,
    exact,
    out,
    print_json,
    refuse_no_folder,
)
from dvctt.core.errors import DvcttError
from dvctt.core.period import Month, Period, PeriodKind
from dvctt.province.folder import load_province
from dvctt.publications.reading import Publication
from dvctt.settings import Settings

log = logging.getLogger(__name__)


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


@metric.command("online-rate")
def metric_online_rate(
    month: Annotated[str, typer.Option("--month", help="YYYY-MM.")],
    entity: Annotated[
        str | None, typer.Option("--entity", help="Agency or group, by code; default: the province.")
    ] = None,
    compare: Annotated[bool, typer.Option("--compare", help="All definitions, and what makes them differ.")] = False,
    records: Annotated[bool, typer.Option("--records", help="With the filings of each difference.")] = False,
    as_json: JsonOption = False,
) -> None:
    """The online rate: what the report's definition counts, and with --compare every rival one and the filings between."""
    from dvctt.queries.online_rates import as_text, compare_online_rates, rate_text

    if records and not compare:
        raise typer.BadParameter("--records lists what --compare itemises; give both")
    publication = current_of(Settings.from_environment())
    compared = compare_online_rates(publication, Month.parse(month), entity, records=records)
    if as_json:
        shown = compared.definitions if compare else (compared.report,)
        print(
            json.dumps(
                {**asdict(compared), "definitions": [asdict(one) for one in shown]},
                ensure_ascii=False,
                indent=2,
                default=str,
            )
        )
        return
    print("\n".join(as_text(compared, all_definitions=compare)))
    if compare:
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
        out.print(table)


@app.command()
def payments(
    month: Annotated[str, typer.Option("--month", help="YYYY-MM.")],
    entity: Annotated[
        str | None, typer.Option("--entity", help="Agency or group, by code; default: the province.")
    ] = None,
    records: Annotated[bool, typer.Option("--records", help="With the filings of each difference.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Payments of a month: collected, refunded, attempts by bank, who owes a fee, and how the portal's flag differs."""
    from dvctt.queries.payments import as_text, payments_of

    found = payments_of(current_of(Settings.from_environment()), Month.parse(month), entity, records=records)
    if as_json:
        print(json.dumps(asdict(found), ensure_ascii=False, indent=2, default=str))
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
        print(json.dumps({**asdict(compared), "totals": totals}, ensure_ascii=False, indent=2, default=str))
    else:
        print("\n".join(as_text(compared)))
    if not compared.is_equal:
        raise typer.Exit(1)


@app.command("index")
def index_766(
    month: Annotated[str, typer.Option("--month", help="YYYY-MM.")],
    entity: Annotated[
        str | None, typer.Option("--entity", help="Agency or group, by code; default: the province.")
    ] = None,
    year_to_date: Annotated[bool, typer.Option("--year-to-date", help="January to the month, not the month.")] = False,
    as_json: JsonOption = False,
) -> None:
    """The index of Decision 766: six scores, their components, thresholds and formula, and what is missing and why."""
    from dvctt.queries.index766 import (
        MONTH,
        YEAR_TO_DATE,
        head_lines,
        missing_lines,
        points_text,
        ratio_text,
        read_index,
    )
    from dvctt.report.wording import formats

    found = read_index(current_of(Settings.from_environment()), Month.parse(month), entity)
    if as_json:
        print(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=2, default=str))
        return
    for index in found:
        if index.span != (YEAR_TO_DATE if year_to_date else MONTH):
            continue
        print("\n".join(head_lines(index)))
        table = Table(title=f"{index.entity_name_vi}, {index.month}: index, formula version {index.formula_version}")
        for name in ("component", "tên", "tử số", "mẫu số", "tỷ lệ", "ngưỡng", "điểm", "tối đa", "source"):
            right = name in ("tử số", "mẫu số", "tỷ lệ", "ngưỡng", "điểm", "tối đa")
            table.add_column(name, no_wrap=True, justify="right" if right else "left")
        for group in index.groups:
            table.add_row(
                group.group_id,
                group.name_vi.upper(),
                "",
                "",
                "",
                "",
                points_text(group.score),
                f"{points_text(group.scored_max)} / {points_text(group.score_max)}",
                "",
                style="bold",
            )
            for one in group.components:
                threshold = "" if one.threshold_percent is None else f"{formats.exact(one.threshold_percent)}%"
                table.add_row(
                    f"  {one.component_id}",
                    one.name_vi,
                    digits(one.numerator),
                    digits(one.denominator),
                    ratio_text(one),
                    threshold,
                    points_text(one.points),
                    points_text(one.points_max),
                    one.source,
                )
        out.print(table)
        print("\n".join(missing_lines(index)))


@app.command("period")
def period_figures(
    period: Annotated[str, typer.Option("--period", help="2022-10, 2022-Q3, 2022-H1, 2022-9M or 2022.")],
    calendar: Annotated[
        str, typer.Option("--calendar", help="Reporting calendar: calendar_month, from_15, from_21.")
    ] = "calendar_month",
    entity: Annotated[
        str | None, typer.Option("--entity", help="Agency or group, by code; default: the province.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """A month, quarter, half-year, nine months or year of one reporting calendar: its days, figures, and changes."""
    from dvctt.queries.periods import as_text, read_period

    read = read_period(current_of(Settings.from_environment()), Period.parse(period), calendar, entity)
    if as_json:
        print(json.dumps(asdict(read), ensure_ascii=False, indent=2, default=str))
    else:
        out.print("\n".join(as_text(read)))


@form.command("06a")
def form_06a(
    period: Annotated[str, typer.Option("--period", help="2022-10, 2022-Q3, 2022-H1, 2022-9M or 2022.")],
    calendar: Annotated[
        str, typer.Option("--calendar", help="Reporting calendar: calendar_month, from_15, from_21.")
    ] = "calendar_month",
    by: Annotated[
        str | None, typer.Option("--by", help="field or agency; default: agency, and field for a single agency.")
    ] = None,
    entity: Annotated[
        str | None, typer.Option("--entity", help="Agency or group, by code; default: the province.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Form II.06a, what came of the filings of a period, as at its end. Exit 1 if it does not add up."""
    from dvctt.queries import forms
    from dvctt.report.tables.form_06a import FORM_06A_COLUMNS

    if by not in (None, "field", "agency"):
        raise typer.BadParameter(f"--by: found {by!r}, wanted field or agency")
    read = forms.read_form_06a(
        current_of(Settings.from_environment()), Period.parse(period), calendar, by and f"by_{by}", entity
    )
    if as_json:
        print(json.dumps(forms.as_json(read), ensure_ascii=False, indent=2, default=str))
    else:
        out.print("\n".join(forms.head_lines(read)))
        table = Table()
        table.add_column("TT\n(1)", no_wrap=True)
        table.add_column(f"{'Lĩnh vực' if read.arrangement == 'by_field' else 'Cơ quan'}\n(2)", no_wrap=True)
        for number, heading in FORM_06A_COLUMNS.values():
            table.add_column(f"{heading}\n({number})", no_wrap=True, justify="right")
        for line in read.lines:
            table.add_row(line.number, line.name_vi, *(digits(line.figures[name]) for name in FORM_06A_COLUMNS))
        out.print(table)
        out.print("\n".join(forms.foot_lines(read)))
    if not read.adds_up:
        raise typer.Exit(1)


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
        table = Table(title="Published figures")
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
        out.print(table)
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
        newest = max(row["month"] for row in checks)
        table = Table(
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
        out.print(table)
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
        print(json.dumps(asdict(explanation), ensure_ascii=False, indent=2, default=str))
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
        print(json.dumps(asdict(made), ensure_ascii=False, indent=2, default=str))
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


@app.command("report")
def report_documents(
    month: Annotated[str | None, typer.Option("--month", help="YYYY-MM.")] = None,
    period: Annotated[
        str | None, typer.Option("--period", help="Instead of a month: 2022-10, 2022-Q3, 2022-H1, 2022-9M or 2022.")
    ] = None,
    calendar: Annotated[
        str | None,
        typer.Option("--calendar", help="Of the period: calendar_month, from_15, from_21; default: calendar_month."),
    ] = None,
    packets: Annotated[bool, typer.Option("--all", help="Also one packet for every agency.")] = False,
    target: Annotated[
        Path | None,
        typer.Option("--out", help="Folder; default: <home>/reports/<publication>/<month, or calendar/period>."),
    ] = None,
    language: Annotated[str, typer.Option("--lang", help="vi, or a folder of include/reports/locale.")] = "vi",
) -> None:
    """Write the documents of a month or period out of the current publication: HTML, PDF to be signed, XLSX with sums as
    formulas.
    """
    asked, key = _what_to_report(month, period, calendar, packets=packets)
    settings = Settings.from_environment()
    publication = current_of(settings)
    folder = _folder_of_report(settings, target, publication, key)
    if asked is None:
        _report_period(settings, publication, folder, key, language)
    else:
        _report_month(settings, publication, folder, asked, language, packets=packets)


def _what_to_report(
    month: str | None, period: str | None, calendar: str | None, *, packets: bool
) -> tuple[Month | None, str]:
    """The month, if it is one of the plain calendar, and the key of what is asked for."""
    if (month is None) == (period is None):
        raise typer.BadParameter("wanted either --month or --period")
    if period is not None and calendar is None and Period.parse(period).kind is PeriodKind.MONTH:
        month, period = period, None
    if period is None and calendar is not None:
        raise typer.BadParameter("--calendar: wanted only with --period; --month is a calendar month")
    if period is not None and packets:
        raise typer.BadParameter("--all: there are packets of a calendar month only; wanted --month")
    asked = Month.parse(month) if month else None
    return asked, str(asked) if asked else f"{calendar or 'calendar_month'}/{Period.parse(period or '')}"


def _folder_of_report(settings: Settings, target: Path | None, publication: Publication, key: str) -> Path:
    folder = (target or settings.home / "reports" / str(publication.number) / key).resolve()
    if folder.is_relative_to(settings.published.resolve()):
        raise DvcttError(
            f"--out {folder}: found a folder inside {settings.published}, wanted one that no publication is in"
        )
    refuse_no_folder(folder)
    return folder


def _report_period(settings: Settings, publication: Publication, folder: Path, key: str, language: str) -> None:
    from dvctt.report.documents.period import write_period_documents

    clock = time.monotonic()
    province = load_province(settings.province_folder)
    written = write_period_documents(publication.marts, folder, province, publication.number, key, language=language)
    out.print("\n".join(map(str, written)))
    log.info("report: period %s out of publication %d, %.1f s", key, publication.number, time.monotonic() - clock)


def _report_month(
    settings: Settings, publication: Publication, folder: Path, month: Month, language: str, *, packets: bool
) -> None:
    from dvctt.report.documents.month import packets_folder, write_documents

    clock = time.monotonic()
    written = write_documents(
        publication.marts,
        publication.reports / f"bao-cao-{month}.html",
        folder,
        load_province(settings.province_folder),
        publication.number,
        month.first_day,
        packets=packets,
        language=language,
    )
    for path in written:
        if path.parent == folder:
            out.print(str(path))
    if packets:
        of_agencies = folder / packets_folder(language)
        out.print(f"{of_agencies}: {len({path.stem for path in written if path.parent == of_agencies})} packets")
    log.info(
        "report: %d files out of publication %d, %.1f s", len(written), publication.number, time.monotonic() - clock
    )


@app.command()
def dictionary(
    target: Annotated[
        Path, typer.Option("--out", help="Markdown file to write; one that ends in .json is for programs.")
    ],
    language: Annotated[Literal["en", "vi"], typer.Option("--lang", help="The language that it is written in.")] = "en",
) -> None:
    """Write the data dictionary of the published tables from dbt's manifest of the last build."""
    from dvctt.queries.dictionary import write_dictionary, write_published_tables

    if target.is_dir():
        raise DvcttError(f"--out {target}: found a folder, wanted the name of a file")
    refuse_no_folder(target.resolve().parent)
    candidate = Settings.from_environment().candidate
    if target.suffix == ".json":
        write_published_tables(candidate, target)
    else:
        write_dictionary(candidate, target, language)
    out.print(str(target))
