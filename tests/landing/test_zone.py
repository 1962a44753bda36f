"""Landing: all or nothing within a file, versions and supplements, immutable, and the last place that sees personal data."""

import gzip
import json
import os
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dvctt.core.contract import ENTITIES
from dvctt.core.errors import ExtractError, LandingError
from dvctt.core.files import seal, unseal
from dvctt.extract import files
from dvctt.landing.refusals import refused_files
from dvctt.landing.zone import active_extracts, is_of_sample, land, landed_extracts, unknown_entries
from dvctt.province.folder import load_province
from dvctt.province.model import Refusals

from tests.conftest import PROVINCE, Inbox, filing, payment, write_tiny

VINH_PHUC = load_province(PROVINCE)


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_file_lands_once_with_its_manifest(inbox: Inbox, tmp_path: Path) -> None:
    inbox.write("payment_requests", "2022-10", [payment("Y", "A", "243", "2022-10-01", 100)], control={"rows": 1})
    (extract,) = land(VINH_PHUC, inbox.root, tmp_path / "landing")
    assert (extract.source, extract.entity, extract.month, extract.arrival) == (
        "one_stop",
        "payment_requests",
        "2022-10",
        1,
    )
    assert (extract.rows, extract.total_amount_vnd, extract.control_rows) == (1, 100, 1)
    assert extract.extract_id == f"one_stop.payment_requests.2022-10-{extract.sha256[:12]}"
    assert extract.parquet(tmp_path / "landing").is_file()
    assert landed_extracts(tmp_path / "landing") == [extract]


def test_landing_again_changes_nothing(tiny_inbox: Inbox, tmp_path: Path) -> None:
    assert len(land(VINH_PHUC, tiny_inbox.root, tmp_path / "landing")) == 6
    before = tree(tmp_path / "landing")
    assert before
    assert land(VINH_PHUC, tiny_inbox.root, tmp_path / "landing") == []
    assert tree(tmp_path / "landing") == before


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[duckdb.DuckDBPyConnection]:
    """Every connection to DuckDB that is opened from now on."""
    connections: list[duckdb.DuckDBPyConnection] = []
    connect = duckdb.connect

    def connect_and_count(*arguments: Any, **more: Any) -> duckdb.DuckDBPyConnection:
        connections.append(connect(*arguments, **more))
        return connections[-1]

    monkeypatch.setattr(duckdb, "connect", connect_and_count)
    return connections


def test_all_files_of_a_landing_are_read_by_one_connection_and_a_night_without_files_opens_none(
    tiny_inbox: Inbox, tmp_path: Path, opened: list[duckdb.DuckDBPyConnection]
) -> None:
    assert len(land(VINH_PHUC, tiny_inbox.root, tmp_path / "landing")) > 1
    assert len(opened) == 1
    with pytest.raises(duckdb.ConnectionException):
        opened[0].execute("select 1")
    assert land(VINH_PHUC, tiny_inbox.root, tmp_path / "landing") == []
    assert len(opened) == 1


def test_what_a_refused_file_did_to_its_connection_says_nothing_of_the_next_file(
    inbox: Inbox, tmp_path: Path, opened: list[duckdb.DuckDBPyConnection], monkeypatch: pytest.MonkeyPatch
) -> None:
    read = files.read

    def break_the_first(*arguments: Any) -> files.Reading:
        if len(opened) == 1:
            opened[0].close()
        return read(*arguments)

    monkeypatch.setattr(files, "read", break_the_first)
    for month in ("2022-09", "2022-10"):
        inbox.write("filings", month, [filing("A", "243", f"{month.replace('-', '')}01000000")])
    (landed,) = land(VINH_PHUC, inbox.root, tmp_path / "landing")
    assert landed.file_name == "2022-10.csv"
    assert [one.file_name for one in refused_files(tmp_path / "landing")] == ["2022-09.csv"]


