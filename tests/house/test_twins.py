"""Every module has a test module of its name in its room, or stands below with the tests that look at it and why they do.

The list is there to become shorter: an entry that is not needed any more is an error, and so is one that leads nowhere.
"""

import ast
from pathlib import Path

from tests.conftest import REPOSITORY
from tests.house.test_rules import PACKAGE

TESTS = REPOSITORY / "tests"
_BY_COMMAND = "a command parses, calls and prints: its answers are looked at where its question is tested"
_ONE_STORY = "parts of one thing, tested as that thing"
_AS_A_WHOLE = "a document is read as a whole, as who gets it does"
_BY_USE = "what every test of its room goes through"

ELSEWHERE: dict[str, tuple[str, str]] = {
    "cli/decisions.py": ("publications/test_holds.py", _BY_COMMAND),
    "cli/checks.py": ("cli/test_app.py", _BY_COMMAND),
    "cli/documents.py": ("report/test_documents.py", _BY_COMMAND),
    "cli/figures.py": ("queries/test_explain.py", _BY_COMMAND),
    "cli/gate.py": ("cli/test_app.py", _BY_COMMAND),
    "cli/metrics.py": ("queries/test_online_rates.py", _BY_COMMAND),
    "cli/pipeline.py": ("pipeline/test_stages.py", _BY_COMMAND),
    "cli/publications.py": ("publications/test_store.py", _BY_COMMAND),
    "cli/root.py": ("cli/test_app.py", _ONE_STORY),
    "cli/samples.py": ("sample/test_serve.py", _BY_COMMAND),
    "cli/sources.py": ("pipeline/test_fetching.py", _BY_COMMAND),
    "cli/screen.py": ("cli/test_app.py", _ONE_STORY),
    "closing/figures.py": ("closing/test_freeze.py", _ONE_STORY),
    "closing/months.py": ("closing/test_freeze.py", _ONE_STORY),
    "closing/plan.py": ("closing/test_freeze.py", _ONE_STORY),
    "core/contract.py": ("extract/test_files.py", "a list, which the readers of files are held against"),
    "core/engines.py": ("house/test_no_identity.py", "what engines may be quoted with"),
    "core/errors.py": ("cli/test_app.py", "classes without code"),
    "core/files.py": ("test_home.py", "what a home writes down, whole or not at all"),
    "core/ledger.py": ("landing/test_withdrawals.py", "the first ledger stands for all"),
    "extract/__init__.py": ("extract/test_files.py", _BY_USE),
    "extract/_forms/__init__.py": ("extract/test_forms.py", _BY_USE),
    "extract/_forms/cells.py": ("extract/test_workbook.py", _ONE_STORY),
    "extract/_forms/outline.py": ("extract/test_workbook.py", _ONE_STORY),
    "extract/_control.py": ("extract/test_files.py", _ONE_STORY),
    "extract/_address.py": ("extract/test_database.py", _ONE_STORY),
    "extract/_service.py": ("extract/test_rest.py", _ONE_STORY),
    "extract/_spool.py": ("pipeline/test_fetching.py", _ONE_STORY),
    "extract/_header.py": ("extract/test_refusals.py", _ONE_STORY),
    "extract/_survey.py": ("extract/test_refusals.py", _ONE_STORY),
    "landing/integrity.py": ("chaos/test_flips.py", "bits are flipped in what it watches"),
    "notify/airflow_callback.py": ("notify/test_alerts.py", _ONE_STORY),
    "notify/airflow_smtp.py": ("notify/test_alerts.py", _ONE_STORY),
    "notify/channels.py": ("notify/test_alerts.py", _ONE_STORY),
    "notify/outbox.py": ("notify/test_alerts.py", _ONE_STORY),
    "notify/wording.py": ("notify/test_alerts.py", _ONE_STORY),
    "pipeline/airflow_login.py": ("pipeline/test_fetching.py", _ONE_STORY),
    "pipeline/close.py": ("closing/test_freeze.py", "a close is played from the command down"),
    "pipeline/decisions.py": ("publications/test_holds.py", "a decision is tested with what it decides"),
    "pipeline/home.py": ("test_home.py", "what a home writes down, whole or not at all"),
    "pipeline/local_airflow.py": ("e2e/test_nightly.py", "needs a whole Airflow"),
    "pipeline/inspection.py": ("pipeline/test_stages.py", _ONE_STORY),
    "pipeline/alerting.py": ("publications/test_holds.py", "people are told of what moved"),
    "province/model.py": ("province/test_folder.py", _ONE_STORY),
    "province/reading.py": ("province/test_folder.py", _ONE_STORY),
    "province/rules.py": ("province/test_folder.py", _ONE_STORY),
    "proving/__init__.py": ("proving/test_proof.py", _ONE_STORY),
    "proving/data.py": ("proving/test_proof.py", _ONE_STORY),
    "proving/engine.py": ("proving/test_proof.py", _ONE_STORY),
    "proving/faults.py": ("proving/test_proof.py", _ONE_STORY),
    "proving/false_answers.py": ("proving/test_proof.py", _ONE_STORY),
    "proving/site.py": ("proving/test_proof.py", _ONE_STORY),
    "publications/next_night.py": ("publications/test_publish.py", _ONE_STORY),
    "publications/readers.py": ("publications/test_retention.py", "who is reading decides what may go"),
    "publications/reading.py": ("test_recovery.py", _ONE_STORY),
    "publications/switching.py": ("test_recovery.py", "the pointer is tested by what a killed run leaves"),
    "queries/explain_text.py": ("queries/test_explain.py", _ONE_STORY),
    "queries/lookup.py": ("queries/test_explain.py", _ONE_STORY),
    "queries/reconcile.py": (
        "test_quarantine.py",
        "rows that are lost on the way are looked for where some are set aside",
    ),
    "queries/reproduce.py": ("queries/test_explain.py", _ONE_STORY),
    "report/documents/month.py": ("report/test_documents.py", _AS_A_WHOLE),
    "report/documents/month_page.py": ("report/test_pages.py", _AS_A_WHOLE),
    "report/documents/period.py": ("report/test_period_documents.py", _AS_A_WHOLE),
    "report/documents/requests.py": ("closing/test_freeze.py", "sent when a close is asked for"),
    "report/documents/sentences.py": ("report/test_documents.py", _AS_A_WHOLE),
    "report/findings.py": ("notify/test_alerts.py", "findings are read in alerts"),
    "report/ids.py": ("report/test_figure_ids.py", "ids lead from the page to the number"),
    "report/tables/agency.py": ("report/test_documents.py", _AS_A_WHOLE),
    "report/tables/areas.py": ("report/test_english.py", "an area is tried with a made-up one"),
    "report/tables/form_06a.py": ("queries/test_forms.py", "the form on paper and on screen is one"),
    "report/tables/index.py": ("queries/test_index766.py", "the index on paper and on screen is one"),
    "report/tables/monthly.py": ("report/test_documents.py", _AS_A_WHOLE),
    "report/tables/monthly_history.py": ("report/test_documents.py", _AS_A_WHOLE),
    "report/tables/monthly_payments.py": ("report/test_documents.py", _AS_A_WHOLE),
    "report/tables/monthly_quality.py": ("report/test_documents.py", _AS_A_WHOLE),
    "report/tables/monthly_rates.py": ("report/test_documents.py", _AS_A_WHOLE),
    "report/tables/periods.py": ("report/test_period_documents.py", _AS_A_WHOLE),
    "report/tables/table.py": ("report/test_documents.py", _BY_USE),
    "report/template.py": ("report/test_pages.py", _BY_USE),
    "report/writers/pdf.py": ("report/test_documents.py", _AS_A_WHOLE),
    "report/writers/xlsx.py": ("report/test_documents.py", _AS_A_WHOLE),
    "sample/catalogue.py": ("sample/test_write.py", _ONE_STORY),
    "sample/load.py": ("extract/test_database.py", "what is loaded is read back by the kind that reads databases"),
    "sample/records.py": ("sample/test_serve.py", _ONE_STORY),
    "sample/plan.py": ("sample/test_write.py", _ONE_STORY),
    "sample/timeline.py": ("sample/test_filings.py", _ONE_STORY),
    "settings.py": ("test_home.py", "three variables and the folders of a home"),
    "warehouse/connections.py": ("warehouse/test_foundation.py", _BY_USE),
    "warehouse/expectations.py": ("gate/test_baselines.py", "the frozen past is frozen by the gate"),
    "warehouse/landed.py": ("warehouse/test_foundation.py", _ONE_STORY),
    "warehouse/province_tables.py": ("warehouse/test_foundation.py", _ONE_STORY),
}
"""Module of ``include/dvctt``: the test module of ``tests`` that looks at it, and why it does."""


