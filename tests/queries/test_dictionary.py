"""The committed data dictionaries are those that the models' descriptions give: never typed, never behind, in both languages."""

import json
from pathlib import Path

import pytest
from dvctt.core.errors import DictionaryError
from dvctt.core.published_tables import DECLARED
from dvctt.queries.dictionary import (
    CATALOGUE,
    Language,
    descriptions,
    read_catalogue,
    write_dictionary,
    write_published_tables,
)
from dvctt.settings import Settings
from dvctt.warehouse.transform import manifest_of, target_folder

from tests.conftest import REPOSITORY


@pytest.mark.parametrize(("language", "name"), [("en", "data-dictionary.md"), ("vi", "tu-dien-du-lieu.md")])
def test_the_committed_dictionary_is_up_to_date(
    tiny_home: Settings, tmp_path: Path, language: Language, name: str
) -> None:
    write_dictionary(tiny_home.candidate, tmp_path / name, language)
    fresh = (tmp_path / name).read_text(encoding="utf-8")
    assert fresh.count("\n## ") > 20
    committed = (REPOSITORY / "docs" / name).read_text(encoding="utf-8")
    assert committed == fresh, "run: make run && make dictionary"


def test_the_committed_list_of_published_tables_is_up_to_date(tiny_home: Settings, tmp_path: Path) -> None:
    write_published_tables(tiny_home.candidate, tmp_path / "tables.json")
    assert DECLARED.read_text(encoding="utf-8") == (tmp_path / "tables.json").read_text(encoding="utf-8"), (
        "run: make run && make dictionary"
    )


def test_the_catalogue_holds_the_words_of_the_models_and_no_others(tiny_home: Settings) -> None:
    wanted = set(descriptions(manifest_of(tiny_home.candidate)))
    assert len(wanted) > 300
    assert set(read_catalogue()) == wanted, f"in {CATALOGUE}, or in the models, alone"


def test_a_description_without_its_vietnamese_is_an_error_that_names_it(tiny_copy: Settings, tmp_path: Path) -> None:
    path = target_folder(tiny_copy.candidate) / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["nodes"]["model.dvctt.mart_feeds"]["columns"]["is_on_time"]["description"] = "A new thing."
    path.write_text(json.dumps(manifest), encoding="utf-8")

    with pytest.raises(DictionaryError, match=r"1 descriptions have no Vietnamese, the first: 'A new thing\.'"):
        write_dictionary(tiny_copy.candidate, tmp_path / "out.md", "vi")
    assert not (tmp_path / "out.md").exists()


def test_a_dictionary_gives_units_and_the_reports_that_read_a_table(tiny_home: Settings, tmp_path: Path) -> None:
    write_dictionary(tiny_home.candidate, tmp_path / "en.md")
    text = (tmp_path / "en.md").read_text(encoding="utf-8")
    rates = text.split("\n## mart_online_rates\n")[1].split("\n## ")[0]
    assert "\nRead by: Frozen figures of a closed month; Monthly report.\n" in rates
    assert (
        "\n| `received` | bigint | count | Filings received in the month through any channel; the denominator. |\n"
        in rates
    )
    assert "\n| `online_rate_percent` | double | % | " in rates
    assert "\n| `official_order` | integer |  | " in rates
    assert "\n| `change` | bigint | as in `unit` | " in text.split("\n## mart_restatements\n")[1]
    assert "\n| `online_refund_amount_vnd` | bigint | VND | " in text.split("\n## mart_payments\n")[1]