def test_new_content_under_the_same_name_replaces_the_old_version_whole(inbox: Inbox, tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    inbox.write("filings", "2022-10", [filing("A", "243", "20221001000000"), filing("B", "243", "20221001000000")])
    land(VINH_PHUC, inbox.root, landing)
    inbox.write("filings", "2022-10", [filing("A", "244", "20221001000000")])
    (second,) = land(VINH_PHUC, inbox.root, landing)
    assert second.arrival == 2
    assert [extract.rows for extract in landed_extracts(landing)] == [2, 1]
    assert active_extracts(landed_extracts(landing)) == [second]


def test_going_back_to_an_older_content_is_an_arrival_of_its_own(inbox: Inbox, tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    for agency in ("243", "244", "243"):
        inbox.write("filings", "2022-10", [filing("A", agency, "20221001000000")])
        land(VINH_PHUC, inbox.root, landing)
    extracts = landed_extracts(landing)
    assert [extract.arrival for extract in extracts] == [1, 2, 3]
    assert extracts[2].extract_id == f"{extracts[0].extract_id}-2"
    assert active_extracts(extracts) == [extracts[2]]


def test_another_name_for_the_same_month_adds_to_it(inbox: Inbox, tmp_path: Path) -> None:
    inbox.write("filings", "2022-10", [filing("A", "243", "20221001000000")])
    inbox.write("filings", "2022-10.bo-sung", [filing("B", "243", "20221002000000")])
    extracts = land(VINH_PHUC, inbox.root, tmp_path / "landing")
    assert [(extract.file_name, extract.arrival) for extract in extracts] == [
        ("2022-10.csv", 1),
        ("2022-10.bo-sung.csv", 2),
    ]
    assert active_extracts(extracts) == extracts


def test_a_bad_file_costs_only_itself_and_every_bad_one_is_named(inbox: Inbox, tmp_path: Path) -> None:
    inbox.write("filings", "2022-08", [filing("A", "243", "20220801000000")])
    inbox.write("filings", "2022-09", [filing("A", "243", "20220901000000")], without=("MucDo",))
    inbox.write("filings", "2022-10", [filing("A", "243", "20221001000000")], control={"rows": 9})
    (landed,) = land(VINH_PHUC, inbox.root, tmp_path / "landing")
    assert landed.file_name == "2022-08.csv"
    first, second = refused_files(tmp_path / "landing")
    assert (first.month, first.reason) == ("2022-09", "wrong_columns")
    assert "2022-09.csv:1: missing mandatory column MucDo" in first.words
    assert (second.month, second.reason) == ("2022-10", "control_differs")
    assert "2022-10.csv: control total differs" in second.words


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        (Refusals(tolerated=1), "2 files are refused, wanted at most 1 (province.yml: refusals, tolerated)"),
        (Refusals(stop_for=("filings",)), "files of filings are refused, without which no night goes on"),
    ],
)
def test_more_than_the_province_tolerates_stops_the_night_in_words_and_nothing_lands(
    inbox: Inbox, tmp_path: Path, rules: Refusals, why: str
) -> None:
    inbox.write("filings", "2022-08", [filing("A", "243", "20220801000000")])
    inbox.write("filings", "2022-09", [filing("A", "243", "20220901000000")], without=("MucDo",))
    inbox.write("filings", "2022-10", [filing("A", "243", "20221001000000")], control={"rows": 9})
    with pytest.raises(ExtractError, match="nothing of this night has landed") as caught:
        land(VINH_PHUC.model_copy(update={"refusals": rules}), inbox.root, tmp_path / "landing")
    assert why in str(caught.value)
    assert "2022-09.csv:1: missing mandatory column MucDo" in str(caught.value)
    assert "2022-10.csv: control total differs" in str(caught.value)
    assert tree(tmp_path / "landing") == {}


