"""Codes of the marts and of the gate in words, Vietnamese or a translation of it.

Only fixed vocabularies and the choice between them may live here: statuses, verdicts, certainties, units. Names of
agencies, groups, baselines, targets and metrics come from the marts, never from code.
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from markupsafe import Markup, escape

from dvctt.core.errors import ReportError
from dvctt.province.metrics import read_metrics
from dvctt.report.wording import formats
from dvctt.report.wording.language import _, current_language, filled, markup, name, translate

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

DEFINITION_CERTAINTY = {
    "published": "theo văn bản đã công bố",
    "recalled": "chưa đối chiếu được với văn bản gốc",
    "derived": "suy ra từ số liệu hoặc hệ thống đang dùng, không có văn bản",
}
"""How certain it is that a metric is defined so."""

FEED = {
    "filings": "Hồ sơ",
    "payment_requests": "Yêu cầu thanh toán",
    "payment_attempts": "Giao dịch thanh toán",
    "procedures": "Thủ tục hành chính",
    "reported_figures": "Số liệu cơ quan tự báo cáo",
    "index_counts": "Số liệu thành phần chỉ số",
}

RESTATEMENT_CAUSE = {
    "late_filings": "dữ liệu đến muộn",
    "refused_files": "tệp bị từ chối",
    "corrections": "nguồn gửi lại số liệu đã sửa",
    "set_aside": "dòng đã tính nay bị cách ly",
    "released_from_quarantine": "dòng bị cách ly đã được sửa",
    "reclassified": "phân loại lại",
    "definition_changed": "cách tính thay đổi",
}
"""Columns of mart_restatements and mart_late_ledger_totals, in the order in which they are told."""

CHANGE_GAP = {
    "nothing_adjoins": "không có kỳ cùng loại liền trước",
    "no_base_period": "kho không có kỳ so sánh",
    "period_incomplete": "kỳ này chưa đủ dữ liệu",
    "not_there_before": "kỳ so sánh không có đơn vị này",
    "base_incomplete": "kỳ so sánh chưa đủ dữ liệu",
    "zero_denominator": "kỳ này mẫu số bằng 0",
    "zero_base": "kỳ so sánh bằng 0",
}
"""Why a period is not compared with another."""

MISSING_REASON = {
    "refused_file": "tệp của tháng bị từ chối",
    "no_file": "chưa có tệp của tháng",
    "empty_file": "tệp của tháng không có dòng nào",
    "no_rows": "tệp chung không có dòng nào của đơn vị",
    "few_rows": "tệp chỉ có một phần rất nhỏ số dòng thường có của đơn vị",
    "supplement_only": "chỉ có dòng trong tệp bổ sung",
}
"""Why a feed counts as not come."""

REFUSAL_REASON = {
    "not_of_contract": "tên tệp hoặc thư mục không đúng quy định",
    "one_name_twice": "trùng tên với tệp khác",
    "not_a_file": "không phải là tệp thông thường",
    "control_without_file": "có tệp kiểm soát mà không có tệp dữ liệu",
    "control_malformed": "tệp kiểm soát sai dạng",
    "control_differs": "số dòng, số tiền hoặc mã băm khác với tệp kiểm soát",
    "changed_while_read": "tệp thay đổi trong lúc đọc",
    "wrong_columns": "dòng tiêu đề không đúng các cột quy định",
    "empty_file": "tệp không có dòng nào",
    "unreadable": "không mở được, hoặc không phải là tệp CSV đúng dạng",
    "not_fetched": "không lấy được từ hệ thống nguồn",
}
"""Why a source's file was refused."""

REFUSAL_NEXT = {
    "not_of_contract": "đặt lại tên theo quy định rồi gửi lại, hoặc bỏ khỏi hộp nhận",
    "one_name_twice": "giữ lại một tệp, bỏ tệp kia",
    "not_a_file": "gửi lại tệp thông thường dưới tên này",
    "control_without_file": "gửi tệp dữ liệu, hoặc bỏ tệp kiểm soát",
    "control_malformed": "gửi lại tệp kiểm soát",
    "control_differs": "gửi lại cả tệp dữ liệu và tệp kiểm soát",
    "changed_while_read": "chờ nguồn ghi xong; lần chạy đêm kế tiếp tự đọc lại",
    "wrong_columns": "gửi lại tệp có đủ các cột quy định ở dòng đầu",
    "empty_file": "gửi lại tệp có dữ liệu, hoặc tệp kiểm soát ghi 0 dòng",
    "unreadable": "gửi lại tệp CSV, mã UTF-8",
    "not_fetched": "kiểm tra hệ thống nguồn và kết nối; đêm kế tiếp tự lấy lại",
}
"""What to do about it."""

