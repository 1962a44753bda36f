"""What must hold across the files of a province folder, each broken one told with file and line.

Pure but for the seeds that a rule is held against: the folder has been read before.
"""

import csv
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path

import yaml

from dvctt.core.contract import ENTITIES, NOT_GIVEN, CodeList, fold_label
from dvctt.core.errors import ConfigError
from dvctt.province.metrics import read_metrics
from dvctt.province.model import (
    Agency,
    AgencySuccession,
    CloseWaiver,
    CommuneSuccession,
    DriftBand,
    ExpectedFeed,
    ProvinceFile,
    PublishedCheck,
    PublishedFigure,
    Source,
    Target,
    ValueMapping,
)
from dvctt.province.reading import line_of, read_text
from dvctt.settings import PROJECT_ROOT

SEEDS = PROJECT_ROOT / "dbt_project" / "seeds"


def refuse_unknown(
    folder: Path,
    sources: Sequence[Source],
    group_codes: set[str],
    agencies: Sequence[tuple[int, Agency]],
    feeds: Sequence[tuple[int, ExpectedFeed]],
    bands: Sequence[tuple[int, DriftBand]],
) -> None:
    """A calendar or a band that names what the folder does not know would check nothing, in silence."""
    by_id = {source.id: source for source in sources}
    known_feeds = {(source.id, entity) for source in sources for entity in source.entities}
    codes = {agency.agency_code for _, agency in agencies} | {"*"}
    for line, feed in feeds:
        if (feed.source_id, feed.entity) not in known_feeds:
            raise ConfigError(
                f"{folder / 'expected_feeds.csv'}:{line}: key entity: found {feed.entity!r} of {feed.source_id!r}, "
                f"wanted a source and an entity of sources.yml"
            )
        if feed.agency_code not in codes:
            raise ConfigError(
                f"{folder / 'expected_feeds.csv'}:{line}: key agency_code: found {feed.agency_code!r}, "
                f"wanted * or a code of agencies.csv"
            )
        if feed.agency_code != "*" and not any(
            by_id[feed.source_id].serves(agency) for _, agency in agencies if agency.agency_code == feed.agency_code
        ):
            raise ConfigError(
                f"{folder / 'expected_feeds.csv'}:{line}: key agency_code: found {feed.agency_code!r}, which "
                f"{feed.source_id!r} does not serve: see agencies of that source in sources.yml"
            )
    for line, band in bands:
        if band.group_code not in (None, "*", *group_codes):
            raise ConfigError(
                f"{folder / 'drift_bands.csv'}:{line}: key group_code: found {band.group_code!r}, "
                f"wanted * or a group of province.yml: {', '.join(sorted(group_codes))}"
            )
    refuse_duplicates(folder / "drift_bands.csv", "basis", ((line, band.key) for line, band in bands))


def refuse_strange_service(
    path: Path, sources: Sequence[Source], group_codes: set[str], agencies: Sequence[tuple[int, Agency]]
) -> None:
    known = {agency.agency_code for _, agency in agencies} | {f"group:{code}" for code in group_codes}
    for place, source in enumerate(sources):
        for name in source.agencies:
            if name not in known:
                line = line_of(yaml.compose(read_text(path), Loader=yaml.SafeLoader), ("sources", place, "agencies"))
                raise ConfigError(
                    f"{path}:{line}: key sources.{place}.agencies: found {name!r}, wanted a code of agencies.csv, or "
                    f"{', '.join(f'group:{code}' for code in sorted(group_codes))}"
                )


def refuse_strange_waivers(
    path: Path,
    sources: Sequence[Source],
    agencies: Sequence[tuple[int, Agency]],
    waivers: Sequence[tuple[int, CloseWaiver]],
) -> None:
    known_feeds = {(source.id, entity) for source in sources for entity in source.entities}
    codes = {agency.agency_code for _, agency in agencies}
    for line, waiver in waivers:
        if (waiver.source_id, waiver.entity) not in known_feeds:
            raise ConfigError(
                f"{path}:{line}: key entity: found {waiver.entity!r} of {waiver.source_id!r}, "
                f"wanted a source and an entity of sources.yml"
            )
        if waiver.agency_code is not None and waiver.agency_code not in codes:
            raise ConfigError(
                f"{path}:{line}: key agency_code: found {waiver.agency_code!r}, "
                f"wanted a code of agencies.csv, or nothing for the whole feed"
            )
    feeds = ((line, (row.month, row.source_id, row.entity, row.agency_code)) for line, row in waivers)
    refuse_duplicates(path, "month, source_id, entity, agency_code", feeds)


