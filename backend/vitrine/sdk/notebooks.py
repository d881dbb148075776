"""Visualizations inside a notebook."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

from vitrine.enums import VisualizationType
from vitrine.sdk.saying import say

if TYPE_CHECKING:
    from vitrine.sdk.artifact_views import Visualization


def show(visualizations: Sequence[Visualization], *, title: str | None, url: str) -> None:
    """They are displayed below the cell. Outside a notebook one line says where to see them."""
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        get_ipython = None
    if get_ipython is None or get_ipython() is None:
        say(f"{len(visualizations)} visualization(s): {url}")
        return
    if title:
        display(_html(f"<h3>{html.escape(title)}</h3>"))
    for one in visualizations:
        display(_make_displayable(one))


def _make_displayable(one: Visualization) -> object:
    from IPython.display import JSON, Image, Markdown

    content = one.load()
    if one.type is VisualizationType.IMAGE:
        return Image(content)
    text = content.decode("utf-8", "replace")
    if one.type is VisualizationType.MARKDOWN:
        return Markdown(text)
    if one.type in (VisualizationType.JSON, VisualizationType.PLOTLY):
        import json

        return JSON(json.loads(text))
    if one.type is VisualizationType.CSV:
        return _html(_table_of(text))
    return _html(
        f'<iframe sandbox="allow-scripts" srcdoc="{html.escape(text)}" width="100%" height="600" frameborder="0"></iframe>'
    )


def _html(text: str) -> object:
    from IPython.display import HTML

    return HTML(text)


def _table_of(text: str) -> str:
    import csv

    rows = ("".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in csv.reader(text.splitlines()))
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"
