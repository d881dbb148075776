"""PNG pictures of number arrays, with nothing but NumPy and zlib."""

from __future__ import annotations

import struct
import zlib
from typing import Any

import numpy as np

# the sequential scale of the dashboard, light theme, from low to high
SCALE = np.array(
    [
        (233, 241, 246),
        (198, 220, 233),
        (151, 193, 216),
        (95, 159, 194),
        (53, 123, 166),
        (29, 90, 134),
        (15, 58, 97),
    ]
)
MISSING = (214, 160, 120)
WIDEST = 960
LARGEST_CELL = 24


def encode_png(pixels: np.ndarray[Any, Any]) -> bytes:
    """The file for an array of bytes of the shape (height, width), (height, width, 3) or (height, width, 4)."""
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    colour = {1: 0, 3: 2, 4: 6}[channels]
    rows = np.ascontiguousarray(pixels, dtype=np.uint8).reshape(height, width * channels)
    framed = np.concatenate([np.zeros((height, 1), np.uint8), rows], axis=1)
    header = struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(framed.tobytes(), 6)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, body) for name, body in chunks)


def draw_heatmap(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Pixels of a two-dimensional array: light is low, dark is high, sand is missing. Small arrays get large cells."""
    numbers = values.astype(np.float64)
    finite = np.isfinite(numbers)
    low, high = (numbers[finite].min(), numbers[finite].max()) if finite.any() else (0.0, 1.0)
    share = np.where(finite, (numbers - low) / ((high - low) or 1.0), 0.0) * (len(SCALE) - 1)
    floor = np.clip(share.astype(int), 0, len(SCALE) - 2)
    mixed = SCALE[floor] + (SCALE[floor + 1] - SCALE[floor]) * (share - floor)[..., None]
    pixels = np.where(finite[..., None], mixed, np.array(MISSING)).astype(np.uint8)
    cell = max(1, min(LARGEST_CELL, WIDEST // max(1, *values.shape)))
    return pixels.repeat(cell, axis=0).repeat(cell, axis=1)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
