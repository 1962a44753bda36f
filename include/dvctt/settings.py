"""The three environment variables that select an installation, and where its folders are.

Nothing here reads a province or a record.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from dvctt.core.errors import ConfigError

PACKAGE_ROOT = Path(__file__).resolve().parent
INCLUDE_ROOT = PACKAGE_ROOT.parent
PROJECT_ROOT = Path(os.environ.get("DVCTT_PROJECT", INCLUDE_ROOT.parent))
"""Where dags/, dbt_project/ and expectations/ lie: the checkout, or what an image names in DVCTT_PROJECT."""


_UNUSABLE = {"DVCTT_HOME": re.compile(r"[?\\\x00-\x1f\x7f]"), "DVCTT_INBOX": re.compile(r"[\\\x00-\x1f\x7f]")}
"""What a path must not hold: beside a database with ``?`` in its path DuckDB writes its log elsewhere; see dvctt.core.sql."""


@dataclass(frozen=True)
class Settings:
    """One installation: which province, where its source files lie, and the home that all it makes goes under.

    ``DVCTT_PROVINCE`` is a folder, or the name of one in include/provinces (default ``vinh_phuc``); ``DVCTT_HOME``
    defaults to var/ in the checkout; ``DVCTT_INBOX`` defaults to ``<home>/inbox``. Two homes share nothing.
    """

    province_folder: Path
    inbox: Path
    home: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Read the three variables.

        Raises:
            ConfigError: ``DVCTT_PROVINCE`` is neither a folder nor the name of a bundled one.
        """
        env = os.environ if environment is None else environment
        for name in ("DVCTT_HOME", "DVCTT_INBOX"):
            if unusable := _UNUSABLE[name].search(env.get(name) or ""):
                raise ConfigError(
                    f"{name}: the path holds {unusable[0]!r}, which DuckDB cannot take as a part of a path; wanted one without"
                )
        home = home_of(env)
        inbox = Path(env.get("DVCTT_INBOX") or home / "inbox").resolve()
        return cls(province_folder=_province_folder(env.get("DVCTT_PROVINCE") or "vinh_phuc"), inbox=inbox, home=home)

    @property
    def fetched(self) -> Path:
        """What was fetched from running systems, as files: an inbox that the warehouse fills itself."""
        return self.home / "fetched"

    @property
    def landing(self) -> Path:
        return self.home / "landing"

    @property
    def candidate(self) -> Path:
        return self.home / "candidate"

    @property
    def published(self) -> Path:
        return self.home / "published"

    @property
    def closed(self) -> Path:
        """Closed months, frozen: one folder a month and revision."""
        return self.home / "closed"

    @property
    def verdicts(self) -> Path:
        """Every verdict of this home, in order: what the mart of verdicts is made of."""
        return self.home / "verdicts"

    @property
    def ledgers(self) -> Path:
        """What people decided about landed files, one append-only file a kind of decision."""
        return self.home / "ledgers"

    @property
    def airflow_home(self) -> Path:
        return self.home / "airflow"


def home_of(environment: Mapping[str, str]) -> Path:
    """The folder that all of an installation goes under."""
    return Path(environment.get("DVCTT_HOME") or PROJECT_ROOT / "var").resolve()


def _province_folder(named: str) -> Path:
    bundled = INCLUDE_ROOT / "provinces"
    for folder in (Path(named), bundled / named):
        if folder.is_dir():
            return folder.resolve()
    known = ", ".join(sorted(path.name for path in bundled.iterdir() if path.is_dir()))
    raise ConfigError(
        f"DVCTT_PROVINCE: no province folder {named!r}; wanted a folder's path, or one of {known} in {bundled}"
    )
