"""`/{project}/pipelines`: what is run here, and how it has gone."""

from __future__ import annotations

from statistics import median

from reactpy import component, html

from vitrine.paging import Page
from vitrine.pipelines.structs import PipelineItem
from vitrine_ui.address import api_path, page
from vitrine_ui.figures import duration
from vitrine_ui.hooks import loaded, on, use_place, use_url
from vitrine_ui.pages.crumbs import to_project
from vitrine_ui.pages.first_steps import first_run
from vitrine_ui.pages.no_project import no_project
from vitrine_ui.text import middle_cut
from vitrine_ui.widgets.button import button_link, link
from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.moment import moment
from vitrine_ui.widgets.states import loading_rows
from vitrine_ui.widgets.status import Tick, status_mark, ticks
from vitrine_ui.widgets.table import Column, table

PAGE_SIZE = 50
COLUMNS = (
    Column("Pipeline"),
    Column("Last 20 runs", class_="desk"),
    Column("Runs", is_number=True),
    Column("Failed", is_number=True, class_="desk"),
    Column("Snapshots", is_number=True, class_="desk"),
    Column("Usual duration", is_number=True, class_="desk"),
    Column("Last run", is_number=True),
)


@component
def PipelinesPage(project: str) -> Element:
    use_place("Pipelines", to_project(project), ("Pipelines", ""))
    cursor = use_url(lambda url: url.get("after"))
    return loaded(
        api_path("projects", project, "pipelines", limit=PAGE_SIZE, cursor=cursor),
        Page[PipelineItem],
        lambda found: _list(project, found, is_first=not cursor),
        waiting=lambda: html.div(
            {"class": "fill"}, html.div({"class": "head"}, html.h1("Pipelines")), loading_rows(8)
        ),
        failing=no_project(),
        watch=on("run", "snapshot", gap_s=1.0),
    )


def _list(project: str, found: Page[PipelineItem], *, is_first: bool) -> Element:
    head = html.div(
        {"class": "head"},
        html.h1("Pipelines"),
        html.span({"class": "t3"}, f"{found.total.count:,}") if found.items else None,
    )
    if not found.items and is_first:
        return html.div(
            {"class": "fill"},
            head,
            first_run(
                "No pipelines yet",
                "A pipeline appears when it runs for the first time, with its steps and how they are connected.",
            ),
        )
    return html.div(
        {"class": "fill"},
        head,
        html.div(
            {"class": "table-wrap"},
            table(COLUMNS, [_row(project, one) for one in found.items], label="Pipelines"),
        ),
        _pager(project, found, is_first=is_first) if found.next or not is_first else None,
    )


def _pager(project: str, found: Page[PipelineItem], *, is_first: bool) -> Element:
    return html.div(
        {"class": "foot"},
        html.span(f"{len(found.items)} of {found.total.count:,}"),
        html.span(
            {"class": "row end"},
            button_link("First", page(project, "pipelines"), look="ghost") if not is_first else None,
            button_link("Next", page(project, "pipelines", after=found.next), look="ghost")
            if found.next
            else None,
        ),
    )


def _row(project: str, one: PipelineItem) -> list[Element]:
    last = one.recent[-1] if one.recent else None
    durations = [
        tick.duration_s for tick in one.recent if tick.duration_s is not None and tick.status == "completed"
    ]
    name = link(
        middle_cut(one.name), page(project, "pipelines", one.name), class_="plain name", title=one.name
    )
    return [
        html.span({"class": "row"}, status_mark(last.status) if last else html.span({"class": "i"}), name),
        ticks([Tick(tick.status, tick.duration_s) for tick in one.recent], one.name),
        f"{one.runs:,}",
        f"{one.failed:,}" if one.failed else html.span({"class": "t3"}, "0"),
        f"{one.snapshots:,}",
        duration(median(durations)) if durations else html.span({"class": "t3"}, "—"),
        moment(last.started_at) if last else html.span({"class": "t3"}, "never"),
    ]
