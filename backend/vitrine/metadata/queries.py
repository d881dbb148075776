"""What is read of metadata keys."""

from __future__ import annotations

from uuid import UUID

from vitrine.database.pool import Connection
from vitrine.database.rows import fetch_all
from vitrine.metadata.structs import KeyItem
from vitrine.paging import pattern_of

MOST_KEYS = 2_000

# Every kind but json leaves a number or a text, and these are indexed by key.
FETCH_KEYS = """
select k.name, coalesce(
       (select m.kind from run_metadata m where m.project_id = $1 and m.key_id = k.id and m.num is not null limit 1),
       (select m.kind from run_metadata m where m.project_id = $1 and m.key_id = k.id and m.text is not null limit 1),
       (select m.kind from artifact_version_metadata m where m.project_id = $1 and m.key_id = k.id and m.num is not null limit 1),
       'json')
  from metadata_key k where k.project_id = $1 and ($2::text is null or k.name ilike $2) order by k.name limit $3
"""


async def fetch_keys(db: Connection, project_id: UUID, *, containing: str | None) -> list[KeyItem]:
    """By name, up to 2,000. `containing` is a part of the name, in either case."""
    pattern = None if containing is None else pattern_of(containing)
    return await fetch_all(db, KeyItem, FETCH_KEYS, project_id, pattern, MOST_KEYS)
