"""One month at four points: what the source says it sent, what lies in landing now, what became of it, what is published.

Counts again, from the files themselves: landing's Parquet and the publication's facts are read here and now and held against
the manifests and the audit tables of the night, so that a row that was lost *after* the gate has passed is found too.
Nothing here is a rule of the business; what may differ is nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from dvctt.core.contract import ENTITIES
from dvctt.core.engines import describe_error
from dvctt.core.errors import LandingError, PublishError
from dvctt.core.period import Month
from dvctt.core.sql import file_literal, readable
from dvctt.databases import open_database
from dvctt.extract.files import whole_number
from dvctt.landing.zone import Extract, active_extracts, landed_extracts
from dvctt.publications.reading import current_publication, refuse_damaged
from dvctt.settings import Settings

FACTS = {
    "filings": "fct_filings",
    "payment_requests": "fct_payments",
    "payment_attempts": "fct_payment_attempts",
    "procedures": "dim_procedures",
    "reported_figures": "fct_reported_figures",
    "index_counts": "fct_index_counts",
}


@dataclass(frozen=True)
class Line:
    """One source and entity, or one agency of it, at the four points.

    ``unit`` is rows or VND. ``control`` is None where the source states no total (and for an agency: it states none).
    ``landed`` is counted now; ``accounted`` is fact + quarantined + superseded (rows of replaced versions included) as the
    gate saw it; ``fact`` is the part of it that became facts, ``published`` what the publication's facts hold now.
    """

    source_id: str
    entity: str
    month: str
    agency_code: str | None
    agency_name_vi: str | None
    unit: str
    control: int | None
    landed: int
    accounted: int
    fact: int | None
    published: int | None

    @property
    def differences(self) -> dict[str, int]:
        """Where two neighbouring points differ, and by how much; empty when all agree."""
        pairs = {
            "landed - control": (self.landed, self.control),
            "accounted - landed": (self.accounted, self.landed),
            "published - fact": (self.published, self.fact),
        }
        return {
            name: now - before
            for name, (now, before) in pairs.items()
            if now is not None and before is not None and now != before
        }


def reconcile(settings: Settings, month: Month) -> list[Line]:
    """Every source, entity and agency of the month in the current publication, in their order.

    Raises:
        PublishError: there is no publication, it holds nothing of the month, or is not what was published.
        LandingError: a landing file cannot be read.
    """
    publication = current_publication(settings.published)
    if publication is None:
        raise PublishError(f"{settings.published}: no publication yet; wanted one that passed its gate: make run")
    refuse_damaged(publication)
    listed = {extract["extract_id"] for extract in publication.manifest["extracts"]}
    held = [extract for extract in landed_extracts(settings.landing) if extract.extract_id in listed]
    active = {extract.extract_id for extract in active_extracts(held)}
    of_month = [extract for extract in held if extract.month == str(month)]
    if not of_month:
        raise PublishError(f"publication {publication.number} holds nothing of {month}; nothing was looked at")
    lines: list[Line] = []
    with open_database() as connection:
        connection.execute(f"attach {file_literal(publication.marts)} as marts (read_only)")
        for source, entity in sorted({(extract.source, extract.entity) for extract in of_month}):
            extracts = [e for e in of_month if (e.source, e.entity) == (source, entity)]
            counting = _Counting(connection, settings.landing, source, entity, month, extracts, active)
            lines.extend(counting.lines())
    return lines


@dataclass(frozen=True)
class _Counting:
    """The counts of one source and entity of the month."""

    connection: duckdb.DuckDBPyConnection
    landing: Path
    source: str
    entity: str
    month: Month
    extracts: Sequence[Extract]
    active: set[str]

    def lines(self) -> list[Line]:
        rows = self._line(
            "rows", None, None, self._control("rows"), self._landed(), *self._accounted(), self._published()
        )
        found = [rows]
        if ENTITIES[self.entity].amount:
            found.append(self._amount_line())
        if self.entity in ("filings", "payment_requests"):
            found.extend(self._agency_lines())
        return found

    def _line(self, unit: str, code: str | None, name: str | None, *points: int | None) -> Line:
        control, landed, accounted, fact, published = points
        return Line(
            self.source,
            self.entity,
            str(self.month),
            code,
            name,
            unit,
            control,
            landed or 0,
            accounted or 0,
            fact,
            published,
        )

    def _control(self, unit: str) -> int | None:
        """The source's own total, if it states one for every file that is counted."""
        counted = self.extracts if unit == "rows" else [e for e in self.extracts if e.extract_id in self.active]
        totals = [e.control_rows if unit == "rows" else e.control_total_amount_vnd for e in counted]
        return None if None in totals else sum(total for total in totals if total is not None)

    def _files(self, *, only_active: bool) -> list[str]:
        chosen = [e for e in self.extracts if not only_active or e.extract_id in self.active]
        return [readable(extract.parquet(self.landing)) for extract in chosen]

    def _read(self, sql: str, files: list[str]) -> list[Any]:
        try:
            return self.connection.execute(sql, [files]).fetchall()
        except duckdb.Error as error:
            raise LandingError(
                f"{self.landing}: {self.entity} of {self.month} cannot be read: {describe_error(error)}"
            ) from None

    def _landed(self) -> int:
        return int(self._read("select count(*) from read_parquet(?)", self._files(only_active=False))[0][0])

    def _accounted(self) -> tuple[int, int]:
        row = self.connection.execute(
            "select accounted_rows, fact_rows from marts.aud_row_reconciliation "
            "where source_id = ? and entity = ? and file_month = ?",
            [self.source, self.entity, self.month.first_day],
        ).fetchone()
        return (int(row[0]), int(row[1])) if row else (0, 0)

    def _published(self, amount: str = "count(*)") -> int:
        row = self.connection.execute(
            f"select coalesce({amount}, 0) from marts.{FACTS[self.entity]} where list_contains(?, extract_id)",
            [[extract.content_id for extract in self.extracts]],
        ).fetchone()
        return int(row[0]) if row else 0

    def _amount_line(self) -> Line:
        amount = f"coalesce(sum({whole_number(ENTITIES[self.entity].amount or '')}), 0)"
        landed = self._read(f"select {amount} from read_parquet(?)", self._files(only_active=True))[0][0]
        row = self.connection.execute(
            "select accounted_amount_vnd, fact_amount_vnd from marts.aud_amount_reconciliation "
            "where source_id = ? and entity = ? and file_month = ?",
            [self.source, self.entity, self.month.first_day],
        ).fetchone() or (0, 0)
        return self._line(
            "VND",
            None,
            None,
            self._control("VND"),
            int(landed),
            int(row[0]),
            int(row[1]),
            self._published("sum(amount_vnd)"),
        )

    def _agency_lines(self) -> list[Line]:
        """Rows, and VND where there are any, by the agency code as written, so that a difference has an address."""
        units = {"rows": ("count(*)", "accounted_rows", "fact_rows", "count(*)")}
        if amount := ENTITIES[self.entity].amount:
            landed = f"coalesce(sum({whole_number(amount)}), 0)"
            units["VND"] = (landed, "staged_amount_vnd", "fact_amount_vnd", "sum(amount_vnd)")
        return [line for unit, points in units.items() for line in self._lines_of_agencies(unit, *points)]

    def _lines_of_agencies(
        self, unit: str, landed_sql: str, accounted: str, fact: str, published_sql: str
    ) -> list[Line]:
        landed = dict(
            self._read(
                f"select nullif(trim(MaDonVi), ''), {landed_sql} from read_parquet(?) group by 1",
                self._files(only_active=True),
            )
        )
        audited = {
            code: (name, int(now or 0), int(facts or 0))
            for code, name, now, facts in self.connection.execute(
                f"select source_agency_code, agency_name_vi, {accounted}, {fact} from marts.aud_agency_rows "
                "where source_id = ? and entity = ? and file_month = ?",
                [self.source, self.entity, self.month.first_day],
            ).fetchall()
        }
        published = dict(
            self.connection.execute(
                f"select source_agency_code, {published_sql} from marts.{FACTS[self.entity]} "
                "where list_contains(?, extract_id) group by 1",
                [[extract.content_id for extract in self.extracts]],
            ).fetchall()
        )
        nobody = (None, 0, 0)
        codes = sorted({*landed, *audited, *published}, key=lambda code: (code is None, code or ""))
        return [
            self._line(
                unit,
                code or "(không ghi)",
                audited.get(code, nobody)[0],
                None,
                int(landed.get(code, 0)),
                *audited.get(code, nobody)[1:],
                int(published.get(code, 0)),
            )
            for code in codes
        ]
