"""A file tried before its night: what the trial says is what the night does, and nothing has landed."""

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from dvctt.core.errors import ConfigError
from dvctt.landing.refusals import refused_files
from dvctt.landing.trial import try_file
from dvctt.landing.zone import land
from dvctt.province.folder import load_province
from dvctt.settings import Settings

from tests.conftest import PROVINCE, Inbox, dvctt, filing, payment
from tests.landing.test_zone import tree

VINH_PHUC = load_province(PROVINCE)


@pytest.fixture
def landing(tiny_inbox: Inbox, tmp_path: Path) -> Path:
    """What the tiny inbox lands as."""
    folder = tmp_path / "landing"
    land(VINH_PHUC, tiny_inbox.root, folder)
    return folder


def test_a_file_lands_as_its_trial_said(tiny_inbox: Inbox, landing: Path, tmp_path: Path) -> None:
    written = tiny_inbox.write(
        "payment_requests", "2022-10.bo-sung", [payment("Y", "A", "243", "2022-10-01", 100)], control={"rows": 1}
    )
    elsewhere = tmp_path / "tai-ve"
    elsewhere.mkdir()
    for path in written.parent.glob("2022-10.bo-sung.*"):
        shutil.copyfile(path, elsewhere / path.name)
    before = tree(tmp_path)
    tried = try_file(VINH_PHUC, landing, elsewhere / written.name, source_id="one_stop", entity="payment_requests")
    assert tree(tmp_path) == before
    assert tried.extract is not None
    assert (tried.refused, tried.replaces) == (None, None)
    assert (tried.extract.rows, tried.extract.total_amount_vnd, tried.extract.control_rows) == (1, 100, 1)
    (landed,) = land(VINH_PHUC, tiny_inbox.root, landing)
    assert (landed.extract_id, landed.parquet_sha256) == (tried.extract.extract_id, tried.extract.parquet_sha256)


def test_a_new_version_says_whose_place_it_takes_and_the_same_content_changes_nothing(
    tiny_inbox: Inbox, landing: Path
) -> None:
    path = tiny_inbox.root / "one_stop" / "filings" / "2022-09.csv"
    same = try_file(VINH_PHUC, landing, path)
    assert (same.extract, same.refused) == (None, None)
    assert same.replaces is not None
    tiny_inbox.write("filings", "2022-09", [filing("S1", "243", "20220901000000")], control={"rows": 1})
    newer = try_file(VINH_PHUC, landing, path)
    assert newer.extract is not None
    assert newer.replaces == same.replaces != newer.extract.extract_id


def cut(inbox: Inbox) -> Path:
    path = inbox.write("filings", "2022-11", [filing("N1", "243", "20221101000000")])
    path.write_bytes(path.read_bytes().rstrip().rpartition(b",")[0])
    return path


def of_another_name(inbox: Inbox) -> Path:
    path = inbox.write("filings", "2022-11", [filing("N1", "243", "20221101000000")])
    return path.rename(path.with_name("thang 11.csv"))


def of_a_month_that_cannot_be(inbox: Inbox) -> Path:
    return inbox.write("filings", "2122-11", [filing("N1", "243", "20221101000000")])


