"""Rows of the marts in print order: which rows stand in a document, and which notes go with them.

Nothing here lays out, and nothing computes a figure.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from dvctt.province.model import Province
from dvctt.report.marts import MartRow, Marts, Row
from dvctt.report.wording import caveats, formats
from dvctt.report.wording.language import _


def restated(content: Marts, publication: int) -> list[Row]:
    """What this publication changed of figures that the one before had published, of all months."""
    return [row for row in content.rows["mart_restatements"] if row["to_publication"] == publication]


def is_same_entity(row: Row, other: Row) -> bool:
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


def in_print_order(rows: Sequence[MartRow], province: Province, *, agencies: bool) -> list[MartRow]:
    """Either the agencies, or the groups and the province, in the order of official tables."""
    chosen = [row for row in rows if (row["scope"] == "agency") == agencies]
    return sorted(chosen, key=lambda row: _print_place(row, province))


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
            if row["scope"] != "agency" or row["caveat_id"] not in ("missing_feed", "held_file", "refused_file")
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


def alike_caveats(rows: Sequence[Row]) -> list[tuple[Row, list[date]]]:
    """Caveats that say the same of the same figures, once, each with the months that it is of: what is warned of in every month
    is read once.
    """
    months: dict[tuple[str, str, str], list[date]] = {}
    first: dict[tuple[str, str, str], Row] = {}
    for row in rows:
        key = (row["subject"], row["entity_code"], row["caveat_json"])
        first.setdefault(key, row)
        months.setdefault(key, []).append(row["month"])
    return [(row, months[key]) for key, row in first.items()]


def caveats_between(content: Marts, table: str, row: Row, start: date | None, end: date | None) -> str | None:
    """The caveats of one entity in the months of a period, each with its month; None where there is none."""
    if start is None or end is None:
        return None
    found = [
        f"{formats.month(other['month'])}: {caveats.words(other['caveats_json'])}"
        for other in content.rows[table]
        if is_same_entity(row, other) and start <= other["month"] <= end and other["caveats_json"]
    ]
    return "; ".join(found) or None


def feeds_behind(content: Marts, row: Row) -> list[Row]:
    """The feeds that stand behind one row of mart_feed_timeliness."""
    return [
        feed
        for feed in content.of_month("mart_feeds", row["month"])
        if feed["is_expected"] and (feed["source_id"], feed["entity"]) == (row["source_id"], row["entity"])
    ]


def _figure_month(row: Row) -> date:
    """The month on whose page a published figure stands: the one that a change leads to, else the one its period ends in."""
    month: date = row["compared_month"] or row["period_end"].replace(day=1)
    return month


def published_of_month(content: Marts, month: date) -> list[MartRow]:
    """Figures that speak about the month, then the targets printed beside them whose time holds the month."""
    rows = content.rows["mart_published_figures"]
    targets = [row for row in rows if row["is_target"]]
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
