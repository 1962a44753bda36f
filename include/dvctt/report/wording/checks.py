"""A check of the gate and what it found in one row, in words: the same in mails, on pages and in the caveats of the marts.

Nothing is judged here. What a check is called stands in its suite, in Vietnamese; in every other language it goes by its id.
"""

from collections.abc import Mapping
from typing import Any

from dvctt.core.printable import one_line
from dvctt.report.wording import words
from dvctt.report.wording.language import VIETNAMESE, _, current_language

ENTITIES = {
    "filings": "hồ sơ",
    "payment_requests": "yêu cầu thanh toán",
    "payment_attempts": "giao dịch thanh toán",
    "procedures": "thủ tục hành chính",
    "reported_figures": "số liệu đơn vị tự báo cáo",
    "index_counts": "số liệu thành phần chỉ số",
}


def called(title: str | None, check_id: str, row: Mapping[str, Any]) -> str:
    """A check with what its row is about: "Hồ sơ đến đủ (filings.rows, nguồn s, hồ sơ)"; "filings.rows (source s, filings)"."""
    is_vietnamese = current_language() == VIETNAMESE
    name = (title or check_id) if is_vietnamese else check_id
    parts = [] if name == check_id else [check_id]
    if row.get("subject"):
        parts.append(str(row["subject"]))
    if row.get("source_id"):
        parts.append(_("nguồn {source}", source=row["source_id"]))
    if row.get("entity"):
        parts.append(ENTITIES.get(row["entity"], str(row["entity"])) if is_vietnamese else str(row["entity"]))
    return f"{name} ({', '.join(parts)})" if parts else name


def sides(row: Mapping[str, Any]) -> str:
    """What a check wanted of a row and what it saw: "mong đợi ít nhất 1.064, quan sát 4"."""
    return _(
        "mong đợi {wanted}, quan sát {observed}",
        wanted=words.wanted_value(row),
        observed=words.checked_value(row.get("observed")),
    )


def warning(caveat: Mapping[str, Any]) -> str:
    """A warning that was published with the figures, behind the agency's name where it is of one that nobody knows."""
    whose = f"{caveat['agency_name_vi']}: " if caveat.get("agency_name_vi") else ""
    found = sides(caveat) if "relation" in caveat or "observed" in caveat else _("mong đợi không có, quan sát không có")
    return one_line(f"{whose}{called(caveat.get('title_vi'), caveat['check_id'], caveat)}: {found}")