def of_two_forms(inbox: Inbox) -> Path:
    path = inbox.write("filings", "2022-11", [filing("N1", "243", "20221101000000")])
    path.with_name("2022-11.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    return path


def landed_in_another_form(inbox: Inbox) -> Path:
    path = inbox.root / "one_stop" / "filings" / "2022-09.csv"
    packed = path.with_name("2022-09.csv.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    return packed


def of_another_total(inbox: Inbox) -> Path:
    return inbox.write("filings", "2022-11", [filing("N1", "243", "20221101000000")], control={"rows": 2})


def with_a_broken_control(inbox: Inbox) -> Path:
    path = inbox.write("filings", "2022-11", [filing("N1", "243", "20221101000000")])
    path.with_name("2022-11.control.json").write_text("{", encoding="utf-8")
    return path


def without_a_column(inbox: Inbox) -> Path:
    return inbox.write("filings", "2022-11", [filing("N1", "243", "20221101000000")], without=("MaTTHC",))


def a_link(inbox: Inbox) -> Path:
    path = inbox.root / "one_stop" / "filings" / "2022-11.csv"
    path.symlink_to(inbox.root / "one_stop" / "filings" / "2022-09.csv")
    return path


@pytest.mark.parametrize(
    "spoil",
    [
        cut,
        of_another_name,
        of_a_month_that_cannot_be,
        of_two_forms,
        landed_in_another_form,
        of_another_total,
        with_a_broken_control,
        without_a_column,
        a_link,
    ],
)
def test_what_the_night_refuses_its_trial_refuses_in_the_same_words(
    tiny_inbox: Inbox, landing: Path, spoil: Callable[[Inbox], Path]
) -> None:
    path = spoil(tiny_inbox)
    tried = try_file(VINH_PHUC, landing, path)
    assert tried.extract is None
    assert tried.refused is not None
    assert land(VINH_PHUC, tiny_inbox.root, landing) == []
    refused = {one.words: one.reason for one in refused_files(landing)}
    assert refused[tried.refused.replace(f"{tiny_inbox.root}/", "")] == tried.reason


def test_what_lies_beside_it_is_not_held_against_it(tiny_inbox: Inbox, landing: Path) -> None:
    cut(tiny_inbox)
    of_another_name(Inbox(tiny_inbox.root))
    good = tiny_inbox.write("filings", "2022-11.bo-sung", [filing("N2", "243", "20221102000000")])
    assert try_file(VINH_PHUC, landing, good).extract is not None


@pytest.mark.parametrize("name", ["2022-11.csv.part", ".2022-11.csv"])
def test_a_file_that_is_still_coming_is_said_to_be_passed_over(tiny_inbox: Inbox, landing: Path, name: str) -> None:
    path = tiny_inbox.write("filings", "2022-11", [filing("N1", "243", "20221101000000")])
    tried = try_file(VINH_PHUC, landing, path.rename(path.with_name(name)))
    assert str(tried.refused).startswith(f"{path.with_name(name)}: passed over: ")


def test_a_file_that_is_not_there_is_said(landing: Path, tmp_path: Path) -> None:
    tried = try_file(VINH_PHUC, landing, tmp_path / "2022-11.csv", source_id="one_stop", entity="filings")
    assert tried.refused == f"{tmp_path / '2022-11.csv'}: no such file"


def test_nothing_need_have_landed(tiny_inbox: Inbox, tmp_path: Path) -> None:
    tried = try_file(VINH_PHUC, tmp_path / "none", tiny_inbox.root / "one_stop" / "filings" / "2022-09.csv")
    assert tried.extract is not None
    assert not (tmp_path / "none").exists()


def test_of_whom_and_of_what_a_file_is_must_be_told(landing: Path, tmp_path: Path) -> None:
    path = tmp_path / "2022-11.csv"
    path.write_text("", encoding="utf-8")
    with pytest.raises(
        ConfigError, match=r"2022-11\.csv: of which source is it\? found 'khac', wanted one of one_stop"
    ):
        try_file(VINH_PHUC, landing, path, source_id="khac")
    with pytest.raises(
        ConfigError, match=r"2022-11\.csv: of which entity is it\? it lies in no entity's folder, wanted"
    ):
        try_file(VINH_PHUC, landing, path, source_id="one_stop")
    with pytest.raises(ConfigError, match=r"found 'khac', wanted one of .*filings.*: --entity"):
        try_file(VINH_PHUC, landing, path, source_id="one_stop", entity="khac")


def test_the_command_says_what_would_become_of_each(tiny_copy: Settings) -> None:
    inbox = Inbox(tiny_copy.inbox)
    good = inbox.write("payment_requests", "2022-11", [payment("Y", "A", "243", "2022-11-01", 1_000_000)])
    bad = of_another_total(inbox)
    landed = inbox.root / "one_stop" / "filings" / "2022-09.csv"
    before = tree(tiny_copy.home)
    finished = dvctt(tiny_copy, "check", "file", str(good), str(bad), str(landed))
    assert tree(tiny_copy.home) == before
    assert finished.returncode == 1
    lines = finished.stdout.splitlines()
    assert lines[0].startswith(f"{good}: would land as one_stop.payment_requests.2022-11-")
    assert lines[1] == (
        "  payment_requests of 2022-11, source one_stop: 1 rows, 1.000.000 VND; a control file states nothing of it"
    )
    assert lines[2] == "  columns left behind: HoTenNguoiNop, SoCMNDNguoiNop, DiaChiNguoiNop of the contract; 0 others"
    assert lines[3] == f"{bad}: refused (control_differs)"
    assert lines[5].startswith(f"{landed}: has landed as one_stop.filings.2022-09-")
    assert lines[-1] == "3 files tried, 1 of them refused; nothing has landed"
    assert "MẪU" not in finished.stdout
    found = json.loads(dvctt(tiny_copy, "check", "file", str(bad), "--json").stdout)
    assert [(one["file"], one["extract"], one["reason"]) for one in found] == [(str(bad), None, "control_differs")]
