"""Foreign content in a browser: each kind in its own cage."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

import httpx
import pytest
from tests.features.conftest import Send
from tests.features.uploads import make_version

API = "/api/v1/projects/default"


async def show(api: httpx.AsyncClient, send: Send, kind: str, content: bytes) -> httpx.Response:
    _, (id_,) = await make_version(api, send, visualizations=[(kind, content)])
    return await api.get(f"{API}/visualizations/{id_}/content")


def policy_of(answer: httpx.Response) -> dict[str, str]:
    directives = answer.headers["content-security-policy"].split(";")
    return {name: rest for name, _, rest in (one.strip().partition(" ") for one in directives)}


def make_png(width: int, height: int) -> bytes:
    """A PNG that says it has this size."""

    def part(name: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + part(b"IHDR", header)
        + part(b"IDAT", zlib.compress(b"\0\0\0\0"))
        + part(b"IEND", b"")
    )


async def test_a_visualization_says_what_it_is_of(api: httpx.AsyncClient, send: Send) -> None:
    version_id, (id_,) = await make_version(api, send, artifact="report", visualizations=[("html", b"<p>hi")])
    answer = await api.get(f"{API}/visualizations/{id_}")
    assert answer.json() == {
        "id": id_, "kind": "html", "name": "", "size_bytes": 5, "artifact_version_id": version_id, "artifact": "report", "number": 1,
    }  # fmt: skip


async def test_html_runs_in_a_sandbox_that_reaches_nothing(api: httpx.AsyncClient, send: Send) -> None:
    """CVE-2026-44727, CVE-2025-51464: a report is opened by itself, in the origin of the application."""
    page = b"<script>fetch('/api/v1/me')</script>"
    answer = await show(api, send, "html", page)
    policy = policy_of(answer)
    assert answer.content == page
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert policy["sandbox"] == "allow-scripts"
    assert (policy["default-src"], policy["connect-src"], policy["form-action"]) == ("'none'",) * 3
    assert policy["frame-ancestors"] == "'self'"
    assert "allow-same-origin" not in answer.headers["content-security-policy"]


async def test_markdown_becomes_a_document_without_scripts_of_its_own(
    api: httpx.AsyncClient, send: Send
) -> None:
    text = b"""# Report

| a | b |
|---|---|
| 1 | 2 |

<script>alert(1)</script> <img src=x onerror=alert(1)>
[link](javascript:alert(1)) [page](data:text/html,x) ![](data:image/png;base64,AAAA) ![](https://evil.example/x.png)
"""
    answer = await show(api, send, "markdown", text)
    html = answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<h1>Report</h1>" in html
    assert "<td>1</td>" in html
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "onerror=" not in html.replace("&lt;img src=x onerror=alert(1)&gt;", "")
    assert 'href="javascript:' not in html
    assert 'href="data:' not in html
    assert 'src="data:image/png;base64,AAAA"' in html
    policy = policy_of(answer)
    assert policy["sandbox"] == ""
    assert "script-src" not in policy
    assert policy["img-src"] == "data:"


async def test_markdown_can_be_had_as_it_was_written(api: httpx.AsyncClient, send: Send) -> None:
    text = b"# Report <script>alert(1)</script>"
    _, (id_,) = await make_version(api, send, visualizations=[("markdown", text)])
    answer = await api.get(f"{API}/visualizations/{id_}/content", params={"raw": True})
    assert (answer.content, answer.headers["content-type"]) == (text, "text/markdown; charset=utf-8")
    assert policy_of(answer)["sandbox"] == ""
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_hostile_markdown_neither_hangs_the_server_nor_is_lost(
    api: httpx.AsyncClient, send: Send
) -> None:
    """CVE-2022-34749: nested or unbalanced marks that a parser goes through again and again."""
    for text in (
        b">" * 90 + b" deep",
        b"|a|b|\n|-|-|\n" + b"|1|2|\n" * 90_000,
        b"[" * 20_000,
        b"# long\n" + b"x " * 1_000_000,
    ):
        answer = await show(api, send, "markdown", text)
        assert answer.status_code == 200
        assert text[-3:].strip() in answer.content


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (make_png(2, 1), "image/png"),
        (b"GIF89a\x02\x00\x01\x00\x00\x00\x00;", "image/gif"),
        (base64.b64decode("/9j/4AAQSkZJRgABAQAAAQABAAD/wAARCAABAAIDASIAAhEBAxEB/9k="), "image/jpeg"),
        (
            b"RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00/\x01\x00\x00\x00\x07\x10\x11\x11\x88\x88\xfe\x07",
            "image/webp",
        ),
    ],
)
async def test_a_picture_is_told_by_its_bytes(
    api: httpx.AsyncClient, send: Send, content: bytes, media_type: str
) -> None:
    answer = await show(api, send, "image", content)
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert answer.content == content
    assert "sandbox" in policy_of(answer)


async def test_a_picture_with_scripts_is_downloaded_and_runs_nothing(
    api: httpx.AsyncClient, send: Send
) -> None:
    """CVE-2022-23552, CVE-2023-47115: an SVG with onload, opened by itself."""
    answer = await show(
        api,
        send,
        "image",
        b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    )
    policy = policy_of(answer)
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert (policy["sandbox"], policy["default-src"]) == ("", "'none'")
    assert "script-src" not in policy


async def test_what_is_no_picture_is_not_shown_as_one(api: httpx.AsyncClient, send: Send) -> None:
    for content in (b"<html><script>alert(1)</script>", b"%PDF-1.4", b"", b"\x80\x04\x95pickle"):
        answer = await show(api, send, "image", content or b" ")
        assert (answer.status_code, answer.json()["code"]) == (422, "NotShowable")


async def test_a_picture_of_too_many_pixels_is_not_sent(api: httpx.AsyncClient, send: Send) -> None:
    """CVE-2022-45198: a few bytes that unpack to gigabytes."""
    answer = await show(api, send, "image", make_png(50_000, 50_000))
    assert answer.status_code == 422
    assert "50,000 × 50,000" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("kind", "content", "media_type"),
    [
        ("csv", b"a,b\n1,=cmd()", "text/csv; charset=utf-8"),
        ("json", b'{"a": "<script>alert(1)</script>"}', "application/json"),
        ("plotly", b'{"data": []}', "application/json"),
        ("table", b"PAR1", "application/vnd.apache.parquet"),
    ],
)
async def test_data_stay_data(
    api: httpx.AsyncClient, send: Send, kind: str, content: bytes, media_type: str
) -> None:
    answer = await show(api, send, kind, content)
    assert answer.content == content
    assert answer.headers["content-type"] == media_type
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert policy_of(answer)["default-src"] == "'none'"
    assert policy_of(answer)["sandbox"] == ""


async def test_an_unchanging_content_is_not_sent_twice(api: httpx.AsyncClient, send: Send) -> None:
    _, (id_,) = await make_version(api, send, visualizations=[("html", b"<p>hi")])
    path = f"{API}/visualizations/{id_}/content"
    first = await api.get(path)
    again = await api.get(path, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert "immutable" in first.headers["cache-control"]


async def test_a_content_that_was_never_uploaded_is_missing(
    api: httpx.AsyncClient, send: Send, db: Any
) -> None:
    _, (id_,) = await make_version(api, send, visualizations=[("html", b"<p>hi")])
    await db.execute("delete from blob")
    answer = await api.get(f"{API}/visualizations/{id_}/content")
    assert (answer.status_code, answer.json()["code"]) == (404, "BlobNotFound")
