"""The list of what was refused: made anew each night, sealed, without a value, and gone with its cause."""

from pathlib import Path

import pytest
from dvctt.core.errors import LandingError
from dvctt.landing import zone
from dvctt.landing.refusals import Refusal, in_order, refused_files, write_refused
from dvctt.province.folder import load_province

from tests.conftest import PROVINCE, Inbox, filing

VINH_PHUC = load_province(PROVINCE)
ONE = Refusal("one_stop", "filings", "2022-10", "2022-10.csv", "wrong_columns", "one_stop/filings/2022-10.csv:1: …")


def test_the_list_comes_back_in_the_order_of_places_and_an_empty_one_is_none(tmp_path: Path) -> None:
    earlier = Refusal("one_stop", "filings", "2022-09", "2022-09.csv", "empty_file", "…")
    folder = Refusal("one_stop", None, None, None, "not_of_contract", "…")
    write_refused(tmp_path, [ONE, earlier, folder])
    assert refused_files(tmp_path) == [folder, earlier, ONE] == in_order([earlier, ONE, folder])
    write_refused(tmp_path, [])
    assert refused_files(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_list_that_was_changed_is_not_believed(tmp_path: Path) -> None:
    write_refused(tmp_path, [ONE])
    path = tmp_path / "refused.json"
    path.chmod(0o644)
    path.write_text(path.read_text(encoding="utf-8").replace("2022-10", "2022-11"), encoding="utf-8")
    with pytest.raises(LandingError, match=r"refused\.json: not the list of refused files .* dvctt run"):
        refused_files(tmp_path)


def test_what_is_published_names_nothing_but_what_the_contract_allows(tmp_path: Path) -> None:
    one = Refusal(
        "one_stop", "filings", None, None, "not_of_contract", "one_stop/filings/Nguyễn Văn Mẫu.csv: name not …"
    )
    assert "Mẫu" not in repr(one.published)
    other = Refusal("one_stop", "filings", None, None, "not_of_contract", "one_stop/filings/khac.csv: name not …")
    assert one.published != other.published


def test_the_words_begin_at_the_inbox_and_quote_no_value(inbox: Inbox, tmp_path: Path) -> None:
    inbox.write("filings", "2022-09", [filing("A", "243", "20220901000000")])
    path = inbox.write("filings", "2022-10", [filing("A", "243", "20221001000000")])
    path.write_text(path.read_text(encoding="utf-8") + "Nguyễn Văn Mẫu,000099000001\n", encoding="utf-8")
    zone.land(VINH_PHUC, inbox.root, tmp_path / "landing")
    (one,) = refused_files(tmp_path / "landing")
    assert one.words.startswith("one_stop/filings/2022-10.csv:3: not readable as CSV")
    text = (tmp_path / "landing" / "refused.json").read_text(encoding="utf-8")
    assert "Mẫu" not in text and "000099000001" not in text and str(tmp_path) not in text


def test_what_is_mended_or_taken_away_leaves_the_list(inbox: Inbox, tmp_path: Path) -> None:
    inbox.write("filings", "2022-08", [filing("A", "243", "20220801000000")])
    mended = inbox.write("filings", "2022-09", [filing("A", "243", "20220901000000")], without=("MucDo",))
    removed = inbox.write("filings", "2022-10", [])
    (inbox.root / "one_stop" / "filings" / "ghi chu.txt").write_text("x", encoding="utf-8")
    landing = tmp_path / "landing"
    zone.land(VINH_PHUC, inbox.root, landing)
    assert [(one.file_name, one.reason) for one in refused_files(landing)] == [
        (None, "not_of_contract"),
        ("2022-09.csv", "wrong_columns"),
        ("2022-10.csv", "empty_file"),
    ]
    assert mended.exists()
    inbox.write("filings", "2022-09", [filing("A", "243", "20220901000000")])
    removed.unlink()
    zone.land(VINH_PHUC, inbox.root, landing)
    assert [one.file_name for one in refused_files(landing)] == [None]


def test_a_month_that_cannot_be_is_listed_without_a_month(inbox: Inbox, tmp_path: Path) -> None:
    inbox.write("filings", "2022-10", [filing("A", "243", "20221001000000")])
    inbox.write("filings", "9999-12", [filing("A", "243", "20221001000000")])
    zone.land(VINH_PHUC, inbox.root, tmp_path / "landing")
    (one,) = refused_files(tmp_path / "landing")
    assert (one.month, one.file_name, one.reason) == (None, "9999-12.csv", "not_of_contract")


def test_neither_of_two_files_of_one_name_lands(inbox: Inbox, tmp_path: Path) -> None:
    inbox.write("filings", "2022-09", [filing("A", "243", "20220901000000")])
    for name in ("2022-10.h62", "2022-10.H62"):
        inbox.write("filings", name, [filing("A", "243", "20221001000000")])
    (landed,) = zone.land(VINH_PHUC, inbox.root, tmp_path / "landing")
    assert landed.file_name == "2022-09.csv"
    assert [one.file_name for one in refused_files(tmp_path / "landing")] == ["2022-10.H62.csv", "2022-10.h62.csv"]


def test_a_kill_between_landing_and_the_list_tears_nothing(
    inbox: Inbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def die(*_arguments: object) -> None:
        raise Killed

    inbox.write("filings", "2022-09", [filing("A", "243", "20220901000000")])
    inbox.write("filings", "2022-10", [], control=None)
    landing = tmp_path / "landing"
    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(zone, "write_refused", die)
        zone.land(VINH_PHUC, inbox.root, landing)
    assert [extract.file_name for extract in zone.landed_extracts(landing)] == ["2022-09.csv"]
    assert refused_files(landing) == []
    assert zone.land(VINH_PHUC, inbox.root, landing) == []
    assert [one.file_name for one in refused_files(landing)] == ["2022-10.csv"]
