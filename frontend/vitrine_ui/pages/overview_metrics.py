"""How the newest runs compare: one small line for each metric that tells them apart."""

from __future__ import annotations

import math
from typing import Any, TypeGuard

from msgspec import Struct
from reactpy import html
from reactpy.core.vdom import Vdom

from vitrine.paging import Page
from vitrine.runs.structs import RunItem, plain
from vitrine_ui.address import api_path, page
from vitrine_ui.figures import number
from vitrine_ui.hooks import loaded, on
from vitrine_ui.pages.run_columns import SAMPLED_RUNS, Metrics, with_metrics
from vitrine_ui.text import middle_cut, safe_text
from vitrine_ui.widgets.button import link
from vitrine_ui.widgets.element import Element

# ReactPy's own constructors of these refuse children, though text is what they are for.
svg_text, svg_title, svg_circle = Vdom("text"), Vdom("title"), Vdom("circle")
TILES = 4
WIDE, HIGH = 320.0, 128.0
LEFT, RIGHT, TOP, BOTTOM = 44.0, 314.0, 16.0, 104.0
GRID_LINES = 3


class Point(Struct, frozen=True):
    run: RunItem
    value: float


def metric_tiles(project: str) -> Element:
    """Up to four charts; nothing while no run has logged a number."""
    return with_metrics(project, lambda metrics: _tiles(project, metrics), waiting=lambda: None)


def _tiles(project: str, metrics: Metrics) -> Element:
    names = metrics.ranked[:TILES]
    if not names:
        return None
    return loaded(
        api_path("projects", project, "runs", limit=SAMPLED_RUNS, metadata=list(names)),
        Page[RunItem],
        lambda found: html.div(
            {"class": "tiles small"}, [_tile(project, name, found.items) for name in names]
        ),
        waiting=lambda: None,
        failing=lambda _: None,
        watch=on("run", "metadata", gap_s=2.0),
        part="tiles",
    )


def points_of(name: str, runs: list[RunItem]) -> list[Point]:
    """The runs that have a finite number by this name, oldest first."""
    found = [(run, (plain(run.metadata) or {}).get(name)) for run in reversed(runs)]
    return [Point(run, value) for run, value in found if is_finite(value)]


def is_finite(value: Any) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _tile(project: str, name: str, runs: list[RunItem]) -> Element:
    points = points_of(name, runs)
    pipelines = {point.run.pipeline.name for point in points if point.run.pipeline}
    of = f"{safe_text(next(iter(pipelines)), limit=40)}, " if len(pipelines) == 1 else ""
    return html.section(
        {"class": "tile half", "key": name},
        html.header(
            html.h3(_name(project, name)),
            html.span({"class": "sub cut"}, f"{of}last {len(points)} runs"),
            html.b({"class": "end", "title": repr(points[-1].value)}, number(points[-1].value))
            if points
            else None,
        ),
        html.div({"class": "fill"}, _chart(name, points) if len(points) > 1 else _too_few(points)),
    )


def _name(project: str, name: str) -> Element:
    """The metric; where the filter language can name it without quotes, a link to the runs sorted by it."""
    shown = middle_cut(name, length=28)
    if not name.replace(".", "_").isidentifier():
        return html.span({"title": safe_text(name)}, shown)
    return link(
        shown, page(project, "runs", sort=f"-metadata.{name}"), class_="plain", title=f"Runs by {name}"
    )


def _too_few(points: list[Point]) -> Element:
    return html.p({"class": "t3"}, "A line begins with the second run." if points else "No number yet.")


def _chart(name: str, points: list[Point]) -> Element:
    low, high = min(point.value for point in points), max(point.value for point in points)
    spread = (high - low) or abs(high) or 1.0
    low, high = low - spread * 0.1, high + spread * 0.1

    def x(index: int) -> float:
        return LEFT + (RIGHT - LEFT) * index / (len(points) - 1)

    def y(value: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * (value - low) / (high - low)

    said = f"{safe_text(name)} over the last {len(points)} runs, {number(points[-1].value)} in the newest"
    return html.svg(
        {
            "class": "line-chart",
            "viewBox": f"0 0 {WIDE:g} {HIGH:g}",
            "width": "100%",
            "role": "img",
            "aria-label": said,
        },
        [_grid_line(low + (high - low) * step / (GRID_LINES - 1), y) for step in range(GRID_LINES)],
        html.svg.polyline(
            {"points": " ".join(f"{x(i):.1f},{y(one.value):.1f}" for i, one in enumerate(points))}
        ),
        [
            _mark(point, x(index), y(point.value), is_newest=index == len(points) - 1)
            for index, point in enumerate(points)
        ],
        svg_text({"class": "t3 f1", "x": LEFT, "y": HIGH - 6}, _called(points[0].run)),
        svg_text({"class": "t3 f1 endt", "x": RIGHT, "y": HIGH - 6}, _called(points[-1].run)),
    )


def _grid_line(value: float, y: Any) -> Element:
    at = f"{y(value):.1f}"
    return html.svg.g(
        html.svg.line({"class": "grid", "x1": LEFT, "x2": RIGHT, "y1": at, "y2": at}),
        svg_text({"class": "t3 f1 endt", "x": LEFT - 6, "y": f"{y(value) + 4:.1f}"}, number(value, digits=3)),
    )


def _mark(point: Point, x: float, y: float, *, is_newest: bool) -> Element:
    said = f"{_called(point.run)}: {number(point.value)}"
    attributes = {
        "class": "newest" if is_newest else "",
        "cx": f"{x:.1f}",
        "cy": f"{y:.1f}",
        "r": 4 if is_newest else 2.5,
    }
    return svg_circle(attributes, svg_title(said))


def _called(run: RunItem) -> str:
    return f"#{run.number}" if run.number is not None else safe_text(run.name, limit=24)
