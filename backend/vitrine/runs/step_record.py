"""Steps and their attempts as they are reported, and which artifact versions they read and wrote."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, Literal, NamedTuple, TypeAlias
from uuid import UUID

from msgspec import Struct, field

from vitrine.database.lookups import expect_all
from vitrine.database.pool import Connection
from vitrine.ingest.structs import Failure, Resources, StepEvent
from vitrine.ingest.tally import Tally
from vitrine.runs.merge import Attempt, MergedStep, Step

Key: TypeAlias = tuple[int, str]  # the run's id as a number, since UUIDs are slow to hash, and the step
Group: TypeAlias = tuple[UUID, str, list[StepEvent]]  # a step and its events
Way: TypeAlias = Literal["input", "output"]


class _NewStep(Struct, omit_defaults=True):
    """A step that may be new, with one of its attempts, or without one if it is only mentioned.

    `position` says which step of the request it is; `is_newest`, that the step's own columns are in this row.
    """

    position: int
    run_id: UUID
    key: str
    attempt: int
    status: str
    is_newest: bool
    has_attempt: bool
    started_at: datetime | None = None
    ended_at: datetime | None = None
    open_event_id: UUID | None = None
    close_event_id: UUID | None = None
    failure: Failure | None = None
    resources: Resources | None = None
    said_event_id: UUID | None = None
    cache_key: str | None = None
    cached_from_run_id: UUID | None = None
    blocked_by: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    configuration: dict[str, Any] = field(default_factory=dict)


# One statement for both tables: the JSON is read once, and a new step is neither locked nor updated. Gives the steps
# that were there before. Of `is null` PostgreSQL would expect one row and choose nested loops; of a boolean, half.
INSERT_STEPS = """
with given as materialized (
  select n.* from jsonb_to_recordset($2) as n
    (position int, run_id uuid, key text, attempt int, status text, is_newest boolean, has_attempt boolean,
     started_at timestamptz, ended_at timestamptz, open_event_id uuid, close_event_id uuid, failure jsonb,
     resources jsonb, said_event_id uuid, cache_key bytea, cached_from_run_id uuid, blocked_by text, parameters jsonb,
     configuration jsonb)),
inserted as (
  insert into step (project_id, run_id, key, attempt, status, started_at, ended_at, cache_key, cached_from_run_id,
    blocked_by, parameters, configuration, open_event_id)
  select $1, run_id, key, attempt, status, started_at, ended_at, cache_key, cached_from_run_id,
    blocked_by, coalesce(parameters, '{}'), coalesce(configuration, '{}'), said_event_id
  from given where is_newest order by run_id, key on conflict do nothing returning run_id, key),
attempted as (
  insert into step_attempt (project_id, run_id, step, attempt, status, started_at, ended_at, open_event_id,
    close_event_id, failure, resources)
  select $1, run_id, key, attempt, status, started_at, ended_at, open_event_id, close_event_id, failure, resources
  from given join inserted using (run_id, key) where has_attempt)
select position from given left join inserted using (run_id, key) where is_newest and inserted.key is null
"""
LOCK_STEPS = """
select s.run_id, s.key, s.attempt, s.status, s.started_at, s.ended_at, s.cached_from_run_id, s.blocked_by,
  s.open_event_id
from step s join unnest($2::uuid[], $3::text[]) as n (run_id, key) on s.run_id = n.run_id and s.key = n.key
where s.project_id = $1 order by s.run_id, s.key for no key update of s
"""
FETCH_ATTEMPTS = """
select a.run_id, a.step, a.attempt, a.status, a.started_at, a.ended_at, a.open_event_id, a.close_event_id
from step_attempt a join unnest($2::uuid[], $3::text[], $4::int[]) as n (run_id, step, attempt)
  on a.run_id = n.run_id and a.step = n.step and a.attempt = n.attempt
where a.project_id = $1
"""
UPDATE_STEPS = """
update step s set
  attempt = n.attempt, status = n.status, started_at = n.started_at, ended_at = n.ended_at,
  cached_from_run_id = n.cached_from_run_id, blocked_by = n.blocked_by, open_event_id = n.open_event_id,
  cache_key = case when n.says then n.cache_key else s.cache_key end,
  parameters = case when n.says then n.parameters else s.parameters end,
  configuration = case when n.says then n.configuration else s.configuration end
from jsonb_to_recordset($2) as n
  (run_id uuid, key text, attempt int, status text, started_at timestamptz, ended_at timestamptz, cache_key bytea,
   cached_from_run_id uuid, blocked_by text, parameters jsonb, configuration jsonb, open_event_id uuid, says boolean)
where s.project_id = $1 and s.run_id = n.run_id and s.key = n.key
"""
UPSERT_ATTEMPTS = """
insert into step_attempt as a (project_id, run_id, step, attempt, status, started_at, ended_at, open_event_id,
  close_event_id, failure, resources)
