"""`vitrine run|pipeline|artifact list`: a table for people, JSON for programs."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from vitrine.commands.asking import ask, find_server, project_path

Item = dict[str, Any]
Columns = dict[str, Callable[[Item], str]]
GAP = "  "
MIN_WIDTH = 6


def list_runs(given: argparse.Namespace) -> int:
    columns: Columns = {
        "run": lambda item: item["name"],
        "pipeline": lambda item: (item["pipeline"] or {}).get("name", ""),
        "status": lambda item: item["status"],
        "started": lambda item: say_instant(item["started_at"]),
        "took": lambda item: say_duration(item["duration_s"]),
    }
    return _list(given, "/runs", columns, filter=given.filter)


def list_pipelines(given: argparse.Namespace) -> int:
    columns: Columns = {
        "pipeline": lambda item: item["name"],
        "runs": lambda item: str(item.get("runs", "")),
        "id": lambda item: item["id"],
    }
    return _list(given, "/pipelines", columns)


def list_artifacts(given: argparse.Namespace) -> int:
    columns: Columns = {
        "artifact": lambda item: item["name"],
        "versions": lambda item: str(item.get("versions", "")),
        "id": lambda item: item["id"],
    }
    return _list(given, "/artifacts", columns)


def _list(given: argparse.Namespace, path: str, columns: Columns, **parameters: str | None) -> int:
    server = find_server(given.project)
    asked = {name: value for name, value in parameters.items() if value} | {
        "limit": str(min(given.limit, 200))
    }
    page = ask(server, "GET", project_path(server, path), params=asked)
    if given.json:
        print(json.dumps(page["items"], indent=1))
        return 0
    if not page["items"]:
        print(
            f"There are no {path[1:]} in the project {server.project!r}{' that match' if asked.keys() - {'limit'} else ''}.",
            file=sys.stderr,
        )
        return 0
    rows = [[read(item) for read in columns.values()] for item in page["items"]]
    print(draw_table(list(columns), rows, width=shutil.get_terminal_size((120, 24)).columns))
    if page.get("next"):
        total = page.get("total") or {}
        count = f" of {total['count']:,}{'' if total.get('exact') else '+'}" if total.get("count") else ""
        print(f"The first {len(rows)}{count}: --limit shows more.", file=sys.stderr)
    return 0


def draw_table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, width: int) -> str:
    """Columns as wide as their longest value; where that is too much, the widest ones are cut."""
    clean = [["".join(sign if sign.isprintable() else "?" for sign in cell) for cell in row] for row in rows]
    lines = [[head.upper() for head in heads], *clean]
    widths = [max(len(line[index]) for line in lines) for index in range(len(heads))]
    while sum(widths) + len(GAP) * (len(widths) - 1) > width and max(widths) > MIN_WIDTH:
        widths[widths.index(max(widths))] -= 1
    return "\n".join(
        GAP.join(cut(cell, at).ljust(at) for cell, at in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def say_instant(text: str | None) -> str:
    """Local time, to the minute."""
    if not text:
        return ""
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M")


def say_duration(duration_s: float | None) -> str:
    """`3.1 s`, `1 m 12 s`, `2 h 06 m`."""
    if duration_s is None:
        return ""
    if duration_s < 60:
        return f"{duration_s:.1f} s"
    minutes, seconds = divmod(round(duration_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} m" if hours else f"{minutes} m {seconds:02} s"
