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
from vitrine_ui.widgets.states import bar

# ReactPy's own constructors of these refuse children, though text is what they are for.
svg_text, svg_title, svg_circle = Vdom("text"), Vdom("title"), Vdom("circle")
TILES = 4
WIDE, HIGH = 320.0, 128.0
RIGHT, TOP, BOTTOM = 314.0, 16.0, 104.0
LETTER_WIDTH = 6.4
GRID_LINES = 3


class Point(Struct, frozen=True):
    run: RunItem
    value: float


def metric_tiles(project: str) -> Element:
    """Up to four charts; nothing while no run has logged a number."""
    return with_metrics(project, lambda metrics: _tiles(project, metrics), waiting=waiting_tiles)


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
        waiting=lambda: waiting_tiles(len(names)),
        failing=lambda _: None,
        watch=on("run", "metadata", gap_s=2.0),
        part="tiles",
    )


def waiting_tiles(tiles: int = TILES) -> Element:
    """As many tiles as there will be, of their size."""
    blank = html.section(
        {"class": "tile half", "aria-busy": "true"},
        html.header(html.h3(bar("90px"))),
        html.div(
            {"class": "fill"},
            html.svg({"class": "line-chart", "viewBox": f"0 0 {WIDE:g} {HIGH:g}", "width": "100%"}),
        ),
    )
    return html.div({"class": "tiles small"}, [blank] * tiles)


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


class Scale(Struct, frozen=True):
    """From the runs' places and values to the drawing's; `left` makes room for the longest label."""

    low: float
    high: float
    left: float
    runs: int

    def x(self, index: int) -> float:
        return self.left + (RIGHT - self.left) * index / (self.runs - 1)

    def y(self, value: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * (value - self.low) / (self.high - self.low)

    def lines(self) -> list[float]:
        return [self.low + (self.high - self.low) * step / (GRID_LINES - 1) for step in range(GRID_LINES)]


def scale_of(points: list[Point]) -> Scale:
    """A tenth of air above and below the values."""
    low, high = min(point.value for point in points), max(point.value for point in points)
    air = ((high - low) or abs(high) or 1.0) * 0.1
    floor = 0.0 if 0 <= low < air else low - air
    bare = Scale(floor, high + air, 0.0, len(points))
    longest = max(len(_written(value)) for value in bare.lines())
    return Scale(floor, bare.high, 10.0 + LETTER_WIDTH * longest, len(points))


def _chart(name: str, points: list[Point]) -> Element:
    scale = scale_of(points)
    said = f"{safe_text(name)} over the last {len(points)} runs, {number(points[-1].value)} in the newest"
    places = " ".join(
        f"{scale.x(index):.1f},{scale.y(point.value):.1f}" for index, point in enumerate(points)
    )
    view = {"viewBox": f"0 0 {WIDE:g} {HIGH:g}", "width": "100%", "role": "img", "aria-label": said}
    return html.svg(
        {"class": "line-chart", **view},
        [_grid_line(value, scale) for value in scale.lines()],
        html.svg.polyline({"points": places}),
        [_mark(point, index, scale) for index, point in enumerate(points)],
        svg_text({"class": "t3 f1", "x": scale.left, "y": HIGH - 6}, _called(points[0].run)),
        svg_text({"class": "t3 f1 endt", "x": RIGHT, "y": HIGH - 6}, _called(points[-1].run)),
    )


def _grid_line(value: float, scale: Scale) -> Element:
    y = scale.y(value)
    return html.svg.g(
        html.svg.line({"class": "grid", "x1": scale.left, "x2": RIGHT, "y1": f"{y:.1f}", "y2": f"{y:.1f}"}),
        svg_text({"class": "t3 f1 endt", "x": scale.left - 6, "y": f"{y + 4:.1f}"}, _written(value)),
    )


def _written(value: float) -> str:
    return number(value, digits=3)


def _mark(point: Point, index: int, scale: Scale) -> Element:
    is_newest = index == scale.runs - 1
    place = {"cx": f"{scale.x(index):.1f}", "cy": f"{scale.y(point.value):.1f}", "r": 4 if is_newest else 2.5}
    said = f"{_called(point.run)}: {number(point.value)}"
    return svg_circle({"class": "newest" if is_newest else "", **place}, svg_title(said))


def _called(run: RunItem) -> str:
    return f"#{run.number}" if run.number is not None else safe_text(run.name, limit=24)
