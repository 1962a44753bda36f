"""Source kind ``rest``: a month's records out of a service that answers JSON, page by page.

Pages go to disk as they come, so memory does not grow with the month. A service has no transaction: what it holds may change
between two pages. So every page's total must be the same, as many records must come as it says, and no record may come on two
pages; otherwise the month is taken again. Words name paths, columns of the contract, statuses and counts, never a value.
"""

import csv
import hashlib
import io
import logging
import re
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from dvctt.core.errors import ExtractError
from dvctt.extract import Asked, SourceUnreachable, Taken, count_in_words, options_of
from dvctt.extract._service import Service, ServiceOptions
from dvctt.province.model import Feed, Source

log = logging.getLogger(__name__)

_WHOLE = re.compile(r"-?[0-9]{1,18}")
_Text = Annotated[str, Field(min_length=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Paging(_Frozen):
    """How a service hands over a month in pages.

    Attributes:
        by: ``page`` and ``offset`` count, ``cursor`` and ``link`` follow what the answer says comes next.
        parameter: in which a page's number, its offset or the cursor is sent; not of ``link``.
        size_parameter: in which the number of records of a page is sent, where the service takes one. Without it, records that
            come twice are believed when two takes agree, though a service that sorts by no key may leave others out.
        size: so many records a page are asked for.
        first: number of the first page.
        next: path of the cursor or link in the answer; a link without one stands in the header Link.
    """

    by: Literal["none", "page", "offset", "cursor", "link"] = "none"
    parameter: _Text | None = None
    size_parameter: _Text | None = None
    size: Annotated[int, Field(ge=1, le=100_000)] = 1000
    first: Annotated[int, Field(ge=0)] = 1
    next: _Text | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.by in ("page", "offset", "cursor") and self.parameter is None:
            raise ValueError(f"by {self.by}: wanted parameter, in which it is sent")
        if self.by == "cursor" and self.next is None:
            raise ValueError("by cursor: wanted next, the path of the cursor in the answer")
        return self


class FeedOptions(_Frozen):
    """Options of an entity. In ``path``, ``query`` and ``body`` stand for the month: {month} (2022-10), {first_day}, {last_day}
    and {next_first_day} (2022-10-31).

    Attributes:
        records: path of the list of records in the answer: names with dots between them; empty where the answer is the list.
        total, amount: paths of the number of the month's records and of the sum of their amounts, as the service counts them.
        fields: where in a record a column of the contract lies, if not under its own name or that which ``rename`` gives.
    """

    path: Annotated[str, Field(pattern=r"^/")]
    method: Literal["GET", "POST"] = "GET"
    query: Mapping[str, str] = {}
    body: Mapping[str, str] | None = None
    records: str = "data"
    total: _Text | None = None
    amount: _Text | None = None
    fields: Mapping[str, _Text] = {}
    paging: Paging = Paging()


def check_options(source: Source) -> None:
    """Whether sources.yml says what this kind needs.

    Raises:
        ConfigError: it does not.
    """
    options_of(ServiceOptions, source.options, f"source {source.id!r}")
    for entity, feed in source.entities.items():
        _feed_options(source, entity, feed)


def _feed_options(source: Source, entity: str, feed: Feed) -> FeedOptions:
    return options_of(FeedOptions, feed.options, f"source {source.id!r}: entity {entity!r}")


def fetch(asked: Asked, target: Path) -> Taken:
    """Write the month's records as CSV; the service's own totals.

    Raises:
        SourceUnreachable: the service is away or busy through all tries, or changed while it was read through all takes.
        ExtractError: it refuses us, or its answer is not as sources.yml says.
        ConfigError: its address is none, or it would be asked in the clear over a network.
    """
    options = _feed_options(asked.source, asked.entity.name, asked.feed)
    before: _Take | None = None
    with Service(asked, options_of(ServiceOptions, asked.source.options, f"source {asked.source.id!r}")) as service:
        for number in range(service.options.takes):
            with target.open("w", encoding="utf-8", newline="") as file:
                take = _Reader(asked, options, service, _size(options.paging, number)).take(file)
            if take.fault is None or (take.is_only_twice and before is not None and take.has_the_records_of(before)):
                return Taken(take.total, take.amount)
            log.warning("%s: take %d of %d: %s", asked.words, number + 1, service.options.takes, take.fault)
            before = take
    raise SourceUnreachable(
        f"{asked.words}: {take.fault}, in each of {service.options.takes} takes; nothing of it is believed; does the service "
        f"sort by a key, and count what it sends? look: dvctt sources check {asked.source.id}"
    )


def _size(paging: Paging, number: int) -> int:
    """Each take cuts its pages elsewhere: records that come twice or never because of a bad order are then others."""
    return paging.size if paging.size_parameter is None else max(1, paging.size * (7 - number % 7) // 7)


@dataclass
class _Take:
    """What one reading of all pages gave.

    Attributes:
        keys: a number for every record; equal records have equal ones.
        is_only_twice: whether nothing is wrong but that records stand on two pages: a source may have them twice itself.
    """

    total: int | None = None
    amount: int | None = None
    rows: int = 0
    keys: "array[int]" = field(default_factory=lambda: array("q"))
    on_one_page: int = 0
    fault: str | None = None
    is_only_twice: bool = False

    def has_the_records_of(self, other: "_Take") -> bool:
        import numpy as np

        return bool(np.array_equal(np.sort(np.frombuffer(self.keys, "q")), np.sort(np.frombuffer(other.keys, "q"))))

    def judge(self) -> None:
        """Say what is wrong with it, if anything is."""
        import numpy as np

        if self.fault is not None:
            return
        if self.total is not None and self.rows != self.total:
            wanted = count_in_words(self.total, 1000 * max(self.rows, 1000))
            self.fault = f"{self.rows} records came, wanted the {wanted} that it says"
            return
        twice = self.on_one_page - (len(np.unique(np.frombuffer(self.keys, "q"))) if self.keys else 0)
        if twice:
            self.fault, self.is_only_twice = f"{twice} records came on more than one page", True


class _Reader:
    """Reads one month's pages once, from the first to the last."""

    def __init__(self, asked: Asked, options: FeedOptions, service: Service, size: int) -> None:
        self._asked, self._options, self._service, self._size = asked, options, service, size
        source_names = {contract: own for own, contract in asked.feed.rename.items()}
        self._columns = [name for name in asked.entity.columns if name not in asked.feed.absent]
        paths = {name: options.fields.get(name, source_names.get(name, name)) for name in self._columns}
        self._paths = [tuple(paths[name].split(".")) for name in self._columns]
        self._never_seen = set(range(len(self._columns)))

    def take(self, file: io.TextIOBase) -> _Take:
        take, pages = _Take(), set[bytes]()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(self._columns)
        for answer in self._pages(take):
            self._hold_totals(take, answer)
            records = self._records(answer)
            rows = [self._row(record) for record in records]
            keys = [hash(row) for row in rows]
            page = hashlib.blake2b(array("q", keys).tobytes(), digest_size=16).digest()
            if len(rows) > 1 and page in pages:
                take.fault = f"a page of {len(rows)} records came twice"
            pages.add(page)
            writer.writerows(rows)
            take.keys.extend(keys)
            take.on_one_page += len(set(keys))
            take.rows += len(rows)
            self._asked.progress(take.rows)
            if take.fault is not None or (take.total is not None and take.rows > take.total):
                break
        if take.rows and self._never_seen:
            missing = ", ".join(self._columns[place] for place in sorted(self._never_seen))
            raise self._error(
                f"missing mandatory column {missing}: no record has it; wanted each, or sources.yml says rename, fields or "
                f"absent"
            )
        take.judge()
        return take

    def _error(self, words: str) -> ExtractError:
        look = f"look: dvctt sources check {self._asked.source.id}"
        return ExtractError(f"{self._asked.words}: {self._options.path}: {words}; {look}", "not_fetched")

    def _pages(self, take: _Take) -> Iterator[Any]:
        """Answers, until the service says that there are no more: by its total, by no further page, or by an empty one."""
        paging, options = self._options.paging, self._options
        filled = self._filled()
        query = {name: filled(text) for name, text in options.query.items()}
        if paging.size_parameter is not None:
            query[paging.size_parameter] = str(self._size)
        body = None if options.body is None else {name: filled(text) for name, text in options.body.items()}
        place: str | None = {"page": str(paging.first), "offset": "0"}.get(paging.by)
        link: str | None = None
        seen: set[str] = set()
        page = paging.first
        while True:
            parameters = body if body is not None and options.method == "POST" else query
            if place is not None and paging.parameter is not None:
                parameters[paging.parameter] = place
            path = filled(options.path)
            answer, headers = self._service.ask(options.method, link or path, {} if link else query, body)
            before = take.rows
            yield answer
            came = take.rows - before
            if paging.by == "none" or came == 0 or (paging.by in ("page", "offset") and take.rows == take.total):
                return
            page += 1
            if paging.by in ("page", "offset"):
                place = str(page) if paging.by == "page" else str(take.rows)
                continue
            following = self._next(answer, headers)
            if following is None:
                return
            if following in seen:
                take.fault = "the service says of a page that it comes next that has come already"
                return
            seen.add(following)
            place, link = (following, None) if paging.by == "cursor" else (None, following)

    def _filled(self) -> Callable[[str], str]:
        month = self._asked.month
        following = month.shifted(1).first_day
        words = {
            "{month}": str(month),
            "{first_day}": month.first_day.isoformat(),
            "{last_day}": month.last_day.isoformat(),
            "{next_first_day}": following.isoformat(),
        }

        def filled(text: str) -> str:
            for mark, word in words.items():
                text = text.replace(mark, word)
            return text

        return filled

    def _next(self, answer: Any, links: Mapping[str, str]) -> str | None:
        """Cursor or link of the next page; None where the service says none."""
        if self._options.paging.next is None:
            return links.get("next")
        found = _at(answer, self._options.paging.next.split("."))
        if found is None or found == "" or found is False:
            return None
        if not isinstance(found, str):
            raise self._error(f"{self._options.paging.next}: wanted a text or a number that says which page comes next")
        return found

    def _hold_totals(self, take: _Take, answer: Any) -> None:
        total = self._number(answer, self._options.total, "total")
        amount = self._number(answer, self._options.amount, "amount")
        if take.rows and (total, amount) != (take.total, take.amount):
            take.fault = "its totals changed from one page to the next"
        take.total, take.amount = total, amount

    def _number(self, answer: Any, path: str | None, key: str) -> int | None:
        if path is None:
            return None
        found = _at(answer, path.split("."))
        if not isinstance(found, str) or not _WHOLE.fullmatch(found):
            raise self._error(
                f"{path} (options, {key}): wanted a whole number of at most 18 digits; is it another field?"
            )
        return int(found)

    def _records(self, answer: Any) -> list[Any]:
        path = self._options.records
        found = _at(answer, path.split(".")) if path else answer
        if not isinstance(found, list):
            raise self._error(
                f"{path or 'the answer'} (options, records): wanted a list of records; is it another field?"
            )
        return found

    def _row(self, record: Any) -> tuple[str, ...]:
        if not isinstance(record, dict):
            raise self._error("a record is no object; wanted names and values")
        row = []
        for place, path in enumerate(self._paths):
            try:
                value = record[path[0]] if len(path) == 1 else _within(record, path)
            except KeyError:
                row.append("")
                continue
            self._never_seen.discard(place)
            row.append(value if type(value) is str else self._text(value, place))
        return tuple(row)

    def _text(self, value: object, place: int) -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        raise self._error(
            f"column {self._columns[place]}: a record has an object or a list there; wanted a text or a number (options, "
            f"fields)"
        )


def _within(record: Mapping[str, Any], path: Sequence[str]) -> Any:
    """A value some objects down; an object that is null has none of its values.

    Raises:
        KeyError: no such name.
    """
    found: Any = record
    for name in path:
        if found is None:
            return None
        if not isinstance(found, dict):
            raise KeyError(name)
        found = found[name]
    return found


def _at(answer: Any, path: Sequence[str]) -> Any:
    """As `_within`, None where there is no such name."""
    try:
        return _within(answer, path)
    except KeyError:
        return None
