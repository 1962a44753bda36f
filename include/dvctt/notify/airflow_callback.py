"""What Airflow calls when a task has failed for good."""

import logging
from collections.abc import Mapping
from typing import Any

from dvctt.core.errors import ConfigError, PeriodError
from dvctt.core.period import month_of_run
from dvctt.notify.alerts import alert_for
from dvctt.notify.channels import send
from dvctt.province.folder import installed_timezone

logger = logging.getLogger(__name__)


def on_task_failure(context: Mapping[str, Any]) -> None:
    """Airflow's ``on_failure_callback``: called once, when a task has failed and will not be retried.

    Raises:
        NotifyError: a channel did not take the alert; Airflow writes it to the task's log.
    """
    task = context.get("task_instance") or context.get("ti")
    run = context.get("dag_run")
    alert = alert_for(
        context.get("exception"),
        stage=str(getattr(task, "task_id", None) or "(không rõ bước)"),
        month=_month_of(context),
        run_id=context.get("run_id") or getattr(run, "run_id", None),
        log_url=getattr(task, "log_url", None),
    )
    send(alert)


def _month_of(context: Mapping[str, Any]) -> str | None:
    run = context.get("dag_run")
    params = context.get("params") or {}
    try:
        month = month_of_run(
            partition_key=getattr(run, "partition_key", None),
            parameter=params.get("month"),
            logical_date=context.get("logical_date"),
            timezone=_timezone(),
        )
    except PeriodError as error:
        logger.warning("the alert names no month: %s", error)
        return None
    return str(month) if month else None


def _timezone() -> str | None:
    """The province's; None where its folder is what went wrong."""
    try:
        return installed_timezone()
    except ConfigError:
        return None
