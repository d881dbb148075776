"""A reviewer looks at what came out: each visualization kind shows its content, not a link to it."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect
from tests.bench.server import Server


def find_version(site: Server, kind: str) -> tuple[str, dict[str, Any]]:
    """An artifact version of the example that has a visualization of this kind, and that one."""
    with httpx.Client(headers=site.headers, base_url=site.api) as client:
        for artifact in client.get("/artifacts", params={"limit": 200}).json()["items"]:
            version = client.get(f"/artifact-versions/{artifact['latest']['id']}").json()
            for visualization in version["visualizations"]:
                if visualization["kind"] == kind:
                    return version["id"], visualization
    raise AssertionError(f"the example has no {kind}")


def content(site: Server, visualization: dict[str, Any]) -> str:
    return httpx.get(f"{site.api}/visualizations/{visualization['id']}/content", headers=site.headers).text


async def open_version(page: Page, site: Server, version_id: str, visualization: dict[str, Any]) -> None:
    await page.goto(f"{site.url}/default/artifact-versions/{version_id}?visualization={visualization['id']}")
    await expect(page.locator("h1")).to_be_visible()


@pytest.mark.parametrize("kind", ["html", "markdown"])
async def test_a_document_shows_in_a_sandboxed_frame(page: Page, site: Server, kind: str) -> None:
    version_id, visualization = find_version(site, kind)
    await open_version(page, site, version_id, visualization)
    heading = re.search(r"<h[12][^>]*>([^<]+)", content(site, visualization))
    assert heading
    await expect(page.frame_locator("iframe").first.locator("body")).to_contain_text(heading[1].strip())
    assert await page.locator("iframe").first.get_attribute("sandbox") == "allow-scripts"


async def test_an_image_is_drawn(page: Page, site: Server) -> None:
    version_id, visualization = find_version(site, "image")
    await open_version(page, site, version_id, visualization)
    image = page.locator("#content img").first
    await expect(image).to_be_visible()
    await page.wait_for_function("() => document.querySelector('#content img')?.naturalWidth > 0")


async def test_a_csv_shows_as_a_grid_with_its_cells(page: Page, site: Server) -> None:
    version_id, visualization = find_version(site, "csv")
    await open_version(page, site, version_id, visualization)
    header = content(site, visualization).splitlines()[0].split(",")
    await expect(page.get_by_role("grid").first).to_be_visible()
    await expect(
        page.get_by_role("columnheader").filter(has_text=header[-1].strip('"')).first
    ).to_be_visible()
    await expect(page.get_by_role("gridcell").first).to_be_visible()


async def test_json_shows_its_keys(page: Page, site: Server) -> None:
    version_id, visualization = find_version(site, "json")
    await open_version(page, site, version_id, visualization)
    key = re.search(r'"([A-Za-z_ ]+)"\s*:', content(site, visualization))
    assert key
    await expect(page.locator("#content")).to_contain_text(key[1])


async def test_a_dataframe_shows_as_a_grid(page: Page, site: Server) -> None:
    with httpx.Client(headers=site.headers, base_url=site.api) as client:
        artifacts = client.get("/artifacts", params={"limit": 200}).json()["items"]
        frame = next(one for one in artifacts if "DataFrame" in one["data_type"])
        window = client.get(f"/artifact-versions/{frame['latest']['id']}/table", params={"limit": 3}).json()
    await page.goto(f"{site.url}/default/artifact-versions/{frame['latest']['id']}")
    grid = page.get_by_role("grid").first
    await expect(
        grid.get_by_role("columnheader").filter(has_text=window["columns"][0]["name"]).first
    ).to_be_visible()
    await expect(page.locator("#content")).to_contain_text(f"{window['total']:,}")
