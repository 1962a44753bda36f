"""The sample's files read back, as the records that a running system would hold: what `serve` and `load` both stand on.

What may live here: which records a month has, in which order. What may not: how they are sent.
"""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from dvctt.province.model import Source


def months_of(folder: Path, entity: str) -> list[str]:
    """The months of which an entity has files, in order.

    Args:
        folder: a source's folder of the sample's CSV files: ``<entity>/<YYYY-MM>[.suffix].csv``.
    """
    return sorted({path.name[:7] for path in (folder / entity).glob("*.csv")})


def records_of(folder: Path, entity: str, month: str) -> Iterator[dict[str, str]]:
    """A month's records, by column: those of the plain file first, then those of its supplements, as they would have come."""
    paths = (folder / entity).glob(f"{month}*.csv")
    for path in sorted(paths, key=lambda path: path.name.removesuffix(".csv")):
        with path.open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)


def as_fetched(
    source: Source,
    kind: str,
    months: tuple[str, str],
    entities: Mapping[str, Mapping[str, Any]],
    options: Mapping[str, Any] | None = None,
) -> str:
    """The text of a sources.yml in which a source of files is one that is fetched.

    Args:
        months: first and last that it is asked for.
        entities: options of each entity.
        options: of the source.
    """
    written: dict[str, Any] = {
        "id": source.id,
        "name_vi": source.name_vi,
        "kind": kind,
        "connection": source.id,
        "sample": True,
    }
    written |= {"options": dict(options)} if options else {}
    written |= {"fetch": dict(zip(("first_month", "last_month"), months, strict=True)), "no_date": list(source.no_date)}
    written["entities"] = {
        name: {
            "month_means": feed.month_means,
            **({"optional": True} if feed.optional else {}),
            "options": dict(entities[name]),
        }
        for name, feed in source.entities.items()
    }
    return yaml.safe_dump({"sources": [written]}, allow_unicode=True, sort_keys=False, width=120)
