"""A landed file that a person took out of the nights: out of every figure, told by the manifest, and undone by another line."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from dvctt.closing.months import reopen_month
from dvctt.core import ledger
from dvctt.core.errors import CloseRefused, LandingError, LedgerError
from dvctt.core.period import Month
from dvctt.landing import withdrawals, zone
from dvctt.pipeline import decisions
from dvctt.province.folder import load_province
from dvctt.publications import next_night, rebuild
from dvctt.publications.reading import Publication
from dvctt.publications.store import notable
from dvctt.settings import Settings

from tests.conftest import PROVINCE, Inbox, copy_home, dvctt, filing, settings_for
from tests.nights import Nights, nights_after

VINH_PHUC = load_province(PROVINCE)
BY = {"by": "Trần Thị Mẫu", "reason": "nguồn gửi nhầm tệp"}


@dataclass
class Walk:
    """One home: the tiny night, a wrong version, its withdrawal, its restoration."""

    nights: Nights
    wrong: zone.Extract
    instead: list[zone.Extract]
    publications: dict[str, Publication]
    received: dict[str, list[tuple[object, ...]]]


def october(nights: Nights) -> list[tuple[object, ...]]:
    return nights.rows(
        "select entity_code, received from mart_online_rates "
        "where month = date '2022-10-01' and entity_code in ('26', '243') order by 1"
    )


@pytest.fixture(scope="module")
def walk(tiny_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Walk:
    root = tmp_path_factory.mktemp("withdrawn")
    copy_home(tiny_home.home, root / "home")
    shutil.copytree(tiny_home.inbox, root / "inbox")
    settings = settings_for(root / "home", root / "inbox")
    nights, inbox = nights_after(tiny_home, settings), Inbox(settings.inbox)
    publications, received = {}, {}

    def night(name: str) -> None:
        publications[name] = nights.run()
        received[name] = october(nights)

    (right,) = [e for e in zone.landed_extracts(settings.landing) if (e.entity, e.month) == ("filings", "2022-10")]
    inbox.write("filings", "2022-10", [filing("O1", "243", "20221001000000")], control={"rows": 1})
    night("wrong")
    wrong = next(e for e in zone.landed_extracts(settings.landing) if e.name_key == right.name_key and e.rows == 1)
    instead = decisions.withdraw_extract(settings, wrong.extract_id, **BY)
    night("withdrawn")
    decisions.restore_extract(settings, wrong.extract_id, by="Lê Văn Mẫu", reason="tệp đúng")
    night("restored")
    return Walk(nights, wrong, instead, publications, received)


def test_the_version_before_is_read_in_the_place_of_a_withdrawn_one(walk: Walk) -> None:
    assert walk.received["wrong"] == [("243", 1), ("26", 1)]
    assert walk.received["withdrawn"] == [("243", 4), ("26", 6)]
    assert [(e.file_name, e.rows) for e in walk.instead] == [("2022-10.csv", 8)]


def test_the_publication_says_what_it_was_made_without(walk: Walk) -> None:
    manifest = walk.publications["withdrawn"].manifest
    (one,) = manifest["left_out"]
    assert (one["extract_id"], one["why"], one["by"], one["reason"]) == (
        walk.wrong.extract_id,
        "withdrawn",
        "Trần Thị Mẫu",
        "nguồn gửi nhầm tệp",
    )
    assert walk.wrong.extract_id not in {e["extract_id"] for e in manifest["extracts"]}
    assert [line for line in notable(manifest) if walk.wrong.extract_id in line]
    assert walk.publications["wrong"].manifest["left_out"] == []


def test_what_is_restored_counts_again(walk: Walk) -> None:
    assert walk.received["restored"] == walk.received["wrong"]
    assert walk.publications["restored"].manifest["left_out"] == []


def test_the_withdrawn_bytes_stay_out_when_they_come_again(inbox: Inbox, tmp_path: Path) -> None:
    landed = tmp_path / "landing"
    for agency in ("243", "244"):
        inbox.write("filings", "2022-10", [filing("A", agency, "20221001000000")])
        zone.land(VINH_PHUC, inbox.root, landed)
    first, second = zone.landed_extracts(landed)
    withdrawals.withdraw(tmp_path, [first, second], first.extract_id, **BY)
    assert zone.land(VINH_PHUC, inbox.root, landed) == []
    inbox.write("filings", "2022-10", [filing("A", "243", "20221001000000")])
    zone.land(VINH_PHUC, inbox.root, landed)
    extracts = zone.landed_extracts(landed)
    out = [one.extract_id for one in withdrawals.withdrawn(tmp_path, extracts)]
    assert out == [first.extract_id, f"{first.extract_id}-2"]
    assert zone.active_extracts(extracts, set(out)) == [second]


def test_a_withdrawal_is_work_for_the_next_night_and_only_for_that_one(walk: Walk) -> None:
    settings = walk.nights.settings
    extracts = zone.landed_extracts(settings.landing)
    assert not next_night.work_to_do(settings.published, extracts, VINH_PHUC)
    out = [zone.LeftOut(walk.wrong.extract_id, "withdrawn", "x", "y", "z")]
    assert next_night.work_to_do(settings.published, extracts, VINH_PHUC, (), out).changed == ("extracts left out",)


def test_a_publication_is_built_again_without_what_was_left_out_of_it(walk: Walk, tmp_path: Path) -> None:
    publication = walk.publications["withdrawn"]
    rebuilt = rebuild.rebuild(walk.nights.settings, publication, tmp_path)
    compared = rebuild.compare(
        publication, rebuilt, tables=["fct_filings", "mart_online_rates", "aud_row_reconciliation"]
    )
    assert [(table.table, table.differs) for table in compared] == [
        ("aud_row_reconciliation", False),
        ("fct_filings", False),
        ("mart_online_rates", False),
    ]
    assert {table.rows for table in compared} - {0}


def test_a_name_keeps_its_place_in_the_order_of_arrival_when_its_first_version_is_withdrawn(
    inbox: Inbox, tmp_path: Path
) -> None:
    for agency, name in (("243", "2022-10"), ("244", "2022-10.bo-sung")):
        inbox.write("filings", name, [filing("A", agency, "20221001000000")])
        zone.land(VINH_PHUC, inbox.root, tmp_path / "landing")
    inbox.write("filings", "2022-10", [filing("A", "H62.01", "20221001000000")])
    zone.land(VINH_PHUC, inbox.root, tmp_path / "landing")
    extracts = zone.landed_extracts(tmp_path / "landing")
    withdrawals.withdraw(tmp_path, extracts, extracts[0].extract_id, **BY)
    out = {one.extract_id for one in withdrawals.withdrawn(tmp_path, extracts)}
    assert [e.arrival for e in zone.active_extracts(extracts, out)] == [2, 3]
    assert zone.name_arrivals(extracts)["one_stop", "filings", "2022-10.csv"] == 1


def test_the_command_line_lists_withdraws_and_restores(tiny_copy: Settings) -> None:
    listed = json.loads(dvctt(tiny_copy, "extracts", "list", "--month", "2022-10", "--json").stdout)
    assert [(one["entity"], one["state"]) for one in listed] == [
        ("filings", "active"),
        ("payment_attempts", "active"),
        ("payment_requests", "active"),
    ]
    chosen = listed[0]["extract_id"]
    refused = dvctt(tiny_copy, "extracts", "withdraw", chosen, "--by", "\x1b[2JAi", "--reason", "x")
    assert refused.returncode == 1
    assert "LedgerError: the name of the person who withdrew the extract: character 1 is U+001B" in refused.stderr
    assert dvctt(tiny_copy, "extracts", "withdraw", "nowhere", "--by", "A", "--reason", "x").returncode == 1
    withdrawn = dvctt(tiny_copy, "extracts", "withdraw", chosen, "--by", "Trần Thị Mẫu", "--reason", "gửi nhầm")
    assert withdrawn.returncode == 0
    assert "in its place the nights read nothing: no other version of this name has landed" in withdrawn.stdout
    again = dvctt(tiny_copy, "extracts", "withdraw", chosen, "--by", "Trần Thị Mẫu", "--reason", "gửi nhầm")
    assert "withdrawn already, by Trần Thị Mẫu" in again.stderr
    shown = dvctt(tiny_copy, "extracts", "list").stdout
    assert "withdrawn  │ Trần Thị Mẫu" in shown or ("withdrawn" in shown and "Trần Thị Mẫu" in shown)
    assert "6 extracts, 1 of them left out of the nights" in shown
    assert dvctt(tiny_copy, "extracts", "restore", chosen, "--by", "Lê Văn Mẫu", "--reason", "đúng").returncode == 0
    assert '"withdrawn"' not in dvctt(tiny_copy, "extracts", "list", "--json").stdout


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("", "found no name"),
        (" \t", "found no name"),
        ("Anonymous", "found no name"),
        ("-- 12", "found no name"),
        ("Trần\nVăn A", r"character 5 is U\+000A"),
        ("Trần\u202eVăn A", r"character 5 is U\+202E"),
        ("Trần\u200bVăn A", r"character 5 is U\+200B"),
        ("A" * 201, "found 201 characters, wanted at most 200"),
    ],
)
def test_a_name_that_names_nobody_or_hides_something_is_refused_everywhere(
    tmp_path: Path, name: str, wanted: str
) -> None:
    with pytest.raises(LedgerError, match=wanted):
        ledger.person_name(name, "did it")
    with pytest.raises(CloseRefused, match=wanted):
        reopen_month(tmp_path, Month(2022, 10), by=name, reason="x")


def test_a_name_is_kept_composed_and_without_blanks_around_it() -> None:
    assert ledger.person_name("  Trâ\u0300n Văn A ", "did it") == "Trần Văn A"


@pytest.mark.parametrize("line", ["", "{", "[]", '{"event": "withdrawn"}', '{"extract_id": 5}', "[" * 100_000])
def test_a_damaged_ledger_is_named_and_never_read_in_part(tmp_path: Path, line: str) -> None:
    (tmp_path / withdrawals.LEDGER).write_text(f"{line}\n", encoding="utf-8")
    with pytest.raises(LedgerError, match=r"withdrawals\.jsonl:1: not a line"):
        withdrawals.withdrawn(tmp_path, [])


def test_what_is_not_withdrawn_cannot_be_restored(inbox: Inbox, tmp_path: Path) -> None:
    inbox.write("filings", "2022-10", [filing("A", "243", "20221001000000")])
    (extract,) = zone.land(VINH_PHUC, inbox.root, tmp_path / "landing")
    with pytest.raises(LandingError, match="not withdrawn, so nothing to restore"):
        withdrawals.restore(tmp_path, [extract], extract.extract_id, **BY)
