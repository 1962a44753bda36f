"""The page of measurements says what stands in them, and divides by the floor."""

import pytest

from benchmarks.page import PAGE, PLOTS, Result, load, overview, page, plot
from benchmarks.show import as_text, lines


def cost(seconds: float, cpu: float, peak: int = 0, written: int = 0) -> dict[str, float]:
    return {"seconds": seconds, "cpu_seconds": cpu, "peak_bytes": peak, "written_bytes": written}


@pytest.fixture
def result() -> Result:
    return {
        "measured_on": "2026-11-30",
        "machine": {
            "processor": "A processor",
            "cores": 2,
            "memory_bytes": 8_000_000_000,
            "system": "Linux 6 x86_64",
            "python": "3.11.7",
            "loop_seconds": 1.5,
            "load_before": 0.1,
        },
        "inbox": {"rows": 1000, "months": 10, "files": 4, "bytes": 2_000_000},
        "repeat": 3,
        "subjects": [
            {"name": "floor", "kind": "floor", "versions": {"duckdb": "1"}, "stages": {"land": cost(1, 2), "facts": cost(1, 3)}},
            {
                "name": "abc1234",
                "kind": "night",
                "versions": {"duckdb": "1"},
                "stages": {
                    "start": cost(1, 1),
                    "land_extracts": cost(2, 5, 40_000_000, 7_000_000),
                    "build_facts": cost(4, 6),
                },
            },
            {"name": "pandas", "kind": "rival", "versions": {"pandas": "3"}, "stages": {"land": cost(9, 20)}},
        ],
        "equal": {"abc1234": {"filings": 1}},
    }  # fmt: skip # one measurement, as its file has it


def test_a_stage_is_divided_by_the_floors(result: Result) -> None:
    assert lines(result, result["subjects"][1]) == [
        ("start", "1.0", "1.0", "", "", "", ""),
        ("land", "2.0", "5.0", "200", "40", "7", "2.5"),
        ("facts", "4.0", "6.0", "167", "", "0", "2.0"),
        ("whole", "7.0", "12.0", "83", "40", "7", "2.4"),
    ]


def test_machine_versions_and_equality_are_named(result: Result) -> None:
    text = page({"small": result})
    for part in (
        "A processor",
        "2 cores",
        "Median of 3",
        "duckdb 1",
        "pandas 3",
        "filings (1)",
        "(performance/small.svg)",
    ):
        assert part in text
    assert overview({"small": result})[-1] == "| 1,000 | 10 | `abc1234` | 12 | 2.4 | 12,000 | 40 | 7 |"
    assert "land" in as_text(result)


def test_a_plot_has_a_bar_for_each_who_does_all_of_the_work(result: Result) -> None:
    drawn = plot(result)
    assert "abc1234" in drawn
    assert "pandas" not in drawn


def test_the_committed_page_is_that_of_the_committed_measurements() -> None:
    results = load()
    assert results, "no measurement is committed"
    assert PAGE.read_text(encoding="utf-8") == page(results), "run: make bench-page"
    assert {path.stem for path in PLOTS.glob("*.svg")} == set(results)
