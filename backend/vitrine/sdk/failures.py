"""An exception as it is reported: what it says, where it came from, and the code around each place."""

from __future__ import annotations

import linecache
import sysconfig
import traceback
from pathlib import Path
from types import TracebackType

from vitrine.ingest.structs import Failure, Frame
from vitrine.sdk.paths import shorten_path

LINES_AROUND = 5
MOST_FRAMES = 50
LONGEST_TEXT = 100_000
OURS = str(Path(__file__).parent)
LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})


def describe_failure(error: BaseException, *, step: str | None = None) -> Failure:
    """The error with its causes as Python prints them, from the user's own code on, and its innermost 50 frames."""
    trace = skip_our_frames(error.__traceback__)
    printed = "".join(traceback.format_exception(type(error), error, trace))
    frames = traceback.extract_tb(trace, limit=-MOST_FRAMES)
    return Failure(
        type=name_type(type(error)),
        message=_message(error)[:LONGEST_TEXT],
        traceback=printed[-LONGEST_TEXT:],
        step=step,
        frames=[_frame(summary) for summary in frames],
    )


def skip_our_frames(trace: TracebackType | None) -> TracebackType | None:
    """The traceback from the first frame that is not the SDK's; all of it when every frame is."""
    found = trace
    while found is not None and found.tb_frame.f_code.co_filename.startswith(OURS):
        found = found.tb_next
    return found or trace


def name_type(kind: type) -> str:
    return (
        kind.__qualname__
        if kind.__module__ in ("builtins", "__main__")
        else f"{kind.__module__}.{kind.__qualname__}"
    )


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as nested:
        return f"(its message could not be made: {type(nested).__name__})"


def _frame(summary: traceback.FrameSummary) -> Frame:
    line = summary.lineno or 0
    lines = linecache.getlines(summary.filename)
    first = max(1, line - LINES_AROUND)
    return Frame(
        path=shorten_path(summary.filename),
        line=line,
        function=summary.name,
        code=[text.rstrip("\n") for text in lines[first - 1 : line + LINES_AROUND]],
        first_line=first if lines else 0,
        is_own=is_own_code(summary.filename),
    )


def is_own_code(path: str) -> bool:
    """Whether the user wrote it: neither of the standard library nor an installed package nor made up."""
    if path.startswith("<") and not path.startswith("<ipython"):
        return False
    return not (
        path.startswith(OURS)
        or path.startswith(LIBRARIES)
        or "site-packages" in path
        or "dist-packages" in path
    )