def refuse_strange_figures(
    path: Path,
    province: ProvinceFile,
    agencies: Sequence[tuple[int, Agency]],
    targets: Sequence[tuple[int, Target]],
    figures: Sequence[tuple[int, PublishedFigure]],
) -> None:
    """A printed figure that nothing can be compared with would stand as "no data" for ever, whatever its reason."""
    known = read_metrics()
    printable = {metric.metric for metric in known.values() if metric.printed_over}
    metrics = printable | {target.metric for _, target in targets}
    groups = [group.code for group in province.groups]
    entities = {
        "province": {province.name_vi},
        **{group.code: {group.name_vi} for group in province.groups},
        "agency": {agency.name_vi for _, agency in agencies},
    }
    for line, figure in figures:
        if figure.metric not in metrics:
            raise ConfigError(
                f"{path}:{line}: key metric: found {figure.metric!r}, wanted one of {', '.join(sorted(metrics))}"
            )
        if figure.scope not in entities:
            raise ConfigError(f"{path}:{line}: key scope: found {figure.scope!r}, wanted one of {', '.join(entities)}")
        if figure.entity not in entities[figure.scope]:
            raise ConfigError(
                f"{path}:{line}: key entity: found {figure.entity!r}, wanted a name_vi of the folder, of scope "
                f"{figure.scope}: {', '.join(sorted(entities[figure.scope]))}"
            )
        metric = known.get(figure.metric)
        if (figure.period_start is None) != (metric is not None and metric.is_of_a_day):
            raise ConfigError(
                f"{path}:{line}: key period_start: found {figure.period_start or 'nothing'}, wanted "
                + (
                    f"nothing: {figure.metric} is as at a day"
                    if figure.period_start
                    else f"the first day of the period of {figure.metric}"
                )
            )
        _refuse_strange_comparison(f"{path}:{line}: key", figure, metric.kind if metric else "", groups)


def _refuse_strange_comparison(where: str, figure: PublishedFigure, kind: str, groups: Sequence[str]) -> None:
    """A change leads to a month, a gap is to another group, and nothing else compares."""
    if (figure.compared_month is not None) != (kind == "change"):
        raise ConfigError(
            f"{where} compared_month: found {figure.compared_month or 'nothing'}, wanted "
            + ("the month that the change leads to, as YYYY-MM" if kind == "change" else "nothing: it is no change")
        )
    if (figure.other_group_code is not None) != (kind == "gap"):
        raise ConfigError(
            f"{where} other_group_code: found {figure.other_group_code or 'nothing'}, wanted "
            + (f"the group that the gap is to: {', '.join(groups)}" if kind == "gap" else "nothing: it is no gap")
        )
    if figure.other_group_code is not None and figure.other_group_code not in groups:
        raise ConfigError(
            f"{where} other_group_code: found {figure.other_group_code!r}, wanted a group of province.yml: "
            f"{', '.join(groups)}"
        )


_SHARES = ("percent", "percentage_points")


def refuse_impossible_checks(
    path: Path, figures: Sequence[tuple[int, PublishedFigure]], checks: Sequence[tuple[int, PublishedCheck]]
) -> None:
    """A check that names no figure, or adds up what is no sum, would prove nothing."""
    refuse_duplicates(path, "check_id", ((line, check.check_id) for line, check in checks))
    units = {figure.figure_id: figure.unit for _, figure in figures}
    for line, check in checks:
        for key, numbers in (("figure_id", (check.figure_id,)), ("terms", check.terms), ("base", check.base)):
            for number in numbers:
                if number not in units:
                    raise ConfigError(
                        f"{path}:{line}: key {key}: found {number}, wanted a figure_id of published_figures.csv"
                    )
        if check.figure_id in (*check.terms, *check.base):
            raise ConfigError(f"{path}:{line}: key figure_id: {check.figure_id} is held against itself")
        if check.base and check.kind not in ("share", "change"):
            raise ConfigError(f"{path}:{line}: key base: a check of kind {check.kind} has none")
        if check.kind == "change" and (len(check.terms) != 1 or len(check.base) > 1):
            raise ConfigError(f"{path}:{line}: key terms: a change is one figure minus one other, the base")
        own, parts = units[check.figure_id], {units[number] for number in (*check.terms, *check.base)}
        if len(parts) > 1 and check.kind != "same_period":
            raise ConfigError(f"{path}:{line}: key terms: found the units {', '.join(sorted(parts))}, wanted one")
        wanted: set[str] = {
            "share": {"percent"},
            "change": {"percentage_points"} if parts == {"percent"} else {"percent", *parts},
            "same_period": {own},
        }.get(check.kind, parts)
        if own not in wanted or (check.kind == "total" and own in _SHARES):
            raise ConfigError(
                f"{path}:{line}: key kind: figure {check.figure_id} is in {own}, the figures that it is held against in "
                f"{', '.join(sorted(parts))}: that is no {check.kind}"
            )


