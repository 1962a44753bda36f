"""Codes of the marts in Vietnamese.

Only fixed vocabularies and the choice between them may live here: statuses, verdicts, certainties, units. Names of
agencies, groups, baselines, targets and metrics come from the marts, never from code.
"""

from collections.abc import Mapping
from typing import Any

from dvctt.errors import ReportError
from dvctt.report import formats

TARGET_STATUS = {"met": "Đạt", "missed": "Chưa đạt", "no_data": "Chưa có dữ liệu"}

VERDICT = {
    "reproduced": "Khớp",
    "not_reproduced": "Không khớp",
    "target_met": "Đạt mục tiêu",
    "target_missed": "Chưa đạt mục tiêu",
    "no_data": "Chưa có dữ liệu",
}

# How a status or verdict is marked beside its word, so that colour is never the only sign.
TONE = {
    "met": "good",
    "reproduced": "good",
    "target_met": "good",
    "missed": "bad",
    "not_reproduced": "bad",
    "target_missed": "bad",
    "no_data": "open",
}

CERTAINTY = {
    "published": "số liệu đã công bố",
    "recalled": "chưa đối chiếu được với văn bản gốc",
    "derived": "suy ra từ số liệu khác",
}

# Units of published_figures.csv, as they stand after a number.
_UNIT_NOUN = {
    "services": " dịch vụ",
    "filings": " hồ sơ",
    "agencies": " cơ quan",
    "transactions": " giao dịch",
    "VND": " đồng",
    "percent": "%",
    "percentage_points": f" {formats.POINTS}",
}

# What the numerator of a target counts; a metric that is not here is printed without a noun.
_TARGET_NOUN = {"target_procedures_online_share": " thủ tục", "online_rate": " hồ sơ"}


def word(code: str, vocabulary: Mapping[str, str], where: str) -> str:
    """The Vietnamese for a code.

    Raises:
        ReportError: the vocabulary lacks the code; names ``where`` it was found and what is known.
    """
    if code not in vocabulary:
        raise ReportError(f"{where}: found {code!r}, wanted one of {', '.join(vocabulary)}")
    return vocabulary[code]


def entity(row: Mapping[str, Any]) -> str:
    """The name of a row's entity as tables print it; the province's says that it is the whole."""
    return f"Toàn tỉnh {row['entity_name_vi']}" if row["scope"] == "province" else str(row["entity_name_vi"])


def exact_measure(value: formats.Number | None, unit: str) -> str:
    """A printed figure or a bound with all its decimals and its unit: "50,25%", "2.952 hồ sơ"."""
    noun = word(unit, _UNIT_NOUN, "mart_published_figures.unit")
    return formats.NOT_DEFINED if value is None else f"{formats.exact(value)}{noun}"


def measure(value: formats.Number | None, unit: str) -> str:
    """A computed figure with its unit: shares and points with one decimal, everything else whole."""
    noun = word(unit, _UNIT_NOUN, "mart_published_figures.unit")
    if value is None:
        return formats.NO_DATA
    if unit == "percent":
        return formats.rate(value)
    return formats.signed_points(value) if unit == "percentage_points" else f"{formats.count(value)}{noun}"


def interval(lower: formats.Number | None, upper: formats.Number | None, unit: str) -> str:
    """The interval that a printed figure allows: "từ 50,25 đến 50,35%", "đúng số đã in", "từ 70% trở lên"."""
    if lower is None and upper is None:
        return formats.NOT_DEFINED
    if upper is None:
        return f"từ {exact_measure(lower, unit)} trở lên"
    if lower is None:
        return f"đến {exact_measure(upper, unit)}"
    return "đúng số đã in" if lower == upper else f"từ {formats.exact(lower)} đến {exact_measure(upper, unit)}"


def share(row: Mapping[str, Any], rate_column: str, denominator_column: str) -> str:
    """A share of a row: "chưa có dữ liệu" where its denominator did not come, "không có" where it is zero."""
    return formats.NO_DATA if row[denominator_column] is None else formats.rate(row[rate_column])


def baseline_gap(row: Mapping[str, Any]) -> str:
    """Why a row of mart_online_rate_changes has no change; empty where it has one."""
    if row["change_points"] is not None:
        return ""
    present, expected = row["baseline_months_present"], row["baseline_months_expected"]
    if expected is None or present is None or present < expected:
        return f"kỳ gốc có dữ liệu {formats.count(present or 0)} trên {formats.count(expected)} tháng"
    if not row["baseline_received"]:
        return "kỳ gốc không tiếp nhận hồ sơ nào"
    return "kỳ này chưa có dữ liệu" if row["received"] is None else "kỳ này không tiếp nhận hồ sơ nào"


def target_shortfall(row: Mapping[str, Any]) -> str:
    """By how much a target of mart_targets is missed, or that it is not; empty without data."""
    if row["status"] == "no_data":
        return formats.NO_DATA
    if row["status"] == "met":
        return "không thiếu"
    parts = [formats.points(row["short_by_points"])]
    if row["short_by_count"] is not None:
        parts.append(f"{formats.count(row['short_by_count'])}{_TARGET_NOUN.get(row['metric'], '')}")
    return "thiếu " + ", tức ".join(parts)
