"""A reader that holds a publication for hours: it keeps what it has, keeps nobody waiting, and can follow the newest."""

import os
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from dvctt.province.model import Retention
from dvctt.publications import retention, store
from dvctt.settings import Settings
from dvctt.warehouse.connections import open_candidate

from tests.conftest import REPOSITORY
from tests.publications.test_publish import again
from tests.readers.conftest import Staying, ask, client

Stay = Callable[[Path, list[Path]], Staying]

HOW_TO = REPOSITORY / "docs" / "how-to" / "query-the-marts.md"


@pytest.fixture
def pattern(tmp_path: Path) -> Path:
    """A folder with newest_marts.py: the code that the how-to gives readers to copy, letter for letter."""
    blocks = re.findall(r"```python\n(.*?)```", HOW_TO.read_text(encoding="utf-8"), re.S)
    (code,) = [block for block in blocks if "class NewestMarts" in block]
    folder = tmp_path / "copied"
    folder.mkdir()
    (folder / "newest_marts.py").write_text(code, encoding="utf-8")
    return folder


def publish_others(settings: Settings, *sums: int) -> None:
    """One publication for each number, its rates boiled down to two rows with that sum."""
    for wanted in sums:
        with open_candidate(settings.candidate, read_only=False) as candidate:
            (schema,) = candidate.execute(
                "select schema_name from duckdb_tables() where table_name = 'mart_online_rates'"
            ).fetchone() or ("",)
            table = f"{schema}.mart_online_rates"
            candidate.execute(
                f"delete from {table} where scope <> 'province' or month not in (date '2022-09-01', date '2022-10-01')"
            )
            candidate.execute(
                f"update {table} set received = case when month = date '2022-10-01' then ? else 0 end", [wanted]
            )
        again(settings)


def test_a_reader_that_stays_keeps_what_it_has_and_can_follow_the_newest(
    tiny_copy: Settings, stay: Stay, pattern: Path
) -> None:
    on_path = [client("duckdb-1.5"), client("parquet"), pattern]
    reader = stay(tiny_copy.published, on_path)
    before = reader.answer("held")
    assert reader.answer("held parquet") == reader.answer("pattern") == before

    publish_others(tiny_copy, 100, 200, 300)

    assert os.readlink(tiny_copy.published / "current") == "4", "nobody waited for the reader"
    assert before not in {"(2, 100)", "(2, 200)", "(2, 300)"}
    assert reader.answer("held") == before
    assert reader.answer("held parquet") == before
    assert stay(tiny_copy.published, on_path).answer("held") == "(2, 300)", "a new process sees the newest"
    assert reader.answer("pattern") == "(2, 300)", "the pattern of the how-to follows the link"
    reader.answer("close")
    assert reader.answer("reopen") == "(2, 300)", "and so does a file that is closed and opened again"


def test_what_a_reader_stays_on_is_not_removed_however_old(tiny_copy: Settings, stay: Stay, pattern: Path) -> None:
    reader = stay(tiny_copy.published, [client("duckdb-1.5"), client("parquet"), pattern])
    before = reader.answer("held")
    publish_others(tiny_copy, 100, 200)
    published_at = store.find(tiny_copy.published, 1).manifest["published_at"]
    later = datetime.fromisoformat(published_at) + timedelta(days=1000)
    rules = Retention(nightly_days=90, keep_at_least=1)
    retention.apply(tiny_copy.published, rules, closed=tiny_copy.closed, at=later)
    assert [publication.number for publication in store.listed(tiny_copy.published)] == [1, 3]
    assert reader.answer("held") == reader.answer("held parquet") == before


@pytest.mark.parametrize(
    ("line", "second"),
    [("1.0", 1), ("1.2", 1), ("1.4", 1), ("1.5", 2), ("2.0", 2)],
    ids=["1.0", "1.2", "1.4", "1.5", "2.0"],
)
def test_a_program_that_lives_through_a_switch_follows_it_by_the_pattern(
    tmp_path: Path, pattern: Path, line: str, second: int
) -> None:
    """A second connection beside an open one gives the old publication up to DuckDB 1.4: the how-to warns of it."""
    published = tmp_path / "published"
    for number in (1, 2):
        (published / str(number)).mkdir(parents=True)
        with duckdb.connect(str(published / str(number) / "marts.duckdb")) as marts:
            marts.execute(f"create table mart_x as select {number} as number")
    (published / "current").symlink_to("1")
    assert ask("follow_link.py", published, on_path=[client(f"duckdb-{line}"), pattern]) == {
        "before": [1, "1"],
        "pattern": [2, "2"],
        "held": 1,
        "second, while the first is open": second,
        "after all are closed": 2,
    }
