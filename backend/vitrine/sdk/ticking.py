"""One thread that does small things again and again: it sends log pieces, samples resources, gives signs of life."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from vitrine.sdk.saying import say_once

Action = Callable[[], float | None]


class Ticker:
    """Each action says after how many seconds it wants to run again; None: never again."""

    def __init__(self) -> None:
        self._due: dict[Action, float] = {}
        self._changed = threading.Condition()
        self._is_ending = False
        self._thread: threading.Thread | None = None

    def add(self, action: Action, *, after_s: float) -> None:
        with self._changed:
            self._due[action] = time.monotonic() + after_s
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="vitrine-ticker", daemon=True)
                self._thread.start()
            self._changed.notify()

    def remove(self, action: Action) -> None:
        with self._changed:
            self._due.pop(action, None)

    def end(self) -> None:
        with self._changed:
            self._is_ending = True
            self._due.clear()
            self._changed.notify()

    def _run(self) -> None:
        while (action := self._next()) is not None:
            try:
                again_s = action()
            except Exception as error:
                say_once("ticker", f"watching a step failed: {type(error).__name__}: {error}")
                again_s = None
            with self._changed:
                if action in self._due:
                    if again_s is None:
                        del self._due[action]
                    else:
                        self._due[action] = time.monotonic() + again_s

    def _next(self) -> Action | None:
        """The next action, once it is due; None at the end."""
        with self._changed:
            while not self._is_ending:
                action = min(self._due, key=self._due.__getitem__, default=None)
                left = self._due[action] - time.monotonic() if action else None
                if action is not None and left is not None and left <= 0:
                    return action
                self._changed.wait(left)
            return None
