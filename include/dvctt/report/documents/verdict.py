"""The gate's verdict as one page for people: what was checked, what did not hold, why it matters, what to do next.

Only choosing, ordering and naming what verdict.json holds may live here; nothing is judged again and no mart is read, so
the page can be written for a run that never got as far as marts. Like verdict.json it is about counts: audit tables hold
no personal data. The same verdict gives the same bytes.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dvctt.core.errors import ReportError
from dvctt.report.template import templates, write_page
from dvctt.report.wording import words

log = logging.getLogger(__name__)

CANARY = "canary"
"""The suite whose rules are given wrong numbers on purpose; its answers are about the gate, not about figures."""

_SEVERITIES = ("critical", "warning", "info")
_STATUSES = ("passed", "failed", "could_not_check", "not_applicable")
_WANTED = ("id", "suite", "table", "severity", "status", "title_vi", "why_vi", "next_vi", "rows_seen", "failing_rows")


@dataclass(frozen=True)
class Tally:
    """How many checks of one kind ended in each way; ``counts`` follows the order of the statuses, then the total."""

    name_vi: str
    counts: tuple[int, ...]


def write_verdict_page(verdict: Mapping[str, Any], out: Path, *, is_sample: bool = False) -> Path:
    """Write one self-contained page, in Vietnamese, about one verdict of the gate.

    Args:
        verdict: what verdict.json holds; any of the three verdicts.
        out: the page's path; its folder must exist.
        is_sample: whether it was given on a sample's figures.

    Returns:
        ``out``.

    Raises:
        ReportError: the verdict is not in the form that the gate writes; names the key.
    """
    outcome = verdict.get("verdict")
    if outcome not in words.VERDICT_MEANS:
        raise ReportError(f"{out}: key verdict: found {outcome!r}, wanted one of {', '.join(words.VERDICT_MEANS)}")
    checks = verdict.get("checks") or []
    for check in checks:
        missing = [key for key in _WANTED if key not in check]
        if missing:
            raise ReportError(
                f"{out}: check {check.get('id')!r}: missing {', '.join(missing)}; wanted what the gate writes"
            )
        words.word(check["severity"], words.SEVERITY, f"{out}: check {check['id']}: severity")
        words.word(check["status"], words.CHECK_STATUS, f"{out}: check {check['id']}: status")
    about_figures = [check for check in checks if check["suite"] != CANARY]
    canaries = [check for check in checks if check["suite"] == CANARY]
    write_page(
        templates(),
        "verdict.html.j2",
        out,
        is_sample=is_sample,
        issuer=verdict["province"],
        verdict=verdict,
        month=words.month_of_key(verdict.get("month")),
        means=words.VERDICT_MEANS[outcome],
        open_checks=sorted((c for c in checks if c["status"] in ("failed", "could_not_check")), key=_urgency),
        warnings=[c for c in about_figures if c["status"] == "failed" and c["severity"] == "warning"],
        passed=[c for c in about_figures if c["status"] == "passed"],
        not_applicable=[c for c in checks if c["status"] == "not_applicable"],
        canaries=[c for c in canaries if c["status"] == "passed"],
        tallies=_tallies(about_figures, canaries),
        statuses=[words.CHECK_STATUS[status] for status in _STATUSES],
    )
    log.info("wrote the page of a verdict, %s, to %s", outcome, out)
    return out


def _urgency(check: Mapping[str, Any]) -> int:
    """What stops the run stands first: a critical rule that does not hold, a rule without an answer; then warnings."""
    if check["status"] == "could_not_check":
        return 1
    return 0 if check["severity"] == "critical" else 1 + _SEVERITIES.index(check["severity"])


def _tallies(about_figures: Sequence[Mapping[str, Any]], canaries: Sequence[Mapping[str, Any]]) -> list[Tally]:
    kinds = [
        (words.SEVERITY[severity], [check for check in about_figures if check["severity"] == severity])
        for severity in _SEVERITIES
    ]
    kinds.append(("Tự kiểm tra của bộ kiểm tra", list(canaries)))
    return [
        Tally(name, (*(sum(check["status"] == status for check in checks) for status in _STATUSES), len(checks)))
        for name, checks in kinds
        if checks
    ]
