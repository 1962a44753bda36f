"""``python -m benchmarks.page``: docs/performance.md and its plots, out of the measurements in benchmarks/results.

No number is typed: what the page says of a measurement stands in its JSON. Only this page holds facts of a machine and of a
day; what is published holds none.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import altair as alt
import vl_convert

from benchmarks.show import HEADER, WHOLE, costs_of, lines, title

CHECKOUT = Path(__file__).resolve().parent.parent
RESULTS = CHECKOUT / "benchmarks" / "results"
PAGE = CHECKOUT / "docs" / "performance.md"
PLOTS = CHECKOUT / "docs" / "performance"
VEGA_LITE = "6.4"
COLOURS = ("#686e75", "#173f66", "#9a4a0f", "#356b34", "#6b3f80")
NOT_WHOLE = "rival"
"""Subjects that do a part of the work: they stand in the tables, and in no plot."""

Result = Mapping[str, Any]

INTRODUCTION = """# What a night costs

Written by `make bench-page` from the measurements in `benchmarks/results`; never typed. How they are made, and how to make
them elsewhere: [how-to/benchmarks.md](how-to/benchmarks.md).

Each measurement runs the same files through the *floor* (`benchmarks/floor`: plain SQL in DuckDB that lands, types,
deduplicates, sets aside, aggregates and sorts, with one hash a file and nothing for people) and through whole nights, each
in an empty home: what dbt has parsed is not kept, the files lie in the system's cache. The night's facts, its rows that are
set aside, and its online rates and payments by agency and month are equal to the floor's, or nothing is written down.
`× floor` divides CPU seconds, children included: they tell more than seconds on a machine that does other work. `peak MB`
is the largest single process. pandas stands here for context: it does a part of the work.
"""


def load(folder: Path = RESULTS) -> dict[str, Result]:
    """The measurements by name, the smallest first."""
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
    return dict(sorted(found.items(), key=lambda item: (item[1]["inbox"]["rows"], item[1]["inbox"]["months"])))


def heading(result: Result) -> str:
    made = result["inbox"]
    return f"{made['rows']:,} rows over {made['months']} months"


def about(result: Result) -> str:
    machine, made = result["machine"], result["inbox"]
    return (
        f"{made['files']} files of {made['bytes'] / 1e6:,.0f} MB. Measured on {result['measured_on']}: {machine['processor']}, "
        f"{machine['cores']} cores, {machine['memory_bytes'] / 1e9:,.0f} GB, {machine['system']}, Python {machine['python']}; "
        f"20 million turns of an empty loop take {machine['loop_seconds']} CPU s; load before it began "
        f"{machine['load_before']}. "
        f"Median of {result['repeat']}."
    )


def equal(result: Result) -> str:
    """What was held against the floor, and how many rows of it."""
    if not result["equal"]:
        return "No night was measured beside the floor."
    of_first = next(iter(result["equal"].values()))
    held = ", ".join(f"{name} ({rows:,})" for name, rows in of_first.items())
    return f"Equal to the floor's, in rows of the answer: {held}."


def overview(results: Mapping[str, Result]) -> list[str]:
    """One row a measurement and night."""
    rows = [("rows", "months", "night", "CPU s", "× floor", "CPU s of a million rows", "peak MB", "MB written")]
    for result in results.values():
        made = result["inbox"]
        for subject in result["subjects"]:
            if subject["kind"] != "night":
                continue
            cost = costs_of(subject)[WHOLE]
            rows.append(
                (
                    f"{made['rows']:,}",
                    str(made["months"]),
                    f"`{subject['name']}`",
                    f"{cost.cpu_seconds:,.0f}",
                    lines(result, subject)[-1][-1],
                    f"{cost.cpu_seconds / made['rows'] * 1e6:,.0f}",
                    f"{cost.peak_bytes / 1e6:,.0f}",
                    f"{cost.written_bytes / 1e6:,.0f}",
                )
            )
    return as_markdown(rows, texts=(2,))


def as_markdown(rows: Sequence[Sequence[str]], texts: Sequence[int] = (0,)) -> list[str]:
    header, *body = rows
    rule = ["---" if place in texts else "---:" for place in range(len(header))]
    return [f"| {' | '.join(row)} |".replace("|  |", "| |").replace("|  |", "| |") for row in (header, rule, *body)]


def page(results: Mapping[str, Result]) -> str:
    """The whole document."""
    blocks = [INTRODUCTION.strip(), "\n".join(overview(results))]
    for name, result in results.items():
        blocks += [
            f"## {heading(result)}",
            about(result),
            equal(result),
            f"![CPU seconds by stage, of the floor and of each night](performance/{name}.svg)",
        ]
        for subject in result["subjects"]:
            blocks += [
                f"### {heading(result)}: {title(subject)}",
                "\n".join(as_markdown([HEADER, *lines(result, subject)])),
            ]
    return "\n\n".join(blocks) + "\n"


def plot(result: Result) -> str:
    """CPU seconds by stage, a bar a subject, as SVG."""
    shown = [subject for subject in result["subjects"] if subject["kind"] != NOT_WHOLE]
    names = [subject["name"] for subject in shown]
    values = [
        {"stage": stage, "subject": subject["name"], "seconds": round(cost.cpu_seconds, 2)}
        for subject in shown
        for stage, cost in costs_of(subject).items()
        if stage != WHOLE
    ]
    stages = list(dict.fromkeys(value["stage"] for value in values))
    chart = (
        alt.Chart(alt.Data(values=values))
        .mark_bar()
        .encode(
            y=alt.Y("stage:N", sort=stages, title=None),
            yOffset=alt.YOffset("subject:N", sort=names),
            x=alt.X("seconds:Q", title="CPU seconds"),
            color=alt.Color(
                "subject:N",
                sort=names,
                title=None,
                scale=alt.Scale(domain=names, range=list(COLOURS[: len(names)])),
                legend=alt.Legend(orient="top"),
            ),
        )
        .properties(width=640, height=alt.Step(14), title=heading(result))
    )
    svg: str = vl_convert.vegalite_to_svg(chart.to_dict(), vl_version=VEGA_LITE)
    return svg + "\n"


def main() -> None:
    results = load()
    if not results:
        sys.exit(f"{RESULTS}: no measurement; wanted one: python -m benchmarks --name sample")
    PLOTS.mkdir(exist_ok=True)
    for stale in PLOTS.glob("*.svg"):
        stale.unlink()
    for name, result in results.items():
        (PLOTS / f"{name}.svg").write_text(plot(result), encoding="utf-8")
    PAGE.write_text(page(results), encoding="utf-8")
    sys.stdout.write(f"{PAGE} and {len(results)} plots\n")


if __name__ == "__main__":
    main()
