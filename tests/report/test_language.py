"""Which words a document is written in, and that no word is missing."""

import asyncio
from pathlib import Path

import pytest
from dvctt.core.errors import ReportError
from dvctt.report.wording.language import (
    CATALOGUES,
    LANGUAGES,
    _,
    current_language,
    filled,
    in_language,
    languages,
    name,
    quoted,
    translate,
)

HEAD = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'


def catalogues(folder: Path, **files: str) -> Path:
    there = folder / "en" / "LC_MESSAGES"
    there.mkdir(parents=True)
    for area, text in files.items():
        (there / f"{area}.po").write_text(HEAD + text, encoding="utf-8")
    return folder


def test_a_message_is_vietnamese_until_another_language_is_spoken(tmp_path: Path) -> None:
    folder = catalogues(tmp_path, one='msgid "Hồ sơ"\nmsgstr "Filings"\n', two='msgid "{n} tệp"\nmsgstr "files: {n}"\n')
    assert (_("Hồ sơ"), _("{n} tệp", n=3), current_language()) == ("Hồ sơ", "3 tệp", "vi")
    with in_language("en", folder=folder):
        assert (_("Hồ sơ"), _("{n} tệp", n=3), current_language()) == ("Filings", "files: 3", "en")
        with in_language("vi"):
            assert _("Hồ sơ") == "Hồ sơ"
        assert _("Hồ sơ") == "Filings"
    assert (_("Hồ sơ"), current_language()) == ("Hồ sơ", "vi")


def test_a_per_cent_sign_and_a_lone_brace_stay_what_they_are(tmp_path: Path) -> None:
    folder = catalogues(tmp_path, one='msgid "5% của {"\nmsgstr "5% of {"\n')
    with in_language("en", folder=folder):
        assert _("5% của {") == "5% of {"


def test_a_message_without_a_translation_is_an_error_that_names_it(tmp_path: Path) -> None:
    folder = catalogues(tmp_path, one='msgid "Hồ sơ"\nmsgstr ""\n\n#, fuzzy\nmsgid "Khối"\nmsgstr "Block"\n')
    with in_language("en", folder=folder):
        for message in ("Hồ sơ", "Khối", "Thanh toán"):
            with pytest.raises(ReportError, match=f"no translation of '{message}'"):
                _(message)


def test_two_translations_of_one_message_are_an_error(tmp_path: Path) -> None:
    folder = catalogues(tmp_path, a='msgid "Kênh"\nmsgstr "Channel"\n', b='msgid "Kênh"\nmsgstr "Canal"\n')
    with (
        pytest.raises(ReportError, match=r"b\.po: message 'Kênh': found 'Canal', wanted 'Channel' as in a\.po"),
        in_language("en", folder=folder),
    ):
        pass


def test_a_translation_with_another_value_than_its_message_is_an_error(tmp_path: Path) -> None:
    folder = catalogues(tmp_path, a='msgid "{n} tệp"\nmsgstr "{m} files"\n')
    with (
        pytest.raises(ReportError, match=r"found the values \['m'\] in its translation, wanted \['n'\]"),
        in_language("en", folder=folder),
    ):
        pass


def test_a_language_without_catalogues_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="wanted one of vi, en"), in_language("fr"):
        pass
    with pytest.raises(ReportError, match=r"found no \.po file"), in_language("en", folder=tmp_path):
        pass


def test_names_and_sentences_of_the_data_are_no_messages() -> None:
    assert (name("Sở A"), translate("chưa tính"), translate(None), quoted("nguyên văn")) == (
        "Sở A",
        "chưa tính",
        "",
        "nguyên văn",
    )
    with in_language("en", {"Sở A": "Department A"}):
        assert (name("Sở A"), name("Sở B")) == ("Department A", "Sở B")
        assert translate("chưa tính 8 dòng", "8 rows not counted") == "8 rows not counted"
        assert translate("câu không ai dịch") == "“câu không ai dịch” (original wording)"
        assert translate(None, "x") == ""


def test_what_one_task_speaks_another_does_not_hear() -> None:
    async def ask(language: str) -> str:
        with in_language(language):
            await asyncio.sleep(0)
            return current_language()

    async def both() -> list[str]:
        return await asyncio.gather(ask("en"), ask("vi"))

    assert asyncio.run(both()) == ["en", "vi"]


def test_a_language_is_a_folder_of_catalogues_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "fr" / "LC_MESSAGES").mkdir(parents=True)
    (tmp_path / "notes").mkdir()
    assert languages(catalogues(tmp_path)) == ("vi", "en", "fr")
    assert languages() == LANGUAGES


def test_no_catalogue_holds_a_message_twice() -> None:
    for path in sorted(CATALOGUES.rglob("*.po")):
        messages = [block.split("\nmsgstr", 1)[0] for block in path.read_text(encoding="utf-8").split("msgid ")[2:]]
        assert len(messages) == len(set(messages)), path


def test_what_stands_where_there_is_no_name_is_translated_and_no_name_is(tmp_path: Path) -> None:
    folder = catalogues(tmp_path, a='msgid "Chưa xác định"\nmsgstr "Unidentified"\n')
    with in_language("en", {"Sở A": "Department A"}, folder):
        assert [name(one) for one in ("Sở A", "Sở B", "Chưa xác định")] == ["Department A", "Sở B", "Unidentified"]


def test_a_message_that_the_marts_filled_is_filled_in_the_language(tmp_path: Path) -> None:
    folder = catalogues(
        tmp_path,
        a='msgid "Năm {year}"\nmsgstr "Year {year}"\n\nmsgid "“{original}” (nguyên văn tiếng Việt)"\nmsgstr "({original})"\n',
    )
    assert filled("Năm {year}", "Năm 2022", year="2022") == "Năm 2022"
    with in_language("en", folder=folder):
        assert filled("Năm {year}", "Năm 2022", year="2022") == "Year 2022"
        assert filled("Kỳ {year}", "Kỳ 2022", year="2022") == "(Kỳ 2022)"
