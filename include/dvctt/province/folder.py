"""Reads a province folder: which files it holds, and what becomes of them.

The files become the frozen objects of `model`, held against each other by `rules`. Nothing here reads records, and nothing here
knows a province by name.
"""

import hashlib
import logging
from pathlib import Path

from dvctt.core.errors import ConfigError
from dvctt.province.metrics import in_current_spelling
from dvctt.province.model import (
    Agency,
    AgencySuccession,
    Close,
    CloseWaiver,
    CommuneSuccession,
    DriftBand,
    ExpectedFeed,
    Province,
    ProvinceFile,
    PublishedCheck,
    PublishedFigure,
    Source,
    SourcesFile,
    Target,
    ValueMapping,
)
from dvctt.province.reading import read_csv, read_yaml
from dvctt.province.rules import (
    refuse_contradicted_communes,
    refuse_duplicates,
    refuse_impossible_checks,
    refuse_impossible_successions,
    refuse_overlaps,
    refuse_split_communes,
    refuse_strange_figures,
    refuse_strange_service,
    refuse_strange_values,
    refuse_strange_waivers,
    refuse_unknown,
)
from dvctt.settings import Settings

log = logging.getLogger(__name__)

PROVINCE_FILES = (
    "province.yml",
    "sources.yml",
    "agencies.csv",
    "agency_successions.csv",
    "commune_succession.csv",
    "targets.csv",
    "published_figures.csv",
    "expected_feeds.csv",
    "drift_bands.csv",
    "close_waivers.csv",
)
"""What a province folder must hold. sample.yml is read by the sample alone."""

OPTIONAL_PROVINCE_FILES = ("values.csv",)
"""What it may hold as well. Together with the others these are the province's digest."""


PUBLISHED_CHECKS = "published_checks.csv"
"""May be there: what should add up among the printed figures. No run reads it, so it is no part of the digest."""


def read_close(folder: Path) -> Close:
    """When a province's months are asked to be closed: one small file, for a DAG that is parsed often.

    Raises:
        ConfigError: province.yml is missing or wrong; the message gives file, line and key.
    """
    return _read_province_file(folder).close


def read_timezone(folder: Path) -> str:
    """A province's time zone, from the same small file.

    Raises:
        ConfigError: province.yml is missing or wrong; the message gives file, line and key.
    """
    return _read_province_file(folder).timezone


def installed_systems() -> tuple[Source, ...]:
    """The running systems of the province that this installation serves, for a DAG that is parsed often: one small file.

    None where the file cannot be read: the night's landing says what is wrong with it and tells people, whereas a DAG that
    cannot be parsed does not run and tells nobody.
    """
    try:
        sources = read_yaml(Settings.from_environment().province_folder / "sources.yml", SourcesFile).sources
    except ConfigError as error:
        log.warning("no system is fetched from: %s", error)
        return ()
    return tuple(source for source in sources if source.connection is not None)


def installed_timezone() -> str:
    """The time zone of the province that this installation serves.

    Raises:
        ConfigError: DVCTT_PROVINCE names no province, or its province.yml is missing or wrong.
    """
    return read_timezone(Settings.from_environment().province_folder)


def _read_province_file(folder: Path) -> ProvinceFile:
    path = folder / "province.yml"
    if not path.is_file():
        raise ConfigError(f"{path}: no such file; wanted a province folder")
    return read_yaml(path, ProvinceFile)


def load_province(folder: Path) -> Province:
    """Load and check a province folder.

    Raises:
        ConfigError: a file is missing or unreadable, a key is unknown or missing, a value is of the wrong form, or two
            files contradict each other; the message gives file, line and key.
    """
    missing = [name for name in PROVINCE_FILES if not (folder / name).is_file()]
    if missing:
        raise ConfigError(f"{folder}: not a province folder; missing {', '.join(missing)}")
    province = read_yaml(folder / "province.yml", ProvinceFile)
    sources = read_yaml(folder / "sources.yml", SourcesFile)
    agencies = read_csv(folder / "agencies.csv", Agency)
    successions = read_csv(folder / "agency_successions.csv", AgencySuccession)
    communes = read_csv(folder / "commune_succession.csv", CommuneSuccession)
    targets = read_csv(folder / "targets.csv", Target)
    figures = read_csv(folder / "published_figures.csv", PublishedFigure)
    group_codes = {group.code for group in province.groups}
    for line, agency in agencies:
        if agency.group_code not in group_codes:
            raise ConfigError(
                f"{folder / 'agencies.csv'}:{line}: key group_code: found {agency.group_code!r}, "
                f"wanted a group of province.yml: {', '.join(sorted(group_codes))}"
            )
    feeds = read_csv(folder / "expected_feeds.csv", ExpectedFeed)
    bands = read_csv(folder / "drift_bands.csv", DriftBand)
    waivers = read_csv(folder / "close_waivers.csv", CloseWaiver)
    mappings = read_csv(folder / "values.csv", ValueMapping) if (folder / "values.csv").is_file() else []
    refuse_strange_values(folder / "values.csv", sources.sources, mappings)
    refuse_unknown(folder, sources.sources, group_codes, agencies, feeds, bands)
    refuse_strange_service(folder / "sources.yml", sources.sources, group_codes, agencies)
    refuse_strange_waivers(folder / "close_waivers.csv", sources.sources, agencies, waivers)
    refuse_overlaps(folder / "agencies.csv", agencies)
    refuse_impossible_successions(folder / "agency_successions.csv", agencies, successions)
    refuse_split_communes(folder / "commune_succession.csv", communes)
    refuse_contradicted_communes(folder / "agency_successions.csv", successions, communes)
    refuse_duplicates(folder / "targets.csv", "target_id", ((line, row.target_id) for line, row in targets))
    refuse_duplicates(folder / "published_figures.csv", "figure_id", ((line, row.figure_id) for line, row in figures))
    figures = in_current_spelling(figures, province.groups)
    refuse_strange_figures(folder / "published_figures.csv", province, agencies, targets, figures)
    checks = read_csv(folder / PUBLISHED_CHECKS, PublishedCheck) if (folder / PUBLISHED_CHECKS).is_file() else []
    refuse_impossible_checks(folder / PUBLISHED_CHECKS, figures, checks)
    return Province(
        **dict(province),
        folder=folder,
        digest=_digest(folder),
        sources=sources.sources,
        agencies=tuple(row for _, row in agencies),
        agency_successions=tuple(row for _, row in successions),
        commune_succession=tuple(row for _, row in communes),
        targets=tuple(row for _, row in targets),
        published_figures=tuple(row for _, row in figures),
        published_checks=tuple(row for _, row in checks),
        expected_feeds=tuple(row for _, row in feeds),
        drift_bands=tuple(row for _, row in bands),
        close_waivers=tuple(row for _, row in waivers),
        value_mappings=tuple(row for _, row in mappings),
    )


def _digest(folder: Path) -> str:
    total = hashlib.sha256()
    for name in (*PROVINCE_FILES, *(name for name in OPTIONAL_PROVINCE_FILES if (folder / name).is_file())):
        total.update(f"{name}\0{hashlib.sha256((folder / name).read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()
