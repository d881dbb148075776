"""The state of a run or a step: always its colour, its outline and its word."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from reactpy import html

from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.icon import icon

# What the API says → what the stylesheet and the sprite call it, and the word.
STATUSES = {
    "queued": ("queued", "Queued"),
    "running": ("running", "Running"),
    "completed": ("succeeded", "Succeeded"),
    "failed": ("failed", "Failed"),
    "skipped": ("skipped", "Skipped"),
    "cached": ("cached", "Cached"),
    "cancelled": ("cancelled", "Cancelled"),
    "lost": ("lost", "Lost contact"),
    "upstream-failed": ("upstream-failed", "Upstream failed"),
}
UNDER_WAY = frozenset({"queued", "running"})


def look_of(status: str) -> tuple[str, str]:
    return STATUSES.get(status, ("queued", status.capitalize()))


def shown_status(status: str, blocked_by: str | None) -> str:
    """A step that never ran because another failed is its own state: one failure looks like one failure."""
    return "upstream-failed" if blocked_by and status in ("queued", "skipped", "cancelled") else status


def status_mark(status: str) -> Element:
    """The icon alone; its word is read out and shown on hover."""
    look, word = look_of(status)
    return html.span(
        {"class": "status", "data-status": look, "title": word}, icon(look), html.span({"class": "sr"}, word)
    )


def status_word(status: str) -> Element:
    look, word = look_of(status)
    return html.span({"class": "status", "data-status": look}, icon(look), word)


def status_pill(status: str) -> Element:
    look, word = look_of(status)
    return html.span({"class": "status pill", "data-status": look}, icon(look), word)


class Tick(Struct, frozen=True):
    status: str
    duration_s: float | None


BAR, GAP, HIGH = 5, 2, 20


def ticks(runs: Iterable[Tick], label: str) -> Element:
    """The last runs as bars: height is the duration against the longest, colour the status; failed ones are split.

    One path a status, so that a list of pipelines stays small.
    """
    bars = list(runs)
    longest = max((bar.duration_s or 0.0 for bar in bars), default=0.0)
    paths: dict[str, list[str]] = {}
    for index, bar in enumerate(bars):
        share = (bar.duration_s or 0.0) / longest if longest else 0.5
        height = max(6, round(share * HIGH))
        paths.setdefault(look_of(bar.status)[0], []).append(
            _bar(index, height, is_split=bar.status == "failed")
        )
    failed = sum(bar.status == "failed" for bar in bars)
    said = f"{label}: last {len(bars)} runs, {failed} failed"
    width = max(1, len(bars) * (BAR + GAP))
    return html.svg(
        {
            "class": "ticks",
            "role": "img",
            "aria-label": said,
            "width": width,
            "height": HIGH,
            "viewBox": f"0 0 {width} {HIGH}",
        },
        [
            html.svg.path({"class": "bar", "data-status": look, "d": "".join(parts)})
            for look, parts in paths.items()
        ],
    )


def _bar(index: int, height: int, *, is_split: bool) -> str:
    left, top = index * (BAR + GAP), HIGH - height
    if not is_split:
        return f"M{left} {top}h{BAR}v{height}h-{BAR}z"
    return f"M{left} {top}h{BAR}v{max(1, height - 6)}h-{BAR}zM{left} {HIGH - 4}h{BAR}v4h-{BAR}z"
