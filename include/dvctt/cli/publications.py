"""Commands about what has been published: listed, compared, rebuilt, removed, taken back."""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from dvctt.cli.root import app, publications
from dvctt.cli.screen import JsonOption, PublicationOption, current_of, digits, new_table, out, print_json
from dvctt.core.errors import PublishError
from dvctt.core.period import Month
from dvctt.settings import Settings

if TYPE_CHECKING:
    from rich.table import Table

    from dvctt.publications.restatements import Comparison


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
        print_json([{**vars(line), "differences": line.differences} for line in lines])
    else:
        table = new_table(title=f"{month} at four points")
        for name in ("entity", "agency", "unit", "control", "landed", "accounted", "facts", "published", "difference"):
            table.add_column(name, no_wrap=True, justify="left" if name in ("entity", "agency", "unit") else "right")
        for line in lines:
            place = f"{line.agency_code} {line.agency_name_vi or ''}".strip() if line.agency_code else "(all)"
            differences = "; ".join(f"{name} {formats.signed_count(size)}" for name, size in line.differences.items())
            points = (line.control, line.landed, line.accounted, line.fact, line.published)
            table.add_row(
                f"{line.source_id}.{line.entity}", place, line.unit, *(digits(point) for point in points), differences
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
    number: PublicationOption = None,
    as_json: JsonOption = False,
) -> None:
    """What nights built one after the other against a build from nothing, row for row, and every page and CSV file against
    one that is drawn anew. Exit 1 if a table or a file differs, or a file that was published has changed.
    """
    from dvctt.province.folder import load_province
    from dvctt.publications.reading import answer_problems
    from dvctt.publications.rebuild import compare, rebuild
    from dvctt.publications.store import find
    from dvctt.publications.unchanged import redraw
    from dvctt.warehouse.connections import open_published

    settings = Settings.from_environment()
    publication = current_of(settings, damaged_too=True) if number is None else find(settings.published, number)
    problems = answer_problems(publication)
    for problem in problems:
        print(problem, file=sys.stderr)
    with open_published(publication.marts):
        pass  # what cannot be opened at all is said before anything is built for minutes
    drawn = None
    if not problems:
        with TemporaryDirectory(prefix="dvctt-parity-") as folder:
            drawn = redraw(publication, load_province(settings.province_folder), Path(folder))
    for other in drawn[1] if drawn else ():
        print(f"{publication.folder}: {other}", file=sys.stderr)
    with TemporaryDirectory(prefix="dvctt-parity-") as folder:
        compared = compare(publication, rebuild(settings, publication, Path(folder)))
    differing = [table for table in compared if table.differs]
    if as_json:
        print_json([vars(table) for table in compared])
    else:
        table = new_table(title=f"Publication {publication.number} and a build from nothing")
        for name in ("table", "rows", "only published", "only rebuilt"):
            table.add_column(name, no_wrap=True, justify="left" if name == "table" else "right")
        for line in compared:
            table.add_row(line.table, digits(line.rows), digits(line.only_published), digits(line.only_rebuilt))
        out.print(table)
        rows = sum(line.rows for line in compared)
        out.print(f"{len(compared)} tables, {digits(rows)} rows compared, {len(differing)} tables that differ")
        if drawn is None:
            out.print(
                "pages and CSV files: not compared: the tables were changed, or other code or province data drew them"
            )
        else:
            out.print(f"pages and CSV files: {drawn[0]} drawn anew and compared, {len(drawn[1])} that differ")
    if differing or problems or (drawn and drawn[1]):
        raise typer.Exit(1)


@publications.command("list")
def publications_list() -> None:
    """Every publication there is or was: number, when, month, run, extracts, software; the current one is marked.

    Of what cannot be read it says why. Exit 1 if readers see nothing.
    """
    from dvctt.publications.reading import Publication, pointed
    from dvctt.publications.retention import Removed, removed
    from dvctt.publications.store import listed, pointer_problem, unreadable
    from dvctt.publications.switching import rollbacks

    settings = Settings.from_environment()
    problem = pointer_problem(settings.published)
    gone = removed(settings.published)
    marks = {publication.number: "removed" for publication in gone}
    if problem is None and (current := pointed(settings.published)):
        marks[current] = "current"
    table = new_table(title=f"Publications in {settings.published}")
    for name in ("", "number", "published at", "month", "verdict", "extracts", "software", "run"):
        table.add_column(name, no_wrap=True)
    there: list[Removed | Publication] = [*gone, *listed(settings.published)]
    for publication in sorted(there, key=lambda one: one.number):
        manifest = publication.manifest
        summary = [str(manifest.get(name, "?")) for name in ("published_at", "month", "verdict")]
        table.add_row(
            marks.get(publication.number, ""),
            str(publication.number),
            *summary,
            str(len(manifest.get("extracts", ()))),
            str(manifest.get("software_version", "?")),
            str(manifest.get("run_id", "?")),
        )
    out.print(table)
    for one in gone:
        out.print(f"removed {one.number} at {one.at}: {one.why}")
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