def refuse_strange_values(path: Path, sources: Sequence[Source], mappings: Sequence[tuple[int, ValueMapping]]) -> None:
    """A line that no row can meet, or that stands for nothing, would map nothing, in silence. What a source writes is never
    quoted: it may be anything.
    """
    known = {source.id: source.entities for source in sources}
    for line, mapping in mappings:
        where = f"{path}:{line}: key"
        if mapping.source_id != "*" and mapping.source_id not in known:
            raise ConfigError(
                f"{where} source_id: found {mapping.source_id!r}, wanted * or a source of sources.yml: {', '.join(known)}"
            )
        coded = {name: entity.coded for name, entity in ENTITIES.items() if entity.coded}
        delivered = known[mapping.source_id] if mapping.source_id != "*" else coded
        if mapping.entity not in coded or mapping.entity not in delivered:
            raise ConfigError(
                f"{where} entity: found {mapping.entity!r}, wanted an entity with coded columns that the source "
                f"delivers: {', '.join(name for name in coded if name in delivered)}"
            )
        codes = coded[mapping.entity].get(mapping.column)
        if codes is None:
            raise ConfigError(
                f"{where} column: found {mapping.column!r}, wanted a coded column of {mapping.entity}: "
                f"{', '.join(coded[mapping.entity])}"
            )
        if not fold_label(mapping.source_value):
            raise ConfigError(f"{where} source_value: found blanks only; an empty value needs no line")
        if mapping.value == NOT_GIVEN and not codes.optional:
            raise ConfigError(f"{where} value: found {NOT_GIVEN!r}, but {mapping.column} may not be empty")
        if mapping.value != NOT_GIVEN and fold_label(mapping.value) not in known_labels(codes):
            raise ConfigError(
                f"{where} value: found {mapping.value!r}, wanted a {codes.label} of dbt_project/seeds/{codes.seed}.csv"
                f"{f', or {NOT_GIVEN}' if codes.optional else ''}: {', '.join(known_labels(codes))}"
            )
    refuse_duplicates(
        path,
        "source_id, entity, column, source_value",
        ((line, (row.source_id, row.entity, row.column, fold_label(row.source_value))) for line, row in mappings),
        quoted=False,
    )


