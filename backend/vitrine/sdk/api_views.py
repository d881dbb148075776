"""What the client gives back: thin views of the API's answers, which ask for more when more is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from vitrine.sdk.connection import Connection, find_connection
from vitrine.sdk.http import Api, open_api
from vitrine.sdk.reporting import flush_reports

Item = TypeVar("Item")


class Server:
    """The API as views ask it: what this program reported itself is there before the first answer."""

    def __init__(self, connection: Connection | None = None) -> None:
        self.connection = connection or find_connection()

    @property
    def api(self) -> Api:
        return open_api(self.connection)

    def get(self, path: str, **parameters: Any) -> Any:
        """Raises: VitrineError, ServerUnreachable."""
        flush_reports()
        return self.api.get(path, parameters)


class View:
    """An answer of the API. Its fields are attributes; a field that only the detail has is fetched when asked for."""

    def __init__(self, server: Server, fields: Mapping[str, Any]) -> None:
        self._server = server
        self._fields = dict(fields)

    def _path(self) -> str | None:
        """Of the detail; None when there is nothing more to fetch."""
        return None

    def _get(self, name: str) -> Any:
        """A field. Raises: AttributeError when the API has none of this name."""
        if name not in self._fields and (path := self._path()) and not self._fields.get("_is_whole"):
            self.refresh(path)
        try:
            return self._fields[name]
        except KeyError:
            raise AttributeError(f"{type(self).__name__} has no {name!r}") from None

    def refresh(self, path: str | None = None) -> None:
        """The fields are those of now."""
        if found := path or self._path():
            self._fields.update(self._server.get(found))
            self._fields["_is_whole"] = True

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._get(name)

    @property
    def id(self) -> UUID:
        return UUID(str(self._get("id")))

    @property
    def name(self) -> str:
        return str(self._get("name"))

    def __repr__(self) -> str:
        shown = {
            key: self._fields[key]
            for key in ("id", "name", "key", "status", "number")
            if self._fields.get(key) is not None
        }
        return f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in shown.items())})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.id == self.id  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash(self.id)


class MetadataValue:
    """`value` as it was logged; NaN and the infinities are numbers again."""

    def __init__(self, key: str, value: Any) -> None:
        self.key = key
        self.value = (
            {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}.get(value, value)
            if isinstance(value, str)
            else value
        )

    def __repr__(self) -> str:
        return f"MetadataValue({self.key}={self.value!r})"


def read_metadata(values: Mapping[str, Any]) -> dict[str, MetadataValue]:
    return {key: MetadataValue(key, value) for key, value in values.items()}


class Page(Generic[Item]):
    """`items` of one page; going through the page goes on with the next ones."""

    def __init__(
        self,
        server: Server,
        path: str,
        parameters: Mapping[str, Any],
        make: Callable[[Server, Mapping[str, Any]], Item],
    ) -> None:
        self._server, self._path, self._parameters, self._make = server, path, parameters, make
        answer = server.get(path, **parameters)
        self.items: list[Item] = [make(server, fields) for fields in answer["items"]]
        self.next_cursor: str | None = answer.get("next")
        total = answer.get("total") or {"count": len(self.items)}
        self.total: int = total["count"]

    def next_page(self) -> Page[Item] | None:
        if self.next_cursor is None:
            return None
        return Page(self._server, self._path, {**self._parameters, "cursor": self.next_cursor}, self._make)

    def __iter__(self) -> Iterator[Item]:
        page: Page[Item] | None = self
        while page is not None:
            yield from page.items
            page = page.next_page()

    def __getitem__(self, position: int) -> Item:
        return self.items[position]

    def __len__(self) -> int:
        return self.total

    def __repr__(self) -> str:
        return f"Page({len(self.items)} of {self.total}: {self.items!r})"


def read_instant(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value.replace("Z", "+00:00"))
