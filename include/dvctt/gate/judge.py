"""The gate: hands the audit tables to Great Expectations and returns a verdict.

Rules are data (expectations/suites/*.yml, in GX's own vocabulary); DuckDB has computed expected and observed; GX judges the
small frame; this module only decides what the answers mean together. Three verdicts: ``passed``, ``failed`` (a critical
expectation was evaluated and does not hold) and ``could_not_check`` (something raised, did not run, saw no rows, or the canary
did not fail). GX's SQL route over DuckDB answers wrongly and its overall ``success`` ignores severities, so neither is used
(docs/decisions/0006-the-gate.md).
"""

import json
import logging
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from dvctt.core.engines import describe_error, describe_traceback
from dvctt.core.errors import ConfigError, GateCouldNotCheck, GateFailed
from dvctt.core.files import write_atomically
from dvctt.core.period import Month
from dvctt.core.sql import identifier
from dvctt.settings import PROJECT_ROOT
from dvctt.warehouse.connections import open_candidate

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult

log = logging.getLogger(__name__)

SUITES = PROJECT_ROOT / "expectations" / "suites"
CANARY = "canary"
VERDICT_VI = {"passed": "ĐẠT", "failed": "KHÔNG ĐẠT", "could_not_check": "CHƯA KIỂM TRA ĐƯỢC"}
_LISTED_ROWS = 50
_NOT_BELOW = "expect_column_pair_values_a_to_be_greater_than_b"
_SUBJECTS = ("total_id", "rule_id", "defect_id", "indicator", "measure", "column_name", "file_name")
"""Columns of audit tables that say what a row counts, beside whose and when."""
_CANARY_FRAME = (["rule_id", "expected", "observed"], [("canary", 10, 9)])

Status = Literal["passed", "failed", "could_not_check", "not_applicable"]