def known_labels(codes: CodeList) -> tuple[str, ...]:
    """The spellings of a code list that every province reads."""
    with (SEEDS / f"{codes.seed}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(row[codes.label] for row in csv.DictReader(file))


def refuse_duplicates(path: Path, key: str, values: Iterable[tuple[int, object]], *, quoted: bool = True) -> None:
    seen: dict[object, int] = {}
    for line, value in values:
        if value in seen:
            named = repr(value) if quoted else "the same value"
            raise ConfigError(f"{path}:{line}: key {key}: {named} stands on line {seen[value]} already")
        seen[value] = line


def refuse_overlaps(path: Path, agencies: list[tuple[int, Agency]]) -> None:
    """Two rows of one agency may not be valid on the same day, or a filing would be counted twice."""
    by_code: dict[str, list[tuple[int, Agency]]] = {}
    for line, agency in agencies:
        for other_line, other in by_code.setdefault(agency.agency_code, []):
            starts_before_end = other.valid_to is None or agency.valid_from <= other.valid_to
            ends_after_start = agency.valid_to is None or other.valid_from <= agency.valid_to
            if starts_before_end and ends_after_start:
                raise ConfigError(
                    f"{path}:{line}: key agency_code: {agency.agency_code!r} overlaps line {other_line} in time; "
                    f"wanted valid_from after its valid_to"
                )
        by_code[agency.agency_code].append((line, agency))


def refuse_impossible_successions(
    path: Path, agencies: Sequence[tuple[int, Agency]], successions: Sequence[tuple[int, AgencySuccession]]
) -> None:
    """Every day of an agency after its end must have at most one agency that answers for it, and one that is there."""
    by_code: dict[str, list[Agency]] = {}
    for _, agency in agencies:
        by_code.setdefault(agency.agency_code, []).append(agency)
    duplicates = ((line, (row.predecessor_code, row.successor_code, row.effective_on)) for line, row in successions)
    refuse_duplicates(path, "predecessor_code, successor_code, effective_on", duplicates)
    for line, row in successions:
        for key in ("predecessor_code", "successor_code"):
            if getattr(row, key) not in by_code:
                raise ConfigError(
                    f"{path}:{line}: key {key}: found {getattr(row, key)!r}, wanted a code of agencies.csv"
                )
    _refuse_cycles(path, successions)
    first_heirs: dict[tuple[str, date], tuple[int, str]] = {}
    for line, row in successions:
        before = row.effective_on - timedelta(days=1)
        predecessors, successors = by_code[row.predecessor_code], by_code[row.successor_code]
        if not any(agency.in_force(before) for agency in predecessors):
            raise ConfigError(
                f"{path}:{line}: key effective_on: {row.predecessor_code!r} is not in force on {before}, "
                f"the day before {row.effective_on}"
            )
        if row.kind != "transfer" and any(agency.in_force(row.effective_on) for agency in predecessors):
            raise ConfigError(
                f"{path}:{line}: key effective_on: {row.predecessor_code!r} is still in force on {row.effective_on}; "
                f"wanted valid_to {before} in agencies.csv, or kind transfer"
            )
        if not any(agency.in_force(row.effective_on) for agency in successors):
            raise ConfigError(
                f"{path}:{line}: key effective_on: {row.successor_code!r} is not in force on {row.effective_on}"
            )
        if row.kind == "transfer":
            continue
        other_line, other_kind = first_heirs.setdefault((row.predecessor_code, row.effective_on), (line, row.kind))
        if other_line != line and "split" not in (row.kind, other_kind):
            raise ConfigError(
                f"{path}:{line}: key predecessor_code: line {other_line} gives all of {row.predecessor_code!r} to "
                f"another on {row.effective_on} already; wanted kind split for both, or transfer for a part"
            )
        if row.kind != other_kind and "split" in (row.kind, other_kind):
            raise ConfigError(
                f"{path}:{line}: key kind: found {row.kind!r} beside {other_kind!r} of line {other_line}; what is split "
                f"has no one heir"
            )


def _refuse_cycles(path: Path, successions: Sequence[tuple[int, AgencySuccession]]) -> None:
    """Agencies that take each other over on one day leave nobody who answers."""
    followers: dict[tuple[str, date], list[str]] = {}
    for _, row in successions:
        if row.kind != "transfer":
            followers.setdefault((row.predecessor_code, row.effective_on), []).append(row.successor_code)
    for line, row in successions:
        seen, ahead = set(), [row.successor_code] if row.kind != "transfer" else []
        while ahead:
            code = ahead.pop()
            if code == row.predecessor_code:
                raise ConfigError(
                    f"{path}:{line}: key successor_code: {row.predecessor_code!r} would take over itself on "
                    f"{row.effective_on}; a code that goes on needs no line"
                )
            if code not in seen:
                seen.add(code)
                ahead += followers.get((code, row.effective_on), [])


def refuse_split_communes(path: Path, communes: Sequence[tuple[int, CommuneSuccession]]) -> None:
    """A commune goes to one commune, whole, and a new one has one name and one place on the portal."""
    refuse_duplicates(path, "old_commune_code", ((line, row.old_commune_code) for line, row in communes))
    known: dict[str, tuple[int, tuple[str, str | None]]] = {}
    for line, row in communes:
        named = (row.new_commune_vi, row.portal_unit_code)
        first_line, first = known.setdefault(row.new_commune_code, (line, named))
        if named != first:
            raise ConfigError(
                f"{path}:{line}: key new_commune_code: {row.new_commune_code!r} is {named} here and {first} on line "
                f"{first_line}"
            )


def refuse_contradicted_communes(
    path: Path,
    successions: Sequence[tuple[int, AgencySuccession]],
    communes: Sequence[tuple[int, CommuneSuccession]],
) -> None:
    """A district that is split goes to the new communes of its old ones: to all of them, and to nobody else.

    A new commune may be an agency by its own code or by its code on the portal.
    """
    split: dict[str, list[tuple[int, AgencySuccession]]] = {}
    for line, row in successions:
        if row.kind == "split":
            split.setdefault(row.predecessor_code, []).append((line, row))
    heirs: dict[str, dict[str, set[str | None]]] = {}
    for _, commune in communes:
        codes = {commune.new_commune_code, commune.portal_unit_code}
        heirs.setdefault(commune.old_district_code, {})[commune.new_commune_vi] = codes
    for district in (code for code in split if code in heirs):
        known = {code for codes in heirs[district].values() for code in codes}
        for line, row in split[district]:
            if row.successor_code not in known:
                raise ConfigError(
                    f"{path}:{line}: key successor_code: found {row.successor_code!r}, wanted a new commune that "
                    f"commune_succession.csv gives a commune of {district!r} to"
                )
        found = {row.successor_code for _, row in split[district]}
        if left := sorted(name for name, codes in heirs[district].items() if not codes & found):
            raise ConfigError(
                f"{path}:{split[district][0][0]}: key predecessor_code: {district!r} is split without {', '.join(left)}, "
                f"which commune_succession.csv gives communes of it to"
            )
