"""When, and for how long. The browser keeps both going and knows the reader's time zone (static/page.js)."""

from __future__ import annotations

from datetime import UTC, datetime

from reactpy import html

from vitrine_ui.figures import absolute, ago, duration
from vitrine_ui.widgets.element import Element


def moment(instant: datetime | None, *, missing: str = "—") -> Element:
    """`12 min ago`, the absolute instant on hover."""
    if instant is None:
        return html.span({"class": "t3"}, missing)
    return html.time(
        {"datetime": instant.astimezone(UTC).isoformat(), "title": absolute(instant), "data-ago": ""},
        ago(instant),
    )


def span_of_time(s: float | None, started_at: datetime | None = None, *, is_running: bool = False) -> Element:
    """A duration; of what still runs, one that goes on."""
    if is_running and started_at is not None:
        passed = (datetime.now(UTC) - started_at).total_seconds()
        return html.span({"data-since": started_at.astimezone(UTC).isoformat()}, duration(max(0.0, passed)))
    return html.span({"title": f"{s:.3f} s"} if s is not None else {}, duration(s))
