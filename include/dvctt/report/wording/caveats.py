"""What a reader must know of a figure, as a sentence: a caveat of the marts is an id and its parameters, as JSON.

One message an id, and what its parameters read like; nothing else may live here, and no mart is known. A month that was closed
before caveats had ids keeps its words (`in_words`); so does what an older publication says.
"""

import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from dvctt.core.errors import ReportError
from dvctt.report.wording import checks, formats
from dvctt.report.wording import words as codes
from dvctt.report.wording.language import VIETNAMESE, _, current_language, in_language, translate

Caveat = Mapping[str, Any]

SENTENCES = {
    "quarantined_rows": "chưa tính {row_count} dòng bị cách ly",
    "quarantined_rows_of_period": "chưa tính {row_count} dòng bị cách ly của các tháng trong kỳ",
    "missing_feed": "chưa có dữ liệu từ {agencies}",
    "missing_attempts": "chưa có giao dịch thanh toán từ {agencies}",
    "missing_months": "chưa có dữ liệu của {month_count} tháng trong kỳ",
    "missing_catalogue": "chưa có danh mục thủ tục của {files}",
    "held_file": "bản tệp mới đang được giữ lại chờ xác nhận ({agencies}), số liệu chưa tính bản này",
    "refused_file": "có tệp bị từ chối, số liệu chưa tính tệp này ({agencies})",
    "refused_file_of_period": "có tệp bị từ chối của {month_count} tháng trong kỳ, số liệu chưa tính các tệp này",
    "month_without_file": "{row_count} bản ghi trong tệp của tháng thuộc tháng không có tệp nào: không bảng tháng nào đếm",
    "begins_before_data": "kỳ bắt đầu trước ngày {day}, ngày đầu tiên có dữ liệu",
    "begins_with_data": "không có dữ liệu trước ngày {day}: hồ sơ từ kỳ trước chuyển qua chưa tính được",
    "waived_feed": "{entity} (nguồn {source_id}) của {agencies}: {waived_by} cho miễn ngày {waived_on}, lý do: {reason}",
    "earlier_month_missing": "thiếu dữ liệu của tháng trước đó: hồ sơ từ kỳ trước chuyển qua có thể thiếu",
}

_IN_WORDS, _WARNING = "in_words", "warning"
BETWEEN = " · "


COLUMNS = {"caveats_json": "caveat", "caveat_json": "text", "waivers_json": "waived"}
"""Columns of the marts that hold caveats, all of a row's figures or one, and the older columns of words in their place."""

FEEDS = {
    "filings": "hồ sơ",
    "payment_requests": "yêu cầu thanh toán",
    "payment_attempts": "giao dịch thanh toán",
}


def in_words(vietnamese: str, **others: str | None) -> str:
    """A list of one caveat that has its words and no id: ``text_en`` and others of that form beside the Vietnamese."""
    return json.dumps([{"id": _IN_WORDS, "text_vi": vietnamese, **others}], ensure_ascii=False)


def own_words(caveats: str | None) -> str | None:
    """Caveats in one line in the current language; None where there is none, or where one has its words in another alone.

    Args:
        caveats: ``caveats_json`` of a mart, or one ``caveat_json``.

    Raises:
        ReportError: this version has no sentence for one.
    """
    sentences = [_sentence(one) for one in _read(caveats)]
    if not sentences or None in sentences:
        return None
    return BETWEEN.join(one for one in sentences if one is not None)


def words(caveats: str | None) -> str:
    """The same for a document: words that only Vietnamese has are translated by the catalogues or quoted; "" for none."""
    return BETWEEN.join(
        translate(one["text_vi"], _sentence(one)) if _is_words(one) else str(_sentence(one)) for one in _read(caveats)
    )


def words_of(row: Mapping[str, Any], language: str = VIETNAMESE) -> str | None:
    """What a row of a publication, read with all its columns, says in a language; an older publication has words alone."""
    for column, older in COLUMNS.items():
        if column in row:
            with in_language(language):
                return own_words(row[column])
        if f"{older}_{VIETNAMESE}" in row:
            text: str | None = row.get(f"{older}_{language}")
            return text
    return None


def _read(caveats: str | None) -> list[Caveat]:
    if not caveats:
        return []
    read = json.loads(caveats)
    return read if isinstance(read, list) else [read]


def _is_words(caveat: Caveat) -> bool:
    return bool(caveat["id"] == _IN_WORDS)


def _sentence(caveat: Caveat) -> str | None:
    kind = caveat["id"]
    if _is_words(caveat):
        text: str | None = caveat.get(f"text_{current_language()}")
        return text
    if kind == _WARNING:
        return checks.warning(caveat)
    if kind not in SENTENCES:
        raise ReportError(f"caveat: found id {kind!r}, wanted one of {', '.join([*SENTENCES, _WARNING, _IN_WORDS])}")
    values = {name: form(caveat[name]) for name, form in _FORMS.items() if name in caveat}
    return _(SENTENCES[kind], **values)


def _agency(agency: Mapping[str, Any]) -> str:
    return codes.with_reason(codes.name_of(agency, "name_vi"), {"missing_reason": agency.get("reason")})


def _agencies(agencies: list[Mapping[str, Any]]) -> str:
    return "; ".join(map(_agency, agencies))


def _feed(entity: str) -> str:
    return _(FEEDS[entity]) if entity in FEEDS else entity


def _day(value: str) -> str:
    return formats.day(date.fromisoformat(value))


def _files(files: list[Mapping[str, Any]]) -> str:
    return "; ".join(f"{one['source_id']} {formats.month_number(date.fromisoformat(one['month']))}" for one in files)


_FORMS: Mapping[str, Callable[[Any], str]] = {
    "row_count": formats.count,
    "month_count": formats.count,
    "agencies": _agencies,
    "files": _files,
    "day": _day,
    "entity": _feed,
    "source_id": str,
    "waived_by": str,
    "waived_on": _day,
    "reason": str,
}
