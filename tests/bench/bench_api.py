"""Read routes against a real server: run list, run, graph; beside pgbench running the list's own SQL."""

from __future__ import annotations

import asyncio
import gzip
import re
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx

from tests.bench import peers
from tests.bench.events import report_wide_run
from tests.bench.fill import fill_project
from tests.bench.load import get_repeatedly
from tests.bench.rows import Row, median_ms_of
from tests.bench.server import Server
from vitrine.database import embedded
from vitrine.database.binaries import choose_programs

RUNS = 2_000


async def measure(server: Server) -> list[Row]:
    with embedded.server(server.data_dir / "postgres") as dsn:
        db = await asyncpg.connect(dsn)
        project_id = await db.fetchval("select id from project where slug = 'default'")
        await fill_project(db, project_id, runs=RUNS)
        await db.execute("analyze")
        await db.close()
        rows = await measure_run_list(server)
        rows += [measure_against_pgbench(rows[0].ours, dsn, server.data_dir)]
        rows += await measure_run_and_graph(server)
    return rows


async def measure_run_list(server: Server) -> list[Row]:
    url = f"{server.api}/runs?limit=50"
    rounds = [await get_repeatedly(url, server.headers, connections=16, duration_s=4) for _ in range(3)]
    best = sorted(rounds, key=lambda load: load.requests_per_s)[1]
    alone = await get_repeatedly(url, server.headers, connections=1, duration_s=3)
    body = httpx.get(url, headers={**server.headers, "accept-encoding": "identity"}).content
    return [
        Row("run list, newest 50 of 2,000, signed in, with totals, 16 connections", best.requests_per_s, "req/s",
            100 * peers.ZENML_RUN_LIST_REQ_S, is_floor=True, reference=peers.ZENML_RUN_LIST_REQ_S, reference_name="ZenML, 20 runs",
            note="median of 3 rounds"),
        Row("run list, alone, p50", alone.p50_ms, "ms", reference=peers.ZENML_RUN_LIST_MS, reference_name="ZenML, 20 runs"),
        Row("run list, compressed", len(gzip.compress(body, 4)) / 1000, "kB", 8, note=f"{len(body) / 1000:.1f} kB plain"),
    ]  # fmt: skip


def measure_against_pgbench(ours: float, dsn: str, folder: Path) -> Row:
    """pgbench runs the list's statement with 10 clients: the limit of the machine."""
    from vitrine.runs import queries

    sql = next(text for name, text in vars(queries).items() if name == "NEWEST_RUNS")
    script = Path(tempfile.mkdtemp()) / "list.sql"
    project = "(select id from project where slug = 'default')"
    script.write_text(re.sub(r"\s+", " ", bind(sql, project)) + ";\n")
    script.parent.chmod(0o755)
    host = parse_qs(urlsplit(dsn).query)["host"][0]
    pgbench = choose_programs(folder / "postgres")[0] / "pgbench"
    out = subprocess.run(
        [pgbench, "-n", "-h", host, "-U", "postgres", "-c", "10", "-j", "1", "-T", "4", "-M", "prepared", "-f", script, "postgres"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    limit = float(re.search(r"tps = ([\d.]+)", out)[1])  # type: ignore[index]
    return Row(
        "run list against pgbench on the same statement",
        ours / limit,
        "×",
        0.1,
        is_floor=True,
        note=f"pgbench {limit:.0f}/s",
    )


def bind(sql: str, project: str) -> str:
    """The newest 50 without filters, as literals: pgbench knows no typed parameters."""
    values = {"$1": project, "$2": "50"}
    return re.sub(r"\$\d+", lambda found: values.get(found[0], "null"), sql)


async def measure_run_and_graph(server: Server) -> list[Row]:
    run_id = await asyncio.to_thread(report_wide_run, server, steps=1_000)
    async with httpx.AsyncClient(headers=server.headers, timeout=30) as client:

        async def get(path: str) -> None:
            answer = await client.get(f"{server.api}{path}")
            assert answer.status_code == 200, answer.text

        first = await client.get(f"{server.api}/runs", params={"limit": 1})
        small = first.json()["items"][0]["id"]
        await get(f"/runs/{run_id}/dag?collapse=none")
        return [
            Row("run detail", await median_ms_of(lambda: get(f"/runs/{small}")), "ms", 10,
                reference=peers.ZENML_RUN_MS, reference_name="ZenML"),
            Row("graph of 1,000 steps, cached", await median_ms_of(lambda: get(f"/runs/{run_id}/dag?collapse=none")), "ms", 20,
                reference=peers.ZENML_DAG_6_STEPS_MS, reference_name="ZenML, 6 steps"),
            Row("statuses of 1,000 steps", await median_ms_of(lambda: get(f"/runs/{run_id}/dag/statuses")), "ms"),
        ]  # fmt: skip
