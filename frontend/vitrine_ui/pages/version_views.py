"""The pictures of an artifact version, one at a time: its table first, then what its materializer drew."""

from __future__ import annotations

from typing import Any

from reactpy import component, html

from vitrine.artifacts.structs import ArtifactVersionDetail, VisualizationItem
from vitrine_ui.address import api, api_path, asset
from vitrine_ui.figures import size
from vitrine_ui.hooks import loaded, use_url
from vitrine_ui.text import safe_text
from vitrine_ui.widgets.button import button_link
from vitrine_ui.widgets.code import code_block
from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.facts import note
from vitrine_ui.widgets.islands import island
from vitrine_ui.widgets.states import empty, failing, loading_lines
from vitrine_ui.widgets.tabs import Tab, views
from vitrine_ui.widgets.tree import json_tree

TABLE = "table"
TREE_LIMIT_BYTES = 2_000_000
CHART_HEIGHT = 520
KINDS = {
    "html": ("report", "Report"),
    "image": ("scatter", "Image"),
    "csv": ("table", "CSV"),
    "markdown": ("doc", "Text"),
    "json": ("json", "JSON"),
    "table": ("table", "Table"),
    "plotly": ("scatter", "Chart"),
}
SNIPPET = """from vitrine import step
from vitrine.types import HTMLString


@step
def report() -> HTMLString:
    return HTMLString("<h1>Drift is low</h1>")
"""


@component
def VersionViews(project: str, found: ArtifactVersionDetail) -> Element:
    url = use_url(lambda url: url)
    choices = ([(TABLE, "Table", "table")] if found.has_table else []) + [
        (str(one.id), _called(one), KINDS.get(one.kind, ("doc", ""))[0]) for one in found.visualizations
    ]
    if not choices:
        return _nothing_drawn()
    names = [name for name, _, _ in choices]
    chosen = url.get("visualization", names[0])
    if chosen not in names:
        chosen = names[0]
    shown = [
        Tab(name, label, url.with_query(visualization=None if name == names[0] else name).href, symbol=symbol)
        for name, label, symbol in choices
    ]
    picture = next((one for one in found.visualizations if str(one.id) == chosen), None)
    return html.div(
        {"class": "fill"},
        html.div(
            {"class": "filters"},
            views(shown, chosen, label="Visualization"),
            html.span({"class": "end"}),
            _aside(project, picture),
        ),
        html.div(
            {"class": "view", "key": chosen},
            _table(project, found) if picture is None else _picture(project, picture),
        ),
    )


def _called(picture: VisualizationItem) -> str:
    """What its file is called, without what every file is called."""
    stem = safe_text(picture.name, limit=40).rpartition("/")[2].partition(".")[0].replace("_", " ").strip()
    usual = KINDS.get(picture.kind, ("", picture.kind))[1]
    return usual if stem in ("", "output") else stem[0].upper() + stem[1:]


def _nothing_drawn() -> Element:
    return html.div(
        {"class": "fill"},
        empty(
            "No picture of this version",
            "Tables, arrays, images and reports are drawn by themselves. A step may also return its own:",
            code_block(SNIPPET, numbered=False),
        ),
    )


def _aside(project: str, picture: VisualizationItem | None) -> Element:
    if picture is None:
        return None
    return html.span(
        {"class": "row"},
        html.span({"class": "small t3 desk"}, size(picture.size_bytes)),
        button_link("Download", content_of(project, picture), symbol="download", look="ghost", leaves=True),
    )


def content_of(project: str, picture: VisualizationItem) -> str:
    return api("projects", project, "visualizations", picture.id, "content")


def _table(project: str, found: ArtifactVersionDetail) -> Element:
    return _grid(
        api("projects", project, "artifact-versions", found.id, "table"),
        f"Rows of {safe_text(found.artifact)}",
    )


def _grid(src: str, label: str) -> Element:
    return html.div(
        {"class": "fill"}, island("grid", "Grid", mode="offset", src=src, label=label, noun="row")
    )


def _picture(project: str, picture: VisualizationItem) -> Element:
    name = _called(picture)
    src = content_of(project, picture)
    match picture.kind:
        case "html" | "markdown":
            scheme = "page" if picture.kind == "markdown" else None
            return html.div(
                {"class": "frame-box"}, island("frame", "Frame", src=src, title=name, scheme=scheme)
            )
        case "image":
            return html.div({"class": "image-box"}, html.img({"src": src, "alt": name}))
        case "csv" | "table":
            return _grid(api("projects", project, "visualizations", picture.id, "table"), name)
        case "plotly":
            chart = island(
                "chart",
                "Chart",
                src=src,
                plotly=asset("plotly/plotly.min.js"),
                height=CHART_HEIGHT,
                label=name,
            )
            return html.div({"class": "body"}, chart)
        case "json":
            return _json(project, picture)
        case _:
            return html.div(
                {"class": "body"},
                note(
                    "",
                    f"This kind of picture ({safe_text(picture.kind)}) can be downloaded, but not shown here.",
                ),
            )


def _json(project: str, picture: VisualizationItem) -> Element:
    if picture.size_bytes > TREE_LIMIT_BYTES:
        return html.div(
            {"class": "body"},
            note("", f"{size(picture.size_bytes)} of JSON are too much for a tree. Download it instead."),
        )
    return html.div(
        {"class": "scroll"},
        loaded(
            api_path("projects", project, "visualizations", picture.id, "content"),
            Any,  # type: ignore[arg-type]
            lambda value: html.div({"class": "body"}, json_tree(value)),
            waiting=lambda: html.div({"class": "body"}, loading_lines(8)),
            failing=failing("The JSON could not be loaded"),
        ),
    )
