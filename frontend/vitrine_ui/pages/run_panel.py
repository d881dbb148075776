"""Beside the graph: the selected step, the selected artifact, or the run as a whole."""

from __future__ import annotations

from reactpy import component, html

from vitrine.runs.structs import ArtifactMention, RunDetail, StepDetail, StepItem, plain
from vitrine_ui.address import Url, api_path, page
from vitrine_ui.figures import size
from vitrine_ui.hooks import Ready, Watch, loaded, on, use_load, use_url
from vitrine_ui.listing import Items
from vitrine_ui.pages.failure import failure_note, read_failure
from vitrine_ui.pages.run_columns import is_result
from vitrine_ui.pages.run_step import STEP_TABS, step_body
from vitrine_ui.text import plural, safe_text
from vitrine_ui.widgets.button import button_link, icon_link, link
from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.facts import facts, tag_list, value_of
from vitrine_ui.widgets.icon import artifact_icon, icon
from vitrine_ui.widgets.moment import moment, span_of_time
from vitrine_ui.widgets.states import failing, loading_lines
from vitrine_ui.widgets.status import look_of, shown_status, status_mark, status_word
from vitrine_ui.widgets.tabs import Tab, tabs

SHOWN_METRICS = 12


def step_path(project: str, id_: str, step: str) -> str:
    return api_path("projects", project, "runs", id_, "steps", step)


@component
def Panel(project: str, id_: str) -> Element:
    step = use_url(lambda url: url.get("step"))
    artifact = use_url(lambda url: url.get("artifact"))
    if step:
        shown = StepPanel(project, id_, step, key=f"step {step}")
    elif artifact:
        shown = ArtifactPanel(project, id_, artifact, key=f"artifact {artifact}")
    else:
        shown = RunPanel(project, id_, key="run")
    return html.aside({"class": "panel", "aria-label": "Selection"}, shown)


# ── a step ────────────────────────────────────────────────────────────────────────────────────────
@component
def StepPanel(project: str, id_: str, step: str) -> Element:
    return html.fragment(
        html.header(StepName(project, id_, step), StepNeighbours(project, id_, step)),
        StepTabs(),
        StepBody(project, id_, step),
    )


def _watch(id_: str) -> Watch:
    return on("step", "metadata", "artifact_version", run_id=id_)


@component
def StepName(project: str, id_: str, step: str) -> Element:
    found = use_load(
        step_path(project, id_, step),
        StepDetail,
        _watch(id_),
        lambda detail: shown_status(detail.status, detail.blocked_by),
    )
    mark = status_mark(found.value) if isinstance(found, Ready) else html.span({"class": "i"})
    return html.fragment(mark, html.h2({"class": "cut grow", "title": safe_text(step)}, safe_text(step)))


@component
def StepNeighbours(project: str, id_: str, step: str) -> Element:
    """To the step before and after it, in the order of the pipeline; and away from steps."""
    url = use_url(lambda url: url)
    steps = use_load(
        api_path("projects", project, "runs", id_, "steps"),
        Items[StepItem],
        on("step", "run", run_id=id_),
        lambda found: [one.key for one in found.items],
    )
    keys = steps.value if isinstance(steps, Ready) else []
    at = keys.index(step) if step in keys else -1
    before = keys[at - 1] if at > 0 else ""
    after = keys[at + 1] if 0 <= at < len(keys) - 1 else ""
    return html.span(
        {"class": "row acts"},
        icon_link(f"Previous step: {safe_text(before)}", url.with_query(step=before).href, "up")
        if before
        else _no_more("up"),
        icon_link(f"Next step: {safe_text(after)}", url.with_query(step=after).href, "down")
        if after
        else _no_more("down"),
        icon_link("Close", url.with_query(step=None, tab=None).href, "x"),
    )


def _no_more(symbol: str) -> Element:
    return html.span({"class": "btn icon ghost", "aria-disabled": "true"}, icon(symbol))


@component
def StepTabs() -> Element:
    url = use_url(lambda url: url)
    choices = [
        Tab(name, label, url.with_query(tab=None if name == "overview" else name).href)
        for name, label in STEP_TABS
    ]
    return tabs(choices, tab_of(url), label="Parts of the step")


def tab_of(url: Url) -> str:
    tab = url.get("tab", "overview")
    return tab if tab in dict(STEP_TABS) else "overview"


@component
def StepBody(project: str, id_: str, step: str) -> Element:
    tab = use_url(tab_of)
    return loaded(
        step_path(project, id_, step),
        StepDetail,
        lambda detail: step_body(project, id_, detail, tab),
        waiting=lambda: html.div({"class": "body"}, loading_lines(6)),
        failing=failing("This step could not be loaded", home=page(project, "runs", id_)),
        watch=_watch(id_),
        part=tab,
    )


# ── an artifact of the graph ──────────────────────────────────────────────────────────────────────
@component
def ArtifactPanel(project: str, id_: str, artifact: str) -> Element:
    """`artifact` is `<step>:<output>`, or `external:<version id>` for one from outside the run."""
    url = use_url(lambda url: url)
    step, _, output = artifact.rpartition(":")
    close = icon_link("Close", url.with_query(artifact=None).href, "x")
    head = html.header(
        icon("artifacts"),
        html.h2({"class": "cut grow"}, safe_text(output if step != "external" else "External artifact")),
        close,
    )
    if step == "external":
        to_version = page(project, "artifact-versions", output)
        whole = button_link("Open artifact", to_version, symbol="artifacts", look="primary")
        return html.fragment(
            head,
            html.div(
                {"class": "body"},
                html.p("It came from outside of this run."),
                html.div({"class": "row"}, whole),
            ),
        )
    if step.startswith("group:"):
        said = "Each step of the fan-out has written one. Open the fan-out in the graph to choose."
        return html.fragment(head, html.div({"class": "body"}, html.p({"class": "t2"}, said)))
    body = loaded(
        step_path(project, id_, step),
        StepDetail,
        lambda outputs: html.div(
            {"class": "body"}, [_artifact(project, url, step, one) for one in outputs] or _not_made(url, step)
        ),
        waiting=lambda: html.div({"class": "body"}, loading_lines(4)),
        failing=failing("This artifact could not be loaded", home=page(project, "runs", id_)),
        watch=_watch(id_),
        select=lambda detail: [one for one in detail.outputs if one.name == output],
    )
    return html.fragment(head, body)


