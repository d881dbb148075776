"""While a step runs, what it prints and logs is kept as well as shown.

Printed text passes through a tee. Log records are taken where the logging module hands them to its handlers: a handler
of ours on the root logger would switch off `logging.basicConfig()` and the handler of last resort inside the step.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TextIO

from vitrine.ingest.structs import Level, Stream
from vitrine.sdk.lines import Lines

_inside_logging = threading.local()
_formatter = logging.Formatter()
_install = threading.Lock()
_active: list[Lines] = []
_original_call_handlers = logging.Logger.callHandlers


class Tee:
    """A stream that is written through, and kept. Everything else is the original's."""

    def __init__(self, original: TextIO, stream: Stream) -> None:
        self._original = original
        self._stream: Stream = stream

    def write(self, text: str) -> int:
        written = self._original.write(text)
        if text and _active and not getattr(_inside_logging, "is_true", False):
            _active[-1].write(self._stream, text)
        return written

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)


@contextmanager
def capture(lines: Lines) -> Iterator[None]:
    """What is printed and logged inside also goes to these lines."""
    stdout, stderr = sys.stdout, sys.stderr
    tees = Tee(stdout, "stdout"), Tee(stderr, "stderr")
    with _install:
        _active.append(lines)
        sys.stdout, sys.stderr = tees  # type: ignore[assignment]
        logging.Logger.callHandlers = _call_handlers  # type: ignore[method-assign, assignment]
    root = logging.getLogger()
    lowered = root.level == logging.WARNING and not root.handlers
    if (
        lowered
    ):  # nobody has set up logging: keep what is said at the level INFO, though the terminal does not show it
        root.setLevel(logging.INFO)
    try:
        yield
    finally:
        if lowered and root.level == logging.INFO and not root.handlers:
            root.setLevel(logging.WARNING)
        with _install:
            _active.remove(lines)
            sys.stdout = stdout if sys.stdout is tees[0] else sys.stdout
            sys.stderr = stderr if sys.stderr is tees[1] else sys.stderr
            if not _active:
                logging.Logger.callHandlers = _original_call_handlers  # type: ignore[method-assign]


def _call_handlers(logger: logging.Logger, record: logging.LogRecord) -> None:
    """As the logging module's own, and the record is kept. What its handlers print is not kept a second time."""
    if threading.current_thread().name.startswith("vitrine-"):
        return  # the SDK's own threads, whose HTTP library logs each request
    was_inside = getattr(_inside_logging, "is_true", False)
    _inside_logging.is_true = True
    try:
        if _active:
            _keep(record)
        _original_call_handlers(logger, record)
    finally:
        _inside_logging.is_true = was_inside


def _keep(record: logging.LogRecord) -> None:
    try:
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + _formatter.formatException(record.exc_info)
        if record.stack_info:
            text += "\n" + record.stack_info
    except Exception as error:
        text = f"{record.msg!r} (could not be formatted: {error})"
    name = "" if record.name == "root" else f"{record.name}: "
    _active[-1].log(name + text, level_name(record.levelno), datetime.fromtimestamp(record.created, UTC))


def level_name(number: int) -> Level:
    """The nearest of ours that is not above."""
    if number >= logging.CRITICAL:
        return "critical"
    if number >= logging.ERROR:
        return "error"
    if number >= logging.WARNING:
        return "warning"
    return "info" if number >= logging.INFO else "debug"
