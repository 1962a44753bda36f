"""What stands on a page: which rows, in which order, with which drawings; then the template.

Only choosing, ordering and naming rows may live here. Sentences and layout belong to include/reports, numbers to the
marts: nothing here adds or divides them. The same marts give the same bytes; a page that an earlier publication has of the
same rows is not drawn again.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import Environment

from dvctt.core.sharing import Sharing
from dvctt.province.model import Province
from dvctt.report import charts
from dvctt.report.choose import (
    additivity_of_month,
    alike_caveats,
    caveats_between,
    caveats_of_month,
    earlier_caveats_of_month,
    feeds_behind,
    in_print_order,
    is_same_entity,
    published_of_month,
    restated,
)
from dvctt.report.marts import PACKET_CONTRACT, Mart, Marts, Row, read_marts
from dvctt.report.month_rows import Edition, rows_of_month
from dvctt.report.template import file_name, templates, write_page
from dvctt.report.wording import caveats, formats, language, words
from dvctt.report.wording.language import _

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AgencyTable:
    """The agencies of one group in rank order, with their drawing; ``silent`` are those whose feed did not come."""

    code: str
    name_vi: str
    rows: tuple[Row, ...]
    silent: tuple[Row, ...]
    chart: charts.Chart


def write_reports(
    marts: Path,
    out: Path,
    province: Province,
    publication: int,
    sharing: Sharing | None = None,
    *,
    is_sample: bool = False,
) -> list[Path]:
    """Write one page for each month of mart_online_rates, and an index of them.

    Args:
        marts: the DuckDB file; opened read-only.
        out: folder of the pages; made if missing. Gets ``bao-cao-<YYYY-MM>.html`` and ``index.html``.
        province: names the authority and the groups in print order.
        publication: number of the publication, printed on the index; a page names the digest of its rows.
        sharing: the publication in the making, in which ``out`` lies, beside an earlier one; None draws every page.
        is_sample: whether the figures are a sample's.

    Returns:
        The paths written: pages newest first, the index last.

    Raises:
        ReportError: the marts cannot be read, break their contract, or hold a code that has no Vietnamese word.
    """
    content = read_marts(marts, where_there={**PACKET_CONTRACT, **_contract_of_areas()})
    months = content.months()
    environment = templates()
    out.mkdir(parents=True, exist_ok=True)
    sharing = sharing or Sharing(out)
    written = []
    for place, month in enumerate(months):
        newer = months[place - 1] if place else None
        older = months[place + 1] if place + 1 < len(months) else None
        rows = rows_of_month(content, month, publication)
        draw = partial(
            _write_month,
            environment,
            rows,
            province=province,
            edition=Edition(publication, data := rows.digest(), is_sample),
            month=month,
            linked=True,
            newer=newer,
            older=older,
        )
        beside = (province.digest, str(newer), str(older), *(["sample"] if is_sample else []))
        written.append(sharing.make(out / file_name(month), draw, data, *beside))
    index = out / "index.html"
    overview = [
        {"month": month, "file_name": file_name(month), "totals": _totals(content, month, province)} for month in months
    ]
    write_page(
        environment,
        "index.html.j2",
        index,
        is_sample=is_sample,
        issuer=province.authority_vi,
        province=province,
        publication=publication,
        months=overview,
        restated=[row for row in restated(content, publication) if row["scope"] == "province"],
    )
    written.append(index)
    log.info("wrote %d monthly reports and an index to %s", len(months), out)
    return written


def write_month(content: Marts, path: Path, province: Province, edition: Edition, month: date) -> Path:
    """Write the page of one month alone, without links to other months, in the current language.

    Args:
        content: the rows of the month (`month_rows`).

    Raises:
        ReportError: as for `write_reports`; or a message of the page has no translation.
    """
    return _write_month(templates(), content, path, province, edition, month, linked=False)


def _write_month(
    environment: Environment,
    content: Marts,
    path: Path,
    province: Province,
    edition: Edition,
    month: date,
    **links: Any,
) -> Path:
    write_page(
        environment,
        "monthly.html.j2",
        path,
        is_sample=edition.is_sample,
        issuer=language.name(province.authority_vi),
        province=province,
        edition=edition,
        restated=content.of_month("mart_restatements", month),
        late=content.of_month("mart_late_ledger_totals", month),
        areas=_areas(content, month, province),
        **_month_context(content, month, province),
        **links,
    )
    return path


def _contract_of_areas() -> Mapping[str, Mart]:
    # Tables of an area are built with what stands here (`in_print_order` and the like), so the list of areas is asked late.
    from dvctt.report.tables.areas import contract_of_areas

    return contract_of_areas()


def _areas(content: Marts, month: date, province: Province) -> Sequence[Any]:
    from dvctt.report.tables.areas import tables_of_areas

    return tables_of_areas(content, month, province)


def _month_context(content: Marts, month: date, province: Province) -> dict[str, Any]:
    totals = _totals(content, month, province)
    changes = content.of_month("mart_online_rate_changes", month)
    published = published_of_month(content, month)
    return {
        "month": month,
        "totals": totals,
        "groups": [row for row in totals if row["scope"] == "group"],
        "provinces": [row for row in totals if row["scope"] == "province"],
        "definitions": [
            row
            for row in content.of_month("mart_online_rate_definitions", month)
            if row["scope"] == "province" and row["is_report_definition"] and row["is_in_force"]
        ],
        "history": _history(content, month, province),
        "trend": _trend(content, month, province),
        "make_up": charts.make_up(
            "bieu-do-co-cau",
            totals,
            _("Cơ cấu hồ sơ tiếp nhận {month} theo kênh và mức độ", month=formats.month(month)),
            _("Mỗi thanh là toàn bộ hồ sơ tiếp nhận của một khối. Số liệu ở hai bảng ngay dưới biểu đồ."),
        ),
        "changes": [
            (row, [change for change in changes if is_same_entity(row, change)])
            for row in totals
            if any(is_same_entity(row, change) for change in changes)
        ],
        "gaps": _gaps(content.of_month("mart_group_gaps", month)),
        "agency_tables": _agency_tables(content, month, province),
        "agency_changes": {
            row["entity_code"]: row
            for row in changes
            if row["scope"] == "agency" and row["baseline_id"] == "previous_month"
        },
        "payments": in_print_order(content.of_month("mart_payments", month), province, agencies=False),
        "agency_payments": in_print_order(content.of_month("mart_payments", month), province, agencies=True),
        "payment_history": _payment_history(content, month),
        "payment_chart": _payment_chart(content, month),
        "catalogue": _catalogue(content, month),
        "targets": content.of_month("mart_targets", month),
        "published": published,
        "additivity": additivity_of_month(content, month, province),
        "cut_off": next(iter(content.of_month("mart_data_cut_off", month)), None),
        "closings": content.of_month("mart_closed_months", month),
        "caveats": caveats_of_month(content, month, province),
        "earlier_caveats": alike_caveats(earlier_caveats_of_month(content, month)),
        "missing": _missing(content, month),
        "caveat_of": {row["entity_code"]: caveats.words(row["caveats_json"]) for row in totals},
        "baseline_caveats": {
            (row["scope"], row["entity_code"], row["baseline_id"]): caveats_between(
                content, "mart_online_rates", row, row["baseline_start"], row["baseline_end"]
            )
            for row in changes
        },
        "to_date_caveats": {
            (row["scope"], row["entity_code"]): caveats_between(
                content, "mart_payments", row, date(month.year, 1, 1), month
            )
            for row in content.of_month("mart_payments", month)
        },
        "feeds": [
            (
                row,
                [words.missing_feed(feed) for feed in feeds_behind(content, row) if not feed["is_delivered"]],
            )
            for row in content.of_month("mart_feed_timeliness", month)
        ],
    }


def _totals(content: Marts, month: date, province: Province) -> Sequence[Row]:
    return in_print_order(content.of_month("mart_online_rates", month), province, agencies=False)


def _until(content: Marts, table: str, month: date) -> list[Row]:
    """The rows of the same year up to and with the month."""
    return [row for row in content.rows[table] if row["month"].year == month.year and row["month"] <= month]


def _year_so_far(rows: Sequence[Row], month: date) -> list[date]:
    """Every month from the first that has a row to this one: a month that did not come keeps its empty place."""
    first = min((row["month"] for row in rows), default=month)
    return [date(month.year, number, 1) for number in range(first.month, month.month + 1)]


def _history(content: Marts, month: date, province: Province) -> list[tuple[date, dict[str, Row]]]:
    """Month by month in the year so far, each with its totals by entity code."""
    months = _year_so_far(_until(content, "mart_online_rates", month), month)
    return [(one, {row["entity_code"]: row for row in _totals(content, one, province)}) for one in months]


def _trend(content: Marts, month: date, province: Province) -> charts.Chart:
    totals = _totals(content, month, province)
    rows = [row for row in _until(content, "mart_online_rates", month) if row["scope"] != "agency"]
    total = next((row["entity_code"] for row in totals if row["scope"] == "province"), None)
    return charts.trend(
        "bieu-do-dien-bien",
        rows,
        _year_so_far(rows, month),
        [row["entity_code"] for row in totals],
        total,
        _("Tỷ lệ hồ sơ trực tuyến theo tháng, đến {month}", month=formats.month(month)),
        _("Mỗi đường là một khối; tháng không có tỷ lệ thì để trống. Số liệu ở bảng ngay dưới biểu đồ."),
    )


def _gaps(rows: Sequence[Row]) -> list[Row]:
    """Each pair of groups once, in the direction that the mart's order puts first."""
    pairs: dict[frozenset[str], Row] = {}
    for row in rows:
        pairs.setdefault(frozenset((row["group_code"], row["other_group_code"])), row)
    return list(pairs.values())


