"""Months that a named person has closed: frozen figures, in folders that are never changed.

Layout::

    closed/<YYYY-MM>/<revision>/   manifest.json  figures.csv  facts/  marts/  definitions/  reports/
"""

from pathlib import Path

from dvctt.past import ClosedMonth, read_closed


def closed_now(closed: Path) -> list[ClosedMonth]:
    """The newest revision of every month that is closed, in the order of the months."""
    months = []
    for folder in sorted(closed.glob("????-??")):
        revisions = sorted(int(path.name) for path in folder.iterdir() if path.name.isdecimal())
        if revisions:
            months.append(read_closed(folder / str(revisions[-1])))
    return months