class _Meta(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    title_vi: str
    why_vi: str
    next_vi: str
    nothing_vi: str | None = None
    observed: str | None = None
    """The value behind a threshold, and the day it was seen."""
    observed_column: str | None = None
    """Of two columns of which one must not be below the other: the one that was counted; the other one is the limit."""


class Expectation(BaseModel):
    """One rule, as GX writes it; ``meta`` is for people. A rule that compared nothing is no answer, unless its meta says
    why there may be nothing to compare.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str
    kwargs: dict[str, Any]
    severity: Literal["critical", "warning", "info"]
    meta: _Meta

    @model_validator(mode="after")
    def _says_what_was_observed(self) -> Self:
        sides = [self.kwargs.get("column_A"), self.kwargs.get("column_B")]
        if self.type == _NOT_BELOW and self.meta.observed_column not in sides:
            raise ValueError(
                f"{self.meta.id}: key meta.observed_column: found {self.meta.observed_column!r}, "
                f"wanted the one of {sides} that was counted; the other one is the limit"
            )
        return self


class Suite(BaseModel):
    """The rules over one audit table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    table: str
    title_vi: str
    expectations: tuple[Expectation, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Frame:
    """An audit table in memory: column names and rows of plain Python values, integers exact."""

    columns: list[str]
    rows: list[tuple[Any, ...]]


@dataclass(frozen=True)
class Check:
    """What became of one expectation."""

    suite: str
    table: str
    expectation: Expectation
    status: Status
    rows_seen: int
    failing_rows: tuple[dict[str, Any], ...]
    error: str | None = None


Answer = Callable[[Sequence[Suite], dict[str, Frame | str]], list[Check]]
"""Judges suites over their frames, a frame that could not be read being the words that say why: what ``evaluate`` does."""


def load_suites(folder: Path = SUITES) -> list[Suite]:
    """All suites, by name.

    Raises:
        ConfigError: a file is no suite, a rule's id stands twice, there is no suite, or there is no canary.
    """
    suites: list[Suite] = []
    seen: dict[str, Path] = {}
    for path in sorted(folder.glob("*.yml")):
        try:
            suite = Suite.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
        except (yaml.YAMLError, ValidationError) as error:
            raise ConfigError(f"{path}: not a suite: {error}") from error
        for expectation in suite.expectations:
            other = seen.setdefault(expectation.meta.id, path)
            if other != path or sum(e.meta.id == expectation.meta.id for e in suite.expectations) > 1:
                raise ConfigError(f"{path}: id {expectation.meta.id!r} stands twice (also in {other})")
        suites.append(suite)
    if not any(suite.name == CANARY for suite in suites) or len(suites) < 2:
        raise ConfigError(f"{folder}: wanted a suite named {CANARY!r} and at least one other; found {len(suites)}")
    return suites


def _plainly(row: Mapping[str, Any]) -> str:
    return f"expected {row.get('expected')}, observed {row.get('observed')}"


def check_counts(
    candidate: Path,
    *,
    province_vi: str,
    run_id: str,
    month: str | None,
    suites: Sequence[Suite] | None = None,
    in_words: Callable[[Mapping[str, Any]], str] = _plainly,
    data_tests: Mapping[str, int] = MappingProxyType({}),
    answer: Answer | None = None,
) -> Path:
    """Judge the candidate's audit tables and write ``verdict.json`` beside it; its path when the verdict is ``passed``.

    Args:
        in_words: puts a failing row's two sides into words; numbers are printed in a room further along the street.
        data_tests: what the tests of the tables that the rules read have found; the verdict lists them.
        answer: in the place of ``evaluate``; the proof's own remembers what it has asked before.

    Raises:
        GateFailed: a critical expectation does not hold.
        GateCouldNotCheck: at least one check gave no answer.
    """
    clock = time.monotonic()
    suites = load_suites() if suites is None else suites
    frames = _read_frames(candidate, suites)
    checks = (answer or evaluate)(suites, frames)
    verdict = decide(checks)
    content = _as_dict(verdict, checks, province_vi, run_id, month, in_words) | {"data_tests": dict(data_tests)}
    path = candidate / "verdict.json"
    write_atomically(path, json.dumps(content, ensure_ascii=False, indent=2, default=str) + "\n")
    seen = sum(frame.rows is not None and len(frame.rows) for frame in frames.values() if isinstance(frame, Frame))
    log.info(
        "gate: verdict %s, %d checks over %d audit rows, %.1f s", verdict, len(checks), seen, time.monotonic() - clock
    )
    if verdict == "passed":
        return path
    reasons = "\n".join(_reason(check, in_words) for check in checks if check.status in _blocking(check))
    if verdict == "failed":
        raise GateFailed(f"the gate failed:\n{reasons}\nverdict: {path}", path)
    raise GateCouldNotCheck(f"the gate could not check:\n{reasons}\nverdict: {path}", path)


def _blocking(check: Check) -> tuple[Status, ...]:
    return ("failed", "could_not_check") if check.expectation.severity == "critical" else ("could_not_check",)


def _reason(check: Check, in_words: Callable[[Mapping[str, Any]], str]) -> str:
    if check.error:
        return f"- {check.expectation.meta.id}: {check.error}"
    first = check.failing_rows[0] if check.failing_rows else {}
    where = " ".join(str(first[key]) for key in ("source_id", "entity", "month", "agency_name_vi") if first.get(key))
    return f"- {check.expectation.meta.id}: {len(check.failing_rows)} rows, first: {where}: {in_words(first)}"


def _read_frames(candidate: Path, suites: Sequence[Suite]) -> dict[str, Frame | str]:
    """Each suite's audit table, or the words that say why it could not be read."""
    frames: dict[str, Frame | str] = {CANARY: Frame(*_CANARY_FRAME)}
    with open_candidate(candidate) as connection:
        for suite in suites:
            if suite.table in frames:
                continue
            try:
                cursor = connection.execute(f"select * from {identifier(suite.table)} order by all")
                frames[suite.table] = Frame([column[0] for column in cursor.description or []], cursor.fetchall())
            except Exception as error:  # noqa: BLE001 - any failure to read is an answer of its own: could not check
                frames[suite.table] = f"table {suite.table} cannot be read: {describe_error(error)}"
    return frames


def evaluate(suites: Sequence[Suite], frames: dict[str, Frame | str]) -> list[Check]:
    """Let GX judge every suite; one Check per declared expectation, whatever happened to it."""
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx  # 6 to 9 s, so only here and once a run
    import pandas as pd
    from great_expectations.data_context.types.base import ProgressBarsConfig

    for noisy in ("great_expectations", "great_expectations.data_context.types.base"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_pandas("audit")
    checks: list[Check] = []
    for suite in suites:
        frame = frames[suite.table]
        if isinstance(frame, str):
            checks.extend(
                Check(suite.name, suite.table, e, "could_not_check", 0, (), frame) for e in suite.expectations
            )
            continue
        if not frame.rows:
            checks.extend(_unseen(suite, e) for e in suite.expectations)
            continue
        batch = (
            source.add_dataframe_asset(suite.name)
            .add_batch_definition_whole_dataframe("whole")
            .get_batch({"dataframe": pd.DataFrame(frame.rows, columns=frame.columns, dtype=object)})
        )
        answers: dict[str, Any] = {}
        error: str | None = None
        try:
            gx_suite = gx.ExpectationSuite(name=suite.name, expectations=[e.model_dump() for e in suite.expectations])
            result = batch.validate(gx_suite, result_format={"result_format": "COMPLETE"})
            answers = {_rule_of(answer): answer for answer in result.results}
        except Exception as raised:  # noqa: BLE001 - an exception inside GX is an answer of its own: could not check
            error = describe_error(raised)
        checks.extend(_judge(suite, e, frame, answers.get(e.meta.id), error) for e in suite.expectations)
    return checks


def _unseen(suite: Suite, expectation: Expectation) -> Check:
    """A rule that compared nothing."""
    if because := expectation.meta.nothing_vi:
        return Check(suite.name, suite.table, expectation, "not_applicable", 0, (), because)
    words = f"table {suite.table}: no row to compare"
    return Check(suite.name, suite.table, expectation, "could_not_check", 0, (), words)


def _rule_of(answer: "ExpectationValidationResult") -> str:
    """The id of the rule that GX answers."""
    question = answer.expectation_config
    assert question is not None
    assert question.meta is not None
    return str(question.meta["id"])


def _judge(suite: Suite, expectation: Expectation, frame: Frame, answer: Any, error: str | None) -> Check:
    """Turn GX's answer into one of ours. An answer that carries an exception is no answer."""
    seen = len(frame.rows)
    if answer is None:
        return Check(
            suite.name, suite.table, expectation, "could_not_check", 0, (), error or "declared, but GX did not run it"
        )
    raised = _exception_of(answer.exception_info)
    if raised:
        named = [expectation.kwargs[key] for key in ("column", "column_A", "column_B") if key in expectation.kwargs]
        gone = [name for name in named if name not in frame.columns]
        words = f"{raised}: table {suite.table} has no column {', '.join(gone)}" if gone else raised
        return Check(suite.name, suite.table, expectation, "could_not_check", 0, (), words)
    # Rows that the rule's condition leaves out, or in which both sides are missing, were not compared.
    seen = int(answer.result.get("element_count", seen)) - int(answer.result.get("missing_count") or 0)
    if seen == 0 and suite.name != CANARY:
        return _unseen(suite, expectation)
    failing = [_row(expectation, frame, index) for index in answer.result.get("unexpected_index_list") or []]
    holds = bool(answer.success)
    if suite.name == CANARY:
        if holds:
            return Check(suite.name, suite.table, expectation, "could_not_check", seen, (), "the canary did not fail")
        return Check(suite.name, suite.table, expectation, "passed", seen, ())
    if not holds and not failing:
        return Check(suite.name, suite.table, expectation, "could_not_check", seen, (), "GX said no and named no row")
    return Check(suite.name, suite.table, expectation, "passed" if holds else "failed", seen, tuple(failing))


def _exception_of(info: Any) -> str | None:
    """GX gives one record, or one per metric; its own words may quote a value."""
    if not info:
        return None
    records = [info] if "raised_exception" in info else list(info.values())
    raised = [
        describe_traceback(r.get("exception_traceback"))
        for r in records
        if isinstance(r, dict) and r.get("raised_exception")
    ]
    return "; ".join(dict.fromkeys(raised)) or None


def _row(expectation: Expectation, frame: Frame, index: int) -> dict[str, Any]:
    """One failing row for people: where it is, what was expected, what was observed. Audit tables hold no personal data."""
    row = dict(zip(frame.columns, frame.rows[index], strict=True))
    relation, expected, observed = _sides(expectation, row)
    month = row.get("month") or row.get("file_month")
    numbers = isinstance(expected, int) and isinstance(observed, int)
    return {
        "subject": next((row[name] for name in _SUBJECTS if row.get(name)), None),
        "source_id": row.get("source_id"),
        "entity": row.get("entity"),
        "month": str(Month.of(month)) if month else None,
        "agency_code": row.get("agency_code") or row.get("source_agency_code") or row.get("entity_code"),
        "agency_name_vi": row.get("agency_name_vi") or row.get("entity_name_vi"),
        "relation": relation,
        "expected": expected,
        "observed": observed,
        "difference": observed - expected if numbers else None,
    }


def _sides(expectation: Expectation, row: Mapping[str, Any]) -> tuple[str, Any, Any]:
    """How the observed value must stand to the expected one, and both."""
    kwargs = expectation.kwargs
    if expectation.type == _NOT_BELOW:
        a, b = _plain(row[kwargs["column_A"]]), _plain(row[kwargs["column_B"]])
        equal_too = bool(kwargs.get("or_equal"))
        if expectation.meta.observed_column == kwargs["column_A"]:
            return "at_least" if equal_too else "more_than", b, a
        return "at_most" if equal_too else "less_than", a, b
    if "column_A" in kwargs:
        return "equal", _plain(row[kwargs["column_A"]]), _plain(row[kwargs["column_B"]])
    low, high, observed = kwargs.get("min_value"), kwargs.get("max_value"), _plain(row[kwargs["column"]])
    if high is None:
        return "more_than" if kwargs.get("strict_min") else "at_least", low, observed
    if low is None:
        return "less_than" if kwargs.get("strict_max") else "at_most", high, observed
    return "between", [low, high], observed


def _plain(value: Any) -> Any:
    """A value as JSON holds it: whole numbers exact, whatever their type; what is no number is missing."""
    if isinstance(value, Decimal):
        value = int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value.is_integer() else value
    return value.isoformat() if isinstance(value, date) else value


def decide(checks: Sequence[Check]) -> Literal["passed", "failed", "could_not_check"]:
    """The verdict over all checks; pure. Nothing evaluated is not passed; a warning that failed does not stop."""
    if any(check.status == "failed" and check.expectation.severity == "critical" for check in checks):
        return "failed"
    evaluated = [c for c in checks if c.suite != CANARY and c.status in ("passed", "failed")]
    canaries = [c for c in checks if c.suite == CANARY]
    if not evaluated or not canaries or any(check.status == "could_not_check" for check in checks):
        return "could_not_check"
    return "passed"


def _command(check: Check) -> str | None:
    """What shows a check's audit rows to whoever reads its finding; the canary's frame is in no table."""
    if check.suite == CANARY:
        return None
    months = {row["month"] for row in check.failing_rows if row["month"]}
    return f"dvctt rows --table {check.table}" + (f" --month {months.pop()}" if len(months) == 1 else "")


def _as_dict(
    verdict: str,
    checks: Sequence[Check],
    province_vi: str,
    run_id: str,
    month: str | None,
    in_words: Callable[[Mapping[str, Any]], str] = _plainly,
) -> dict[str, Any]:
    return {
        "verdict": verdict,
        "verdict_vi": VERDICT_VI[verdict],
        "province": province_vi,
        "run_id": run_id,
        "month": month,
        "checks": [
            {
                "id": check.expectation.meta.id,
                "suite": check.suite,
                "table": check.table,
                "severity": check.expectation.severity,
                "status": check.status,
                "title_vi": check.expectation.meta.title_vi,
                "why_vi": check.expectation.meta.why_vi,
                "next_vi": check.expectation.meta.next_vi,
                "command": _command(check),
                "rows_seen": check.rows_seen,
                "error": check.error,
                "failing_rows_total": len(check.failing_rows),
                # What people are warned of is published with the figures, all of it.
                "failing_rows": [
                    {**row, "words": in_words(row)}
                    for row in check.failing_rows[: None if check.expectation.severity == "warning" else _LISTED_ROWS]
                ],
            }
            for check in checks
        ],
    }
