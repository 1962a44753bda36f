"""Whether an installation can do its nights, looked at from one place: what is there, what is wrong, and what to do.

Looks and changes nothing. Each look stands alone: one that fails says so and keeps no other from being made. What a night
itself finds out (files, figures, rules) is not looked at again.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from dvctt.core.engines import describe_error
from dvctt.core.errors import ConfigError, DvcttError
from dvctt.core.machine import size_in_words
from dvctt.databases import describe_limit
from dvctt.extract import check_source, fetching_kind_of
from dvctt.landing.zone import landed_extracts
from dvctt.notify import channels
from dvctt.pipeline.airflow_login import login_of
from dvctt.pipeline.local_airflow import DAG_ID, metadata_database
from dvctt.province.folder import load_province
from dvctt.publications.next_night import standing
from dvctt.settings import Settings

State = Literal["good", "warning", "wrong"]

_NIGHTS_THAT_FIT = 3
"""So many publications of today's size should fit on what is free: a night needs room for one beside the one that readers have,
and for what does not fit into memory.
"""
_LEAST_FREE = 2_000_000_000
_LONGEST_SILENCE = timedelta(hours=26)
"""A night begins every 24 hours; later than this one was missed."""


@dataclass(frozen=True)
class Look:
    """What was looked at, how it is, and what to do where it is not good."""

    what: str
    state: State
    found: str
    advice: str = ""


def examine(settings: Settings, *, now: datetime) -> list[Look]:
    """Every look, in the order in which a night needs things.

    Args:
        now: the moment, aware.
    """
    looks: Sequence[tuple[str, Callable[[], Iterator[Look]]]] = (
        ("province", lambda: _province(settings)),
        ("sources", lambda: _sources(settings)),
        ("home", lambda: _home(settings)),
        ("disk", lambda: _disk(settings)),
        ("memory", lambda: iter([Look("memory", "good", describe_limit())])),
        ("clock", lambda: _clock(settings, now)),
        ("publication", lambda: _publication(settings)),
        ("nights", lambda: _nights(settings, now)),
        ("alerts", lambda: _alerts()),
    )
    found: list[Look] = []
    for what, look in looks:
        try:
            found.extend(look())
        except DvcttError as error:
            found.append(Look(what, "wrong", str(error)))
        except Exception as error:  # noqa: BLE001 - a look that breaks must not hide the others; its own words may quote a record
            found.append(Look(what, "wrong", f"could not be looked at: {describe_error(error)}"))
    return found


def _province(settings: Settings) -> Iterator[Look]:
    from dvctt.gate.judge import load_suites

    province = load_province(settings.province_folder)
    rules = sum(len(suite.expectations) for suite in load_suites())
    yield Look(
        "province", "good", f"{settings.province_folder}: {len(province.agencies)} agencies, {rules} rules of the gate"
    )


def _sources(settings: Settings) -> Iterator[Look]:
    """Folders of files, and logins of running systems; nobody is asked over a network."""
    for source in load_province(settings.province_folder).sources:
        what = f"source {source.id}"
        check_source(source)
        if fetching_kind_of(source) is None:
            folder = settings.inbox / source.id
            readable = folder.is_dir() and os.access(folder, os.R_OK | os.X_OK)
            state: State = "good" if readable else "wrong"
            yield Look(
                what, state, f"{folder}", "" if readable else "make the folder, or let this user read it: DVCTT_INBOX"
            )
            continue
        try:
            login = login_of(source.connection or "")
        except ConfigError as error:
            yield Look(what, "wrong", str(error))
        else:
            yield Look(
                what,
                "good",
                f"connection {login.connection!r} is there; ask the system: dvctt sources check {source.id}",
            )


def _home(settings: Settings) -> Iterator[Look]:
    home = settings.home
    if not home.is_dir():
        yield Look("home", "warning", f"{home}: not there yet", "the first night makes it; or set DVCTT_HOME")
    elif not os.access(home, os.W_OK | os.X_OK):
        yield Look(
            "home", "wrong", f"{home}: this user may not write there", f"chown it to this user; look: ls -ld {home}"
        )
    else:
        yield Look("home", "good", str(home))


def _disk(settings: Settings) -> Iterator[Look]:
    place = next(path for path in (settings.home, *settings.home.parents) if path.is_dir())
    free = shutil.disk_usage(place).free
    base = standing(settings.published).base
    current = sum(entry["bytes"] for entry in base.manifest["files"].values()) if base else 0
    wanted = max(_LEAST_FREE, _NIGHTS_THAT_FIT * current)
    state: State = "good" if free >= wanted else "warning" if free >= current else "wrong"
    advice = "" if state == "good" else f"free {size_in_words(wanted - free)}: docs/runbooks/disk-full.md"
    yield Look("disk", state, f"{place}: {size_in_words(free)} free, wanted {size_in_words(wanted)}", advice)


def _clock(settings: Settings, now: datetime) -> Iterator[Look]:
    """A clock that stands before what has landed would take the next months for months that cannot be."""
    landed = landed_extracts(settings.landing) if settings.landing.is_dir() else []
    newest = max((datetime.fromisoformat(one.finished_at) for one in landed), default=None)
    if newest is not None and newest > now:
        yield Look(
            "clock",
            "wrong",
            f"{now:%Y-%m-%d %H:%M %Z}, and files landed at {newest:%Y-%m-%d %H:%M}",
            "set the machine's clock",
        )
    else:
        yield Look("clock", "good", f"{now:%Y-%m-%d %H:%M %Z}")


def _publication(settings: Settings) -> Iterator[Look]:
    stands = standing(settings.published)
    if stands.number is None:
        yield Look("publication", "warning", "none yet", "run a night: dvctt run")
    elif stands.problems:
        yield Look(
            "publication",
            "wrong",
            f"{stands.number}: {len(stands.problems)} files are not as its manifest says",
            f"dvctt publications verify {stands.number}; the next night publishes anew",
        )
    else:
        yield Look("publication", "good", f"{stands.number}, whole")


def _nights(settings: Settings, now: datetime) -> Iterator[Look]:
    """When Airflow last worked on a night, and how that ended, out of its own records. When a run began is not asked: one by
    hand begins, in these records, at the moment that it is about.
    """
    last = last_run(metadata_database(settings))
    if last is None:
        yield Look("nights", "warning", "Airflow has had none in this home", "make up, or docs/how-to/deploy.md")
        return
    begun, state = last
    age = now - begun
    found = f"the last was worked on {begun.astimezone(now.tzinfo):%Y-%m-%d %H:%M}, {state}"
    if age > _LONGEST_SILENCE:
        hours = age // timedelta(hours=1)
        yield Look(
            "nights", "wrong", f"{found}: {hours} hours ago", "is Airflow's scheduler up, and the DAG not paused?"
        )
    elif state == "failed":
        yield Look("nights", "wrong", found, "docs/runbooks/a-task-failed.md")
    else:
        yield Look("nights", "good", found)


def last_run(database: str) -> tuple[datetime, str] | None:
    """Last moment and state of the newest run of the night's DAG; None where Airflow has no records, or none of it."""
    import sqlalchemy as sa

    if database.startswith("sqlite:///") and not Path(database.removeprefix("sqlite:///")).is_file():
        return None
    engine = sa.create_engine(database, poolclass=sa.pool.NullPool)
    runs = sa.table(
        "dag_run", sa.column("dag_id"), sa.column("updated_at", sa.DateTime(timezone=True)), sa.column("state")
    )
    newest = (
        sa.select(runs.c.updated_at, runs.c.state)
        .where(runs.c.dag_id == DAG_ID, runs.c.updated_at.is_not(None))
        .order_by(runs.c.updated_at.desc())
        .limit(1)
    )
    try:
        with engine.connect() as connection:
            found = connection.execute(newest).first()
    finally:
        engine.dispose()
    if found is None:
        return None
    begun: datetime = found[0]
    return begun if begun.tzinfo else begun.replace(tzinfo=UTC), str(found[1])


def _alerts() -> Iterator[Look]:
    configured, malformed = channels.configured()
    if malformed:
        yield Look(
            "alerts", "wrong", f"{len(malformed)} recipients are none", "mend DVCTT_ALERT_EMAILS: docs/how-to/alerts.md"
        )
    if not configured:
        yield Look("alerts", "wrong", "no channel is configured: nobody would be told", "docs/how-to/alerts.md")
        return
    waiting = [entry for entry in channels.waiting_and_sent() if entry.waiting]
    if waiting:
        yield Look(
            "alerts", "wrong", f"{len(waiting)} have not reached everybody", "dvctt alerts list; dvctt alerts retry"
        )
    else:
        yield Look("alerts", "good", ", ".join(configured))
