"""What a browser is sent of a visualization: whose content is foreign, so each kind has its own cage."""

from __future__ import annotations

from collections.abc import AsyncGenerator

from msgspec import Struct

from vitrine.artifacts.content_queries import StoredVisualization
from vitrine.artifacts.images import HEAD_BYTES, PIXEL_LIMIT, read_picture
from vitrine.artifacts.markdown import RENDERED_LIMIT_BYTES, render_markdown, show_as_written
from vitrine.errors import NotShowable
from vitrine.jobs.worker import TEXTS
from vitrine.storage.store import BlobStore

RENDER_LIMIT_S = 3.0
MARKDOWN_LIMIT_BYTES = 8 * 1024**2
HTML_LIMIT_BYTES = 128 * 1024**2
IMAGE_LIMIT_BYTES = 64 * 1024**2

# The page may be shown in ours, with an origin of its own; it reaches neither our API nor anything else.
NOWHERE = (
    "default-src 'none'; connect-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
HTML_POLICY = (
    f"sandbox allow-scripts; {NOWHERE}; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:"
)
MARKDOWN_POLICY = f"sandbox; {NOWHERE}; style-src 'unsafe-inline'; img-src data:"
SVG_POLICY = f"sandbox; {NOWHERE}; style-src 'unsafe-inline'; img-src data:"
INERT_POLICY = f"sandbox; {NOWHERE}"
DATA_TYPES = {
    "csv": "text/csv",
    "json": "application/json",
    "plotly": "application/json",
    "table": "application/vnd.apache.parquet",
}


class Content(Struct):
    """An answer's body and what a browser must know of it. `variant` tells apart what is made of one content."""

    body: AsyncGenerator[bytes, None]
    media_type: str
    policy: str
    size_bytes: int | None = None
    variant: str = ""
    file_name: str | None = None


async def open_content(store: BlobStore, stored: StoredVisualization, *, is_raw: bool = False) -> Content:
    """As a browser may show it; raw, Markdown is the text that was written.

    Raises: NotShowable for what is too large, or not what it is said to be; BlobNotFound.
    """
    match stored.kind:
        case "markdown" if is_raw:
            return _as_it_is(store, stored, "text/markdown", INERT_POLICY)
        case "html":
            check_size(stored, HTML_LIMIT_BYTES)
            return _as_it_is(store, stored, "text/html", HTML_POLICY)
        case "markdown":
            return await _open_markdown(store, stored)
        case "image":
            return await _open_image(store, stored)
    return _as_it_is(store, stored, DATA_TYPES.get(stored.kind, "application/octet-stream"), INERT_POLICY)


def _as_it_is(store: BlobStore, stored: StoredVisualization, media_type: str, policy: str) -> Content:
    return Content(store.read(stored.digest), media_type, policy, stored.size_bytes)


async def _open_markdown(store: BlobStore, stored: StoredVisualization) -> Content:
    check_size(stored, MARKDOWN_LIMIT_BYTES)
    text = b"".join([piece async for piece in store.read(stored.digest)])
    document = None
    if len(text) <= RENDERED_LIMIT_BYTES:
        document = await _render(text)
    body = show_as_written(text) if document is None else document
    return Content(_once(body), "text/html", MARKDOWN_POLICY, len(body), variant="document")


async def _render(text: bytes) -> bytes | None:
    """None for a text that takes too long: markdown can be made so that it does."""
    try:
        return await TEXTS.run(render_markdown, text, limit_s=RENDER_LIMIT_S)
    except NotShowable:
        return None


async def _once(body: bytes) -> AsyncGenerator[bytes, None]:
    yield body


async def _open_image(store: BlobStore, stored: StoredVisualization) -> Content:
    check_size(stored, IMAGE_LIMIT_BYTES)
    head = b"".join([piece async for piece in store.read(stored.digest, length=HEAD_BYTES)])
    picture = read_picture(head)
    if picture is None:
        raise NotShowable("This is no picture that can be shown: PNG, JPEG, GIF, WebP and SVG are.")
    if picture.width * picture.height > PIXEL_LIMIT:
        raise NotShowable(
            f"This picture has {picture.width:,} × {picture.height:,} pixels; up to {PIXEL_LIMIT:,} are shown.",
            width=picture.width, height=picture.height,
        )  # fmt: skip
    if picture.media_type == "image/svg+xml":
        content = _as_it_is(store, stored, picture.media_type, SVG_POLICY)
        content.file_name = (
            "picture.svg"  # downloaded when it is opened by itself; shown in <img>, where it is inert
        )
        return content
    return _as_it_is(store, stored, picture.media_type, INERT_POLICY)


def check_size(stored: StoredVisualization, limit_bytes: int) -> None:
    """Raises: NotShowable."""
    if stored.size_bytes > limit_bytes:
        raise NotShowable(
            f"This {stored.kind} has {stored.size_bytes / 1024**2:,.1f} MiB; up to {limit_bytes // 1024**2} MiB are shown.",
            size_bytes=stored.size_bytes, limit_bytes=limit_bytes,
        )  # fmt: skip
