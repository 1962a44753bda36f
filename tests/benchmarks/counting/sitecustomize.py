"""Put this folder on PYTHONPATH and every Python process of a run counts: itself, what it starts, and statements to DuckDB.

Each count is a line of the file that ``DVCTT_COUNTS`` names. The product needs no hook of its own: Python announces the
processes that it starts, and DuckDB's connection is one class, whoever asks through it.

Only the standard library may be imported at the top: this runs at the start of every Python process of the run.
"""

import atexit
import importlib.abc
import importlib.machinery
import importlib.util
import os
import sys
from collections import Counter
from collections.abc import Sequence
from types import ModuleType
from typing import Any

COUNTS = "DVCTT_COUNTS"
ASKING = ("execute", "executemany", "query", "sql")
"""Methods of a connection of DuckDB that send it a statement."""
_STARTING = {"subprocess.Popen", "os.fork", "os.posix_spawn"}
_found: Counter[str] = Counter()


def tell() -> None:
    """Write what this process has counted; in one step, because others write to the same file."""
    file = os.open(os.environ[COUNTS], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, "".join(f"{name} {number}\n" for name, number in _found.items()).encode())
    os.close(file)
    _found.clear()


def heard(event: str, _: tuple[object, ...]) -> None:
    if event in _STARTING:
        _found["processes"] += 1


class CountStatements(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads DuckDB as it is, and then counts what is asked of its connections."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != "_duckdb":
            return None
        sys.meta_path.remove(self)
        found = importlib.util.find_spec(name)
        if found is None or found.loader is None:
            return None
        self._loader = found.loader
        found.loader = self
        return found

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        for method in ASKING:
            setattr(module.DuckDBPyConnection, method, counted(getattr(module.DuckDBPyConnection, method)))


def counted(method: Any) -> Any:
    def ask(*arguments: Any, **more: Any) -> Any:
        _found["statements"] += 1
        return method(*arguments, **more)

    return ask


if COUNTS in os.environ:
    _found["processes"] += "DVCTT_COUNTS_BEGUN" not in os.environ
    os.environ["DVCTT_COUNTS_BEGUN"] = "1"
    sys.addaudithook(heard)
    sys.meta_path.insert(0, CountStatements())
    atexit.register(tell)
