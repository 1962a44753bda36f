"""What a check found, in the words in which people are mailed, and in which pages, letters, tables and marts repeat it.

One finding is one failing row of a verdict: one agency, one month, one check. Only wording may live here: nothing is
judged, sent or laid out. Mails take their words from here (`notify`), and so do the warnings that are published with the
figures: what a reader was mailed is what the page says.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from dvctt.core.printable import one_line
from dvctt.report.wording import checks, words
from dvctt.report.wording.language import in_language

Value = str | int | float | list[Any] | None


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


def warning_rows(verdict: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every failing row of every warning of a verdict, in its order: what is published with the figures. Month is None where
    a row is about none.
    """
    return [
        _warning_row(check, row)
        for check in verdict["checks"]
        if check["status"] == "failed" and check["severity"] == "warning"
        for row in check["failing_rows"] or [{}]
    ]


def _warning_row(check: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    finding = finding_of(check, row)
    about = {name: row.get(name) for name in ("subject", "source_id", "entity")}
    found = {
        "relation": row.get("relation") or "equal",
        "expected": row.get("expected"),
        "observed": row.get("observed"),
    }
    caveat = {
        "id": "warning",
        "check_id": check["id"],
        "title_vi": check.get("title_vi"),
        **about,
        **(found if row else {}),
    }
    return {
        "month": date.fromisoformat(f"{row['month']}-01") if row.get("month") else None,
        "check_id": check["id"],
        **about,
        "agency_code": row.get("agency_code"),
        "agency_name_vi": finding.agency,
        "caveat_json": json.dumps(
            {name: value for name, value in caveat.items() if value is not None},
            ensure_ascii=False,
            separators=(",", ":"),
        ),
        "text_vi": finding.text_vi,
    }


def sides_en(row: Mapping[str, Any]) -> str:
    """A failing row's two sides in English: "expected at least 1,064, observed 4"; a missing one is "none"."""
    with in_language("en"):
        return checks.sides(row)


def finding_of(check: Mapping[str, Any], row: Mapping[str, Any], *, note: str | None = None) -> Finding:
    """One failing row of a check of verdict.json."""
    return Finding(
        agency=optional_line(row.get("agency_name_vi") or row.get("agency_code")),
        month=optional_line(row.get("month")),
        check=one_line(checks.called(check.get("title_vi"), check["id"], row)),
        expected=_plain(row.get("expected")),
        observed=_plain(row.get("observed")),
        note=note,
        relation=row.get("relation"),
    )


def _plain(value: object) -> Value:
    return value if value is None or isinstance(value, (str, int, float, list)) else str(value)


def optional_line(text: object) -> str | None:
    return None if text is None else one_line(str(text))
