"""`/{project}/runs/{id}`: one run. Its graph beside what is selected in it, or one of its other views."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from reactpy import component, html

from vitrine.runs.structs import RunDetail, StepItem, plain
from vitrine_ui.address import Url, api, api_path, page
from vitrine_ui.hooks import (
    Ready,
    Watch,
    loaded,
    on,
    use_load,
    use_once,
    use_place,
    use_session,
    use_url,
)
from vitrine_ui.listing import Items
from vitrine_ui.pages.crumbs import to_project, to_runs
from vitrine_ui.pages.run_facts import ConfigurationView, EnvironmentView, MetadataView
from vitrine_ui.pages.run_panel import Panel
from vitrine_ui.pages.run_timeline import Timeline
from vitrine_ui.text import safe_text
from vitrine_ui.widgets.button import button_link, copy_button, link
from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.islands import island, read_event
from vitrine_ui.widgets.moment import moment, span_of_time
from vitrine_ui.widgets.states import bar, failing_page
from vitrine_ui.widgets.status import status_pill
from vitrine_ui.widgets.tabs import Tab, tabs

# The graph's own two views are both "Graph and steps".
DRAWN_VIEWS = ("graph", "timeline")
VIEWS = (*DRAWN_VIEWS, "configuration", "metadata", "environment")


def run_path(project: str, id_: str) -> str:
    return api_path("projects", project, "runs", id_)


def run_watch(id_: str) -> Watch:
    return on("run", "step", "metadata", run_id=id_)


def steps_path(project: str, id_: str) -> str:
    return api_path("projects", project, "runs", id_, "steps")


def view_of(url: Url) -> str:
    view = url.get("view", "graph")
    return view if view in VIEWS else "graph"


@component
def RunPage(project: str, id_: str) -> Element:
    use_place("Run", to_project(project), to_runs(project), (id_[:8], ""))
    return loaded(
        run_path(project, id_),
        RunDetail,
        lambda name: Run(project, id_, name),
        waiting=_waiting,
        failing=failing_page(
            "This run could not be loaded",
            gone="This run is gone, or never was here",
            why="It was deleted, belongs to another project, or its address is not complete.",
            up=("All runs", page(project, "runs")),
        ),
        watch=run_watch(id_),
        select=lambda run: run.name,
    )


@component
def Run(project: str, id_: str, name: str) -> Element:
    use_place(name, to_project(project), to_runs(project), (name, ""))
    return html.div(
        {"class": "fill"},
        Head(project, id_),
        RunTabs(project, id_),
        OpenFailure(project, id_),
        View(project, id_),
    )


@component
def View(project: str, id_: str) -> Element:
    view = use_url(view_of)
    if view in DRAWN_VIEWS:
        return html.div({"class": "split", "key": "drawn"}, Drawn(project, id_, view), Panel(project, id_))
    page_of = {"configuration": ConfigurationView, "metadata": MetadataView, "environment": EnvironmentView}
    return html.div({"class": "scroll", "key": view}, page_of[view](project, id_, key=view))


@component
def OpenFailure(project: str, id_: str) -> Element:
    """A failed run opens on the step that failed. Once: who closes it wants it closed."""
    session = use_session()
    is_wanted = use_once(lambda: [not session.url.now.get("step") and not session.url.now.get("artifact")])
    state = use_load(run_path(project, id_), RunDetail, run_watch(id_), lambda run: run.status)
    steps = use_load(steps_path(project, id_), Items[StepItem], on("step", "run", run_id=id_), first_failed)
    if is_wanted[0] and isinstance(state, Ready) and isinstance(steps, Ready):
        is_wanted[0] = False
        if state.value == "failed" and steps.value and view_of(session.url.now) in DRAWN_VIEWS:
            session.navigate(session.url.now.with_query(step=steps.value), replaces=True)
    return None


def first_failed(steps: Items[StepItem]) -> str:
    """The key of the step that failed first; "" if none did."""
    failed_steps = [step for step in steps.items if step.status == "failed"]
    return min(failed_steps, key=lambda step: str(step.ended_at)).key if failed_steps else ""


# ── head ──────────────────────────────────────────────────────────────────────────────────────────
@component
def Head(project: str, id_: str) -> Element:
    return loaded(
        run_path(project, id_),
        RunDetail,
        lambda run: _head(project, run),
        waiting=_waiting_head,
        failing=lambda _: _waiting_head(),
        watch=run_watch(id_),
        select=face_of,
    )


class Face(Struct, frozen=True):
    """What of a run stands above its views."""

    name: str
    number: int | None
    status: str
    pipeline: str
    started_at: datetime | None
    duration_s: float | None
    user: str
    stack: str
    code_version: str
    snapshot_id: str
    tags: tuple[str, ...]
    id: str


def face_of(run: RunDetail) -> Face:
    return Face(
        run.name,
        run.number,
        run.status,
        run.pipeline.name if run.pipeline else "",
        run.started_at,
        run.duration_s,
        run.user.name if run.user else "",
        run.stack.name if run.stack else "",
        run.code_version or "",
        str(run.snapshot_id or ""),
        tuple(run.tags),
        str(run.id),
    )


def _head(project: str, run: Face) -> Element:
    return html.div(
        {"class": "head"},
        html.div(
            {"class": "grow"},
            html.div(
                {"class": "row"},
                html.h1({"class": "cut", "title": safe_text(run.name)}, safe_text(run.name)),
                html.span({"class": "number"}, f"#{run.number}") if run.number is not None else None,
                status_pill(run.status),
                html.span(
                    {"class": "row desk tags"},
                    [html.span({"class": "tag"}, safe_text(tag)) for tag in run.tags[:4]],
                ),
            ),
            html.p({"class": "sub cut"}, list(_about(project, run))),
        ),
        html.span(
            {"class": "row desk"},
            button_link("Snapshot", page(project, "snapshots", run.snapshot_id), symbol="pipelines")
            if run.snapshot_id
            else None,
            copy_button(run.id, label="Copy run id", look="", says_label=True),
        ),
    )


def _about(project: str, run: Face) -> list[Element]:
    parts: list[Element] = []
    if run.pipeline:
        parts.append(link(run.pipeline, page(project, "pipelines", run.pipeline), class_="quiet"))
    began = html.span("started ", moment(run.started_at)) if run.started_at else "waiting to start"
    parts.append(html.span(began, f" by {safe_text(run.user)}" if run.user else None))
    if run.started_at:
        parts.append(span_of_time(run.duration_s, run.started_at, is_running=run.status == "running"))
    if run.code_version:
        parts.append(
            html.span(
                {"class": "mono", "title": safe_text(run.code_version)}, safe_text(run.code_version)[:7]
            )
        )
    if run.stack:
        parts.append(html.span({"class": "desk-in"}, f"stack {safe_text(run.stack)}"))
    return [piece for part in parts for piece in (" · ", part)][1:]


@component
def RunTabs(project: str, id_: str) -> Element:
    url = use_url(lambda url: url)
    counts = use_load(run_path(project, id_), RunDetail, run_watch(id_), count_metadata)
    view = view_of(url)

    def tab(name: str, label: str, count: int | None = None) -> Tab:
        target = url.with_query(view=None if name == "graph" else name)
        return Tab(name, label, target.href, count)

    return tabs(
        (
            tab("graph", "Graph and steps"),
            tab("configuration", "Configuration"),
            tab("metadata", "Metadata", counts.value if isinstance(counts, Ready) else None),
            tab("environment", "Environment"),
        ),
        "graph" if view in DRAWN_VIEWS else view,
        label="Views of the run",
    )


def count_metadata(run: RunDetail) -> int:
    return len(plain(run.metadata) or {}) + sum(
        len(values) for values in (plain(run.step_metadata) or {}).values()
    )


# ── graph ─────────────────────────────────────────────────────────────────────────────────────────
@component
def Drawn(project: str, id_: str, view: str) -> Element:
    url = use_url(lambda url: url)
    choices = [
        {
            "label": label,
            "icon": symbol,
            "href": url.with_query(view=name).href,
            "selected": view == (name or "graph"),
        }
        for name, label, symbol in ((None, "Graph", "pipelines"), ("timeline", "Timeline", "runs"))
    ]
    if view == "timeline":
        return html.div({"class": "grow", "key": "timeline"}, Timeline(project, id_, choices))
    return html.div({"class": "grow", "key": "graph"}, Graph(project, id_, choices))


def selected_node(url: Url) -> str | None:
    """The graph's id of what is selected."""
    if step := url.get("step"):
        return f"step:{step}"
    if artifact := url.get("artifact"):
        return f"artifact:{artifact}"
    return None


