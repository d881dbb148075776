"""Where a run ran: Python, platform, packages, the commit. Never the command line: it may hold secrets."""

from __future__ import annotations

import os
import platform
import re
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import vitrine

GIT_S = 2.0
INSTALLED = re.compile(r"(?P<name>.+)-(?P<version>\d[^-]*)(-py\d[\d.]*)?\.(dist|egg)-info$")


@cache
def describe_environment() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "implementation": platform.python_implementation(),
        "platform": platform.platform(),
        "machine": platform.machine(),
        "host": socket.gethostname(),
        "cpu_count": os.cpu_count() or 0,
        "vitrine": vitrine.__version__,
        "packages": list_packages(),
    }


def list_packages() -> dict[str, str]:
    """Name → version of every installed distribution, sorted by name.

    Read from the names of the folders: reading every METADATA file takes 100 times as long.
    """
    found: dict[str, str] = {}
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for name in names:
            if match := INSTALLED.match(name):
                found.setdefault(match["name"].replace("_", "-"), match["version"])
    return dict(sorted(found.items(), key=lambda item: item[0].lower()))


def describe_code(folder: Path | None = None) -> dict[str, Any]:
    """{"commit", "is_dirty", "branch", "repository"} of the working folder's git; empty where there is none."""
    place = folder or _entry_folder()
    commit = _git(place, "rev-parse", "HEAD")
    if not commit:
        return {}
    found = {
        "commit": commit,
        "is_dirty": bool(_git(place, "status", "--porcelain", "--untracked-files=no")),
        "branch": _git(place, "rev-parse", "--abbrev-ref", "HEAD"),
        "repository": _without_secrets(_git(place, "config", "--get", "remote.origin.url")),
    }
    return {key: value for key, value in found.items() if value not in (None, "", "HEAD")}


def _entry_folder() -> Path:
    """Of the program that was started, since pipelines are often started from elsewhere."""
    entry = getattr(sys.modules.get("__main__"), "__file__", None)
    return Path(entry).resolve().parent if entry else Path.cwd()


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments],  # noqa: S607  wherever the user's git is
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=GIT_S,
            check=True,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _without_secrets(address: str | None) -> str | None:
    """A remote's address without the user and password that it may carry."""
    if address and "://" in address and "@" in address:
        scheme, rest = address.split("://", 1)
        return f"{scheme}://{rest.rsplit('@', 1)[1]}"
    return address
