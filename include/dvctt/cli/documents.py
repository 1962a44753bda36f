"""Commands that write documents: reports of a month or a period, and the data dictionary."""

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from dvctt.cli.root import app
from dvctt.cli.screen import current_of, out, refuse_no_folder
from dvctt.core.errors import DvcttError
from dvctt.core.period import Month, Period, PeriodKind
from dvctt.settings import Settings

if TYPE_CHECKING:
    from dvctt.publications.reading import Publication

log = logging.getLogger(__name__)


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


def _folder_of_report(settings: Settings, target: Path | None, publication: "Publication", key: str) -> Path:
    folder = (target or settings.home / "reports" / str(publication.number) / key).resolve()
    if folder.is_relative_to(settings.published.resolve()):
        raise DvcttError(
            f"--out {folder}: found a folder inside {settings.published}, wanted one that no publication is in"
        )
    refuse_no_folder(folder)
    return folder


def _report_period(settings: Settings, publication: "Publication", folder: Path, key: str, language: str) -> None:
    from dvctt.province.folder import load_province
    from dvctt.report.documents.period import write_period_documents

    clock = time.monotonic()
    province = load_province(settings.province_folder)
    written = write_period_documents(
        publication.marts,
        folder,
        province,
        publication.number,
        key,
        is_sample=publication.is_sample,
        language=language,
    )
    out.print("\n".join(map(str, written)))
    log.info("report: period %s out of publication %d, %.1f s", key, publication.number, time.monotonic() - clock)


def _report_month(
    settings: Settings, publication: "Publication", folder: Path, month: Month, language: str, *, packets: bool
) -> None:
    from dvctt.province.folder import load_province
    from dvctt.report.documents.month import packets_folder, write_documents

    clock = time.monotonic()
    written = write_documents(
        publication.marts,
        publication.reports / f"bao-cao-{month}.html",
        folder,
        load_province(settings.province_folder),
        publication.number,
        month.first_day,
        data=publication.data_of(f"reports/bao-cao-{month}.html"),
        is_sample=publication.is_sample,
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
