"""`/{project}`: what is going on, what needs a look, and where to go on."""

from __future__ import annotations

from statistics import median

from msgspec import Struct
from reactpy import component, html

from vitrine.paging import Page
from vitrine.pipelines.structs import PipelineItem, RunTick
from vitrine.projects.structs import ProjectDetail
from vitrine.runs.structs import RunItem
from vitrine_ui.address import api_path, page
from vitrine_ui.figures import duration
from vitrine_ui.hooks import Loading, Ready, loaded, on, use_load, use_place
from vitrine_ui.pages.first_steps import first_run
from vitrine_ui.pages.no_project import no_project
from vitrine_ui.pages.overview_metrics import metric_tiles, waiting_tiles
from vitrine_ui.text import middle_cut, safe_text
from vitrine_ui.widgets.button import button_link, link
from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.facts import note
from vitrine_ui.widgets.icon import icon
from vitrine_ui.widgets.moment import moment, span_of_time
from vitrine_ui.widgets.states import bar, failing, loading_rows, nothing
from vitrine_ui.widgets.status import Tick, look_of, status_mark, ticks

RECENT_RUNS = 9
LISTED_PIPELINES = 25
RECENT_TICKS = 5
NOTED_FAILURES = 3
CHANGES = ("run", "snapshot")
PIPELINES_WATCH = on(*CHANGES, gap_s=1.0)


class Face(Struct, frozen=True):
    """What of a project its overview begins with."""

    name: str
    description: str
    has_runs: bool


@component
def OverviewPage(project: str) -> Element:
    use_place(project, (project, ""))
    return loaded(
        api_path("projects", project),
        ProjectDetail,
        lambda face: Overview(project, face),
        waiting=_waiting,
        failing=no_project(),
        watch=on(*CHANGES, gap_s=2.0),
        select=lambda detail: Face(detail.name, detail.description, detail.counts.get("runs", 0) > 0),
    )


@component
def Overview(project: str, face: Face) -> Element:
    head = html.div(
        {"class": "head"},
        html.div(
            {"class": "grow"},
            html.h1({"class": "cut"}, safe_text(face.name)),
            html.p({"class": "sub cut"}, safe_text(face.description)) if face.description else None,
        ),
        button_link("All runs", page(project, "runs"), symbol="runs", look="primary")
        if face.has_runs
        else None,
    )
    if not face.has_runs:
        return html.div(
            {"class": "fill"},
            head,
            first_run(
                "No runs in this project yet",
                "Every pipeline run shows up here as it starts: its graph, logs, artifacts and metrics.",
            ),
        )
    return html.div(
        {"class": "fill"},
        head,
        html.div(
            {"class": "split ruled"},
            html.div({"class": "grow body"}, Body(project, key="body")),
            html.aside(
                {"class": "panel recent", "aria-label": "Recent runs"}, RecentRuns(project, key="recent")
            ),
        ),
    )


@component
def Body(project: str) -> Element:
    """All of it at once: a note that came later would push down what one is reading."""
    pipelines = use_load(pipelines_path(project), Page[PipelineItem], PIPELINES_WATCH, lambda _: True)
    if isinstance(pipelines, Loading):
        return _waiting_body()
    return html.fragment(
        Failures(project, key="failures"),
        Statuses(project, key="statuses"),
        metric_tiles(project),
        Pipelines(project, key="pipelines"),
    )


def _waiting_body() -> Element:
    cards = [html.div({"class": "card"}, bar("60%")) for _ in range(3)]
    return html.fragment(html.div({"class": "standing"}, cards), waiting_tiles(), loading_rows(5))


# ── how it stands ─────────────────────────────────────────────────────────────────────────────────
@component
def Statuses(project: str) -> Element:
    return loaded(
        api_path("projects", project),
        ProjectDetail,
        lambda statuses: html.nav(
            {"class": "standing", "aria-label": "Runs by status"},
            [_standing(project, status, statuses.get(status, 0)) for status in _shown(statuses)],
        ),
        waiting=lambda: html.div(
            {"class": "standing"}, [html.div({"class": "card"}, bar("60%")) for _ in range(4)]
        ),
        failing=lambda _: None,
        watch=on(*CHANGES, gap_s=2.0),
        select=lambda detail: detail.statuses,
    )


def _shown(statuses: dict[str, int]) -> list[str]:
    """The three that one always asks for, then what else there is."""
    always = ["running", "failed", "completed"]
    return always + [one for one in ("queued", "cached", "cancelled", "lost") if statuses.get(one)]


def _standing(project: str, status: str, runs: int) -> Element:
    look, word = look_of(status)
    return html.a(
        {"class": "card", "href": page(project, "runs", status=status), "data-nav": "", "data-status": look},
        html.span({"class": "figure"}, f"{runs:,}"),
        html.span({"class": "status"}, icon(look), word),
    )


@component
def Failures(project: str) -> Element:
    """Pipelines whose newest run failed."""
    found = use_load(pipelines_path(project), Page[PipelineItem], PIPELINES_WATCH, failing_pipelines)
    if not isinstance(found, Ready) or not found.value:
        return None
    return html.div({"class": "notes"}, [_failing(project, one) for one in found.value[:NOTED_FAILURES]])


def failing_pipelines(found: Page[PipelineItem]) -> list[PipelineItem]:
    return [one for one in found.items if is_failing(one.recent)]


