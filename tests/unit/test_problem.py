from __future__ import annotations

import asyncpg
import msgspec
import pytest
from litestar import Request

from vitrine.errors import DatabaseUnavailable, RunsNotFound, StoreFull
from vitrine.http.problem import answer_error, tell


def make_request(method: str = "POST") -> Request[object, object, object]:  # type: ignore[type-var]
    scope = {"type": "http", "method": method, "path": "/x", "headers": [], "query_string": b""}
    return Request(scope)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (RunsNotFound(["a"]), 404),
        (DatabaseUnavailable("away"), 503),
        (StoreFull("full"), 507),
        (asyncpg.UniqueViolationError("twice"), 409),
        (asyncpg.ForeignKeyViolationError("gone"), 409),
        (asyncpg.CharacterNotInRepertoireError("0x00"), 422),
        (RecursionError(), 422),
        (ExceptionGroup("left", [ExceptionGroup("again", [RunsNotFound(["a"])])]), 404),
        (ZeroDivisionError(), 500),
    ],
)
def test_every_error_has_its_status(error: Exception, status: int) -> None:
    assert answer_error(make_request(), error).status_code == status


def test_facts_of_an_error_travel_with_it() -> None:
    problem = msgspec.to_builtins(tell(make_request(), RunsNotFound(["a", "b"])))
    assert problem == {
        "type": "urn:vitrine:RunsNotFound",
        "title": "Not found",
        "status": 404,
        "detail": "2 run(s) not found in this project: a, b",
        "code": "RunsNotFound",
        "facts": {"missing": ["a", "b"]},
    }


def test_a_mistake_of_ours_in_a_read_is_not_blamed_on_the_body() -> None:
    assert tell(make_request("GET"), RecursionError()).status == 500
