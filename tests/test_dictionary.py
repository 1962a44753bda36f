"""The committed data dictionary is the one that the models' descriptions give: never typed, never behind."""

from pathlib import Path

from dvctt.config import Settings
from dvctt.dictionary import write_dictionary

from tests.conftest import REPOSITORY


def test_the_committed_dictionary_is_up_to_date(tiny_home: Settings, tmp_path: Path) -> None:
    write_dictionary(tiny_home.candidate, tmp_path / "dictionary.md")
    fresh = (tmp_path / "dictionary.md").read_text(encoding="utf-8")
    assert fresh.count("\n## ") > 20
    committed = (REPOSITORY / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    assert committed == fresh, "run: make run && make dictionary"
