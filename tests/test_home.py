"""A home that is damaged, read-only or another's is answered in words, and a night goes on where that is safe."""

import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from dvctt.cli import app
from dvctt.core.errors import DvcttError, PublishError, WarehouseError
from dvctt.core.files import seal, unseal
from dvctt.core.period import Month
from dvctt.pipeline import alerting, close, inspection, stages
from dvctt.pipeline.home import stage_context
from dvctt.publications import next_night
from dvctt.settings import Settings
from dvctt.warehouse import verdicts

from tests.conftest import rewrite, settings_for
from tests.publications.test_publish import current

GARBAGE = {
    "empty": b"",
    "cut": b'{"run_id": "cli__2',
    "bytes": b"\xff\xfe\x00\x01",
    "a list": b"[]\n",
    "other keys": b'{"x": 1}\n',
    "deep": b"[" * 100_000,
    "a long number": b'{"publication": ' + b"9" * 5000 + b"}",
}


@pytest.mark.parametrize("name", GARBAGE)
def test_a_run_json_that_cannot_be_read_is_told_by_the_stage_and_by_a_close(tiny_copy: Settings, name: str) -> None:
    (tiny_copy.candidate / "run.json").write_bytes(GARBAGE[name])
    with pytest.raises(WarehouseError, match=r"run\.json: .*(dvctt run|run again)"):
        stages.build_facts(tiny_copy, run_id="any")
    with pytest.raises(DvcttError, match=r"run\.json: cannot be read"):
        close.close_month(tiny_copy, month=Month(2022, 10), approved_by="Nguyễn Văn Mẫu")


def test_no_month_is_closed_on_a_run_that_was_killed_while_it_sealed_its_publication(tiny_copy: Settings) -> None:
    building = tiny_copy.published / ".building"
    shutil.copytree(tiny_copy.published / "1", building)
    rewrite(building / "manifest.json", run_id="killed")
    rewrite(tiny_copy.candidate / "run.json", run_id="killed")
    with pytest.raises(WarehouseError, match="run 'killed' has begun and has not published"):
        close.close_month(tiny_copy, month=Month(2022, 10), approved_by="Nguyễn Văn Mẫu")


