"""Answers that are lists: `{"items": […]}` where the API does not page."""

from __future__ import annotations

from typing import Generic, TypeVar

from msgspec import Struct

Item = TypeVar("Item")


class Items(Struct, Generic[Item]):
    items: list[Item]
