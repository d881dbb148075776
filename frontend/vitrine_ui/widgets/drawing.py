"""Small drawings of the frame itself."""

from __future__ import annotations

from reactpy import html

from vitrine_ui.widgets.element import Element

BOXES = ((0.5, 16.5, 32), (44.5, 0.5, 32), (44.5, 31.5, 32), (88.5, 16.5, 31))
LINES = "M33 24.500c8 0 4-16 11-16M33 24.500c8 0 4 15 11 15M77 8.500c8 0 4 16 11 16M77 39.500c8 0 4-15 11-15"


def empty_graph() -> Element:
    """A pipeline that has not run: dashed, as what never ran always is."""
    boxes = [html.svg.rect({"x": x, "y": y, "width": width, "height": 16, "rx": 4}) for x, y, width in BOXES]
    return html.svg(
        {"class": "drawing", "width": 120, "height": 48, "viewBox": "0 0 120 48", "aria-hidden": "true"},
        html.svg.g(boxes),
        html.svg.path({"d": LINES}),
    )


def logo() -> Element:
    return html.svg(
        {"class": "logo", "width": 20, "height": 20, "viewBox": "0 0 28 28", "aria-hidden": "true"},
        html.svg.path({"d": "M4 8.500 14 3l10 5.500v11L14 25 4 19.500z"}),
        html.svg.path({"class": "inner", "d": "M4 8.500 14 14l10-5.500M14 14v11"}),
        html.svg.circle({"cx": 14, "cy": 14, "r": 3}),
    )
