"""The one-way street, held by import-linter's contracts in pyproject.toml."""

import subprocess
import sys
from pathlib import Path

from tests.conftest import REPOSITORY

LINT_IMPORTS = str(Path(sys.executable).with_name("lint-imports"))


def lint(folder: Path, config: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [LINT_IMPORTS, "--no-cache", "--config", str(config)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_nothing_is_imported_by_what_stands_to_its_left() -> None:
    finished = lint(REPOSITORY, REPOSITORY / "pyproject.toml")
    assert finished.returncode == 0, finished.stdout
    modules = len(list((REPOSITORY / "include" / "dvctt").rglob("*.py")))
    assert modules > 25
    assert f"Analyzed {modules} files" in finished.stdout


def test_a_step_to_the_left_is_caught(tmp_path: Path) -> None:
    package = tmp_path / "street"
    package.mkdir()
    for name, content in {"__init__": "", "gate": "from street import publish\n", "publish": ""}.items():
        (package / f"{name}.py").write_text(content, encoding="utf-8")
    config = tmp_path / "contracts.toml"
    config.write_text(
        '[tool.importlinter]\nroot_packages = ["street"]\n[[tool.importlinter.contracts]]\nname = "street"\n'
        'type = "layers"\nlayers = ["street.publish", "street.gate"]\n',
        encoding="utf-8",
    )
    finished = lint(tmp_path, config)
    assert finished.returncode == 1
    assert "street.gate -> street.publish" in finished.stdout
