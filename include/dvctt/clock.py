"""The only place that reads the clock, in the time zone of the province.

What is published must not depend on the day it was built, so only rooms that record *when something happened to a
file* may import this module: landing (when a file was fetched, when somebody withdrew it), publications (when the pointer
moved), closing (when a month was closed), notify and the command line. tests/house/test_rules.py holds the list.
"""

from datetime import UTC, datetime, tzinfo
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from dvctt.core.errors import ConfigError
from dvctt.province.folder import read_timezone
from dvctt.settings import Settings


def now() -> datetime:
    """The present moment in the province's zone, whole seconds, aware."""
    return datetime.now(local_zone()).replace(microsecond=0)


def local_zone() -> tzinfo:
    """The zone of the province that this installation serves.

    UTC where its folder cannot be read: nothing is published then, and the alert about it needs a moment all the same.
    """
    try:
        return _zone_of(Settings.from_environment().province_folder)
    except ConfigError:
        return UTC


@cache
def _zone_of(province_folder: Path) -> ZoneInfo:
    return ZoneInfo(read_timezone(province_folder))