# ── pipelines ─────────────────────────────────────────────────────────────────────────────────────
def pipelines_path(project: str) -> str:
    return api_path("projects", project, "pipelines", limit=LISTED_PIPELINES)


@component
def Pipelines(project: str) -> Element:
    return html.section(
        html.div(
            {"class": "row section"},
            html.h2("Pipelines"),
            html.span({"class": "small t3 end desk"}, "Bars: last 20 runs, height is duration"),
        ),
        loaded(
            pipelines_path(project),
            Page[PipelineItem],
            lambda found: _pipelines(project, found),
            waiting=lambda: loading_rows(5),
            failing=failing("The pipelines could not be loaded"),
            watch=PIPELINES_WATCH,
        ),
    )


def _pipelines(project: str, found: Page[PipelineItem]) -> Element:
    items = sorted(
        found.items, key=lambda one: str(one.recent[-1].started_at) if one.recent else "", reverse=True
    )
    rest = found.total.count - len(items)
    return html.fragment(
        html.table(
            {"class": "table", "aria-label": "Pipelines"},
            html.tbody([_pipeline(project, one) for one in items]),
        ),
        html.p({"class": "small more"}, link(f"{rest:,} more pipelines", page(project, "pipelines")))
        if rest > 0
        else None,
    )


def is_failing(recent: list[RunTick]) -> bool:
    """The newest run that ended has failed."""
    ended = [tick for tick in recent if tick.status not in ("queued", "running")]
    return bool(ended) and ended[-1].status == "failed"


def _failing(project: str, pipeline: PipelineItem) -> Element:
    ended = [tick for tick in pipeline.recent if tick.status not in ("queued", "running")][-RECENT_TICKS:]
    failed = sum(tick.status == "failed" for tick in ended)
    said = (
        f" has failed {failed} of its last {len(ended)} runs."
        if len(ended) > 1
        else " failed in its only run."
    )
    return note(
        "failed",
        html.div(
            {"class": "row wrap"},
            html.span({"class": "grow"}, html.b(safe_text(pipeline.name)), said),
            link("Open last failure", page(project, "runs", ended[-1].id), class_="nw"),
        ),
    )


def _pipeline(project: str, pipeline: PipelineItem) -> Element:
    last = pipeline.recent[-1] if pipeline.recent else None
    durations = [
        tick.duration_s
        for tick in pipeline.recent
        if tick.duration_s is not None and tick.status == "completed"
    ]
    return html.tr(
        {"key": str(pipeline.id)},
        html.td({"class": "mark"}, status_mark(last.status) if last else None),
        html.th(
            {"scope": "row"},
            link(
                middle_cut(pipeline.name),
                page(project, "pipelines", pipeline.name),
                class_="plain name",
                title=pipeline.name,
            ),
        ),
        html.td(
            {"class": "desk"},
            ticks([Tick(one.status, one.duration_s) for one in pipeline.recent], pipeline.name),
        ),
        html.td(
            {"class": "num t2 desk", "title": "Median of the runs that succeeded"},
            duration(median(durations)) if durations else "—",
        ),
        html.td({"class": "num t3"}, moment(last.started_at) if last else "no runs"),
    )


# ── recent runs ───────────────────────────────────────────────────────────────────────────────────
@component
def RecentRuns(project: str) -> Element:
    return loaded(
        api_path("projects", project, "runs", limit=RECENT_RUNS),
        Page[RunItem],
        lambda found: _recent(project, found),
        waiting=lambda: html.div(
            {"class": "body"}, html.div({"class": "row"}, html.h2("Recent runs")), loading_rows(RECENT_RUNS)
        ),
        failing=failing("The runs could not be loaded"),
        watch=on("run"),
    )


def _recent(project: str, found: Page[RunItem]) -> Element:
    count = f"All {found.total.count:,}{'' if found.total.exact else '+'}"
    return html.div(
        {"class": "body"},
        html.section(
            html.div(
                {"class": "row section"},
                html.h2("Recent runs"),
                link(count, page(project, "runs"), class_="end small"),
            ),
            [_run(project, one) for one in found.items] or nothing("None yet"),
        ),
    )


def _run(project: str, run: RunItem) -> Element:
    is_running = run.status == "running"
    about = [safe_text(run.pipeline.name)] if run.pipeline else []
    return html.a(
        {
            "class": "plain row recent-run",
            "href": page(project, "runs", run.id),
            "data-nav": "",
            "key": str(run.id),
        },
        status_mark(run.status),
        html.span(
            {"class": "grow"},
            html.span(
                {"class": "row called", "title": safe_text(run.name)},
                html.span({"class": "name cut"}, safe_text(run.name)),
                html.span({"class": "t3 nw"}, f"#{run.number}") if run.number is not None else None,
            ),
            html.span(
                {"class": "cut small t3 blk"},
                about,
                " · " if about else None,
                span_of_time(run.duration_s, run.started_at, is_running=is_running),
            ),
        ),
        html.span({"class": "small t3 nw"}, moment(run.started_at, missing="waiting")),
    )


def _waiting() -> Element:
    return html.div(
        {"class": "fill", "aria-busy": "true"},
        html.div(
            {"class": "head"}, html.div({"class": "grow"}, html.div({"class": "skel-title"}, bar("180px")))
        ),
        html.div(
            {"class": "split ruled"},
            html.div({"class": "grow body"}, _waiting_body()),
            html.aside({"class": "panel recent"}, html.div({"class": "body"}, loading_rows(RECENT_RUNS))),
        ),
    )
