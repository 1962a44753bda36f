"""What a measurement ran on: processors, memory, system, and how quick this Python is here."""

import os
import platform
import time
from pathlib import Path

TURNS = 20_000_000


def describe() -> dict[str, object]:
    """Facts of this machine at this hour; nothing of a home and nothing of a user."""
    memory = next(
        int(line.split()[1]) * 1024
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        if line.startswith("MemTotal")
    )
    clock = time.process_time()
    for _ in range(TURNS):
        pass
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_bytes": memory,
        "system": f"{platform.system()} {platform.release().partition('-')[0]} {platform.machine()}",
        "python": platform.python_version(),
        "loop_seconds": round(time.process_time() - clock, 2),
        "load_before": round(os.getloadavg()[0], 1),
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
