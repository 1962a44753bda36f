"""A refused file costs only itself: what is published without it, what goes on, and that a mended one leaves no trace.

One source, twenty-six agencies, each with a file of its own a month. The night is the real one but for dbt's start-up.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from dvctt.core.errors import ExtractError
from dvctt.landing import zone
from dvctt.landing.refusals import refused_files
from dvctt.pipeline import inspection
from dvctt.pipeline.home import alerted_path
from dvctt.province.folder import load_province
from dvctt.publications import next_night, rebuild
from dvctt.publications.reading import Publication
from dvctt.report.wording.caveats import own_words
from dvctt.settings import Settings

from tests.conftest import PROVINCE, Inbox, dvctt, filing, payment, procedure
from tests.nights import Nights, nights_after

_SINCE, _UNTIL = date(2022, 8, 1), date(2022, 10, 31)
AGENCIES = sorted(
    {
        agency.agency_code
        for agency in load_province(PROVINCE).agencies
        if agency.valid_from <= _SINCE and (agency.valid_to is None or agency.valid_to >= _UNTIL)
    }
)[:26]
BROKEN, OTHER = AGENCIES[3], AGENCIES[4]
FACTS = ("fct_filings", "fct_payments", "fct_payment_attempts", "fct_quarantined_rows", "fct_feed_deliveries")


def received(agency: str, month: str, count: int = 12) -> list[dict[str, str]]:
    return [filing(f"F-{agency}-{month}-{n}", agency, f"{month}-05 08:00:00") for n in range(count)]


@dataclass
class Home:
    """A home that a test walks through, night by night."""

    nights: Nights
    inbox: Inbox

    def night(self) -> Publication:
        """One night, of which people have been told."""
        publication = self.nights.run()
        alerted_path(self.nights.settings).write_text(json.dumps({"publication": publication.number}), encoding="utf-8")
        return publication

    def send(self, name: str, agency: str, month: str = "2022-10", count: int = 12) -> Path:
        return self.inbox.write("filings", name, received(agency, month, count))

    def spoil(self, name: str, entity: str = "filings") -> Path:
        """Cut a file in the middle of its last record."""
        path = self.inbox.root / "one_stop" / entity / f"{name}.csv"
        path.write_bytes(path.read_bytes()[: path.read_bytes().rindex(b",")])
        return path

    def shown(self, *codes: str, month: str = "2022-10") -> list[tuple[object, ...]]:
        rows = self.nights.rows(
            "select entity_code, received, caveats_json from mart_online_rates "
            f"where month = date '{month}-01' and entity_code in {(*codes, '')} order by entity_code"
        )
        return [(*figures, own_words(caveats)) for *figures, caveats in rows]

    def facts(self) -> dict[str, str]:
        """Each table of facts, as a hash of its rows in order; when a file came is no part of what it says."""
        return {
            table: str(
                self.nights.rows(
                    f"select md5(string_agg(t::varchar, '|' order by t::varchar)) "
                    f"from (select * exclude ({'first_arrived_at' if 'feed' in table else 'extract_id'}) from {table}) as t"
                )
            )
            for table in FACTS
        }


@pytest.fixture
def begin(tiny_home: Settings, tmp_path: Path) -> Callable[[str], Home]:
    """Homes whose twenty-six agencies have sent August and September."""

    def home(name: str) -> Home:
        root = tmp_path / name
        inbox = Inbox(root / "inbox")
        shutil.copytree(PROVINCE, root / "province")
        inbox.write("procedures", "2022-08", [procedure("1.000001", "4")])
        for month in ("2022-08", "2022-09"):
            for agency in AGENCIES:
                inbox.write("filings", f"{month}.{agency}", received(agency, month))
        for entity in ("payment_requests", "payment_attempts"):
            (inbox.root / "one_stop" / entity).mkdir()
        settings = Settings(province_folder=root / "province", inbox=inbox.root, home=root / "home")
        nights = nights_after(tiny_home, settings)
        nights.keep(
            "mart_online_rates",
            "mart_restatements",
            "mart_figure_movements",
            "mart_data_cut_off",
            "mart_refused_files",
            "aud_movements",
            "aud_refused_files",
            "aud_feeds",
            *FACTS,
            "aud_movement_files",
        )
        return Home(nights, inbox)

    return home


def october(home: Home) -> None:
    for agency in AGENCIES:
        home.send(f"2022-10.{agency}", agency)


def test_of_twenty_six_agencies_the_broken_one_is_named_and_null_and_mended_it_leaves_no_trace(
    begin: Callable[[str], Home],
) -> None:
    home, clean = begin("broken"), begin("clean")
    october(home)
    october(clean)
    home.spoil(f"2022-10.{BROKEN}")
    first = home.night()
    names = dict(home.nights.rows("select agency_code, any_value(name_vi) from dim_agencies group by 1"))
    others = [code for code in AGENCIES if code != BROKEN]
    assert [(code, count) for code, count, _ in home.shown(*others)] == [(code, 12) for code in sorted(others)]
    reason = f"chưa có dữ liệu từ {names[BROKEN]} (tệp của tháng bị từ chối)"
    (agency,) = home.shown(BROKEN)
    assert agency == (BROKEN, None, reason)
    (province,) = home.shown("26")
    assert province[1] == 12 * 25 and reason in str(province[2])
    assert home.nights.rows(
        "select month::varchar, file_name, agency_code, refusal_reason, consequence from mart_refused_files"
    ) == [("2022-10-01", f"2022-10.{BROKEN}.csv", BROKEN, "unreadable", "missing")]
    assert home.nights.rows("select wanted_refusals, refusals, agency_name_vi from aud_refused_files") == [
        (0, 1, names[BROKEN])
    ]
    (listed,) = first.manifest["refused_files"]
    assert (listed["file_name"], listed["reason"]) == (f"2022-10.{BROKEN}.csv", "unreadable")

    home.send(f"2022-10.{BROKEN}", BROKEN)
    second = home.night()
    clean.night()
    assert second.manifest["refused_files"] == []
    assert home.facts() == clean.facts()
    assert home.shown(*AGENCIES, "26") == clean.shown(*AGENCIES, "26")


def test_the_version_before_goes_on_and_says_so(begin: Callable[[str], Home]) -> None:
    home = begin("older")
    october(home)
    home.night()
    home.send(f"2022-10.{BROKEN}", BROKEN, count=14)
    home.spoil(f"2022-10.{BROKEN}")
    home.night()
    names = dict(home.nights.rows("select agency_code, any_value(name_vi) from dim_agencies group by 1"))
    caveat = f"có tệp bị từ chối, số liệu chưa tính tệp này ({names[BROKEN]})"
    assert home.shown(BROKEN, OTHER) == [(BROKEN, 12, caveat), (OTHER, 12, None)]
    assert home.shown("26") == [("26", 12 * 26, caveat)]
    assert home.shown("26", month="2022-09") == [("26", 12 * 26, None)]


def test_a_supplement_of_an_agency_takes_its_month_and_one_for_all_is_told_of_everybody(
    begin: Callable[[str], Home],
) -> None:
    home = begin("supplements")
    october(home)
    home.night()
    home.send(f"2022-10.{BROKEN}.bo-sung", BROKEN, count=2)
    home.spoil(f"2022-10.{BROKEN}.bo-sung")
    home.night()
    assert [row[:2] for row in home.shown(BROKEN, OTHER, "26")] == sorted(
        [(BROKEN, None), (OTHER, 12), ("26", 12 * 25)]
    )
    # The source corrected nothing and took nothing back.
    assert home.nights.rows(
        "select entity_code, old_value, new_value, refused_files, late_filings, corrections from mart_restatements "
        "where metric = 'received' and scope <> 'group' order by entity_code"
    ) == [(BROKEN, 12, None, -12, 0, 0), ("26", 12 * 26, 12 * 25, -12, 0, 0)]
    (home.inbox.root / "one_stop" / "filings" / f"2022-10.{BROKEN}.bo-sung.csv").unlink()
    home.send("2022-10.bo-sung", BROKEN, count=2)
    home.spoil("2022-10.bo-sung")
    home.night()
    for code, count, caveat in home.shown(*AGENCIES, "26"):
        assert count == (12 * 26 if code == "26" else 12)
        assert str(caveat).startswith("có tệp bị từ chối, số liệu chưa tính tệp này")


@pytest.mark.parametrize("name", ["2022-10", "2022-10.phan-hai"])
def test_a_file_that_may_hold_anybody_s_rows_takes_the_month_from_all(begin: Callable[[str], Home], name: str) -> None:
    home = begin("anybody")
    october(home)
    home.send(name, BROKEN, count=2)
    home.spoil(name)
    home.night()
    assert {row[1] for row in home.shown(*AGENCIES)} == {None}
    assert home.shown("26")[0][1] is None
    assert {row[1] for row in home.shown(*AGENCIES, month="2022-09")} == {12}


def test_a_newest_month_that_is_refused_alone_is_asked_for_and_a_mistyped_year_opens_none(
    begin: Callable[[str], Home],
) -> None:
    home = begin("newest")
    home.send("2022-10", BROKEN)
    home.spoil("2022-10")
    home.send("2024-10", BROKEN)
    home.spoil("2024-10")
    home.night()
    months = home.nights.rows("select distinct month::varchar from fct_feed_deliveries order by 1")
    assert months == [("2022-08-01",), ("2022-09-01",), ("2022-10-01",)]
    assert {row[1] for row in home.shown(*AGENCIES)} == {None}


def test_what_is_refused_is_work_when_it_is_new_or_changed_or_gone_and_is_built_again(
    begin: Callable[[str], Home], tmp_path: Path
) -> None:
    home = begin("work")
    october(home)
    home.spoil(f"2022-10.{BROKEN}")
    publication = home.night()
    settings = home.nights.settings

    def work() -> tuple[str, ...]:
        province = load_province(settings.province_folder)
        zone.land(province, settings.inbox, settings.landing)
        extracts, refused = zone.landed_extracts(settings.landing), refused_files(settings.landing)
        return next_night.work_to_do(settings.published, extracts, province, (), (), refused).changed

    assert work() == ()
    path = home.send(f"2022-10.{BROKEN}", BROKEN, count=14)
    path.write_text("", encoding="utf-8")
    assert work() == ("refused files",)
    path.unlink()
    assert work() == ("refused files",)
    rebuilt = rebuild.rebuild(settings, publication, tmp_path / "rebuilt", models=built_by(publication))
    compared = rebuild.compare(publication, rebuilt, tables=["mart_refused_files", "fct_feed_deliveries"])
    assert [(one.table, one.differs, one.rows > 0) for one in compared] == [
        ("fct_feed_deliveries", False, True),
        ("mart_refused_files", False, True),
    ]


def built_by(publication: Publication) -> set[str]:
    """The models behind the two tables that are compared."""
    from dvctt.warehouse.definitions import read_definitions

    known = {node.name: node for node in read_definitions(publication.folder)}
    wanted, waiting = set[str](), ["mart_refused_files", "fct_feed_deliveries"]
    while waiting:
        name = waiting.pop()
        wanted.add(name)
        waiting += [one for one in known[name].inputs if one in known and one not in wanted]
    return wanted


def test_more_than_the_province_tolerates_lands_nothing(begin: Callable[[str], Home]) -> None:
    home = begin("too_many")
    october(home)
    for agency in AGENCIES[:7]:
        home.spoil(f"2022-10.{agency}")
    with pytest.raises(
        ExtractError, match=r"7 files are refused, wanted at most 6 .*\nnothing of this night has landed"
    ):
        home.night()
    assert zone.landed_extracts(home.nights.settings.landing) == []


def test_people_are_told_once_of_each_state(begin: Callable[[str], Home], monkeypatch: pytest.MonkeyPatch) -> None:
    home = begin("told")
    settings, province = home.nights.settings, load_province(PROVINCE)
    sent: list[str] = []
    monkeypatch.setattr(inspection.channels, "send", lambda alert, **_: sent.append(alert.subject_vi))
    monkeypatch.setattr(inspection.channels, "is_kept", lambda _: True)

    def night() -> int:
        zone.land(province, settings.inbox, settings.landing)
        settings.home.mkdir(exist_ok=True)
        inspection.alert_about_refused_files(settings, province, "run")
        return len(sent)

    assert night() == 0
    path = home.send("2022-10.243", "243")
    home.spoil("2022-10.243")
    assert [night(), night(), night()] == [1, 1, 1]
    assert sent == ["[DVCTT Vĩnh Phúc] CẢNH BÁO: 1 tệp của nguồn bị từ chối"]
    path.write_text("", encoding="utf-8")
    assert [night(), night()] == [2, 2]
    path.unlink()
    assert night() == 2
    path.write_text("", encoding="utf-8")
    assert night() == 3


def test_a_person_lists_what_is_refused(begin: Callable[[str], Home]) -> None:
    home = begin("listed")
    settings = home.nights.settings
    home.send("2022-10.243", "243")
    home.spoil("2022-10.243")
    zone.land(load_province(PROVINCE), settings.inbox, settings.landing)
    shown = dvctt(settings, "extracts", "refused")
    assert shown.returncode == 0
    assert "one_stop/filings/2022-10.243.csv:13: not readable as CSV" in shown.stdout
    assert "1 files refused" in shown.stdout and "dvctt run" in shown.stdout


def test_a_refused_request_file_takes_the_payments_of_its_agency(begin: Callable[[str], Home]) -> None:
    home = begin("payments")
    october(home)
    for agency in (BROKEN, OTHER):
        rows = [
            payment(f"R-{agency}-{n}", f"F-{agency}-2022-10-{n}", agency, "2022-10-06 08:00:00", 1000)
            for n in range(12)
        ]
        home.inbox.write("payment_requests", f"2022-10.{agency}", rows)
    home.spoil(f"2022-10.{BROKEN}", "payment_requests")
    home.night()
    rows = home.nights.rows(
        "select entity, agency_code, is_delivered, missing_reason from fct_feed_deliveries "
        f"where month = date '2022-10-01' and entity = 'payment_requests' and agency_code in ('{BROKEN}', '{OTHER}') order by 2"
    )
    assert rows == [
        ("payment_requests", BROKEN, False, "refused_file"),
        ("payment_requests", OTHER, True, None),
    ]
