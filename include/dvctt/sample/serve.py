"""The sample as a running service: the records of a month over HTTP, with a login, pages, and the faults that services have.

What may live here: how records are sent, and how that goes wrong on purpose. What may not: how they are asked for, which is
``dvctt.extract.rest``'s matter.
"""

import base64
import json
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from dvctt.core.contract import ENTITIES
from dvctt.province.model import Source
from dvctt.sample.records import as_fetched, records_of

log = logging.getLogger(__name__)

FAULTS = (
    "error", "busy", "hang", "cut", "html", "repeat", "shift", "total", "elsewhere", "large", "nested", "no_total", "not_found",
    "forbidden", "no_column", "no_list", "empty",
)  # fmt: skip # one word each
"""What an answer can be in the place of what it should be."""
_MONTHS_IN_MEMORY = 4


@dataclass
class Faults:
    """Which answers go wrong.

    Attributes:
        of_answers: by the number of the answer, from 1 on: one of `FAULTS`.
        percent: of the other answers so many in a hundred fail with status 500, spread evenly.
    """

    of_answers: Mapping[int, str] = field(default_factory=dict)
    percent: int = 0

    def of(self, number: int) -> str | None:
        if number in self.of_answers:
            return self.of_answers[number]
        return "error" if number * self.percent // 100 > (number - 1) * self.percent // 100 else None


@dataclass
class Running:
    """A service that is on.

    Attributes:
        port: on 127.0.0.1.
        answers: how many it has given.
    """

    port: int
    faults: Faults
    answers: int = 0
    tokens: int = 0
    paths: list[str] = field(default_factory=list)


