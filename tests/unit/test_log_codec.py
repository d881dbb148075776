"""Stored log lines come back as they were."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vitrine.ingest.structs import LevelNumbers, LogLine
from vitrine.runs.log_codec import (
    TEXT_LIMIT_BYTES,
    PackedLog,
    cut_text,
    pack,
    unpack_body,
    unpack_marks,
    unpack_texts,
)

TEXTS = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=50)
INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(2261, 1, 1), timezones=st.just(UTC))
LINES = st.lists(
    st.builds(
        LogLine,
        at=INSTANTS,
        text=TEXTS,
        stream=st.sampled_from(["stdout", "stderr", "log"]),
        level=st.sampled_from(list(LevelNumbers)),
    ),
    min_size=1,
    max_size=30,
)


@given(LINES)
def test_texts_and_marks_come_back_as_they_were(lines: list[LogLine]) -> None:
    packed = pack(lines)
    assert unpack_texts(packed.body) == [line.text for line in lines]
    assert unpack_body(packed.body) == "\n".join(line.text for line in lines).encode()
    marks = [(mark.at, mark.stream, mark.level) for mark in unpack_marks(packed.marks)]
    assert marks == [(line.at, line.stream, LevelNumbers[line.level]) for line in lines]
    assert packed.lines == len(lines)
    assert packed.first_at == min(line.at for line in lines)
    assert packed.last_at == max(line.at for line in lines)
    assert packed.worst_level == max(LevelNumbers[line.level] for line in lines)


def test_instants_are_kept_in_utc_to_the_microsecond() -> None:
    at = datetime(2026, 11, 1, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    assert unpack_marks(pack([LogLine(at=at, text="")]).marks)[0].at == at


def test_the_same_lines_are_packed_the_same() -> None:
    lines = [LogLine(at=datetime(2026, 11, 1, tzinfo=UTC), text=f"line {n}") for n in range(100)]
    assert pack(lines) == pack(lines)
    assert isinstance(pack(lines), PackedLog)


@pytest.mark.parametrize("character", ["a", "é", "€", "🙂"])
def test_a_long_text_is_cut_between_characters_and_says_how_much_is_gone(character: str) -> None:
    text = (character * (TEXT_LIMIT_BYTES + 1)).encode()
    kept, _, mark = cut_text(text).decode().partition(" … [")
    assert set(kept) == {character}
    assert TEXT_LIMIT_BYTES - 4 < len(kept.encode()) <= TEXT_LIMIT_BYTES
    assert mark == f"{len(text) - len(kept.encode()):,} bytes cut]"


def test_a_text_at_the_limit_stays_whole() -> None:
    line = LogLine(at=datetime(2026, 11, 1, tzinfo=UTC), text="x" * TEXT_LIMIT_BYTES)
    assert unpack_texts(pack([line, line]).body) == [line.text] * 2
