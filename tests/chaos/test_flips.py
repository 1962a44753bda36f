"""One bit of one file is changed, at random: the night notices before a figure is built or a reader is served.

``make flips`` flips 500; the suite a few. The seed is stated, so that a bit which was missed can be flipped again.
"""

import logging
import os
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from dvctt.core.errors import DvcttError
from dvctt.core.period import Month
from dvctt.landing.zone import landed_extracts
from dvctt.pipeline import close, inspection, stages
from dvctt.settings import Settings

from tests.conftest import copy_home, rewrite, settings_for

FLIPS = int(os.environ.get("FLIPS", "24"))
SEED = int(os.environ.get("FLIPS_SEED", "20221101"))
PLACES = ("landing", "published/1", "closed")


@pytest.fixture(scope="module")
def home(tiny_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with a publication, and a month that was closed, opened and closed again."""
    root = tmp_path_factory.mktemp("flips")
    copy_home(tiny_home.home, root / "home")
    settings = settings_for(root / "home", tiny_home.inbox)
    close.close_month(settings, month=Month(2022, 10), approved_by="Nguyễn Văn Duyệt (MẪU)")
    close.reopen_month(settings, month=Month(2022, 10), by="Trần Thị Mở (MẪU)", reason="bổ sung")
    close.close_month(settings, month=Month(2022, 10), approved_by="Nguyễn Văn Duyệt (MẪU)")
    return settings


def is_noticed(settings: Settings) -> bool:
    """Whether the inspection that every night begins with finds something; what is no error of ours is a traceback, and raised."""
    try:
        return bool(inspection.inspect_home(settings).problems)
    except DvcttError:
        return True


def files_of(settings: Settings) -> Iterator[tuple[str, Path]]:
    for place in PLACES:
        for path in sorted((settings.home / place).rglob("*")):
            if path.is_file() and path.stat().st_size:
                path.chmod(0o644)
                yield place, path


def test_every_flipped_bit_of_landing_publication_and_closings_is_noticed(
    home: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    # Each look would keep a line.
    caplog.set_level(logging.ERROR, "dvctt")
    assert not is_noticed(home)
    chance = random.Random(SEED)  # noqa: S311 - places to damage, no secret
    files: dict[str, list[Path]] = {place: [] for place in PLACES}
    for place, path in files_of(home):
        files[place].append(path)
    kinds = {path.suffix for paths in files.values() for path in paths}
    assert {".parquet", ".json", ".jsonl", ".csv", ".html", ".duckdb"} <= kinds
    assert [len(files[place]) > 10 for place in PLACES] == [True, True, True]
    noticed: Counter[str] = Counter()
    missed = []
    for number in range(FLIPS):
        place = PLACES[number % len(PLACES)]
        path = chance.choice(files[place])
        at, bit = chance.randrange(path.stat().st_size), chance.randrange(8)
        with path.open("r+b") as file:
            file.seek(at)
            before = file.read(1)
            file.seek(at)
            file.write(bytes([before[0] ^ 1 << bit]))
        if is_noticed(home):
            noticed[place] += 1
        else:
            missed.append(f"{path.relative_to(home.home)} byte {at} bit {bit}")
        with path.open("r+b") as file:
            file.seek(at)
            file.write(before)
    shown = ", ".join(f"{place} {noticed[place]}" for place in PLACES)
    print(f"\nnoticed {noticed.total()}/{FLIPS} (seed {SEED}): {shown}")  # noqa: T201 - what make flips is asked for
    assert missed == []
    assert not is_noticed(home)


def lose(path: Path) -> tuple[Path, bytes]:
    content = path.read_bytes()
    path.unlink()
    return path, content


LOST = (
    "landing/**/*.parquet",
    "landing/**/*.json",
    "published/1/marts.duckdb",
    "published/1/parquet/fct_filings.parquet",
    "published/1/verdict.json",
    "closed/2022-10/1/figures.csv",
    "closed/2022-10/2/manifest.json",
)


@pytest.mark.parametrize("pattern", LOST)
def test_a_lost_file_is_noticed(home: Settings, pattern: str) -> None:
    path, content = lose(sorted(home.home.glob(pattern))[0])
    assert is_noticed(home)
    path.write_bytes(content)
    assert not is_noticed(home)


def test_an_extract_that_the_publication_lists_and_landing_lacks_stops_by_name_with_the_way_out(home: Settings) -> None:
    extract = landed_extracts(home.landing)[0]
    lost = [lose(extract.parquet(home.landing)), lose(extract.manifest(home.landing))]
    with pytest.raises(DvcttError) as stopped:
        inspection.inspect_home(home)
    assert f"{extract.extract_id}.parquet: gone, but the current publication is made of it" in str(stopped.value)
    assert "restore both files from backup" in str(stopped.value)
    for path, content in lost:
        path.write_bytes(content)


def test_an_extract_that_an_older_version_landed_is_held_against_what_the_publication_kept(home: Settings) -> None:
    extract = landed_extracts(home.landing)[0]
    manifest, path = extract.manifest(home.landing), extract.parquet(home.landing)
    before, content = manifest.read_bytes(), path.read_bytes()
    rewrite(manifest, parquet_sha256=None)
    assert not is_noticed(home)
    path.chmod(0o644)
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    assert is_noticed(home)
    path.write_bytes(content)
    manifest.write_bytes(before)


def test_a_file_that_no_closing_lists_is_not_read_as_one_of_it(home: Settings) -> None:
    unknown = home.closed / "2022-10" / "2" / "marts" / "mart_online_rates_2.parquet"
    shutil.copyfile(unknown.with_name("mart_online_rates.parquet"), unknown)
    assert is_noticed(home)
    unknown.unlink()


def test_a_lost_line_of_a_ledger_is_noticed(home: Settings) -> None:
    """A withdrawal that is lost would bring the withdrawn file back without a word."""
    ledger = home.ledgers / "withdrawals.jsonl"
    ledger.parent.mkdir(exist_ok=True)
    line = '{"event": "restored", "extract_id": "x", "by": "A", "reason": "B", "at": "2022-11-01"}\n'
    ledger.write_text(line, encoding="utf-8")
    manifest = home.published / "1" / "manifest.json"
    before = manifest.read_bytes()
    rewrite(manifest, ledgers=stages.integrity.hashes_of_ledgers(home.ledgers))
    assert not is_noticed(home)
    ledger.write_text(line + line, encoding="utf-8")
    assert not is_noticed(home), "a ledger grows"
    for damaged in ("", line.replace("restored", "restorEd")):
        ledger.write_text(damaged, encoding="utf-8")
        assert is_noticed(home)
    ledger.unlink()
    assert is_noticed(home)
    manifest.write_bytes(before)
