"""`/{project}/artifacts`: everything that steps have written, by name."""

from __future__ import annotations

from typing import Any

from reactpy import component, html

from vitrine.paging import Total
from vitrine.projects.structs import ProjectDetail
from vitrine_ui.address import api, api_path, page
from vitrine_ui.hooks import Value, loaded, on, use_once, use_place, use_session, use_url
from vitrine_ui.pages.crumbs import to_project
from vitrine_ui.pages.first_steps import first_run
from vitrine_ui.pages.no_project import no_project
from vitrine_ui.pages.run_filters import written
from vitrine_ui.pages.run_grid import Count
from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.islands import island, read_event
from vitrine_ui.widgets.states import loading_rows


@component
def ArtifactsPage(project: str) -> Element:
    use_place("Artifacts", to_project(project), ("Artifacts", ""))
    return loaded(
        api_path("projects", project),
        ProjectDetail,
        lambda has_some: Artifacts(project) if has_some else _empty(),
        waiting=lambda: html.div(
            {"class": "fill"}, html.div({"class": "head"}, html.h1("Artifacts")), loading_rows(12)
        ),
        failing=no_project(),
        watch=on("artifact_version", "run", gap_s=3.0),
        select=lambda detail: detail.counts.get("artifacts", 0) > 0,
    )


def _empty() -> Element:
    return html.div(
        {"class": "fill"},
        html.div({"class": "head"}, html.h1("Artifacts")),
        first_run(
            "No artifacts yet",
            "Whatever a step returns is kept here: with a version, its metadata, and pictures of it.",
        ),
    )


@component
def Artifacts(project: str) -> Element:
    total: Value[Total | None] = use_once(lambda: Value(None))
    return html.div(
        {"class": "fill"},
        html.div({"class": "head"}, html.h1("Artifacts"), Count(total)),
        html.div({"class": "filters", "role": "search"}, NameBox()),
        ArtifactGrid(project, total),
    )


@component
def NameBox() -> Element:
    session = use_session()
    text = use_url(lambda url: url.get("filter"))

    def change(event: dict[str, Any]) -> None:
        wanted = str(event.get("value", "")).strip()
        session.navigate(session.url.now.with_query(filter=wanted), replaces=True)

    return html.div(
        {"class": "filter-box"},
        island(
            "input",
            "Input",
            kind="search",
            icon="search",
            value=text,
            label="Filter artifacts",
            placeholder="Name",
            onValue=change,
        ),
    )


@component
def ArtifactGrid(project: str, total: Value[Total | None]) -> Element:
    session = use_session()
    text = use_url(lambda url: url.get("filter"))
    sort = use_url(lambda url: url.get("sort"))

    def change(event: dict[str, Any]) -> None:
        state = read_event(event)
        if "sort" in state:
            session.navigate(session.url.now.with_query(sort=state["sort"]), replaces=True)
        if "total" in state:
            total.set(Total(int(state["total"]["count"]), bool(state["total"].get("exact", True))))

    return island(
        "grid",
        "Grid",
        mode="cursor",
        src=api("projects", project, "artifacts", filter=written(text)),
        live=api("projects", project, "live"),
        kinds=["artifact_version"],
        label="Artifacts",
        noun="artifact",
        sort=sort or None,
        columns=_columns(project),
        rowHref=f"{page(project, 'artifacts')}/{{name}}",
        empty={"title": "No artifact matches", "text": "Type another part of the name."},
        onState=change,
    )


def _columns(project: str) -> list[dict[str, Any]]:
    runs = page(project, "runs")
    versions = page(project, "artifact-versions")
    return [
        {"key": "name", "title": "Artifact", "kind": "text"},
        {"key": "type", "title": "Type", "kind": "text"},
        {"key": "data_type", "title": "Data type", "kind": "text"},
        {"key": "versions", "title": "Versions", "kind": "number"},
        {
            "key": "latest.number",
            "title": "Newest",
            "kind": "link",
            "href": f"{versions}/{{latest.id}}",
            "align": "right",
        },
        {"key": "size_bytes", "title": "Size", "kind": "size"},
        {"key": "tags", "title": "Tags", "kind": "tags"},
        {
            "key": "produced_by.name",
            "title": "Written by",
            "kind": "link",
            "href": f"{runs}/{{produced_by.id}}",
        },
        {"key": "latest.created_at", "title": "Written", "kind": "instant"},
    ]
