"""What stands on a page: which rows, in which order, with which drawings; then the template.

Only choosing, ordering and naming rows may live here. Sentences and layout belong to include/reports, numbers to the
marts: nothing here adds or divides them. The same marts give the same bytes.
"""

import logging
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined, TemplateError
from jinja2.bccache import Bucket

from dvctt.core.errors import ReportError
from dvctt.core.printable import printable
from dvctt.province.model import Province
from dvctt.report import charts, ids
from dvctt.report.marts import Mart, Marts, Row, read_marts
from dvctt.report.wording import formats, language, words
from dvctt.report.wording.language import _
from dvctt.settings import INCLUDE_ROOT

log = logging.getLogger(__name__)

TEMPLATES = INCLUDE_ROOT / "reports"

_ENGLISH_MONTHS = (
    "january february march april may june july august september october november december".split()  # noqa: SIM905
)
# "online_rate_change_to_october" compares a baseline, which its period is, with October: it belongs on October's page.
_COMPARED_WITH = re.compile(rf"_to_({'|'.join(_ENGLISH_MONTHS)})$")


@dataclass(frozen=True)
class AgencyTable:
    """The agencies of one group in rank order, with their drawing; ``silent`` are those whose feed did not come."""

    code: str
    name_vi: str
    rows: tuple[Row, ...]
    silent: tuple[Row, ...]
    chart: charts.Chart


def write_reports(marts: Path, out: Path, province: Province, publication: int) -> list[Path]:
    """Write one page for each month of mart_online_rates, and an index of them.

    Args:
        marts: the DuckDB file; opened read-only.
        out: folder of the pages; made if missing. Gets ``bao-cao-<YYYY-MM>.html`` and ``index.html``.
        province: names the authority and the groups in print order.
        publication: number of the publication, printed on every page.

    Returns:
        The paths written: pages newest first, the index last.

    Raises:
        ReportError: the marts cannot be read, break their contract, or hold a code that has no Vietnamese word.
    """
    content = read_marts(marts, where_there=_contract_of_areas())
    months = content.months()
    environment = templates()
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for place, month in enumerate(months):
        path = out / _file_name(month)
        newer = months[place - 1] if place else None
        older = months[place + 1] if place + 1 < len(months) else None
        _write_month(environment, content, path, province, publication, month, linked=True, newer=newer, older=older)
        written.append(path)
    index = out / "index.html"
    overview = [
        {"month": month, "file_name": _file_name(month), "totals": _totals(content, month, province)}
        for month in months
    ]
    write_page(
        environment,
        "index.html.j2",
        index,
        issuer=province.authority_vi,
        province=province,
        publication=publication,
        months=overview,
        restated=[row for row in restated(content, publication) if row["scope"] == "province"],
    )
    written.append(index)
    log.info("wrote %d monthly reports and an index to %s", len(months), out)
    return written


def write_month(content: Marts, path: Path, province: Province, publication: int, month: date) -> Path:
    """Write the page of one month alone, without links to other months, in the language spoken.

    Raises:
        ReportError: as for `write_reports`; or a message of the page has no translation.
    """
    return _write_month(templates(), content, path, province, publication, month, linked=False)


