"""Small things that are found out beside a run, in threads of their own, and that a flush waits for."""

from __future__ import annotations

import threading
from collections.abc import Callable

_gathering: list[threading.Thread] = []


def gather(action: Callable[[], object]) -> None:
    """The action runs beside the program; `wait_until_gathered` waits for its end."""
    _gathering[:] = [thread for thread in _gathering if thread.is_alive()]
    thread = threading.Thread(target=action, name="vitrine-gathering", daemon=True)
    _gathering.append(thread)
    thread.start()


def wait_until_gathered(timeout_s: float) -> None:
    for thread in _gathering.copy():
        thread.join(timeout_s)
