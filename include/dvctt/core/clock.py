"""The only place that reads the clock.

What is published must not depend on the day it was built, so only rooms that record *when something happened to a
file* may import this module: extract and landing (when a file was fetched), ledger (when somebody decided), publish (when
the pointer moved), closing (when a month was closed), notify and the command line. tests/house/test_rules.py holds the list.
"""

from datetime import datetime
from zoneinfo import ZoneInfo

LOCAL_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def now() -> datetime:
    """The present moment in Asia/Ho_Chi_Minh, whole seconds, aware."""
    return datetime.now(LOCAL_ZONE).replace(microsecond=0)
