"""What is pressed or followed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reactpy import html

from vitrine_ui.text import safe_text
from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.icon import icon


def link(text: object, href: str, *, class_: str = "", title: str = "") -> Element:
    """A link to a page of the dashboard; it changes the page without loading it."""
    attributes = {"href": href, "data-nav": ""}
    if class_:
        attributes["class"] = class_
    if title:
        attributes["title"] = safe_text(title)
    return html.a(attributes, safe_text(text))


def button(
    label: str,
    press: Callable[..., Any] | Any,
    *,
    symbol: str = "",
    look: str = "",
    mutates: bool = False,
    is_disabled: bool = False,
) -> Element:
    """A button with a word. `mutates`: it does nothing while the server is away."""
    attributes: dict[str, Any] = {"type": "button", "class": f"btn {look}".strip(), "onClick": press}
    if mutates:
        attributes["data-mutates"] = ""
    if is_disabled:
        attributes["disabled"] = True
    return html.button(attributes, icon(symbol, small=True) if symbol else None, label)


def button_link(label: str, href: str, *, symbol: str = "", look: str = "", leaves: bool = False) -> Element:
    """A link that looks like a button; `leaves`: to something that is not a page of the dashboard, such as a download."""
    attributes = {"href": href, "class": f"btn {look}".strip()}
    attributes["download" if leaves else "data-nav"] = ""
    return html.a(attributes, icon(symbol, small=True) if symbol else None, label)


def icon_link(label: str, href: str, symbol: str) -> Element:
    return html.a(
        {"href": href, "data-nav": "", "class": "btn icon ghost", "aria-label": label, "title": label},
        icon(symbol),
    )


def copy_button(
    text: str, *, label: str = "Copy", look: str = "icon ghost", says_label: bool = False
) -> Element:
    """Puts the text on the clipboard; static/page.js does it, without the server."""
    attributes = {
        "type": "button",
        "class": f"btn {look}",
        "data-copy": text,
        "aria-label": label,
        "title": label,
    }
    return html.button(attributes, icon("copy", small=says_label), label if says_label else None)
