"""The command line ``dvctt``: every stage without Airflow, and the questions that people ask of a publication.

Parsing, printing and exit codes only; what is asked is answered by the other rooms. Exit code 0: yes, done, nothing new;
1: no, with one error in words; 2: the call itself is wrong.
"""

import json
import logging
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table

from dvctt import __version__
from dvctt.core.clock import now
from dvctt.core.errors import DvcttError, PublishError
from dvctt.core.files import denied_in_words, is_denied_in
from dvctt.core.period import Month, Period, PeriodKind, month_of_run
from dvctt.landing.zone import Extract
from dvctt.pipeline import look, stages
from dvctt.pipeline.close import close_month, reopen_month
from dvctt.pipeline.decisions import accept_hold, reject_hold, restore_extract, withdraw_extract
from dvctt.province.folder import load_province
from dvctt.publications import holds
from dvctt.publications.publish import Publication, Standing, answer_problems, current_publication, refuse_damaged
from dvctt.settings import Settings
from dvctt.warehouse.connections import candidate_path, open_candidate, open_published, read_rows
from dvctt.warehouse.foundation import Movement

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="DVCTT Warehouse: from records to figures that add up."
)
check = typer.Typer(no_args_is_help=True, help="Questions to the current publication and to the configuration.")
airflow = typer.Typer(no_args_is_help=True, help="Airflow on this machine, in this home.")
app.add_typer(check, name="check")
app.add_typer(airflow, name="airflow")
quarantine = typer.Typer(no_args_is_help=True, help="Rows that were set aside.")
values = typer.Typer(no_args_is_help=True, help="How sources write what national lists hold.")
baselines = typer.Typer(no_args_is_help=True, help="The frozen past.")
publications = typer.Typer(no_args_is_help=True, help="What has been published in this home.")
metric = typer.Typer(no_args_is_help=True, help="A metric by all its definitions.")
gates = typer.Typer(no_args_is_help=True, help="The gate itself.")
alerts = typer.Typer(no_args_is_help=True, help="What people were told, and what still waits to be delivered.")
form = typer.Typer(no_args_is_help=True, help="Forms that the reporting regime prescribes.")
extracts = typer.Typer(no_args_is_help=True, help="Files that have landed, and which of them the nights leave out.")
held = typer.Typer(no_args_is_help=True, help="What moved a month beyond its band, and waits for a named person.")
app.add_typer(held, name="held")
app.add_typer(extracts, name="extracts")
app.add_typer(alerts, name="alerts")
app.add_typer(form, name="form")
app.add_typer(gates, name="gates")
app.add_typer(metric, name="metric")
app.add_typer(publications, name="publications")
app.add_typer(quarantine, name="quarantine")
app.add_typer(baselines, name="baselines")
app.add_typer(values, name="values")

out = Console(highlight=False, width=1000)
"""Wide whatever the terminal: one line a figure, for a person and for grep."""
log = logging.getLogger(__name__)

MonthOption = Annotated[
    str | None, typer.Option("--month", help="YYYY-MM; default: the newest month that has filings.")
]
PublicationOption = Annotated[
    int | None, typer.Option("--publication", help="The publication's number; default: the current one.")
]
HoldArgument = Annotated[int, typer.Argument(help="The hold's number: dvctt held list.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document instead of a table.")]


def main() -> None:
    """Entry point: an error on purpose is printed in words and ends with 1; a bug keeps its traceback."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    for noisy in ("airflow", "alembic", "great_expectations"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        app()
    except DvcttError as error:
        print(f"dvctt: {type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        home = Settings.from_environment().home
        if not is_denied_in(home, error):
            raise
        print(f"dvctt: {denied_in_words(home, error)}", file=sys.stderr)
        sys.exit(1)


@app.callback(invoke_without_command=True)
def _version(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    if version:
        out.print(__version__)
        raise typer.Exit


@app.command()
def run(
    month: MonthOption = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Publish again although nothing is new.")] = False,
) -> None:
    """Run the night's stages here, without Airflow: land, build, check, publish."""
    settings = Settings.from_environment()
    run_id = f"cli__{now().isoformat()}"
    reporting = month_of_run(parameter=month)
    try:
        night = stages.land_extracts(settings, run_id=run_id, month=reporting, rebuild=rebuild)
        reporting = Month.parse(night.month) if night and night.month else reporting
        if night is None:
            out.print("nothing new: the current publication holds all that has landed (không có gì mới)")
            _print_summary(settings, reporting)
            return
        for stage in stages.AFTER_LANDING:
            stage(settings, run_id=run_id)
    except Exception as error:
        _alert(error, run_id, reporting)
        raise
    _print_summary(settings, reporting)


def _alert(error: Exception, run_id: str, month: Month | None) -> None:
    """Tell people, as the DAG does; what goes wrong while telling must not hide what went wrong."""
    from dvctt.notify import alerts, channels

    try:
        channels.send(
            alerts.alert_for(error, stage="dvctt run", month=str(month) if month else None, run_id=run_id, log_url=None)
        )
    except DvcttError as failed:
        log.error("the alert did not go out: %s", failed)


@app.command()
def close(
    month: Annotated[str, typer.Option("--month", help="YYYY-MM: the month to close.")],
    approved_by: Annotated[
        str, typer.Option("--approved-by", help="The person who approved it; printed on the report.")
    ],
    note: Annotated[str | None, typer.Option("--note", help="What that person wants kept beside it.")] = None,
) -> None:
    """Freeze a month out of the current publication; later rows do not move its figures any more."""
    settings = Settings.from_environment()
    closed = close_month(settings, month=Month.parse(month), approved_by=approved_by, note=note)
    out.print(
        f"{month} closed: revision {closed.revision}, out of publication {closed.publication}, "
        f"approved by {closed.approved_by}, {len(closed.waived)} feeds waived"
    )
    out.print(f"figures:  dvctt figure --month {month} --revision {closed.revision}")
    out.print(f"folder:   {closed.folder}")
    out.print("the next night publishes it as closed: dvctt run")


