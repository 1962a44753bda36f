"""DAG ``monthly_close``: a named person closes a month, and the night publishes it as closed.

Only wiring may live here. What a close may freeze, and when it is refused, is decided by ``dvctt.closing.plan``; day and hour
stand in the province folder, whose one small file is read each time that this one is parsed.
"""

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import CronPartitionTimetable, Param, chain, dag, task
from dvctt.province.folder import read_close
from dvctt.settings import Settings
from warehouse_dags import BESIDE_THE_WRITER, MONTH, WAIT_FOR_THE_WRITER, ZONE, dag_settings, fail_at_once_on

DOC = """
### What it makes
One **closed month**: `$DVCTT_HOME/closed/<YYYY-MM>/<revision>`, the figures that readers see in the current publication with
all that gives them meaning, frozen under the name of the person who approved it. Rows that come later do not move them. Then
`nightly_warehouse` publishes the month as closed.

### Which month a run means
Its partition key (`YYYY-MM`): the month before the run. A run that is started by hand names it in the parameter `month`.

### What a failure costs
The month stays open: its figures go on changing as rows come. Nothing that a reader sees breaks.

### Triage
1. `check_month` is red: the month may not be closed as things stand. The log names each feed that is missing; get it, or waive
   it by name in `close_waivers.csv`; other reasons: `docs/runbooks/a-close-was-refused.md`. Then clear the task.
2. `approve` waits for a person: **Required Actions** in the UI. *Reject* closes nothing, and the rest of the run is skipped.
   After 20 days without an answer it fails.
3. `close_month` is red: a night has published other figures of the month since the request, or nobody's name came with the
   approval. Read its log, clear `check_month` with its downstream tasks, and approve again.
4. `publish` only starts `nightly_warehouse`: look there.
"""

CLOSE = read_close(Settings.from_environment().province_folder)

# What refuses a close does not mend itself within minutes; a night that is on, or a lock, ends by itself.
RETRY_POLICY = fail_at_once_on(
    (
        "ConfigError",
        "PeriodError",
        "PublishError",
        "ClosingError",
        "airflow.providers.standard.exceptions.HITLTimeoutError",
    ),
    because="would fail the same way again: a person has to bring the feed, waive it, answer, or mend the home",
)


@dag(
    schedule=CronPartitionTimetable(
        f"0 {CLOSE.hour} {CLOSE.day} * *", timezone=ZONE, run_offset=-1, key_format="%Y-%m"
    ),
    tags=["warehouse", "monthly"],
    **dag_settings(DOC, params=MONTH, retry_policy=RETRY_POLICY, **WAIT_FOR_THE_WRITER),
)
def monthly_close() -> None:
    @task(execution_timeout=timedelta(hours=1))
    def check_month(params: Any = None, dag_run: Any = None, logical_date: Any = None) -> dict[str, Any]:
        from dvctt.core import period
        from dvctt.pipeline import close

        month = period.require_month(
            partition_key=dag_run.partition_key, parameter=params["month"], logical_date=logical_date, timezone=ZONE
        )
        plan, subject, body = close.plan_close(Settings.from_environment(), month=month)
        return {"month": str(month), "publication": plan.publication.number, "subject": subject, "body": body}

    # Outside the writer's pool: a night must not wait for a person.
    approve = ApprovalOperator(
        task_id="approve",
        subject="{{ ti.xcom_pull(task_ids='check_month')['subject'] }}",
        body="{{ ti.xcom_pull(task_ids='check_month')['body'] }}",
        params={"note": Param(None, type=["null", "string"], title="Ghi chú, hoặc lý do từ chối")},
        response_timeout=timedelta(days=20),
        pool=BESIDE_THE_WRITER,
        retries=3,
        retry_delay=timedelta(minutes=1),
    )

    @task(execution_timeout=timedelta(hours=1))
    def close_month(checked: Any, answer: Any) -> None:
        from dvctt.core import period
        from dvctt.pipeline import close

        close.close_month(
            Settings.from_environment(),
            month=period.Month.parse(checked["month"]),
            approved_by=(answer["responded_by_user"] or {}).get("name") or "",
            note=answer["params_input"].get("note"),
            publication=checked["publication"],
        )

    publish = TriggerDagRunOperator(
        task_id="publish",
        trigger_dag_id="nightly_warehouse",
        conf={"month": "{{ ti.xcom_pull(task_ids='check_month')['month'] }}"},
        pool=BESIDE_THE_WRITER,
    )

    checked = check_month()
    chain(checked, approve, close_month(checked, approve.output), publish)


monthly_close()
