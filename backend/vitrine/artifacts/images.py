"""What kind of picture some bytes are, and how large, told from the bytes alone: names and media types can lie."""

from __future__ import annotations

import re
from typing import NamedTuple

PIXEL_LIMIT = 40_000_000
HEAD_BYTES = 1 << 19  # a JPEG's size may stand behind an embedded profile and a thumbnail


class Picture(NamedTuple):
    """`width` and `height` are 0 where the head does not tell."""

    media_type: str
    width: int
    height: int


def read_picture(head: bytes) -> Picture | None:
    """PNG, JPEG, GIF, WebP or SVG; None for anything else."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Picture("image/png", _big(head[16:20]), _big(head[20:24]))
    if head.startswith((b"GIF87a", b"GIF89a")):
        return Picture("image/gif", _little(head[6:8]), _little(head[8:10]))
    if head.startswith(b"\xff\xd8\xff"):
        return Picture("image/jpeg", *_jpeg_size(head))
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return Picture("image/webp", *_webp_size(head))
    if re.match(
        rb"\s*(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*|<!DOCTYPE[^>]*>\s*)*<svg[\s>]",
        head,
        re.DOTALL,
    ):
        return Picture("image/svg+xml", 0, 0)
    return None


def _big(raw: bytes) -> int:
    return int.from_bytes(raw, "big")


def _little(raw: bytes) -> int:
    return int.from_bytes(raw, "little")


def _jpeg_size(head: bytes) -> tuple[int, int]:
    """From the first start-of-frame segment."""
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:
        marker = head[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return _big(head[at + 7 : at + 9]), _big(head[at + 5 : at + 7])
        is_bare = marker == 0xFF or 0xD0 <= marker <= 0xD9
        at += 1 if marker == 0xFF else 2 if is_bare else 2 + _big(head[at + 2 : at + 4])
    return 0, 0


def _webp_size(head: bytes) -> tuple[int, int]:
    """https://developers.google.com/speed/webp/docs/riff_container"""
    match head[12:16]:
        case b"VP8X":
            return _little(head[24:27]) + 1, _little(head[27:30]) + 1
        case b"VP8L":
            packed = _little(head[21:25])
            return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
        case b"VP8 ":
            return _little(head[26:28]) & 0x3FFF, _little(head[28:30]) & 0x3FFF
    return 0, 0
