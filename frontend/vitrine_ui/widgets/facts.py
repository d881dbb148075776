"""Short facts about a thing: terms with their values, tags, values of metadata."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from reactpy import html

from vitrine_ui.figures import absolute, number
from vitrine_ui.text import safe_text
from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.icon import icon


def facts(pairs: Iterable[tuple[str, Element]]) -> Element:
    """Terms and values; a value that is None is left out."""
    kept = [(term, value) for term, value in pairs if value is not None]
    return html.dl({"class": "meta"}, [(html.dt(term), html.dd(value)) for term, value in kept])


def tag_list(tags: Iterable[str]) -> list[Element]:
    return [html.span({"class": "tag"}, safe_text(tag)) for tag in tags]


def value_of(value: Any) -> Element:
    """A value of metadata or configuration: numbers short with all digits on hover, words for what is missing."""
    match value:
        case None:
            return html.span({"class": "t3"}, "null")
        case bool():
            return "true" if value else "false"
        case int() | float():
            return html.span({"title": repr(value)}, number(value))
        case str():
            return html.span({"class": "t3"}, "empty text") if value == "" else safe_text(value, limit=2_000)
        case datetime():
            return absolute(value)
        case _:
            return html.code({"class": "json"}, safe_text(msgspec.json.encode(value).decode(), limit=2_000))


def note(status: str, *children: Element) -> Element:
    """A message that belongs to the page: `status` is "failed", "lost" for a warning, or "" for plain news."""
    symbol = status if status in ("failed", "lost") else "info"
    attributes = {"class": "note", "role": "status"}
    if status:
        attributes["data-status"] = status
    return html.div(attributes, icon(symbol), html.div({"class": "grow"}, children))
