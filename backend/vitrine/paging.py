"""Lists as they travel: a page of items, the cursor of the next one, and how many there are."""

from typing import Annotated, Generic, TypeAlias, TypeVar

from msgspec import Meta, Struct

Item = TypeVar("Item")

COUNT_CAP = 5_000
Limit: TypeAlias = Annotated[int, Meta(ge=1, le=200)]


class Total(Struct):
    """How many match. Not exact: at least `count` ("5,000+")."""

    count: int
    exact: bool = True


class Page(Struct, Generic[Item]):
    items: list[Item]
    next: str | None
    total: Total