def _agency_tables(content: Marts, month: date, province: Province) -> list[AgencyTable]:
    agencies = [row for row in content.of_month("mart_online_rates", month) if row["scope"] == "agency"]
    named = {group.code: language.name(group.name_vi) for group in province.groups}
    # An agency that no group claims is printed last rather than lost.
    codes = [*named, *sorted({str(row["group_code"]) for row in agencies} - set(named))]
    named |= {row["entity_code"]: words.text_of(row, "entity_name_vi") for row in _totals(content, month, province)}
    tables = []
    for place, code in enumerate(codes, start=1):
        rows = tuple(row for row in agencies if str(row["group_code"]) == code)
        if not rows:
            continue
        name = named.get(code, _("Đơn vị chưa xếp vào khối nào"))
        chart = charts.ranking(
            f"bieu-do-xep-hang-{place}",
            rows,
            _("{group}: tỷ lệ hồ sơ trực tuyến {month}, từ cao xuống thấp", group=name, month=formats.month(month)),
            _("Mỗi thanh là một cơ quan. Số liệu ở bảng ngay dưới biểu đồ."),
        )
        silent = tuple(row for row in rows if row["received"] is None)
        tables.append(AgencyTable(code=code, name_vi=name, rows=rows, silent=silent, chart=chart))
    return tables