def _artifact(project: str, url: Url, step: str, one: ArtifactMention) -> Element:
    drawn = plural(one.visualizations, "visualization") if one.visualizations else "None"
    return html.section(
        {"key": str(one.artifact_version_id)},
        facts(
            (
                (
                    "Artifact",
                    link(one.artifact or one.name, page(project, "artifacts", one.artifact))
                    if one.artifact
                    else None,
                ),
                ("Version", str(one.number) if one.number is not None else None),
                (
                    "Type",
                    html.span(artifact_icon(one.type, one.data_type), " ", safe_text(one.type))
                    if one.type
                    else None,
                ),
                ("Data type", html.code(safe_text(one.data_type)) if one.data_type else None),
                ("Size", size(one.size_bytes) if one.size_bytes is not None else None),
                ("Written by", link(step, url.with_query(artifact=None, step=step).href)),
                ("Visualizations", drawn),
            )
        ),
        html.div(
            {"class": "row acts"},
            button_link(
                "Open artifact",
                page(project, "artifact-versions", one.artifact_version_id),
                symbol="artifacts",
                look="primary",
            )
            if not one.is_missing
            else html.span({"class": "t3"}, "It has not arrived yet, or was deleted."),
        ),
    )


def _not_made(url: Url, step: str) -> Element:
    return html.p(
        {"class": "t2"},
        "Not produced: ",
        link(step, url.with_query(artifact=None, step=step).href),
        " has not written it.",
    )


# ── the run as a whole ────────────────────────────────────────────────────────────────────────────
@component
def RunPanel(project: str, id_: str) -> Element:
    url = use_url(lambda url: url)
    return html.fragment(
        html.header(html.h2({"class": "grow"}, "This run")),
        loaded(
            api_path("projects", project, "runs", id_),
            RunDetail,
            lambda run: _run(project, url, run),
            waiting=lambda: html.div({"class": "body"}, loading_lines(8)),
            failing=failing("This run could not be loaded"),
            watch=on("run", "step", "metadata", run_id=id_),
        ),
    )


def _run(project: str, url: Url, run: RunDetail) -> Element:
    failure = read_failure(run.failure)
    metrics = {**_single(plain(run.metadata)), **_results(plain(run.step_metadata) or {})}
    parameters = plain(run.parameters) or {}
    return html.div(
        {"class": "body"},
        failure_note(failure, said=f"in {safe_text(failure.step)}" if failure.step else "")
        if failure
        else None,
        facts(
            (
                ("Status", status_word(run.status)),
                ("Started", moment(run.started_at, missing="not yet")),
                (
                    "Duration",
                    span_of_time(run.duration_s, run.started_at, is_running=run.status == "running"),
                ),
                ("Steps", _step_counts(run.step_counts)),
                ("By", safe_text(run.user.name) if run.user else None),
                ("Stack", safe_text(run.stack.name) if run.stack else None),
                (
                    "Code",
                    html.code({"class": "anywhere"}, safe_text(run.code_version))
                    if run.code_version
                    else None,
                ),
                ("Tags", html.span({"class": "row wrap tags"}, tag_list(run.tags)) if run.tags else None),
                ("Models", _models(run) if run.models else None),
            )
        ),
        _values("Metadata", metrics, url.with_query(view="metadata").href),
        _values("Parameters", parameters, url.with_query(view="configuration").href),
        html.p(
            {"class": "small t3"}, "Select a step in the graph to see its code, inputs, outputs and logs."
        ),
    )


def _single(values: dict[str, object] | None) -> dict[str, object]:
    return {name: value for name, value in (values or {}).items() if not isinstance(value, (dict, list))}


def _results(steps: dict[str, dict[str, object]]) -> dict[str, object]:
    """What steps have logged under names of results, as `step.name`."""
    found = [
        (f"{step}.{name}", value) for step, values in steps.items() for name, value in _single(values).items()
    ]
    return dict(sorted(pair for pair in found if is_result(pair[0])))


def _step_counts(counts: dict[str, int]) -> Element:
    if not counts:
        return "none yet"
    return html.span(
        {"class": "row wrap counts"},
        [
            html.span(
                {"class": "status", "data-status": look_of(status)[0]},
                icon(look_of(status)[0], small=True),
                f"{steps:,} {look_of(status)[1].lower()}",
            )
            for status, steps in sorted(counts.items(), key=lambda pair: -pair[1])
        ],
    )


def _models(run: RunDetail) -> Element:
    return html.span(
        [
            html.span({"class": "blk"}, f"{safe_text(one.model)} {safe_text(one.name) or one.number}")
            for one in run.models
        ]
    )


def _values(title: str, values: dict[str, object], href: str) -> Element:
    if not values:
        return None
    rest = len(values) - SHOWN_METRICS
    return html.section(
        html.h3(title),
        facts(
            (safe_text(name, limit=200), value_of(value))
            for name, value in list(values.items())[:SHOWN_METRICS]
        ),
        html.p({"class": "small"}, link(f"{rest} more", href)) if rest > 0 else None,
    )
