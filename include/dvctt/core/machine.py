"""How much memory this process may have: of the machine, and of the control groups (containers, systemd) that it lives in.

Only what the system says lives here; what is done with it does not. DuckDB looks at its own group alone and psutil at none, so
the groups above are read here: a container's limit often stands on one of those.
"""

import os
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

MEMORY_LIMIT = "DVCTT_MEMORY_LIMIT"
"""How much memory DuckDB may take, as a size with its unit; default: half of what the machine or the container has."""

_UNITS = {"B": 1, **{f"{letter}B": 1000**power for power, letter in enumerate("KMGT", start=1)}}
_UNITS |= {f"{letter}IB": 1024**power for power, letter in enumerate("KMGT", start=1)}
_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,3})?) ?([KMGT]?I?B)", re.ASCII | re.IGNORECASE)
_WHOLE = re.compile(r"[0-9]+", re.ASCII)


def parse_size(text: str) -> int:
    """Bytes of a size with its unit: ``1500MB`` and ``1.5 GB`` count in thousands, ``1.5GiB`` in 1024s.

    Raises:
        ValueError: it is no number with a unit.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None or match[2].upper() not in _UNITS:
        raise ValueError("no size")
    return int(Decimal(match[1]) * _UNITS[match[2].upper()])


def size_in_words(size: int) -> str:
    """A number of bytes for people, never more than it is: ``1.5 GB``; below one GB in MB."""
    unit, name = (_UNITS["GB"], "GB") if size >= _UNITS["GB"] else (_UNITS["MB"], "MB")
    whole, rest = divmod(size * 10 // unit, 10)
    return f"{whole}.{rest} {name}" if rest else f"{whole} {name}"


def memory_of_machine(root: Path = Path("/")) -> int:
    """Bytes that this process may have: the least of the machine's memory and of the limits of all its control groups.

    Args:
        root: where /proc and /sys lie.
    """
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([physical, *_limits_of_groups(root)])


def _limits_of_groups(root: Path) -> Iterator[int]:
    """Of version 2 (one tree) and version 1 (a tree a controller), from the process's own group up to the mounted root."""
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            yield from _limits_upwards(root / "sys/fs/cgroup", path, "memory.max")
        elif "memory" in controllers.split(","):
            yield from _limits_upwards(root / "sys/fs/cgroup/memory", path, "memory.limit_in_bytes")


def _limits_upwards(tree: Path, path: str, file: str) -> Iterator[int]:
    """A path that leads out of what is mounted, as in a container, is passed on the way up: its root has the limit then."""
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    for depth in range(len(parts), -1, -1):
        try:
            found = tree.joinpath(*parts[:depth], file).read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            continue
        if _WHOLE.fullmatch(found) and int(found) > 0:
            yield int(found)
