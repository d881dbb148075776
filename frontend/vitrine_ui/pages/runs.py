"""`/{project}/runs`: all runs, filtered, sorted, with the columns that one wants. The rows are the grid island's."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from msgspec import Struct
from reactpy import component, html, use_state

from vitrine.errors import VitrineError
from vitrine.paging import Page, Total
from vitrine.pipelines.structs import PipelineItem
from vitrine.projects.structs import ProjectDetail
from vitrine.runs.structs import RunItem
from vitrine_ui.address import Url, api, api_path, page
from vitrine_ui.hooks import (
    Failed,
    Ready,
    Value,
    loaded,
    on,
    use_load,
    use_once,
    use_place,
    use_session,
    use_url,
    use_value,
)
from vitrine_ui.listing import Items
from vitrine_ui.pages.crumbs import to_project
from vitrine_ui.pages.first_steps import first_run
from vitrine_ui.text import middle_cut, safe_text
from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.icon import icon
from vitrine_ui.widgets.islands import island, read_event
from vitrine_ui.widgets.states import failing, loading_rows
from vitrine_ui.widgets.status import look_of

METRIC_COLUMNS = 4
LISTED_KEYS = 60
FACETED_PIPELINES = 12
NO_COLUMNS = "-"
SHOWN_STATUSES = ("completed", "failed", "running", "queued", "cached", "cancelled", "lost")
# A filter has an operator or a quote; anything else that is typed is looked for in the name.
PLAIN_WORDS = re.compile(
    r"(?!.*\b(?:and|or|not|is|in|like|ilike|contains|between)\b)[^=<>!'\"`()]+", re.IGNORECASE
)


class MetadataKey(Struct, frozen=True):
    name: str
    kind: str
    count: int = 0


class Choice(Struct, frozen=True):
    """What of the address decides which runs are listed."""

    filter: str
    statuses: tuple[str, ...]
    pipelines: tuple[str, ...]

    @property
    def is_everything(self) -> bool:
        return not (self.filter or self.statuses or self.pipelines)


def choice_of(url: Url) -> Choice:
    return Choice(url.get("filter"), url.every("status"), url.every("pipeline"))


def quoted(values: tuple[str, ...]) -> str:
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)


def written(text: str) -> str:
    """What was typed, as a filter: words without an operator look for a name."""
    words = text.strip()
    return f"name contains {quoted((words,))}" if words and PLAIN_WORDS.fullmatch(words) else words


def whole_filter(choice: Choice) -> str:
    """Everything that is chosen, in the filter language."""
    parts = []
    if choice.statuses:
        parts.append(f"status in ({quoted(choice.statuses)})")
    if choice.pipelines:
        parts.append(f"pipeline in ({quoted(choice.pipelines)})")
    if own := written(choice.filter):
        parts.append(f"({own})" if parts else own)
    return " and ".join(parts)


# ── the page ──────────────────────────────────────────────────────────────────────────────────────
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
            failing=failing("The runs could not be loaded", home=page()),
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
            ColumnsMenu(project),
        ),
        html.div(
            {"class": "split"},
            html.aside(
                {"class": "facets", "aria-label": "Facets"}, StatusFacet(project), PipelineFacet(project)
            ),
            html.div({"class": "grow"}, List(project, total)),
        ),
    )


@component
def Count(total: Value[Total | None]) -> Element:
    found = use_value(total, lambda now: now)
    return html.span({"class": "t3", "role": "status"}, written_total(found) if found else "")


def written_total(total: Total) -> str:
    return f"{total.count:,}{'' if total.exact else '+'}"


# ── what is listed ────────────────────────────────────────────────────────────────────────────────
@component
def FilterBox(project: str) -> Element:
    """The filter as text. A wrong one is explained under the box and does not become the address."""
    session = use_session()
    text = use_url(lambda url: url.get("filter"))
    problem, set_problem = use_state("")
    typed = use_once(lambda: [text])

    async def change(event: dict[str, Any]) -> None:
        typed[0] = wanted = str(event.get("value", "")).strip()
        error = await _problem_of(session, project, wanted)
        if typed[0] == wanted:
            set_problem(error)
            if not error:
                session.navigate(session.url.now.with_query(filter=wanted), replaces=True)

    return html.div(
        {"class": "filter-box"},
        island(
            "input",
            "Input",
            kind="search",
            icon="search",
            value=text,
            label="Filter runs",
            placeholder="Name, or metadata.accuracy > 0.9",
            invalid=safe_text(problem, limit=300) or None,
            onValue=change,
        ),
    )


async def _problem_of(session: Any, project: str, text: str) -> str:
    if not text:
        return ""
    try:
        await session.api.load(
            api_path("projects", project, "runs", limit=1, filter=written(text)), Page[RunItem]
        )
    except VitrineError as error:
        position = error.facts.get("position")
        where = f" At character {position + 1}." if isinstance(position, int) else ""
        return f"{error.detail.rstrip('.')}.{where}"
    return ""


@component
def Chips() -> Element:
    """What else is chosen, each to be taken away."""
    url = use_url(lambda url: url)
    choice = choice_of(url)
    chips = [
        ("pipeline", name, url.with_query(pipeline=_without(choice.pipelines, name)))
        for name in choice.pipelines
    ]
    return html.fragment([_chip(field, value, target.href) for field, value, target in chips])


def _chip(field: str, value: str, href: str) -> Element:
    label = f"Remove {field} {safe_text(value)}"
    return html.span(
        {"class": "chip"},
        html.span(field),
        html.span({"class": "op"}, "is"),
        html.b(middle_cut(value, length=32)),
        html.a({"href": href, "data-nav": "", "aria-label": label, "title": label}, icon("x", small=True)),
    )


def _without(values: tuple[str, ...], value: str) -> list[str]:
    return [one for one in values if one != value]


def _toggled(values: tuple[str, ...], value: str) -> list[str]:
    return _without(values, value) if value in values else [*values, value]


@component
def QuickStatuses(project: str) -> Element:
    """The status facet where there is no room for a column of facets."""
    return html.span({"class": "quick"}, _Statuses(project, _quick_status))


@component
def StatusFacet(project: str) -> Element:
    return html.section(html.h2("Status"), _Statuses(project, _facet_status))


@component
def _Statuses(project: str, draw: Callable[[str, int, bool, str], Element]) -> Element:
    url = use_url(lambda url: url)  # each link keeps the rest of the address
    chosen = url.every("status")
    found = use_load(
        api_path("projects", project), ProjectDetail, on("run", gap_s=3.0), lambda detail: detail.statuses
    )
    known = found.value if isinstance(found, Ready) else {}
    return html.fragment(
        [
            draw(
                status,
                known.get(status, 0),
                status in chosen,
                url.with_query(status=_toggled(chosen, status)).href,
            )
            for status in SHOWN_STATUSES
            if known.get(status) or status in chosen or status in ("completed", "failed", "running")
        ]
    )


def _facet_status(status: str, runs: int, is_chosen: bool, href: str) -> Element:
    look, word = look_of(status)
    mark = html.span({"class": "status", "data-status": look}, icon(look))
    return _facet(word, runs, is_chosen=is_chosen, href=href, mark=mark)


def _quick_status(status: str, runs: int, is_chosen: bool, href: str) -> Element:
    look, word = look_of(status)
    attributes = {"class": "chip pick", "href": href, "data-nav": "", "data-status": look}
    if is_chosen:
        attributes["aria-current"] = "true"
    return html.a(
        attributes,
        html.span({"class": "status"}, icon(look, small=True)),
        html.b(word),
        html.span({"class": "op"}, f"{runs:,}"),
    )


def _facet(label: str, runs: int, *, is_chosen: bool, href: str, mark: Element = None) -> Element:
    attributes = {"class": "facet", "href": href, "data-nav": "", "title": safe_text(label)}
    if is_chosen:
        attributes["aria-current"] = "true"
    return html.a(
        attributes,
        html.span({"class": "check", "aria-hidden": "true"}),
        mark,
        html.span({"class": "cut"}, safe_text(label)),
        html.span({"class": "n"}, f"{runs:,}"),
    )


@component
def PipelineFacet(project: str) -> Element:
    url = use_url(lambda url: url)
    chosen = url.every("pipeline")
    found = use_load(
        api_path("projects", project, "pipelines", limit=FACETED_PIPELINES),
        Page[PipelineItem],
        on("run", gap_s=3.0),
    )
    if not isinstance(found, Ready) or not found.value.items:
        return None
    return html.section(
        html.h2("Pipeline"),
        [
            _facet(
                one.name,
                one.runs,
                is_chosen=one.name in chosen,
                href=url.with_query(pipeline=_toggled(chosen, one.name)).href,
            )
            for one in found.value.items
        ],
    )


# ── columns ───────────────────────────────────────────────────────────────────────────────────────
def keys_path(project: str) -> str:
    return api_path("projects", project, "metadata", "keys")


def usual_columns(keys: list[MetadataKey]) -> tuple[str, ...]:
    """The numeric keys that most runs have."""
    numeric = [key for key in keys if key.kind in ("number", "duration")]
    return tuple(key.name for key in sorted(numeric, key=lambda key: -key.count)[:METRIC_COLUMNS])


def shown_columns(url: Url, keys: list[MetadataKey]) -> tuple[str, ...]:
    chosen = url.every("columns")
    return tuple(_without(chosen, NO_COLUMNS)) if chosen else usual_columns(keys)


@component
def ColumnsMenu(project: str) -> Element:
    url = use_url(lambda url: url)
    found = use_load(keys_path(project), Items[MetadataKey], on("metadata", gap_s=5.0))
    if not isinstance(found, Ready) or not found.value.items:
        return None
    keys = sorted(found.value.items, key=lambda key: (-key.count, key.name))[:LISTED_KEYS]
    shown = shown_columns(url, found.value.items)
    return html.div(
        {"class": "switcher"},
        html.button(
            {"type": "button", "class": "btn ghost", "popovertarget": "menu-columns"},
            icon("columns", small=True),
            "Columns",
        ),
        html.div(
            {
                "class": "menu columns",
                "popover": "auto",
                "id": "menu-columns",
                "aria-label": "Metadata columns",
            },
            html.p({"class": "small t3"}, "Metadata shown as columns"),
            [_column_choice(key, shown, url) for key in {key.name: key for key in keys}.values()],
            html.hr(),
            html.a(
                {"href": url.with_query(columns=None).href, "data-nav": "", "data-stay": ""},
                icon("undo"),
                "The usual ones",
            ),
        ),
    )


def _column_choice(key: MetadataKey, shown: tuple[str, ...], url: Url) -> Element:
    is_shown = key.name in shown
    columns = _toggled(shown, key.name) or [NO_COLUMNS]
    attributes = {
        "href": url.with_query(columns=columns).href,
        "data-nav": "",
        "data-stay": "",
        "title": safe_text(key.name),
    }
    if is_shown:
        attributes["aria-current"] = "true"
    return html.a(
        attributes,
        html.span({"class": "check", "aria-hidden": "true"}),
        html.span({"class": "cut"}, safe_text(key.name)),
        html.span({"class": "key"}, key.kind),
    )


# ── the list ──────────────────────────────────────────────────────────────────────────────────────
@component
def List(project: str, total: Value[Total | None]) -> Element:
    return loaded(
        keys_path(project),
        Items[MetadataKey],
        lambda found: RunGrid(project, total, found.items),
        waiting=lambda: loading_rows(14),
        failing=lambda problem: _without_metadata(project, total, problem),
        watch=on("metadata", gap_s=5.0),
    )


def _without_metadata(project: str, total: Value[Total | None], problem: Failed) -> Element:
    return RunGrid(project, total, [])


@component
def RunGrid(
    project: str, total: Value[Total | None], keys: list[MetadataKey], fixed_pipeline: str = ""
) -> Element:
    """The grid of runs. `fixed_pipeline`: only of this pipeline, whatever the address says."""
    session = use_session()
    choice = use_url(choice_of)
    sort = use_url(lambda url: url.get("sort"))
    metrics = use_url(lambda url: shown_columns(url, keys))
    kinds = {key.name: key.kind for key in keys}
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
        src=api("projects", project, "runs", filter=whole_filter(choice), metadata=list(metrics)),
        live=api("projects", project, "live"),
        kinds=["run"],
        label="Runs",
        noun="run",
        sort=sort or "-started_at",
        columns=columns_of(project, metrics, kinds, shows_pipeline=not fixed_pipeline),
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
