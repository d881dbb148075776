"""Contents are with the server before the events that speak of them."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from vitrine.errors import Invalid, TooLarge, UploadIncomplete
from vitrine.sdk.http import Api
from vitrine.sdk.saying import say

ASK_AT_ONCE = 1000


class _Content(Struct):
    sha256: str


class _Body(Struct):
    files: list[_Content] = []
    visualizations: list[_Content] = []


class _Event(Struct):
    """As much of an event as tells what to upload."""

    body: _Body


def digest_file(path: Path) -> str:
    """The SHA-256 of the content, in lower-case hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def keep_content(path: Path, blobs: Path, *, digest: str) -> None:
    """The content is among those to upload, also after its own folder is gone. No bytes are copied where links work."""
    target = blobs / digest
    try:
        os.link(path, target)
    except FileExistsError:
        return
    except OSError:
        partial = blobs / f"{digest}.{os.getpid()}.part"
        shutil.copyfile(path, partial)
        partial.replace(target)


def upload_contents(
    events: list[bytes], *, blobs: Path, api: Callable[[], Api], progress: Callable[[int], None]
) -> None:
    """The server has every content that the events name; what was uploaded is no longer kept here.

    Raises: VitrineError when the server may take it later.
    """
    digests = sorted(find_digests(events))
    for start in range(0, len(digests), ASK_AT_ONCE):
        asked = digests[start : start + ASK_AT_ONCE]
        missing = set(api().send("POST", "/blobs/missing", {"sha256": asked})["missing"])
        for digest in asked:
            if digest in missing:
                _upload(api(), digest, path=blobs / digest, progress=progress)
            with suppress(OSError):
                (blobs / digest).unlink(missing_ok=True)


def find_digests(events: list[bytes]) -> set[str]:
    decoder = msgspec.json.Decoder(_Event)
    found: set[str] = set()
    for text in events:
        with suppress(msgspec.MsgspecError):
            body = decoder.decode(text).body
            found.update(content.sha256 for content in [*body.files, *body.visualizations])
    return found


def _upload(api: Api, digest: str, *, path: Path, progress: Callable[[int], None]) -> None:
    if not path.exists():
        say(f"a content is neither here nor with the server, its artifact will be incomplete: {digest}")
        return
    try:
        api.put_file(f"/blobs/{digest}", path, progress=progress)
    except UploadIncomplete:
        raise
    except (Invalid, TooLarge) as error:
        say(f"the server does not take a content of {path.stat().st_size} bytes: {error}")
