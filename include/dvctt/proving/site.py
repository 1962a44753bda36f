"""What a fault may touch: a copy of the good data at one point of its way, and the few tools to spoil it there.

Files are rewritten whole, tables by one statement. Which fault does what stands in the catalogue; what becomes of it is
the engine's to find out.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import duckdb

from dvctt.core.errors import DvcttError
from dvctt.province.model import Province
from dvctt.proving.data import LAST, Row, read_file, write_file


class Place(NamedTuple):
    """A row's place in its source file; the first row after the header is 1."""

    entity: str
    file_name: str
    row_number: int


@dataclass(frozen=True)
class Site:
    """A copy of the good data, and a connection to its candidate from staging on.

    Attributes:
        turn: how many agencies further a fault strikes. Faults that share a build take turns, so that no two of them
            touch rows of one agency.
    """

    province: Province
    inbox: Path
    landing: Path
    baselines: Path
    database: duckdb.DuckDBPyConnection | None = None
    turn: int = 0

    @property
    def publication(self) -> Path:
        """The folder of the publication that readers see."""
        return self.landing.parent / "published" / "1"

    @property
    def source(self) -> str:
        return self.province.sources[0].id

    def agency(self, number: int) -> str:
        """The code of one of the agencies, 0 for the first; whose turn it is, if faults take turns."""
        agencies = self.province.agencies
        return agencies[(number + self.turn) % len(agencies)].agency_code

    def own_file(self, number: int) -> str:
        """The stem of the filings file that an agency sends for the last month."""
        return f"{LAST}.{self.agency(number)}"

    def places(self, entity: str, stem: str, number: int) -> list[int]:
        """Where an agency's rows stand in a file, 1 for the first row after the header. Attempts name no agency of their own:
        their filing does.
        """
        code = self.agency(number)
        return [
            place
            for place, row in enumerate(self.rows(entity, stem), start=1)
            if row.get("MaDonVi", code) == code and row.get("MaHoSo", f"{code}-").startswith(f"{code}-")
        ]

    def rows(self, entity: str, stem: str) -> list[Row]:
        return read_file(self.inbox, self.source, entity, stem)

    def write(
        self, entity: str, stem: str, rows: Sequence[Row], *, control: bool = True, header: Sequence[str] | None = None
    ) -> None:
        write_file(self.inbox, self.source, entity, stem, rows, control=control, header=header)

    def csv(self, entity: str, stem: str) -> Path:
        return self.inbox / self.source / entity / f"{stem}.csv"

    def control(self, entity: str, stem: str) -> Path:
        return self.inbox / self.source / entity / f"{stem}.control.json"

    def landed(self, entity: str, month: object, ending: str) -> Path:
        """The one landed file of an entity's month with this ending, .json or .parquet.

        Raises:
            DvcttError: there is none, or more than one: the fault would spoil something else.
        """
        found = sorted((self.landing / self.source / entity / f"month={month}").glob(f"*{ending}"))
        if len(found) != 1:
            raise DvcttError(f"{self.landing}: {entity} of {month}: found {len(found)} *{ending} files, wanted 1")
        return found[0]

    def sql(self, statement: str) -> None:
        """One statement on the candidate.

        Raises:
            DvcttError: the candidate is not open yet: the fault is injected too early for SQL.
        """
        if self.database is None:
            raise DvcttError("no candidate yet: a fault that writes SQL is injected at staging or later")
        self.database.execute(statement)


Injection = Callable[[Site], Iterable[Place]]
"""Spoils one thing and names the rows that must be found, if it is rows that must be found."""
