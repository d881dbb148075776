"""The server's API, for commands: found as the SDK finds it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from vitrine.errors import ServerUnreachable
from vitrine.sdk.connection import Connection, find_connection

ANSWER_LIMIT_S = 30.0


def find_server(project: str | None = None) -> Connection:
    """The environment's, or the local one; with another project if that is wanted. Raises: ServerUnreachable."""
    found = find_connection()
    if found.url is None:
        raise ServerUnreachable(
            "No server is known: start one with `vitrine up`, or set VITRINE_URL and VITRINE_TOKEN."
        )
    return found._replace(project=project) if project else found


def ask(server: Connection, method: str, path: str, **options: Any) -> Any:
    """The decoded answer of a path below /api/v1. Raises: VitrineError, as the server says or ServerUnreachable."""
    import httpx

    from vitrine.sdk.http import read_error

    headers = {"authorization": f"Bearer {server.token}"} if server.token else {}
    try:
        answer = httpx.request(
            method,
            f"{server.url}/api/v1{path}",
            headers=headers,
            timeout=ANSWER_LIMIT_S,
            trust_env=False,
            **options,
        )
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise ServerUnreachable(
            f"The server at {server.url} does not answer: {error or type(error).__name__}."
        ) from error
    if answer.is_error:
        raise read_error(answer)
    return answer.json()


def project_path(server: Connection, path: str) -> str:
    return f"/projects/{quote(server.project, safe='')}{path}"
