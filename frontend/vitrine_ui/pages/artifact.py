"""`/{project}/artifacts/{name}`: the versions of one artifact."""

from __future__ import annotations

from reactpy import component, html

from vitrine.artifacts.structs import ArtifactVersionItem
from vitrine.paging import Page
from vitrine_ui.address import api, api_path, page
from vitrine_ui.figures import size
from vitrine_ui.hooks import loaded, on, use_place
from vitrine_ui.pages.crumbs import to_artifacts, to_project
from vitrine_ui.text import plural, safe_text
from vitrine_ui.widgets.button import button_link
from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.islands import island
from vitrine_ui.widgets.moment import moment
from vitrine_ui.widgets.states import bar, failing_page, loading_rows


@component
def ArtifactPage(project: str, name: str) -> Element:
    use_place(name, to_project(project), to_artifacts(project), (name, ""))
    return loaded(
        api_path("projects", project, "artifacts", name, "versions", limit=1),
        Page[ArtifactVersionItem],
        lambda found: Versions(project, name, found),
        waiting=_waiting,
        failing=failing_page(
            "This artifact could not be loaded",
            gone="There is no such artifact in this project",
            why="It was deleted, or no step has written it yet.",
            up=("All artifacts", page(project, "artifacts")),
        ),
        watch=on("artifact_version", gap_s=1.0),
    )


@component
def Versions(project: str, name: str, found: Page[ArtifactVersionItem]) -> Element:
    newest = found.items[0] if found.items else None
    return html.div(
        {"class": "fill"},
        html.div(
            {"class": "head ruled-below"},
            html.div(
                {"class": "grow"},
                html.h1({"class": "cut"}, safe_text(name)),
                html.p({"class": "sub cut"}, _about(found, newest)) if newest else None,
            ),
            button_link(
                "Newest version",
                page(project, "artifact-versions", newest.id),
                symbol="artifacts",
                look="primary",
            )
            if newest
            else None,
        ),
        island(
            "grid",
            "Grid",
            mode="cursor",
            src=api("projects", project, "artifacts", name, "versions"),
            live=api("projects", project, "live"),
            kinds=["artifact_version"],
            label=f"Versions of {safe_text(name)}",
            noun="version",
            columns=_columns(project),
            rowHref=f"{page(project, 'artifact-versions')}/{{id}}",
            empty={"title": "No versions", "text": "All of them were deleted."},
        ),
    )


def _about(found: Page[ArtifactVersionItem], newest: ArtifactVersionItem) -> list[Element]:
    kind = safe_text(newest.data_type).rpartition(".")[2] or safe_text(newest.type)
    parts: list[Element] = [kind, f"{plural(found.total.count, 'version')}", size(newest.size_bytes)]
    return [
        *[piece for part in parts for piece in (part, " · ")],
        "newest written ",
        moment(newest.created_at),
    ]


def _columns(project: str) -> list[dict[str, object]]:
    return [
        {"key": "number", "title": "Version", "kind": "text", "suffix": "{name}"},
        {"key": "type", "title": "Type", "kind": "text"},
        {"key": "data_type", "title": "Data type", "kind": "text"},
        {"key": "size_bytes", "title": "Size", "kind": "size"},
        {"key": "tags", "title": "Tags", "kind": "tags"},
        {
            "key": "produced_by.name",
            "title": "Written by",
            "kind": "link",
            "href": f"{page(project, 'runs')}/{{produced_by.id}}",
            "suffix": "#{produced_by.number}",
        },
        {"key": "produced_by_step", "title": "Step", "kind": "text"},
        {"key": "created_at", "title": "Written", "kind": "instant"},
    ]


def _waiting() -> Element:
    return html.div(
        {"class": "fill"},
        html.div(
            {"class": "head ruled-below", "aria-busy": "true"},
            html.div(
                {"class": "grow"},
                html.div({"class": "skel-title"}, bar("220px")),
                html.div({"class": "skel-sub"}, bar("300px")),
            ),
        ),
        loading_rows(10),
    )
