"""DAG ``nightly_warehouse``: the night of the warehouse, as a table of contents.

Only wiring may live here: which stage follows which, when, how often it is tried again, who is told. The stages are
functions of ``dvctt.pipeline.stages``, imported inside the tasks because this file is parsed often and each task is a fork of
it.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import CronTriggerTimetable, ExceptionRetryPolicy, Param, RetryAction, RetryRule, chain, dag, task
from dvctt.province.folder import installed_timezone

DOC = """
### What it makes
One **publication**: facts, marts and reports of every month in landing, gated, numbered, immutable
(`$DVCTT_HOME/published/current`). A night with nothing new ends after the first task, green, and its log says so.

### Which month a run means
The calendar month before the night, in the province's time zone (the night of 2022-11-01 reports 2022-10), unless the parameter
`month` (`YYYY-MM`) names another. The month decides what alerts and the printed summary speak of; *what is loaded* is
decided by what has arrived in the inbox, whatever its month.

### What a failure costs
Nothing that a reader sees: the last publication stays up, whole. The figures are a night older than they could be.

### Triage
1. Which task is red? `check_counts`: read `candidate/verdict.json`, or run `dvctt verdict`: it names agency, month, expected,
   observed, and what to do. `land_extracts`: the log names the file, the line or column, what was found and what was wanted.
   Any other: the log's last lines, then `docs/runbooks/a-task-failed.md`.
2. Mend the cause (usually: ask the source to send the file again into the inbox).
3. Clear `land_extracts` with its downstream tasks, or wait for the next night: what has landed and is not published is
   found again by itself. Clearing a later task alone judges the same candidate again.
"""

WRITER = "warehouse_writer"
"""A pool of one slot: one writer a home."""

ZONE = installed_timezone()

AFTER_LANDING = (
    "build_facts",
    "audit_facts",
    "check_counts",
    "build_marts",
    "assemble_publication",
    "publish_marts",
    "tell_people",
)
"""Each is a function of ``dvctt.pipeline.stages``."""

# Bad input, a wrong configuration and a verdict stay what they are however often they are tried; a lock or a disk may not.
RETRY_POLICY = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=[
                "dvctt.core.errors.ConfigError",
                "dvctt.core.errors.PeriodError",
                "dvctt.core.errors.ExtractError",
                "dvctt.core.errors.VerdictError",
            ],
            action=RetryAction.FAIL,
            reason="would fail the same way again: a person has to mend the input, the configuration or the data",
        ),
    ]
)


def tell_people(context: Mapping[str, Any]) -> None:
    """One e-mail and one webhook when a task has failed for good."""
    from dvctt.notify.airflow_callback import on_task_failure

    on_task_failure(context)


@dag(
    schedule=CronTriggerTimetable("0 1 * * *", timezone=ZONE),
    start_date=pendulum.datetime(2022, 1, 1, tz=ZONE),
    catchup=False,
    max_active_runs=1,
    doc_md=DOC,
    tags=["warehouse", "nightly"],
    params={
        "month": Param(
            None, type=["null", "string"], pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="YYYY-MM, or empty"
        ),
    },
    default_args={
        "pool": WRITER,
        "retries": 2,
        "retry_delay": timedelta(minutes=1),
        "retry_policy": RETRY_POLICY,
        "execution_timeout": timedelta(hours=2),
        "on_failure_callback": tell_people,
    },
)
def nightly_warehouse() -> None:
    @task.short_circuit
    def land_extracts(params: Any = None, logical_date: Any = None, run_id: Any = None) -> bool:
        from dvctt.core import period
        from dvctt.pipeline import stages
        from dvctt.settings import Settings

        month = period.month_of_run(parameter=params["month"], logical_date=logical_date, timezone=ZONE)
        return stages.land_extracts(Settings.from_environment(), run_id=run_id, month=month) is not None

    @task
    def run_stage(stage: str, run_id: Any = None) -> None:
        from dvctt.pipeline import stages
        from dvctt.settings import Settings

        getattr(stages, stage)(Settings.from_environment(), run_id=run_id)

    chain(land_extracts(), *(run_stage.override(task_id=stage)(stage) for stage in AFTER_LANDING))


nightly_warehouse()
