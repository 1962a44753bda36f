"""DAG ``held_decisions``: a named person answers for what the night has held.

Only wiring may live here. What is held, and what an answer does, is decided by ``dvctt.publications.holds``; the same
answers can be given by ``dvctt held``. A night waits for none of them.
"""

from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import CronTriggerTimetable, Param, chain, dag, task
from dvctt.settings import Settings
from warehouse_dags import BESIDE_THE_WRITER, WAIT_FOR_THE_WRITER, ZONE, dag_settings, fail_at_once_on

DOC = """
### What it makes
One line in `$DVCTT_HOME/ledgers/holds.jsonl`: who accepted or rejected what is held, when and why. The next night publishes
what was accepted; what was rejected stays out for ever, until the source sends new content.

### Which month a run means
That of one hold: the parameter `hold`, or the oldest that waits. When it is answered and others wait, the DAG starts
itself again.

### What a failure costs
The hold goes on waiting: the version before goes on, with its caveat. Nothing that a reader sees breaks.

### Triage
1. `decide` waits for a person: **Required Actions** in the UI. Without an answer the run ends as *Later* before the next
   morning asks again.
2. `record` is red: no name came with the answer, no reason was given, or newer content has come since. Read its log.
3. Everything else: `docs/runbooks/something-is-held.md`.
"""

ACCEPT, REJECT, LATER = "Chấp nhận", "Từ chối", "Để sau"

RETRY_POLICY = fail_at_once_on(
    ("ConfigError", "LedgerError", "HoldRefused"),
    because="would fail the same way again: a person has to answer otherwise, or mend the home",
)


@dag(
    schedule=CronTriggerTimetable("0 7 * * *", timezone=ZONE),
    tags=["warehouse", "held"],
    **dag_settings(
        DOC,
        params={"hold": Param(None, type=["null", "integer"], minimum=1, description="The hold's number, or empty")},
        retry_policy=RETRY_POLICY,
        **WAIT_FOR_THE_WRITER,
    ),
)
def held_decisions() -> None:
    @task.short_circuit(execution_timeout=timedelta(hours=1))
    def find_hold(params: Any = None) -> dict[str, object] | None:
        from dvctt.pipeline import decisions

        return decisions.request_decision(Settings.from_environment(), number=params["hold"])

    # Outside the writer's pool: a night must not wait for a person.
    decide = HITLOperator(
        task_id="decide",
        subject="{{ ti.xcom_pull(task_ids='find_hold')['subject'] }}",
        body="{{ ti.xcom_pull(task_ids='find_hold')['body'] }}",
        options=[ACCEPT, REJECT, LATER],
        defaults=LATER,
        params={"reason": Param(None, type=["null", "string"], title="Lý do")},
        response_timeout=timedelta(hours=23),
        pool=BESIDE_THE_WRITER,
        retries=3,
        retry_delay=timedelta(minutes=1),
    )

    @task.short_circuit(execution_timeout=timedelta(hours=1))
    def record(found: Any, answer: Any) -> bool:
        from dvctt.pipeline import decisions

        chosen = answer["chosen_options"][0]
        if chosen == LATER:
            return False
        act = decisions.accept_hold if chosen == ACCEPT else decisions.reject_hold
        settings = Settings.from_environment()
        act(
            settings,
            found["hold"],
            by=(answer["responded_by_user"] or {}).get("name") or "",
            reason=answer["params_input"].get("reason") or "",
        )
        return bool(decisions.request_decision(settings, number=None))

    ask_for_the_next = TriggerDagRunOperator(
        task_id="ask_for_the_next", trigger_dag_id="held_decisions", pool=BESIDE_THE_WRITER
    )

    found = find_hold()
    chain(found, decide, record(found, decide.output), ask_for_the_next)


held_decisions()
