"""Commands that run: a night, a close, Airflow, and what people were told."""

import logging
from dataclasses import asdict
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from dvctt.cli.root import airflow, alerts, app, check
from dvctt.cli.screen import JsonOption, MonthOption, current_of, digits, new_table, out, print_json
from dvctt.core.errors import DvcttError
from dvctt.core.period import Month
from dvctt.core.sql import day_literal
from dvctt.settings import Settings

if TYPE_CHECKING:
    from dvctt.publications.next_night import Standing

log = logging.getLogger(__name__)


@app.command()
def run(
    month: MonthOption = None,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Publish again although nothing is new.")] = False,
) -> None:
    """Run the night's stages here, without Airflow: fetch, land, build, check, publish."""
    from dvctt.clock import now
    from dvctt.pipeline.fetching import fetch_all
    from dvctt.pipeline.home import read_night
    from dvctt.pipeline.night import NIGHT, Run

    settings = Settings.from_environment()
    reporting = Month.parse(month) if month else None
    asked = Run(f"cli__{now().isoformat()}", reporting, rebuild)
    try:
        fetch_all(settings)
        for stage in NIGHT:
            if not stage.run(settings, asked):
                out.print("nothing new: the current publication holds all that has landed (không có gì mới)")
                break
            night = read_night(settings)
            reporting = Month.parse(night.month) if night.month else reporting
    except Exception as error:
        _alert(error, asked.run_id, reporting)
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
    from dvctt.pipeline.close import close_month

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
    from dvctt.pipeline.close import reopen_month

    revision = reopen_month(Settings.from_environment(), month=Month.parse(month), by=by, reason=reason)
    out.print(
        f"{month} is open again; revision {revision.closed.revision} stays as it is: {revision.closed.folder}\n"
        f"the next night publishes its live figures: dvctt run"
    )


@app.command()
def status(month: MonthOption = None) -> None:
    """The current publication: figures of a month, and where report, marts and verdict lie."""
    _print_summary(Settings.from_environment(), Month.parse(month) if month else None)


@alerts.command("list")
def alerts_list() -> None:
    """Every alert in the outbox: when, what, whom it has reached, and what keeps it from the others."""
    from dvctt.notify import channels

    table = new_table(title="Alerts")
    for name in ("made at", "to", "state", "tries", "next try", "subject", "reason"):
        table.add_column(name, no_wrap=True)
    for entry in channels.waiting_and_sent():
        for delivery in entry.deliveries:
            state = f"delivered {delivery.delivered_at}" if delivery.delivered_at else "waits"
            table.add_row(
                entry.made_at,
                channels.masked(delivery),
                state,
                str(delivery.attempts),
                delivery.next_try_at or "",
                entry.subject_vi,
                delivery.reason or "",
            )
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


@check.command("home")
def check_home() -> None:
    """What a night looks at before it builds: the current publication, landing, closed months, ledgers, each against its hash.
    Changes nothing. Exit 1 if anything was changed or is gone.
    """
    from dvctt.pipeline import inspection

    def show(standing: "Standing") -> None:
        for problem in standing.problems:
            out.print(f"publication {standing.number}: {problem}", markup=False)

    standing = inspection.inspect_home(Settings.from_environment(), show)
    out.print(
        f"publication {standing.number}: {len(standing.problems)} problems; landing, closed months and ledgers: none"
    )
    if standing.problems:
        raise typer.Exit(1)


@app.command()
def doctor(as_json: JsonOption = False) -> None:
    """Look at the whole installation: province, sources, home, disk, memory, clock, publication, nights, alerts. What is wrong,
    and what to do. Changes nothing, asks no system. Exit 1 if something is wrong.
    """
    from dvctt.clock import now
    from dvctt.pipeline import doctor as looks

    found = looks.examine(Settings.from_environment(), now=now())
    if as_json:
        print_json([asdict(one) for one in found])
    else:
        for one in found:
            out.print(
                f"{one.state:7}  {one.what}: {one.found}" + (f"; {one.advice}" if one.advice else ""), markup=False
            )
    if any(one.state == "wrong" for one in found):
        raise typer.Exit(1)


@airflow.command("nightly")
def airflow_nightly(
    month: Annotated[str, typer.Option("--month", help="YYYY-MM that the night reports: the month before it.")],
) -> None:
    """Run the DAG nightly_warehouse once, through Airflow, for the night after a month's end."""
    from dvctt.pipeline import local_airflow
    from dvctt.province.folder import read_timezone

    settings = Settings.from_environment()
    reported = Month.parse(month)
    first_of_next = reported.shifted(1).first_day
    zone = ZoneInfo(read_timezone(settings.province_folder))
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


_SUMMARY = ("received", "online", "online_rate_percent", "online_level_3", "online_level_4", "online_no_level")


def _print_summary(settings: Settings, month: Month | None) -> None:
    """The month's figures by group, and the paths of what was published."""
    from dvctt.report.wording import formats, sample
    from dvctt.report.wording.caveats import words_of
    from dvctt.warehouse.connections import open_published, read_rows

    publication = current_of(settings)
    if publication.is_sample:
        out.print(sample.line())
    # A day as a literal: DuckDB loads pandas to look at a parameter, which costs more than all else that is done here.
    with open_published(publication.marts) as connection:
        newest = connection.execute("select max(month) from mart_online_rates").fetchone()
        if month is None and newest and newest[0]:
            month = Month(newest[0].year, newest[0].month)
        day = day_literal(month.first_day if month else date.min)
        groups = read_rows(
            connection,
            f"select * from mart_online_rates where month = {day} and scope <> 'agency' "
            "order by scope = 'province', official_order",
        )
        payments = connection.execute(
            "select ytd_online_payment_count, ytd_online_payment_amount_vnd, ytd_online_refund_count, "
            f"ytd_online_refund_amount_vnd from mart_payments where month = {day} and scope = 'province'",
        ).fetchone()
        closed = connection.execute(
            f"select revision, closed_at, approved_by from mart_closed_months where month = {day} and is_in_force",
        ).fetchone()
    if groups:
        table = new_table(title=f"{publication.manifest['province']}, {month}: hồ sơ trực tuyến")
        for name in ("", "tiếp nhận", "trực tuyến", "tỷ lệ %", "mức độ 3", "mức độ 4", "không phân mức"):
            table.add_column(name, justify="left" if not name else "right")
        for row in groups:
            table.add_row(row["entity_name_vi"], *(digits(row[column]) for column in _SUMMARY))
        out.print(table)
        for row in groups:
            if caveat := words_of(row):
                out.print(f"lưu ý: {row['entity_name_vi']}: {caveat}")
    else:
        out.print(f"{month}: no filings in publication {publication.number} (chưa có dữ liệu)")
    if payments and payments[0] is not None:
        count, amount, refunds, refunded = payments
        out.print(
            f"thanh toán trực tuyến từ đầu năm: {digits(count)} giao dịch, {digits(amount)} đồng; "
            f"hoàn: {digits(refunds)} giao dịch, {digits(refunded)} đồng"
        )
    report = publication.reports / f"bao-cao-{month}.html"
    if closed:
        revision, closed_at, approved_by = closed
        out.print(f"đã chốt: bản chốt số {revision}, lúc {formats.moment(closed_at)}, người phê duyệt: {approved_by}")
    out.print(f"publication {publication.number}")
    out.print(f"report:   {report if report.is_file() else publication.reports / 'index.html'}")
    out.print(f"marts:    {publication.marts}")
    out.print(f"verdict:  {publication.verdict}")
