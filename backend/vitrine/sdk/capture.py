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


class _Inside(threading.local):
    """Whether this thread is inside the logging module's handlers."""

    is_true = False


_inside_logging = _Inside()
_formatter = logging.Formatter()
_install = threading.Lock()
_active: list[Lines] = []
_original_call_handlers = logging.Logger.callHandlers
_original_is_enabled_for = logging.Logger.isEnabledFor


class Tee:
    """A stream that is written through, and kept. Everything else is the original's."""

    def __init__(self, original: TextIO, stream: Stream) -> None:
        self._original = original
        self._stream: Stream = stream

    def write(self, text: str) -> int:
        written = self._original.write(text)
        if text and _active and not _inside_logging.is_true:
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
        logging.Logger.isEnabledFor = _is_enabled_for  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        with _install:
            _active.remove(lines)
            sys.stdout = stdout if sys.stdout is tees[0] else sys.stdout
            sys.stderr = stderr if sys.stderr is tees[1] else sys.stderr
            if not _active:
                logging.Logger.callHandlers = _original_call_handlers  # type: ignore[method-assign]
                logging.Logger.isEnabledFor = _original_is_enabled_for  # type: ignore[method-assign]


def _is_enabled_for(logger: logging.Logger, level: int) -> bool:
    """As the logging module's own; but where nobody has set up logging, INFO is kept, though the terminal does not show it."""
    return _original_is_enabled_for(logger, level) or (level >= logging.INFO and _is_left_to_root(logger))


def _is_left_to_root(logger: logging.Logger) -> bool:
    root = logging.root
    if root.handlers or root.level != logging.WARNING or logging.root.manager.disable >= logging.INFO:
        return False
    place: logging.Logger | None = logger
    while place is not None and place is not root:
        if place.level or place.disabled:
            return False
        place = place.parent
    return True


def _call_handlers(logger: logging.Logger, record: logging.LogRecord) -> None:
    """As the logging module's own, and the record is kept. What its handlers print is not kept a second time."""
    was_inside = _inside_logging.is_true
    _inside_logging.is_true = True
    try:
        if _active and not threading.current_thread().name.startswith("vitrine-"):
            _keep(record)
        if _original_is_enabled_for(logger, record.levelno):
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