def test_a_home_whose_every_file_is_refused_has_nothing_to_say(inbox: Inbox, tmp_path: Path) -> None:
    inbox.write("filings", "2022-10", [filing("A", "243", "20221001000000")], control={"rows": 9})
    with pytest.raises(ExtractError, match="all of the 1 files are refused, and none ever landed"):
        land(VINH_PHUC, inbox.root, tmp_path / "landing")
    assert tree(tmp_path / "landing") == {}


def test_a_fault_of_ours_is_no_refusal(inbox: Inbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*_arguments: Any) -> files.Reading:
        raise duckdb.OutOfMemoryException("Out of Memory Error")

    inbox.write("filings", "2022-09", [filing("A", "243", "20220901000000")])
    land(VINH_PHUC, inbox.root, tmp_path / "landing")
    before = tree(tmp_path / "landing")
    monkeypatch.setattr(files, "read", no_memory)
    inbox.write("filings", "2022-10", [filing("A", "243", "20221001000000")])
    with pytest.raises(duckdb.OutOfMemoryException):
        land(VINH_PHUC, inbox.root, tmp_path / "landing")
    assert {
        path: content for path, content in tree(tmp_path / "landing").items() if ".incoming" not in str(path)
    } == before


def test_a_mended_night_lands_whole(inbox: Inbox, tmp_path: Path) -> None:
    inbox.write("filings", "2022-09", [filing("A", "243", "20220901000000")])
    inbox.write("filings", "2022-10", [filing("A", "243", "20221001000000")], without=("MucDo",))
    assert len(land(VINH_PHUC, inbox.root, tmp_path / "landing")) == 1
    assert len(refused_files(tmp_path / "landing")) == 1
    inbox.write("filings", "2022-10", [filing("A", "243", "20221001000000")])
    assert len(land(VINH_PHUC, inbox.root, tmp_path / "landing")) == 1
    assert refused_files(tmp_path / "landing") == []
    assert [extract.file_name for extract in landed_extracts(tmp_path / "landing")] == ["2022-09.csv", "2022-10.csv"]


def test_a_kill_between_parquet_and_manifest_is_an_extract_that_never_was(inbox: Inbox, tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    inbox.write("filings", "2022-10", [filing("A", "243", "20221001000000")])
    (extract,) = land(VINH_PHUC, inbox.root, landing)
    (extract.folder(landing) / f"{extract.extract_id}.json").unlink()
    assert landed_extracts(landing) == []
    assert land(VINH_PHUC, inbox.root, landing)[0].extract_id == extract.extract_id


def test_no_inbox_and_an_empty_one_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ExtractError, match=r"no inbox; .*DVCTT_INBOX"):
        land(VINH_PHUC, tmp_path / "nowhere", tmp_path / "landing")
    (tmp_path / "inbox" / "one_stop").mkdir(parents=True)
    with pytest.raises(ExtractError, match="no source file at all"):
        land(VINH_PHUC, tmp_path / "inbox", tmp_path / "landing")