@publications.command("find")
def publications_find(
    digest: Annotated[str, typer.Argument(help="The data id of a page or document, or the sha256 of a file.")],
    as_json: JsonOption = False,
) -> None:
    """Which publications hold what has this digest, or begins with it: a page's data id, or a file's sha256; removed ones
    too. Exit 1 if none does.
    """
    from dvctt.publications.store import holdings

    found = holdings(Settings.from_environment().published, digest)
    if as_json:
        print_json([vars(one) for one in found])
    else:
        for one in found:
            out.print(f"publication {one.number}{' (removed)' if one.is_removed else ''}: {one.file}, {one.digest}")
        out.print(f"{len({one.number for one in found})} publications hold {digest}", markup=False)
    if not found:
        raise typer.Exit(1)


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
        for unknown, why in unreadable(published).items():
            out.print(f"not a publication: {unknown}: {why}", markup=False)
            wrong += 1
        if unread := pointer_problem(published):
            raise PublishError(unread)
    if wrong:
        raise typer.Exit(1)


@publications.command("prune")
def publications_prune(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
) -> None:
    """Remove old publications by the rule in province.yml, and say of each why it stays or goes.

    Exit 1 if one that was to go could not be removed.
    """
    from dvctt.clock import now
    from dvctt.province.folder import load_province
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
    from dvctt.publications.restatements import diff
    from dvctt.publications.store import find

    settings = Settings.from_environment()
    found = diff(find(settings.published, earlier), find(settings.published, later), settings.closed)
    if as_json:
        document = {"from": earlier, "to": later, "changes": [vars(change) for change in found.changes]}
        if with_records:
            document["movements"] = [vars(movement) for movement in found.movements]
        print_json(document)
        return
    if not found.changes:
        out.print(f"publications {earlier} and {later}: no figure differs")
        return
    out.print(_changes_table(found, earlier, later))
    if with_records:
        out.print(_movements_table(found))
    adding_up = sum(sum(change.causes.values()) == change.change for change in found.changes)
    out.print(f"{len(found.changes)} figures differ; the causes of {adding_up} add up to the change")


def _changes_table(found: "Comparison", earlier: int, later: int) -> "Table":
    """One row a figure that changed, a column a cause."""
    from dvctt.warehouse.previous import CAUSES

    table = new_table(title=f"What changed from publication {earlier} to {later}")
    for name in ("entity", "metric", "month", "old", "new", "change", *CAUSES, "unexplained", "rate"):
        table.add_column(
            name, no_wrap=True, justify="left" if name in ("entity", "metric", "month", "rate") else "right"
        )
    for change in found.changes:
        rates = (change.old_rate_percent, change.new_rate_percent)
        table.add_row(
            change.entity_name_vi,
            change.metric,
            str(Month.of(change.month)),
            digits(change.old_value),
            digits(change.new_value),
            digits(change.change),
            *(digits(part) for part in change.causes.values()),
            digits(change.unexplained),
            "" if rates == (None, None) else " -> ".join(digits(rate) for rate in rates),
        )
    return table


def _movements_table(found: "Comparison") -> "Table":
    """One row a record."""
    table = new_table(title="Records that moved")
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
            movement.metric,
            str(Month.of(movement.month)),
            movement.agency_code,
            movement.entity,
            movement.source_id,
            movement.record_id,
            digits(movement.effect),
            movement.cause,
            movement.extract_id,
            str(movement.row_number),
        )
    return table


@publications.command("rollback")
def publications_rollback(
    number: Annotated[int, typer.Argument(help="The publication that readers shall see.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept.")],
) -> None:
    """Point readers to an older publication, in one step. The next night publishes anew: mend the cause first."""
    from dvctt.publications.store import rollback

    publication = rollback(Settings.from_environment().published, number, reason=reason)
    out.print(f"readers see publication {publication.number} now")
