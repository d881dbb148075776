"""`/{project}/runs`: all runs, filtered, sorted, with the columns that one wants."""

from __future__ import annotations

from reactpy import component, html

from vitrine.paging import Total
from vitrine.projects.structs import ProjectDetail
from vitrine_ui.address import api_path
from vitrine_ui.hooks import Value, loaded, on, use_once, use_place
from vitrine_ui.pages.crumbs import to_project
from vitrine_ui.pages.first_steps import first_run
from vitrine_ui.pages.no_project import no_project
from vitrine_ui.pages.run_columns import columns_menu, with_metrics
from vitrine_ui.pages.run_filters import Chips, FilterBox, PipelineFacet, QuickStatuses, StatusFacet
from vitrine_ui.pages.run_grid import Count, RunGrid
from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.states import loading_rows


@component
def RunsPage(project: str) -> Element:
    use_place("Runs", to_project(project), ("Runs", ""))
    total: Value[Total | None] = use_once(lambda: Value(None))
    return html.div(
        {"class": "fill"},
        loaded(
            api_path("projects", project),
            ProjectDetail,
            lambda has_runs: Runs(project, total) if has_runs else _empty(),
            waiting=lambda: html.div(
                {"class": "fill"}, html.div({"class": "head"}, html.h1("Runs")), loading_rows(12)
            ),
            failing=no_project(),
            watch=on("run", gap_s=3.0),
            select=lambda detail: detail.counts.get("runs", 0) > 0,
        ),
    )


def _empty() -> Element:
    return html.div(
        {"class": "fill"},
        html.div({"class": "head"}, html.h1("Runs")),
        first_run(
            "No runs in this project yet",
            "Every pipeline run shows up here as it starts: its graph, logs, artifacts and metrics.",
        ),
    )


@component
def Runs(project: str, total: Value[Total | None]) -> Element:
    return html.div(
        {"class": "fill"},
        html.div({"class": "head"}, html.h1("Runs"), Count(total)),
        html.div(
            {"class": "filters", "role": "search"},
            FilterBox(project),
            Chips(),
            QuickStatuses(project),
            html.span({"class": "end"}),
            columns_menu(project),
        ),
        html.div(
            {"class": "split"},
            html.aside(
                {"class": "facets", "aria-label": "Facets"}, StatusFacet(project), PipelineFacet(project)
            ),
            html.div(
                {"class": "grow"},
                with_metrics(
                    project,
                    lambda metrics: RunGrid(project, total, metrics),
                    waiting=lambda: loading_rows(14),
                ),
            ),
        ),
    )
