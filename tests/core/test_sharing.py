"""A file that is taken over is the earlier one, and only where all that it is made of is equal."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from dvctt.core.files import link_or_copy, sha256_of, write_atomically, write_new
from dvctt.core.sharing import Sharing, digest_of, makers_digest

ROWS, OTHER_ROWS = "a" * 64, "b" * 64


def said(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(text, encoding="utf-8")


@pytest.fixture
def first(tmp_path: Path) -> Sharing:
    """A folder with one page, of the makers "m", the rows `ROWS` and the province "p"."""
    (tmp_path / "1").mkdir()
    sharing = Sharing(tmp_path / "1", "m")
    sharing.make(tmp_path / "1" / "page", said("first"), ROWS, "p")
    (tmp_path / "1" / "page").chmod(0o444)
    return sharing


def after(first: Sharing, makers: str = "m", name: str = "2") -> Sharing:
    """The folder that comes after it."""
    folder = first.folder.parent / name
    folder.mkdir()
    listed = {name: {**inputs, "sha256": sha256_of(first.folder / name)} for name, inputs in first.inputs.items()}
    return Sharing(folder, makers, first.folder, listed)


def test_a_file_of_the_same_inputs_is_the_earlier_one(first: Sharing) -> None:
    second = after(first)
    path = second.make(second.folder / "page", said("second"), ROWS, "p")
    assert path.samefile(first.folder / "page")
    assert path.read_text("utf-8") == "first"
    assert (second.shared, second.inputs) == ({"page"}, first.inputs)
    assert second.inputs["page"]["data"] == ROWS


@pytest.mark.parametrize(
    ("makers", "data", "beside"),
    [
        ("other", ROWS, ("p",)),
        ("m", OTHER_ROWS, ("p",)),
        ("m", ROWS, ("q",)),
        ("m", ROWS, ()),
        ("m", ROWS, ("p", "")),
        ("m" + ROWS[:1], ROWS[1:], ("p",)),
    ],
)
def test_any_other_input_makes_the_file_again(first: Sharing, makers: str, data: str, beside: tuple[str, ...]) -> None:
    second = after(first, makers)
    path = second.make(second.folder / "page", said("second"), data, *beside)
    assert path.read_text("utf-8") == "second"
    assert (first.folder / "page").read_text("utf-8") == "first"
    assert second.shared == set()
    assert second.inputs["page"]["inputs"] != first.inputs["page"]["inputs"]


def test_a_file_of_another_name_is_not_taken(first: Sharing) -> None:
    second = after(first)
    second.listed = {"other": second.listed["page"]}
    shutil.copyfile(first.folder / "page", first.folder / "other")
    assert second.make(second.folder / "other", said("second"), ROWS, "p").read_text("utf-8") == "second"


@pytest.mark.parametrize("harm", ["changed", "gone", "link", "folder"])
def test_an_earlier_file_that_is_not_as_it_was_listed_is_made_again(first: Sharing, harm: str, tmp_path: Path) -> None:
    second = after(first)
    earlier = first.folder / "page"
    earlier.unlink()
    if harm == "changed":
        earlier.write_text("First", encoding="utf-8")
    elif harm == "link":
        (tmp_path / "elsewhere").write_text("first", encoding="utf-8")
        earlier.symlink_to(tmp_path / "elsewhere")
    elif harm == "folder":
        earlier.mkdir()
    path = second.make(second.folder / "page", said("second"), ROWS, "p")
    assert path.read_text("utf-8") == "second"
    assert second.shared == set()
    assert harm != "changed" or earlier.read_text("utf-8") == "First"


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EMLINK, errno.EPERM])
def test_where_no_link_can_be_it_is_a_copy(first: Sharing, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("dvctt.core.files.os.link", refused)
    second = after(first)
    path = second.make(second.folder / "page", said("second"), ROWS, "p")
    assert path.read_text("utf-8") == "first"
    assert not path.samefile(first.folder / "page")
    assert second.shared == {"page"}


def test_a_full_disk_is_no_reason_to_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    (tmp_path / "a").write_text("a", encoding="utf-8")
    monkeypatch.setattr("dvctt.core.files.os.link", full)
    with pytest.raises(OSError, match="full"):
        link_or_copy(tmp_path / "a", tmp_path / "b")
    assert not (tmp_path / "b").exists()


@pytest.mark.parametrize("same", [True, False])
def test_a_file_that_was_made_gives_way_to_an_earlier_one_of_its_bytes(first: Sharing, same: bool) -> None:
    second = after(first)
    path = second.folder / "page"
    path.write_text("first" if same else "second", encoding="utf-8")
    assert second.settle(path) == sha256_of(path)
    assert path.samefile(first.folder / "page") is same
    assert path.read_text("utf-8") == ("first" if same else "second")
    assert sorted(one.name for one in second.folder.iterdir()) == ["page"]
    assert "page" not in second.inputs


@pytest.mark.parametrize("way", ["write_new", "write_atomically"])
def test_what_is_written_under_one_name_is_not_read_under_the_other(first: Sharing, way: str) -> None:
    second = after(first)
    path = second.make(second.folder / "page", said("second"), ROWS, "p")
    if way == "write_new":
        write_new(path, b"third")
    else:
        write_atomically(path, "third")
    assert path.read_text("utf-8") == "third"
    assert (first.folder / "page").read_text("utf-8") == "first"
    assert (first.folder / "page").stat().st_mode & 0o777 == 0o444


def test_a_file_stays_when_the_folder_that_it_came_from_is_removed(first: Sharing) -> None:
    second = after(first)
    path = second.make(second.folder / "page", said("second"), ROWS, "p")
    shutil.rmtree(first.folder)
    assert path.read_text("utf-8") == "first"
    assert path.stat().st_nlink == 1


def test_where_one_text_ends_is_a_part_of_a_digest() -> None:
    assert len({digest_of("ab", "c"), digest_of("a", "bc"), digest_of("abc"), digest_of("ab", "c", "")}) == 4


def test_code_words_and_libraries_are_what_a_file_is_made_by(tmp_path: Path) -> None:
    folder, libraries = tmp_path / "code", tmp_path / "libraries"
    (libraries / "altair-6.0.0.dist-info").mkdir(parents=True)
    folder.mkdir()

    def digest() -> str:
        return makers_digest({folder: list(folder.iterdir())}, (libraries,))

    (folder / "a.py").write_text("1", encoding="utf-8")
    before = digest()
    assert digest() == before
    (folder / "a.py").write_text("2", encoding="utf-8")
    found = [before, digest()]
    (folder / "b.po").write_text("1", encoding="utf-8")
    found.append(digest())
    (folder / "b.po").rename(folder / "c.po")
    found.append(digest())
    (libraries / "altair-6.0.0.dist-info").rename(libraries / "altair-6.0.1.dist-info")
    found.append(digest())
    assert len(set(found)) == 5
