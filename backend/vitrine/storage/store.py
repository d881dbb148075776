"""What every blob store promises."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from vitrine.errors import Invalid


class BlobStore(Protocol):
    """Contents addressed by the SHA-256 of their bytes, in lower-case hexadecimal. A content is there whole or not at all.

    Every method raises Invalid for what is not a digest.
    """

    async def write(self, digest: str, chunks: AsyncIterator[bytes], *, limit_bytes: int) -> int:
        """The content is stored for good; gives its size. Stored already: it is only verified. Memory stays constant.

        Raises: DigestDiffers, TooLarge, StoreFull, and whatever `chunks` raises; nothing is visible then.
        """

    def read(self, digest: str, *, start: int = 0, length: int | None = None) -> AsyncGenerator[bytes, None]:
        """`length` bytes from `start` on, fewer where the content ends. Raises: BlobNotFound before the first chunk."""

    async def find_size(self, digest: str) -> int | None: ...

    async def delete(self, digest: str) -> None:
        """The content is gone, if it was there."""

    def local_path(self, digest: str) -> AbstractAsyncContextManager[Path]:
        """A file with the content, for programs that need one; read only, there until left. Raises: BlobNotFound."""


def check_digest(digest: str) -> str:
    """The digest itself. Raises: Invalid."""
    if re.fullmatch("[0-9a-f]{64}", digest) is None:
        raise Invalid(f"{digest[:80]!r} is not a SHA-256: 64 digits from 0-9 and a-f are.")
    return digest
