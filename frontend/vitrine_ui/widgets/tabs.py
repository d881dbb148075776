"""Parts of one resource, and views of one thing. Each is a link: the address says which is open."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from reactpy import html

from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.icon import icon


class Tab(Struct, frozen=True):
    name: str
    label: str
    href: str
    count: int | None = None
    symbol: str = ""


def tabs(choices: Sequence[Tab], selected: str, *, label: str) -> Element:
    """An underlined row; `.n` is a count."""
    return html.nav(
        {"class": "tabs", "aria-label": label}, [_choice(one, selected, counts=True) for one in choices]
    )


def views(choices: Sequence[Tab], selected: str, *, label: str) -> Element:
    """A segmented control of two to five views."""
    return html.nav(
        {"class": "seg", "aria-label": label}, [_choice(one, selected, counts=False) for one in choices]
    )


def _choice(tab: Tab, selected: str, *, counts: bool) -> Element:
    attributes = {"href": tab.href, "data-nav": ""}
    if tab.name == selected:
        attributes["aria-current"] = "true"
    shown = html.span({"class": "n"}, f"{tab.count:,}") if counts and tab.count is not None else None
    return html.a(attributes, icon(tab.symbol, small=True) if tab.symbol else None, tab.label, shown)
