"""All events of a request take effect in one transaction; those that clash with what is stored are refused, wholly.

Concurrent requests never wait for each other in a circle, since all lock in this order: names, each kind in the order of
the alphabet; then the rows of pipelines, artifacts, models, runs, steps, artifact versions, model versions, of each kind
the lesser key first; then what is only inserted; last the counts, which all share.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import chain
from uuid import UUID

import asyncpg

from vitrine.artifacts import record as artifacts
from vitrine.database.lookups import Vanished
from vitrine.database.pool import Connection, Pool, connection
from vitrine.errors import Unavailable
from vitrine.ingest.decode import Batch, Decoded
from vitrine.ingest.structs import Receipt
from vitrine.ingest.tally import Tally
from vitrine.live.outbox import announce
from vitrine.metadata import record as metadata
from vitrine.metadata.record import Logged
from vitrine.models import record as models
from vitrine.pipelines import record as pipelines
from vitrine.runs import log_record as logs
from vitrine.runs import record as runs
from vitrine.runs import step_record as steps
from vitrine.tags import record as tags
from vitrine.tags.record import Tagged

logger = logging.getLogger(__name__)
TRIES = 5
# Another request made or deleted the same thing at the same moment: the second look sees what it did.
_ONCE_MORE = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.UniqueViolationError,
    asyncpg.ForeignKeyViolationError,
    Vanished,
)


async def apply_events(pool: Pool, project_id: UUID, decoded: Decoded, *, user_id: UUID) -> Receipt:
    """The events have taken effect, committed. Raises: Unavailable, StoreFull when nothing was taken."""
    batch = decoded.batch
    rejected = list(decoded.rejected)
    tries_left = TRIES
    async with connection(pool) as db:
        while True:
            work = _Work(db, project_id, batch, user_id)
            try:
                async with db.transaction():
                    await work.run()
                break
            except _Refused:
                rejected += work.tally.rejected
                batch = batch.without(work.tally.refused)
            except _ONCE_MORE as error:
                logger.info("An ingest is done once more: %s", repr(error))
                tries_left -= 1
                if tries_left == 0:
                    raise Unavailable("Other requests wrote the same things at once: try again.") from error
    accepted = len(work.tally.accepted)
    return Receipt(accepted, batch.size + decoded.repeated - accepted, rejected)


class _Refused(Exception):
    """Some events clash with what is stored: everything is undone and done again without them."""


class _Work:
    """One transaction."""

    def __init__(self, db: Connection, project_id: UUID, batch: Batch, user_id: UUID) -> None:
        self.tally = Tally()
        self._at = db, project_id
        self._batch = batch
        self._user_id = user_id
        self._produced = set(_list_produced(batch))
        self._tagged = list(_list_tagged(batch))
        self._logged = list(_list_logged(batch))

    async def run(self) -> None:
        """Raises: _Refused."""
        await self._identify()
        await self._record_snapshots()
        await self._record_runs()
        await steps.record_steps(
            *self._at, self._batch.step, mentioned={place[:2] for place in self._produced}, tally=self.tally
        )
        await self._record_versions()
        if self.tally.refused:
            raise _Refused
        await self._link()
        await logs.record_logs(*self._at, self._batch.log, self.tally)
        await self._record_metadata()
        await runs.count_runs(*self._at, self.tally.counts)
        await announce(*self._at, self.tally.announcements())

    async def _identify(self) -> None:
        """Everything spoken of by name has an id; pipelines, artifacts and models are locked."""
        batch = self._batch
        pipeline_names = {event.body.pipeline for event in batch.snapshot}
        pipeline_names |= {event.body.pipeline for event in batch.run if event.body.pipeline is not None}
        self.pipeline_ids = await pipelines.identify_pipelines(*self._at, pipeline_names)
        self.artifact_ids = await artifacts.identify_artifacts(
            *self._at, {event.body.artifact for event in batch.artifact_version}
        )
        self.model_ids = await models.identify_models(
            *self._at, {event.body.model for event in batch.model_version}
        )
        self.tag_ids = await tags.identify_tags(*self._at, {name for *_, name in self._tagged})
        self.key_ids = await metadata.identify_keys(
            *self._at, {value.key for values in batch.values.values() for value in values}
        )
        await pipelines.lock_pipelines(*self._at, self.pipeline_ids.values())
        self.last_artifact_numbers = await artifacts.lock_artifacts(*self._at, self.artifact_ids.values())
        self.last_model_numbers = await models.lock_models(*self._at, self.model_ids.values())

    async def _record_snapshots(self) -> None:
        await pipelines.record_snapshots(*self._at, self._batch.snapshot, self.pipeline_ids, self.tally)

    async def _record_runs(self) -> None:
        """All runs have rows; those that change are locked, and as the events say."""
        batch = self._batch
        changing = {event.run_id for event in chain(batch.run, batch.heartbeat)}
        changing |= {one.target_id for one in self._logged if one.target == "run"}
        named = {event.run_id for event in chain(batch.step, batch.artifact_version, batch.model_version)}
        named |= {event.run_id for event, _ in batch.log}
        await runs.mention_runs(*self._at, {id for id in changing | named if id is not None})
        locked = await runs.lock_runs(*self._at, {id for id in changing if id is not None})
        await runs.record_runs(
            *self._at,
            events=batch.run,
            heartbeats=batch.heartbeat,
            user_id=self._user_id,
            pipeline_ids=self.pipeline_ids,
            runs=locked,
            tally=self.tally,
        )

    async def _record_versions(self) -> None:
        """All artifact and model versions have rows, locked; those that arrive are described."""
        batch = self._batch
        targets = [(one.target, one.target_id) for one in self._logged]
        artifact_version_ids = {event.body.id for event in batch.artifact_version}
        artifact_version_ids |= {id for target, id in targets if target == "artifact_version"}
        artifact_version_ids |= {
            link.artifact_version_id for event in batch.model_version for link in event.body.artifacts
        }
        model_version_ids = {event.body.id for event in batch.model_version}
        model_version_ids |= {id for target, id in targets if target == "model_version"}
        await artifacts.record_versions(
            *self._at,
            batch.artifact_version,
            user_id=self._user_id,
            artifact_ids=self.artifact_ids,
            last_numbers=self.last_artifact_numbers,
            known=await artifacts.mention_versions(*self._at, artifact_version_ids),
            tally=self.tally,
        )
        await models.record_versions(
            *self._at,
            batch.model_version,
            user_id=self._user_id,
            model_ids=self.model_ids,
            last_numbers=self.last_model_numbers,
            versions=await models.mention_versions(*self._at, model_version_ids),
            tally=self.tally,
        )

    async def _link(self) -> None:
        """What belongs together is joined: outputs, visualizations, the artifacts and runs of models, tags."""
        batch, tally = self._batch, self.tally
        await artifacts.record_visualizations(*self._at, batch.artifact_version, tally)
        await steps.link_produced(*self._at, self._produced)
        await models.link_artifacts(*self._at, batch.model_version, tally)
        links = [(event.id, event.run_id, id) for event in batch.run for id in event.body.model_version_ids]
        links += [(event.id, event.run_id, event.body.id) for event in batch.model_version if event.run_id]
        new = await runs.link_models(*self._at, {(run_id, id) for _, run_id, id in links if run_id})
        tally.accepted.update(event_id for event_id, run_id, id in links if (run_id, id) in new)
        await self._add_tags("run")
        await self._add_tags("artifact_version")
        await self._add_tags("model_version")

    async def _add_tags(self, kind: Tagged) -> None:
        tagged = [
            (event_id, (thing_id, self.tag_ids[name]))
            for of, event_id, thing_id, name in self._tagged
            if of == kind
        ]
        added = await tags.add_tags(*self._at, kind, {pair for _, pair in tagged})
        self.tally.accepted.update(event_id for event_id, pair in tagged if pair in added)

    async def _record_metadata(self) -> None:
        logged = self._logged
        if not logged:
            return
        self.tally.accepted |= await metadata.record_history(*self._at, logged, self.key_ids)
        run_patches = await metadata.record_values(*self._at, "run", logged, self.key_ids)
        await runs.show_metadata(*self._at, run_patches)
        for patch in run_patches:
            self.tally.announce("metadata", patch.target_id, patch.step, step=patch.step)
        artifact_patches = await metadata.record_values(*self._at, "artifact_version", logged, self.key_ids)
        await artifacts.show_metadata(*self._at, artifact_patches)
        for patch in artifact_patches:
            self.tally.announce(
                "metadata", part=f"artifact {patch.target_id}", artifact_version_id=patch.target_id
            )
        model_patches = await metadata.record_values(*self._at, "model_version", logged, self.key_ids)
        await models.show_metadata(*self._at, model_patches)
        for patch in model_patches:
            self.tally.announce("metadata", part=f"model {patch.target_id}", model_version_id=patch.target_id)


# ── what the events of a batch speak of ───────────────────────────────────────────────────────────
def _list_produced(batch: Batch) -> Iterator[tuple[UUID, str, str]]:
    """The (run, step, output) that artifact versions say they are."""
    for event in batch.artifact_version:
        body = event.body
        if event.run_id is not None and body.step is not None and body.output is not None:
            yield event.run_id, body.step, body.output


def _list_tagged(batch: Batch) -> Iterator[tuple[Tagged, UUID, UUID, str]]:
    """Kind of thing, event, thing, name of the tag."""
    for run in batch.run:
        for name in run.body.tags:
            assert run.run_id is not None
            yield "run", run.id, run.run_id, name
    for artifact in batch.artifact_version:
        for name in artifact.body.tags:
            yield "artifact_version", artifact.id, artifact.body.id, name
    for model in batch.model_version:
        for name in model.body.tags:
            yield "model_version", model.id, model.body.id, name


def _list_logged(batch: Batch) -> Iterator[Logged]:
    """Every value of every event, with what it belongs to."""
    for event in batch.metadata:
        place = metadata.name_target(event)
        for value in batch.values[event.id]:
            yield Logged(*place, event.id, event.at, value)
    for artifact in batch.artifact_version:
        for value in batch.values[artifact.id]:
            yield Logged("artifact_version", artifact.body.id, "", artifact.id, artifact.at, value)
    for model in batch.model_version:
        for value in batch.values[model.id]:
            yield Logged("model_version", model.body.id, "", model.id, model.at, value)
