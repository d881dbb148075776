"""`/{project}/snapshots/{id}`: what a run executes, unchanged for ever: steps, edges, code, configuration."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct
from reactpy import component, html

from vitrine.pipelines.structs import SnapshotDetail
from vitrine_ui.address import api, api_path, page
from vitrine_ui.hooks import loaded, use_place, use_session, use_url
from vitrine_ui.pages.crumbs import to_pipelines, to_project
from vitrine_ui.text import plural, safe_text
from vitrine_ui.widgets.button import icon_link, link
from vitrine_ui.widgets.code import code_block
from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.facts import facts
from vitrine_ui.widgets.icon import icon
from vitrine_ui.widgets.islands import island, read_event
from vitrine_ui.widgets.moment import moment
from vitrine_ui.widgets.states import bar, failing_page, nothing
from vitrine_ui.widgets.tree import json_tree


class OutputRead(Struct):
    name: str = ""
    artifact: str = ""
    data_type: str = ""


class StepRead(Struct):
    key: str
    name: str = ""
    parents: list[str] = []
    outputs: list[OutputRead] = []
    code: str = ""
    code_path: str = ""
    code_line: int = 0
    configuration: dict[str, Any] = {}


class SpecRead(Struct):
    steps: list[StepRead] = []
    code: str = ""
    configuration: dict[str, Any] = {}


@component
def SnapshotPage(project: str, id_: str) -> Element:
    use_place("Snapshot", to_project(project), to_pipelines(project), ("Snapshot", ""))
    return loaded(
        api_path("projects", project, "snapshots", id_),
        SnapshotDetail,
        lambda found: Snapshot(project, found),
        waiting=lambda: html.div(
            {"class": "fill"},
            html.div(
                {"class": "head", "aria-busy": "true"},
                html.div({"class": "grow"}, html.div({"class": "skel-title"}, bar("240px"))),
            ),
            html.div(
                {"class": "split ruled"},
                html.div({"class": "grow canvas"}),
                html.aside({"class": "panel desk"}),
            ),
        ),
        failing=failing_page(
            "This snapshot could not be loaded",
            gone="This snapshot is gone, or never was here",
            why="It was deleted with its pipeline, or its address is not complete.",
            up=("All pipelines", page(project, "pipelines")),
        ),
    )


@component
def Snapshot(project: str, found: SnapshotDetail) -> Element:
    name = f"{found.pipeline} snapshot {found.number}"
    own = (found.pipeline, page(project, "pipelines", found.pipeline))
    use_place(name, to_project(project), to_pipelines(project), own, (f"Snapshot {found.number}", ""))
    spec = msgspec.json.decode(found.spec, type=SpecRead)
    return html.div(
        {"class": "fill"},
        html.div(
            {"class": "head"},
            html.div(
                {"class": "grow"},
                html.div(
                    {"class": "row"},
                    html.h1({"class": "cut"}, safe_text(found.pipeline)),
                    html.span({"class": "number nw"}, f"snapshot {found.number}"),
                ),
                html.p(
                    {"class": "sub cut"},
                    f"{plural(len(spec.steps), 'step')} · first seen ",
                    moment(found.created_at),
                ),
            ),
        ),
        html.div(
            {"class": "split ruled"}, html.div({"class": "grow"}, Graph(project, str(found.id))), Panel(spec)
        ),
    )


@component
def Graph(project: str, id_: str) -> Element:
    session = use_session()
    step = use_url(lambda url: url.get("step"))

    def select(event: dict[str, Any]) -> None:
        kind, _, name = str(read_event(event) or "").partition(":")
        if kind == "artifact":  # of a structure only the step that writes it is known
            name = name.rpartition(":")[0]
        session.navigate(session.url.now.with_query(step=name if kind in ("step", "artifact") else None))

    return island(
        "graph",
        "Graph",
        src=api("projects", project, "snapshots", id_, "dag"),
        selected=f"step:{step}" if step else None,
        onSelect=select,
    )


@component
def Panel(spec: SpecRead) -> Element:
    url = use_url(lambda url: url)
    chosen = next((one for one in spec.steps if one.key == url.get("step")), None)
    if chosen is not None:
        close = icon_link("Close", url.with_query(step=None).href, "x")
        head = html.header(icon("step"), html.h2({"class": "cut grow"}, safe_text(chosen.key)), close)
        return html.aside(
            {"class": "panel", "aria-label": "Step", "key": f"step {chosen.key}"}, head, _step(chosen, url)
        )
    return html.aside(
        {"class": "panel", "aria-label": "Snapshot", "key": "whole"},
        html.header(html.h2({"class": "grow"}, "This snapshot")),
        html.div(
            {"class": "body"},
            html.section(
                html.h3("Configuration"),
                json_tree(spec.configuration)
                if spec.configuration
                else nothing("Everything at its default."),
            ),
            html.section(html.h3("Pipeline code"), code_block(spec.code)) if spec.code else None,
            html.p({"class": "small t3"}, "Select a step in the graph to see its code and configuration."),
        ),
    )


def _step(step: StepRead, url: Any) -> Element:
    needs = [link(key, url.with_query(step=key).href) for key in step.parents[:20]]
    return html.div(
        {"class": "body"},
        facts(
            (
                ("Function", html.code(safe_text(step.name))),
                (
                    "Needs",
                    html.span([piece for one in needs for piece in (", ", one)][1:]) if needs else None,
                ),
                ("Writes", ", ".join(safe_text(one.artifact or one.name) for one in step.outputs) or None),
                (
                    "Source",
                    html.span(
                        {"class": "mono anywhere"}, f"{safe_text(step.code_path)}, line {step.code_line}"
                    )
                    if step.code_path
                    else None,
                ),
            )
        ),
        html.section(html.h3("Configuration"), json_tree(step.configuration)) if step.configuration else None,
        html.section(html.h3("Code"), code_block(step.code, first_line=step.code_line or 1))
        if step.code
        else None,
    )
