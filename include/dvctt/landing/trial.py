"""One file tried before its night: read as the night would read it, and nothing has landed.

What may live here: which source and entity a file is of, and what the night would make of it. What may not: a rule of its own.
A file is read and refused by the functions with which `zone` lands, so that a trial and a night cannot disagree.
"""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from dvctt.core.errors import ConfigError, ExtractError, RefusalReason
from dvctt.core.files import path_in_words
from dvctt.databases import private_folder
from dvctt.extract import NoOffer, kind_of
from dvctt.landing.zone import Engine, Extract, active_extracts, landed_extracts, prepare
from dvctt.province.model import Province, Source


@dataclass(frozen=True)
class Trial:
    """What a night would make of one file.

    Attributes:
        extract: what it would land as; None where it is refused, or where it would change nothing.
        replaces: id of the landed extract whose place it would take, or whose content it has; None where its name is new.
        refused: what is wrong with it, where, and what is wanted; no value of it is quoted. None where it would land.
        reason: the class of why.
    """

    source: str
    entity: str
    extract: Extract | None
    replaces: str | None
    refused: str | None
    reason: RefusalReason | None


def try_file(
    province: Province, landing: Path, path: Path, *, source_id: str | None = None, entity: str | None = None
) -> Trial:
    """Read one file, wherever it lies, as the night would read it in the inbox.

    Args:
        landing: what has landed; not written to.
        source_id, entity: of which it is. Without them its folders say so, as in the inbox (``<source>/<entity>/<file>``); a
            province with one source needs none to be named.

    Raises:
        ConfigError: it cannot be told of which source and entity the file is, or the source does not send files.
        LandingError: what has landed cannot be read.
    """
    path = path.absolute()
    source = _source_of(province, path, source_id)
    entity = _entity_of(source, path, entity)
    kind = kind_of(source)
    offer_at = getattr(kind, "offer_at", None)
    if offer_at is None:
        raise ConfigError(f"sources.yml: source {source.id!r} is of kind {source.kind!r}, which reads no files")
    if not path.exists():
        return Trial(source.id, entity, None, None, f"{path_in_words(path)}: no such file", "unreadable")
    known = landed_extracts(landing) if landing.is_dir() else []
    try:
        offer = offer_at(source, entity, path)
        if offer is None:
            raise ExtractError(
                f"{path_in_words(path)}: passed over: names that begin with a dot or end as a file that is still coming are "
                f"not looked at, nor is a control file alone; rename it when it is complete",
                "not_of_contract",
            )
        if isinstance(offer, NoOffer):
            raise ExtractError(offer.words, offer.reason)
        with private_folder() as scratch, closing(Engine()) as engine:
            extract = prepare(kind, province, source, offer, known, scratch, engine)
    except ExtractError as error:
        return Trial(source.id, entity, None, None, str(error), error.reason)
    active = {one.name_key: one.extract_id for one in active_extracts(known)}
    return Trial(source.id, entity, extract, active.get((source.id, entity, offer.name)), None, None)


def _source_of(province: Province, path: Path, source_id: str | None) -> Source:
    sources = {source.id: source for source in province.sources}
    wanted = source_id or path.parent.parent.name
    if wanted in sources:
        return sources[wanted]
    if source_id is None and len(sources) == 1:
        return next(iter(sources.values()))
    found = f"found {source_id!r}" if source_id else "it lies in no source's folder"
    raise ConfigError(
        f"{path_in_words(path)}: of which source is it? {found}, wanted one of {', '.join(sources)}: --source"
    )


def _entity_of(source: Source, path: Path, entity: str | None) -> str:
    wanted = entity or path.parent.name
    if wanted in source.entities:
        return wanted
    found = f"found {entity!r}" if entity else "it lies in no entity's folder"
    raise ConfigError(
        f"{path_in_words(path)}: of which entity is it? {found}, wanted one of {', '.join(source.entities)}: --entity"
    )