def _write_month(
    environment: Environment,
    content: Marts,
    path: Path,
    province: Province,
    publication: int,
    month: date,
    **links: Any,
) -> Path:
    write_page(
        environment,
        "monthly.html.j2",
        path,
        issuer=language.name(province.authority_vi),
        province=province,
        publication=publication,
        restated=restated(content, publication, month),
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


def restated(content: Marts, publication: int, month: date | None = None) -> list[Row]:
    """What this publication changed of figures that the one before had published, of one month or of all."""
    return [
        row
        for row in content.rows["mart_restatements"]
        if row["to_publication"] == publication and month in (None, row["month"])
    ]


def _file_name(month: date) -> str:
    return f"bao-cao-{formats.month_key(month)}.html"


class _Compiled(BytecodeCache):
    """Templates as they were compiled, for as long as the process lives: compiling takes a third of a page's time."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._code:
            bucket.bytecode_from_string(self._code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


def _printable(value: Any) -> Any:
    """What a template prints; markup stays markup."""
    if isinstance(value, str):
        return type(value)(printable(value))
    return value


def templates() -> Environment:
    """The templates of include/reports, with the filters that turn values and codes into words of the language spoken."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_printable,
        bytecode_cache=_COMPILED,
    )
    for function in (
        formats.count,
        formats.signed_count,
        formats.money,
        formats.rate,
        formats.percent_change,
        formats.points,
        formats.signed_points,
        formats.day,
        formats.moment,
        formats.month,
        formats.month_title,
        formats.month_key,
        formats.month_end,
        words.caveat,
        words.lower_first,
        words.month_of_key,
        words.entity,
        words.share,
        words.said,
        words.ranked_name,
        words.small_base,
        words.measure,
        words.exact_measure,
        words.check_subject,
        words.checked_value,
        words.wanted_value,
        words.with_commands,
        words.checked_difference,
        _file_name,
    ):
        environment.filters[function.__name__.lstrip("_")] = function
    environment.filters["target_status"] = partial(
        words.word, vocabulary=words.TARGET_STATUS, where="mart_targets.status"
    )
    environment.filters["verdict"] = partial(
        words.word, vocabulary=words.VERDICT, where="mart_published_figures.verdict"
    )
    environment.filters["certainty"] = partial(words.word, vocabulary=words.CERTAINTY, where="mart_targets.certainty")
    environment.filters["definition_certainty"] = partial(
        words.word, vocabulary=words.DEFINITION_CERTAINTY, where="mart_online_rate_definitions.certainty"
    )
    environment.filters["feed"] = partial(words.word, vocabulary=words.FEED, where="mart_feed_timeliness.entity")
    environment.filters["subject"] = partial(words.word, vocabulary=words.CAVEAT_SUBJECT, where="mart_caveats.subject")
    environment.filters["severity"] = partial(
        words.word, vocabulary=words.SEVERITY, where="verdict.json: checks.severity"
    )
    environment.filters["tone"] = words.TONE.__getitem__
    # A page says its messages and what language they are in; both are looked up while it is filled.
    environment.globals["_"] = language.markup
    environment.globals["spoken"] = language.spoken
    environment.globals["additivity_note"] = additivity_note
    ids.install(environment)
    return environment


