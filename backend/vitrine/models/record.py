"""Model versions as they are reported: often said again, by every run that works on one, and more of it each time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from vitrine.database.lookups import expect_all, identify
from vitrine.database.pool import Connection
from vitrine.ingest.structs import ModelVersionEvent
from vitrine.ingest.tally import Tally
from vitrine.metadata.record import Patch

FIND_MODELS = "select name, id from model where project_id = $1 and name = any($2::text[])"
INSERT_MODELS = """
insert into model (project_id, id, name)
select $1, new.id, new.name from unnest($2::text[], $3::uuid[]) as new (name, id) order by new.name
on conflict (project_id, name) do nothing
"""


async def identify_models(db: Connection, project_id: UUID, names: Collection[str]) -> dict[str, UUID]:
    return await identify(db, project_id, names, find=FIND_MODELS, insert=INSERT_MODELS)


LOCK_MODELS = """
select id, last_number from model where project_id = $1 and id = any($2::uuid[]) order by id for no key update
"""


async def lock_models(db: Connection, project_id: UUID, ids: Collection[UUID]) -> dict[UUID, int]:
    """Nobody else numbers or names their versions before this transaction ends. Gives the last numbers."""
    if not ids:
        return {}
    rows = await db.fetch(LOCK_MODELS, project_id, list(ids))
    expect_all(rows, ids)
    return {row[0]: row[1] for row in rows}


class _Version(Struct):
    """A model version; `model_id` is None while it is only spoken of. `event_id`: who wrote the description."""

    id: UUID
    model_id: UUID | None
    number: int | None
    name: str | None
    description: str
    event_id: UUID | None
    created_at: datetime | None
    user_id: UUID | None


MENTION_VERSIONS = """
insert into model_version (project_id, id) select $1, id from unnest($2::uuid[]) as id order by id
on conflict do nothing
"""
LOCK_VERSIONS = """
select id, model_id, number, name, description, event_id, created_at, user_id from model_version
where project_id = $1 and id = any($2::uuid[]) order by id for no key update
"""


async def mention_versions(db: Connection, project_id: UUID, ids: Collection[UUID]) -> dict[UUID, _Version]:
    """Each version has a row, if only with its id, locked by this transaction."""
    if not ids:
        return {}
    await db.execute(MENTION_VERSIONS, project_id, list(ids))
    rows = await db.fetch(LOCK_VERSIONS, project_id, list(ids))
    expect_all(rows, ids)
    return {row[0]: _Version(*row) for row in rows}


FIND_NAMED = """
select v.model_id, v.name, v.id
from unnest($2::uuid[], $3::text[]) as n (model_id, name)
join model_version v on v.project_id = $1 and v.model_id = n.model_id and v.name = n.name
"""
DESCRIBE_VERSIONS = """
update model_version v set
  model_id = n.model_id, number = n.number, name = n.name, description = n.description, event_id = n.event_id,
  created_at = n.created_at, user_id = n.user_id
from jsonb_to_recordset($2) as n
  (id uuid, model_id uuid, number int, name text, description text, event_id uuid, created_at timestamptz, user_id uuid)
