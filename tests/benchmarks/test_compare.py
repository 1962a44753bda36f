"""Two recordings are the same when no published row, line or value differs and nothing is gone; the rest is told."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from benchmarks.compare import CompareError, Comparison, Outcome, as_text, compare
from benchmarks.same import main

ROWS = "(values ('243', 10, 41.2), ('244', 20, 50.3)) as t(agency_code, received, online_rate_percent)"
PAGE = "<html><body><p>Tỷ lệ là <data>50,3</data>%</p></body></html>"


def write_marts(path: Path, rows: str = ROWS, comment: str = "One row an agency.") -> None:
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"create table mart_online_rates as select * from {rows}")
        connection.execute("create table mart_feeds as select 'filings' as entity")
        connection.execute(f"comment on table mart_online_rates is '{comment}'")
        connection.execute("comment on column mart_online_rates.received is 'Filings received.'")


def write_table(publication: Path, rows: str = ROWS) -> None:
    for kind, how in (("parquet", "(format parquet)"), ("csv", "(header true)")):
        (publication / kind).mkdir(parents=True, exist_ok=True)
        duckdb.sql(f"copy (select * from {rows}) to '{publication / kind / 'mart_online_rates'}.{kind}' {how}")


def write_json(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """Two recordings of one publication, and the second is a copy of the first."""
    one, publication = tmp_path / "before", tmp_path / "before" / "sample" / "1"
    write_table(publication)
    write_marts(publication / "marts.duckdb")
    (publication / "reports").mkdir()
    (publication / "reports" / "index.html").write_text(PAGE, encoding="utf-8")
    write_json(publication / "verdict.json", {"verdict": "passed", "checks": [{"id": "a", "rows_seen": 5}]})
    write_json(publication / "manifest.json", {"number": 1, "definitions": "e6f3"})
    write_json(one / "sample" / "checks" / "figures.json", {"is_reproduced": True})
    write_json(one / "recorded.json", {"code": "a", "inbox": "7c1d", "exits": {"sample": {"figures": 0}}})
    other = tmp_path / "after"
    shutil.copytree(one, other)
    return one, other


def faults(found: Comparison) -> dict[str, tuple[str, ...]]:
    return {
        one.name: one.notes
        for findings in found.findings.values()
        for one in findings
        if one.outcome in (Outcome.OTHER, Outcome.GONE)
    }


def test_a_copy_has_the_same_bytes_everywhere(pair: tuple[Path, Path]) -> None:
    found = compare(*pair)
    assert {where: len(findings) for where, findings in found.findings.items()} == {"sample/1": 6, "sample/checks": 1}
    assert {one.outcome for findings in found.findings.values() for one in findings} == {Outcome.BYTES}
    assert found.is_same
    assert main(["compare", *map(str, pair)]) == 0


OTHER_ROWS = ROWS.replace("50.3", "50.4")


def change_parquet(publication: Path) -> None:
    path = publication / "parquet" / "mart_online_rates.parquet"
    duckdb.sql(f"copy (select * from {OTHER_ROWS}) to '{path}' (format parquet)")


def change_csv(publication: Path) -> None:
    path = publication / "csv" / "mart_online_rates.csv"
    path.write_text(path.read_text().replace("50.3", "50.30"))


def change_page(publication: Path) -> None:
    (publication / "reports" / "index.html").write_text(PAGE.replace("50,3", "50,4"), encoding="utf-8")


def change_verdict(publication: Path) -> None:
    write_json(publication / "verdict.json", {"verdict": "passed", "checks": [{"id": "a", "rows_seen": 4}]})


@pytest.mark.parametrize(
    ("change", "name", "note"),
    [
        (change_parquet, "parquet/mart_online_rates.parquet", "rows: -1 +1 in online_rate_percent alone"),
        (change_csv, "csv/mart_online_rates.csv", "rows: -1 +1 in online_rate_percent alone"),
        (change_page, "reports/index.html", "lines: -1 +1"),
        (change_verdict, "verdict.json", "other: checks[a].rows_seen: 5 → 4"),
        (
            lambda publication: write_marts(publication / "marts.duckdb", OTHER_ROWS),
            "marts.duckdb: main.mart_online_rates",
            "rows: -1 +1 in online_rate_percent alone",
        ),
        (
            lambda publication: write_marts(publication / "marts.duckdb", comment="One row."),
            "marts.duckdb: (comments)",
            "1 comments: mart_online_rates",
        ),
    ],
    ids=["parquet", "csv", "page", "verdict", "marts", "comments"],
)
def test_one_changed_value_is_found_in_every_kind_of_file(
    pair: tuple[Path, Path], change: Callable[[Path], None], name: str, note: str, capsys: pytest.CaptureFixture[str]
) -> None:
    change(pair[1] / "sample" / "1")
    found = compare(*pair)
    assert list(faults(found)) == [name]
    assert faults(found)[name][0] == note
    assert main(["compare", *map(str, pair)]) == 1
    assert "not the same: what differs or is gone has to be explained" in capsys.readouterr().out


def test_the_same_rows_in_other_bytes_are_the_same(pair: tuple[Path, Path]) -> None:
    publication = pair[1] / "sample" / "1"
    write_table(publication, f"(select * from {ROWS} order by received desc)")
    write_marts(publication / "marts.duckdb", f"(select * from {ROWS} order by received desc)")
    (publication / "reports" / "index.html").write_text(PAGE.replace("<p>", "<p class='a'>"), encoding="utf-8")
    found = compare(*pair)
    assert found.is_same
    outcomes = {one.name: (one.outcome, one.notes) for one in found.findings["sample/1"]}
    moved = (Outcome.CONTENT, ("the same in another order",))
    assert outcomes["parquet/mart_online_rates.parquet"] == moved
    assert outcomes["csv/mart_online_rates.csv"] == moved
    assert outcomes["marts.duckdb: main.mart_online_rates"] == moved
    assert outcomes["marts.duckdb: main.mart_feeds"] == (Outcome.CONTENT, ())
    assert outcomes["reports/index.html"] == (Outcome.CONTENT, ("other markup around the same text",))


def test_how_a_publication_was_made_is_told_and_not_judged(pair: tuple[Path, Path]) -> None:
    write_json(pair[1] / "sample" / "1" / "manifest.json", {"number": 1, "definitions": "0000"})
    found = compare(*pair)
    assert found.is_same
    (told,) = [one for one in found.findings["sample/1"] if one.name == "manifest.json"]
    assert (told.outcome, told.notes) == (Outcome.MADE, ("keys: -0 +0, other 1",))


def test_what_is_new_is_named_and_what_is_gone_is_a_fault(pair: tuple[Path, Path]) -> None:
    before, after = pair
    shutil.copytree(before / "sample" / "1", after / "sample" / "2")
    (after / "sample" / "1" / "csv" / "mart_more.csv").write_text("a\n1\n")
    found = compare(before, after)
    assert found.is_same
    assert [(one.name, one.outcome) for one in found.findings["sample/2"]] == [("the whole folder", Outcome.NEW)]
    assert "csv/mart_more.csv\n  new in sample/1" in as_text(found)
    gone = compare(after, before)
    assert faults(gone) == {"the whole folder": (), "csv/mart_more.csv": ()}
    assert not gone.is_same


TOTALS = [
    {"check_id": "attempts_are_banks", "entity": "243", "total": 27, "residue": None},
    {"check_id": "attempts_are_banks", "entity": "244", "total": 12, "residue": None},
]


def test_a_list_of_rows_in_a_document_is_a_table(pair: tuple[Path, Path]) -> None:
    for folder, totals in zip(pair, (TOTALS, [TOTALS[1] | {"part": 1}, TOTALS[0] | {"part": 2}]), strict=True):
        write_json(folder / "sample" / "checks" / "additivity.json", {"totals": totals, "formats": []})
    found = compare(*pair)
    told = {one.name: one.notes for one in found.findings["sample/checks"] if one.outcome is Outcome.CONTENT}
    assert told == {"additivity.json": (), "additivity.json: totals": ("new: part", "the same in another order")}
    assert found.is_same
    for totals in ([TOTALS[0], TOTALS[1] | {"residue": 0}], [TOTALS[0], TOTALS[1] | {"residue": "null"}]):
        write_json(pair[1] / "sample" / "checks" / "additivity.json", {"totals": totals, "formats": []})
        assert faults(compare(*pair))["additivity.json: totals"][0] == "rows: -1 +1 in residue alone"
    write_json(pair[1] / "sample" / "checks" / "additivity.json", {"totals": [TOTALS[0] | {"total": "27"}, TOTALS[1]]})
    assert faults(compare(*pair))["additivity.json: totals"][0] == "rows: -1 +1 in total alone"
    write_json(pair[1] / "sample" / "checks" / "additivity.json", {"totals": [], "formats": []})
    assert not compare(*pair).is_same
    write_json(pair[0] / "sample" / "checks" / "additivity.json", TOTALS)
    write_json(pair[1] / "sample" / "checks" / "additivity.json", TOTALS[:1])
    assert faults(compare(*pair))["additivity.json: rows"][0] == "rows: -1 +0"


def test_a_check_that_answers_otherwise_is_a_fault(pair: tuple[Path, Path]) -> None:
    write_json(pair[1] / "recorded.json", {"code": "b", "inbox": "7c1d", "exits": {"sample": {"figures": 1}}})
    assert faults(compare(*pair)) == {"recorded.json": ("sample.figures: 0 → 1",)}


def test_a_file_that_cannot_be_read_is_a_fault(pair: tuple[Path, Path]) -> None:
    (pair[1] / "sample" / "1" / "parquet" / "mart_online_rates.parquet").write_bytes(b"PAR1")
    ((name, notes),) = faults(compare(*pair)).items()
    assert name == "parquet/mart_online_rates.parquet"
    assert notes[0].startswith("cannot be read: ")


def test_a_kind_of_file_that_nobody_can_compare_is_a_fault_where_its_bytes_differ(pair: tuple[Path, Path]) -> None:
    for folder, content in zip(pair, (b"a", b"b"), strict=True):
        (folder / "sample" / "1" / "letter.pdf").write_bytes(content)
    assert list(faults(compare(*pair))) == ["letter.pdf"]


def test_recordings_of_other_inboxes_are_not_compared(pair: tuple[Path, Path]) -> None:
    write_json(pair[1] / "recorded.json", {"code": "b", "inbox": "ffff", "exits": {}})
    with pytest.raises(CompareError, match="other inboxes"):
        compare(*pair)
    assert main(["compare", *map(str, pair)]) == 1


def test_a_folder_that_is_no_recording_is_not_compared(pair: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(CompareError, match=r"recorded\.json: not there"):
        compare(pair[0], tmp_path)


def test_the_same_file_is_judged_in_each_publication_and_under_each_name(pair: tuple[Path, Path]) -> None:
    for folder in pair:
        shutil.copytree(folder / "sample" / "1", folder / "late-wave" / "1")
    change_parquet(pair[1] / "sample" / "1")
    change_page(pair[1] / "late-wave" / "1")
    for folder in pair:
        parquet = folder / "sample" / "1" / "parquet"
        shutil.copy(parquet / "mart_online_rates.parquet", parquet / "mart_twin.parquet")
    found = compare(*pair)
    assert {
        where: [one.name for one in findings if one.outcome is Outcome.OTHER]
        for where, findings in found.findings.items()
    } == {
        "late-wave/1": ["reports/index.html"],
        "sample/1": ["parquet/mart_online_rates.parquet", "parquet/mart_twin.parquet"],
        "sample/checks": [],
    }


def test_a_page_that_says_more_or_less_differs(pair: tuple[Path, Path]) -> None:
    page = pair[1] / "sample" / "1" / "reports" / "index.html"
    page.write_text(PAGE.replace("</p>", "</p><p>Đã chốt</p>"), encoding="utf-8")
    assert faults(compare(*pair))["reports/index.html"] == ("lines: -0 +1", "+ Đã chốt")
    assert faults(compare(*reversed(pair)))["reports/index.html"] == ("lines: -1 +0", "- Đã chốt")


def test_what_is_true_of_several_publications_is_said_once(pair: tuple[Path, Path]) -> None:
    for folder in pair:
        shutil.copytree(folder / "sample" / "1", folder / "late-wave" / "1")
    for name in ("sample", "late-wave"):
        change_page(pair[1] / name / "1")
    text = as_text(compare(*pair))
    assert "reports/index.html\n  differs in late-wave/1, sample/1\n    lines: -1 +1\n" in text
    assert text.splitlines()[0].split("  ")[-1] == "new"
