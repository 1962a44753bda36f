"""Sizes as people write them, and the memory that control groups leave to a process."""

import os
from pathlib import Path

import pytest
from dvctt.core.machine import memory_of_machine, parse_size, size_in_words
from hypothesis import given
from hypothesis import strategies as st

PHYSICAL = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
UNLIMITED_V1 = "9223372036854771712"


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("2GB", 2_000_000_000),
        ("2 gb", 2_000_000_000),
        ("1500MB", 1_500_000_000),
        ("1.5GiB", 1_610_612_736),
        (" 512MiB\n", 536_870_912),
        ("0.125TB", 125_000_000_000),
        ("1000000000B", 1_000_000_000),
        ("64KiB", 65_536),
        ("1.001KB", 1_001),
    ],
)
def test_a_size_is_a_number_and_its_unit(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2",
        "GB",
        "-2GB",
        "2G",
        "2,5GB",
        "1.2.3GB",
        "1e9B",
        "2GB!",
        "2GB 4",
        "2IB",
        "80%",
        "２GB",
        "nan",
        "9" * 16 + "B",
    ],
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no size"):
        parse_size(text)


@given(st.integers(0, 10**14), st.sampled_from(["B", "KB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB"]))
def test_a_unit_multiplies(number: int, unit: str) -> None:
    one = parse_size(f"1{unit}")
    assert parse_size(f"{number}{unit}") == parse_size(f"{number} {unit.lower()}") == number * one


@given(st.integers(10**8, 10**14))
def test_words_read_back_are_never_more_and_hardly_less(size: int) -> None:
    found = parse_size(size_in_words(size))
    assert size * 9 // 10 < found <= size


@pytest.mark.parametrize(
    ("size", "words"),
    [(1_500_000_000, "1.5 GB"), (2_000_000_000, "2 GB"), (1_999_999_999, "1.9 GB"), (536_870_912, "536.8 MB")],
)
def test_a_size_in_words(size: int, words: str) -> None:
    assert size_in_words(size) == words


def lay(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        pytest.param({}, PHYSICAL, id="no /proc"),
        pytest.param({"proc/self/cgroup": "0::/\n"}, PHYSICAL, id="no limit"),
        pytest.param(
            {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "400000000\n"}, 400_000_000, id="a container"
        ),
        pytest.param(
            {
                "proc/self/cgroup": "0::/a.slice/b.scope\n",
                "sys/fs/cgroup/a.slice/memory.max": "300000000\n",
                "sys/fs/cgroup/a.slice/b.scope/memory.max": "max\n",
            },
            300_000_000,
            id="the group above",
        ),
        pytest.param(
            {
                "proc/self/cgroup": "0::/a.slice/b.scope\n",
                "sys/fs/cgroup/memory.max": "500000000\n",
                "sys/fs/cgroup/a.slice/memory.max": "300000000\n",
                "sys/fs/cgroup/a.slice/b.scope/memory.max": "200000000\n",
            },
            200_000_000,
            id="the least of all",
        ),
        pytest.param(
            {"proc/self/cgroup": "0::/../../other\n", "sys/fs/cgroup/memory.max": "400000000\n"},
            400_000_000,
            id="a path that leads out of what is mounted",
        ),
        pytest.param(
            {
                "proc/self/cgroup": "12:cpu,cpuacct:/docker/ab\n7:memory:/docker/ab\n0::/docker/ab\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "250000000\n",
                "sys/fs/cgroup/cpu,cpuacct/memory.limit_in_bytes": "1\n",
            },
            250_000_000,
            id="version 1, in a container",
        ),
        pytest.param(
            {
                "proc/self/cgroup": "7:memory:/docker/ab\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": f"{UNLIMITED_V1}\n",
                "sys/fs/cgroup/memory/docker/ab/memory.limit_in_bytes": "350000000\n",
            },
            350_000_000,
            id="version 1, beside an unlimited root",
        ),
        pytest.param(
            {"proc/self/cgroup": "7:memory:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": UNLIMITED_V1},
            PHYSICAL,
            id="version 1, no limit",
        ),
        pytest.param(
            {"proc/self/cgroup": "0::/\nnonsense\n", "sys/fs/cgroup/memory.max": "\xff 12\n"}, PHYSICAL, id="nonsense"
        ),
    ],
)
def test_the_least_limit_counts(tmp_path: Path, files: dict[str, str], wanted: int) -> None:
    assert memory_of_machine(lay(tmp_path, files)) == wanted
