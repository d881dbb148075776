"""The one type of what a page is made of."""

from __future__ import annotations

from typing import Any, TypeAlias

Element: TypeAlias = (
    Any  # a ReactPy element, a component, a text, or None for nothing (False would be shown as a word)
)
