"""What the API says of metadata."""

from msgspec import Struct


class KeyItem(Struct):
    """A metadata key of a project. `kind` is that of one of its values: number, text, bool, instant, duration, json."""

    name: str
    kind: str


class Keys(Struct):
    items: list[KeyItem]
