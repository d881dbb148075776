"""`/{project}/pipelines/{name}`: one pipeline, its runs and its snapshots."""

from __future__ import annotations

from statistics import median

from reactpy import component, html

from vitrine.paging import Page, Total
from vitrine.pipelines.structs import PipelineItem, SnapshotItem
from vitrine_ui.address import api_path, page
from vitrine_ui.figures import duration, percent
from vitrine_ui.hooks import Value, loaded, on, use_once, use_place, use_url
from vitrine_ui.pages.crumbs import to_pipelines, to_project
from vitrine_ui.pages.run_columns import columns_menu, with_metrics
from vitrine_ui.pages.run_filters import FilterBox, PipelineStatuses
from vitrine_ui.pages.run_grid import RunGrid
from vitrine_ui.text import plural, safe_text
from vitrine_ui.widgets.button import button_link, link
from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.moment import moment
from vitrine_ui.widgets.states import bar, failing, failing_page, loading_rows, nothing
from vitrine_ui.widgets.status import Tick, status_pill, ticks
from vitrine_ui.widgets.table import Column, table
from vitrine_ui.widgets.tabs import Tab, tabs

SNAPSHOT_COLUMNS = (
    Column("Snapshot"),
    Column("Steps", is_number=True),
    Column("Runs", is_number=True),
    Column("First seen", is_number=True),
)


@component
def PipelinePage(project: str, name: str) -> Element:
    use_place(name, to_project(project), to_pipelines(project), (name, ""))
    tab = use_url(lambda url: "snapshots" if url.get("tab") == "snapshots" else "runs")
    return html.div(
        {"class": "fill"},
        loaded(
            api_path("projects", project, "pipelines", name),
            PipelineItem,
            lambda found: _head(project, found, tab),
            waiting=_waiting,
            failing=failing_page(
                "This pipeline could not be loaded",
                gone="There is no such pipeline in this project",
                why="It was deleted, renamed, or has not run here yet.",
                up=("All pipelines", page(project, "pipelines")),
            ),
            watch=on("run", "snapshot", gap_s=1.0),
        ),
        Snapshots(project, name, key="snapshots") if tab == "snapshots" else Runs(project, name, key="runs"),
    )


def _head(project: str, found: PipelineItem, tab: str) -> Element:
    own = page(project, "pipelines", found.name)
    last = found.recent[-1] if found.recent else None
    return html.fragment(
        html.div(
            {"class": "head"},
            html.div(
                {"class": "grow"},
                html.div(
                    {"class": "row"},
                    html.h1({"class": "cut"}, safe_text(found.name)),
                    status_pill(last.status) if last else None,
                ),
                html.p({"class": "sub cut"}, list(_about(found))),
            ),
            html.span(
                {"class": "desk"},
                ticks([Tick(one.status, one.duration_s) for one in found.recent], found.name),
            ),
            button_link("Last run", page(project, "runs", last.id), symbol="runs") if last else None,
        ),
        tabs(
            (
                Tab("runs", "Runs", own, found.runs),
                Tab("snapshots", "Snapshots", f"{own}?tab=snapshots", found.snapshots),
            ),
            tab,
            label="Parts of the pipeline",
        ),
    )


def _about(found: PipelineItem) -> list[Element]:
    ended = [one for one in found.recent if one.status not in ("queued", "running")]
    durations = [one.duration_s for one in ended if one.duration_s is not None and one.status == "completed"]
    parts: list[Element] = [plural(found.runs, "run")]
    if ended:
        parts.append(
            f"{percent(sum(one.status in ('completed', 'cached') for one in ended) / len(ended))} of the last {len(ended)} succeeded"
        )
    if durations:
        parts.append(f"usually {duration(median(durations))}")
    parts.append(html.span("first run ", moment(found.created_at)))
    return [piece for part in parts for piece in (" · ", part)][1:]


def _waiting() -> Element:
    return html.fragment(
        html.div(
            {"class": "head", "aria-busy": "true"},
            html.div(
                {"class": "grow"},
                html.div({"class": "skel-title"}, bar("220px")),
                html.div({"class": "skel-sub"}, bar("300px")),
            ),
        ),
        html.div({"class": "tabs", "aria-hidden": "true"}, html.span("Runs")),
    )


@component
def Runs(project: str, name: str) -> Element:
    total: Value[Total | None] = use_once(lambda: Value(None))
    return html.fragment(
        html.div(
            {"class": "filters", "role": "search"},
            FilterBox(project),
            PipelineStatuses(),
            html.span({"class": "end"}),
            columns_menu(project),
        ),
        with_metrics(
            project, lambda metrics: RunGrid(project, total, metrics, name), waiting=lambda: loading_rows(12)
        ),
    )


@component
def Snapshots(project: str, name: str) -> Element:
    return loaded(
        api_path("projects", project, "pipelines", name, "snapshots", limit=100),
        Page[SnapshotItem],
        lambda found: html.div(
            {"class": "table-wrap"},
            table(SNAPSHOT_COLUMNS, [_snapshot(project, one) for one in found.items], label="Snapshots")
            if found.items
            else html.div(
                {"class": "body"},
                nothing(
                    "No snapshot yet: one is kept for each new shape, code or configuration of the pipeline."
                ),
            ),
        ),
        waiting=lambda: loading_rows(6),
        failing=failing("The snapshots could not be loaded"),
        watch=on("snapshot", "run", gap_s=1.0),
    )


def _snapshot(project: str, one: SnapshotItem) -> list[Element]:
    return [
        link(f"Snapshot {one.number}", page(project, "snapshots", one.id), class_="plain name"),
        f"{one.steps:,}",
        f"{one.runs:,}",
        moment(one.created_at),
    ]
