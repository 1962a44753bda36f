"""The schema ``landing`` of the candidate: which extracts there are, and one view per entity over the active ones.

What rows of a source may be seen as is decided here; what they mean is not.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb

from dvctt.core.columns import Count
from dvctt.core.contract import ENTITIES, IDENTITY, IDENTITY_WITHIN, UNLISTED, Entity
from dvctt.core.engines import describe_error
from dvctt.core.errors import LandingError
from dvctt.core.sql import identifier, literal, read_literals, readable
from dvctt.landing.refusals import Refusal
from dvctt.landing.zone import WITHDRAWN, Extract, name_arrivals
from dvctt.province.model import Province
from dvctt.warehouse.tables import write_table


@dataclass(frozen=True)
class LandedExtract:
    """A row of ``landing.extracts``."""

    extract_id: str
    source_id: str
    entity: str
    file_month: str
    file_name: str
    arrival: int
    month_means: str
    is_active: bool
    landed_rows: Count
    landed_amount_vnd: Count | None
    control_rows: Count | None
    control_amount_vnd: Count | None
    fetched_at: datetime
    left_out: str | None
    no_date_words: tuple[str, ...]
    no_date_days: tuple[date, ...]


@dataclass(frozen=True)
class AgencyControl:
    """A row of ``landing.agency_controls``: what a control file states of one agency."""

    extract_id: str
    agency_code: str
    stated_rows: Count


@dataclass(frozen=True)
class RefusedFile:
    """A row of ``landing.refused_files``: what lies in the inbox and did not land."""

    refusal_number: Count
    source_id: str
    entity: str | None
    file_month: str | None
    file_name: str | None
    refusal_reason: str


def write_refused_files(connection: duckdb.DuckDBPyConnection, refused: Sequence[Refusal]) -> None:
    """What was refused, numbered in the order that it is given in."""
    rows = [
        RefusedFile(number, one.source, one.entity, one.month, one.file_name, one.reason)
        for number, one in enumerate(refused, start=1)
    ]
    write_table(connection, "landing.refused_files", RefusedFile, rows)


def write_extracts(
    connection: duckdb.DuckDBPyConnection,
    province: Province,
    extracts: Sequence[Extract],
    active: Sequence[Extract],
    left_out: Mapping[str, str],
) -> None:
    """What has landed. What a person withdrew is as if it had never come. What is held has come, and its month is owed and
    told of.
    """
    active_ids = {extract.extract_id for extract in active}
    write_table(connection, "landing.extracts", LandedExtract, _extracts(province, extracts, active_ids, left_out))
    write_table(
        connection, "landing.agency_controls", AgencyControl, _agency_controls(extracts, active_ids, left_out.keys())
    )


def write_views(connection: duckdb.DuckDBPyConnection, landing: Path, active: Sequence[Extract]) -> None:
    """One view per entity over the active extracts; the catalogue of procedures first, for the others look names up in it."""
    for name in sorted(ENTITIES, key=lambda name: name != "procedures"):
        paths = [extract.parquet(landing) for extract in active if extract.entity == name]
        connection.execute(_view_of_entity(name, paths))


def _id_of(extract: Extract, active_ids: Set[str]) -> str:
    return extract.content_id if extract.extract_id in active_ids else f"{extract.extract_id}@{extract.arrival}"


def _in_order(extracts: Iterable[Extract]) -> list[Extract]:
    return sorted(extracts, key=lambda extract: (extract.source, extract.entity, extract.arrival))


def _extracts(
    province: Province, extracts: Sequence[Extract], active_ids: Set[str], left_out: Mapping[str, str]
) -> list[LandedExtract]:
    places = name_arrivals(extracts)
    no_dates = {source.id: (source.no_date_words, source.no_date_days) for source in province.sources}
    return [
        LandedExtract(
            extract_id=_id_of(extract, active_ids),
            source_id=extract.source,
            entity=extract.entity,
            file_month=extract.month,
            file_name=extract.file_name,
            arrival=places[extract.name_key],
            month_means=extract.month_means,
            is_active=extract.extract_id in active_ids,
            landed_rows=extract.rows,
            landed_amount_vnd=extract.total_amount_vnd,
            control_rows=extract.control_rows,
            control_amount_vnd=extract.control_total_amount_vnd,
            fetched_at=datetime.fromisoformat(extract.finished_at).replace(tzinfo=None),
            left_out=left_out.get(extract.extract_id),
            no_date_words=no_dates.get(extract.source, ((), ()))[0],
            no_date_days=no_dates.get(extract.source, ((), ()))[1],
        )
        for extract in _in_order(extracts)
        if left_out.get(extract.extract_id) != WITHDRAWN
    ]


def _agency_controls(extracts: Sequence[Extract], active_ids: Set[str], left_out: Set[str]) -> list[AgencyControl]:
    return [
        AgencyControl(_id_of(extract, active_ids), code.strip(), rows)
        for extract in _in_order(extracts)
        if extract.extract_id not in left_out
        for code, rows in sorted((extract.control_agencies or {}).items())
    ]


def verify_files(connection: duckdb.DuckDBPyConnection, landing: Path, active: Sequence[Extract]) -> None:
    """Every active file must open as Parquet and hold the rows that its manifest lists."""
    for extract in active:
        path = extract.parquet(landing)
        remedy = "restore it from backup, or ask the source to send its month again"
        try:
            found = connection.execute("select num_rows from parquet_file_metadata(?)", [readable(path)]).fetchone()
        except duckdb.Error as error:
            raise LandingError(f"{path}: damaged: {describe_error(error)}; {remedy}") from None
        if found is None or found[0] != extract.rows:
            raise LandingError(f"{path}: damaged: found {found and found[0]} rows, wanted {extract.rows}; {remedy}")


def _view_of_entity(name: str, paths: Sequence[Path]) -> str:
    """What the rest of the warehouse sees of landed rows: codes of the contract's forms and names of its lists, no other text
    in their columns. The names of procedures are looked up in the catalogue's own view, which must be there.
    """
    entity = ENTITIES[name]
    if not paths:
        empty = ", ".join(f"null::varchar as {identifier(column)}" for column in entity.columns)
        return f"create view landing.{name} as select null::varchar as extract_id, 0::bigint as row_number, {empty} where false"
    columns = ", ".join(f"{_seen_of(entity, column)} as {identifier(column)}" for column in entity.columns)
    return (
        f"create view landing.{name} as "
        f"select regexp_extract(filename, '([^/]+-[0-9a-f]{{12}})(-\\d+)?\\.parquet$', 1) as extract_id, row_number, {columns} "
        f"from read_parquet({read_literals(paths)}, filename = true, hive_partitioning = false)"
    )


_BLANKS = r"[\s\p{Z}\p{Cf}]*"


def _seen_of(entity: Entity, column: str) -> str:
    """SQL: a landed column as the warehouse may see it."""
    cell = identifier(column)
    if form := entity.codes.get(column):
        whole, identity = (literal(f"{_BLANKS}(?:{pattern}){_BLANKS}") for pattern in (form, IDENTITY))
        return (
            f"case when {cell} is null or regexp_full_match({cell}, {literal(_BLANKS)}) then {cell} "
            f"when regexp_full_match({cell}, {whole}) and not regexp_full_match({cell}, {identity}) then {cell} "
            f"else {literal(UNLISTED)} end"
        )
    match entity.names.get(column):
        case "catalogue":
            # The catalogue is where names come from: whatever it calls a procedure, but not numbers of people, nor addresses.
            personal = literal(rf"@|\d{{9}}|{IDENTITY_WITHIN}")
            return f"case when not regexp_matches({cell}, {personal}) then {cell} end"
        case "procedures":
            known = f"select {_trimmed(column)} from landing.procedures where {cell} is not null"
        case "agencies":
            known = (
                "select name from (select nfc_normalize(name_vi) as name from province.agencies "
                "union all select nfc_normalize(short_name_vi) from province.agencies)"
            )
        case _:
            return cell
    return f"case when {_trimmed(column)} in ({known}) then {cell} end"


def _trimmed(column: str) -> str:
    return f"regexp_replace(nfc_normalize({identifier(column)}), {literal(f'^{_BLANKS}|{_BLANKS}$')}, '', 'g')"
