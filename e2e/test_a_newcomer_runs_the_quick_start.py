"""A newcomer copies the quick start of the README and watches it run: live, without configuration."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from pathlib import Path

from playwright.async_api import Page, expect
from tests.bench.server import Server

README = Path(__file__).parents[1] / "README.md"


async def test_the_quick_start_is_seen_live_in_the_browser(page: Page, site: Server, tmp_path: Path) -> None:
    snippet = re.search(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert snippet
    (tmp_path / "my_pipeline.py").write_text(snippet[1])
    await page.goto(f"{site.url}/default/runs")
    await expect(page.locator("[role=grid] [role=row]:has(a)").first).to_be_visible()

    # Nothing but the data folder is said: without it, it is the home folder's.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VITRINE_")}
    environment["VITRINE_DATA_DIR"] = str(site.data_dir)
    program = await asyncio.create_subprocess_exec(
        sys.executable,
        "my_pipeline.py",
        cwd=tmp_path,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    row = page.locator("[role=grid] [role=row]", has_text="my_pipeline").first
    await expect(row).to_be_visible(timeout=20_000)
    output, _ = await program.communicate()
    assert program.returncode == 0, output.decode()
    assert site.url in output.decode()

    await row.locator("a").first.click()
    await expect(page.locator(".head [data-status=succeeded]")).to_be_visible()
    await expect(page.locator("[role=treeitem][data-id='step:load']")).to_be_visible()
    await page.locator("[role=treeitem][data-id='step:fit']").click()
    await page.locator(".panel .tabs a", has_text="Metadata").click()
    await expect(page.locator(".panel")).to_contain_text("rows")
    await expect(page.locator(".panel")).to_contain_text("1,000")

    await page.locator("[role=treeitem][data-id='step:load']").click()
    await page.locator(".panel .tabs a", has_text="In & out").click()
    await page.locator(".panel a[href*='/artifact-versions/']").first.click()
    grid = page.get_by_role("grid")
    await expect(grid.get_by_role("columnheader", name="y")).to_be_visible()
    await expect(grid.get_by_role("gridcell").filter(has_text=re.compile(r"^81$")).first).to_be_visible()
