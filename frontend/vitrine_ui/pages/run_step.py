"""The parts of one step: why it failed, what it is, what went in and out, what it used, what it said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec import Raw, Struct
from reactpy import component, html

from vitrine.runs.structs import ArtifactMention, Attempt, RunDetail, StepDetail, plain
from vitrine_ui.address import Url, api, api_path, page
from vitrine_ui.figures import duration, size
from vitrine_ui.hooks import Ready, on, use_load, use_session, use_url
from vitrine_ui.pages.failure import failure_note, read_failure
from vitrine_ui.text import plural, safe_text
from vitrine_ui.widgets.button import link
from vitrine_ui.widgets.code import code_block
from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.facts import facts, note
from vitrine_ui.widgets.icon import artifact_icon
from vitrine_ui.widgets.islands import island, read_event
from vitrine_ui.widgets.moment import moment, span_of_time
from vitrine_ui.widgets.states import nothing
from vitrine_ui.widgets.status import UNDER_WAY, shown_status, status_word
from vitrine_ui.widgets.tree import json_tree
from vitrine_ui.widgets.values import ValueTable

STEP_TABS = (
    ("overview", "Overview"),
    ("code", "Code"),
    ("configuration", "Config"),
    ("io", "In & out"),
    ("metadata", "Metadata"),
    ("resources", "Resources"),
    ("logs", "Logs"),
)


class ResourcesRead(Struct):
    interval_s: float = 1.0
    cpu_percent: list[float | None] = []
    memory_bytes: list[float | None] = []


def step_body(project: str, id_: str, step: StepDetail, tab: str) -> Element:
    """The open part. Logs fill the panel and scroll by themselves."""
    if tab == "logs":
        return html.div(
            {"class": "logs-of", "key": "logs"},
            Logs(project, id_, step.key, step.attempt, step.status in UNDER_WAY),
        )
    parts: dict[str, Callable[[], Element]] = {
        "overview": lambda: Overview(project, id_, step),
        "code": lambda: code_of(step),
        "configuration": lambda: configuration_of(step),
        "io": lambda: InputsAndOutputs(project, step),
        "metadata": lambda: metadata_of(step),
        "resources": lambda: resources_of(step),
    }
    return html.div({"class": "body", "key": tab}, parts[tab]())


# ── overview ──────────────────────────────────────────────────────────────────────────────────────
@component
def Overview(project: str, id_: str, step: StepDetail) -> Element:
    url = use_url(lambda url: url)
    began = use_load(
        api_path("projects", project, "runs", id_),
        RunDetail,
        on("run", run_id=id_),
        lambda run: run.started_at,
    )
    run_started_at = began.value if isinstance(began, Ready) else None
    last = step.attempts[-1] if step.attempts else None
    failure = read_failure(last.failure) if last else None
    return html.fragment(
        failure_note(
            failure,
            said=f"attempt {last.attempt} of {len(step.attempts)}" if last and len(step.attempts) > 1 else "",
            first_error=url.with_query(tab="logs").href if step.log_lines else "",
            source=step.code,
            source_line=step.code_line or 1,
        )
        if failure
        else None,
        _stopped(url, step) if step.blocked_by else None,
        facts(
            (
                ("Status", status_word(shown_status(step.status, step.blocked_by))),
                ("Started", _began(step.started_at, run_started_at)),
                ("Duration", _took(step)),
                ("Cache", _cache(project, step)),
                ("Needs", _steps(url, step.parents) if step.parents else None),
                ("Attempts", _attempts(step.attempts) if len(step.attempts) > 1 else None),
                ("Log", _log(url, step)),
            )
        ),
        _artifacts("Inputs", project, step.inputs) if step.inputs else None,
        _artifacts("Outputs", project, step.outputs) if step.outputs else None,
        html.section(html.h3("Resources"), _resources(last))
        if last and read_resources(last.resources)
        else None,
    )


def _stopped(url: Url, step: StepDetail) -> Element:
    blocker = str(step.blocked_by)
    return note(
        "failed",
        "It did not run, because ",
        link(blocker, url.with_query(step=blocker, tab=None).href),
        " failed.",
    )


def _began(started_at: datetime | None, run_started_at: datetime | None) -> Element:
    if started_at is None:
        return html.span({"class": "t3"}, "not yet")
    into = (started_at - run_started_at).total_seconds() if run_started_at else 0.0
    return html.span(
        moment(started_at),
        html.span({"class": "t3"}, f", {duration(into)} into the run") if into >= 1 else None,
    )


def _took(step: StepDetail) -> Element:
    if step.started_at is None:
        return None
    return span_of_time(step.duration_s, step.started_at, is_running=step.status == "running")


def _cache(project: str, step: StepDetail) -> Element:
    if step.status != "cached":
        return None
    if step.cached_from is None:
        return "Hit: nothing that it depends on has changed"
    of = (
        f"#{step.cached_from.number}"
        if step.cached_from.number is not None
        else safe_text(step.cached_from.name)
    )
    return html.span("Hit: taken from ", link(of, page(project, "runs", step.cached_from.id)))


def _steps(url: Url, keys: list[str]) -> Element:
    links = [link(key, url.with_query(step=key, tab=None).href) for key in keys[:12]]
    more = f" and {len(keys) - 12} more" if len(keys) > 12 else None
    return html.span([piece for one in links for piece in (", ", one)][1:], more)


def _attempts(attempts: list[Attempt]) -> Element:
    return html.span(
        {"class": "row wrap counts"},
        [
            html.span(
                {"class": "row"},
                status_word(one.status),
                html.span({"class": "t3"}, duration(one.duration_s)),
            )
            for one in attempts
        ],
    )


def _log(url: Url, step: StepDetail) -> Element:
    if not step.log_lines:
        return None
    errors = f", {plural(step.error_lines, 'error')}" if step.error_lines else ""
    return link(f"{plural(step.log_lines, 'line')}{errors}", url.with_query(tab="logs").href)


# ── code, configuration, metadata ─────────────────────────────────────────────────────────────────
def code_of(step: StepDetail) -> Element:
    if not step.code:
        return nothing("The pipeline did not send the code of this step.")
    last = step.attempts[-1] if step.attempts else None
    failure = read_failure(last.failure) if last else None
    hits = [frame.line for frame in failure.frames if frame.path == step.code_path] if failure else []
    where = f"{step.code_path}, line {step.code_line}" if step.code_path else ""
    return html.section(
        html.p({"class": "small t3 mono cut", "title": safe_text(where)}, safe_text(where))
        if where
        else None,
        code_block(step.code, first_line=step.code_line or 1, hits=hits),
    )


def configuration_of(step: StepDetail) -> Element:
    parameters, configuration = plain(step.parameters) or {}, plain(step.configuration) or {}
    return html.fragment(
        html.section(html.h3("Parameters"), json_tree(parameters) if parameters else nothing("None")),
        html.section(
            html.h3("Configuration"), json_tree(configuration) if configuration else nothing("All defaults")
        ),
    )


def metadata_of(step: StepDetail) -> Element:
    values = plain(step.metadata) or {}
    if not values:
        return html.fragment(
            nothing("Nothing logged. A step logs by calling"),
            code_block('log_metadata({"accuracy": 0.93})', numbered=False),
        )
    return ValueTable(values)


# ── inputs and outputs ────────────────────────────────────────────────────────────────────────────
@component
def InputsAndOutputs(project: str, step: StepDetail) -> Element:
    return html.fragment(
        _artifacts("Inputs", project, step.inputs)
        if step.inputs
        else html.section(html.h3("Inputs"), nothing("None")),
        _artifacts("Outputs", project, step.outputs)
        if step.outputs
        else html.section(html.h3("Outputs"), nothing("None yet" if step.status in UNDER_WAY else "None")),
    )


def _artifacts(title: str, project: str, mentions: list[ArtifactMention]) -> Element:
    return html.section({"key": title}, html.h3(title), [_artifact(project, one) for one in mentions])


def _artifact(project: str, one: ArtifactMention) -> Element:
    key = f"{one.name} {one.artifact_version_id}"
    name = html.span({"class": "cut"}, html.span({"class": "name"}, safe_text(one.name)), _called(one))
    about = html.span({"class": "end small t3 nw"}, " · ".join(_about(one)))
    if one.is_missing:
        return html.div({"class": "row artifact", "key": key}, artifact_icon(one.type), name, about)
    return html.a(
        {
            "class": "plain row artifact",
            "href": page(project, "artifact-versions", one.artifact_version_id),
            "data-nav": "",
            "key": key,
        },
        artifact_icon(one.type, one.data_type),
        name,
        about,
    )


def _called(one: ArtifactMention) -> Element:
    parts = [safe_text(one.artifact)] if one.artifact and one.artifact != one.name else []
    parts += [str(one.number)] if one.number is not None else []
    return html.span({"class": "t3"}, " " + " ".join(parts)) if parts else None


def _about(one: ArtifactMention) -> list[str]:
    if one.is_missing:
        return ["not here yet, or deleted"]
    parts = [f"from {safe_text(one.produced_by_step)}"] if one.produced_by_step else []
    parts += [plural(one.visualizations, "view")] if one.visualizations else []
    return [*parts, size(one.size_bytes)] if one.size_bytes else parts


# ── resources ─────────────────────────────────────────────────────────────────────────────────────
def read_resources(raw: Raw) -> ResourcesRead | None:
    try:
        found = msgspec.json.decode(raw, type=ResourcesRead | None)
    except msgspec.MsgspecError:
        return None
    return found if found and (found.cpu_percent or found.memory_bytes) else None


def resources_of(step: StepDetail) -> Element:
    shown = [(attempt, _resources(attempt)) for attempt in step.attempts]
    if not any(drawn for _, drawn in shown):
        short = (
            "It took too little time to be measured."
            if (step.duration_s or 0) < 5
            else "Nothing was measured."
        )
        return nothing("Measured while it runs." if step.status in UNDER_WAY else short)
    several = len(step.attempts) > 1
    return html.fragment(
        [
            html.section(
                {"key": str(one.attempt)}, html.h3(f"Attempt {one.attempt}") if several else None, drawn
            )
            for one, drawn in shown
            if drawn
        ],
        html.p(
            {"class": "small t3"},
            "CPU in percent of one core; memory is what the process held. Point at a line for its value.",
        ),
    )


def _resources(attempt: Attempt) -> Element:
    measured = read_resources(attempt.resources)
    if measured is None:
        return None
    return html.div(
        {"class": "sparks"},
        _spark("CPU", measured.cpu_percent, "%", 1, attempt, measured.interval_s)
        if measured.cpu_percent
        else None,
        _spark("Memory", measured.memory_bytes, "bytes", 3, attempt, measured.interval_s)
        if measured.memory_bytes
        else None,
    )


def _spark(
    label: str, values: list[float | None], unit: str, color: int, attempt: Attempt, interval_s: float
) -> Element:
    began = attempt.started_at
    times = (
        [(began + timedelta(seconds=interval_s * index)).isoformat() for index in range(len(values))]
        if began
        else None
    )
    return html.div(
        {"class": "sparkbox", "key": label},
        island("chart", "Spark", values=values, times=times, unit=unit, label=label, color=color),
    )


# ── logs ──────────────────────────────────────────────────────────────────────────────────────────
@component
def Logs(project: str, id_: str, step: str, attempt: int, is_running: bool) -> Element:
    session = use_session()
    line = use_url(lambda url: url.get("line"))
    source = ("projects", project, "runs", id_, "steps", step)

    def mark(event: dict[str, Any]) -> None:
        session.navigate(session.url.now.with_query(line=read_event(event)), replaces=True)

    return island(
        "logs",
        "Logs",
        src=api(*source, "logs"),
        download=api(*source, "logs.txt"),
        live=api("projects", project, "live"),
        run=id_,
        step=step,
        attempt=attempt,
        running=is_running,
        line=int(line) if line.isdecimal() else None,
        onLine=mark,
    )
