"""A service on the other side of a wire: who asks, how often, how long, and how much of an answer is taken.

What may live here: addresses, logins, time-outs, tries. What may not: what an answer means (``rest``).
"""

import json
import logging
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from dvctt.core.errors import ConfigError, ExtractError
from dvctt.extract import Asked, SourceUnreachable
from dvctt.extract._address import is_here

if TYPE_CHECKING:
    import httpx
    from tenacity import RetryCallState

log = logging.getLogger(__name__)

_REDIRECTS = 3
_LONGEST_PAUSE = 120.0
"""Seconds that one try waits for the next at most, whatever the service asks for: a night has an end."""
_BUSY = (408, 425, 429)


class ServiceOptions(BaseModel):
    """Options of the source.

    Attributes:
        auth: how the login of the connection is sent. ``bearer`` and ``api_key`` send its password, ``basic`` its user and
            password, ``oauth2`` asks for a token with them (client credentials).
        header: in which an API key is sent.
        token_path: where a token is asked for.
        scope: of the token.
        timeout_seconds: for each step of an answer: connecting, and each piece of it.
        attempts: so often one answer is asked for.
        pause_seconds: before the second try; each further one waits twice as long, a little more or less.
        largest_answer_mb: of one page.
        takes: so often a month is read from its first page, when it changes while it is read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    auth: Literal["none", "bearer", "api_key", "basic", "oauth2"] = "none"
    header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")] = "X-API-Key"
    token_path: Annotated[str, Field(pattern=r"^/")] = "/oauth2/token"  # noqa: S105 # a path
    scope: str | None = None
    timeout_seconds: Annotated[int | float, Field(gt=0, le=3600)] = 60
    attempts: Annotated[int, Field(ge=1, le=20)] = 5
    pause_seconds: Annotated[float, Field(ge=0, le=60)] = 1
    largest_answer_mb: Annotated[int | float, Field(gt=0, le=1024)] = 64
    takes: Annotated[int, Field(ge=1, le=10)] = 3


class _AgainError(Exception):
    """An answer that another try may mend.

    Attributes:
        wait: seconds that the service asks us to wait.
    """

    def __init__(self, words: str, wait: float = 0.0) -> None:
        super().__init__(words)
        self.wait = wait


class Service:
    """One service, for the time of one fetch.

    Raises:
        ConfigError: the connection is no address, or would send records in the clear over a network.
    """

    def __init__(self, asked: Asked, options: ServiceOptions) -> None:
        import httpx

        self.options = options
        self._asked = asked
        self._base = _base(asked)
        self._token: str | None = None
        self._client = httpx.Client(
            timeout=options.timeout_seconds,
            follow_redirects=False,
            verify=_trusted(asked),
            headers={"Accept": "application/json", "Accept-Encoding": "gzip"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def ask(
        self, method: str, path: str, query: Mapping[str, str], body: Mapping[str, str] | None
    ) -> tuple[Any, dict[str, str]]:
        """The JSON of one answer, numbers as the texts that they are written as, and the links of its header by relation.

        Args:
            path: from the root of the service, or a whole address of it.

        Raises:
            SourceUnreachable: no try brought a usable answer.
            ExtractError: the service refuses us, or answers what no try can mend.
        """
        import tenacity

        tries = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(self.options.attempts),
            retry=tenacity.retry_if_exception_type(_AgainError),
            wait=self._pause,
            before_sleep=lambda state: log.info(
                "%s: %s; try %d of %d follows",
                self._asked.words,
                _failure(state),
                state.attempt_number + 1,
                self.options.attempts,
            ),
            reraise=True,
        )
        try:
            return tries(self._once, method, self._address(path), query, body)
        except _AgainError as error:
            raise SourceUnreachable(
                f"{self._asked.words}: {error}, in each of {self.options.attempts} tries; tried again the next night; look: "
                f"dvctt sources check {self._asked.source.id}"
            ) from None

    def _pause(self, state: "RetryCallState") -> float:
        import tenacity

        failed = state.outcome.exception() if state.outcome else None
        asked = failed.wait if isinstance(failed, _AgainError) else 0.0
        pause = self.options.pause_seconds
        ours = tenacity.wait_exponential_jitter(pause, _LONGEST_PAUSE, jitter=pause)(state)
        return min(max(asked, ours), _LONGEST_PAUSE)

    def _address(self, path: str) -> "httpx.URL":
        import httpx

        try:
            address = self._base.join(path)
        except httpx.InvalidURL:
            raise self._refusal("a link that is no address; wanted one of the service itself") from None
        if _origin(address) != _origin(self._base):
            raise self._refusal("it leads to another host, which gets neither our login nor our trust")
        return address

    def _refusal(self, words: str) -> ExtractError:
        return ExtractError(
            f"{self._asked.words}: {words}; look: dvctt sources check {self._asked.source.id}", "not_fetched"
        )

    def _once(
        self, method: str, address: "httpx.URL", query: Mapping[str, str], body: Mapping[str, str] | None
    ) -> tuple[Any, dict[str, str]]:
        import httpx

        try:
            for _ in range(_REDIRECTS):
                # An empty query would take away the one that a link has.
                arguments: dict[str, Any] = {"params": dict(query)} if query else {}
                arguments |= {"json": dict(body)} if body is not None and method == "POST" else {}
                request = self._client.build_request(method, address, headers=self._login(), **arguments)
                response = self._client.send(request, stream=True)
                try:
                    if response.is_redirect:
                        address, query = self._address(response.headers.get("location", "")), {}
                        continue
                    self._hold_status(response)
                    links = {str(name): str(link.get("url", "")) for name, link in response.links.items()}
                    return self._json(response), links
                finally:
                    response.close()
        except httpx.TimeoutException:
            raise _AgainError(f"no answer within {self.options.timeout_seconds} seconds") from None
        except httpx.TransportError as error:
            raise _AgainError(f"no connection, or one that broke off ({type(error).__name__})") from None
        except httpx.DecodingError:
            raise _AgainError("an answer that cannot be unpacked") from None
        raise self._refusal(f"more than {_REDIRECTS} redirects one after the other")

    def _hold_status(self, response: "httpx.Response") -> None:
        status = response.status_code
        if response.is_success:
            return
        if status >= 500 or status in _BUSY:  # the class of a server's own faults
            raise _AgainError(f"status {status}", _wait(response.headers.get("retry-after")))
        if status == 401 and self._token is not None:  # a token that has run out
            self._token = None
            raise _AgainError("status 401 with a token of its own")
        name = self._asked.login.connection
        advice = {
            401: f"the login of connection {name!r} is not accepted: mend it",
            403: f"the login of connection {name!r} may not read this: ask the service's owner",
            404: "there is no such path: mend sources.yml (options, path)",
        }.get(status, "it does not take what sources.yml asks (options)")
        raise self._refusal(f"{response.request.url.path}: status {status}: {advice}")

    def _json(self, response: "httpx.Response") -> Any:
        most, content = int(self.options.largest_answer_mb * 1_000_000), bytearray()
        for piece in response.iter_bytes():
            content += piece
            if len(content) > most:
                raise self._refusal(
                    f"an answer of more than {self.options.largest_answer_mb} MB; wanted smaller pages, or a larger "
                    f"largest_answer_mb (sources.yml: options)"
                )
        try:
            return json.loads(bytes(content), parse_int=str, parse_float=str, parse_constant=str)
        except ValueError as error:
            place = f" at byte {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
            raise _AgainError(f"an answer of {len(content)} bytes that is no JSON{place}") from None
        except RecursionError:
            raise self._refusal("an answer that is nested too deep") from None

    def _login(self) -> dict[str, str]:
        import httpx

        login, auth = self._asked.login, self.options.auth
        if auth == "bearer":
            return {"Authorization": f"Bearer {login.password or ''}"}
        if auth == "api_key":
            return {self.options.header: login.password or ""}
        if auth == "oauth2":
            return {"Authorization": f"Bearer {self._fresh_token()}"}
        if auth == "basic":
            basic = httpx.BasicAuth(login.user or "", login.password or "")
            return dict(next(basic.sync_auth_flow(httpx.Request("GET", self._base))).headers)
        return {}

    def _fresh_token(self) -> str:
        """A token, asked for once and kept until the service does not take it any more."""
        if self._token is None:
            login = self._asked.login
            form = {"grant_type": "client_credentials"} | ({"scope": self.options.scope} if self.options.scope else {})
            response = self._client.post(
                self._address(self.options.token_path), data=form, auth=(login.user or "", login.password or "")
            )
            self._hold_status(response)
            token = self._json(response)
            found = token.get("access_token") if isinstance(token, dict) else None
            if not isinstance(found, str):
                raise self._refusal(f"{self.options.token_path}: an answer without access_token; wanted a token")
            self._token = found
        return self._token


def _failure(state: "RetryCallState") -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _wait(header: str | None) -> float:
    """Seconds that a service asks for: a number of them, or until a moment that it names itself."""
    if header is None:
        return 0.0
    return float(header) if header.strip().isdecimal() else _LONGEST_PAUSE


def _base(asked: Asked) -> "httpx.URL":
    import httpx

    login = asked.login
    host = login.host or ""
    try:
        address = httpx.URL(host if "://" in host else f"{login.schema or 'https'}://{host}")
    except httpx.InvalidURL:
        address = httpx.URL("")
    if login.port is not None and address.host:
        address = address.copy_with(port=login.port)
    if not address.host or address.scheme not in ("http", "https"):
        raise ConfigError(
            f"connection {login.connection!r}: no address of a service; wanted host and schema https, or host https://…"
        )
    if address.scheme == "http" and not is_here(address.host):
        raise ConfigError(
            f"connection {login.connection!r}: found http, by which records and login would go over the network in the clear; "
            f"wanted https"
        )
    return address


def _origin(address: "httpx.URL") -> tuple[str, str, int | None]:
    ports = {"http": 80, "https": 443}
    return address.scheme, address.host, address.port or ports.get(address.scheme)


def _trusted(asked: Asked) -> Any:
    """Whom we believe that they are the service: what the machine believes, or the authority that the connection names."""
    import ssl

    authority = asked.login.extra.get("ca_file")
    if authority is None:
        return True
    try:
        return ssl.create_default_context(cafile=str(authority))
    except OSError as error:
        raise ConfigError(
            f"connection {asked.login.connection!r}: ca_file cannot be read ({type(error).__name__}); wanted certificates "
            f"in PEM"
        ) from None
