"""The sample in every form: the same rows land, whichever form they are sent in; the same bytes each time."""

import json
from pathlib import Path

import duckdb
import pytest
from dvctt.core.errors import ConfigError
from dvctt.core.files import sha256_of
from dvctt.extract import ending_of
from dvctt.landing.refusals import refused_files
from dvctt.landing.zone import land
from dvctt.province.folder import load_province
from dvctt.sample import forms, write_sample
from dvctt.sample.forms import FORMS, convert
from dvctt.sample.write import _Writer

from tests.conftest import Inbox, write_tiny

from .conftest import PROVINCE

VINH_PHUC = load_province(PROVINCE)
HOSTILE = ["=1+1", "a,b", 'say "x"', "hai\ndòng", "0007", "", " ", "[x]", "ưu đãi"]


def landed(inbox: Path, landing: Path) -> dict[tuple[str, str, str], list[tuple[object, ...]]]:
    """The rows of every file that landed, by entity, month and name without its ending."""
    extracts = land(VINH_PHUC, inbox, landing)
    assert refused_files(landing) == []
    return {
        (one.entity, one.month, one.file_name.removesuffix(f".{ending_of(one.file_name)}")): duckdb.sql(
            f"select * from '{one.parquet(landing)}' order by all"
        ).fetchall()
        for one in extracts
    }


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Inbox:
    """The tiny inbox, with cells that a form could take for something else."""
    inbox = Inbox(tmp_path_factory.mktemp("plain") / "inbox")
    write_tiny(inbox)
    path = inbox.root / "one_stop" / "filings" / "2022-10.csv"
    text = path.read_text(encoding="utf-8")
    lines = ",".join(['"' + value.replace('"', '""') + '"' for value in HOSTILE])
    columns = text.split("\n", 1)[0].split(",")
    assert len(columns) > len(HOSTILE)
    more = lines + "," * (len(columns) - len(HOSTILE))
    path.write_text(text.rstrip("\r\n") + "\n" + more + "\n", encoding="utf-8")
    (path.with_name("2022-10.control.json")).unlink()
    return inbox


@pytest.mark.parametrize("form", FORMS)
def test_every_form_lands_as_the_same_rows_and_has_the_same_bytes_each_time(
    plain: Inbox, tmp_path: Path, form: str
) -> None:
    inbox = Inbox(tmp_path / "inbox")
    for path in sorted(plain.root.rglob("*.csv")):
        target = inbox.root / path.relative_to(plain.root).with_suffix(f".{form}")
        target.parent.mkdir(parents=True, exist_ok=True)
        convert(path, target, form)
        again = tmp_path / "again"
        convert(path, again, form)
        assert again.read_bytes() == target.read_bytes()
    wanted = landed(plain.root, tmp_path / "wanted")
    assert len(wanted) == 6
    assert landed(inbox.root, tmp_path / "found") == wanted


def test_a_sheet_that_is_full_is_said(plain: Inbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "_MOST_ROWS", 3)
    with pytest.raises(ConfigError, match=r"2022-10\.xlsx: more than 3 rows, which is what a sheet holds"):
        convert(plain.root / "one_stop" / "filings" / "2022-10.csv", tmp_path / "2022-10.xlsx", "xlsx")


def test_a_form_takes_the_place_of_another_and_its_control_file_says_its_own_hash(tmp_path: Path) -> None:
    row = [["H62.01", "2022-01", "a", "1", "2"]]
    for form in ("csv", "xlsx", "csv.gz", "csv"):
        writer = _Writer(tmp_path, None, form)
        writer.write("index_counts", "2022-01", row)
        (made,) = writer.files
        names = {path.name for path in (tmp_path / "index_counts").iterdir()}
        assert names == {f"2022-01.{form}", "2022-01.control.json"}
        control = json.loads((tmp_path / "index_counts" / "2022-01.control.json").read_text(encoding="utf-8"))
        assert control == {"rows": 1, "sha256": sha256_of(made.path), "sample": True}
        marker = json.loads((tmp_path / ".sample.json").read_text(encoding="utf-8"))
        assert set(marker["made"]) == {f"index_counts/{name}" for name in names}
        writer.refuse_others({"2022-01"})


def test_a_form_that_there_is_not_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"form: found 'xls', wanted one of csv, csv\.gz, json, jsonl, parquet, xlsx"):
        write_sample(PROVINCE, tmp_path, form="xls")
    assert list(tmp_path.iterdir()) == []