def test_a_manifest_without_its_parquet_file_stops_everything(tiny_inbox: Inbox, tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    extract = land(VINH_PHUC, tiny_inbox.root, landing)[0]
    extract.parquet(landing).unlink()
    with pytest.raises(LandingError, match=rf"{extract.extract_id}\.parquet: listed .* but gone"):
        landed_extracts(landing)


def test_a_manifest_that_is_incomplete_is_named(tiny_inbox: Inbox, tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    extract = land(VINH_PHUC, tiny_inbox.root, landing)[0]
    manifest = extract.folder(landing) / f"{extract.extract_id}.json"
    manifest.write_text(manifest.read_text(encoding="utf-8")[:40], encoding="utf-8")
    with pytest.raises(LandingError, match=rf"{extract.extract_id}\.json: not a landing manifest"):
        landed_extracts(landing)


def test_no_personal_value_reaches_landing(inbox: Inbox, tmp_path: Path) -> None:
    write_tiny(inbox)
    land(VINH_PHUC, inbox.root, tmp_path / "landing")
    parquet = sorted((tmp_path / "landing").rglob("*.parquet"))
    assert len(parquet) == 6
    personal = {column for entity in ENTITIES.values() for column in entity.personal}
    assert len(personal) == 9
    for path in parquet:
        relation = duckdb.sql(f"select * from '{path}'")
        assert not personal & set(relation.columns)
        assert "MẪU" not in str(relation.fetchall())
        assert "example.invalid" not in str(relation.fetchall())
    for path in (tmp_path / "landing").rglob("*.json"):
        assert "MẪU" not in path.read_text(encoding="utf-8")


def test_a_source_that_cannot_be_read_leaves_no_trace_in_landing(inbox: Inbox, tmp_path: Path) -> None:
    path = inbox.write("filings", "2022-10", [filing("A", "243", "20221001000000")])
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ExtractError, match=r"2022-10\.csv"):
        land(VINH_PHUC, inbox.root, tmp_path / "landing")
    assert tree(tmp_path / "landing") == {}


def test_the_manifest_says_what_a_person_asks_of_a_file(tiny_inbox: Inbox, tmp_path: Path) -> None:
    land(VINH_PHUC, tiny_inbox.root, tmp_path / "landing")
    manifests = [json.loads(path.read_text(encoding="utf-8")) for path in (tmp_path / "landing").rglob("*.json")]
    assert len(manifests) == 6
    for manifest in manifests:
        assert manifest["started_at"] <= manifest["finished_at"]
        assert manifest["finished_at"].endswith("+07:00")
        assert manifest["software_version"]
        assert manifest["bytes"] > 0


def test_a_control_file_that_comes_after_its_data_file_is_compared_all_the_same(inbox: Inbox, tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    path = inbox.write("payment_requests", "2022-10", [payment("Y", "A", "243", "2022-10-01", 100)])
    land(VINH_PHUC, inbox.root, landing)
    control = path.with_name("2022-10.control.json")
    control.write_text('{"rows": 1, "total_amount_vnd": 100}', encoding="utf-8")
    assert land(VINH_PHUC, inbox.root, landing) == []
    control.write_text('{"rows": 1, "total_amount_vnd": 101}', encoding="utf-8")
    assert land(VINH_PHUC, inbox.root, landing) == []
    (doubtful,) = refused_files(landing)
    assert (doubtful.entity, doubtful.month, doubtful.file_name) == ("payment_requests", "2022-10", "2022-10.csv")
    assert re.search(r"2022-10\.control\.json: control total differs .*found 100, wanted 101", doubtful.words)


def test_what_a_control_file_says_of_a_sample_goes_with_the_content(inbox: Inbox, tmp_path: Path) -> None:
    landing, rows = tmp_path / "landing", [filing("A", "243", "20221001000000")]
    path = inbox.write("filings", "2022-10", rows)
    control = path.with_name("2022-10.control.json")
    first = land(VINH_PHUC, inbox.root, landing)

    def told(text: str | None) -> list[bool]:
        """What lands when the control file says this and the data file is as it was."""
        control.unlink(missing_ok=True)
        if text is not None:
            control.write_text(text, encoding="utf-8")
        return [extract.is_sample for extract in land(VINH_PHUC, inbox.root, landing)]

    assert [extract.is_sample for extract in first] == [False]
    assert told('{"rows": 1, "sample": true}') == [True]
    # A control file that is silent, or gone, makes no real figures of made-up ones.
    assert told('{"rows": 1}') == told(None) == told('{"sample": true}') == []
    assert told('{"rows": 1, "sample": false}') == [False]
    assert told('{"rows": 1}') == []
    assert told('{"sample": true}') == [True]
    inbox.write("filings", "2022-10", [*rows, filing("B", "243", "20221001000000")])
    assert told(None) == [False]
    inbox.write("filings", "2022-10", rows)
    assert told(None) == [True]
    landed = landed_extracts(landing)
    assert len({extract.content_id for extract in landed}) == 2
    assert [extract.is_sample for extract in landed] == [False, True, False, True, False, True]
    assert is_of_sample(landed)
    assert not is_of_sample(landed, {landed[-1].extract_id})


def test_a_manifest_of_a_version_that_knew_no_samples_is_of_none(inbox: Inbox, tmp_path: Path) -> None:
    landing = tmp_path / "landing"
    inbox.write("filings", "2022-10", [filing("A", "243", "20221001000000")], control={"sample": True})
    (extract,) = land(VINH_PHUC, inbox.root, landing)
    assert extract.is_sample
    path = extract.manifest(landing)
    known = unseal(path.read_bytes())
    path.write_text(seal({key: value for key, value in known.items() if key != "is_sample"}), encoding="utf-8")
    assert [one.is_sample for one in landed_extracts(landing)] == [False]


def test_two_control_files_for_one_data_file_are_refused(inbox: Inbox, tmp_path: Path) -> None:
    path = inbox.write("filings", "2022-10", [filing("A", "243", "20221001000000")], control={"rows": 1})
    path.with_name("2022-10.csv.control.json").write_text('{"rows": 2}', encoding="utf-8")
    with pytest.raises(ExtractError, match="second control file for the same data file"):
        land(VINH_PHUC, inbox.root, tmp_path / "landing")


def test_a_second_control_file_refuses_its_data_file_whatever_its_form(inbox: Inbox, tmp_path: Path) -> None:
    inbox.write("filings", "2022-09", [filing("S", "243", "20220905090000")])
    path = inbox.write("filings", "2022-10", [filing("A", "243", "20221005090000")], control={"rows": 1})
    packed = path.with_name("2022-10.csv.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    packed.with_name("2022-10.csv.gz.control.json").write_text('{"rows": 1}', encoding="utf-8")
    landed = land(VINH_PHUC, inbox.root, tmp_path / "landing")
    assert [one.file_name for one in landed] == ["2022-09.csv"]
    assert [one.reason for one in refused_files(tmp_path / "landing")] == ["one_name_twice"]


@pytest.mark.parametrize("text", ["12.5", "1e3", "1_000", "2.952", "", "abc", "1 000"])
def test_text_that_is_no_whole_number_adds_nothing_to_the_amount(inbox: Inbox, tmp_path: Path, text: str) -> None:
    inbox.write(
        "payment_requests",
        "2022-10",
        [payment("Y", "A", "243", "2022-10-01", 7), payment("Z", "A", "243", "2022-10-01", 0, SoTien=text)],
    )
    (extract,) = land(VINH_PHUC, inbox.root, tmp_path / "landing")
    assert extract.total_amount_vnd == 7


def test_blanks_around_an_amount_are_not_part_of_it(inbox: Inbox, tmp_path: Path) -> None:
    inbox.write("payment_requests", "2022-10", [payment("Y", "A", "243", "2022-10-01", 0, SoTien="\t20000 ")])
    (extract,) = land(VINH_PHUC, inbox.root, tmp_path / "landing")
    assert extract.total_amount_vnd == 20000


def test_what_no_source_owns_is_named_beside_every_other_fault(inbox: Inbox, tmp_path: Path) -> None:
    inbox.write("filings", "2022-10", [filing("A", "243", "20221001000000")])
    (inbox.root / "2022-10.csv").write_text("x", encoding="utf-8")
    (inbox.root / "onestop" / "filings").mkdir(parents=True)
    (inbox.root / ".sample").write_text("", encoding="utf-8")
    assert unknown_entries(VINH_PHUC, inbox.root) == ["2022-10.csv (file)", "onestop (folder)"]
    assert len(land(VINH_PHUC, inbox.root, tmp_path / "landing")) == 1
    (inbox.root / "one_stop").rename(inbox.root / "one stop")
    with pytest.raises(
        ExtractError, match=r"(?s)no such folder.*no source of this province owns it: one stop \(folder\)"
    ):
        land(VINH_PHUC, inbox.root, tmp_path / "landing")
