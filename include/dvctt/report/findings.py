"""What a check found, in the words in which people are mailed, and in which pages, letters, tables and marts repeat it.

One finding is one failing row of a verdict: one agency, one month, one check. Only wording may live here: nothing is
judged, sent or laid out. Mails take their words from here (`notify`), and so do the warnings that are published with the
figures: what a reader was mailed is what the page says.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from dvctt.printable import printable
from dvctt.report import words
from dvctt.report.language import speaking

Value = str | int | float | list[Any] | None

_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_ENTITIES_VI: dict[str, str] = {
    "filings": "hồ sơ",
    "payment_requests": "yêu cầu thanh toán",
    "payment_attempts": "giao dịch thanh toán",
    "procedures": "thủ tục hành chính",
    "reported_figures": "số liệu đơn vị tự báo cáo",
    "index_counts": "số liệu thành phần chỉ số",
}
_LARGEST = 2**63 - 1


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be: one agency, one month, one check.

    Attributes:
        agency: name of the agency; None when the check is not about one.
        month: ``YYYY-MM``, or None.
        check: what was checked, in Vietnamese, with the check's id.
        expected, observed: counts, whole VND or text; None when there is no such figure.
        note: why there are no figures, or that the finding does not block.
        relation: how observed must stand to expected (``at_least``, ``at_most``, …); None is equal.
    """

    agency: str | None
    month: str | None
    check: str
    expected: Value
    observed: Value
    note: str | None = None
    relation: str | None = None

    @property
    def difference(self) -> int | float | None:
        """Observed less expected; None unless both are numbers."""
        if isinstance(self.expected, (int, float)) and isinstance(self.observed, (int, float)):
            return self.observed - self.expected
        return None

    @property
    def wanted_vi(self) -> str:
        """What was wanted: "2.952", "ít nhất 1.064"."""
        return one_line(words.wanted_value({"expected": self.expected, "relation": self.relation}))

    @property
    def observed_vi(self) -> str:
        return one_line(words.checked_value(self.observed))

    @property
    def text_vi(self) -> str:
        """The finding as one sentence."""
        return f"{self.check}: mong đợi {self.wanted_vi}, quan sát {self.observed_vi}"


WARNING_COLUMNS = {
    "warning_number": "integer",
    "month": "date",
    "check_id": "varchar",
    "subject": "varchar",
    "source_id": "varchar",
    "entity": "varchar",
    "agency_code": "varchar",
    "agency_name_vi": "varchar",
    "expected": "bigint",
    "observed": "bigint",
    "check_vi": "varchar",
    "wanted_vi": "varchar",
    "observed_vi": "varchar",
    "text_vi": "varchar",
    "text_en": "varchar",
}
"""What is published of a warning; the month is NULL where it is about none."""


def warning_rows(verdict: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Every failing row of every warning of a verdict, in its order, as `WARNING_COLUMNS` names them."""
    return [(number, *row) for number, row in enumerate(_warning_rows(verdict), start=1)]


def _warning_rows(verdict: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    for check in verdict["checks"]:
        if check["status"] != "failed" or check["severity"] != "warning":
            continue
        for row in check["failing_rows"] or [{}]:
            finding = finding_of(check, row)
            yield (
                date.fromisoformat(f"{row['month']}-01") if row.get("month") else None,
                check["id"],
                row.get("subject"),
                row.get("source_id"),
                row.get("entity"),
                row.get("agency_code"),
                finding.agency,
                _whole(finding.expected),
                _whole(finding.observed),
                finding.check,
                finding.wanted_vi,
                finding.observed_vi,
                finding.text_vi,
                one_line(
                    f"{_check_words(check['id'], check['id'], row)}: {sides_en(row) if row else 'no row was named'}"
                ),
            )


def sides_en(row: Mapping[str, Any]) -> str:
    """A failing row's two sides in English: "expected at least 1,064, observed 4"; a missing one is "none"."""
    with speaking("en"):
        return f"expected {words.wanted_value(row)}, observed {words.checked_value(row.get('observed'))}"


def _whole(value: Value) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _LARGEST else None


def finding_of(check: Mapping[str, Any], row: Mapping[str, Any], *, note: str | None = None) -> Finding:
    """One failing row of a check of verdict.json."""
    title = check.get("title_vi") or check["id"]
    return Finding(
        agency=optional_line(row.get("agency_name_vi") or row.get("agency_code")),
        month=optional_line(row.get("month")),
        check=one_line(_check_words(title, check["id"], row)),
        expected=_plain(row.get("expected")),
        observed=_plain(row.get("observed")),
        note=note,
        relation=row.get("relation"),
    )


def _check_words(title: str, check_id: str, row: Mapping[str, Any]) -> str:
    parts = [] if title == check_id else [check_id]
    if row.get("subject"):
        parts.append(str(row["subject"]))
    if row.get("source_id"):
        parts.append(f"nguồn {row['source_id']}" if title != check_id else f"source {row['source_id']}")
    if row.get("entity"):
        parts.append(_ENTITIES_VI.get(row["entity"], str(row["entity"])) if title != check_id else str(row["entity"]))
    return f"{title} ({', '.join(parts)})" if parts else title


def _plain(value: object) -> Value:
    return value if value is None or isinstance(value, (str, int, float, list)) else str(value)


def one_line(text: str) -> str:
    """No control character passes, so that a name can neither start a header nor fake a line of a mail's body."""
    return printable(_CONTROL.sub(" ", str(text))).strip()


def optional_line(text: object) -> str | None:
    return None if text is None else one_line(str(text))
