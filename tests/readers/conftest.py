"""Other people's clients: where they lie, and a process of one of them.

``make readers`` installs them from hashed locks; a test never does, and never goes without.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REPOSITORY

HERE = Path(__file__).resolve().parent
INSTALLED = REPOSITORY / "var" / "readers"


def client(name: str) -> Path:
    """The folder of one client."""
    folder = INSTALLED / name
    assert (folder / ".ready").is_file(), f"{folder}: not installed; run: make readers"
    return folder


def command(script: str, *arguments: object, on_path: list[Path]) -> tuple[list[str], dict[str, str]]:
    """Command and environment of a script that sees these folders and the standard library, nothing of the product's."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment["PYTHONPATH"] = os.pathsep.join(str(folder) for folder in on_path)
    environment["PYTHONIOENCODING"] = "utf-8"
    return [sys.executable, "-S", str(HERE / script), *map(str, arguments)], environment


def ask(script: str, *arguments: object, on_path: list[Path]) -> dict[str, Any]:
    """What a script answers."""
    line, environment = command(script, *arguments, on_path=on_path)
    finished = subprocess.run(line, env=environment, capture_output=True, text=True, encoding="utf-8", check=False)
    assert finished.returncode == 0, finished.stderr
    answer: dict[str, Any] = json.loads(finished.stdout)
    return answer


@dataclass
class Staying:
    """A running hold_open.py."""

    process: "subprocess.Popen[str]"

    def answer(self, question: str) -> str:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(question + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().rstrip("\n")
        assert answer, f"the reader died of {question!r}"
        return answer


@pytest.fixture
def stay() -> Iterator[Any]:
    """Starts readers that stay: ``stay(published, on_path)``; they end with the test."""
    staying: list[Staying] = []

    def start(published: Path, on_path: list[Path]) -> Staying:
        line, environment = command("hold_open.py", published, on_path=on_path)
        process = subprocess.Popen(
            line, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        staying.append(Staying(process))
        return staying[-1]

    yield start
    for reader in staying:
        assert reader.process.stdin is not None and reader.process.stdout is not None
        reader.process.stdin.close()
        reader.process.wait()
        reader.process.stdout.close()
