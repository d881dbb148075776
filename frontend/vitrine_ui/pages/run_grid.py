"""The rows of a run list: the grid island, which asks the API itself."""

from __future__ import annotations

from typing import Any

from reactpy import component, html

from vitrine.paging import Total
from vitrine_ui.address import api, page
from vitrine_ui.hooks import Value, use_session, use_url, use_value
from vitrine_ui.pages.run_columns import Metrics
from vitrine_ui.pages.run_filters import Choice, choice_of, whole_filter
from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.islands import island, read_event


@component
def Count(total: Value[Total | None]) -> Element:
    found = use_value(total, lambda now: now)
    return html.span({"class": "t3", "role": "status"}, written_total(found) if found else "")


def written_total(total: Total) -> str:
    return f"{total.count:,}{'' if total.exact else '+'}"


@component
def RunGrid(project: str, total: Value[Total | None], metrics: Metrics, fixed_pipeline: str = "") -> Element:
    """The grid of runs. `fixed_pipeline`: only of this pipeline, whatever the address says."""
    session = use_session()
    url = use_url(lambda url: url)
    choice = choice_of(url)
    shown = metrics.shown(url)
    if fixed_pipeline:
        choice = Choice(choice.filter, choice.statuses, (fixed_pipeline,))

    def change(event: dict[str, Any]) -> None:
        state = read_event(event)
        if "sort" in state:
            wanted = None if state["sort"] == "-started_at" else state["sort"]
            session.navigate(session.url.now.with_query(sort=wanted), replaces=True)
        if "total" in state:
            total.set(Total(int(state["total"]["count"]), bool(state["total"].get("exact", True))))

    return island(
        "grid",
        "Grid",
        mode="cursor",
        src=api("projects", project, "runs", filter=whole_filter(choice), metadata=list(shown)),
        live=api("projects", project, "live"),
        kinds=["run"],
        label="Runs",
        noun="run",
        sort=url.get("sort") or "-started_at",
        columns=columns_of(project, shown, metrics.kinds, shows_pipeline=not fixed_pipeline),
        rowHref=f"{page(project, 'runs')}/{{id}}",
        empty=_nothing_matches(choice, fixed_pipeline),
        onState=change,
    )


def _nothing_matches(choice: Choice, fixed_pipeline: str) -> dict[str, str]:
    if choice.is_everything or (fixed_pipeline and not choice.filter and not choice.statuses):
        return {"title": "No runs yet", "text": "They appear here as they start."}
    return {
        "title": "No run matches",
        "text": "Take a part of the filter away, or look whether it says what you mean:",
        "code": whole_filter(choice),
    }


def columns_of(
    project: str, metrics: tuple[str, ...], kinds: dict[str, str], *, shows_pipeline: bool
) -> list[dict[str, Any]]:
    pipeline = {
        "key": "pipeline.name",
        "title": "Pipeline",
        "kind": "link",
        "href": f"{page(project, 'pipelines')}/{{pipeline.name}}",
    }
    measured = [
        {
            "key": {"path": ["metadata", name]},
            "title": name,
            "kind": kinds.get(name, "number"),
            "align": "right",
            "sortable": True,
            "missing": "—",
        }
        for name in metrics
    ]
    return [
        {"key": "name", "title": "Run", "kind": "text", "suffix": "#{number}", "sortable": True},
        {"key": "status", "title": "Status", "kind": "status", "sortable": True},
        *([pipeline] if shows_pipeline else []),
        {"key": "duration_s", "title": "Duration", "kind": "duration", "sortable": True},
        *measured,
        {"key": "tags", "title": "Tags", "kind": "tags"},
        {"key": "user.name", "title": "By", "kind": "user"},
        {"key": "started_at", "title": "Started", "kind": "instant", "sortable": True, "align": "right"},
    ]
