"""A measurement as rows of text: which stages stand beside which, and what is divided by what."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.measure import Cost, together

PARTS = {
    "start": ("start",),
    "land": ("land", "land_extracts"),
    "facts": ("facts", "build_facts"),
    "audit and gate": ("audit", "audit_facts", "check_counts"),
    "marts": ("marts", "build_marts"),
    "assemble": ("assemble", "assemble_publication"),
    "publish": ("publish", "publish_marts", "tell_people"),
}
"""What a line of the table is called, and the stages of the floor and of a night that it adds up."""
WHOLE = "whole"


def whole(stages: Mapping[str, Cost]) -> Cost:
    return together(stages.values())


def parts(stages: Mapping[str, Cost]) -> dict[str, Cost]:
    """One cost a line of the table, the whole last; a line that a subject has no stage for is left out."""
    known = {name for names in PARTS.values() for name in names}
    if strange := stages.keys() - known:
        raise ValueError(f"stages that no line of the table holds: {sorted(strange)}")
    found = {
        part: together(stages[name] for name in names if name in stages)
        for part, names in PARTS.items()
        if any(name in stages for name in names)
    }
    return {**found, WHOLE: whole(stages)}


def costs_of(subject: Mapping[str, Any]) -> dict[str, Cost]:
    return parts({name: Cost(**cost) for name, cost in subject["stages"].items()})


HEADER = ("stage", "s", "CPU s", "rows/s", "peak MB", "MB written", "× floor")


def lines(result: Mapping[str, Any], subject: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """The table of one subject: seconds, CPU seconds, rows a second of CPU, memory, bytes, and CPU seconds of the floor's."""
    floor = next(costs_of(one) for one in result["subjects"] if one["kind"] == "floor")
    rows = result["inbox"]["rows"]
    found = []
    for part, cost in costs_of(subject).items():
        below = floor.get(part)
        has_ratio = below is not None and subject["kind"] != "floor" and below.cpu_seconds >= 0.2
        found.append(
            (
                part,
                f"{cost.seconds:,.1f}",
                f"{cost.cpu_seconds:,.1f}",
                f"{rows / cost.cpu_seconds:,.0f}" if part != "start" and cost.cpu_seconds >= 0.05 else "",
                f"{cost.peak_bytes / 1e6:,.0f}" if cost.peak_bytes else "",
                f"{cost.written_bytes / 1e6:,.0f}" if part != "start" else "",
                f"{cost.cpu_seconds / below.cpu_seconds:,.1f}" if has_ratio and below else "",
            )
        )
    return found


def as_text(result: Mapping[str, Any]) -> str:
    """All subjects, for a screen."""
    blocks = []
    for subject in result["subjects"]:
        table = [HEADER, *lines(result, subject)]
        widths = [max(len(row[place]) for row in table) for place in range(len(HEADER))]
        blocks.append(f"{title(subject)}\n" + "\n".join(_aligned(row, widths) for row in table))
    return "\n\n".join(blocks)


def title(subject: Mapping[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in subject["versions"].items())
    return f"{subject['kind']} {subject['name']} ({versions})" if subject["name"] != "floor" else f"floor ({versions})"


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = (
        cell.ljust(width) if place == 0 else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join([first, *rest])
