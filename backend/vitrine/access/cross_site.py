"""Proof that a request with a cookie was made by our own pages. Requests with a token need none."""

from __future__ import annotations

import hmac

from vitrine.access.cookies import Headers
from vitrine.errors import CrossSite
from vitrine.settings import Settings

# A form of another site can send these three without asking; anything else makes the browser ask first.
FORM_TYPES = (b"application/x-www-form-urlencoded", b"multipart/form-data", b"text/plain")


def check_origin(headers: Headers, settings: Settings) -> None:
    """The browser says that the request comes from one of our own addresses. Raises: CrossSite."""
    sent = dict(headers)
    origin, site = sent.get(b"origin"), sent.get(b"sec-fetch-site")
    if origin is not None:
        if origin.decode("latin-1") in settings.origins:
            return
        raise CrossSite("The request comes from another site.", origin=origin.decode("latin-1")[:200])
    if site != b"same-origin":
        raise CrossSite(
            "The request does not say which site it comes from. Programs use a token instead of a cookie."
        )


def check_same_site(headers: Headers, settings: Settings, *, csrf: str | None) -> None:
    """A changing request with a session cookie is the user's own doing.

    Its origin is ours, and its body is none that a form could have sent, or the session's `X-CSRF-Token` comes with it.
    Raises: CrossSite.
    """
    check_origin(headers, settings)
    sent = dict(headers)
    token = sent.get(b"x-csrf-token")
    if token is not None:
        if not hmac.compare_digest(token, (csrf or "").encode()):
            raise CrossSite("The X-CSRF-Token is not that of this session: load the page again.")
        return
    kind = sent.get(b"content-type", b"").partition(b";")[0].strip().lower()
    has_body = sent.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in sent
    if kind in FORM_TYPES or (has_body and not kind):
        raise CrossSite("A browser's changing requests send JSON, or the session's X-CSRF-Token.")