def write_page(environment: Environment, template: str, path: Path, **context: Any) -> None:
    """Fill a template and write it, NFC and with Unix line ends, whatever the machine.

    Raises:
        ReportError: the template does not fit what it was given.
    """
    try:
        text = environment.get_template(template).render({ids.PRINTED: ids.Printed()}, **context)
    except TemplateError as error:
        raise ReportError(f"{TEMPLATES / template}: cannot write {path.name}: {error}") from error
    path.write_text(unicodedata.normalize("NFC", text), encoding="utf-8", newline="\n")


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
            (row, [change for change in changes if _same_entity(row, change)])
            for row in totals
            if any(_same_entity(row, change) for change in changes)
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
        "earlier_caveats": earlier_caveats_of_month(content, month),
        "missing": _missing(content, month),
        "caveat_of": {row["entity_code"]: words.said(row, "caveat_vi") for row in totals},
        "baseline_caveats": {
            (row["scope"], row["entity_code"], row["baseline_id"]): _caveats_between(
                content, "mart_online_rates", row, row["baseline_start"], row["baseline_end"]
            )
            for row in changes
        },
        "to_date_caveats": {
            (row["scope"], row["entity_code"]): _caveats_between(
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


def _same_entity(row: Row, other: Row) -> bool:
    return (row["scope"], row["entity_code"]) == (other["scope"], other["entity_code"])


def _print_place(row: Row, province: Province) -> tuple[int, int, int, str]:
    """Groups as the province orders them, then the province; agencies by group, then official order."""
    codes = [group.code for group in province.groups]
    group = row["entity_code"] if row["scope"] == "group" else row.get("group_code")
    in_groups = codes.index(group) if group in codes else len(codes)
    official = row.get("official_order")
    return (
        1 if row["scope"] == "province" else 0,
        in_groups,
        official if official is not None else 10**9,
        str(row["entity_code"]),
    )


def in_print_order(rows: Sequence[Row], province: Province, *, agencies: bool) -> list[Row]:
    """Either the agencies, or the groups and the province, in the order of official tables."""
    chosen = [row for row in rows if (row["scope"] == "agency") == agencies]
    return sorted(chosen, key=lambda row: _print_place(row, province))


def _totals(content: Marts, month: date, province: Province) -> list[Row]:
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
    named |= {row["entity_code"]: words.said(row, "entity_name_vi") for row in _totals(content, month, province)}
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


def caveats_of_month(content: Marts, month: date, province: Province) -> list[Row]:
    """The month's caveats: of the province first, then of the groups, then of the agencies with rows set aside.

    An agency whose feed did not come, or whose newer file is held, is named by its group's and the province's caveat, and is
    not listed again.
    """
    places = {
        (row["scope"], row["entity_code"]): _print_place(row, province)
        for table in ("mart_payments", "mart_online_rates")
        for row in content.of_month(table, month)
    }
    scopes = ("province", "group", "agency")
    last = (0, 0, 10**9, "")
    return sorted(
        (
            row
            for row in content.of_month("mart_caveats", month)
            if row["scope"] != "agency" or row["caveat_id"] not in ("missing_feed", "held_file")
        ),
        key=lambda row: (
            scopes.index(row["scope"]),
            places.get((row["scope"], row["entity_code"]), last),
            row["entity_code"],
            row["subject"],
            row["caveat_id"],
        ),
    )


def earlier_caveats_of_month(content: Marts, month: date) -> list[Row]:
    """The province's caveats of earlier months that this page compares with or sums over."""
    starts = [row["baseline_start"] for row in content.of_month("mart_online_rate_changes", month)]
    first = min((start for start in starts if start), default=month)
    return [
        row
        for row in content.rows["mart_caveats"]
        if row["scope"] == "province" and min(first, date(month.year, 1, 1)) <= row["month"] < month
    ]


def _caveats_between(content: Marts, table: str, row: Row, start: date | None, end: date | None) -> str | None:
    """The caveats of one entity in the months of a period, each with its month; None where there is none."""
    if start is None or end is None:
        return None
    found = [
        f"{formats.month(other['month'])}: {words.said(other, 'caveat_vi')}"
        for other in content.rows[table]
        if _same_entity(row, other) and start <= other["month"] <= end and other["caveat_vi"]
    ]
    return "; ".join(found) or None


def _missing(content: Marts, month: date) -> dict[str, list[str]]:
    """The names of the agencies whose filings did not come, by the code of their group and of the province."""
    rows = content.of_month("mart_online_rates", month)
    silent = [row for row in rows if row["scope"] == "agency" and row["received"] is None]
    silent.sort(key=lambda row: (row["official_order"] or 0, row["entity_code"]))
    return {
        row["entity_code"]: [
            words.said(one, "entity_name_vi")
            for one in silent
            if row["scope"] == "province" or one["group_code"] == row["entity_code"]
        ]
        for row in rows
        if row["scope"] != "agency"
    }


def feeds_behind(content: Marts, row: Row) -> list[Row]:
    """The feeds that stand behind one row of mart_feed_timeliness."""
    return [
        feed
        for feed in content.of_month("mart_feeds", row["month"])
        if feed["is_expected"] and (feed["source_id"], feed["entity"]) == (row["source_id"], row["entity"])
    ]


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


def _figure_month(row: Row) -> date:
    """The month on whose page a published figure stands: the one it speaks about, else the one its period ends in."""
    compared = _COMPARED_WITH.search(row["metric"])
    number = _ENGLISH_MONTHS.index(compared.group(1)) + 1 if compared else row["period_end"].month
    return date(row["period_end"].year, number, 1)


def published_of_month(content: Marts, month: date) -> list[Row]:
    """Figures that speak about the month, then the targets printed beside them whose time holds the month."""
    rows = content.rows["mart_published_figures"]
    targets = [row for row in rows if row["metric"].startswith("target_")]
    figures = [row for row in rows if row not in targets and _figure_month(row) == month]
    if not figures:
        return []
    end = formats.month_end(month)
    current = [
        row
        for row in targets
        if (row["period_start"] is None or row["period_start"] <= end) and month <= row["period_end"]
    ]
    return [*figures, *current]


def additivity_of_month(content: Marts, month: date, province: Province) -> dict[str, list[Row]]:
    """Checks with a residue, something unexplained or no answer: ``notable`` of groups and province, ``agencies``."""
    checks = content.of_month("mart_additivity_checks", month)
    whole = sorted(
        (row for row in checks if row["scope"] != "agency"),
        key=lambda row: (row["check_id"], _print_place(row, province)),
    )
    return {
        "notable": [row for row in whole if row["residue"] != 0 or row["unexplained"] != 0],
        "agencies": [
            row for row in checks if row["scope"] == "agency" and (row["residue"] != 0 or row["unexplained"] != 0)
        ],
        "unexplained": [row for row in checks if row["unexplained"] not in (0, None)],
        "unanswered": [row for row in checks if row["unexplained"] is None],
        "all": list(checks),
    }


def additivity_note(checks: Mapping[str, Sequence[Row]]) -> str:
    """How many totals were looked at, and how many of them are the sum of their classes, the named residue included."""
    answered = len(checks["all"]) - len(checks["unanswered"]) - len(checks["unexplained"])
    return _(
        "Đã kiểm tra {checked} tổng, {right} tổng bằng các thành phần cộng lại và phần dư có tên. Chỉ in các tổng có phần dư, "
        "có phần không giải thích được hoặc chưa trả lời được.",
        checked=formats.count(len(checks["all"])),
        right=formats.count(answered),
    )
