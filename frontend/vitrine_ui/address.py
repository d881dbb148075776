"""Every address that the dashboard writes: pages, API, static files. All are paths on this origin under one prefix.

Segments are quoted whole, so a name can neither leave its place in the path nor become a scheme or a host.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, quote, unquote, urlencode

from msgspec import Struct

API = "/api/v1"


class Served(Struct):
    base: str = ""
    tree_hash: str = ""


_served = Served()


def settle(*, base_path: str, tree_hash: str) -> None:
    """Addresses written from now on lie under `base_path` ("" or "/ml"), static ones under the hash of their tree."""
    _served.base = base_path
    _served.tree_hash = tree_hash


def join(segments: Iterable[object]) -> str:
    """`/a/b` of quoted segments; "." and ".." would be resolved away by the browser, so their dots are quoted too."""
    quoted = (quote(str(one), safe="") for one in segments)
    return "/" + "/".join(one.replace(".", "%2E") if one in (".", "..") else one for one in quoted)


def write_query(query: Mapping[str, object] | Iterable[tuple[str, object]]) -> str:
    """`?a=1&b=2`, without what is None or empty; "" for nothing. A list repeats its name."""
    pairs = query.items() if isinstance(query, Mapping) else query
    kept = [(name, str(one)) for name, value in pairs for one in each(value) if one is not None and one != ""]
    return "?" + urlencode(kept, quote_via=quote, safe="/:,()*") if kept else ""


def each(value: object) -> Iterable[object]:
    return value if isinstance(value, (list, tuple)) else (value,)


def page(*segments: object, **query: object) -> str:
    """The address of a page: `page("default", "runs", id, tab="logs")`."""
    return _served.base + join(segments) + write_query(query)


def api_path(*segments: object, **query: object) -> str:
    """A path of the API as `Api` takes it, without the prefix."""
    return API + join(segments) + write_query(query)


def api(*segments: object, **query: object) -> str:
    """An address of the API for a browser: what islands fetch, links download."""
    return _served.base + api_path(*segments, **query)


def asset(name: str) -> str:
    """The address of a static file: `asset("static/vitrine.css")`."""
    return f"{_served.base}/static/{_served.tree_hash}/{name}"


def base_path() -> str:
    return _served.base


class Url(Struct, frozen=True):
    """Where a tab is: the path's segments, unquoted, and the query in its order."""

    segments: tuple[str, ...] = ()
    query: tuple[tuple[str, str], ...] = ()

    def get(self, name: str, default: str = "") -> str:
        """The last value of a query parameter."""
        return next((value for key, value in reversed(self.query) if key == name), default)

    def every(self, name: str) -> tuple[str, ...]:
        """All values of a query parameter, in their order."""
        return tuple(value for key, value in self.query if key == name)

    def with_query(self, **changes: object) -> Url:
        """The same page with parameters set; None or "" leaves one out, a list repeats it."""
        kept = [(name, value) for name, value in self.query if name not in changes]
        pairs = [(name, one) for name, value in changes.items() for one in each(value)]
        new = [(name, str(one)) for name, one in pairs if one is not None and one != ""]
        return Url(self.segments, (*kept, *new))

    @property
    def href(self) -> str:
        return _served.base + join(self.segments) + write_query(self.query)


def read_url(path: str, query_string: str) -> Url:
    """The Url of a browser's location; `query_string` with or without its question mark."""
    if _served.base and (path == _served.base or path.startswith(_served.base + "/")):
        path = path[len(_served.base) :]
    segments = tuple(unquote(one) for one in path.split("/") if one)
    return Url(segments, tuple(parse_qsl(query_string.removeprefix("?"), keep_blank_values=True)))
