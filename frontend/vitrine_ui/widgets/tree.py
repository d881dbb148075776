"""A JSON value as a tree whose branches open and close in the browser."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from reactpy import html

from vitrine_ui.text import plural, safe_text
from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.facts import value_of

NODE_LIMIT = 600
OPEN_DEPTH = 2
LINE_ITEMS, LINE_LENGTH = 32, 100


def json_tree(value: Any) -> Element:
    """The value, its first two levels open; more than 600 nodes are counted, not drawn."""
    left = [NODE_LIMIT]
    return html.div({"class": "tree mono"}, _node(None, value, 0, left))


def _node(name: str | None, value: Any, depth: int, left: list[int]) -> Element:
    left[0] -= 1
    label = html.span({"class": "name"}, safe_text(name, limit=200)) if name is not None else None
    if isinstance(value, list) and (line := _one_line(value)):
        return html.div({"class": "leaf"}, label, html.span({"class": "v"}, safe_text(line)))
    if not isinstance(value, (dict, list)) or not value:
        shown = {"dict": "{ }", "list": "[ ]"}.get(type(value).__name__) or value_of(value)
        return html.div({"class": "leaf"}, label, html.span({"class": f"v {type(value).__name__}"}, shown))
    pairs = list(value.items()) if isinstance(value, dict) else [(str(i), one) for i, one in enumerate(value)]
    kind = plural(len(pairs), "key" if isinstance(value, dict) else "item")
    attributes: dict[str, Any] = {"open": True} if depth < OPEN_DEPTH and len(pairs) <= 60 else {}
    return html.details(
        attributes, html.summary(label, html.span({"class": "t3"}, kind)), list(_branches(pairs, depth, left))
    )


def _one_line(items: list[Any]) -> str:
    """A short list of plain values as it is written; "" for others."""
    if not items or len(items) > LINE_ITEMS or any(isinstance(one, (dict, list)) for one in items):
        return ""
    line = ", ".join(msgspec.json.encode(one).decode() for one in items)
    return f"[{line}]" if len(line) <= LINE_LENGTH else ""


def _branches(pairs: list[tuple[str, Any]], depth: int, left: list[int]) -> Iterator[Element]:
    for index, (name, value) in enumerate(pairs):
        if left[0] <= 0:
            yield html.div({"class": "leaf t3"}, f"… {len(pairs) - index:,} more, not drawn")
            return
        yield _node(name, value, depth + 1, left)
