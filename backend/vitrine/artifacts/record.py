"""Artifact versions as they are reported. One never changes; before it arrives, its id may be spoken of already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Raw, Struct

from vitrine.database.lookups import expect_all, identify
from vitrine.database.pool import Connection
from vitrine.ingest.structs import ArtifactVersionBody, ArtifactVersionEvent, StoredFile
from vitrine.ingest.tally import Tally
from vitrine.metadata.record import Patch

FIND_ARTIFACTS = "select name, id from artifact where project_id = $1 and name = any($2::text[])"
INSERT_ARTIFACTS = """
insert into artifact (project_id, id, name)
select $1, new.id, new.name from unnest($2::text[], $3::uuid[]) as new (name, id) order by new.name
on conflict (project_id, name) do nothing
"""


async def identify_artifacts(db: Connection, project_id: UUID, names: Collection[str]) -> dict[str, UUID]:
    return await identify(db, project_id, names, find=FIND_ARTIFACTS, insert=INSERT_ARTIFACTS)


LOCK_ARTIFACTS = """
select id, last_number from artifact where project_id = $1 and id = any($2::uuid[]) order by id for no key update
"""


async def lock_artifacts(db: Connection, project_id: UUID, ids: Collection[UUID]) -> dict[UUID, int]:
    """Nobody else numbers or names their versions before this transaction ends. Gives the last numbers."""
    if not ids:
        return {}
    rows = await db.fetch(LOCK_ARTIFACTS, project_id, list(ids))
    expect_all(rows, ids)
    return {row[0]: row[1] for row in rows}


class _Known(Struct):
    """A version as it is stored; `artifact` is None while it is only spoken of."""

    artifact: str | None
    version: str | None
    type: str | None
    data_type: str | None
    materializer: str
    run_id: UUID | None
    step: str | None
    output: str | None
    uri: str | None
    files: Raw  # of list[StoredFile]

    def is_said_by(self, event: ArtifactVersionEvent) -> bool:
        """Whether the event says the same. The run may have been deleted since."""
        body = event.body
        return (
            (self.artifact, self.version, self.type, self.data_type, self.materializer)
            == (body.artifact, body.version, body.type, body.data_type, body.materializer)
            and (self.step, self.output, self.uri) == (body.step, body.output, body.uri)
            and self.run_id in (None, event.run_id)
            and msgspec.json.decode(self.files, type=list[StoredFile]) == body.files
        )


MENTION_VERSIONS = """
insert into artifact_version (project_id, id) select $1, id from unnest($2::uuid[]) as id order by id
on conflict do nothing
"""
LOCK_VERSIONS = """
select v.id, a.name, v.name, v.type, v.data_type, v.materializer, v.run_id, v.step, v.output, v.uri, v.files
from artifact_version v left join artifact a on a.project_id = v.project_id and a.id = v.artifact_id
where v.project_id = $1 and v.id = any($2::uuid[]) order by v.id for no key update of v
"""


async def mention_versions(db: Connection, project_id: UUID, ids: Collection[UUID]) -> dict[UUID, _Known]:
    """Each version has a row, if only with its id, locked by this transaction."""
    if not ids:
        return {}
    await db.execute(MENTION_VERSIONS, project_id, list(ids))
    rows = await db.fetch(LOCK_VERSIONS, project_id, list(ids))
    expect_all(rows, ids)
    return {row[0]: _Known(*row[1:]) for row in rows}


class _VersionRow(Struct):
    id: UUID
    artifact_id: UUID
    number: int
    name: str | None
    type: str
    data_type: str
    materializer: str
    run_id: UUID | None
    step: str | None
    output: str | None
    files: list[StoredFile]
    uri: str | None
    size_bytes: int
    created_at: datetime


DESCRIBE_VERSIONS = """
update artifact_version v set
  artifact_id = n.artifact_id, number = n.number, name = n.name, type = n.type, data_type = n.data_type,
  materializer = n.materializer, run_id = n.run_id, step = n.step, output = n.output, files = n.files, uri = n.uri,
  size_bytes = n.size_bytes, created_at = n.created_at, user_id = $3
from jsonb_to_recordset($2) as n
  (id uuid, artifact_id uuid, number int, name text, type text, data_type text, materializer text, run_id uuid,
   step text, output text, files jsonb, uri text, size_bytes bigint, created_at timestamptz)
