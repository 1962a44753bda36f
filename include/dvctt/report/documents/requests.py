"""What a person reads before answering: before a month is closed its main figures, what is missing and where to look; before
what is held is accepted, the figures that lie beyond their bands.

Wording and choosing rows only; the text is Markdown, as Airflow shows it, and its sentences stand in include/reports.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from jinja2 import TemplateError

from dvctt.core.errors import ReportError
from dvctt.core.period import Month
from dvctt.province.model import CloseWaiver, Province
from dvctt.report.choose import in_print_order
from dvctt.report.marts import read_marts
from dvctt.report.template import TEMPLATES, templates
from dvctt.report.wording import formats, sample

_TEMPLATE = "close_request.md.j2"
_HELD = "hold_request.md.j2"


def write_close_request(
    marts: Path,
    month: date,
    province: Province,
    *,
    publication: int,
    revision: int,
    waivers: Sequence[tuple[str, CloseWaiver]],
    waiting: Sequence[str],
    report: Path,
    is_sample: bool = False,
) -> tuple[str, str]:
    """Subject and body of the request to close a month.

    Args:
        marts: the DuckDB file of the publication that the month would be closed out of.
        waivers: agency and waiver of every feed that is missing.
        waiting: what has not been published yet; the reader is told to look first.
        report: the month's page in that publication.
        is_sample: whether its figures are a sample's.

    Raises:
        ReportError: the marts cannot be read, or the template does not fit them.
    """
    content = read_marts(marts)
    try:
        body = (
            templates()
            .get_template(_TEMPLATE)
            .render(
                month=month,
                province=province,
                publication=publication,
                revision=revision,
                totals=in_print_order(content.of_month("mart_online_rates", month), province, agencies=False),
                payments=in_print_order(content.of_month("mart_payments", month), province, agencies=False),
                cut_off=next(iter(content.of_month("mart_data_cut_off", month)), None),
                unexplained=[
                    row for row in content.of_month("mart_additivity_checks", month) if row["unexplained"] != 0
                ],
                waivers=waivers,
                waiting=bool(waiting),
                report=report,
            )
        )
    except TemplateError as error:
        raise ReportError(f"{TEMPLATES / _TEMPLATE}: cannot write the request of {Month.of(month)}: {error}") from error
    subject = f"Chốt số liệu {formats.month(month)} của {province.name_vi} (bản chốt số {revision})"
    return _said(subject, body, is_sample=is_sample)


def write_hold_request(
    movements: Sequence[Mapping[str, Any]],
    province: Province,
    *,
    number: int,
    file: str | None,
    is_sample: bool = False,
) -> tuple[str, str]:
    """Subject and body of the request to answer for what is held.

    Args:
        movements: the figures beyond their bands, as the audit table has them; ``month`` is ``YYYY-MM``.
        file: source, entity and name of the file that is held; None when the whole publication is.
        is_sample: whether what is held is of a sample.

    Raises:
        ReportError: the template does not fit them.
    """
    try:
        body = (
            templates()
            .get_template(_HELD)
            .render(
                movements=[{**one, "month": date.fromisoformat(f"{one['month']}-01")} for one in movements],
                number=number,
                file=file,
            )
        )
    except TemplateError as error:
        raise ReportError(f"{TEMPLATES / _HELD}: cannot write the request about hold {number}: {error}") from error
    what = "tệp mới" if file else "bản công bố"
    subject = f"Xác nhận số liệu vượt dải biến động của {province.name_vi} ({what} đang giữ lại, số {number})"
    return _said(subject, body, is_sample=is_sample)


def _said(subject: str, body: str, *, is_sample: bool) -> tuple[str, str]:
    """Subject and body as they are asked; of a sample's figures both say so first."""
    if is_sample:
        body = f"**{sample.sentence()}**\n\n{body}"
    marked = sample.marked(subject, is_sample=is_sample)
    return unicodedata.normalize("NFC", marked), unicodedata.normalize("NFC", body)
