"""Which stored contents a project may speak of: the bytes are shared by digest, the right to them is not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from vitrine.database.pool import Connection

INSERT_BLOB = """
insert into blob (project_id, sha256, size_bytes) values ($1, $2, $3) on conflict do nothing returning true
"""


async def record_blob(db: Connection, project_id: UUID, digest: str, size_bytes: int) -> bool:
    """The project has the content. Whether it had not before."""
    return await db.fetchval(INSERT_BLOB, project_id, bytes.fromhex(digest), size_bytes) is not None


FIND_SIZE = "select size_bytes from blob where project_id = $1 and sha256 = $2"


async def find_blob_size(db: Connection, project_id: UUID, digest: str) -> int | None:
    """The size of the content; None when the project does not have it."""
    size: int | None = await db.fetchval(FIND_SIZE, project_id, bytes.fromhex(digest))
    return size


FETCH_MISSING = """
select encode(asked.sha256, 'hex') from unnest($2::bytea[]) as asked (sha256)
where not exists (select from blob where project_id = $1 and blob.sha256 = asked.sha256)
"""


async def fetch_missing(db: Connection, project_id: UUID, digests: Sequence[str]) -> list[str]:
    """Those of the contents that the project does not have."""
    return [
        row[0] for row in await db.fetch(FETCH_MISSING, project_id, [bytes.fromhex(one) for one in digests])
    ]


class Span(NamedTuple):
    """Bytes `start` to `start + length` of a content."""

    start: int
    length: int


def read_range(header: str | None, size_bytes: int) -> Span | None:
    """The one part that a Range header asks for; None when the whole is due.

    Several parts, other units and what is no range at all are passed over, as RFC 9110 allows. Raises: ValueError when
    the part lies beyond the end.
    """
    found = re.fullmatch(r"bytes=([0-9]{0,18})-([0-9]{0,18})", (header or "").strip())
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        length = min(int(last), size_bytes)
        if length == 0:
            raise ValueError("no bytes are asked for")
        return Span(size_bytes - length, length)
    start, end = int(first), min(int(last), size_bytes - 1) if last else size_bytes - 1
    if last and int(last) < start:
        return None
    if start >= size_bytes:
        raise ValueError("beyond the end")
    return Span(start, end - start + 1)
