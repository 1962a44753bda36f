"""From a source's control file to what readers have: one file of a sample is enough, and with it all words of it go.

The nights are the real ones but for dbt's start-up.
"""

import shutil
from pathlib import Path

import pytest
from dvctt.closing import freeze, months
from dvctt.closing.plan import plan_close
from dvctt.core.period import Month
from dvctt.gate import judge
from dvctt.pipeline import stages
from dvctt.pipeline.home import read_night
from dvctt.province.folder import load_province
from dvctt.publications.reading import Publication, load_publication
from dvctt.settings import Settings
from dvctt.warehouse import definitions

from tests.conftest import Inbox, copy_home, dvctt, filing, settings_for, write_tiny
from tests.nights import Nights, nights_after

LINE = "SỐ LIỆU MẪU, KHÔNG PHẢI SỐ LIỆU THẬT"
WORDS = (LINE, "Số liệu mẫu:", "[MẪU]", "SAMPLE DATA", 'class="sample"', "data-sample")
SEPTEMBER = [
    filing("S1", "243", "20220901000000"),
    filing("S2", "243", "20220930235959", channel="1"),
    filing("S3", "H62.01", "15/09/2022 08:00", channel="1"),
]


@pytest.fixture(scope="module")
def walk(tiny_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> tuple[Nights, Inbox, Publication]:
    """A home whose inbox is the tiny one, but that one file says that it is of a sample; its first publication."""
    root = tmp_path_factory.mktemp("sample")
    inbox = Inbox(root / "inbox")
    write_tiny(inbox)
    inbox.write("filings", "2022-09", SEPTEMBER, control={"rows": 3, "sample": True})
    nights = nights_after(tiny_home, settings_for(root / "home", inbox.root))
    nights.draws = True
    return nights, inbox, nights.run()


def texts(publication: Publication) -> dict[str, str]:
    """What a person may open of a publication with any program, by its name."""
    return {
        name: (publication.folder / name).read_text("utf-8-sig")
        for name in publication.manifest["files"]
        if name.endswith((".html", ".csv", ".json", ".txt", ".md"))
    }


def test_one_file_of_a_sample_among_real_ones_is_said_by_night_and_publication(
    walk: tuple[Nights, Inbox, Publication],
) -> None:
    nights, _, first = walk
    assert first.is_sample
    assert read_night(nights.settings).is_sample
    pages = {name: text for name, text in texts(first).items() if name.startswith("reports/")}
    assert {"reports/index.html", "reports/bao-cao-2022-10.html"} < pages.keys()
    assert [name for name, text in pages.items() if text.count('class="sample" role="note"') != 1] == []
    for folder in ("csv", "parquet"):
        assert texts(first)[f"{folder}/README.txt"].partition("\n")[0] == LINE


def test_the_verdicts_page_says_it_of_the_night_that_it_was_given_on(
    walk: tuple[Nights, Inbox, Publication], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nights, _, first = walk
    copy_home(nights.settings.home, tmp_path / "home")
    settings = settings_for(tmp_path / "home", nights.settings.inbox)
    page = settings.candidate / "verdict.html"
    assert LINE not in page.read_text("utf-8")

    def judged(candidate: Path, **_: object) -> None:
        shutil.copyfile(first.verdict, candidate / "verdict.json")

    monkeypatch.setattr(judge, "check_counts", judged)
    monkeypatch.setattr(definitions, "data_tests_that_ran", lambda *_: ())
    stages.check_counts(settings, run_id=read_night(settings).run_id)
    assert page.read_text("utf-8").count(LINE) == 2


def test_the_commands_say_it_of_what_they_write_and_show(
    walk: tuple[Nights, Inbox, Publication], tmp_path: Path
) -> None:
    settings = walk[0].settings
    report = dvctt(settings, "report", "--month", "2022-10", "--lang", "en", "--out", str(tmp_path / "month"))
    assert report.returncode == 0, report.stderr
    assert "SAMPLE DATA, NOT REAL FIGURES" in (tmp_path / "month" / "report-2022-10.html").read_text("utf-8")
    quarter = dvctt(settings, "report", "--period", "2022-Q3", "--out", str(tmp_path / "quarter"))
    assert quarter.returncode == 0, quarter.stderr
    assert LINE in (tmp_path / "quarter" / "bao-cao-quy-3-2022.html").read_text("utf-8")
    assert dvctt(settings, "status").stdout.startswith(f"{LINE}\n")


def test_a_month_that_was_closed_out_of_a_sample_keeps_its_word_when_real_files_come(
    walk: tuple[Nights, Inbox, Publication], tmp_path: Path
) -> None:
    nights, inbox, first = walk
    settings = nights.settings
    plan = plan_close(
        published=settings.published,
        closed=settings.closed,
        landing=settings.landing,
        ledgers=settings.ledgers,
        candidate=settings.candidate,
        verdicts=settings.verdicts,
        province=load_province(settings.province_folder),
        month=Month(2022, 10),
    )
    frozen = freeze.close_month(
        plan, closed=tmp_path, province=load_province(settings.province_folder), approved_by="Bà Mẫu", note=None
    )
    assert (frozen.is_sample, frozen.publication) == (True, first.number)
    inbox.write("filings", "2022-09", SEPTEMBER, control={"rows": 3, "sample": False})
    shutil.copytree(tmp_path / "2022-10", settings.closed / "2022-10")
    assert nights.run().is_sample
    months.reopen_month(settings.closed, Month(2022, 10), by="Bà Mẫu", reason="đã có số liệu thật")
    last = nights.run()
    assert not last.is_sample
    assert {name: [word for word in WORDS if word in text] for name, text in texts(last).items()} == {
        name: [] for name in texts(last)
    }


def test_an_inbox_without_the_word_shows_it_nowhere(tiny_home: Settings, tmp_path: Path) -> None:
    publication = load_publication(tiny_home.published / "1")
    assert not publication.is_sample
    found = texts(publication)
    assert len(found) > 40
    assert {name: [word for word in WORDS if word in text] for name, text in found.items()} == {
        name: [] for name in found
    }
    assert not dvctt(tiny_home, "status").stdout.startswith(LINE)
