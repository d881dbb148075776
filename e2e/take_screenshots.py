"""Pictures of the dashboard with the example's runs: `python -m e2e.take_screenshots [folder]`; without a folder, the README's."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright
from tests.bench.server import Server, attach, running

from e2e.browser import ADVICE, ARGUMENTS, find_chromium

README_FOLDER = Path(__file__).parents[1] / "docs/screenshots"
WIDTHS = {"phone": (360, 800), "desk": (1280, 800), "wide": (1920, 1080)}


async def find_pages(server: Server) -> dict[str, str]:
    """Name → path of the pages worth a picture, found through the API."""
    import httpx

    async with httpx.AsyncClient(headers=server.headers, base_url=server.api) as client:
        runs = (await client.get("/runs?limit=200")).json()["items"]
        failed = next(run["id"] for run in runs if run["status"] == "failed")
        good = next(run["id"] for run in runs if run["status"] == "completed")
        artifacts = (await client.get("/artifacts?limit=200")).json()["items"]
        steps = (await client.get(f"/runs/{good}/steps")).json()["items"]
    key = max(steps, key=lambda step: step["duration_s"] or 0)["key"]
    pages = {
        "overview": "/default",
        "runs": "/default/runs",
        "runs-filtered": "/default/runs?filter=status%20%3D%20'failed'",
        "run": f"/default/runs/{failed}",
        "run-good": f"/default/runs/{good}",
        "pipelines": "/default/pipelines",
        "artifacts": "/default/artifacts",
        "settings": "/settings",
        "missing": "/default/runs/0198f1c2-0000-7000-8000-000000000000",
    }
    pages |= {
        f"step-{tab}": f"/default/runs/{good}?step={key}&tab={tab}"
        for tab in ("code", "configuration", "io", "metadata", "resources", "logs")
    }
    for artifact in artifacts[:12]:
        pages[f"artifact-{artifact['name'].replace(':', '-')}"] = (
            f"/default/artifact-versions/{artifact['latest']['id']}"
        )
    return pages


async def take(
    browser: Browser,
    server: Server,
    folder: Path,
    *,
    names: set[str] | None = None,
    widths: dict[str, tuple[int, int]] = WIDTHS,
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pages = await find_pages(server)
    for theme in ("light", "dark"):
        for width, (w, h) in widths.items():
            context = await browser.new_context(
                viewport={"width": w, "height": h}, color_scheme=theme, locale="en-GB"
            )  # type: ignore[arg-type]
            printed = subprocess.run(
                [sys.executable, "-m", "vitrine.cli", "open", "--data-dir", str(server.data_dir)],
                capture_output=True,
                text=True,
                check=True,
            )
            page = await context.new_page()
            await page.goto(re.search(r"http\S+code=\S+", printed.stdout)[0])  # type: ignore[index]
            for name, path in pages.items():
                if names and name not in names:
                    continue
                await page.goto(server.url + path)
                await page.wait_for_selector("h1")
                await page.wait_for_timeout(2_500)
                await page.screenshot(path=folder / f"{name}-{theme}-{width}.png")
            await context.close()


@contextmanager
def served() -> Iterator[Server]:
    """A server with the example's runs; VITRINE_E2E_DATA_DIR names one that runs already."""
    if given := os.environ.get("VITRINE_E2E_DATA_DIR"):
        yield attach(Path(given))
        return
    with running() as server:
        environment = {"VITRINE_URL": server.url, "VITRINE_TOKEN": server.token, "VITRINE_PROJECT": "default"}
        example = "from vitrine.examples import run_all; run_all()"
        subprocess.run([sys.executable, "-c", example], env=environment, check=True)
        yield server


async def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    with served() as server:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=find_chromium() or sys.exit(ADVICE), args=list(ARGUMENTS)
            )
            if folder:
                await take(browser, server, folder)
            else:
                await take(browser, server, README_FOLDER, names={"run"}, widths={"desk": (1280, 800)})
                for picture in README_FOLDER.glob("*.png"):
                    if picture.name != "run-light-desk.png":
                        picture.unlink()
                (README_FOLDER / "run-light-desk.png").rename(README_FOLDER / "run.png")
            await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