select $1, n.run_id, n.step, n.attempt, n.status, n.started_at, n.ended_at, n.open_event_id, n.close_event_id,
  n.failure, n.resources
from jsonb_to_recordset($2) as n
  (run_id uuid, step text, attempt int, status text, started_at timestamptz, ended_at timestamptz,
   open_event_id uuid, close_event_id uuid, failure jsonb, resources jsonb)
order by n.run_id, n.step, n.attempt
on conflict (project_id, run_id, step, attempt) do update set
  status = excluded.status, started_at = excluded.started_at, ended_at = excluded.ended_at,
  open_event_id = excluded.open_event_id, close_event_id = excluded.close_event_id,
  failure = case when a.close_event_id is distinct from excluded.close_event_id then excluded.failure else a.failure end,
  resources = case when a.close_event_id is distinct from excluded.close_event_id then excluded.resources
    else a.resources end
"""


async def record_steps(
    db: Connection,
    project_id: UUID,
    events: Sequence[StepEvent],
    *,
    mentioned: Collection[tuple[UUID, str]],
    tally: Tally,
) -> None:
    """The steps are as the events say; those only mentioned have a row at least. All are locked. Their runs have rows."""
    groups = _group(events, mentioned)
    if not groups:
        return
    steps = {key: MergedStep(Step(run_id, name)) for key, (run_id, name, _) in groups.items()}
    for step, (_, _, said) in zip(steps.values(), groups.values(), strict=True):
        step.take(said)
    rows = [row for position, step in enumerate(steps.values()) for row in _rows_of(position, step)]
    keys = list(groups)
    known = {keys[row[0]]: groups[keys[row[0]]] for row in await db.fetch(INSERT_STEPS, project_id, rows)}
    if known:
        steps |= await _merge_known(db, project_id, known)
    tally.accepted.update(chain.from_iterable(one.accepted for one in steps.values()))
    for one in steps.values():
        if one.is_moved:
            tally.announce("step", one.step.run_id, one.step.key, step=one.step.key, status=one.step.status)
    await _link(db, project_id, "input", _newest_lists(events, "input"), known=known, tally=tally)
    await _link(db, project_id, "output", _newest_lists(events, "output"), known=known, tally=tally)


def _group(events: Iterable[StepEvent], mentioned: Iterable[tuple[UUID, str]]) -> dict[Key, Group]:
    groups: dict[Key, Group] = {(run_id.int, step): (run_id, step, []) for run_id, step in mentioned}
    for event in events:
        run_id, step = event.run_id, event.body.step
        assert run_id is not None
        groups.setdefault((run_id.int, step), (run_id, step, []))[2].append(event)
    return groups


def _rows_of(position: int, merged: MergedStep) -> Iterator[_NewStep]:
    step = merged.step
    for attempt in merged.attempts.values():
        is_newest = attempt.attempt == step.attempt
        row = _NewStep(
            position, step.run_id, step.key, attempt.attempt, attempt.status, is_newest, True, attempt.started_at,
            attempt.ended_at, attempt.open_event_id, attempt.close_event_id, attempt.failure, attempt.resources,
        )  # fmt: skip
        if is_newest:
            row.said_event_id, row.cache_key = step.open_event_id, step.cache_key
            row.cached_from_run_id, row.blocked_by = step.cached_from_run_id, step.blocked_by
            row.parameters, row.configuration = step.parameters, step.configuration
        yield row
    if not merged.attempts:
        yield _NewStep(position, step.run_id, step.key, step.attempt, step.status, True, False)


async def _merge_known(db: Connection, project_id: UUID, known: Mapping[Key, Group]) -> dict[Key, MergedStep]:
    """The steps that had rows already, locked, are as the events say."""
    run_ids, keys, _ = zip(*known.values(), strict=True)
    rows = await db.fetch(LOCK_STEPS, project_id, run_ids, keys)
    expect_all(rows, known)
    merged = {(row[0].int, row[1]): MergedStep(Step(*row)) for row in rows}
    touched = {
        (event.run_id, event.body.step, event.body.attempt)
        for *_, events in known.values()
        for event in events
    }
    if touched:
        for row in await db.fetch(FETCH_ATTEMPTS, project_id, *zip(*touched, strict=True)):
            merged[row[0].int, row[1]].attempts[row[2]] = Attempt(*row)
    for key, one in merged.items():
        one.take(known[key][2])
    if changed := [one.step for one in merged.values() if one.is_changed]:
        await db.execute(UPDATE_STEPS, project_id, changed)
    if attempts := [one for step in merged.values() for one in step.attempts.values() if one.is_changed]:
        await db.execute(UPSERT_ATTEMPTS, project_id, attempts)
    return merged


# ── inputs and outputs ────────────────────────────────────────────────────────────────────────────
class _Listing(NamedTuple):
    """The artifact versions of one input or output, as an event lists them."""

    run_id: UUID
    step: str
    name: str
    event_id: UUID
    version_ids: list[UUID]


def _newest_lists(events: Iterable[StepEvent], way: Way) -> list[_Listing]:
    """Of the lists for one name the one of the greatest event id. An empty list says nothing."""
    newest: dict[tuple[UUID, str, str], _Listing] = {}
    for event in events:
        lists = event.body.inputs if way == "input" else event.body.outputs
        for name, version_ids in lists.items():
            assert event.run_id is not None
            place = event.run_id, event.body.step, name
            if version_ids and (place not in newest or event.id > newest[place].event_id):
                newest[place] = _Listing(*place, event.id, version_ids)
    return list(newest.values())


FETCH_LISTED = {
    "input": """