@pytest.fixture(scope="module")
def small(tiny_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The publications of the tiny home alone."""
    root = tmp_path_factory.mktemp("small")
    shutil.copytree(tiny_home.published, root / "home" / "published", symlinks=True)
    return settings_for(root / "home", tiny_home.inbox)


@pytest.mark.parametrize("name", GARBAGE)
def test_an_alerted_json_that_cannot_be_read_tells_rather_twice_than_never(
    small: Settings, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = small.home / "alerted.json"
    path.write_bytes(GARBAGE[name])
    caplog.set_level(logging.WARNING)
    alerting.alert_about_missed_publication(small)
    assert "alerted.json: cannot be read" in caplog.text
    assert "nobody has been told of publication 1" in caplog.text
    assert path.read_text(encoding="utf-8") == '{"publication": 1}\n'


@pytest.mark.parametrize(("number", "is_told"), [(1, False), (0, True)])
def test_what_an_earlier_version_wrote_down_as_told_is_not_told_again(
    small: Settings, caplog: pytest.LogCaptureFixture, number: int, is_told: bool
) -> None:
    path, before = small.home / "alerted.json", small.home / "told.json"
    path.unlink(missing_ok=True)
    before.write_text(f'{{"publication": {number}}}\n', encoding="utf-8")
    alerting.alert_about_missed_publication(small)
    assert ("nobody has been told of publication 1" in caplog.text) == is_told
    assert (path.is_file(), before.is_file()) == (is_told, not is_told)


def test_a_verdict_that_cannot_be_read_is_left_out_of_the_history_with_a_word(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = {
        "run_id": "r",
        "month": "2022-10",
        "verdict": "failed",
        "checks": [{"status": "failed", "severity": "critical"}],
    }
    (tmp_path / "000001-failed.json").write_text(seal(whole), encoding="utf-8")
    for number, content in enumerate(GARBAGE.values(), start=2):
        (tmp_path / f"{number:06d}-failed.json").write_bytes(content)
    (tmp_path / "000099-failed.json").write_text(seal(whole).replace("critical", "Critical"), encoding="utf-8")
    assert verdicts.read_verdicts(tmp_path) == [whole]
    assert caplog.text.count("not a verdict of this home") == len(GARBAGE) + 1


def test_a_document_that_was_sealed_tells_every_change_of_one_bit_and_one_that_never_was_is_read() -> None:
    document = {"run_id": "chạy đêm", "n": 1, "list": [1, {"a": None}]}
    content = seal(document).encode()
    assert unseal(content) == document
    assert unseal(b'{"run_id": "x"}') == {"run_id": "x"}
    noticed = 0
    for place in range(len(content)):
        for bit in range(8):
            flipped = bytes([*content[:place], content[place] ^ 1 << bit, *content[place + 1 :]])
            try:
                unseal(flipped)
            except ValueError:
                noticed += 1
    assert noticed == len(content) * 8
    assert noticed > 1000


@contextmanager
def another_user(home: Path) -> Iterator[None]:
    """Somebody who may read this home and write nothing in it."""
    modes = {home: home.stat().st_mode, **{folder: folder.stat().st_mode for folder in home.parents}}
    # Of the folders above, only pytest's own are closed to others; those of the machine stay as they are.
    modes = {folder: mode for folder, mode in modes.items() if folder == home or mode & 0o005 != 0o005}
    for folder in modes:
        folder.chmod(0o555)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        for folder, mode in modes.items():
            folder.chmod(mode)


def test_a_home_that_this_user_may_not_write_is_one_error_with_its_owner_and_the_way_out(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with another_user(home), pytest.raises(WarehouseError) as stopped:
        stages.land_extracts(settings_for(home, tmp_path / "inbox"), run_id="r", month=None)
    words = str(stopped.value)
    assert ".writer.lock: cannot be written (Permission denied)" in words
    assert f"owner {home.stat().st_uid}" in words
    assert "chown" in words
    with another_user(home), pytest.raises(WarehouseError, match="cannot be written"):
        stages.land_extracts(settings_for(home / "new", tmp_path / "inbox"), run_id="r", month=None)


def test_the_command_line_says_so_too(
    small: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DVCTT_HOME", str(small.home))
    monkeypatch.setenv("DVCTT_PROVINCE", str(small.province_folder))
    monkeypatch.setattr("sys.argv", ["dvctt", "publications", "rollback", "1", "--reason", "sai số"])
    (small.published / ".retention.lock").unlink(missing_ok=True)
    (small.published / "current").unlink()
    with another_user(small.published), pytest.raises(SystemExit) as ended:
        app.main()
    (small.published / "current").symlink_to("1")
    assert ended.value.code == 1
    assert "retention.lock: cannot be written (Permission denied)" in capsys.readouterr().err


def test_a_file_of_another_user_within_the_home_is_one_error_too(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "published").mkdir(parents=True)
    settings = settings_for(home, tmp_path / "inbox")
    with (
        pytest.raises(
            WarehouseError, match=r"published/x: cannot be written \(Permission denied\): found .*home with owner"
        ),
        stage_context(settings, "publish_marts"),
    ):
        raise PermissionError(13, "Permission denied", str(home / "published" / "x"))
    with pytest.raises(PermissionError), stage_context(settings, "publish_marts"):
        raise PermissionError(13, "Permission denied", "/elsewhere/x")


def test_a_home_that_is_a_file_is_one_error(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_text("x", encoding="utf-8")
    with pytest.raises(WarehouseError, match=r"home: cannot be written|home.*Not a directory"):
        stages.land_extracts(settings_for(home, tmp_path / "inbox"), run_id="r", month=None)


def test_others_may_pass_through_a_new_home_and_see_nothing_of_it(tmp_path: Path) -> None:
    settings = settings_for(tmp_path / "home", tmp_path / "inbox")
    with pytest.raises(DvcttError):  # there is no inbox
        stages.land_extracts(settings, run_id="r", month=None)
    assert oct(settings.home.stat().st_mode & 0o777) == "0o711"
    assert oct(settings.published.stat().st_mode & 0o777) == "0o755"


def test_a_damaged_publication_is_work_and_what_the_next_one_remembers_is_whole(tiny_copy: Settings) -> None:
    marts = tiny_copy.published / "1" / "marts.duckdb"
    marts.chmod(0o644)
    os.truncate(marts, marts.stat().st_size // 2)
    standing = inspection.inspect_home(tiny_copy)
    assert [problem.file for problem in standing.problems] == ["marts.duckdb"]
    assert standing.base is not None
    assert standing.base.number == 1, "the tables that are remembered are whole"
    work = next_night.work_to_do(tiny_copy.published, [], _province(tiny_copy), now_standing=standing)
    assert "damaged publication" in work.changed
    table = tiny_copy.published / "1" / "parquet" / "fct_filings.parquet"
    table.chmod(0o644)
    table.write_bytes(table.read_bytes()[:-1] + b"x")
    with pytest.raises(DvcttError, match="no publication before it is whole"):
        inspection.inspect_home(tiny_copy)
    with pytest.raises(DvcttError, match=r"fct_filings\.parquet: changed since it was published"):
        next_night.as_previous(current(tiny_copy), tiny_copy.closed)
    with pytest.raises(PublishError, match=r"marts\.duckdb: not as it was published"):
        close.close_month(tiny_copy, month=Month(2022, 10), approved_by="Nguyễn Văn Mẫu")


def _province(settings: Settings):
    from dvctt.province.folder import load_province

    return load_province(settings.province_folder)
