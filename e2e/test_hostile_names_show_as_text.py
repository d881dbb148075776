"""HTML and script in every name, tag, parameter, log line and metadata value show as text; nothing of it runs."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime
from urllib.parse import quote

import httpx
from playwright.async_api import Page, expect
from tests.bench.events import event, post_events
from tests.bench.server import Server

from e2e.conftest import Witness
from vitrine.ids import new_id

PROBE = """"><img src=x onerror=alert(1)><script>alert(2)</script>{{7*7}}<svg onload=alert(3)>javascript:alert(4)"""
# Names that stand in addresses must not hold a slash: of these the ingest takes no other.
NAME = """"><img src=x onerror=alert(1)><script>alert(2)<svg onload=alert(3)>{{7*7}}javascript:alert(4)"""
# What the browser logs when it stops a script of a report from leaving its frame.
STOPPED = "sandboxed|cross-origin frame|Content Security Policy|Fetch API cannot load"
FRAMED = b"<p id=inside>report</p><script>alert(5); parent.document.title='broken'; fetch('/api/v1/me').then(() => alert(6))</script>"


def report_hostile_run(server: Server) -> tuple[str, str]:
    """A run that is hostile wherever a value can be; the ids of it and of its artifact version."""
    run_id, snapshot_id, version_id = str(new_id()), str(new_id()), str(new_id())
    now = datetime.now(UTC).isoformat()
    digests = []
    for body in (FRAMED, f"# {PROBE}\n\n[x](javascript:alert(7))".encode(), f"{PROBE},b\n1,2\n".encode()):
        digests.append((hashlib.sha256(body).hexdigest(), len(body)))
        httpx.put(
            f"{server.api}/blobs/{digests[-1][0]}", content=body, headers=server.headers
        ).raise_for_status()
    shown = [
        {"id": str(new_id()), "kind": kind, "sha256": digest, "size_bytes": size, "name": PROBE[:200]}
        for kind, (digest, size) in zip(("html", "markdown", "csv"), digests, strict=True)
    ]
    a_step = {
        "key": NAME,
        "name": NAME,
        "outputs": [{"name": NAME, "artifact": NAME, "data_type": PROBE}],
        "code": PROBE,
        "code_path": PROBE,
    }
    failure = {
        "type": PROBE,
        "message": PROBE,
        "traceback": PROBE,
        "frames": [{"path": PROBE, "line": 1, "code": [PROBE], "first_line": 1}],
    }
    opening = {
        "status": "running", "pipeline": NAME, "name": PROBE, "snapshot_id": snapshot_id, "started_at": now, "tags": [PROBE],
        "parameters": {PROBE: PROBE}, "configuration": {PROBE: {PROBE: PROBE}}, "code_version": PROBE, "environment": {PROBE: PROBE},
    }  # fmt: skip
    post_events(
        server,
        [
            event("snapshot", {"id": snapshot_id, "pipeline": NAME, "steps": [a_step]}),
            event("run", opening, run_id=run_id),
            event("step", {"step": NAME, "status": "failed", "started_at": now, "ended_at": now, "parameters": {PROBE: PROBE},
                           "outputs": {NAME: [version_id]}, "failure": failure}, run_id=run_id),
            event("log", {"step": NAME, "first_line": 1, "lines": [{"at": now, "text": PROBE, "level": "error"}]}, run_id=run_id),
            event("metadata", {"step": NAME, "values": {PROBE: PROBE, "nested": {PROBE: [PROBE]}}}, run_id=run_id),
            event("metadata", {"values": {PROBE: PROBE}}, run_id=run_id),
            event("artifact_version", {"id": version_id, "artifact": NAME, "version": f"{NAME} {version_id}", "data_type": PROBE, "step": NAME,
                                       "output": NAME, "visualizations": shown, "metadata": {PROBE: PROBE}, "tags": [PROBE]}, run_id=run_id),
            event("run", {"status": "failed", "ended_at": now, "failure": failure}, run_id=run_id),
        ],
    )  # fmt: skip
    return run_id, version_id


async def test_hostile_values_show_as_text_on_every_page(page: Page, site: Server, witness: Witness) -> None:
    witness.allowed_error = f"status of 422|{STOPPED}"  # the filter that is none
    run_id, version_id = await asyncio.to_thread(report_hostile_run, site)
    run = f"/default/runs/{run_id}?step={quote(NAME)}"
    for path in (
        "/default",
        "/default/runs",
        "/default/pipelines",
        f"/default/pipelines/{quote(NAME, safe='')}",
        "/default/artifacts",
        f"/default/artifacts/{quote(NAME, safe='')}",
        f"/default/artifact-versions/{version_id}",
        f"/default/artifact-versions/{version_id}?tab=metadata",
        f"/default/runs/{run_id}",
        *(
            f"{run}&tab={tab}"
            for tab in ("overview", "code", "configuration", "io", "metadata", "resources", "logs")
        ),
        f"/default/runs?filter={quote(PROBE)}",
    ):
        await page.goto(site.url + path)
        await page.wait_for_selector("h1")
        await page.wait_for_timeout(700)
        assert (
            await page.locator("#content img[src='x'], #content script, #content svg[onload]").count() == 0
        ), path
        assert await page.locator("a[href^='javascript:']").count() == 0, path
    await page.goto(f"{site.url}/default/runs/{run_id}")
    await expect(page.locator("h1")).to_contain_text("<script>alert(2)</script>")


async def test_a_hostile_report_stays_in_its_frame(page: Page, site: Server, witness: Witness) -> None:
    witness.allowed_error = STOPPED
    _, version_id = await asyncio.to_thread(report_hostile_run, site)
    await page.goto(f"{site.url}/default/artifact-versions/{version_id}")
    frame = page.frame_locator("iframe").first
    await expect(frame.locator("#inside")).to_have_text("report")
    assert await page.title() != "broken"
    element = page.locator("iframe").first
    assert await element.get_attribute("sandbox") == "allow-scripts"