@component
def Graph(project: str, id_: str, choices: list[dict[str, object]]) -> Element:
    session = use_session()
    node = use_url(selected_node)
    collapse = use_url(lambda url: url.get("collapse", "auto"))

    def select(event: dict[str, object]) -> None:
        kind, _, name = str(read_event(event) or "").partition(":")
        session.navigate(
            session.url.now.with_query(
                step=name if kind == "step" else None, artifact=name if kind == "artifact" else None
            )
        )

    def fold(event: dict[str, object]) -> None:
        wanted = str(read_event(event) or "auto")
        session.navigate(
            session.url.now.with_query(collapse=None if wanted == "auto" else wanted), replaces=True
        )

    return island(
        "graph",
        "Graph",
        src=api("projects", project, "runs", id_, "dag"),
        statuses=api("projects", project, "runs", id_, "dag", "statuses"),
        live=api("projects", project, "live"),
        run=id_,
        selected=node,
        collapse=collapse,
        views=choices,
        onSelect=select,
        onCollapse=fold,
    )


# ── on its way ────────────────────────────────────────────────────────────────────────────────────
def _waiting_head() -> Element:
    return html.div(
        {"class": "head", "aria-busy": "true"},
        html.div(
            {"class": "grow"},
            html.div({"class": "skel-title"}, bar("260px")),
            html.div({"class": "skel-sub"}, bar("340px")),
        ),
    )


def _waiting() -> Element:
    return html.div(
        {"class": "fill"},
        _waiting_head(),
        html.div({"class": "tabs", "aria-hidden": "true"}, html.span("Graph and steps")),
        html.div({"class": "split"}, html.div({"class": "grow canvas"}), html.aside({"class": "panel desk"})),
    )
