"""Runs and steps become the same by the same events, in any order and any number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from vitrine.ids import new_id
from vitrine.ingest.structs import Failure, RunBody, RunEvent, StepBody, StepEvent
from vitrine.runs.merge import MergedStep, Run, Step

RUN, PIPELINES = new_id(), {"train": new_id(), "test": new_id()}
IDS = sorted(new_id() for _ in range(12))
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
INSTANTS = st.one_of(st.none(), st.integers(0, 9).map(lambda n: BEGIN + timedelta(seconds=n)))

RUN_BODIES = st.builds(
    RunBody,
    status=st.sampled_from(["queued", "running", "completed", "failed"]),
    pipeline=st.sampled_from([None, *PIPELINES]),
    name=st.sampled_from([None, "a", "b"]),
    ended_at=INSTANTS,
)
STEP_BODIES = st.builds(
    StepBody,
    step=st.just("fit"),
    status=st.sampled_from(["queued", "running", "completed", "failed", "skipped", "cached"]),
    attempt=st.integers(1, 3),
    started_at=INSTANTS,
    ended_at=INSTANTS,
    parameters=st.sampled_from([{}, {"a": 1}, {"b": 2}]),
    cache_key=st.sampled_from([None, "0" * 64]),
    blocked_by=st.sampled_from([None, "load", "plot"]),
    cached_from_run_id=st.sampled_from([None, *IDS[:2]]),
    failure=st.sampled_from([None, Failure(type="A"), Failure(type="B")]),
)


def run_after(events: list[RunEvent]) -> bytes:
    run = Run(RUN)
    for event in events:
        run.take(event, PIPELINES[event.body.pipeline] if event.body.pipeline else None)
    return msgspec.json.encode(run)


def step_after(events: list[StepEvent]) -> object:
    merged = MergedStep(Step(RUN, "fit"))
    for event in events:
        merged.take([event])
    attempts = sorted(merged.attempts.items())
    return msgspec.to_builtins((merged.step, attempts))


def make_events(kind: type, bodies: list[object]) -> list[object]:
    return [kind(id=id, at=BEGIN, run_id=RUN, body=body) for id, body in zip(IDS, bodies, strict=False)]


@given(bodies=st.lists(RUN_BODIES, min_size=1, max_size=6), data=st.data())
def test_a_run_is_the_same_after_any_order_of_its_events(bodies: list[object], data: st.DataObject) -> None:
    events = make_events(RunEvent, bodies)
    shuffled = data.draw(st.permutations(events * 2))
    assert run_after(shuffled) == run_after(events)  # type: ignore[arg-type]


@given(bodies=st.lists(STEP_BODIES, min_size=1, max_size=6), data=st.data())
def test_a_step_is_the_same_after_any_order_of_its_events(bodies: list[object], data: st.DataObject) -> None:
    events = make_events(StepEvent, bodies)
    shuffled = data.draw(st.permutations(events * 2))
    assert step_after(shuffled) == step_after(events)  # type: ignore[arg-type]


@given(bodies=st.lists(STEP_BODIES, min_size=1, max_size=6))
def test_an_event_taken_again_changes_nothing(bodies: list[object]) -> None:
    events = make_events(StepEvent, bodies)
    merged = MergedStep(Step(RUN, "fit"))
    merged.take(events)  # type: ignore[arg-type]
    merged.accepted.clear()
    merged.is_moved = False
    merged.take(events)  # type: ignore[arg-type]
    assert merged.accepted == []
    assert not merged.is_moved


def test_a_run_is_counted_once_its_pipeline_is_known() -> None:
    run = Run(RUN)
    run.take(RunEvent(id=IDS[0], at=BEGIN, run_id=RUN, body=RunBody(status="failed")), None)
    assert run.place is None
    pipeline_id: UUID = PIPELINES["train"]
    opening = RunBody(status="running", pipeline="train")
    run.take(RunEvent(id=IDS[1], at=BEGIN, run_id=RUN, body=opening), pipeline_id)
    assert run.place == (pipeline_id, "failed")
