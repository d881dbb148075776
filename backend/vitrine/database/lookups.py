"""Rows that have to be there: those that are made when first named, and those about to be locked."""

from __future__ import annotations

from collections.abc import Iterable, Sized
from typing import Any
from uuid import UUID

from vitrine.database.pool import Connection
from vitrine.ids import new_id


class Vanished(Exception):
    """Somebody deleted what the last statement found or made: the transaction has to begin again."""


def expect_all(found: Sized, wanted: Sized) -> None:
    """Raises: Vanished when some rows are not there to be locked."""
    if len(found) < len(wanted):
        raise Vanished


async def identify(
    db: Connection, project_id: UUID, names: Iterable[str], *, find: str, insert: str
) -> dict[str, Any]:
    """Name → id of all of them; those that were missing have been inserted.

    `find` takes the project and the names and gives name, id. `insert` takes the project, names and new ids, passes
    over names that another transaction inserted first, and works in the order of the names, so that two never deadlock.
    Raises: Vanished.
    """
    wanted = set(names)
    if not wanted:
        return {}
    found: dict[str, Any] = {row[0]: row[1] for row in await db.fetch(find, project_id, list(wanted))}
    if missing := sorted(wanted.difference(found)):
        await db.execute(insert, project_id, missing, [new_id() for _ in missing])
        found |= {row[0]: row[1] for row in await db.fetch(find, project_id, missing)}
        expect_all(found, wanted)
    return found