REFUSAL_CONSEQUENCE = {
    "missing": "số liệu liên quan để trống",
    "older_version": "số liệu theo bản tệp trước",
    "supplement": "số liệu chưa gồm tệp bổ sung này",
    "listed": "không xác định được tháng hoặc loại dữ liệu",
}
"""What became of the figures that a refused file would have touched."""

_BANK = {"not_given": "Không ghi ngân hàng", "UNLISTED": "Ngoài danh mục"}

CAVEAT_SUBJECT = {"filings": "Hồ sơ", "payments": "Thanh toán", "checks": "Cảnh báo kiểm tra"}

SEVERITY = {"critical": "Nghiêm trọng", "warning": "Cảnh báo", "info": "Để biết"}

CHECK_STATUS = {
    "passed": "Đạt",
    "failed": "Không đạt",
    "could_not_check": "Chưa kiểm tra được",
    "not_applicable": "Không áp dụng",
}

# What a failing row is about, where its audit table says so; a new code is printed as it is until it gets its words.
_CHECK_SUBJECT = {
    "filings.agency_is_known": "cơ quan của hồ sơ có trong danh mục",
    "filings.procedure_is_known": "thủ tục của hồ sơ có trong danh mục",
    "payments.filing_is_known": "hồ sơ của yêu cầu thanh toán đã có trong kho",
    "attempts.request_is_known": "yêu cầu của giao dịch thanh toán đã có trong kho",
    "attempts.at_most_one_success": "mỗi yêu cầu tối đa một giao dịch thành công",
    "filings.received_by_channel": "hồ sơ tiếp nhận theo kênh",
    "filings.online_by_level": "hồ sơ trực tuyến theo mức độ",
    "payments.paid_by_method": "thanh toán theo hình thức",
    "payments.amount_by_phi_and_le_phi": "số tiền theo phí và lệ phí",
    "catalogue.services_by_level": "dịch vụ trong danh mục theo mức độ",
    "finished_without_date": "hồ sơ đã xong mà không có ngày kết thúc",
    "level_2_filed_online": "hồ sơ mức độ 2 nộp trực tuyến",
    "online_without_level": "hồ sơ trực tuyến không phân mức",
    "no_afternoon_at_the_gateway": "giờ của cổng thanh toán không có buổi chiều",
    "no_date_marker": "ô không có ngày được ghi bằng một giá trị thay thế",
    "received_before_submitted": "hồ sơ tiếp nhận trước khi nộp",
    "finished_before_received": "hồ sơ kết thúc trước khi tiếp nhận",
    "returned_before_finished": "hồ sơ trả kết quả trước khi kết thúc",
    "paid_before_requested": "khoản thu có trước yêu cầu thanh toán",
    "paid_long_after_requested": "khoản thu quá lâu sau yêu cầu thanh toán",
    "refunded_before_paid": "hoàn phí trước khi thu phí",
    "attempted_before_requested": "giao dịch có trước yêu cầu thanh toán",
    "success_off_payment": "giao dịch thành công khác ngày thu phí",
    "unlisted_code": "cột mã không chứa mã",
    "before_the_feed": "dòng của tháng chưa đến hạn phải gửi",
    "ho_so_tiep_nhan": "hồ sơ tiếp nhận",
    "ho_so_truc_tuyen": "hồ sơ trực tuyến",
    "giao_dich_thanh_toan": "giao dịch thanh toán trực tuyến",
    "so_tien_thanh_toan": "số tiền thanh toán trực tuyến",
    "giao_dich_hoan_phi": "giao dịch hoàn phí trực tuyến",
    "so_tien_hoan_phi": "số tiền hoàn phí trực tuyến",
}

_WANTED = {
    "at_least": "ít nhất {value}",
    "at_most": "nhiều nhất {value}",
    "more_than": "nhiều hơn {value}",
    "less_than": "ít hơn {value}",
}

