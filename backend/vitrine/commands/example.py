"""`vitrine example`."""

from __future__ import annotations

import argparse


def run_example(given: argparse.Namespace) -> int:
    """The example pipelines have run here and are on record on the server."""
    from vitrine.examples import run_all

    run_all()
    return 0
