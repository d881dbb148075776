"""`vitrine open`: a fresh sign-in link."""

from __future__ import annotations

import argparse
import asyncio
import os
import webbrowser

from vitrine.commands import local
from vitrine.commands.links import make_link_on
from vitrine.settings import read_settings


def run_open(given: argparse.Namespace) -> int:
    """The link alone on stdout. On a server's machine DATABASE_URL and VITRINE_ORIGINS say which server is meant."""
    if dsn := os.environ.get("DATABASE_URL"):
        settings = read_settings()
        link = asyncio.run(make_link_on(dsn, settings.origins[0] + settings.base_path))
    else:
        folder = given.data_dir.expanduser().absolute()
        client = local.require_in_use(folder)
        with local.database(folder) as dsn:
            link = asyncio.run(make_link_on(dsn, client.url))
    print(link, flush=True)
    if given.browser:
        webbrowser.open(link)
    return 0