def twin_of(module: Path) -> Path:
    """``report/tables/monthly.py`` has ``tests/report/test_monthly.py``: one folder of tests a room."""
    inside = module.relative_to(PACKAGE)
    room = inside.parts[0] if len(inside.parts) > 1 else ""
    return TESTS / room / f"test_{module.stem.removeprefix('_')}.py"


def is_without_code(module: Path) -> bool:
    """A folder's own module that holds its docstring, and nothing that a test could call."""
    body = ast.parse(module.read_text(encoding="utf-8")).body
    return module.name == "__init__.py" and not any(
        isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) for node in body
    )


def modules_with_code() -> dict[str, Path]:
    return {str(path.relative_to(PACKAGE)): path for path in sorted(PACKAGE.rglob("*.py")) if not is_without_code(path)}


def test_every_module_has_its_twin_or_says_who_looks_at_it() -> None:
    found = modules_with_code()
    twins = {name for name, path in found.items() if twin_of(path).is_file()}
    assert {"core/sql.py", "report/choose.py", "warehouse/foundation.py"} <= twins, "the scan finds no twin"
    assert sorted(found.keys() - twins - ELSEWHERE.keys()) == []


def test_no_module_stands_in_the_list_that_has_a_twin_or_is_gone() -> None:
    found = modules_with_code()
    assert [name for name in ELSEWHERE if name not in found] == [], "there is no such module"
    assert [name for name in ELSEWHERE if name in found and twin_of(found[name]).is_file()] == [], "has a twin"


def test_every_entry_leads_to_tests_and_has_a_reason() -> None:
    assert [name for name, (where, _) in ELSEWHERE.items() if not (TESTS / where).is_file()] == []
    assert [name for name, (_, why) in ELSEWHERE.items() if not why.strip()] == []
    assert [
        name for name, (where, _) in ELSEWHERE.items() if "def test_" not in (TESTS / where).read_text("utf-8")
    ] == []