def _missing(content: Marts, month: date) -> dict[str, list[str]]:
    """The names of the agencies whose filings did not come, by the code of their group and of the province."""
    rows = content.of_month("mart_online_rates", month)
    silent = [row for row in rows if row["scope"] == "agency" and row["received"] is None]
    silent.sort(key=lambda row: (row["official_order"] or 0, row["entity_code"]))
    return {
        row["entity_code"]: [
            words.text_of(one, "entity_name_vi")
            for one in silent
            if row["scope"] == "province" or one["group_code"] == row["entity_code"]
        ]
        for row in rows
        if row["scope"] != "agency"
    }


def _payment_history(content: Marts, month: date) -> list[tuple[date, Row | None]]:
    rows = {row["month"]: row for row in _until(content, "mart_payments", month) if row["scope"] == "province"}
    return [(one, rows.get(one)) for one in _year_so_far(list(rows.values()), month)]


def _payment_chart(content: Marts, month: date) -> charts.Chart | None:
    rows = _payment_history(content, month)
    if all(row is None or row["online_payment_amount_vnd"] is None for _, row in rows):
        return None
    return charts.payments(
        "bieu-do-thanh-toan",
        rows,
        _("Số tiền thanh toán trực tuyến theo tháng, đến {month} (triệu đồng)", month=formats.month(month)),
        _("Mỗi cột là một tháng, chưa trừ hoàn phí. Số liệu ở bảng ngay dưới biểu đồ."),
    )


def _catalogue(content: Marts, month: date) -> tuple[Row, charts.Chart] | None:
    row = next(iter(content.of_month("mart_catalogue_coverage", month)), None)
    if row is None or row["services_total"] is None:
        return None
    chart = charts.catalogue(
        "bieu-do-danh-muc",
        row,
        _("Danh mục dịch vụ công theo mức độ, {month}", month=formats.month(month)),
        _("Một thanh là toàn bộ danh mục. Số liệu ở bảng ngay dưới biểu đồ."),
    )
    return row, chart
