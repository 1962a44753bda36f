"""One sample for all tests of this folder: writing it takes seconds, and nothing may change it afterwards."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from dvctt.sample import SampleSummary, write_sample

PROVINCE = Path(__file__).resolve().parents[2] / "include" / "provinces" / "vinh_phuc"
KEYS = {
    "filings": ("MaHoSo",),
    "payment_requests": ("MaYeuCau",),
    "payment_attempts": ("MaThamChieu",),
    "procedures": ("MaTTHC", "HieuLucTu"),
}


@dataclass(frozen=True)
class Sample:
    """A written sample, read back with nothing but the csv module."""

    out: Path
    summary: SampleSummary
    progress: list[tuple[str, int]]
    held: dict[str, list[tuple[str, dict[str, str]]]] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        return self.out / "one_stop"

    def files(self, entity: str) -> list[Path]:
        """In order of arrival: a month's first file, then its supplements by name."""
        return sorted(
            (self.root / entity).glob("*.csv"), key=lambda path: (path.name[:7], path.name.count("."), path.name)
        )

    def rows(self, entity: str) -> list[tuple[str, dict[str, str]]]:
        """Every row as it came, with its file's name; ``file_month`` is put to its columns. Read once."""
        if entity not in self.held:
            self.held[entity] = [(path.name, row) for path in self.files(entity) for row in read_rows(path)]
        return self.held[entity]

    def newest(self, entity: str) -> list[dict[str, str]]:
        """One row a key, the later arrival winning."""
        return list({tuple(row[column] for column in KEYS[entity]): row for _, row in self.rows(entity)}.values())


def read_rows(path: Path) -> Iterator[dict[str, str]]:
    # Most values stand in thousands of rows: kept once, all rows fit into memory easily.
    once: dict[str, str] = {}
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        header = [*next(reader), "file_month"]
        for values in reader:
            yield dict(zip(header, [once.setdefault(v, v) for v in (*values, path.name[:7])], strict=True))


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    out = tmp_path_factory.mktemp("sample")
    progress: list[tuple[str, int]] = []
    summary = write_sample(PROVINCE, out, progress=lambda name, rows: progress.append((name, rows)))
    return Sample(out, summary, progress)


@pytest.fixture(scope="session")
def filings(sample: Sample) -> list[dict[str, str]]:
    return sample.newest("filings")


@pytest.fixture(scope="session")
def requests(sample: Sample) -> list[dict[str, str]]:
    return sample.newest("payment_requests")


@pytest.fixture(scope="session")
def attempts(sample: Sample) -> list[dict[str, str]]:
    return sample.newest("payment_attempts")


@pytest.fixture(scope="session")
def procedures(sample: Sample) -> list[dict[str, str]]:
    return sample.newest("procedures")


def day_of(text: str) -> str:
    """``YYYY-MM-DD`` of a time in any form of the contract."""
    if re.match(r"\d{2}/\d{2}/\d{4}", text):
        return f"{text[6:10]}-{text[3:5]}-{text[:2]}"
    if re.match(r"\d{8}", text):
        return f"{text[:4]}-{text[4:6]}-{text[6:8]}"
    return text[:10]


def sortable(text: str) -> str:
    """Digits ``yyyyMMddHHmmss`` of a time in any form of the contract."""
    day = day_of(text).replace("-", "")
    if re.fullmatch(r"\d{14}", text):
        return text
    clock = re.sub(r"\D", "", text[10:].split(".")[0])
    return day + clock.ljust(6, "0")
