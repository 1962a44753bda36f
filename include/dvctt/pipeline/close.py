"""A month is closed or opened again in a person's name.

Whether it may be is decided by `dvctt.closing`.
"""

from dvctt.closing import freeze, months
from dvctt.closing import plan as close_plan
from dvctt.closing.plan import Plan, refuse_missing, refuse_other_figures
from dvctt.core.period import Month
from dvctt.pipeline.home import home_lock, stage_context
from dvctt.province.folder import load_province
from dvctt.province.model import Province
from dvctt.report.documents.requests import write_close_request
from dvctt.settings import Settings
from dvctt.warehouse import previous


def plan_close(settings: Settings, *, month: Month) -> tuple[Plan, str, str]:
    """What closing a month would freeze, and the subject and the body of the request that a person answers.

    Raises:
        ClosingError: the month cannot be closed as things stand, a missing feed that nobody has waived included.
    """
    with stage_context(settings, "plan_close"):
        province = load_province(settings.province_folder)
        plan = _plan_close(settings, province, month)
        refuse_missing(plan, province)
        subject, body = write_close_request(
            plan.publication.marts,
            month.first_day,
            province,
            publication=plan.publication.number,
            revision=plan.revision,
            waivers=[(feed.agency_name_vi, waiver) for feed, waiver in plan.waived],
            waiting=plan.waiting,
            report=plan.publication.reports / f"bao-cao-{month}.html",
            is_sample=plan.publication.is_sample,
        )
        return plan, subject, body


def close_month(
    settings: Settings, *, month: Month, approved_by: str, note: str | None = None, publication: int | None = None
) -> previous.ClosedMonth:
    """Freeze a month out of the current publication, in the name of the person who approved it.

    Args:
        publication: the one whose figures that person read; None when it is the current one.

    Raises:
        ClosingError: the month cannot be closed as things stand, nobody approved it, or other figures were approved.
    """
    with stage_context(settings, "close_month"), home_lock(settings):
        province = load_province(settings.province_folder)
        plan = _plan_close(settings, province, month)
        if publication is not None:
            refuse_other_figures(plan, settings.published, province, approved=publication)
        return freeze.close_month(plan, closed=settings.closed, province=province, approved_by=approved_by, note=note)


def _plan_close(settings: Settings, province: Province, month: Month) -> Plan:
    return close_plan.plan_close(
        published=settings.published,
        closed=settings.closed,
        landing=settings.landing,
        ledgers=settings.ledgers,
        candidate=settings.candidate,
        verdicts=settings.verdicts,
        province=province,
        month=month,
    )


def reopen_month(settings: Settings, *, month: Month, by: str, reason: str) -> previous.Revision:
    """Open a closed month again; what was closed stays as it is.

    Raises:
        CloseRefused: the month is not closed, or name or reason is empty.
    """
    with stage_context(settings, "reopen_month"), home_lock(settings):
        return months.reopen_month(settings.closed, month, by=by, reason=reason)
