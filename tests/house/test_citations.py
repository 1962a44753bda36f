"""What code and documents cite is in the repository."""

import re
import subprocess

from tests.conftest import REPOSITORY

_CITED = re.compile(r"[Dd]omain notes \(?§(\d+)(?: and §(\d+))?")
_HEADING = re.compile(r"^## §(\d+) ", re.MULTILINE)


def test_every_section_of_the_domain_notes_that_is_cited_exists() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    sections = set(_HEADING.findall((REPOSITORY / "docs/domain.md").read_text(encoding="utf-8")))
    cited: dict[str, str] = {}
    for name in filter(None, listed):
        path = REPOSITORY / name
        if path.suffix in {".py", ".sql", ".yml", ".md", ".csv", ".j2", ".typ", ".po"} and path.is_file():
            for match in _CITED.finditer(path.read_text(encoding="utf-8")):
                cited.update({number: name for number in match.groups() if number})
    assert {"1", "2", "3", "4"} <= cited.keys(), "the search finds no citations any more"
    missing = {number: name for number, name in cited.items() if number not in sections}
    assert not missing, f"cited, and no section of docs/domain.md: {missing}"
