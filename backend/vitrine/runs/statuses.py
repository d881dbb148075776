"""The state of every node that a run's graph may draw: steps, artifacts, fan-outs as one node."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from vitrine.runs.dag import FanOut, StepNode
from vitrine.runs.step_queries import External, StepState
from vitrine.runs.structs import NodeStatus

GRAVEST_FIRST = ("failed", "running", "queued", "cancelled", "skipped", "completed", "cached")


def collect_statuses(
    steps: Sequence[StepNode],
    fan_outs: Sequence[FanOut],
    states: Iterable[StepState],
    externals: Iterable[External],
) -> dict[str, NodeStatus]:
    """By node id. Steps that have not begun are queued; artifacts are there once their version is."""
    known = {state.key: state for state in states}
    nodes: dict[str, NodeStatus] = {}
    for key in dict.fromkeys([*(step.key for step in steps), *known]):
        nodes[f"step:{key}"] = _status_of(known[key]) if key in known else NodeStatus("queued")
    for state in known.values():
        for output, artifact in _artifacts_of(state):
            nodes[f"artifact:{state.key}:{output}"] = artifact
    for fan_out in fan_outs:
        members = [known[key] for key in fan_out.keys if key in known]
        nodes[f"group:{fan_out.id}"] = _merge([nodes[f"step:{key}"] for key in fan_out.keys])
        for state in members:
            for output, artifact in _artifacts_of(state):
                nodes[f"artifact:group:{fan_out.id}:{output}"] = artifact
    for one in externals:
        nodes[f"artifact:external:{one.id}"] = NodeStatus(
            "completed" if one.number else "queued", artifact_version_id=one.id, version=one.number
        )
    return nodes


def _status_of(state: StepState) -> NodeStatus:
    again = state.attempt if state.attempt > 1 else None
    return NodeStatus(
        state.status,
        state.started_at,
        state.ended_at,
        state.duration_s,
        attempt=again,
        attempts=again,
        blocked_by=state.blocked_by,
        cached_from=state.cached_from,
    )


def _artifacts_of(state: StepState) -> Iterable[tuple[str, NodeStatus]]:
    made = zip(state.outputs or [], state.version_ids or [], state.numbers or [], strict=True)
    for output, version_id, number in made:
        yield output, NodeStatus(state.status, artifact_version_id=version_id, version=number)


def _merge(members: Sequence[NodeStatus]) -> NodeStatus:
    """Many as one: the gravest status, from the first start to the last end once all have ended."""
    counts = Counter(one.status for one in members)
    status = next(status for status in (*GRAVEST_FIRST, *counts) if status in counts)
    started = [one.started_at for one in members if one.started_at]
    ended = [one.ended_at for one in members if one.ended_at]
    begun, over = min(started, default=None), max(ended, default=None)
    if counts["running"] or counts["queued"]:
        over = None
    duration_s = (over - begun).total_seconds() if begun and over else None
    return NodeStatus(status, begun, over, duration_s, counts=dict(counts))
