"""DAG ``nightly_warehouse``: the night of the warehouse, as a table of contents.

Only wiring may live here: which stage follows which, when, how often it is tried again, who is told. The stages are objects
of ``dvctt.pipeline.night``; what they do is imported when they run, because this file is parsed often.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import CronTriggerTimetable, chain, dag, get_current_context, task
from dvctt.pipeline.night import LAND_EXTRACTS, NIGHT, PUBLISH_MARTS, Stage
from dvctt.province.folder import installed_systems
from warehouse_dags import BESIDE_THE_WRITER, MONTH, PUBLICATION, ZONE, dag_settings, fail_at_once_on

DOC = """
### What it makes
One **publication**: facts, marts and reports of every month in landing, gated, numbered, immutable
(`$DVCTT_HOME/published/current`). A night with nothing new ends after the first task, green, and its log says so.

Sources that are running systems are asked first: `fetch_<source>`, one mapped task an entity. One that is down is tried again,
then costs only itself: the night goes on with what was fetched before, names what is missing and tells people.

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

# Bad input, a wrong configuration and a verdict stay what they are however often they are tried; a lock or a disk may not.
RETRY_POLICY = fail_at_once_on(
    ("ConfigError", "PeriodError", "ExtractError", "VerdictError"),
    because="would fail the same way again: a person has to mend the input, the configuration or the data",
)

# A system that is down or busy may mend itself within minutes; what sources.yml asks wrongly does not.
FETCH_RETRIES = fail_at_once_on(
    ("ConfigError", "PeriodError"), because="would fail the same way again: a person has to mend the configuration"
)


@dag(
    schedule=CronTriggerTimetable("0 1 * * *", timezone=ZONE),
    tags=["warehouse", "nightly"],
    **dag_settings(
        DOC,
        params=MONTH,
        retries=2,
        retry_delay=timedelta(minutes=1),
        retry_policy=RETRY_POLICY,
        execution_timeout=timedelta(hours=2),
    ),
)
def nightly_warehouse() -> None:
    def fetch_of(source: Any) -> Any:
        # A failed one is told by the night itself, with what it costs; an alert a task would be a second word for one thing.
        mapped = task(
            task_id=f"fetch_{source.id}",
            pool=BESIDE_THE_WRITER,
            max_active_tis_per_dagrun=source.fetch.at_once if source.fetch else None,
            map_index_template="{{ entity }}",
            retry_policy=FETCH_RETRIES,
            on_failure_callback=None,
        )

        @mapped
        def fetch_entity(entity: str) -> int:
            get_current_context()["entity"] = entity  # type: ignore[typeddict-unknown-key] # what the map index is called by
            from dvctt.pipeline import fetching
            from dvctt.settings import Settings

            return fetching.fetch_entity(Settings.from_environment(), source.id, entity)

        return fetch_entity.expand(entity=list(source.entities))

    def task_of(stage: Stage) -> Any:
        # Whatever could be fetched lands: landing knows what could not, and what that costs.
        rule = "all_done" if stage is LAND_EXTRACTS else "all_success"

        outlets = [PUBLICATION] if stage is PUBLISH_MARTS else []

        @(task.short_circuit if stage.may_end_night else task)(task_id=stage.name, trigger_rule=rule, outlets=outlets)
        def run_stage(
            params: Any = None, logical_date: Any = None, run_id: Any = None, outlet_events: Any = None
        ) -> bool:
            from dvctt.core import period
            from dvctt.pipeline.night import Run, event_of_publication
            from dvctt.settings import Settings

            month = period.month_of_run(parameter=params["month"], logical_date=logical_date, timezone=ZONE)
            goes_on = stage.run(settings := Settings.from_environment(), Run(run_id, month))
            for outlet in outlets:
                outlet_events[outlet].extra = event_of_publication(settings)
            return goes_on

        return run_stage()

    stages = [task_of(stage) for stage in NIGHT]
    chain(*stages)
    for source in installed_systems():
        fetch_of(source) >> stages[0]


nightly_warehouse()
