"""What a usual change touches: kept as patches, applied to a copy of the tracked files, and proven to work there.

A patch that does not apply any more is made anew from the change as it is done now: ``git diff -U1`` of it, into ``changes/``.
If it then touches another file, the table in CONTRIBUTING.md says so, or the wall is moved until it does not.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from dvctt.gate.judge import Frame, evaluate, load_suites
from dvctt.province.folder import load_province
from dvctt.province.metrics import read_metrics

from tests.conftest import REPOSITORY
from tests.house.test_rules import tracked

CHANGES = Path(__file__).with_name("changes")
PROVINCE = "include/provinces/vinh_phuc"
TITLES = {
    "source": "a source of a known kind",
    "source_kind": "a kind of source, and a source of it",
    "agency": "an agency",
    "target": "a target on a new metric",
    "metric": "a metric",
    "rule": "a rule of the gate",
    "report_table": "a table of the report",
    "language": "a language",
}
MOST = {"source_kind": 3, "metric": 3}
"""Files that are edited by hand, beside tests and texts: two, or as many as stand here."""
GENERATED = {
    "docs/commands.md",
    "docs/data-dictionary.md",
    "docs/licences.md",
    "docs/tu-dien-du-lieu.md",
    "include/dvctt/core/published_tables.json",
}

Copy = Callable[[str], Path]


def touched(change: str) -> list[str]:
    """The files that the patch of a change touches, texts last."""
    patch = (CHANGES / f"{change}.patch").read_text(encoding="utf-8")
    found = re.findall(r"^diff --git a/(\S+) b/\1$", patch, re.M)
    assert found, change
    return sorted(found, key=lambda name: (is_text(name), name))


def is_text(name: str) -> bool:
    """What people read and no program: words of a language, and what a runbook says to do."""
    return name.endswith(".po") or name.startswith("docs/runbooks/")


def printed(names: list[str]) -> str:
    """Files as the table prints them: of one that the change makes, its kind and the folder where it is made."""
    cells = []
    for path in map(Path, names):
        folder = next(one for one in path.parents if (REPOSITORY / one).is_dir())
        is_there = (REPOSITORY / path).is_file()
        cells.append(f"`{path}`" if is_there else f"a new `{path.suffix}` in `{folder}/`")
    return ", ".join(cells) or "none"


@pytest.fixture
def changed(tmp_path: Path) -> Copy:
    """Copies the tracked files, as they are now, and applies the patch of a change."""

    def change(name: str) -> Path:
        copy = tmp_path / "copy"
        for path in tracked():
            target = copy / path.relative_to(REPOSITORY)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        # A repository of its own, without which git would take the copy for an ignored part of another one.
        subprocess.run(["git", "init", "--quiet"], cwd=copy, check=True)  # noqa: S607
        subprocess.run(["git", "apply", str(CHANGES / f"{name}.patch")], cwd=copy, check=True)  # noqa: S607
        return copy

    return change


def run_in(copy: Path, *arguments: str, **environment: str) -> str:
    """A Python of the copy: it imports the copy's package, and the copy's tests."""
    finished = subprocess.run(
        [sys.executable, *arguments],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": f"{copy / 'include'}:{copy}", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-2000:]
    return finished.stdout


def test_every_change_has_its_patch_and_every_patch_its_change() -> None:
    assert {path.stem for path in CHANGES.glob("*.patch")} == set(TITLES)


@pytest.mark.parametrize("change", TITLES)
def test_a_change_touches_few_files_and_nothing_that_is_generated(change: str) -> None:
    files = touched(change)
    assert len([name for name in files if not is_text(name)]) <= MOST.get(change, 2)
    assert not [name for name in files if name in GENERATED or name.startswith("docs/rules/")]
    assert all((REPOSITORY / name).is_file() for name in GENERATED)


def test_contributing_prints_what_each_change_touches() -> None:
    page = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \| \[patch\]\(tests/house/changes/(\w+)\.patch\) \|$", page, re.M)
    assert len(rows) == len(TITLES)
    for title, hand, texts, change in rows:
        assert title == TITLES[change]
        assert hand == printed([name for name in touched(change) if not is_text(name)]), change
        assert texts == printed([name for name in touched(change) if is_text(name)]), change


def test_a_source_is_known_and_its_files_are_found(changed: Copy, tmp_path: Path) -> None:
    copy = changed("source")
    source = next(one for one in load_province(copy / PROVINCE).sources if one.id == "land_office")
    folder = tmp_path / "inbox" / "land_office" / "filings"
    folder.mkdir(parents=True)
    (folder / "2022-10.csv").write_text("SoHoSo\n1\n", encoding="utf-8")
    from dvctt.extract import kind_of

    (offer,) = kind_of(source).offers(source, tmp_path / "inbox")
    assert (offer.source_id, offer.entity, str(offer.month)) == ("land_office", "filings", "2022-10")


READ_A_KIND = f"""
import json
from pathlib import Path
import duckdb
from dvctt.extract import kind_of
from dvctt.province.folder import load_province
source = next(one for one in load_province(Path("{PROVINCE}")).sources if one.id == "land_office")
folder = Path("inbox/land_office/filings")
folder.mkdir(parents=True)
rows = [{{"MaHoSo": "A", "MaDonVi": "243", "ChuHoSo": "x"}}, {{"MaHoSo": "B", "MaDonVi": "243"}}]
(folder / "2022-10.jsonl").write_text("\\n".join(map(json.dumps, rows)), encoding="utf-8")
kind = kind_of(source)
(offer,) = kind.offers(source, Path("inbox"))
reading = kind.read(offer, source.entities["filings"], Path("x.parquet"), duckdb.connect())
assert reading.sha256 == kind.fingerprint(offer)
found = duckdb.sql("select row_number, MaHoSo, MaDonVi from 'x.parquet'").fetchall()
columns = duckdb.sql("select * from 'x.parquet'").columns
print(json.dumps([reading.rows, found, "ChuHoSo" in columns]))
"""


def test_a_kind_of_source_reads_what_a_source_offers(changed: Copy) -> None:
    answer = json.loads(run_in(changed("source_kind"), "-c", READ_A_KIND))
    assert answer == [2, [[1, "A", "243"], [2, "B", "243"]], False]


def test_an_agency_is_one_of_the_province(changed: Copy) -> None:
    (agency,) = [one for one in load_province(changed("agency") / PROVINCE).agencies if one.agency_code == "H62.98"]
    assert str(agency.valid_from) == "2022-10-01"


READ_A_METRIC = f"""
import csv
from pathlib import Path
from dvctt.core.published_tables import published_tables
from dvctt.province.folder import load_province
from dvctt.province.metrics import METRICS
(target,) = [one for one in load_province(Path("{PROVINCE}")).targets if one.target_id == "postal_2022"]
with METRICS.open(encoding="utf-8", newline="") as file:
    (metric,) = [row for row in csv.DictReader(file) if row["metric"] == target.metric]
