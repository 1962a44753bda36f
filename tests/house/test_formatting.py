"""The formatter lays out everything, but for tables whose rows are read under each other; each of those says why."""

import io
import re
import tokenize

from tests.conftest import REPOSITORY

_LEFT_ALONE = re.compile(r"#\s*(fmt|yapf):\s*(skip|off|disable)")
_WITH_REASON = re.compile(r"# fmt: skip # \w.{9,}")


def left_alone(source: str) -> list[str]:
    """The comments that keep the formatter off."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return [token.string for token in tokens if token.type == tokenize.COMMENT and _LEFT_ALONE.search(token.string)]


def without_reason(source: str) -> list[str]:
    return [comment for comment in left_alone(source) if not _WITH_REASON.fullmatch(comment)]


def test_what_the_formatter_leaves_alone_has_its_reason() -> None:
    folders = ("include", "dags", "dbt_project", "tests", "benchmarks", "docs")
    sources = {path: path.read_text(encoding="utf-8") for name in folders for path in (REPOSITORY / name).rglob("*.py")}
    assert any(left_alone(source) for source in sources.values())
    bare = {str(path.relative_to(REPOSITORY)): without_reason(source) for path, source in sources.items()}
    assert {path: found for path, found in bare.items() if found} == {}


def test_a_bare_one_is_found() -> None:
    found = without_reason(
        "x = [1,  2]  # fmt: skip\n# fmt: off\ny = '# fmt: skip'\nz = [1,  2]  # fmt: skip # a case is a row\n"
    )
    assert found == ["# fmt: skip", "# fmt: off"]