where v.project_id = $1 and v.id = n.id
"""
NUMBER_VERSIONS = """
update artifact set last_number = last_number + n.versions
from unnest($2::uuid[], $3::int[]) as n (id, versions) where project_id = $1 and artifact.id = n.id
"""
FIND_TAKEN = """
select v.artifact_id, v.name
from unnest($2::uuid[], $3::text[]) as n (artifact_id, name)
join artifact_version v on v.project_id = $1 and v.artifact_id = n.artifact_id and v.name = n.name
"""


async def record_versions(
    db: Connection,
    project_id: UUID,
    events: Sequence[ArtifactVersionEvent],
    *,
    user_id: UUID,
    artifact_ids: Mapping[str, UUID],
    last_numbers: Mapping[UUID, int],
    known: Mapping[UUID, _Known],
    tally: Tally,
) -> list[ArtifactVersionEvent]:
    """Each version is there, numbered within its artifact. Gives the events of those that are new.

    The artifacts and versions are locked, the runs exist. Refused is an event that says something else of a version
    that is there, and one that gives a version a name which another version of the artifact has.
    """
    new = _choose_new(events, known, tally)
    names = [
        (artifact_ids[one.body.artifact], one.body.version) for one in new if one.body.version is not None
    ]
    taken = await _find_taken(db, project_id, names)
    for event in list(new):
        name = artifact_ids[event.body.artifact], event.body.version
        if name in taken:
            tally.refuse(
                event.id,
                f"The artifact {event.body.artifact!r} has another version {event.body.version!r}. Choose another name.",
            )
            new.remove(event)
        elif event.body.version is not None:
            taken.add(name)
    if not new or tally.refused:
        return new
    counts: Counter[UUID] = Counter()
    rows = []
    for event in new:
        artifact_id = artifact_ids[event.body.artifact]
        counts[artifact_id] += 1
        rows.append(_describe(event, artifact_id, last_numbers[artifact_id] + counts[artifact_id]))
    await db.execute(DESCRIBE_VERSIONS, project_id, rows, user_id)
    await db.execute(NUMBER_VERSIONS, project_id, list(counts), list(counts.values()))
    for event in new:
        tally.accepted.add(event.id)
        tally.announce(
            "artifact_version",
            event.run_id,
            part=str(event.body.id),
            artifact=event.body.artifact,
            artifact_version_id=event.body.id,
            step=event.body.step,
        )
    return new


def _choose_new(
    events: Sequence[ArtifactVersionEvent], known: Mapping[UUID, _Known], tally: Tally
) -> list[ArtifactVersionEvent]:
    """The first event of each version that is not described yet, oldest first; what contradicts is refused."""
    new: dict[UUID, ArtifactVersionEvent] = {}
    for event in sorted(events, key=lambda one: one.id):
        stored = known[event.body.id]
        if stored.artifact is None:
            first = new.setdefault(event.body.id, event)
            if first is event:
                continue
            stored = _as_known(first)
        if not stored.is_said_by(event):
            tally.refuse(
                event.id,
                f"The artifact version {event.body.id} is known with other content. A version never changes: "
                "give it a new id.",
            )
    return list(new.values())


def _as_known(event: ArtifactVersionEvent) -> _Known:
    body = event.body
    return _Known(
        body.artifact, body.version, body.type, body.data_type, body.materializer,
        event.run_id, body.step, body.output, body.uri, Raw(msgspec.json.encode(body.files)),
    )  # fmt: skip


async def _find_taken(
    db: Connection, project_id: UUID, names: Sequence[tuple[UUID, str | None]]
) -> set[tuple[UUID, str | None]]:
    if not names:
        return set()
    artifact_ids, versions = zip(*names, strict=True)
    return {(row[0], row[1]) for row in await db.fetch(FIND_TAKEN, project_id, artifact_ids, versions)}


def _describe(event: ArtifactVersionEvent, artifact_id: UUID, number: int) -> _VersionRow:
    body: ArtifactVersionBody = event.body
    return _VersionRow(
        id=body.id,
        artifact_id=artifact_id,
        number=number,
        name=body.version,
        type=body.type,
        data_type=body.data_type,
        materializer=body.materializer,
        run_id=event.run_id,
        step=body.step,
        output=body.output,
        files=body.files,
        uri=body.uri,
        size_bytes=sum(file.size_bytes for file in body.files),
        created_at=event.at,
    )


class _VisualizationRow(Struct):
    id: UUID
    artifact_version_id: UUID
    position: int
    kind: str
    name: str
    sha256: str
    size_bytes: int


INSERT_VISUALIZATIONS = """
insert into visualization (project_id, id, artifact_version_id, position, kind, name, sha256, size_bytes)
select $1, n.id, n.artifact_version_id, n.position, n.kind, n.name, n.sha256, n.size_bytes
from jsonb_to_recordset($2) as n
  (id uuid, artifact_version_id uuid, position int, kind text, name text, sha256 bytea, size_bytes bigint)
order by n.id on conflict do nothing returning id
"""


async def record_visualizations(
    db: Connection, project_id: UUID, events: Sequence[ArtifactVersionEvent], tally: Tally
) -> None:
    """Each version has its visualizations. The versions are there; a known id keeps what it is."""
    rows = {
        one.id: (event.id, _VisualizationRow(
            one.id, event.body.id, position, one.kind, one.name, "\\x" + one.sha256, one.size_bytes
        ))
        for event in sorted(events, key=lambda one: one.id, reverse=True)
        for position, one in enumerate(event.body.visualizations)
    }  # fmt: skip
    if rows:
        inserted = await db.fetch(INSERT_VISUALIZATIONS, project_id, [row for _, row in rows.values()])
        tally.accepted.update(rows[row[0]][0] for row in inserted)


PATCH_VERSIONS = """
update artifact_version v set meta = v.meta || n.patch
from jsonb_to_recordset($2) as n (target_id uuid, patch jsonb) where v.project_id = $1 and v.id = n.target_id
"""


async def show_metadata(db: Connection, project_id: UUID, patches: Sequence[Patch]) -> None:
    """The versions' documents hold these values. The versions are locked."""
    if patches:
        await db.execute(PATCH_VERSIONS, project_id, patches)
