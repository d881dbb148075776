"""The run on an axis of time: what ran when, what waited for what, where the time went."""

from __future__ import annotations

from datetime import UTC, datetime
from math import floor, log10
from typing import Any

from msgspec import Struct
from reactpy import component, html

from vitrine.runs.structs import StepItem
from vitrine_ui.address import Url, api_path
from vitrine_ui.figures import duration, percent
from vitrine_ui.hooks import loaded, on, use_url
from vitrine_ui.listing import Items
from vitrine_ui.text import safe_text
from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.icon import icon
from vitrine_ui.widgets.states import empty, failing, loading_rows
from vitrine_ui.widgets.status import look_of, shown_status, status_mark
from vitrine_ui.widgets.tabs import Tab, views

ROW_LIMIT = 100
TICKS_MOST = 8
NICE_S = (
    0.001,
    0.002,
    0.005,
    0.01,
    0.02,
    0.05,
    0.1,
    0.2,
    0.5,
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
)
INSIDE_SHARE = 0.45  # a bar this long has room for its own label


class Axis(Struct, frozen=True):
    begin: datetime
    length_s: float

    def share(self, instant: datetime) -> float:
        return max(0.0, min(1.0, (instant - self.begin).total_seconds() / self.length_s))


@component
def Timeline(project: str, id_: str, choices: list[dict[str, Any]]) -> Element:
    return html.fragment(
        html.div(
            {"class": "filters"},
            views(
                [
                    Tab(str(one["label"]), str(one["label"]), str(one["href"]), symbol=str(one["icon"]))
                    for one in choices
                ],
                "Timeline",
                label="View",
            ),
            html.span({"class": "end small t3 nw desk"}, "Bars: when each step ran. Share: of the whole run"),
        ),
        loaded(
            api_path("projects", project, "runs", id_, "steps"),
            Items[StepItem],
            lambda found: Bars(found.items),
            waiting=lambda: loading_rows(8),
            failing=failing("The steps could not be loaded"),
            watch=on("step", "run", run_id=id_),
        ),
    )


def axis_of(steps: list[StepItem], now: datetime) -> Axis | None:
    """From the first start to the last end, or to now while something runs."""
    begins = [step.started_at for step in steps if step.started_at]
    ends = [step.ended_at or now for step in steps if step.started_at]
    return Axis(min(begins), max(0.001, (max(ends) - min(begins)).total_seconds())) if begins else None


def marks(length_s: float) -> list[float]:
    """Round seconds from the start, eight steps at most."""
    wanted = length_s / TICKS_MOST
    step = next((one for one in NICE_S if one >= wanted), None)
    if step is None:
        unit = 10 ** floor(log10(wanted / 3600)) * 3600
        step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= wanted)
    return [index * step for index in range(int(length_s / step) + 1)]


@component
def Bars(steps: list[StepItem]) -> Element:
    url = use_url(lambda url: url)
    axis = axis_of(steps, datetime.now(UTC))
    if axis is None:
        return empty("Nothing has run yet", "Each step appears here as it starts.")
    ordered = sorted(steps, key=lambda step: (step.started_at is None, str(step.started_at)))
    shown = ordered[:ROW_LIMIT]
    rows = [_row(step, axis, url) for step in shown]
    return html.div(
        {"class": "timeline"},
        _axis(axis),
        html.nav({"class": "bars", "aria-label": "Steps in time"}, _lines(axis), rows),
        html.p(
            {"class": "small t3 more"},
            f"The first {ROW_LIMIT} of {len(steps):,} steps are drawn; the graph has all of them.",
        )
        if len(steps) > ROW_LIMIT
        else None,
    )


def _axis(axis: Axis) -> Element:
    ticks = [_mark(at, axis.length_s) for at in marks(axis.length_s)]
    return html.div({"class": "axis-row", "aria-hidden": "true"}, html.div({"class": "lane"}, ticks))


def _lines(axis: Axis) -> Element:
    lines = [html.i({"style": _place(at, axis.length_s)}) for at in marks(axis.length_s)]
    return html.div({"class": "lines", "aria-hidden": "true"}, lines)


def _place(at_s: float, length_s: float) -> dict[str, str]:
    return {"left": f"{at_s / length_s * 100:.3f}%"}


def _mark(at_s: float, length_s: float) -> Element:
    said = duration(at_s).replace(" 00 s", "").replace(" 00 m", "")
    return html.span({"class": "tick", "style": _place(at_s, length_s)}, said)


def _row(step: StepItem, axis: Axis, url: Url) -> Element:
    status = shown_status(step.status, step.blocked_by)
    href = url.with_query(step=step.key, artifact=None).href
    attributes = {"class": "plain trow", "href": href, "data-nav": "", "key": step.key}
    if url.get("step") == step.key:
        attributes["aria-current"] = "true"
    return html.a(
        attributes,
        html.span(
            {"class": "who"},
            status_mark(status),
            html.span({"class": "cut", "title": safe_text(step.key)}, safe_text(step.key)),
        ),
        html.span({"class": "lane"}, _bar(step, status, axis)),
    )


def _bar(step: StepItem, status: str, axis: Axis) -> Element:
    look, word = look_of(status)
    if step.started_at is None:
        said = f"never started: {safe_text(step.blocked_by)} failed" if step.blocked_by else word.lower()
        return html.span({"class": "said never", "data-status": look}, said)
    left = axis.share(step.started_at)
    right = axis.share(step.ended_at or datetime.now(UTC))
    took = duration(step.duration_s) if step.duration_s is not None else "running"
    said = _said(step, took, right - left)
    place = {"left": f"{left * 100:.3f}%", "width": f"max(3px, {(right - left) * 100:.3f}%)"}
    if right - left >= INSIDE_SHARE:
        return html.span(
            {"class": "tbar", "data-status": look, "style": place, "title": said},
            html.span({"class": "cut"}, said),
        )
    beside = (
        {"left": f"calc({right * 100:.3f}% + 8px)"}
        if right < 0.8
        else {"right": f"calc({(1 - left) * 100:.3f}% + 8px)"}
    )
    return html.fragment(
        html.span({"class": "tbar", "data-status": look, "style": place, "title": said}),
        html.span({"class": "said", "style": beside}, said),
    )


def _said(step: StepItem, took: str, share: float) -> str:
    if step.status == "cached":
        of = step.cached_from.number if step.cached_from else None
        return f"cached from #{of}" if of is not None else "cached"
    return f"{took} · {percent(share)} of the run" if share >= INSIDE_SHARE else took


__all__ = ["Timeline", "icon"]
