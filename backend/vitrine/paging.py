"""Lists as they travel: a page of items, the cursor of the next one, and how many there are."""

import base64
import binascii
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from vitrine.errors import CursorInvalid

Item = TypeVar("Item")
Place = TypeVar("Place")

COUNT_CAP = 5_000
LIMIT_MOST = 200


class Total(Struct):
    """How many match. Not exact: at least `count` ("5,000+")."""

    count: int
    exact: bool = True


class Page(Struct, Generic[Item]):
    items: list[Item]
    next: str | None
    total: Total


def write_cursor(*place: Any) -> str:
    """Where a page ended: the values that the list is sorted by, of its last item."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def read_cursor(cursor: str, place: type[Place]) -> Place:
    """The values behind a cursor. Raises: CursorInvalid for one of another list, or made up."""
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=place)
    except (msgspec.MsgspecError, binascii.Error, UnicodeError, ValueError) as error:
        raise CursorInvalid("This cursor does not belong to this list: start from the first page.") from error


def pattern_of(part: str) -> str:
    """A pattern for `ilike` of all that holds this part, literally."""
    escaped = part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
