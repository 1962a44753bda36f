"""Readers are only ever pointed to what verifies, and every way in which that can break has a way back."""

import json
import os
import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from dvctt.core.errors import PublishError
from dvctt.core.files import seal
from dvctt.publications import reading, store, switching
from dvctt.settings import Settings

from tests.conftest import REPOSITORY, copy_home, dvctt, settings_for
from tests.publications.test_publish import again, current


@pytest.fixture(scope="module")
def two_of_them(tiny_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with publications 1 and 2, the second current. Ask it, do not change it."""
    root = tmp_path_factory.mktemp("two")
    copy_home(tiny_home.home, root / "home")
    settings = settings_for(root / "home", tiny_home.inbox)
    again(settings)
    return settings


@pytest.fixture
def two(two_of_them: Settings, tmp_path: Path) -> Settings:
    shutil.copytree(two_of_them.published, tmp_path / "home" / "published", symlinks=True)
    return settings_for(tmp_path / "home", two_of_them.inbox)


def damage(path: Path) -> None:
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def switch_back_unseen(settings: Settings) -> None:
    """As a run leaves it that was killed between rename and switch: 2 is there, readers have never seen it."""
    pointer = settings.published / "current"
    pointer.unlink()
    pointer.symlink_to("1")
    (settings.published / ".newest").write_text("1\n", encoding="utf-8")


def cut_short(settings: Settings) -> None:
    page = settings.published / "2" / "parquet" / "fct_filings.parquet"
    page.chmod(0o644)
    os.truncate(page, 10)


def of_another_number(settings: Settings) -> None:
    shutil.copytree(settings.published / "2", settings.published / "5")
    shutil.rmtree(settings.published / "2")


def after_another(settings: Settings) -> None:
    """Publication 1 was made again since: 2 follows one that is no longer there."""
    path = settings.published / "1" / "manifest.json"
    path.chmod(0o644)
    path.write_text(seal({**current(settings).manifest, "run_id": "another"}), encoding="utf-8")


UNFIT: dict[str, tuple[Callable[[Settings], object], str]] = {
    "a folder with nothing in it": (
        lambda s: (shutil.rmtree(s.published / "2"), (s.published / "99").mkdir()),
        "99 is passed over: .*manifest",
    ),
    "a file with a number for a name": (
        lambda s: (shutil.rmtree(s.published / "2"), (s.published / "7").write_text("x", encoding="utf-8")),
        "7 is passed over",
    ),
    "a copy that lacks a file": (
        lambda s: (s.published / "2" / "parquet" / "mart_payments.parquet").unlink(),
        "2 is passed over: .*mart_payments.parquet",
    ),
    "a copy that lacks its manifest": (
        lambda s: (s.published / "2" / "manifest.json").unlink(),
        "2 is passed over: .*not a publication's manifest",
    ),
    "a file that was cut": (cut_short, "2 is passed over: .*fct_filings.parquet: found 10 bytes"),
    "a flipped bit in the marts": (lambda s: damage(s.published / "2" / "marts.duckdb"), "2 is passed over: .*sha256"),
    "a flipped bit in the manifest": (lambda s: damage(s.published / "2" / "manifest.json"), "2 is passed over"),
    "a file too many": (
        lambda s: (s.published / "2" / "note.txt").write_text("x", encoding="utf-8"),
        "2 is passed over: .*note.txt",
    ),
    "another's copy under a higher number": (of_another_number, "5 is passed over: .*it is that of publication 2"),
    "one that follows another publication 1": (
        after_another,
        "2 is passed over: it was made after another publication 1",
    ),
}


@pytest.mark.parametrize("name", UNFIT)
def test_recovery_passes_over_what_is_not_whole_or_does_not_follow(
    two: Settings, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    break_it, words = UNFIT[name]
    switch_back_unseen(two)
    break_it(two)
    switching.recover(two.published)
    assert os.readlink(two.published / "current") == "1"
    assert re.search(words, caplog.text), caplog.text
    # And everything that a person would do next still works.
    assert 1 in [publication.number for publication in store.listed(two.published)]
    number = switching.next_number(two.published)
    assert not os.path.lexists(two.published / str(number))


def test_recovery_finishes_a_switch_to_one_that_is_whole_and_follows(two: Settings) -> None:
    switch_back_unseen(two)
    switching.recover(two.published)
    assert os.readlink(two.published / "current") == "2"


def test_recovery_never_goes_back_to_what_readers_have_left(two: Settings) -> None:
    """Not even when the record of rollbacks is lost: that readers have seen 2 is known from elsewhere."""
    store.rollback(two.published, 1, reason="sai số")
    (two.published / "rollbacks.jsonl").unlink()
    switching.recover(two.published)
    assert os.readlink(two.published / "current") == "1"


@pytest.mark.parametrize(
    "content", ["", "{", '{"event": "rollback", "from": 2, "to"', "[]\n", "\x00\n", '{"from": "x"}\n']
)
def test_a_damaged_record_of_rollbacks_is_set_aside_and_brings_nothing_back(
    two: Settings, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    store.rollback(two.published, 1, reason="sai số")
    (two.published / ".newest").unlink()
    path = two.published / "rollbacks.jsonl"
    kept = path.read_text(encoding="utf-8") if content == "[]\n" else ""
    path.write_text(kept + content, encoding="utf-8")
    switching.recover(two.published)
    assert os.readlink(two.published / "current") == "1"
    assert "rollbacks.jsonl: damaged" in caplog.text
    assert (two.published / "rollbacks.damaged-1.jsonl").read_text(encoding="utf-8") == kept + content
    caplog.clear()
    switching.recover(two.published)
    assert os.readlink(two.published / "current") == "1"
    assert "damaged" not in caplog.text
    assert [event["reason"] for event in switching.rollbacks(two.published)] == (["sai số"] if kept else [])


POINTERS: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda pointer: None, "no pointer"),
    "dangling": (lambda pointer: pointer.symlink_to("3"), "leads to publication 3, which is not there"),
    "a folder": (lambda pointer: (pointer.mkdir(), (pointer / "x").write_text("x")), "found a folder, wanted a link"),
    "a file": (lambda pointer: pointer.write_text("2", encoding="utf-8"), "found a file, wanted a link"),
    "a link outside": (lambda pointer: pointer.symlink_to("../../elsewhere/2"), "leads to '../../elsewhere/2'"),
    "an absolute link": (
        lambda pointer: pointer.symlink_to(pointer.parent / "2"),
        "wanted the number of a publication",
    ),
    "a link to itself": (lambda pointer: pointer.symlink_to("current"), "leads to 'current'"),
    "a link to what is being built": (lambda pointer: pointer.symlink_to(".building"), "leads to '.building'"),
}


@pytest.mark.parametrize("name", POINTERS)
def test_a_broken_pointer_stops_the_night_in_words_and_a_rollback_needs_no_pointer(two: Settings, name: str) -> None:
    break_it, words = POINTERS[name]
    pointer = two.published / "current"
    pointer.unlink()
    break_it(pointer)
    with pytest.raises(PublishError, match=re.escape(words)) as stopped:
        switching.recover(two.published)
    assert "dvctt publications rollback" in str(stopped.value)
    assert words in (store.pointer_problem(two.published) or "")
    assert [publication.number for publication in store.listed(two.published)] == [1, 2]
    store.rollback(two.published, 2, reason="con trỏ hỏng")
    assert os.readlink(pointer) == "2"
    assert store.pointer_problem(two.published) is None
    switching.recover(two.published)
    assert os.readlink(pointer) == "2"
    if name in ("a folder", "a file"):
        assert os.path.lexists(two.published / "current.aside-1"), "what a person put there is not removed"


def test_a_rollback_with_a_broken_pointer_keeps_a_newer_one_from_coming_back(two: Settings) -> None:
    (two.published / "current").unlink()
    (two.published / ".newest").unlink()
    assert store.rollback(two.published, 1, reason="bản 2 sai").number == 1
    switching.recover(two.published)
    assert os.readlink(two.published / "current") == "1"
    assert switching.next_number(two.published) == 3


@pytest.mark.parametrize("name", ["99", "03", "٤", "4294967296000", "4 ", "-1", "0"])
def test_a_name_that_is_nearly_a_number_is_no_publication_and_is_never_given_away(two: Settings, name: str) -> None:
    (two.published / name).mkdir()
    assert switching.next_number(two.published) == 3
    (two.published / "3").mkdir()
    assert switching.next_number(two.published) == 4
    switching.recover(two.published)
    assert os.readlink(two.published / "current") == "2"


def test_a_number_stays_taken_when_its_folder_is_lost(two: Settings) -> None:
    shutil.rmtree(two.published / "2")
    store.rollback(two.published, 1, reason="mất bản 2")
    (two.published / "rollbacks.jsonl").unlink()
    assert switching.next_number(two.published) == 3


def test_a_run_that_was_killed_before_readers_saw_its_publication_has_led_to_none(two: Settings) -> None:
    first = reading.load_publication(two.published / "1").manifest["run_id"]
    assert store.published_runs(two.published) == {first, "again"}
    switch_back_unseen(two)
    assert store.published_runs(two.published) == {first}
    os.rename(two.published / "2", two.published / ".building")
    assert store.published_runs(two.published) == {first}


def test_each_publication_names_the_one_before_it_and_seals_its_manifest(two: Settings) -> None:
    first = reading.load_publication(two.published / "1")
    second = reading.load_publication(two.published / "2")
    assert first.manifest["previous"] is None
    assert second.manifest["previous"] == {"number": 1, "manifest_sha256": first.manifest_sha256}


def test_a_manifest_of_an_older_version_has_no_seal_and_is_read(two: Settings) -> None:
    path = two.published / "2" / "manifest.json"
    manifest = {key: value for key, value in current(two).manifest.items() if key != "previous"}
    path.chmod(0o644)
    path.write_text(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    assert reading.load_publication(two.published / "2").manifest == manifest
    switch_back_unseen(two)
    switching.recover(two.published)
    assert os.readlink(two.published / "current") == "2"


def test_readers_may_pass_every_folder_of_a_publication_whatever_the_mask_of_the_run(tiny_copy: Settings) -> None:
    before = os.umask(0o077)
    try:
        shutil.rmtree(tiny_copy.published)
        switching.recover(tiny_copy.published)
        folder = again(tiny_copy).folder
    finally:
        os.umask(before)
    folders = [tiny_copy.published, folder, *(path for path in folder.rglob("*") if path.is_dir())]
    assert len(folders) > 5
    assert {oct(path.stat().st_mode & 0o777) for path in folders} == {"0o755"}


RUNBOOK = REPOSITORY / reading.RUNBOOK
"""Its code blocks, by the heading above them: what a person types."""


def commands_under(heading: str) -> list[list[str]]:
    part = RUNBOOK.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    (block,) = re.findall(r"```bash\n(.*?)```", part, re.DOTALL)
    return [shlex.split(line, comments=True) for line in block.splitlines() if shlex.split(line, comments=True)]


def walk(settings: Settings, heading: str, answers: dict[str, str]) -> list[str]:
    """Type the commands under a heading, with the numbers that a person would put in; what each one printed."""
    outputs = []
    commands = commands_under(heading)
    assert commands
    for command in commands:
        words = [word.replace("$DVCTT_HOME", str(settings.home)) for word in command]
        for placeholder, answer in answers.items():
            words = [re.sub(rf"(?<!\w){re.escape(placeholder)}(?!\w)", answer, word) for word in words]
        if words[0] == "dvctt":
            finished = dvctt(settings, *words[1:])
            outputs.append(f"{finished.returncode}: {finished.stdout}{finished.stderr}")
        elif words[0] == "mv":
            shutil.move(words[1], words[2])
        else:
            raise AssertionError(f"{words}: the runbook names a command that this test does not know")
    return outputs


def test_the_runbook_leads_back_from_every_broken_state(two: Settings, tmp_path: Path) -> None:
    published = two.published
    pointer = published / "current"

    pointer.unlink()
    pointer.symlink_to("3")
    outputs = walk(two, "`current` is missing, dangling, a folder, a file or a link outside", {"N": "2"})
    assert "leads to publication 3, which is not there" in outputs[0]
    assert (os.readlink(pointer), outputs[-1][0]) == ("2", "0")

    pointer.unlink()
    pointer.mkdir()
    outputs = walk(two, "`current` is missing, dangling, a folder, a file or a link outside", {"N": "2"})
    assert (os.readlink(pointer), outputs[-1][0]) == ("2", "0")

    damage(published / "2" / "marts.duckdb")
    outputs = walk(two, "The newest publication is damaged", {"N": "1"})
    assert "marts.duckdb: found sha256" in outputs[0]
    assert os.readlink(pointer) == "1"

    (published / "99").mkdir()
    (tmp_path / "safe").mkdir()
    outputs = walk(
        two, "A stray folder lies beside the publications", {"/safe/place/": str(tmp_path / "safe"), "N": "99"}
    )
    assert "99" in outputs[0]
    assert not (published / "99").exists()

    (published / "1" / "csv" / "mart_payments.csv").unlink()
    outputs = walk(two, "A backup was restored in part", {"N": "1"})
    assert "mart_payments.csv: found no file" in outputs[0]
