"""The state of a run or a step: always its colour, its outline and its word."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from reactpy import html

from vitrine_ui.figures import duration
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


def ticks(runs: Iterable[Tick], label: str) -> Element:
    """The last runs as bars: height is the duration against the longest, colour the status; failed ones are split."""
    bars = list(runs)
    longest = max((bar.duration_s or 0.0 for bar in bars), default=0.0)

    def bar(tick: Tick) -> Element:
        look, word = look_of(tick.status)
        share = (tick.duration_s or 0.0) / longest if longest else 0.5
        height = f"{max(30, round(share * 100))}%"
        return html.i({"data-status": look, "style": {"--h": height}, "title": f"{word}, {duration(tick.duration_s)}"})

    failed = sum(tick.status == "failed" for tick in bars)
    said = f"{label}: last {len(bars)} runs, {failed} failed"
    return html.span({"class": "ticks", "role": "img", "aria-label": said}, [bar(tick) for tick in bars])