where v.project_id = $1 and v.id = n.id
"""
NUMBER_VERSIONS = """
update model set last_number = last_number + n.versions
from unnest($2::uuid[], $3::int[]) as n (id, versions) where project_id = $1 and model.id = n.id
"""


async def record_versions(
    db: Connection,
    project_id: UUID,
    events: Sequence[ModelVersionEvent],
    *,
    user_id: UUID,
    model_ids: Mapping[str, UUID],
    last_numbers: Mapping[UUID, int],
    versions: Mapping[UUID, _Version],
    tally: Tally,
) -> None:
    """Each version is there, numbered within its model. The models and versions are locked.

    Of several descriptions the one of the greatest event id counts; a version is as old as its earliest event. Refused
    is an event that moves a version to another model or name, and one that names a version as another one is named.
    """
    if not events:
        return
    named = await _find_named(db, project_id, events, model_ids)
    counts: Counter[UUID] = Counter()
    changed: dict[UUID, _Version] = {}
    for event in sorted(events, key=lambda one: one.id):
        version, model_id = versions[event.body.id], model_ids[event.body.model]
        if (reason := _find_clash(event, version, model_id, named)) is not None:
            tally.refuse(event.id, reason)
            continue
        if version.model_id is None:
            counts[model_id] += 1
            version.model_id, version.name = model_id, event.body.version
            version.number = last_numbers[model_id] + counts[model_id]
            named[model_id, event.body.version] = version.id
        if _take(version, event, user_id):
            changed[version.id] = version
            tally.accepted.add(event.id)
            tally.announce(
                "model_version", part=str(version.id), model=event.body.model, model_version_id=version.id
            )
    if changed and not tally.refused:
        await db.execute(DESCRIBE_VERSIONS, project_id, list(changed.values()))
        await db.execute(NUMBER_VERSIONS, project_id, list(counts), list(counts.values()))


def _find_clash(
    event: ModelVersionEvent, version: _Version, model_id: UUID, named: Mapping[tuple[UUID, str | None], UUID]
) -> str | None:
    body = event.body
    if version.model_id is not None and (version.model_id, version.name) != (model_id, body.version):
        return (
            f"The model version {body.id} is known as {version.name or version.number!r} of another model, or by "
            "another name. A version keeps both: give the new one a new id."
        )
    if body.version is not None and (other := named.get((model_id, body.version), body.id)) != body.id:
        return (
            f"The model {body.model!r} has a version {body.version!r} with the id {other}. "
            "Use that id, or choose another name."
        )
    return None


def _take(version: _Version, event: ModelVersionEvent, user_id: UUID) -> bool:
    """Whether the event changes the version."""
    is_changed = False
    if event.body.description and (version.event_id is None or event.id > version.event_id):
        version.description, version.event_id = event.body.description, event.id
        is_changed = True
    if version.created_at is None or event.at < version.created_at:
        version.created_at, version.user_id = event.at, user_id
        is_changed = True
    return is_changed


async def _find_named(
    db: Connection, project_id: UUID, events: Sequence[ModelVersionEvent], model_ids: Mapping[str, UUID]
) -> dict[tuple[UUID, str | None], UUID]:
    """Which ids the names of the events have already."""
    names = {
        (model_ids[event.body.model], event.body.version)
        for event in events
        if event.body.version is not None
    }
    if not names:
        return {}
    ids, versions = zip(*names, strict=True)
    return {(row[0], row[1]): row[2] for row in await db.fetch(FIND_NAMED, project_id, ids, versions)}


# Of two kinds of link the one later in the alphabet stays: data, deployment, model.
LINK_ARTIFACTS = """
insert into model_version_artifact as m (project_id, model_version_id, artifact_version_id, link)
select $1, n.id, n.artifact_version_id, max(n.link)
from unnest($2::uuid[], $3::uuid[], $4::text[]) as n (id, artifact_version_id, link)
group by n.id, n.artifact_version_id order by n.id, n.artifact_version_id
on conflict (project_id, model_version_id, artifact_version_id) do update set link = excluded.link
where excluded.link > m.link
returning model_version_id, artifact_version_id
"""


async def link_artifacts(
    db: Connection, project_id: UUID, events: Sequence[ModelVersionEvent], tally: Tally
) -> None:
    """Each model version has its artifact versions. Both have rows."""
    links = [(event, link) for event in events for link in event.body.artifacts]
    if not links:
        return
    rows = await db.fetch(
        LINK_ARTIFACTS,
        project_id,
        [event.body.id for event, _ in links],
        [link.artifact_version_id for _, link in links],
        [link.link for _, link in links],
    )
    new = {(row[0], row[1]) for row in rows}
    tally.accepted.update(
        event.id for event, link in links if (event.body.id, link.artifact_version_id) in new
    )


PATCH_VERSIONS = """
update model_version v set meta = v.meta || n.patch
from jsonb_to_recordset($2) as n (target_id uuid, patch jsonb) where v.project_id = $1 and v.id = n.target_id
"""


async def show_metadata(db: Connection, project_id: UUID, patches: Sequence[Patch]) -> None:
    """The versions' documents hold these values. The versions are locked."""
    if patches:
        await db.execute(PATCH_VERSIONS, project_id, patches)
