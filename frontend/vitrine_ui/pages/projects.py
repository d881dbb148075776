"""`/`: the projects that one may see; with a single one, its overview."""

from __future__ import annotations

from reactpy import component, html

from vitrine.projects.structs import ProjectItem
from vitrine_ui.address import Url, api_path, page
from vitrine_ui.hooks import loaded, on, use_place, use_session
from vitrine_ui.listing import Items
from vitrine_ui.text import plural, safe_text
from vitrine_ui.widgets.code import command
from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.states import bar, empty, failing


@component
def ProjectsPage() -> Element:
    use_place("Projects", ("Projects", ""))
    return html.div(
        html.div({"class": "head"}, html.h1("Projects")),
        loaded(
            api_path("projects"),
            Items[ProjectItem],
            lambda found: Choice(found.items, key=",".join(one.slug for one in found.items)),
            waiting=lambda: html.div(
                {"class": "body"}, html.div({"class": "cards"}, [_blank() for _ in range(3)])
            ),
            failing=failing("The projects could not be loaded"),
            watch=on("project"),
        ),
    )


@component
def Choice(items: list[ProjectItem]) -> Element:
    session = use_session()
    if not items:
        return empty(
            "You may not see any project yet",
            "Ask an administrator to share one with you. On your own machine, this makes the default project:",
            command("vitrine up"),
        )
    if len(items) == 1:
        session.navigate(Url((items[0].slug,)), replaces=True)
    return html.div({"class": "body"}, html.div({"class": "cards"}, [_card(one) for one in items]))


def _card(project: ProjectItem) -> Element:
    return html.a(
        {"class": "card", "href": page(project.slug), "data-nav": "", "key": project.slug},
        html.div(
            {"class": "row"},
            html.span({"class": "glyph"}, safe_text(project.name)[:2].title()),
            html.h2({"class": "cut"}, safe_text(project.name)),
        ),
        html.p({"class": "t2 clamp"}, safe_text(project.description, limit=300) or "No description yet."),
        html.p(
            {"class": "small t3"}, f"{plural(project.runs, 'run')} · {plural(project.pipelines, 'pipeline')}"
        ),
    )


def _blank() -> Element:
    return html.div({"class": "card", "aria-busy": "true"}, bar("40%"), bar("80%"), bar("30%"))
