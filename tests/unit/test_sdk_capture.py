"""What a step prints and logs is kept, and nothing that the program does with streams and logging is changed by that."""

from __future__ import annotations

import io
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from vitrine.ingest.structs import LogLine
from vitrine.sdk.capture import capture
from vitrine.sdk.lines import Lines


class Kept:
    def __init__(self) -> None:
        self.lines: list[LogLine] = []
        self.log = Lines(lambda _, lines: self.lines.extend(lines))

    def texts(self) -> list[str]:
        self.log.end()
        return [line.text for line in self.lines]


@pytest.fixture
def kept() -> Kept:
    return Kept()


@contextmanager
def untouched_logging() -> Iterator[None]:
    """Logging as a new program has it: pytest's own handlers are set aside."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    root.setLevel(logging.WARNING)
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


def test_printed_text_is_kept_and_shown(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    with capture(kept.log):
        print("out")
        print("err", file=sys.stderr)
    print("after")

    assert kept.texts() == ["out", "err"]
    assert capsys.readouterr() == ("out\nafter\n", "err\n")


def test_streams_are_the_programs_own_again_afterwards(kept: Kept) -> None:
    before = sys.stdout, sys.stderr, logging.Logger.callHandlers, logging.Logger.isEnabledFor
    with capture(kept.log):
        assert sys.stdout.isatty() in (True, False)

    assert (sys.stdout, sys.stderr, logging.Logger.callHandlers, logging.Logger.isEnabledFor) == before


def test_a_stream_that_the_step_replaced_stays_replaced(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    own = io.StringIO()
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    with capture(kept.log):
        sys.stdout = own

    assert sys.stdout is own


def test_a_record_that_a_handler_prints_is_kept_once(kept: Kept) -> None:
    logger = logging.getLogger("kept.once")
    with capture(kept.log):
        handler = logging.StreamHandler(sys.stderr)
        logger.addHandler(handler)
        logger.error("broken %d", 3)
        logger.removeHandler(handler)

    assert kept.texts() == ["kept.once: broken 3"]
    assert kept.lines[0].level == "error"


def test_info_is_kept_where_nobody_has_set_up_logging(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    with untouched_logging(), capture(kept.log):
        logging.getLogger("kept.info").info("told")
        logging.getLogger("kept.info").debug("too much")

    assert kept.texts() == ["kept.info: told"]
    assert capsys.readouterr().err == ""


def test_the_handler_of_last_resort_still_shows_warnings(
    kept: Kept, capsys: pytest.CaptureFixture[str]
) -> None:
    with untouched_logging(), capture(kept.log):
        logging.getLogger("kept.last").warning("look out")

    assert kept.texts() == ["kept.last: look out"]
    assert capsys.readouterr().err == "look out\n"


def test_basic_configuration_works_inside_a_step(kept: Kept) -> None:
    own = io.StringIO()
    with untouched_logging(), capture(kept.log):
        logging.basicConfig(stream=own, level=logging.DEBUG, format="%(message)s")
        logging.debug("detail")

    assert own.getvalue() == "detail\n"
    assert kept.texts() == ["detail"]


def test_a_logger_that_was_silenced_stays_silent(kept: Kept) -> None:
    logger = logging.getLogger("kept.silent")
    logger.setLevel(logging.WARNING)
    with untouched_logging(), capture(kept.log):
        logger.info("noise")

    assert kept.texts() == []


def test_an_exception_that_is_logged_brings_its_traceback(kept: Kept) -> None:
    with capture(kept.log):
        try:
            raise ValueError("deep")
        except ValueError:
            logging.getLogger("kept.error").exception("failed")

    assert kept.texts()[0] == "kept.error: failed"
    assert kept.texts()[-1] == "ValueError: deep"
    assert {line.level for line in kept.lines} == {"error"}


def test_threads_of_a_step_are_heard(kept: Kept) -> None:
    with capture(kept.log):
        thread = threading.Thread(target=print, args=("from a thread",))
        thread.start()
        thread.join()

    assert kept.texts() == ["from a thread"]
