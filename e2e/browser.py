"""Where the tests' Chromium is: $CHROMIUM, one on the machine, Playwright's own, else installed. `python e2e/browser.py` prints it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
ADVICE = (
    "No Chromium was found and none could be installed. Install one (Debian, Ubuntu: `apt-get install chromium`; "
    "elsewhere: `.venv/bin/playwright install chromium`), or set CHROMIUM to the path of yours."
)
# As root Chromium has no sandbox; the rest keeps it from asking hosts outside the machine.
ARGUMENTS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
)


def find_chromium() -> str | None:
    """The path of a Chromium that is already here."""
    if given := os.environ.get("CHROMIUM"):
        if not Path(given).exists():
            sys.exit(f"CHROMIUM is set to {given}, and nothing is there.")
        return given
    for name in NAMES:
        if found := shutil.which(name):
            return found
    return find_playwrights_own()


def find_playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def install_chromium() -> str | None:
    """Install one by Playwright's download, or as root by apt-get; the path of it."""
    attempts: list[list[list[str]]] = [[[sys.executable, "-m", "playwright", "install", "chromium"]]]
    if shutil.which("apt-get") and os.geteuid() == 0:
        attempts.append(
            [["apt-get", "update"], ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"]]
        )
    for commands in attempts:
        for command in commands:
            print("installing a Chromium:", " ".join(command), file=sys.stderr, flush=True)
            try:
                subprocess.run(command, stdout=sys.stderr, timeout=600, check=False)
            except (OSError, subprocess.TimeoutExpired) as error:
                print(error, file=sys.stderr)
        if found := find_chromium():
            return found
    return None


if __name__ == "__main__":
    print(find_chromium() or install_chromium() or sys.exit(ADVICE))
