"""The few lines that the SDK says itself: on standard error, never part of a step's log."""

from __future__ import annotations

import sys
from contextlib import suppress

_said: set[str] = set()


def say(text: str) -> None:
    """One line is on the terminal. A closed terminal is no reason to fail."""
    with suppress(OSError, ValueError, AttributeError):
        print(f"vitrine: {text}", file=sys.__stderr__, flush=True)


def say_once(subject: str, text: str) -> None:
    """One line is on the terminal, the first time that this subject comes up in the process."""
    if subject not in _said:
        _said.add(subject)
        say(text)


def may_say_again(subject: str) -> None:
    _said.discard(subject)
