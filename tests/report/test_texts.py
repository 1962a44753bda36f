"""Which columns of the marts are said in words."""

from dvctt.core.published_tables import published_tables
from dvctt.report.texts import TEXTS


def test_every_column_that_is_said_stands_in_a_mart_and_every_caveat_is_said() -> None:
    there = {
        column for name, table in published_tables().items() if name.startswith("mart_") for column in table.columns
    }
    named = {f"{name}.{column}" for name, table in published_tables().items() for column in table.columns}
    assert set(TEXTS) <= there | named
    assert {column for column in there if "caveat" in column and column.endswith("_json")} <= set(TEXTS)


def test_no_mart_holds_a_sentence_where_an_id_and_its_parameters_stand() -> None:
    in_words = {
        f"{text.name}_{language}" for column, text in TEXTS.items() for language in ("vi", "en") if "." not in column
    }
    own = [(*column.split("."), text.name) for column, text in TEXTS.items() if "." in column]
    marts = {name: set(table.columns) for name, table in published_tables().items() if name.startswith("mart_")}
    assert len(marts) > 20
    assert {name: columns & in_words for name, columns in marts.items() if columns & in_words} == {}
    assert [(mart, name) for mart, _, name in own if {f"{name}_vi", f"{name}_en"} & marts[mart]] == []
