"""The JavaScript modules that do what must not make a round trip. islands/README.md lists their properties."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from reactpy.reactjs import component_from_url

from vitrine_ui.address import asset
from vitrine_ui.widgets.element import Element


@cache
def _component(url: str, name: str) -> Callable[[dict[str, Any]], Element]:
    made: Callable[[dict[str, Any]], Element] = component_from_url(url, name, allow_children=False)
    return made


def island(folder: str, name: str, **properties: Any) -> Element:
    """The island with these properties; None leaves one out."""
    given = {key: value for key, value in properties.items() if value is not None}
    return _component(asset(f"islands/{folder}/index.js"), name)(given)


def read_event(event: dict[str, Any]) -> Any:
    """What an island says, from the JSON text it travels as (ReactPy drops nulls from plain objects)."""
    return json.loads(str(event.get("json", "null")))
