"""How a run is told to count what it does (tests/benchmarks/counting), and what it counted."""

import os
from collections import Counter
from pathlib import Path

from dvctt.settings import Settings

COUNTING = Path(__file__).parent / "counting"


def _counts(settings: Settings) -> Path:
    return settings.home.with_name(f"{settings.home.name}-counts.txt")


def counting(settings: Settings) -> dict[str, str]:
    """What a run's environment needs beside its own, so that it counts."""
    path = os.pathsep.join(filter(None, (str(COUNTING), os.environ.get("PYTHONPATH"))))
    return {"PYTHONPATH": path, "DVCTT_COUNTS": str(_counts(settings))}


def counts_of(settings: Settings) -> Counter[str]:
    """What all processes of a run counted."""
    found: Counter[str] = Counter()
    for line in _counts(settings).read_text(encoding="ascii").splitlines():
        name, number = line.split()
        found[name] += int(number)
    return found
