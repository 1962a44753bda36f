"""Commands about what was checked: verdicts, audit rows, rows set aside, the proof of the gate, the province folder."""

import json
import logging
import sys
from typing import Annotated

import typer

from dvctt.cli.root import app, baselines, check, gates, quarantine, values
from dvctt.cli.screen import JsonOption, current_of, digits, new_table, out, print_json
from dvctt.core.errors import DvcttError
from dvctt.core.period import Month
from dvctt.core.sql import identifier
from dvctt.settings import Settings

log = logging.getLogger(__name__)


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
        table = new_table(title=f"{content['verdict_vi']} ({content['verdict']}), {content['run_id']}")
        for name in ("id", "severity", "status", "rows", "failing", "first failing row, or why not checked"):
            table.add_column(name, no_wrap=True)
        for item in content["checks"]:
            first = item["failing_rows"][0] if item["failing_rows"] else {}
            place = ("subject", "source_id", "entity", "month", "agency_code", "agency_name_vi")
            words = ", ".join([*(f"{key}={first[key]}" for key in place if first.get(key)), first.get("words", "")])
            table.add_row(
                item["id"],
                item["severity"],
                item["status"],
                str(item["rows_seen"]),
                str(item["failing_rows_total"]),
                item["error"] or words,
            )
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
    from dvctt.warehouse.connections import candidate_path, open_candidate, open_published

    settings = Settings.from_environment()
    opened = open_published(current_of(settings).marts) if published else open_candidate(settings.candidate)
    with opened as connection:
        known = [row[0] for row in connection.execute("select table_name from duckdb_tables() order by 1").fetchall()]
        if table not in known:
            raise DvcttError(f"no table {table!r}; wanted one of {', '.join(known)}")
        columns = [row[0] for row in connection.execute(f"describe {identifier(table)}").fetchall()]
        dated = next(
            (name for name in ("month", "file_month", "received_month", "paid_month") if name in columns), None
        )
        if month and dated is None:
            raise DvcttError(f"table {table!r} has no month; found {', '.join(columns)}")
        where = f"where {dated} = ?" if month else ""
        parameters = [Month.parse(month).first_day] if month else []
        cursor = connection.execute(f"select * from {identifier(table)} {where} order by all limit {limit}", parameters)
        shown = new_table(title=f"{table} ({'publication' if published else candidate_path(settings.candidate)})")
        for name in columns:
            shown.add_column(name, no_wrap=True)
        for row in cursor.fetchall():
            shown.add_row(*("" if value is None else str(value) for value in row))
    out.print(shown)


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
    from dvctt.warehouse.connections import open_candidate, open_published, read_rows

    settings = Settings.from_environment()
    opened = open_published(current_of(settings).marts) if published else open_candidate(settings.candidate)
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
        print_json(found)
        return
    table = new_table(title="Set aside" + ("" if published else " by the last run"))
    for name in ("source", "entity", "file", "record", "agency", "reason", "columns", "what to do"):
        table.add_column(name, no_wrap=True)
    for row in found:
        table.add_row(
            row["source_id"],
            row["entity"],
            row["file_name"],
            str(row["row_number"]),
            f"{row['source_agency_code'] or ''} {row['agency_name_vi']}".strip(),
            f"{row['quarantine_reason']}: {row['reason_name_vi']}",
            row["unparseable_columns"] or "",
            row["next_vi"] or "",
        )
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
    from dvctt.warehouse.connections import open_candidate, open_published, read_rows

    settings = Settings.from_environment()
    opened = open_published(current_of(settings).marts) if published else open_candidate(settings.candidate)
    with opened as connection:
        found = read_rows(
            connection,
            "select source_id, entity, column_name, strftime(file_month, '%Y-%m') as file_month, row_count, "
            "unmapped_rows, set_aside_rows from aud_unmapped_values "
            "where unmapped_rows > 0 and (? is null or file_month = ?) order by all",
            [month, Month.parse(month).first_day if month else None],
        )
    if as_json:
        print_json(found)
    else:
        table = new_table(title="Values that no list has" + ("" if published else ", in the last run"))
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
    """Inject faults into good data and show which check caught each. Exit 1 if one was missed."""
    from dvctt.province.folder import load_province
    from dvctt.proving import prove
    from dvctt.warehouse import transform

    settings = Settings.from_environment()
    settings.home.mkdir(parents=True, exist_ok=True)
    proof = prove(
        load_province(settings.province_folder),
        settings.home,
        only=only,
        parsed=transform.target_folder(settings.candidate) / "partial_parse.msgpack",
        progress=lambda outcome, number, of: log.info(
            "%d of %d: %s: %s", number, of, outcome.fault_id, "ok" if outcome.ok else "MISSED"
        ),
    )
    if as_json:
        print_json([vars(outcome) for outcome in proof.outcomes])
    else:
        for outcome in proof.outcomes:
            also = [name for name in outcome.caught_by if name != outcome.wanted]
            words = f"{outcome.wanted}" + (f" (also {len(also)} others)" if also else "")
            found = (
                words if outcome.ok else f"wanted {outcome.wanted}, found {', '.join(outcome.caught_by) or 'nobody'}"
            )
            out.print(f"{'ok    ' if outcome.ok else 'MISSED'} {outcome.fault_id:<44} {outcome.verdict:<15} {found}")
    for rule in proof.unproven:
        out.print(f"no fault names the expectation {rule}")
    print(proof.score, file=sys.stderr if as_json else sys.stdout)
    if not proof.complete:
        raise typer.Exit(1)


@baselines.command("update")
def baselines_update(
    through: Annotated[str, typer.Option("--through", help="YYYY-MM: the last month to freeze.")],
) -> None:
    """Freeze the row counts of all months up to one, and print what changed; read it as a diff before you commit it."""
    from dvctt.gate.baselines import update
    from dvctt.province.folder import load_province
    from dvctt.warehouse.expectations import ROW_COUNTS

    settings = Settings.from_environment()
    frozen = settings.province_folder / ROW_COUNTS
    changes = update(frozen, current_of(settings).marts, load_province(settings.province_folder), Month.parse(through))
    for change in changes:
        out.print(
            f"{change.source_id} {change.entity} {change.file_month}: {digits(change.before)} -> {digits(change.after)}"
        )
    out.print(f"{len(changes)} lines changed in {frozen}; review: git diff {frozen}")


@check.command("config")
def check_config() -> None:
    """Load the province folder and the gate's suites; an error names file, line and key."""
    from dvctt.extract import check_source
    from dvctt.gate.judge import load_suites
    from dvctt.province.folder import load_province

    settings = Settings.from_environment()
    province = load_province(settings.province_folder)
    for source in province.sources:
        check_source(source)
    suites = load_suites()
    rules = sum(len(suite.expectations) for suite in suites)
    out.print(
        f"{settings.province_folder}: {province.name_vi}, {len(province.agencies)} agencies, "
        f"{len(province.sources)} sources, {len(province.targets)} targets, "
        f"{len(province.published_figures)} published figures; {len(suites)} suites, {rules} expectations"
    )
