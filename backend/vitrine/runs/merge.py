"""What a run, a step and an attempt become by an event: the same for any order and any number of the same events.

A run and an attempt have two groups of columns, opened and closed. Each remembers the event that wrote it, and only one
with a greater id writes it again. Before the close the state is `running` as soon as any event said so.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct, field

from vitrine.ingest.structs import Failure, HeartbeatEvent, Resources, RunEvent, StepEvent

UNDER_WAY = ("queued", "running")


class Run(Struct):
    """A run as it is stored, then as events change it. `opener` and `closer` are what has to be written."""

    id: UUID
    pipeline_id: UUID | None = None
    number: int | None = None
    status: str = "queued"
    open_event_id: UUID | None = None
    close_event_id: UUID | None = None
    heartbeat_at: datetime | None = None
    opener: RunEvent | None = None
    closer: RunEvent | None = None

    @property
    def place(self) -> tuple[UUID, str] | None:
        """Where it is counted; a run of which no event has said the pipeline is not."""
        return None if self.pipeline_id is None else (self.pipeline_id, self.status)

    def take(self, event: RunEvent, pipeline_id: UUID | None) -> bool:
        """Whether the event changes the run. `pipeline_id` is that of the event's pipeline."""
        is_changed = False
        if pipeline_id is not None and is_later(event.id, self.open_event_id):
            if self.pipeline_id != pipeline_id:
                self.pipeline_id, self.number = pipeline_id, None
            self.open_event_id, self.opener = event.id, event
            is_changed = True
        if event.body.status not in UNDER_WAY:
            if is_later(event.id, self.close_event_id):
                self.close_event_id, self.closer, self.status = event.id, event, event.body.status
                is_changed = True
        elif self.status == "queued" and event.body.status == "running":
            self.status = "running"
            is_changed = True
        return is_changed

    def hear(self, event: HeartbeatEvent) -> bool:
        """Whether it is the latest sign of life."""
        if self.heartbeat_at is not None and event.at <= self.heartbeat_at:
            return False
        self.heartbeat_at = event.at
        return True


class Attempt(Struct):
    """A row of step_attempt. `closes`: the close group has to be written."""

    run_id: UUID
    step: str
    attempt: int
    status: str = "queued"
    started_at: datetime | None = None
    ended_at: datetime | None = None
    open_event_id: UUID | None = None
    close_event_id: UUID | None = None
    failure: Failure | None = None
    resources: Resources | None = None
    closes: bool = False
    is_changed: bool = False

    def take(self, event: StepEvent) -> bool:
        """Whether the event changes the attempt."""
        body = event.body
        is_changed = False
        is_final = body.status not in UNDER_WAY
        if (not is_final or body.started_at is not None) and is_later(event.id, self.open_event_id):
            self.open_event_id, self.started_at = event.id, body.started_at
            is_changed = True
        if is_final:
            if is_later(event.id, self.close_event_id):
                self.close_event_id, self.status, self.ended_at = event.id, body.status, body.ended_at
                self.failure, self.resources, self.closes = body.failure, body.resources, True
                is_changed = True
        elif self.status == "queued" and body.status == "running":
            self.status = "running"
            is_changed = True
        self.is_changed = self.is_changed or is_changed
        return is_changed


class Step(Struct):
    """A row of step: its newest attempt, and what all attempts share. `says`: the shared group has to be written."""

    run_id: UUID
    key: str
    attempt: int = 1
    status: str = "queued"
    started_at: datetime | None = None
    ended_at: datetime | None = None
    cached_from_run_id: UUID | None = None
    blocked_by: str | None = None
    open_event_id: UUID | None = None
    cache_key: str | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    configuration: dict[str, Any] = field(default_factory=dict)
    says: bool = False

    def take(self, event: StepEvent) -> bool:
        """Whether the event changes what all attempts share."""
        body = event.body
        is_changed = False
        says = bool(body.parameters or body.configuration or body.cache_key)
        if says and is_later(event.id, self.open_event_id):
            self.open_event_id, self.says = event.id, True
            self.parameters, self.configuration = body.parameters, body.configuration
            self.cache_key = None if body.cache_key is None else "\\x" + body.cache_key
            is_changed = True
        # said once in the life of a step; of two that differ the greater one stays
        if body.cached_from_run_id is not None and is_later(body.cached_from_run_id, self.cached_from_run_id):
            self.cached_from_run_id = body.cached_from_run_id
            is_changed = True
        if body.blocked_by is not None and body.blocked_by > (self.blocked_by or ""):
            self.blocked_by = body.blocked_by
            is_changed = True
        return is_changed

    def show(self, attempts: Iterable[Attempt]) -> bool:
        """Whether the newest of the attempts makes a difference to the row."""
        newest = max(attempts, key=lambda one: one.attempt, default=None)
        if newest is None:  # only mentioned, by an artifact version say
            return False
        shown = newest.attempt, newest.status, newest.started_at, newest.ended_at
        if newest.attempt < self.attempt or shown == (
            self.attempt,
            self.status,
            self.started_at,
            self.ended_at,
        ):
            return False
        self.attempt, self.status, self.started_at, self.ended_at = shown
        return True


class MergedStep(Struct):
    """A step and those of its attempts that events speak of. `accepted`: the ids of the events that changed it."""

    step: Step
    attempts: dict[int, Attempt] = field(default_factory=dict)
    accepted: list[UUID] = field(default_factory=list)
    is_changed: bool = False
    is_moved: bool = False

    def take(self, events: Iterable[StepEvent]) -> None:
        step, attempts = self.step, self.attempts
        for event in events:
            number = event.body.attempt
            if (attempt := attempts.get(number)) is None:
                attempt = attempts[number] = Attempt(step.run_id, step.key, number)
            is_said, is_taken = step.take(event), attempt.take(event)
            if is_said:
                self.is_changed = True
            if is_said or is_taken:
                self.accepted.append(event.id)
        if attempts and step.show(attempts.values()):
            self.is_moved = self.is_changed = True


def is_later(id: UUID, other: UUID | None) -> bool:
    return other is None or id > other
