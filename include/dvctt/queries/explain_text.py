"""An explanation in words, for a terminal.

Nothing here asks a publication.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from dvctt.core.figure_ids import key_text
from dvctt.queries.explain import Explanation, Input
from dvctt.report.wording import formats


def as_text(explanation: Explanation) -> list[str]:
    """An explanation as lines for a terminal: the figure first, then what it means, where it stands and what it is made of."""
    figure, publication = explanation.figure, explanation.publication
    lines = [
        figure.figure_id,
        f"  {_value_text(figure.value, explanation.unit)}",
        *_section(
            "Meaning", [f"{figure.column}: {explanation.description}", f"{figure.mart}: {explanation.mart_description}"]
        ),
        *_section("Publication", _publication_lines(publication)),
        *_section("Ask the published file yourself (marts.duckdb)", [explanation.query]),
        *_section("Caveats", _caveat_lines(explanation)),
        *_section("Closed", _closed_lines(explanation.closed)),
        *_section("In the publications that are here, where it changed", _history_lines(explanation)),
        *_section("Landed files that the figure's rows came from", _own_input_lines(explanation)),
        *_section("Other landed files that its models read", _other_input_lines(explanation)),
        *_section(
            "Inputs that are not landing, as the publication keeps them",
            [
                f"{file.name:<32} sha256 {file.sha256 or '- (a table of the publication before)'}"
                for file in explanation.files
            ],
        ),
        *_section("Checks of the gate over the same rows", _check_lines(explanation)),
        *_section(
            "Models, in the order of building",
            [
                f"{model.name:<32} {'' if model.rows is None else f'{model.rows} rows':>12}  from {', '.join(model.inputs)}"
                for model in explanation.models
            ],
        ),
        *_section(f"SQL of {figure.mart}", explanation.sql.splitlines()),
        "",
        f"rebuild it: dvctt reproduce {figure.figure_id} --publication {publication['number']}",
    ]
    return [line.rstrip() for line in lines]


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return ["", title, "-" * len(title), *(f"  {line}" for line in lines or ["none"])]


def _value_text(value: Any, unit: str | None) -> str:
    if value is None:
        return "NULL: the publication has no such figure (không có, or chưa có dữ liệu)"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    # As offices write it, and as machines do: who reads only English must not take 4.462 for a fraction.
    return f"{formats.exact(value)} {unit or ''}".strip() + f" (exactly {value!r})"


def _publication_lines(publication: Mapping[str, Any]) -> list[str]:
    return [
        f"number {publication['number']}{' (current)' if publication['is_current'] else ''}, published at "
        f"{publication['published_at']} by run {publication['run_id']}, month {publication['month']}",
        f"verdict {publication['verdict']}; software {publication['software_version']}",
        f"definitions     sha256 {publication['definitions']}",
        f"province folder sha256 {publication['province_digest']}",
        f"folder {publication['folder']}",
        *(f"NOT AS PUBLISHED: {problem}" for problem in publication["problems"]),
    ]


def _caveat_lines(explanation: Explanation) -> list[str]:
    return [f"{key_text(row['month'])} {row['entity_name_vi']}: {row['caveat_vi']}" for row in explanation.caveats]


def _closed_lines(closed: Mapping[str, Any] | None) -> list[str]:
    if closed is None:
        return ["no: this publication does not hold the figure's month as closed"]
    waived = [f"waived: {', '.join(f'{name} {value}' for name, value in feed.items())}" for feed in closed["waived"]]
    return [
        f"month {closed['month']}, revision {closed['revision']}, of publication {closed['publication']}; closed at "
        f"{closed['closed_at']}, approved by {closed['approved_by']}",
        *waived,
    ]


def _history_lines(explanation: Explanation) -> list[str]:
    stands = [
        f"publication {step['publication']:>4}, {step['published_at']}: {_value_text(step['value'], explanation.unit)}"
        for step in explanation.history
    ]
    changes = [
        "restated: " + ", ".join(f"{name} {value}" for name, value in row.items() if value not in (None, 0))
        for row in explanation.restatements
    ]
    return stands + changes


def _own_input_lines(explanation: Explanation) -> list[str]:
    scope = explanation.scope
    whom = f"{scope['scope'] or 'everything'} {', '.join(scope['codes'])}".strip()
    return [
        f"fact rows of {', '.join(scope['periods']) or 'all time'}, {whom}; which of them count is said by the SQL below",
        *(line for one in explanation.inputs if one.fact_rows for line in _input_lines(one)),
        *(
            f"set aside, in no figure: {row['rows']} rows of {row['extract_id']}: {row['quarantine_reason']} "
            f"({row['reason_name_vi']})"
            for row in explanation.set_aside
        ),
    ]


def _other_input_lines(explanation: Explanation) -> list[str]:
    return [line for one in explanation.inputs if not one.fact_rows for line in _input_lines(one)]


def _input_lines(one: Input) -> list[str]:
    used = {True: "", False: "; replaced by a newer file of this name", None: "; NO LONGER IN LANDING"}[one.in_use]
    counted = "".join(f"; {rows} rows in {fact}" for fact, rows in one.fact_rows.items())
    return [
        f"{one.extract_id}: {one.entity} of {one.month}, file {one.file_name or '?'}, landed {one.landed_at or '?'}, "
        f"{one.rows} rows{counted}{used}",
        f"    source's file sha256 {one.sha256}",
        f"    landed file   sha256 {one.parquet_sha256 or '- (not recorded when it landed)'}",
    ]


def _check_lines(explanation: Explanation) -> list[str]:
    others = ", ".join(f"{count} {status}" for status, count in explanation.other_checks.items())
    return [
        *(
            f"{check['status']:<15} {check['severity']:<8} {check['rows_seen']:>6} rows  {check['id']}: {check['title_vi']}"
            for check in explanation.checks
        ),
        f"and of other rows, or of the gate itself: {others or 'none'}",
    ]