class _Records:
    """A month's records as JSON texts, of the months that were asked for last."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[tuple[str, str], tuple[list[str], int | None]] = {}
        self._lock = Lock()

    def of(self, entity: str, month: str) -> tuple[list[str], int | None]:
        """The records, and the sum of their amounts; None where the entity has none."""
        with self._lock:
            if (entity, month) not in self._known:
                while len(self._known) >= _MONTHS_IN_MEMORY:
                    del self._known[next(iter(self._known))]
                self._known[entity, month] = self._read(entity, month)
            return self._known[entity, month]

    def _read(self, entity: str, month: str) -> tuple[list[str], int | None]:
        amount = ENTITIES[entity].amount
        texts, total = [], 0
        for record in records_of(self._folder, entity, month):
            texts.append(json.dumps(record, ensure_ascii=False))
            total += int(record[amount] or 0) if amount else 0
        return texts, total if amount else None


@contextmanager
def serving(
    folder: Path, *, password: str, user: str = "dvctt", port: int = 0, faults: Faults | None = None
) -> Iterator[Running]:
    """The service, until the block ends.

    ``GET /api/<entity>?thang=YYYY-MM`` answers ``{"data": [...], "tong": N, "tongTien": N, "tiep": …}``, paged by ``trang``
    (from 1), ``tu`` (from 0) or ``con_tro``, ``kichThuoc`` records each. A login of any kind is taken: bearer, X-API-Key,
    basic, and a token of ``POST /oauth2/token``.

    Args:
        folder: a source's folder of the sample's CSV files.
        port: 0 takes one that is free.
    """
    running = Running(port, faults or Faults())
    records = _Records(folder)

    class Handler(_Handler):
        shared = _Shared(running, records, user, password)

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    running.port = server.server_port
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class _Shared:
    """What all answers of one service share."""

    running: Running
    records: _Records
    user: str
    password: str
    lock: Lock = field(default_factory=Lock)

    def count(self, path: str) -> tuple[int, str | None]:
        with self.lock:
            self.running.answers += 1
            self.running.paths.append(path)
            return self.running.answers, self.running.faults.of(self.running.answers)

    def accepts(self, headers: Any) -> bool:
        basic = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        good = {f"Bearer {self.password}", f"Basic {basic}", f"Bearer token-{self.running.tokens}"}
        return headers.get("Authorization") in good or headers.get("X-API-Key") == self.password


class _Handler(BaseHTTPRequestHandler):
    shared: _Shared
    protocol_version = "HTTP/1.1"
    # Head and body leave in two pieces; without this the second waits for the other side to have seen the first.
    disable_nagle_algorithm = True

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 # the library's name
        log.debug(format, *arguments)

    def do_POST(self) -> None:
        """A token, or a question whose parameters stand in the body."""
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if urlsplit(self.path).path == "/oauth2/token":
            basic = f"{self.shared.user}:{self.shared.password}".encode()
            if self.headers.get("Authorization") != f"Basic {base64.b64encode(basic).decode()}":
                self._send(HTTPStatus.UNAUTHORIZED, b"{}")
                return
            self.shared.running.tokens += 1
            self._send_json({"access_token": f"token-{self.shared.running.tokens}", "token_type": "Bearer"})
            return
        self._answer({name: str(value) for name, value in json.loads(content or b"{}").items()})

    def do_GET(self) -> None:
        """A question whose parameters stand in the address."""
        self._answer({name: values[-1] for name, values in parse_qs(urlsplit(self.path).query).items()})

    def _answer(self, asked: Mapping[str, str]) -> None:
        number, fault = self.shared.count(self.path)
        entity = urlsplit(self.path).path.removeprefix("/api/")
        if not self.shared.accepts(self.headers):
            self._send(HTTPStatus.UNAUTHORIZED, b'{"loi": "dang nhap"}')
        elif entity not in ENTITIES:
            self._send(HTTPStatus.NOT_FOUND, b"{}")
        elif not self._fails(fault):
            self._send_json(self._page(entity, asked, number, fault), cut=fault == "cut")

    def _page(self, entity: str, asked: Mapping[str, str], number: int, fault: str | None) -> dict[str, Any]:
        texts, amount = self.shared.records.of(entity, asked.get("thang", ""))
        size = int(asked.get("kichThuoc", 1000))
        start = int(asked.get("tu") or asked.get("con_tro") or (int(asked.get("trang", 1)) - 1) * size)
        total = len(texts)
        shifted = any(
            one == "shift" for at, one in self.shared.running.faults.of_answers.items() if at < number <= at + 2
        )
        if shifted:
            # A record has come in at the front since the page before: what was the last of that page is the first of this one.
            start, total = max(0, start - 1), total + 1
        if fault == "repeat":
            start = max(0, start - size)
        page: dict[str, Any] = {"data": [json.loads(text) for text in texts[start : start + size]], "tong": total}
        page |= {} if amount is None else {"tongTien": amount}
        page["tiep"] = str(start + size) if start + size < len(texts) else None
        page["lienKet"] = (
            f"/api/{entity}?thang={asked.get('thang', '')}&kichThuoc={size}&tu={start + size}" if page["tiep"] else None
        )
        return _spoilt(page, fault)

    def _fails(self, fault: str | None) -> bool:
        """Whether the answer is another than a page."""
        if fault == "error":
            self._send(HTTPStatus.INTERNAL_SERVER_ERROR, b"Loi he thong")
        elif fault == "busy":
            self._send(HTTPStatus.TOO_MANY_REQUESTS, b"", {"Retry-After": "0"})
        elif fault == "html":
            self._send(HTTPStatus.OK, b"<html><body>Bao tri</body></html>", {"Content-Type": "text/html"})
        elif fault == "elsewhere":
            self._send(HTTPStatus.FOUND, b"", {"Location": "http://127.0.0.2:9/api"})
        elif fault == "not_found":
            self._send(HTTPStatus.NOT_FOUND, b"{}")
        elif fault == "forbidden":
            self._send(HTTPStatus.FORBIDDEN, b"{}")
        elif fault == "large":
            self._send(HTTPStatus.OK, b'{"data": ["' + b"x" * 3_000_000 + b'"]}')
        elif fault == "empty":
            self._send(HTTPStatus.OK, b"")
        elif fault == "hang":
            time.sleep(2)
            self.close_connection = True
        else:
            return False
        return True

    def _send_json(self, answer: object, *, cut: bool = False) -> None:
        content = json.dumps(answer, ensure_ascii=False).encode()
        self._send(HTTPStatus.OK, content[: len(content) // 2] if cut else content)

    def _send(self, status: HTTPStatus, content: bytes, headers: Mapping[str, str] | None = None) -> None:
        try:
            self.send_response(status)
            for name, value in ({"Content-Type": "application/json"} | dict(headers or {})).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
        except (BrokenPipeError, ConnectionResetError):
            log.debug("the other side has gone")


def _spoilt(page: dict[str, Any], fault: str | None) -> dict[str, Any]:
    """A page that is none of the contract's, or says of itself what is not so."""
    if fault == "total":
        page["tong"] += 7
    elif fault == "no_total":
        page["tong"] = None
    elif fault == "no_list":
        page["data"] = {"0": page["data"]}
    elif fault == "nested":
        page["data"] = [{**record, next(iter(record)): {"ma": 1}} for record in page["data"]]
    elif fault == "no_column":
        page["data"] = [dict(list(record.items())[1:]) for record in page["data"]]
    return page


def sources_yaml(source: Source, months: tuple[str, str]) -> str:
    """The text of a sources.yml that reads the sample from there.

    Args:
        source: whose records they are, as the province's own sources.yml has it.
        months: first and last of the sample.
    """
    paging = {"by": "page", "parameter": "trang", "size_parameter": "kichThuoc", "size": 5000}
    return as_fetched(
        source,
        "rest",
        months,
        {
            entity: {
                "path": f"/api/{entity}",
                "query": {"thang": "{month}"},
                "records": "data",
                "total": "tong",
                **({"amount": "tongTien"} if ENTITIES[entity].amount else {}),
                "paging": dict(paging),
            }
            for entity in source.entities
        },
        {"auth": "bearer"},
    )