select distinct s.run_id, s.step, s.input, s.event_id
from step_input s join unnest($2::uuid[], $3::text[], $4::text[]) as n (run_id, step, name)
  on s.run_id = n.run_id and s.step = n.step and s.input = n.name
where s.project_id = $1 and s.event_id is not null
""",
    "output": """
select distinct s.run_id, s.step, s.output, s.event_id
from step_output s join unnest($2::uuid[], $3::text[], $4::text[]) as n (run_id, step, name)
  on s.run_id = n.run_id and s.step = n.step and s.output = n.name
where s.project_id = $1 and s.event_id is not null
""",
}
CLEAR_LISTED = {
    "input": """
delete from step_input s using unnest($2::uuid[], $3::text[], $4::text[]) as n (run_id, step, name)
where s.project_id = $1 and s.run_id = n.run_id and s.step = n.step and s.input = n.name
""",
    "output": """
delete from step_output s using unnest($2::uuid[], $3::text[], $4::text[]) as n (run_id, step, name)
where s.project_id = $1 and s.run_id = n.run_id and s.step = n.step and s.output = n.name
""",
}
INSERT_LISTED = {
    "input": """
insert into step_input (project_id, run_id, step, input, event_id, position, artifact_version_id)
select $1, n.run_id, n.step, n.name, n.event_id, n.position, n.version_id
from unnest($2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::int[], $7::uuid[])
  as n (run_id, step, name, event_id, position, version_id)
""",
    "output": """
insert into step_output (project_id, run_id, step, output, event_id, position, artifact_version_id)
select $1, n.run_id, n.step, n.name, n.event_id, n.position, n.version_id
from unnest($2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::int[], $7::uuid[])
  as n (run_id, step, name, event_id, position, version_id)
""",
}


async def _link(
    db: Connection, project_id: UUID, way: Way, lists: list[_Listing], *, known: Collection[Key], tally: Tally
) -> None:
    """The lists that are newer than what is there take its place. The steps are locked; only `known` ones have lists."""
    old = [one for one in lists if (one.run_id.int, one.step) in known]
    if old:
        places = _columns([(one.run_id, one.step, one.name) for one in old])
        listed = {tuple(row[:3]): row[3] for row in await db.fetch(FETCH_LISTED[way], project_id, *places)}
        stale = {one[:3] for one in old if (seen := listed.get(one[:3])) and seen >= one.event_id}
        lists = [one for one in lists if one[:3] not in stale]
        if replaced := [one[:3] for one in old if one[:3] not in stale]:
            await db.execute(CLEAR_LISTED[way], project_id, *_columns(replaced))
    rows = [
        (one.run_id, one.step, one.name, one.event_id, position, version_id)
        for one in lists
        for position, version_id in enumerate(one.version_ids)
    ]
    if rows:
        await db.execute(INSERT_LISTED[way], project_id, *_columns(rows))
        tally.accepted.update(one.event_id for one in lists)


CLEAR_PRODUCED = """
delete from step_output s using unnest($2::uuid[], $3::text[], $4::text[]) as n (run_id, step, name)
where s.project_id = $1 and s.run_id = n.run_id and s.step = n.step and s.output = n.name and s.event_id is null
"""
INSERT_PRODUCED = """
insert into step_output (project_id, run_id, step, output, position, artifact_version_id)
select $1, v.run_id, v.step, v.output,
  row_number() over (partition by v.run_id, v.step, v.output order by v.id) - 1, v.id
from unnest($2::uuid[], $3::text[], $4::text[]) as n (run_id, step, name)
join artifact_version v on v.project_id = $1 and v.run_id = n.run_id and v.step = n.step and v.output = n.name
where not exists (
  select from step_output s
  where s.project_id = $1 and s.run_id = n.run_id and s.step = n.step and s.output = n.name)
"""


async def link_produced(
    db: Connection, project_id: UUID, produced: Collection[tuple[UUID, str, str]]
) -> None:
    """Each (run, step, output) has the artifact versions that name it, in the order of their ids, unless an event lists them.

    The steps are locked.
    """
    if produced:
        places = _columns(list(produced))
        await db.execute(CLEAR_PRODUCED, project_id, *places)
        await db.execute(INSERT_PRODUCED, project_id, *places)


def _columns(rows: Sequence[tuple[object, ...]]) -> list[list[object]]:
    return [list(column) for column in zip(*rows, strict=True)]
