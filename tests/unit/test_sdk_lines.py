"""Printed text becomes numbered lines."""

from __future__ import annotations

from datetime import UTC, datetime

from vitrine.ingest.structs import LogLine
from vitrine.sdk.lines import LINES_A_PIECE, LONGEST_LINE, Lines


class Pieces:
    """What was emitted, piece by piece."""

    def __init__(self) -> None:
        self.pieces: list[tuple[int, list[LogLine]]] = []
        self.lines = Lines(lambda first, lines: self.pieces.append((first, lines)))

    def texts(self) -> list[str]:
        self.lines.end()
        return [line.text for _, lines in self.pieces for line in lines]


def test_a_line_waits_for_its_end() -> None:
    log = Pieces()
    log.lines.write("stdout", "one\ntw")
    log.lines.flush()
    log.lines.write("stdout", "o\n")

    assert log.texts() == ["one", "two"]
    assert [first for first, _ in log.pieces] == [1, 2]


def test_a_last_line_without_an_end_is_kept() -> None:
    log = Pieces()
    log.lines.write("stdout", "no end")

    assert log.texts() == ["no end"]


def test_a_progress_bar_leaves_its_last_state() -> None:
    log = Pieces()
    for percent in (0, 50, 100):
        log.lines.write("stderr", f"\r{percent:3d} %")
    log.lines.write("stderr", "\ndone\n")

    assert log.texts() == ["100 %", "done"]


def test_a_progress_bar_that_returns_at_its_end_leaves_its_last_state() -> None:
    log = Pieces()
    for percent in (0, 50, 100):
        log.lines.write("stdout", f"{percent} %\r")

    assert log.texts() == ["100 %"]


def test_line_ends_of_windows_are_line_ends() -> None:
    log = Pieces()
    log.lines.write("stdout", "one\r\ntwo\r")
    log.lines.write("stdout", "\nthree\n")

    assert log.texts() == ["one", "two", "three"]


def test_pieces_hold_at_most_a_thousand_lines_and_are_numbered_on() -> None:
    log = Pieces()
    log.lines.write("stdout", "line\n" * (2 * LINES_A_PIECE + 5))

    assert len(log.texts()) == 2 * LINES_A_PIECE + 5
    assert [(first, len(lines)) for first, lines in log.pieces] == [
        (1, LINES_A_PIECE),
        (1001, LINES_A_PIECE),
        (2001, 5),
    ]


def test_streams_do_not_mix_within_a_line() -> None:
    log = Pieces()
    log.lines.write("stdout", "out ")
    log.lines.write("stderr", "err\n")
    log.lines.write("stdout", "put\n")

    assert log.texts() == ["err", "out put"]


def test_an_endless_line_is_cut() -> None:
    log = Pieces()
    log.lines.write("stdout", "x" * (LONGEST_LINE + 10) + "\n")

    assert log.texts() == ["x" * LONGEST_LINE + "… (10 more characters)"]


def test_a_record_of_several_lines_keeps_its_level_on_each() -> None:
    log = Pieces()
    at = datetime(2026, 1, 2, tzinfo=UTC)
    log.lines.log("first\nsecond", "error", at)

    assert log.texts() == ["first", "second"]
    assert {(line.level, line.at, line.stream) for _, lines in log.pieces for line in lines} == {
        ("error", at, "log")
    }


def test_a_warning_on_standard_error_is_a_warning() -> None:
    log = Pieces()
    log.lines.write("stderr", "train.py:3: ConvergenceWarning: stopped early\n  fit()\n")
    log.texts()

    assert [line.level for _, lines in log.pieces for line in lines] == ["warning", "info"]
