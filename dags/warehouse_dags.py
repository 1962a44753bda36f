"""What the DAGs of this folder share: zone, pool, months, when a task is tried again, and who is told when it has failed.

Wiring only, as in the DAG files. The timetable of all of them is README.md.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import Asset, ExceptionRetryPolicy, Param, RetryAction, RetryRule
from dvctt.pipeline.night import WRITER_POOL
from dvctt.province.folder import installed_timezone

BESIDE_THE_WRITER = "default_pool"
"""For tasks that wait for a person or start another DAG: a night must not wait for them."""

PUBLICATION = Asset("dvctt_publication", uri="dvctt://publication", group="dvctt")
"""A new publication, for the DAGs of others; what an event of it says is `dvctt.pipeline.night.event_of_publication`'s."""

ZONE = installed_timezone()
START = pendulum.datetime(2022, 1, 1, tz=ZONE)
"""No schedule catches up, so the day only has to lie in the past."""

MONTH = {
    "month": Param(None, type=["null", "string"], pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="YYYY-MM, or empty")
}


def dag_settings(doc: str, *, params: dict[str, Param], **defaults: Any) -> dict[str, Any]:
    """What every DAG of this house has, and the defaults of its tasks."""
    return {
        "start_date": START,
        "catchup": False,
        "max_active_runs": 1,
        "doc_md": doc,
        "params": params,
        "default_args": {"pool": WRITER_POOL, "on_failure_callback": alert_people, **defaults},
    }


def fail_at_once_on(errors: Iterable[str], *, because: str) -> ExceptionRetryPolicy:
    """Try again whatever may mend itself, and never what stays as it is however often it is tried.

    Args:
        errors: names of errors in ``dvctt.core.errors``, or whole paths of others'.
    """
    paths: list[type[BaseException] | str] = [name if "." in name else f"dvctt.core.errors.{name}" for name in errors]
    return ExceptionRetryPolicy(rules=[RetryRule(exception=paths, action=RetryAction.FAIL, reason=because)])


def alert_people(context: Mapping[str, Any]) -> None:
    """One e-mail and one webhook when a task has failed for good."""
    from dvctt.notify.airflow_callback import on_task_failure

    on_task_failure(context)


WAIT_FOR_THE_WRITER: Mapping[str, Any] = {"retries": 12, "retry_delay": timedelta(minutes=10)}
"""For what people start: two hours, in which a night that is on comes to its end."""
