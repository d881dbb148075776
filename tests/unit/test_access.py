from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest

from vitrine.access.attempts import FAILURES_LIMIT, Attempts
from vitrine.access.cookies import find_cookie
from vitrine.access.cross_site import check_same_site
from vitrine.access.permissions import authorize
from vitrine.access.sign_in import safe_next
from vitrine.access.structs import Actor, ReadableProject
from vitrine.access.tokens import find_parts, write_token
from vitrine.errors import CrossSite, NotPermitted, ProjectNotFound
from vitrine.settings import Settings

SETTINGS = Settings(
    database_url="", store=Path("s"), data_dir=Path("d"), origins=("https://a.example", "http://b:8237")
)


def make_actor(*projects: ReadableProject, server: frozenset[str] = frozenset()) -> Actor:
    return Actor(
        user_id=uuid4(),
        user_name="kim",
        kind="session",
        key=b"",
        csrf="csrf",
        expires_at=None,
        server_actions=server,
        projects=projects,
        by_name={one.slug: one for one in projects} | {str(one.id): one for one in projects},
    )


@pytest.mark.parametrize(
    ("cookies", "found"),
    [
        ([b"a=1"], b"1"),
        ([b"b=2; a=1;c=3"], b"1"),
        ([b"b=2", b"a=1"], b"1"),
        ([b"a=1; a=2"], None),
        ([b"a=1", b"a=1"], None),
        ([b"aa=1; xa=2"], None),
        ([b"a="], b""),
        ([b"a=1=2"], b"1=2"),
        ([], None),
    ],
)
def test_one_cookie_of_a_name_is_found_and_two_are_none(cookies: list[bytes], found: bytes | None) -> None:
    assert find_cookie([(b"cookie", one) for one in cookies], b"a") == found


def test_a_token_is_taken_apart_as_it_was_written() -> None:
    token_id = uuid4()
    parts = find_parts(write_token(token_id, "s" * 43).encode())
    assert parts is not None
    assert parts.id == token_id
    for wrong in (
        b"",
        b"vit_x_y",
        b"vit_" + b"a" * 22 + b"_" + b"b" * 44,
        b"xit_" + b"a" * 22 + b"_" + b"b" * 43,
    ):
        assert find_parts(wrong) is None


def test_rights_are_looked_up_by_slug_and_id_and_nowhere_else() -> None:
    readable = ReadableProject(uuid4(), "one", frozenset({"project:read"}))
    actor = make_actor(readable)
    assert (
        authorize(actor, "project:read", "one")
        == authorize(actor, "project:read", readable.id)
        == readable.id
    )
    with pytest.raises(NotPermitted, match="project:write"):
        authorize(actor, "project:write", "one")
    for unknown in ("two", "", "ONE", "%", "*", "~", uuid4()):
        with pytest.raises(ProjectNotFound):
            authorize(actor, "project:read", unknown)
    with pytest.raises(NotPermitted):
        authorize(actor, "server:admin")
    assert authorize(make_actor(server=frozenset({"server:admin"})), "server:admin") is None


def test_a_right_to_write_without_one_to_read_shows_nothing() -> None:
    odd = ReadableProject(uuid4(), "odd", frozenset({"project:write"}))
    with pytest.raises(ProjectNotFound):
        authorize(make_actor(odd), "project:write", "odd")


JSON = (b"content-type", b"application/json")
OURS = (b"origin", b"https://a.example")


@pytest.mark.parametrize(
    ("headers", "is_ours"),
    [
        ([OURS, JSON], True),
        ([OURS], True),
        ([(b"origin", b"http://b:8237"), JSON], True),
        ([OURS, (b"content-type", b"application/octet-stream"), (b"content-length", b"5")], True),
        ([OURS, (b"content-type", b"text/plain"), (b"x-csrf-token", b"csrf")], True),
        ([(b"sec-fetch-site", b"same-origin"), JSON], True),
        ([JSON], False),
        ([OURS, (b"content-length", b"5")], False),
        ([OURS, (b"transfer-encoding", b"chunked")], False),
        ([OURS, (b"content-type", b"Text/Plain; x")], False),
        ([OURS, JSON, (b"x-csrf-token", b"other")], False),
        ([(b"origin", b"https://a.example.evil"), JSON], False),
        ([(b"origin", b"null"), (b"sec-fetch-site", b"same-origin"), JSON], False),
        ([(b"sec-fetch-site", b"same-site"), JSON], False),
    ],
)
def test_a_change_by_cookie_must_come_from_our_pages(
    headers: list[tuple[bytes, bytes]], is_ours: bool
) -> None:
    if is_ours:
        check_same_site(headers, SETTINGS, csrf="csrf")
    else:
        with pytest.raises(CrossSite):
            check_same_site(headers, SETTINGS, csrf="csrf")


def test_an_empty_csrf_token_never_fits() -> None:
    with pytest.raises(CrossSite):
        check_same_site([OURS, (b"x-csrf-token", b"x")], SETTINGS, csrf=None)


@pytest.mark.parametrize(
    "wanted", ["/", "/default/runs?filter=status%20%3D%20'failed'&sort=-started_at", "/a/b.c~d", "/p?q=//x"]
)
def test_pages_of_ours_are_led_back_to(wanted: str) -> None:
    assert safe_next(wanted, SETTINGS) == wanted


def test_a_page_outside_of_our_path_is_not() -> None:
    below = Settings(
        database_url="", store=Path("s"), data_dir=Path("d"), origins=("https://a",), base_path="/ml"
    )
    assert safe_next("/ml/default", below) == "/ml/default"
    for wanted in ("/default", "/mlx/default", "/ml", "/ml/auth/sign-out"):
        assert safe_next(wanted, below) == "/ml/"


def test_failures_are_counted_by_address() -> None:
    attempts = Attempts()
    for _ in range(FAILURES_LIMIT):
        assert attempts.find_refusal("1.2.3.4") is None
        attempts.count_failure("1.2.3.4")
    refusal = attempts.find_refusal("1.2.3.4")
    assert refusal is not None
    assert "300 s" in refusal or "299 s" in refusal or "301 s" in refusal
    assert attempts.find_refusal("1.2.3.5") is None