# What a verdict means for somebody who reads figures, and for nobody else.
VERDICT_MEANS = {
    "passed": (
        "Số liệu của lần chạy này đã qua mọi kiểm tra nghiêm trọng và đủ điều kiện công bố.",
        "Bạn có thể dùng số liệu của bản công bố đi kèm trang này.",
    ),
    "failed": (
        "Số liệu của lần chạy này không qua kiểm tra nên không được công bố.",
        "Bản công bố trước (nếu có) vẫn giữ nguyên và vẫn là số liệu chính thức; không dùng số liệu của lần chạy này.",
    ),
    "could_not_check": (
        "Chưa có kết luận số liệu đúng hay sai, nên số liệu của lần chạy này không được công bố.",
        "Đây là lỗi của việc kiểm tra, chưa phải lỗi của số liệu hay của cơ quan nào. "
        "Bản công bố trước (nếu có) vẫn giữ nguyên và vẫn là số liệu chính thức.",
    ),
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

SMALL_BASE = "°"
"""Stands behind the name of what received so few filings that one of them moves the rate by more than a point."""

# Columns whose texts are names of the data, not sentences about it.
_NAMES = frozenset(
    "entity_name_vi short_name_vi agency_name_vi group_name_vi other_group_name_vi".split()  # noqa: SIM905
)

_YEAR = re.compile(r"\b\d{4}\b")

# What the parts of an id are called in the words that explain it.
_KEY_COLUMN = {
    "month": "tháng",
    "scope": "phạm vi",
    "entity_code": "mã đối tượng",
    "baseline_id": "kỳ gốc",
    "metric_id": "mã định nghĩa",
    "vocabulary_id": "mã bảng phân loại",
    "version": "phiên bản",
    "group_code": "mã khối",
    "other_group_code": "mã khối so sánh",
    "target_id": "mã mục tiêu",
    "figure_id": "số thứ tự",
    "check_id": "phép kiểm tra",
    "source_id": "nguồn",
    "entity": "loại dữ liệu",
    "agency_code": "mã cơ quan",
    "subject": "số liệu",
    "caveat_id": "loại lưu ý",
}

Show = Callable[..., str]
"""How one figure inside a phrase is printed: called with the row, its column, the function that words the value, and what
else that function takes.
"""


def _shown(row: Mapping[str, Any], column: str, form: Callable[..., str], *more: Any) -> str:
    return form(row[column], *more)


def key_column(column: str) -> str:
    """What a part of an id is called; a key without words goes by its column's name."""
    return _(_KEY_COLUMN[column]) if column in _KEY_COLUMN else column


def word(code: str, vocabulary: Mapping[str, str], where: str) -> str:
    """The words for a code.

    Raises:
        ReportError: the vocabulary lacks the code; names ``where`` it was found and what is known.
    """
    if code not in vocabulary:
        raise ReportError(f"{where}: found {code!r}, wanted one of {', '.join(vocabulary)}")
    return _(vocabulary[code])


def entity(row: Mapping[str, Any]) -> str:
    """The name of a row's entity as tables print it; the province's says that it is the whole."""
    called = name(str(row["entity_name_vi"]))
    return _("Toàn tỉnh {name}", name=called) if row["scope"] == "province" else called


def text_of(row: Mapping[str, Any], column: str) -> str:
    """A text of a row in the current language: a name by its own rule, a sentence from the row's column in that language."""
    text = row[column]
    if column in _NAMES:
        return name(str(text)) if text else ""
    return translate(text, _own(row, column))


def name_of(row: Mapping[str, Any], column: str) -> str:
    """A name that the row itself may have in the current language; for want of one as every name of the data."""
    return _own(row, column) or name(row[column] or "")


def period_name(row: Mapping[str, Any], column: str = "period_name_vi") -> str:
    """A reporting period by its name: "Quý III/2022". The list of periods has a place for the year in each name, and so have
    its translations.
    """
    called = str(row[column])
    year = _YEAR.search(called)
    if own := _own(row, column):
        return own
    return filled(_YEAR.sub("{year}", called), called, year=year.group()) if year else translate(called)


def metric_name(row: Mapping[str, Any]) -> str:
    """The metric of a printed figure. The list of metrics has a place in the name for the month or the group that the figure is
    compared with; a publication may be older than the metric's id in the list, so it is known by its name.
    """
    called = str(row["metric_name_vi"])
    if own := _own(row, "metric_name_vi"):
        return own
    for message in (metric.name_vi for metric in read_metrics().values()):
        places = re.escape(message).replace(r"\{month\}", r"(?P<month>\d+)").replace(r"\{group\}", "(?P<group>.+)")
        found = re.fullmatch(places, called)
        if found is not None:
            return filled(
                message, called, **{place: _COMPARED_WITH[place](text) for place, text in found.groupdict().items()}
            )
    return translate(called)


_COMPARED_WITH: Mapping[str, Callable[[str], str]] = {
    "month": lambda number: formats.month_name(date(1, int(number), 1)),
    "group": lambda text: lower_first(name(caveat(text))),
}
"""What stands in a place of a metric's name, in the current language."""


def _own(row: Mapping[str, Any], column: str) -> str | None:
    """What the row itself has in the current language."""
    own: str | None = row.get(f"{column.removesuffix('_vi')}_{current_language()}")
    return own


def short_name(row: Mapping[str, Any]) -> str:
    """The name for a narrow place: the short one, for want of it the whole one."""
    return text_of(row, "short_name_vi") or text_of(row, "entity_name_vi")


def ranked_name(row: Mapping[str, Any]) -> str:
    """The name of a row's entity where it is compared with others: marked when its base is too small for that."""
    return text_of(row, "entity_name_vi") + small_base(row)


def small_base(row: Mapping[str, Any] | None) -> str:
    """The mark of a small base, empty where the base is not small or an older publication does not say."""
    return f" {SMALL_BASE}" if row is not None and row.get("is_small_base") else ""


def caveat(text: str) -> str:
    """A caveat of the marts as a sentence begins: "chưa tính 8 dòng" gives "Chưa tính 8 dòng"."""
    return text[:1].upper() + text[1:]


def lower_first(text: str) -> str:
    """A text of the marts inside a sentence: "Hồ sơ tiếp nhận" gives "hồ sơ tiếp nhận"."""
    return text[:1].lower() + text[1:]


def month_of_key(key: str | None) -> str:
    """The month of a verdict: "2022-10" gives "tháng 10/2022"; None is every month of the run, and what is no month is
    printed as it stands: a page about faults must not end in one.
    """
    if not key:
        return _("mọi tháng của lần chạy")
    try:
        return formats.month(date.fromisoformat(f"{key}-01"))
    except ValueError:
        return key


def missing_feed(feed: Mapping[str, Any]) -> str:
    """An agency whose feed did not come, with the reason where it is another than that no file came."""
    return with_reason(text_of(feed, "agency_name_vi"), feed)


def with_reason(text: str, feed: Mapping[str, Any]) -> str:
    """A text about a feed that did not come, with the reason where it is another than that no file came."""
    reason = feed.get("missing_reason")
    return text if not reason or reason == "no_file" else f"{text} ({missing_reason(reason)})"


def missing_reason(reason: str | None) -> str | None:
    """Why a feed counts as not come; None of one that came."""
    return None if reason is None else word(reason, MISSING_REASON, "mart_feeds.missing_reason")


def refusal_reason(reason: str | None) -> str | None:
    """Why a source's file was refused."""
    return None if reason is None else word(reason, REFUSAL_REASON, "mart_refused_files.refusal_reason")


def refusal_consequence(consequence: str | None) -> str | None:
    """What became of the figures that a refused file would have touched."""
    if consequence is None:
        return None
    return word(consequence, REFUSAL_CONSEQUENCE, "mart_refused_files.consequence")


def change_gap(reason_id: str | None) -> str | None:
    """Why a period is not compared with another; None where it is."""
    return None if reason_id is None else word(reason_id, CHANGE_GAP, "mart_period_changes.reason_id")


def bank_name(code: str) -> str:
    """A bank goes by its code; that none is given, or that it is no code, in words."""
    return _(_BANK[code]) if code in _BANK else code


def with_commands(text: str) -> Markup:
    """Running text with what stands between backticks as code; everything else is escaped."""
    parts = re.split(r"`([^`]*)`", text)
    return Markup("").join(Markup("<code>{}</code>").format(part) if i % 2 else part for i, part in enumerate(parts))


def check_subject(code: str) -> str:
    """What a failing row is about, as a table prints it."""
    return caveat(_(_CHECK_SUBJECT[code])) if code in _CHECK_SUBJECT else code


def checked_value(value: object) -> str:
    """What a check expected or observed: numbers as offices print them, a missing one in words, an interval as it is."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return _(formats.NOT_DEFINED)
    return formats.exact(value) if isinstance(value, (int, float)) else str(value)


def wanted_value(row: Mapping[str, Any]) -> str:
    """What a check wanted of a failing row: "2.952", "ít nhất 1.064", "từ 0 đến 5"."""
    expected, relation = row.get("expected"), row.get("relation")
    if isinstance(expected, list | tuple):
        return _("từ {low} đến {high}", low=checked_value(expected[0]), high=checked_value(expected[1]))
    value = checked_value(expected)
    return _(_WANTED[relation], value=value) if relation in _WANTED and expected is not None else value


def checked_difference(row: Mapping[str, Any]) -> str:
    """Observed less expected of a failing row, signed; a dash where one of them is no number."""
    value = row.get("difference")
    return "–" if value is None else f"{'+' if value > 0 else ''}{formats.exact(value)}"


def unit_noun(unit: str) -> str:
    """What stands after a number of mart_published_figures: " hồ sơ", "%"."""
    return word(unit, _UNIT_NOUN, "mart_published_figures.unit")


def exact_measure(value: formats.Number | None, unit: str) -> str:
    """A printed figure or a bound with all its decimals and its unit: "50,25%", "2.952 hồ sơ"."""
    noun = unit_noun(unit)
    return _(formats.NOT_DEFINED) if value is None else f"{formats.exact(value)}{noun}"


def measure(value: formats.Number | None, unit: str) -> str:
    """A computed figure with its unit: shares and points with one decimal, everything else whole."""
    noun = unit_noun(unit)
    if value is None:
        return _(formats.NO_DATA)
    if unit == "percent":
        return formats.rate(value)
    return formats.signed_points(value) if unit == "percentage_points" else f"{formats.count(value)}{noun}"


def interval(row: Mapping[str, Any], show: Show = _shown) -> Markup:
    """The interval that a printed figure of mart_published_figures allows: "từ 50,25 đến 50,35%", "đúng số đã in", "từ 70%
    trở lên".
    """
    lower, upper, unit = row["lower_bound"], row["upper_bound"], row["unit"]
    if lower is None and upper is None:
        return escape(_(formats.NOT_DEFINED))
    if upper is None:
        return markup("từ {lower} trở lên", lower=show(row, "lower_bound", exact_measure, unit))
    if lower is None:
        return markup("đến {upper}", upper=show(row, "upper_bound", exact_measure, unit))
    if lower == upper:
        return markup("đúng số đã in")
    return markup(
        "từ {lower} đến {upper}",
        lower=show(row, "lower_bound", formats.exact),
        upper=show(row, "upper_bound", exact_measure, unit),
    )


def share(row: Mapping[str, Any], rate_column: str, denominator_column: str) -> str:
    """A share of a row: "chưa có dữ liệu" where its denominator did not come, "không có" where it is zero."""
    return _(formats.NO_DATA) if row[denominator_column] is None else formats.rate(row[rate_column])


def baseline_gap(row: Mapping[str, Any], show: Show = _shown) -> Markup:
    """Why a row of mart_online_rate_changes has no change; empty where it has one."""
    if row["change_points"] is not None:
        return Markup("")
    present, expected = row["baseline_months_present"], row["baseline_months_expected"]
    if expected is None or present is None or present < expected:
        return markup(
            "kỳ gốc có dữ liệu {present} trên {expected} tháng",
            present=show(row, "baseline_months_present", _count_or_zero),
            expected=show(row, "baseline_months_expected", formats.count),
        )
    if not row["baseline_received"]:
        return markup("kỳ gốc không tiếp nhận hồ sơ nào")
    if row["received"] is None:
        return markup("kỳ này chưa có dữ liệu")
    # A month with filings has a rate; what keeps it from being compared is an agency whose feed did not come.
    if row["received"]:
        return markup("kỳ này chưa đủ dữ liệu của các cơ quan")
    return markup("kỳ này không tiếp nhận hồ sơ nào")


def _count_or_zero(value: formats.Number | None) -> str:
    return formats.count(value or 0)


def target_shortfall(row: Mapping[str, Any], show: Show = _shown) -> Markup:
    """By how much a target of mart_targets is missed, or that it is not; that data are missing where they are."""
    if row["status"] == "no_data":
        return escape(_(formats.NO_DATA))
    if row["status"] == "met":
        return markup("không thiếu")
    points = show(row, "short_by_points", formats.points)
    if row["short_by_count"] is None:
        return markup("thiếu {points}", points=points)
    # A publication of an older version does not say what the numerator counts.
    noun = f" {text_of(row, 'short_unit_vi')}" if row["short_unit_vi"] else ""
    return markup(
        "thiếu {points}, tức {count}{noun}", points=points, count=show(row, "short_by_count", formats.count), noun=noun
    )


def restatement_causes(row: Mapping[str, Any], show: Show = _shown) -> Markup:
    """Which causes make how much of a change: "dữ liệu đến muộn: +3; nguồn gửi lại số liệu đã sửa: -1"."""
    parts = [
        Markup("{}: {}").format(_(cause), show(row, column, formats.signed_count))
        for column, cause in RESTATEMENT_CAUSE.items()
        if row.get(column)  # an older publication may not know the cause
    ]
    return Markup("; ").join(parts) or markup("chưa có dữ liệu trở thành 0, hoặc ngược lại")