@app.command()
def reopen(
    month: Annotated[str, typer.Option("--month", help="YYYY-MM: the closed month.")],
    by: Annotated[str, typer.Option("--by", help="The person who opens it again; kept and printed.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept and printed.")],
) -> None:
    """Open a closed month again. What was closed stays as it is; the next close makes the next revision."""
    revision = reopen_month(Settings.from_environment(), month=Month.parse(month), by=by, reason=reason)
    out.print(
        f"{month} is open again; revision {revision.closed.revision} stays as it is: {revision.closed.folder}\n"
        f"the next night publishes its live figures: dvctt run"
    )


@extracts.command("list")
def extracts_list(
    month: Annotated[str | None, typer.Option("--month", help="YYYY-MM; default: all months.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Every landed file: its id, rows, when it came, and whether the nights read it (``active``), read a newer version in its
    place (``replaced``), or leave it out (``withdrawn``: by whom, when and why).
    """
    from dvctt.landing.zone import active_extracts, landed_extracts
    from dvctt.publications.holds import left_out

    settings = Settings.from_environment()
    landed = landed_extracts(settings.landing)
    out_of_nights = {one.extract_id: one for one in left_out(settings.ledgers, landed)}
    active = {extract.extract_id for extract in active_extracts(landed, out_of_nights.keys())}
    wanted = str(Month.parse(month)) if month else None
    found = [
        {
            "extract_id": extract.extract_id,
            "source": extract.source,
            "entity": extract.entity,
            "month": extract.month,
            "file_name": extract.file_name,
            "rows": extract.rows,
            "landed_at": extract.finished_at,
            "state": left.why if (left := out_of_nights.get(extract.extract_id)) else (
                "active" if extract.extract_id in active else "replaced"
            ),
            "by": left.by if left else None,
            "at": left.at if left else None,
            "reason": left.reason if left else None,
        }
        for extract in landed
        if wanted in (None, extract.month)
    ]  # fmt: skip
    if as_json:
        _print_json(found)
        return
    table = Table(title=f"Extracts in {settings.landing}")
    for name in ("extract", "rows", "landed at", "state", "by", "at", "reason"):
        table.add_column(name, no_wrap=True, justify="right" if name == "rows" else "left")
    for one in found:
        table.add_row(
            str(one["extract_id"]), _number(one["rows"]), str(one["landed_at"]), str(one["state"]), one["by"] or "",
            one["at"] or "", one["reason"] or "",
        )  # fmt: skip
    out.print(table)
    out.print(f"{len(found)} extracts, {sum(one['by'] is not None for one in found)} of them left out of the nights")


@extracts.command("withdraw")
def extracts_withdraw(
    extract_id: Annotated[str, typer.Argument(help="The extract's id: dvctt extracts list.")],
    by: Annotated[str, typer.Option("--by", help="The person who withdraws it; kept and printed.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept and printed.")],
) -> None:
    """Take a landed file out of all later nights. It stays in landing; the version before it is read in its place."""
    instead = withdraw_extract(Settings.from_environment(), extract_id, by=by, reason=reason)
    read = ", ".join(extract.extract_id for extract in instead) or "nothing: no other version of this name has landed"
    out.print(f"{extract_id} withdrawn; in its place the nights read {read}", markup=False)
    out.print("the next night publishes without it: dvctt run; undo: dvctt extracts restore")


@extracts.command("restore")
def extracts_restore(
    extract_id: Annotated[str, typer.Argument(help="The extract's id: dvctt extracts list.")],
    by: Annotated[str, typer.Option("--by", help="The person who restores it; kept and printed.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept and printed.")],
) -> None:
    """Let the nights read a withdrawn file again."""
    restore_extract(Settings.from_environment(), extract_id, by=by, reason=reason)
    out.print(f"{extract_id} restored; the next night publishes with it: dvctt run", markup=False)


@held.command("list")
def held_list(
    everything: Annotated[bool, typer.Option("--all", help="What was decided, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """What waits for a named person before readers see it: a file's version, or the whole publication."""
    from dvctt.landing.zone import landed_extracts

    settings = Settings.from_environment()
    extracts = landed_extracts(settings.landing)
    known = [(hold, _state_of(settings, hold, extracts)) for hold in holds.holds(settings.ledgers)]
    found = [(hold, state) for hold, state in known if everything or state == "waiting"]
    if as_json:
        _print_json([{**asdict(hold), "state": state} for hold, state in found])
        return
    table = Table(title=f"Held in {settings.home}")
    for name in ("hold", "state", "what", "figures", "first: whose, month, before -> now, band", "since", "by"):
        table.add_column(name, no_wrap=True)
    for hold, state in found:
        table.add_row(
            str(hold.number), state, hold.extract_id or "the whole publication", str(sum(m.is_beyond for m in hold.movements)),
            _moved(hold.movements[0]), hold.held_at, hold.by or "",
        )  # fmt: skip
    out.print(table)
    out.print(f"{len(found)} of {len(known)} that were ever held; look closer: dvctt held show HOLD")


@held.command("show")
def held_show(number: HoldArgument, as_json: JsonOption = False) -> None:
    """The figures that a hold is about: the person who accepts it answers for these and no others."""
    from dvctt.landing.zone import landed_extracts

    settings = Settings.from_environment()
    hold = holds.find(settings.ledgers, number)
    state = _state_of(settings, hold, landed_extracts(settings.landing))
    if as_json:
        _print_json({**asdict(hold), "state": state})
        return
    table = Table(title=f"Hold {number}: {hold.extract_id or 'the whole publication, no file is to blame'}")
    for name in (
        "entity",
        "measure",
        "scope",
        "whose",
        "month",
        "held against",
        "before",
        "lowest",
        "highest",
        "now",
        "",
    ):
        table.add_column(name, no_wrap=True)
    for m in hold.movements:
        table.add_row(
            m.entity, m.measure, m.scope, m.entity_name_vi, m.month, m.basis, _number(m.before_value),
            _number(m.lowest_value), _number(m.highest_value), _number(m.new_value), "beyond" if m.is_beyond else "",
        )  # fmt: skip
    out.print(table)
    out.print(f"{state} since {hold.decided_at or hold.held_at}, held by run {hold.run_id}", markup=False)
    if hold.by:
        out.print(f"by {hold.by}: {hold.reason}", markup=False)
    if state == "waiting":
        out.print(f"the figures are right:  dvctt held accept {number} --by NAME --reason TEXT")
        if hold.extract_id:
            out.print(f"the file is wrong:      dvctt held reject {number} --by NAME --reason TEXT")


@held.command("accept")
def held_accept(
    number: HoldArgument,
    by: Annotated[str, typer.Option("--by", help="The person who answers for the figures; kept and printed.")],
    reason: Annotated[str, typer.Option("--reason", help="Why they are right; kept and printed.")],
) -> None:
    """Let the next night publish what is held, with the figures that were shown; other figures ask again."""
    hold = accept_hold(Settings.from_environment(), number, by=by, reason=reason)
    out.print(f"hold {number} accepted by {hold.by}; the next night publishes it: dvctt run", markup=False)


@held.command("reject")
def held_reject(
    number: HoldArgument,
    by: Annotated[str, typer.Option("--by", help="The person who rejects it; kept and printed.")],
    reason: Annotated[str, typer.Option("--reason", help="Why it is wrong; kept and printed.")],
) -> None:
    """Keep the version of a file that is held out of all nights; new content under its name is judged anew."""
    hold = reject_hold(Settings.from_environment(), number, by=by, reason=reason)
    out.print(
        f"hold {number} rejected by {hold.by}; the nights read the version before, if there is one. Ask the source to send "
        f"the month again",
        markup=False,
    )


def _state_of(settings: Settings, hold: holds.Hold, extracts: Sequence[Extract]) -> str:
    if hold.state == "waiting" and holds.is_outdated(settings.ledgers, hold, extracts):
        return "outdated"
    return hold.state


def _moved(m: Movement) -> str:
    band = f"{_number(m.lowest_value)} to {'any' if m.highest_value is None else _number(m.highest_value)}"
    return f"{m.entity_name_vi} {m.month}: {_number(m.before_value)} -> {_number(m.new_value)} {m.entity}, {m.measure}, {band}"


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


@app.command()
def sample(
    out_folder: Annotated[Path, typer.Option("--out", help="Inbox folder to write the source files into.")],
    scale: Annotated[int, typer.Option("--scale", min=1, help="Multiply the volume, for benchmarks.")] = 1,
) -> None:
    """Write the sample one-stop system's source files: ten months that reproduce the published figures."""
    from dvctt.sample import write_sample

    clock = time.monotonic()
    settings = Settings.from_environment()
    _refuse_no_folder(out_folder)
    summary = write_sample(settings.province_folder, out_folder, scale)
    rows = sum(file.rows for file in summary.files)
    log.info("sample: %d files, %d rows in %s, %.1f s", len(summary.files), rows, out_folder, time.monotonic() - clock)


@app.command()
def status(month: MonthOption = None) -> None:
    """The current publication: figures of a month, and where report, marts and verdict lie."""
    _print_summary(Settings.from_environment(), Month.parse(month) if month else None)


@app.command()
def verdict(as_json: JsonOption = False) -> None:
    """The last verdict of the gate in this home: what was checked, and what did not hold. Exit 1 unless it passed."""
    path = Settings.from_environment().candidate / "verdict.json"
    if not path.is_file():
        raise DvcttError(f"{path}: no verdict yet; wanted a run that reached its gate: dvctt run")
    content = json.loads(path.read_text(encoding="utf-8"))
    if as_json:
        print(json.dumps(content, ensure_ascii=False, indent=2))
    else:
        table = Table(title=f"{content['verdict_vi']} ({content['verdict']}), {content['run_id']}")
        for name in ("id", "severity", "status", "rows", "failing", "first failing row, or why not checked"):
            table.add_column(name, no_wrap=True)
        for item in content["checks"]:
            first = item["failing_rows"][0] if item["failing_rows"] else {}
            place = ("subject", "source_id", "entity", "month", "agency_code", "agency_name_vi")
            words = ", ".join([*(f"{key}={first[key]}" for key in place if first.get(key)), first.get("words", "")])
            table.add_row(
                item["id"], item["severity"], item["status"], str(item["rows_seen"]),
                str(item["failing_rows_total"]), item["error"] or words,
            )  # fmt: skip
        out.print(table)
        out.print(f"verdict: {path}")
    if content["verdict"] != "passed":
        raise typer.Exit(1)


@app.command()
def rows(
    table: Annotated[str, typer.Option("--table", help="A table of the candidate, such as aud_totals.")],
    month: Annotated[str | None, typer.Option("--month", help="YYYY-MM; default: all months.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1)] = 50,
    published: Annotated[bool, typer.Option("--published", help="Ask the current publication instead.")] = False,
) -> None:
    """Show rows of an audit, fact or mart table: what a verdict or an alert tells you to look at."""
    settings = Settings.from_environment()
    opened = open_published(_current(settings).marts) if published else open_candidate(settings.candidate)
    with opened as connection:
        known = [row[0] for row in connection.execute("select table_name from duckdb_tables() order by 1").fetchall()]
        if table not in known:
            raise DvcttError(f"no table {table!r}; wanted one of {', '.join(known)}")
        columns = [row[0] for row in connection.execute(f'describe "{table}"').fetchall()]
        dated = next(
            (name for name in ("month", "file_month", "received_month", "paid_month") if name in columns), None
        )
        if month and dated is None:
            raise DvcttError(f"table {table!r} has no month; found {', '.join(columns)}")
        where = f"where {dated} = ?" if month else ""
        parameters = [Month.parse(month).first_day] if month else []
        cursor = connection.execute(f'select * from "{table}" {where} order by all limit {limit}', parameters)
        shown = Table(title=f"{table} ({'publication' if published else candidate_path(settings.candidate)})")
        for name in columns:
            shown.add_column(name, no_wrap=True)
        for row in cursor.fetchall():
            shown.add_row(*("" if value is None else str(value) for value in row))
    out.print(shown)


@app.command("reconcile")
def reconcile_month(
    month: Annotated[str, typer.Option("--month", help="YYYY-MM.")],
    as_json: JsonOption = False,
) -> None:
    """One month at four points: source, landing, facts + quarantined + superseded, published. Exit 1 if any differ."""
    from dvctt.queries.reconcile import reconcile
    from dvctt.report.wording import formats

    lines = reconcile(Settings.from_environment(), Month.parse(month))
    wrong = [line for line in lines if line.differences]
    if as_json:
        _print_json([{**vars(line), "differences": line.differences} for line in lines])
    else:
        table = Table(title=f"{month} at four points")
        for name in ("entity", "agency", "unit", "control", "landed", "accounted", "facts", "published", "difference"):
            table.add_column(name, no_wrap=True, justify="left" if name in ("entity", "agency", "unit") else "right")
        for line in lines:
            place = f"{line.agency_code} {line.agency_name_vi or ''}".strip() if line.agency_code else "(all)"
            differences = "; ".join(f"{name} {formats.signed_count(size)}" for name, size in line.differences.items())
            points = (line.control, line.landed, line.accounted, line.fact, line.published)
            table.add_row(
                f"{line.source_id}.{line.entity}", place, line.unit, *(_number(point) for point in points), differences
            )
        out.print(table)
        out.print(f"{len(lines)} lines, {len(wrong)} that differ")
        for line in wrong:
            out.print(
                f"differs: {line.source_id} {line.entity} {line.month} {line.agency_name_vi or line.agency_code or ''} "
                f"{line.unit}: {line.differences}"
            )
    if wrong:
        raise typer.Exit(1)


@app.command()
def parity(
    number: Annotated[int | None, typer.Option("--publication", help="Its number; default: the current one.")] = None,
    as_json: JsonOption = False,
) -> None:
    """What nights built one after the other against a build from nothing, row for row. Exit 1 if a table differs, or a
    file that was published has changed.
    """
    from dvctt.publications.rebuild import compare, rebuild
    from dvctt.publications.store import find

    settings = Settings.from_environment()
    publication = _current(settings, damaged_too=True) if number is None else find(settings.published, number)
    problems = answer_problems(publication)
    for problem in problems:
        print(problem, file=sys.stderr)
    with open_published(publication.marts):
        pass  # what cannot be opened at all is said before anything is built for minutes
    with TemporaryDirectory(prefix="dvctt-parity-") as folder:
        compared = compare(publication, rebuild(settings, publication, Path(folder)))
    differing = [table for table in compared if table.differs]
    if as_json:
        _print_json([vars(table) for table in compared])
    else:
        table = Table(title=f"Publication {publication.number} and a build from nothing")
        for name in ("table", "rows", "only published", "only rebuilt"):
            table.add_column(name, no_wrap=True, justify="left" if name == "table" else "right")
        for line in compared:
            table.add_row(
                line.table, _number(line.rows), _number(line.only_published), _number(line.only_rebuilt)
            )  # fmt: skip
        out.print(table)
        rows = sum(line.rows for line in compared)
        out.print(f"{len(compared)} tables, {_number(rows)} rows compared, {len(differing)} tables that differ")
    if differing or problems:
        raise typer.Exit(1)


@quarantine.command("list")
def quarantine_list(
    month: Annotated[str | None, typer.Option("--month", help="YYYY-MM; default: all months.")] = None,
    agency: Annotated[str | None, typer.Option("--agency", help="An agency's code.")] = None,
    published: Annotated[
        bool, typer.Option("--published", help="Ask the current publication, not the last run.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Rows that were set aside: source, file, record number and reason; no value of the row itself."""
    settings = Settings.from_environment()
    opened = open_published(_current(settings).marts) if published else open_candidate(settings.candidate)
    with opened as connection:
        found = read_rows(
            connection,
            "select source_id, entity, strftime(file_month, '%Y-%m') as file_month, file_name, row_number, "
            "source_agency_code, agency_name_vi, quarantine_reason, reason_name_vi, unparseable_columns, next_vi "
            "from fct_quarantined_rows where (? is null or file_month = ?) and (? is null or source_agency_code = ?) "
            "order by source_id, entity, file_month, file_name, row_number",
            [month, Month.parse(month).first_day if month else None, agency, agency],
        )
    if as_json:
        _print_json(found)
        return
    table = Table(title="Set aside" + ("" if published else " by the last run"))
    for name in ("source", "entity", "file", "record", "agency", "reason", "columns", "what to do"):
        table.add_column(name, no_wrap=True)
    for row in found:
        table.add_row(
            row["source_id"], row["entity"], row["file_name"], str(row["row_number"]),
            f"{row['source_agency_code'] or ''} {row['agency_name_vi']}".strip(),
            f"{row['quarantine_reason']}: {row['reason_name_vi']}", row["unparseable_columns"] or "", row["next_vi"] or "",
        )  # fmt: skip
    out.print(table)
    out.print(f"{len(found)} rows set aside; record 1 of a file is the first after its header")


@values.command("unmapped")
def values_unmapped(
    month: Annotated[str | None, typer.Option("--month", help="YYYY-MM of the files; default: all months.")] = None,
    published: Annotated[
        bool, typer.Option("--published", help="Ask the current publication, not the last run.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Coded columns in which sources write what no list has: source, entity, column, month, rows; never the values.

    Exit 1 if there are any.
    """
    settings = Settings.from_environment()
    opened = open_published(_current(settings).marts) if published else open_candidate(settings.candidate)
    with opened as connection:
        found = read_rows(
            connection,
            "select source_id, entity, column_name, strftime(file_month, '%Y-%m') as file_month, row_count, "
            "unmapped_rows, set_aside_rows from aud_unmapped_values "
            "where unmapped_rows > 0 and (? is null or file_month = ?) order by all",
            [month, Month.parse(month).first_day if month else None],
        )
    if as_json:
        _print_json(found)
    else:
        table = Table(title="Values that no list has" + ("" if published else ", in the last run"))
        for name in ("source", "entity", "column", "month", "rows", "unmapped", "of these set aside"):
            table.add_column(name, no_wrap=True, justify="right" if name in ("rows", "unmapped") else "left")
        for row in found:
            table.add_row(*(str(value) for value in row.values()))
        out.print(table)
        unmapped = sum(row["unmapped_rows"] for row in found)
        out.print(
            f"{unmapped} values in {len(found)} columns of a month; map them in {settings.province_folder / 'values.csv'} "
            f"(docs/how-to/map-values.md); which records: dvctt quarantine list, then the source's file"
        )
    if found:
        raise typer.Exit(1)


@gates.command("mutate")
def gates_mutate(
    only: Annotated[str | None, typer.Option("--only", help="One fault's id.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Inject faults into good data, one at a time, and show which check caught each. Exit 1 if one was missed."""
    from dvctt.proving import prove

    settings = Settings.from_environment()
    settings.home.mkdir(parents=True, exist_ok=True)
    proof = prove(
        load_province(settings.province_folder),
        settings.home,
        only=only,
        progress=lambda outcome: log.info("%s: %s", outcome.fault_id, "ok" if outcome.ok else "MISSED"),
    )
    if as_json:
        _print_json([vars(outcome) for outcome in proof.outcomes])
    else:
        for outcome in proof.outcomes:
            also = [name for name in outcome.caught_by if name != outcome.wanted]
            words = f"{outcome.wanted}" + (f" (also {len(also)} others)" if also else "")
            found = (
                words if outcome.ok else f"wanted {outcome.wanted}, found {', '.join(outcome.caught_by) or 'nobody'}"
            )
            out.print(f"{'ok    ' if outcome.ok else 'MISSED'} {outcome.fault_id:<44} {outcome.verdict:<15} {found}")
    for rule in proof.unproven:
        out.print(f"no fault names the critical expectation {rule}")
    print(proof.score, file=sys.stderr if as_json else sys.stdout)
    if not proof.complete:
        raise typer.Exit(1)


@alerts.command("list")
def alerts_list() -> None:
    """Every alert in the outbox: when, what, whom it has reached, and what keeps it from the others."""
    from dvctt.notify import channels

    table = Table(title="Alerts")
    for name in ("made at", "to", "state", "tries", "next try", "subject", "reason"):
        table.add_column(name, no_wrap=True)
    for entry in channels.waiting_and_sent():
        for delivery in entry.deliveries:
            state = f"delivered {delivery.delivered_at}" if delivery.delivered_at else "waits"
            table.add_row(
                entry.made_at, channels.masked(delivery), state, str(delivery.attempts), delivery.next_try_at or "",
                entry.subject_vi, delivery.reason or "",
            )  # fmt: skip
    out.print(table)


@alerts.command("retry")
def alerts_retry() -> None:
    """Try everything that waits once more, now. Exit 1 if something still waits."""
    from dvctt.notify import channels

    waiting = channels.deliver_waiting()
    for entry in waiting:
        for delivery in entry.waiting:
            out.print(
                f"waits: {entry.subject_vi}: {channels.masked(delivery)}: {delivery.reason or 'not configured now'}"
            )
    if waiting:
        raise typer.Exit(1)
    out.print("nothing waits: every alert has reached everybody (không còn tin nào chờ gửi)")


@publications.command("list")
def publications_list() -> None:
    """Every publication there is or was: number, when, month, run, extracts, software; the current one is marked.

    Of what cannot be read it says why. Exit 1 if readers see nothing.
    """
    from dvctt.publications.publish import pointed, rollbacks
    from dvctt.publications.retention import removed
    from dvctt.publications.store import listed, pointer_problem, unreadable

    settings = Settings.from_environment()
    problem = pointer_problem(settings.published)
    gone = removed(settings.published)
    marks = {publication.number: "removed" for publication in gone}
    if problem is None and (current := pointed(settings.published)):
        marks[current] = "current"
    table = Table(title=f"Publications in {settings.published}")
    for name in ("", "number", "published at", "month", "verdict", "extracts", "software", "run"):
        table.add_column(name, no_wrap=True)
    for publication in sorted([*gone, *listed(settings.published)], key=lambda publication: publication.number):
        manifest = publication.manifest
        told = [str(manifest.get(name, "?")) for name in ("published_at", "month", "verdict")]
        table.add_row(
            marks.get(publication.number, ""), str(publication.number), *told, str(len(manifest.get("extracts", ()))),
            str(manifest.get("software_version", "?")), str(manifest.get("run_id", "?")),
        )  # fmt: skip
    out.print(table)
    for publication in gone:
        out.print(f"removed {publication.number} at {publication.at}: {publication.why}")
    for number, why in unreadable(settings.published).items():
        out.print(f"not a publication: {number}: {why}", markup=False)
    for event in rollbacks(settings.published):
        out.print(
            f"rolled back from {event['from']} to {event['to']} at {event['at']}: {event['reason']}", markup=False
        )
    if problem:
        raise PublishError(problem)


@publications.command("show")
def publications_show(number: Annotated[int, typer.Argument(help="The publication's number.")]) -> None:
    """The manifest of one publication, removed or not: extracts in, software, row counts, size and sha256 of every file.

    What a person looks for first is repeated on stderr: definitions, closed months, when and why it was removed.
    """
    from dvctt.publications.store import find, find_removed, notable

    published = Settings.from_environment().published
    gone = find_removed(published, number)
    manifest = gone.manifest if gone else find(published, number).manifest
    if gone:
        print(f"publication {number} was removed at {gone.at}: {gone.why}", file=sys.stderr)
    for line in notable(manifest):
        print(line, file=sys.stderr)
    print(json.dumps(manifest, ensure_ascii=False, indent=2))


@publications.command("verify")
def publications_verify(
    number: Annotated[int | None, typer.Argument(help="The publication's number; default: every one.")] = None,
) -> None:
    """Hold every file of one publication, or of all, against its manifest. Exit 1 if anything differs, and if readers see
    nothing.
    """
    from dvctt.publications.store import find, listed, pointer_problem, unreadable, verify

    published = Settings.from_environment().published
    wrong = 0
    for publication in listed(published) if number is None else [find(published, number)]:
        problems = verify(publication)
        for problem in problems:
            out.print(str(problem), markup=False)
        counted = len(publication.manifest["files"]), len(publication.manifest.get("row_counts", ()))
        out.print(
            f"publication {publication.number}: {counted[0]} files, {counted[1]} tables checked, {len(problems)} problems"
        )
        wrong += len(problems)
    if number is None:
        for stranger, why in unreadable(published).items():
            out.print(f"not a publication: {stranger}: {why}", markup=False)
            wrong += 1
        if problem := pointer_problem(published):
            raise PublishError(problem)
    if wrong:
        raise typer.Exit(1)


@publications.command("prune")
def publications_prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
) -> None:
    """Remove old publications by the rule in province.yml, and say of each why it stays or goes.

    Exit 1 if one that was to go could not be removed.
    """
    from dvctt.publications import retention

    settings = Settings.from_environment()
    act = retention.decide if dry_run else retention.prune
    decisions, readers = act(
        settings.published,
        load_province(settings.province_folder).retention,
        closing=retention.closing_numbers(settings.closed),
        at=now(),
    )
    for decision in decisions:
        word = "FAILED" if decision.failed else "keep" if decision.keep else "remove"
        out.print(f"{word:<6} {decision.number:>4}  {decision.why}")
    gone = sum(not decision.keep for decision in decisions)
    out.print(f"{len(decisions) - gone} kept, {gone} {'to be ' if dry_run else ''}removed")
    if readers.unseen:
        out.print(f"{readers.unseen} processes of other users could not be looked at: of those only locks are seen")
    if any(decision.failed for decision in decisions):
        raise typer.Exit(1)


@publications.command("diff")
def publications_diff(
    earlier: Annotated[int, typer.Argument(help="The publication with the old figures.")],
    later: Annotated[int, typer.Argument(help="The publication with the new figures.")],
    with_records: Annotated[bool, typer.Option("--records", help="List the records that moved, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Which figures differ between two publications: old, new, and how much of the change each cause makes."""
    from dvctt.publications.restatements import CAUSES, diff
    from dvctt.publications.store import find

    settings = Settings.from_environment()
    found = diff(find(settings.published, earlier), find(settings.published, later), settings.closed)
    if as_json:
        document = {"from": earlier, "to": later, "changes": [vars(change) for change in found.changes]}
        if with_records:
            document["movements"] = [vars(movement) for movement in found.movements]
        print(json.dumps(document, ensure_ascii=False, indent=2, default=str))
        return
    if not found.changes:
        out.print(f"publications {earlier} and {later}: no figure differs")
        return
    table = Table(title=f"What changed from publication {earlier} to {later}")
    for name in ("entity", "metric", "month", "old", "new", "change", *CAUSES, "unexplained", "rate"):
        table.add_column(
            name, no_wrap=True, justify="left" if name in ("entity", "metric", "month", "rate") else "right"
        )
    for change in found.changes:
        rates = (change.old_rate_percent, change.new_rate_percent)
        table.add_row(
            change.entity_name_vi, change.metric, str(Month.of(change.month)), _number(change.old_value),
            _number(change.new_value), _number(change.change), *(_number(part) for part in change.causes.values()),
            _number(change.unexplained), "" if rates == (None, None) else " -> ".join(_number(rate) for rate in rates),
        )  # fmt: skip
    out.print(table)
    if with_records:
        table = Table(title="Records that moved")
        for name in (
            "metric",
            "month",
            "agency",
            "entity",
            "source",
            "record",
            "effect",
            "cause",
            "extract",
            "record no.",
        ):
            table.add_column(name, no_wrap=True)
        for movement in found.movements:
            table.add_row(
                movement.metric, str(Month.of(movement.month)), movement.agency_code, movement.entity, movement.source_id,
                movement.record_id, _number(movement.effect), movement.cause, movement.extract_id,
                str(movement.row_number),
            )  # fmt: skip
        out.print(table)
    adding_up = sum(sum(change.causes.values()) == change.change for change in found.changes)
    out.print(f"{len(found.changes)} figures differ; the causes of {adding_up} add up to the change")


@publications.command("rollback")
def publications_rollback(
    number: Annotated[int, typer.Argument(help="The publication that readers shall see.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept.")],
) -> None:
    """Point readers to an older publication, in one step. The next night publishes anew: mend the cause first."""
    from dvctt.publications.store import rollback

    publication = rollback(Settings.from_environment().published, number, reason=reason)
    out.print(f"readers see publication {publication.number} now")


@baselines.command("update")
def baselines_update(
    through: Annotated[str, typer.Option("--through", help="YYYY-MM: the last month to freeze.")],
) -> None:
    """Freeze the row counts of all months up to one, and print what changed; read it as a diff before you commit it."""
    from dvctt.gate.baselines import update
    from dvctt.warehouse.foundation import ROW_COUNTS

    settings = Settings.from_environment()
    frozen = settings.province_folder / ROW_COUNTS
    changes = update(frozen, _current(settings).marts, load_province(settings.province_folder), Month.parse(through))
    for change in changes:
        out.print(
            f"{change.source_id} {change.entity} {change.file_month}: {_number(change.before)} -> {_number(change.after)}"
        )
    out.print(f"{len(changes)} lines changed in {frozen}; review: git diff {frozen}")


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
    publication = _current(Settings.from_environment())
    compared = compare_online_rates(publication, Month.parse(month), entity, records=records)
    if as_json:
        shown = compared.definitions if compare else (compared.report,)
        print(
            json.dumps(
                {**asdict(compared), "definitions": [asdict(one) for one in shown]},
                ensure_ascii=False, indent=2, default=str,
            )
        )  # fmt: skip
        return
    print("\n".join(as_text(compared, all_definitions=compare)))
    if compare:
        table = Table(title=f"{compared.entity_name_vi}, {compared.month}: online rate by definition")
        for name in ("definition", "version", "tên", "tử số", "mẫu số", "tỷ lệ", "in force", "not applied: no data"):
            table.add_column(name, no_wrap=True, justify="right" if name in ("tử số", "mẫu số", "tỷ lệ") else "left")
        for one in compared.definitions:
            table.add_row(
                one.metric_id, str(one.version), one.name_vi, _number(one.numerator), _number(one.denominator),
                rate_text(one.rate_percent, one.denominator), "yes" if one.is_in_force else "no",
                ", ".join(one.not_applied),
            )  # fmt: skip
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

    found = payments_of(_current(Settings.from_environment()), Month.parse(month), entity, records=records)
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

    publication = _current(Settings.from_environment())
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

    found = read_index(_current(Settings.from_environment()), Month.parse(month), entity)
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
                group.group_id, group.name_vi.upper(), "", "", "", "", points_text(group.score),
                f"{points_text(group.scored_max)} / {points_text(group.score_max)}", "", style="bold",
            )  # fmt: skip
            for one in group.components:
                threshold = "" if one.threshold_percent is None else f"{formats.exact(one.threshold_percent)}%"
                table.add_row(
                    f"  {one.component_id}", one.name_vi, _number(one.numerator), _number(one.denominator),
                    ratio_text(one), threshold, points_text(one.points), points_text(one.points_max), one.source,
                )  # fmt: skip
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

    read = read_period(_current(Settings.from_environment()), Period.parse(period), calendar, entity)
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
        _current(Settings.from_environment()), Period.parse(period), calendar, by and f"by_{by}", entity
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
            table.add_row(line.number, line.name_vi, *(_number(line.figures[name]) for name in FORM_06A_COLUMNS))
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
    _current(settings)
    figures = _query("select * from mart_published_figures order by figure_id")
    missed = [row for row in figures if row["verdict"] == "not_reproduced"]
    if as_json:
        _print_json([{**row, "contradictions": printed.contradicted(held, row["figure_id"])} for row in figures])
    else:
        table = Table(title="Published figures")
        for name in ("#", "entity", "metric", "period", "published", "computed", "interval", "unit", "verdict"):
            table.add_column(name, no_wrap=True, justify="right" if name in ("published", "computed") else "left")
        for row in figures:
            period = f"{row['period_start'] or ''}..{row['period_end']}"
            lower, upper = (_exact(row[name]) for name in ("lower_bound", "upper_bound"))
            table.add_row(
                str(row["figure_id"]), row["entity_name_vi"], row["metric"], period, _exact(row["published_value"]),
                _number(row["computed_value"]), f"[{lower}; {upper}]", row["unit"], row["verdict"],
            )  # fmt: skip
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
    checks = _query(
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
                    row["total_name_vi"], str(Month.of(row['month'])), row["entity_name_vi"], _number(row["total"]),
                    _number(row["sum_of_classes"]), _number(row["residue"]), row["residue_name_vi"] or "",
                    _number(row["unexplained"]),
                )  # fmt: skip
        out.print(table)
        out.print(f"{len(checks)} totals checked, {len(unexplained)} unexplained")
    readings: list[FormatReading] = []
    if formats:
        settings = Settings.from_environment()
        with TemporaryDirectory(prefix="dvctt-additivity-") as scratch:
            readings = read_formats(
                _current(settings),
                load_province(settings.province_folder),
                Path(scratch),
                parameters[0] if month else None,
            )
    if as_json:
        _print_json({"totals": checks, "formats": [asdict(reading) for reading in readings]})
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


@check.command("home")
def check_home() -> None:
    """What a night looks at before it builds: the current publication, landing, closed months, ledgers, each against its hash.
    Changes nothing. Exit 1 if anything was changed or is gone.
    """

    def show(standing: Standing) -> None:
        for problem in standing.problems:
            out.print(f"publication {standing.number}: {problem}", markup=False)

    standing = look.look_over(Settings.from_environment(), show)
    out.print(
        f"publication {standing.number}: {len(standing.problems)} problems; landing, closed months and ledgers: none"
    )
    if standing.problems:
        raise typer.Exit(1)


@check.command("config")
def check_config() -> None:
    """Load the province folder and the gate's suites; an error names file, line and key."""
    from dvctt.gate.judge import load_suites

    settings = Settings.from_environment()
    province = load_province(settings.province_folder)
    suites = load_suites()
    rules = sum(len(suite.expectations) for suite in suites)
    out.print(
        f"{settings.province_folder}: {province.name_vi}, {len(province.agencies)} agencies, "
        f"{len(province.sources)} sources, {len(province.targets)} targets, "
        f"{len(province.published_figures)} published figures; {len(suites)} suites, {rules} expectations"
    )


@airflow.command("nightly")
def airflow_nightly(
    month: Annotated[str, typer.Option("--month", help="YYYY-MM that the night reports: the month before it.")],
) -> None:
    """Run the DAG nightly_warehouse once, through Airflow, for the night after a month's end."""
    from dvctt.pipeline import local_airflow

    settings = Settings.from_environment()
    reported = Month.parse(month)
    first_of_next = reported.shifted(1).first_day
    zone = ZoneInfo(load_province(settings.province_folder).timezone)
    night = datetime(first_of_next.year, first_of_next.month, first_of_next.day, 1, tzinfo=zone)
    log.info("Airflow: preparing %s", settings.airflow_home)
    output = local_airflow.run_nightly(settings, night, lambda words: log.info("%s", words))
    _print_summary(settings, reported)
    out.print(f"log:      {output}")


@airflow.command("up")
def airflow_up() -> None:
    """Start Airflow with its UI and the nightly schedule; Ctrl-C ends it."""
    from dvctt.pipeline import local_airflow

    settings = Settings.from_environment()
    log.info("Airflow: UI at http://127.0.0.1:8080, user and password: %s", local_airflow.password_file(settings))
    raise typer.Exit(local_airflow.serve(settings))


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
    language: Annotated[str, typer.Option("--lang", help="vi or en.")] = "vi",
) -> None:
    """Write the documents of a month or period out of the current publication: HTML, PDF to be signed, XLSX with sums as
    formulas.
    """
    from dvctt.report.documents.month import PACKETS, write_documents
    from dvctt.report.documents.period import write_period_documents

    clock = time.monotonic()
    if (month is None) == (period is None):
        raise typer.BadParameter("wanted either --month or --period")
    if period is not None and calendar is None and Period.parse(period).kind is PeriodKind.MONTH:
        month, period = period, None
    if period is None and calendar is not None:
        raise typer.BadParameter("--calendar: wanted only with --period; --month is a calendar month")
    if period is not None and packets:
        raise typer.BadParameter("--all: there are packets of a calendar month only; wanted --month")
    settings = Settings.from_environment()
    publication = _current(settings)
    asked = Month.parse(month) if month else None
    key = str(asked) if asked else f"{calendar or 'calendar_month'}/{Period.parse(period or '')}"
    folder = (target or settings.home / "reports" / str(publication.number) / key).resolve()
    if folder.is_relative_to(settings.published.resolve()):
        raise DvcttError(
            f"--out {folder}: found a folder inside {settings.published}, wanted one that no publication is in"
        )
    _refuse_no_folder(folder)
    if asked is None:
        written = write_period_documents(
            publication.marts,
            folder,
            load_province(settings.province_folder),
            publication.number,
            key,
            language=language,
        )
        out.print("\n".join(map(str, written)))
        log.info("report: period %s out of publication %d, %.1f s", key, publication.number, time.monotonic() - clock)
        return
    written = write_documents(
        publication.marts,
        publication.reports / f"bao-cao-{asked}.html",
        folder,
        load_province(settings.province_folder),
        publication.number,
        asked.first_day,
        packets=packets,
        language=language,
    )
    for path in written:
        if path.parent == folder:
            out.print(str(path))
    if packets:
        of_agencies = folder / PACKETS[language]
        out.print(f"{of_agencies}: {len({path.stem for path in written if path.parent == of_agencies})} packets")
    log.info(
        "report: %d files out of publication %d, %.1f s", len(written), publication.number, time.monotonic() - clock
    )


@app.command()
def dictionary(
    target: Annotated[Path, typer.Option("--out", help="Markdown file to write.")],
    language: Annotated[Literal["en", "vi"], typer.Option("--lang", help="The language that it is written in.")] = "en",
) -> None:
    """Write the data dictionary of the published tables from dbt's manifest of the last build."""
    from dvctt.queries.dictionary import write_dictionary

    if target.is_dir():
        raise DvcttError(f"--out {target}: found a folder, wanted the name of a file")
    _refuse_no_folder(target.resolve().parent)
    write_dictionary(Settings.from_environment().candidate, target, language)
    out.print(str(target))


def _refuse_no_folder(folder: Path) -> None:
    """Before anything is written: the nearest part of the path that is there must be a folder that may be written."""
    there = next(part for part in (folder.absolute(), *folder.absolute().parents) if part.exists() or part.is_symlink())
    if not there.is_dir():
        raise DvcttError(f"--out {folder}: {there} is no folder; wanted a folder, or a name for a new one")
    if not os.access(there, os.W_OK | os.X_OK):
        raise DvcttError(f"--out {folder}: {there} may not be written by this user; look: ls -ld {there}")


def _current(settings: Settings, *, damaged_too: bool = False) -> Publication:
    """The publication that is asked, its marts held against their hash first; ``damaged_too`` for a question that compares."""
    publication = current_publication(settings.published)
    if publication is None:
        raise PublishError(f"{settings.published}: no publication yet; wanted one that passed its gate: make run")
    if not damaged_too:
        refuse_damaged(publication)
    return publication


def _query(sql: str, parameters: list[Any] | None = None) -> list[dict[str, Any]]:
    with open_published(_current(Settings.from_environment()).marts) as connection:
        return read_rows(connection, sql, parameters or [])


def _print_summary(settings: Settings, month: Month | None) -> None:
    """The month's figures by group, and the paths of what was published."""
    publication = _current(settings)
    with open_published(publication.marts) as connection:
        newest = connection.execute("select max(month) from mart_online_rates").fetchone()
        if month is None and newest and newest[0]:
            month = Month(newest[0].year, newest[0].month)
        groups = connection.execute(
            "select entity_name_vi, received, online, online_rate_percent, online_level_3, online_level_4, "
            "online_no_level, caveat_vi from mart_online_rates where month = ? and scope <> 'agency' "
            "order by scope = 'province', official_order",
            [month.first_day if month else date.min],
        ).fetchall()
        payments = connection.execute(
            "select ytd_online_payment_count, ytd_online_payment_amount_vnd, ytd_online_refund_count, "
            "ytd_online_refund_amount_vnd from mart_payments where month = ? and scope = 'province'",
            [month.first_day if month else date.min],
        ).fetchone()
        closed = connection.execute(
            "select revision, closed_at, approved_by from mart_closed_months where month = ? and is_in_force",
            [month.first_day if month else date.min],
        ).fetchone()
    if groups:
        table = Table(title=f"{publication.manifest['province']}, {month}: hồ sơ trực tuyến")
        for name in ("", "tiếp nhận", "trực tuyến", "tỷ lệ %", "mức độ 3", "mức độ 4", "không phân mức"):
            table.add_column(name, justify="left" if not name else "right")
        for name, *numbers, _ in groups:
            table.add_row(name, *(_number(number) for number in numbers))
        out.print(table)
        for name, *_, caveat in groups:
            if caveat:
                out.print(f"lưu ý: {name}: {caveat}")
    else:
        out.print(f"{month}: no filings in publication {publication.number} (chưa có dữ liệu)")
    if payments and payments[0] is not None:
        count, amount, refunds, refunded = payments
        out.print(
            f"thanh toán trực tuyến từ đầu năm: {_number(count)} giao dịch, {_number(amount)} đồng; "
            f"hoàn: {_number(refunds)} giao dịch, {_number(refunded)} đồng"
        )
    report = publication.reports / f"bao-cao-{month}.html"
    if closed:
        revision, closed_at, approved_by = closed
        out.print(f"đã chốt: bản chốt số {revision}, lúc {closed_at:%H:%M %d/%m/%Y}, người phê duyệt: {approved_by}")
    out.print(f"publication {publication.number}")
    out.print(f"report:   {report if report.is_file() else publication.reports / 'index.html'}")
    out.print(f"marts:    {publication.marts}")
    out.print(f"verdict:  {publication.verdict}")


def _number(value: float | int | None) -> str:
    """A number for the terminal, as officers write it; None is shown as such, never as 0."""
    from dvctt.report.wording import formats

    return formats.brief(value)


def _exact(value: float | int | None) -> str:
    """A printed figure or a bound, with the decimals that it has."""
    from dvctt.report.wording import formats

    return "-" if value is None else formats.exact(value)


def _print_json(records: list[dict[str, Any]] | dict[str, Any]) -> None:
    print(json.dumps(records, ensure_ascii=False, indent=2, default=str))


if __name__ == "__main__":
    main()
