"""An exception with its context: what was raised, the line of the user's own code, and the rest on demand."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct
from reactpy import html

from vitrine_ui.text import plural, safe_text
from vitrine_ui.widgets.button import copy_button
from vitrine_ui.widgets.code import code_block
from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.icon import icon

MESSAGE_LIMIT = 4_000
TRACEBACK_LIMIT = 20_000
CONTEXT_LINES = 7


class FrameRead(Struct):
    path: str = ""
    line: int = 0
    function: str = ""
    code: list[str] = []
    first_line: int = 0
    is_own: bool = True


class FailureRead(Struct):
    type: str = "Failure"
    message: str = ""
    traceback: str = ""
    step: str | None = None
    frames: list[FrameRead] = []


def read_failure(raw: Raw) -> FailureRead | None:
    """The failure of a run or an attempt; None where there is none."""
    try:
        return msgspec.json.decode(raw, type=FailureRead | None)
    except msgspec.MsgspecError:
        return None


def failure_note(
    failure: FailureRead, *, said: str = "", first_error: str = "", source: str = "", source_line: int = 1
) -> Element:
    """`said` stands at the right of its name; `first_error` is where the log has it; `source` helps frames without code."""
    own = [frame for frame in failure.frames if frame.is_own] or failure.frames
    return html.section(
        {"class": "note failure", "data-status": "failed", "aria-label": "Exception"},
        html.div(
            {"class": "row"},
            html.span({"class": "status"}, icon("failed"), html.b(safe_text(failure.type, limit=200))),
            html.span({"class": "end small t3 nw"}, said),
        ),
        html.p({"class": "message"}, safe_text(failure.message, limit=MESSAGE_LIMIT))
        if failure.message
        else None,
        _frame(own[-1], source, source_line) if own else None,
        html.div(
            {"class": "row wrap acts"},
            html.a(
                {"class": "btn", "href": first_error, "data-nav": ""},
                icon("desc", small=True),
                "First error in the log",
            )
            if first_error
            else None,
            copy_button(failure.traceback, label="Copy traceback", look="ghost", says_label=True)
            if failure.traceback
            else None,
        ),
        _traceback(failure),
    )


def _frame(frame: FrameRead, source: str, source_line: int) -> Element:
    lines, first = frame.code, frame.first_line
    if not lines and source and source_line <= frame.line < source_line + source.count("\n") + 1:
        at = frame.line - source_line
        begin = max(0, at - 3)
        lines, first = source.split("\n")[begin : at + 2], source_line + begin
    if len(lines) > CONTEXT_LINES and first <= frame.line < first + len(lines):
        begin = max(0, min(frame.line - first - CONTEXT_LINES // 2, len(lines) - CONTEXT_LINES))
        lines, first = lines[begin : begin + CONTEXT_LINES], first + begin
    where = f"{frame.path}, line {frame.line}"
    return html.div(
        {"class": "frame-of"},
        html.p({"class": "small t3 mono cut", "title": safe_text(where)}, safe_text(where)),
        code_block("\n".join(lines), first_line=first or frame.line, hits=(frame.line,), copies=False)
        if lines
        else None,
    )


def _traceback(failure: FailureRead) -> Element:
    if not failure.traceback:
        return None
    calls = plural(len(failure.frames), "call") if failure.frames else "all calls"
    text: Any = safe_text(failure.traceback.rstrip(), limit=TRACEBACK_LIMIT)
    return html.details(
        html.summary(f"Traceback, {calls}"), html.pre({"class": "code", "tabindex": "0"}, text)
    )