columns = published_tables()[metric["share_of"]].columns
print(metric["kind"], *(name for name in (metric["numerator"], metric["denominator"]) if name in columns))
"""


def test_a_target_is_one_of_the_province_and_its_metric_is_made_of_columns_that_are_there(changed: Copy) -> None:
    """That nothing but the list is asked for its share is a unit test of mart_targets."""
    assert "postal_rate" not in read_metrics()
    assert run_in(changed("target"), "-c", READ_A_METRIC).split() == ["share", "postal", "received"]


def test_a_metric_is_a_table_of_the_project_with_its_meaning_in_both_languages(changed: Copy) -> None:
    """dbt parses the project; the dictionaries describe the table; the SQL gives the share of rows that are there."""
    copy = changed("metric")
    target = copy / "home" / "candidate" / "dbt"
    dbt = Path(sys.executable).with_name("dbt")
    subprocess.run(
        [
            dbt,
            "--quiet",
            "parse",
            "--project-dir",
            "dbt_project",
            "--profiles-dir",
            "dbt_project",
            "--target-path",
            target,
        ],
        cwd=copy,
        env={**os.environ, "DVCTT_CANDIDATE_FILE": ":memory:", "DVCTT_TIMEZONE": "UTC"},
        capture_output=True,
        check=True,
    )
    node = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"]["model.dvctt.mart_postal_rates"]
    assert node["config"]["contract"]["enforced"]
    for language, wanted in (
        ("en", "Filings by post out of all received"),
        ("vi", "Tỷ lệ hồ sơ nộp qua bưu chính trên"),
    ):
        page = copy / f"{language}.md"
        arguments = ("dictionary", "--out", str(page), "--lang", language)
        run_in(copy, "-m", "dvctt.cli.app", *arguments, DVCTT_HOME=str(copy / "home"))
        assert wanted in page.read_text(encoding="utf-8")
    sql = re.sub(r"{{ ref\('(\w+)'\) }}", r"\1", node["raw_code"])
    with duckdb.connect() as connection:
        connection.execute(
            "create table mart_online_rates as select date '2022-10-01' as month, 'agency' as scope, entity_code, postal, received "
            "from (values ('a', 1, 4), ('b', 0, 0)) as rows (entity_code, postal, received)"
        )
        rates = connection.execute(f"select entity_code, postal_rate_percent from ({sql})").fetchall()
    assert sorted(rates) == [("a", 25.0), ("b", None)]


def test_a_rule_of_the_gate_says_yes_and_no_and_has_its_page(changed: Copy) -> None:
    copy = changed("rule")
    suite = next(one for one in load_suites(copy / "expectations" / "suites") if one.table == "aud_totals")
    columns = ["total", "total_explained", "residue"]
    answers = {}
    for residue in (2, 12):
        checks = evaluate([suite], {"aud_totals": Frame(columns, [(10, 10, residue)])})
        answers[residue] = {check.expectation.meta.id: check.status for check in checks}
    rule = "totals.residue_is_within_the_total"
    assert (answers[2][rule], answers[12][rule]) == ("passed", "failed")
    run_in(copy, "docs/generate.py")
    assert "`residue_over_total`" in (copy / "docs" / "rules" / f"{rule}.md").read_text(encoding="utf-8")


WRITE_DOCUMENTS = """
import sys
from datetime import date
from pathlib import Path
from dvctt.province.folder import load_province
from dvctt.report.documents.month import write_documents
from dvctt.report.documents.month_page import write_reports
from tests.report.conftest import write_marts
language = sys.argv[1]
province = load_province(Path(sys.argv[2]))
marts = write_marts(Path("marts.duckdb"))
page = next(path for path in write_reports(marts, Path("pages"), province, 7) if "2022-10" in path.name)
print("\\n".join(map(str, write_documents(marts, page, Path("documents"), province, 7, date(2022, 10, 1), language=language))))
"""


def documents_in(copy: Path, language: str) -> dict[str, Path]:
    """The documents of October in a language, by the ending of their names."""
    written = run_in(copy, "-c", WRITE_DOCUMENTS, language, PROVINCE).split()
    return {Path(name).suffix: copy / name for name in written}


def test_a_table_of_the_report_stands_on_the_page_and_in_the_documents(changed: Copy) -> None:
    from python_calamine import CalamineWorkbook

    copy = changed("report_table")
    documents = documents_in(copy, "en")
    vietnamese = next((copy / "pages").glob("*2022-10*")).read_text(encoding="utf-8")
    assert '<caption id="giua-cac-khoi-1">Khoảng cách giữa các khối</caption>' in vietnamese
    table = vietnamese.split('id="giua-cac-khoi-1"')[1].split("</table>")[0]
    assert re.search(r'data-figure="mart_group_gaps/2022-10/district/provincial/gap_points"[^>]*>\+28,7 điểm %', table)
    assert '<caption id="giua-cac-khoi-1">Gaps between groups</caption>' in documents[".html"].read_text(
        encoding="utf-8"
    )
    assert "Between groups" in CalamineWorkbook.from_path(str(documents[".xlsx"])).sheet_names


def test_a_language_is_a_folder_of_catalogues(changed: Copy) -> None:
    """What English translates is put between brackets; days and names of files are the patch's own."""
    from babel.messages.pofile import read_po, write_po

    copy = changed("language")
    catalogues = copy / "include" / "reports" / "locale"
    given = catalogues / "eo" / "LC_MESSAGES"
    for path in sorted((catalogues / "en" / "LC_MESSAGES").glob("*.po")):
        if not (given / path.name).exists():
            with path.open("rb") as file:
                content = read_po(file, locale="eo")
            for message in content:
                if message.id:
                    message.string = f"⟦{message.id}⟧"
            with (given / path.name).open("wb") as file:
                write_po(file, content)
    documents = documents_in(copy, "eo")
    assert documents[".html"].name == "raporto-2022-10.html"
    page = documents[".html"].read_text(encoding="utf-8")
    assert page.count("⟦") > 100
    assert {".html", ".pdf", ".xlsx"} <= documents.keys()
