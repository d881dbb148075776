"""Lines of a log, and what is found in them. Texts are searched as they are stored: bytes, chunk by chunk, in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import asyncpg
import msgspec

from vitrine.jobs.worker import TEXTS
from vitrine.runs.log_codec import (
    LEVELS,
    open_marks,
    read_levels,
    read_mark,
    unpack_body,
    unpack_marks,
    unpack_texts,
)
from vitrine.runs.log_matching import match_lines
from vitrine.runs.log_queries import (
    Chunk,
    LogPlace,
    Marks,
    fetch_chunks,
    fetch_following,
    fetch_grave_marks,
    fetch_named_chunks,
    walk_chunks,
)
from vitrine.runs.structs import LogHit, LogHits, LogLine, LogWindow

ERROR = 40
REGEX_LIMIT_S = 20.0  # of one batch: matching is linear in the text, so only a loaded machine comes near


async def read_window(db: asyncpg.Connection, log: LogPlace, *, skip: int, limit: int) -> LogWindow:
    """Up to `limit` lines after the first `skip`; fewer at the end, or where a piece has not arrived yet."""
    first, last = skip + 1, min(skip + limit, log.total)
    chunks = await fetch_chunks(db, log, first=first, last=last) if first <= last else []
    lines = [line for chunk in chunks for line in _lines_of(chunk, first, last)]
    return LogWindow(lines=lines, total=log.total)


def _lines_of(chunk: Chunk, first: int, last: int) -> list[LogLine]:
    begin, end = max(0, first - chunk.first_line), last - chunk.first_line + 1
    texts, marks = unpack_texts(chunk.body)[begin:end], unpack_marks(chunk.marks)[begin:end]
    return [
        LogLine(chunk.first_line + begin + at, mark.at, mark.stream, LEVELS[mark.level], text)
        for at, (text, mark) in enumerate(zip(texts, marks, strict=True))
    ]


# ── searching ─────────────────────────────────────────────────────────────────────────────────────
@dataclass
class Search:
    """What is looked for, and what of it was found so far. Letters of ASCII match in either case."""

    text: str
    level: int = 0
    after: int = 0
    limit: int = 200
    total: int = 0
    hits: list[LogHit] = field(default_factory=list)

    def take(self, chunk: Chunk, lines: Sequence[int], *, texts: bytes | None = None) -> None:
        """Counts lines of the chunk, numbered from 0; the first ones after `after` become hits."""
        room = self.limit - len(self.hits)
        if not self.level and not room:
            self.total += len(lines)
        elif lines:
            self._take_marked(chunk, lines, texts, open_marks(chunk.marks))

    def _take_marked(self, chunk: Chunk, lines: Sequence[int], texts: bytes | None, marks: bytes) -> None:
        if self.level:
            levels = read_levels(marks)
            lines = [line for line in lines if levels[line] >= self.level]
        self.total += len(lines)
        room = self.limit - len(self.hits)
        shown = [line for line in lines if chunk.first_line + line > self.after][:room] if room else []
        if shown:
            written = (unpack_body(chunk.body) if texts is None else texts).split(b"\n")
            for line in shown:
                mark = read_mark(marks, line)
                hit = LogHit(chunk.first_line + line, mark.at, LEVELS[mark.level], written[line].decode())
                self.hits.append(hit)

    def scan(self, chunks: Iterable[Chunk]) -> None:
        """Takes every line that holds the text. Blocking: about 3 million lines a second."""
        wanted = self.text.encode().lower()
        for chunk in chunks:
            texts = unpack_body(chunk.body)
            lower = texts.lower()
            if wanted in lower:
                found = [at for at, line in enumerate(lower.split(b"\n")) if wanted in line]
                self.take(chunk, found, texts=texts)

    def answer(self) -> LogHits:
        return LogHits(hits=self.hits, total=self.total)


async def find_text(db: asyncpg.Connection, log: LogPlace, search: Search) -> LogHits:
    """The lines that hold the text. The next chunks are fetched while a thread looks through the ones before."""
    scanning: asyncio.Future[None] | None = None
    async with aclosing(walk_chunks(db, log, level=search.level)) as batches:
        async for chunks in batches:
            if scanning is not None:
                await scanning
            scanning = asyncio.ensure_future(asyncio.to_thread(search.scan, chunks))
        if scanning is not None:
            await scanning
    return search.answer()


async def find_pattern(db: asyncpg.Connection, log: LogPlace, search: Search) -> LogHits:
    """The lines that match the text as a regular expression. Raises: Invalid for what is none."""
    await TEXTS.run(match_lines, search.text, [], limit_s=REGEX_LIMIT_S)
    async with aclosing(walk_chunks(db, log, level=search.level)) as batches:
        async for chunks in batches:
            bodies = [chunk.body for chunk in chunks]
            packed = await TEXTS.run(match_lines, search.text, bodies, limit_s=REGEX_LIMIT_S)
            found = msgspec.msgpack.decode(packed, type=list[list[int]])
            for chunk, lines in zip(chunks, found, strict=True):
                search.take(chunk, lines)
    return search.answer()


async def find_level(db: asyncpg.Connection, log: LogPlace, search: Search) -> LogHits:
    """The lines of the level and above. Only chunks with hits to show are read whole."""
    chunks = await fetch_grave_marks(db, log, level=search.level)
    search.total, wanted = await asyncio.to_thread(_count_grave, chunks, search)
    answer = Search(search.text, search.level, search.after, search.limit)
    for chunk in await fetch_named_chunks(db, log, wanted) if wanted else []:
        answer.take(chunk, range(len(open_marks(chunk.marks)) // 9))
    return LogHits(hits=answer.hits, total=search.total)


def _count_grave(chunks: Iterable[Marks], search: Search) -> tuple[int, list[int]]:
    """How many lines in all, and the first lines of the chunks that hold those to show."""
    total, room, wanted = 0, search.limit, []
    for chunk in chunks:
        grave = grave_lines(open_marks(chunk.marks), search.level)
        total += len(grave)
        later = sum(chunk.first_line + line > search.after for line in grave) if room > 0 else 0
        if later:
            wanted.append(chunk.first_line)
            room -= later
    return total, wanted


def grave_lines(marks: bytes, level: int) -> list[int]:
    return [line for line, each in enumerate(read_levels(marks)) if each >= level]


def count_grave_lines(packed: Iterable[bytes], level: int = ERROR) -> int:
    """How many lines of these packed marks are of the level or above."""
    return sum(len(grave_lines(open_marks(marks), level)) for marks in packed)


# ── the whole log ─────────────────────────────────────────────────────────────────────────────────
async def stream_texts(pool: asyncpg.Pool, log: LogPlace) -> AsyncGenerator[bytes, None]:
    """All texts, a line each. A connection is held only while a batch is fetched, so a slow reader holds none."""
    after = 0
    while chunks := await fetch_following(pool, log, after=after):
        for chunk in chunks:
            yield await asyncio.to_thread(unpack_body, chunk.body) + b"\n"
        after = chunks[-1].first_line
