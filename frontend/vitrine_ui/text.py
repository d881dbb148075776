"""What users wrote, on its way into a page.

ReactPy takes a dictionary among an element's children for an element, and one at their head for its attributes. So every
value of a user passes `safe_text` and is a text child, never anything else.
"""

from __future__ import annotations

import re

TEXT_LIMIT = 20_000
# Characters that are not seen but change what is: controls, and those that turn the direction of what follows.
INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


def safe_text(value: object, *, limit: int = TEXT_LIMIT) -> str:
    """The value as text that cannot be markup, nor turn the text around it."""
    text = value if isinstance(value, str) else "" if value is None else str(value)
    if len(text) > limit:
        text = f"{text[:limit]} … ({len(text) - limit:,} more characters)"
    return INVISIBLE.sub("\N{REPLACEMENT CHARACTER}", text)


def middle_cut(value: object, *, length: int = 48) -> str:
    """The text with its middle left out where it is longer: ends of names tell more than middles."""
    text = safe_text(value)
    if len(text) <= length:
        return text
    head = (length - 1) * 2 // 3
    return f"{text[:head]}…{text[len(text) - (length - 1 - head) :]}"


def plural(count: int, noun: str) -> str:
    """`1 run`, `1,284 runs`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
