"""Paths of code as they are shown."""

from __future__ import annotations

import sys
from pathlib import Path


def shorten_path(path: str) -> str:
    """Relative where it lies in the working directory or on the module path: the same on every machine."""
    for root in [str(Path.cwd()), *sorted(filter(None, sys.path), key=len, reverse=True)]:
        if path.startswith(root.rstrip("/") + "/"):
            return path[len(root.rstrip("/")) + 1 :]
    return path
