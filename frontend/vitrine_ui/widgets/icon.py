"""Symbols of the sprite that the shell carries."""

from __future__ import annotations

from functools import cache

from reactpy import html

from vitrine_ui.widgets.element import Element


@cache
def icon(name: str, *, small: bool = False) -> Element:
    return html.svg(
        {"class": "i s" if small else "i", "aria-hidden": "true"}, html.svg.use({"href": f"#{name}"})
    )


ARTIFACT_ICONS = {
    "data": "table",
    "model": "models",
    "statistics": "report",
    "schema": "json",
    "service": "out",
    "data_analysis": "report",
}


def artifact_icon(type_: str | None, data_type: str | None = None) -> Element:
    """What an artifact is, at a glance: by its data type where that says more than its type."""
    kind = (data_type or "").rpartition(".")[2].lower()
    if kind in ("ndarray", "tensor"):
        return icon("array", small=True)
    if kind in ("dict", "list", "tuple", "int", "float", "bool"):
        return icon("json", small=True)
    if kind in ("str", "htmlstring", "markdownstring"):
        return icon("doc", small=True)
    return icon(ARTIFACT_ICONS.get(type_ or "", "artifacts"), small=True)
