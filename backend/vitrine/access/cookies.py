"""The cookies of a browser: what they are called, and reading them without being fooled by a second one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from litestar.datastructures import Cookie

from vitrine.settings import Settings

SESSION = "vitrine_session"
BEFORE_SIGN_IN = "vitrine_before"
Headers = Iterable[tuple[bytes, bytes]]  # names in lower case; may be gone through more than once


def name_cookie(settings: Settings, name: str) -> str:
    """`__Host-…` where a browser takes it: over TLS, without a path. Then no other host of the domain can set it."""
    return f"__Host-{name}" if settings.is_secure and not settings.base_path else name


def find_cookie(headers: Headers, name: bytes) -> bytes | None:
    """Its value; None also when there are two of the name, since somebody else then wrote one of them."""
    start = name + b"="
    found = [part[len(start) :] for part in _split_cookies(headers) if part.startswith(start)]
    return found[0] if len(found) == 1 else None


def _split_cookies(headers: Headers) -> Iterable[bytes]:
    for key, value in headers:
        if key == b"cookie":
            for part in value.split(b";"):
                yield part.strip()


def make_cookie(
    settings: Settings, name: str, value: str, *, max_age_s: int, same_site: Literal["lax", "strict"] = "lax"
) -> Cookie:
    """One that scripts cannot read. An age of 0 removes it."""
    return Cookie(
        key=name_cookie(settings, name),
        value=value,
        path=settings.base_path or "/",
        max_age=max_age_s,
        secure=settings.is_secure,
        httponly=True,
        samesite=same_site,
    )
