"""Everything that events have left in the database, in a form in which equal states are equal."""

from __future__ import annotations

from typing import Any

import asyncpg
import msgspec
from tests.conftest import CLEAR

TABLES = (
    "tag", "metadata_key", "metadata_history", "pipeline", "snapshot", "run", "run_tag", "run_metadata", "run_count", "step",
    "step_attempt", "log_chunk", "artifact", "artifact_version", "artifact_version_metadata", "visualization", "step_input",
    "step_output", "artifact_version_tag", "model", "model_version", "model_version_metadata", "model_version_artifact",
    "run_model_version", "model_version_tag",
)  # fmt: skip
NAMED = {
    "pipeline_id": "pipeline",
    "artifact_id": "artifact",
    "model_id": "model",
    "tag_id": "tag",
    "key_id": "metadata_key",
}
# What the server decides when it first sees something is outside the promise.
DECIDED_BY_SERVER = {"project_id", "number", "last_number", "last_run_number", "last_snapshot_number"}
SEEN_BY_SERVER = {"run", "tag", "pipeline", "artifact", "model"}
State = dict[str, list[str]]


async def read_state(db: asyncpg.Connection) -> State:
    """The rows of every table that events write, with names for the ids that the server made."""
    names = {
        column: {str(row["id"]): row["name"] for row in await db.fetch(f"select id, name from {table}")}
        for column, table in NAMED.items()
    }
    state = {}
    for table in TABLES:
        rows = [msgspec.json.decode(row[0]) for row in await db.fetch(f"select to_jsonb(t) from {table} t")]
        state[table] = sorted(
            _spell(table, row, names) for row in rows if table != "run_count" or row["runs"]
        )
    return state


def _spell(table: str, row: dict[str, Any], names: dict[str, dict[str, str]]) -> str:
    dropped = set(DECIDED_BY_SERVER)
    if table in SEEN_BY_SERVER:
        dropped.add("created_at")
    if table in NAMED.values():
        dropped.add("id")
    kept = {
        key: names[key].get(str(value), value) if key in NAMED else value
        for key, value in row.items()
        if key not in dropped
    }
    return msgspec.json.encode(kept, order="deterministic").decode()


async def clear(db: asyncpg.Connection) -> None:
    """Nothing is left of what events said."""
    await db.execute(CLEAR)
