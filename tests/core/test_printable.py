"""The rule of what documents may print, and that the SQL which counts such texts asks the same."""

import re

import duckdb
import pytest
from dvctt.core.printable import printable, printable_values
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import REPOSITORY


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Đất đai \x07", "Đất đai □"),
        ("a\x00b\x1b[31m", "a□b□[31m"),
        ("a\x85b\x9f", "a□b□"),
        ("\ue000\U00100000", "□□"),
        ("\ufffe\uffff\ufdd0\U0001fffe", "□□□□"),
        ("\ud800", "□"),
        ("a\u2028b\u2029c", "a□b□c"),
        ("tế\u200b Y\ufeff\u00ad", "tế Y"),
        ("12\u202e34", "1234"),
        # What some font has is no business of this rule.
        ("Ẵ ữ Đ ₫ … 漢 😀 Ω № →", "Ẵ ữ Đ ₫ … 漢 😀 Ω № →"),
        ("dòng\tmột\r\nhai", "dòng\tmột\r\nhai"),
        ("a\u00a0b", "a\u00a0b"),
        ("", ""),
    ],
)
def test_a_sign_that_cannot_be_printed_is_a_box_and_one_that_nobody_sees_is_left_out(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_what_is_printable_stays_as_it_is(text: str) -> None:
    once = printable(text)
    assert printable(once) == once
    once.encode("utf-8")


def test_texts_within_lists_and_mappings_are_shown_and_numbers_are_left_alone() -> None:
    assert printable_values({"a\x07": ["b\x07", 1, None, {"c": "d\x07"}]}) == {"a□": ["b□", 1, None, {"c": "d□"}]}


def test_the_sql_counts_every_text_that_the_rule_changes() -> None:
    macro = (REPOSITORY / "dbt_project" / "macros" / "printable.sql").read_text(encoding="utf-8")
    (pattern,) = re.findall(r"regexp_matches\(\{\{ column \}\}, '([^']+)'\)", macro)
    codes = [*range(1, 0xD800), *range(0xE000, 0x11000), 0x1FFFE, 0x1FFFF, 0xE0041, 0xF0000, 0x10FFFD, 0x10FFFF]
    changed = {code for code in codes if printable(f"a{chr(code)}b") != f"a{chr(code)}b"}
    assert len(changed) > 6_400
    with duckdb.connect() as connection:
        found = {
            code
            for (code,) in connection.execute(
                "select code from (select unnest(range(1, 69632) || [131070, 131071, 917569, 983040, 1114109, 1114111]) as code) as codes "
                "where not code between 55296 and 57343 and regexp_matches('a' || chr(cast(code as integer)) || 'b', ?)",
                [pattern],
            ).fetchall()
        }
        assert changed <= found, sorted(map(hex, changed - found))[:9]
        for text, is_found in {
            "Thủ tục đất đai, 5.000 ₫ – “№ 7”…": False,
            "hai\tcột": False,
            "Ẵữ": False,
            "Lĩnh vực 漢": True,
            "😀": True,
        }.items():
            assert connection.execute("select regexp_matches(?, ?)", [text, pattern]).fetchone() == (is_found,), text
