"""The SDK's door to the API. Refusals become the classes of `vitrine.errors`; no answer is ServerUnreachable."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from vitrine import errors
from vitrine.errors import ServerUnreachable, VitrineError
from vitrine.sdk.connection import Connection

if TYPE_CHECKING:
    import httpx

CONNECT_S = 3.0
ANSWER_S = 30.0
CHUNK_BYTES = 1 << 18
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Api:
    """The API of one server, for one project. Safe to use from several threads."""

    def __init__(self, connection: Connection) -> None:
        import httpx

        if connection.url is None:
            raise ServerUnreachable(
                "No server is known: VITRINE_URL is not set, and no `vitrine up` has left a client.json in the data directory."
            )
        self.connection = connection
        logging.getLogger("httpx").addFilter(is_foreign)
        # a proxy for the outside world must not stand between two programs of one machine
        self._client = httpx.Client(
            base_url=f"{connection.url}/api/v1",
            headers={"authorization": f"Bearer {connection.token}"} if connection.token else {},
            timeout=httpx.Timeout(ANSWER_S, connect=CONNECT_S),
            trust_env=(urlsplit(connection.url).hostname or "") not in LOOPBACK,
            verify=connection.url.startswith(
                "https:"
            ),  # certificates take 50 ms to load: not where there is no TLS
        )

    def close(self) -> None:
        self._client.close()

    def get(
        self, path: str, parameters: Mapping[str, Any] | None = None, *, timeout_s: float = ANSWER_S
    ) -> Any:
        """The decoded answer of a path of the project. Raises: VitrineError."""
        given = {key: value for key, value in (parameters or {}).items() if value is not None}
        return self._ask("GET", self._path(path), params=given, timeout=timeout_s).json()

    def get_bytes(self, path: str) -> bytes:
        return self._ask("GET", self._path(path)).content

    def send(self, method: str, path: str, body: Any) -> Any:
        answer = self._ask(method, self._path(path), json=body)
        return answer.json() if answer.content else None

    def post_raw(self, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        return self._ask(
            "POST", self._path(path), content=body, headers={"content-type": "application/json", **headers}
        ).content

    def put_file(self, path: str, file: Path, *, progress: Callable[[int], object]) -> None:
        """The file is uploaded as it is read; `progress` hears the bytes of each piece."""

        def read() -> Iterator[bytes]:
            with file.open("rb") as opened:
                while chunk := opened.read(CHUNK_BYTES):
                    yield chunk
                    progress(len(chunk))

        headers = {"content-type": "application/octet-stream", "content-length": str(file.stat().st_size)}
        self._ask("PUT", self._path(path), content=read(), headers=headers)

    def download(self, path: str, target: Path) -> None:
        """The answer's body is in the file, whole. Raises: VitrineError."""
        import httpx

        partial = target.with_name(target.name + ".part")
        try:
            with self._client.stream("GET", self._path(path)) as answer:
                if answer.is_error:
                    answer.read()
                    raise read_error(answer)
                with partial.open("wb") as file:
                    for chunk in answer.iter_bytes(CHUNK_BYTES):
                        file.write(chunk)
            partial.replace(target)
        except httpx.TransportError as error:
            raise self._unreachable(error) from error
        finally:
            partial.unlink(missing_ok=True)

    def _path(self, path: str) -> str:
        return f"/projects/{quote(self.connection.project, safe='')}{path}"

    def _ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        import httpx

        try:
            answer = self._client.request(method, path, **options)
        except httpx.TransportError as error:
            raise self._unreachable(error) from error
        if answer.is_error:
            raise read_error(answer)
        return answer

    def _unreachable(self, error: Exception) -> ServerUnreachable:
        return ServerUnreachable(
            f"The server at {self.connection.url} does not answer: {error or type(error).__name__}."
        )


_apis: dict[Connection, Api] = {}


def open_api(connection: Connection) -> Api:
    """The one of this process for a connection. Raises: ServerUnreachable when no server is known."""
    if connection not in _apis:
        _apis[connection] = Api(connection)
    return _apis[connection]


def close_apis() -> None:
    while _apis:
        _apis.popitem()[1].close()


def forget_apis() -> None:
    """A forked child must not speak on its parent's sockets."""
    _apis.clear()


def read_error(answer: httpx.Response) -> VitrineError:
    """The error that the server raised, of the same class where this program knows it."""
    try:
        problem = answer.json()
    except (ValueError, json.JSONDecodeError):
        problem = {}
    problem = problem if isinstance(problem, dict) else {}
    found = getattr(errors, str(problem.get("code", "")), None)
    kind = (
        found
        if isinstance(found, type) and issubclass(found, VitrineError)
        else class_of_status(answer.status_code)
    )
    error = kind.__new__(kind)
    detail = str(problem.get("detail") or f"The server answered {answer.status_code} {answer.reason_phrase}.")
    VitrineError.__init__(
        error,
        detail,
        **{str(key): value for key, value in (problem.get("facts") or {}).items() if key != "detail"},
    )
    error.status = answer.status_code
    return error


def class_of_status(status: int) -> type[VitrineError]:
    kinds = (
        errors.NotSignedIn,
        errors.NotPermitted,
        errors.NotFound,
        errors.Conflict,
        errors.TooLarge,
        errors.Invalid,
        errors.StoreFull,
    )
    by_status: dict[int, type[VitrineError]] = {kind.status: kind for kind in kinds}
    if status in by_status:
        return by_status[status]
    return errors.Unavailable if status in (429, 502, 503, 504) else VitrineError


def is_foreign(record: logging.LogRecord) -> bool:
    """Not one of the SDK's own requests: whoever logs at the level INFO wants to read of their own."""
    return "/api/v1/projects/" not in str(record.args)


def segment(name: object) -> str:
    """A name or id as one segment of a path."""
    return quote(str(name), safe="")
