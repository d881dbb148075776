"""What is kept of a step while it runs: its log and its use of the machine."""

from __future__ import annotations

import traceback
from contextlib import ExitStack
from datetime import datetime
from types import TracebackType

from vitrine.ingest.structs import LogLine, Resources
from vitrine.sdk.capture import capture
from vitrine.sdk.failures import skip_our_frames
from vitrine.sdk.lines import Lines
from vitrine.sdk.recording import Recorder, now
from vitrine.sdk.resources import FIRST_INTERVAL_S, Sampler
from vitrine.sdk.ticking import Ticker

LOG_PIECE_S = 0.5


class Watch:
    """Around one attempt. Log pieces leave each 0.5 s; an exception's traceback becomes the log's last lines."""

    def __init__(
        self, recorder: Recorder, ticker: Ticker, step: str, attempt: int, *, has_logs: bool
    ) -> None:
        self._recorder = recorder
        self._ticker = ticker
        self._step = step
        self._attempt = attempt
        self._lines = Lines(self._emit) if has_logs else None
        self._sampler = Sampler()
        self._stack = ExitStack()
        self.resources: Resources | None = None
        self.ended_at: datetime | None = None

    def __enter__(self) -> Watch:
        if self._lines:
            self._stack.enter_context(capture(self._lines))
            self._ticker.add(self._flush, after_s=LOG_PIECE_S)
        self._ticker.add(self._sampler.sample, after_s=FIRST_INTERVAL_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended_at = now()
        self._ticker.remove(self._sampler.sample)
        self._ticker.remove(self._flush)
        self._stack.close()
        if self._lines:
            if error is not None:
                self._lines.error(
                    "".join(traceback.format_exception(type(error), error, skip_our_frames(trace)))
                )
            self._lines.end()
        self.resources = self._sampler.describe()

    def _flush(self) -> float:
        if self._lines:
            self._lines.flush()
        return LOG_PIECE_S

    def _emit(self, first_line: int, lines: list[LogLine]) -> None:
        self._recorder.log(self._step, self._attempt, first_line, lines)
