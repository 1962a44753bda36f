"""The frozen past is renewed by a command whose diff a person reads."""

import shutil
from pathlib import Path

import pytest
from dvctt.core.errors import ConfigError
from dvctt.core.period import Month
from dvctt.gate.baselines import Change, update
from dvctt.province.folder import load_province
from dvctt.settings import Settings
from dvctt.warehouse.expectations import read_baselines

from tests.conftest import PROVINCE

HEAD = "province_code,source_id,entity,file_month,fact_rows\n"


def test_months_are_frozen_up_to_one_and_only_what_moved_is_a_change(tiny_home: Settings, tmp_path: Path) -> None:
    path = tmp_path / "row_counts.csv"
    path.write_text(HEAD + "01,other,filings,2022-01,7\n26,one_stop,filings,2022-09,2\n", encoding="utf-8")
    marts = tiny_home.published / "current" / "marts.duckdb"
    changes = update(path, marts, load_province(PROVINCE), Month(2022, 9))
    assert changes == [
        Change("one_stop", "filings", "2022-09", 2, 3),
        Change("one_stop", "payment_requests", "2022-09", None, 1),
        Change("one_stop", "procedures", "2022-09", None, 3),
    ]
    assert path.read_text(encoding="utf-8") == (
        HEAD + "26,one_stop,filings,2022-09,3\n"
        "26,one_stop,payment_requests,2022-09,1\n26,one_stop,procedures,2022-09,3\n"
    )
    assert update(path, marts, load_province(PROVINCE), Month(2022, 9)) == []


def test_a_folder_in_which_nothing_was_frozen_begins_its_own_past(tiny_home: Settings, tmp_path: Path) -> None:
    path = tmp_path / "row_counts.csv"
    assert read_baselines(path) == []
    marts = tiny_home.published / "current" / "marts.duckdb"
    assert [change.after for change in update(path, marts, load_province(PROVINCE), Month(2022, 9))] == [3, 1, 3]
    assert len(read_baselines(path)) == 3


def test_a_province_folder_that_cannot_be_written_is_told_in_words(tiny_home: Settings, tmp_path: Path) -> None:
    path = tmp_path / "row_counts.csv"
    (tmp_path / ".row_counts.csv.tmp").mkdir()
    marts = tiny_home.published / "current" / "marts.duckdb"
    with pytest.raises(ConfigError, match=r"row_counts\.csv: cannot be written: Is a directory; .*DVCTT_PROVINCE"):
        update(path, marts, load_province(PROVINCE), Month(2022, 9))


def test_freezing_months_makes_no_other_province(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(PROVINCE, tmp_path / "tinh"))
    before = load_province(folder).digest
    (folder / "row_counts.csv").write_text(HEAD, encoding="utf-8")
    assert load_province(folder).digest == before


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("a,b\n", r":1: found \['a', 'b'\]"), (HEAD + "26,s,filings,2022-09,many\n", r":2: key fact_rows: found 'many'")],
)
def test_a_file_of_another_form_is_refused(tmp_path: Path, text: str, wanted: str) -> None:
    path = tmp_path / "row_counts.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=wanted):
        read_baselines(path)
