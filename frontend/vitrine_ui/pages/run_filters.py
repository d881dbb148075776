"""Which runs are listed: a filter as text, and facets. All of it is the address."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from msgspec import Struct
from reactpy import component, html, use_state

from vitrine.errors import VitrineError
from vitrine.paging import Page
from vitrine.pipelines.structs import PipelineItem
from vitrine.projects.structs import ProjectDetail
from vitrine.runs.structs import RunItem
from vitrine_ui.address import Url, api_path
from vitrine_ui.hooks import Ready, Session, on, use_load, use_once, use_session, use_url
from vitrine_ui.text import middle_cut, safe_text
from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.icon import icon
from vitrine_ui.widgets.islands import island
from vitrine_ui.widgets.status import look_of

FACETED_PIPELINES = 12
SHOWN_STATUSES = ("completed", "failed", "running", "queued", "cached", "cancelled", "lost")
USUAL_STATUSES = frozenset({"completed", "failed", "running"})
# A filter has an operator or a quote; anything else that is typed is looked for in the name.
PLAIN_WORDS = re.compile(
    r"(?!.*\b(?:and|or|not|is|in|like|ilike|contains|between)\b)[^=<>!'\"`()]+", re.IGNORECASE
)


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
    """Texts of the filter language, between commas."""
    return ", ".join("'" + value.replace("\\", "\\\\").replace("'", "''") + "'" for value in values)


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


async def _problem_of(session: Session, project: str, text: str) -> str:
    if not text:
        return ""
    try:
        await session.api.load(
            api_path("projects", project, "runs", limit=1, filter=written(text)), Page[RunItem]
        )
    except VitrineError as error:
        return error.detail  # it says where
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
    return html.span({"class": "quick"}, Statuses(project, quick_status))


@component
def PipelineStatuses() -> Element:
    """The same for the runs of one pipeline, of which nobody knows how many there are of each."""
    url = use_url(lambda url: url)
    return html.span({"class": "quick always"}, [quick_status(choice) for choice in choices_of(url, {})])


@component
def StatusFacet(project: str) -> Element:
    return html.section(html.h2("Status"), Statuses(project, facet_status))


class StatusChoice(Struct, frozen=True):
    """A status to filter by; `href` turns it on or off and keeps the rest of the address."""

    status: str
    runs: int | None
    is_chosen: bool
    href: str


def choices_of(url: Url, known: dict[str, int]) -> list[StatusChoice]:
    """The statuses that one always asks for, those that there are, and those that are chosen."""
    chosen = url.every("status")
    shown = [one for one in SHOWN_STATUSES if known.get(one) or one in chosen or one in USUAL_STATUSES]
    return [
        StatusChoice(
            one,
            known.get(one, 0) if known else None,
            one in chosen,
            url.with_query(status=_toggled(chosen, one)).href,
        )
        for one in shown
    ]


@component
def Statuses(project: str, draw: Callable[[StatusChoice], Element]) -> Element:
    url = use_url(lambda url: url)
    found = use_load(
        api_path("projects", project), ProjectDetail, on("run", gap_s=3.0), lambda detail: detail.statuses
    )
    known = found.value if isinstance(found, Ready) else {}
    return html.fragment([draw(choice) for choice in choices_of(url, known)])


def facet_status(choice: StatusChoice) -> Element:
    look, word = look_of(choice.status)
    mark = html.span({"class": "status", "data-status": look}, icon(look))
    return _facet(word, choice.runs or 0, is_chosen=choice.is_chosen, href=choice.href, mark=mark)


def quick_status(choice: StatusChoice) -> Element:
    look, word = look_of(choice.status)
    attributes = {
        "class": "chip pick",
        "href": choice.href,
        "data-nav": "",
        "data-status": look,
        "key": choice.status,
    }
    if choice.is_chosen:
        attributes["aria-current"] = "true"
    return html.a(
        attributes,
        html.span({"class": "status"}, icon(look, small=True)),
        html.b(word),
        html.span({"class": "op"}, f"{choice.runs:,}") if choice.runs is not None else None,
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
