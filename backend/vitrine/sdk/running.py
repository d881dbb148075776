"""A pipeline's run from its body to its end: the graph first, then its steps one after the other."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from vitrine.errors import Invalid
from vitrine.ids import new_id
from vitrine.ingest.structs import Failure, RunBody, RunStatus, StepBody
from vitrine.sdk.caching import Cache, may_cache
from vitrine.sdk.context import PipelineContext, PipelineMention, RunMention, in_pipeline
from vitrine.sdk.environment import describe_code, describe_environment
from vitrine.sdk.failures import describe_failure
from vitrine.sdk.gathering import gather
from vitrine.sdk.graph import Graph, Node, building
from vitrine.sdk.model import Model, RunModel
from vitrine.sdk.recording import HEARTBEAT_S, Recorder, now
from vitrine.sdk.reporting import Reporter, open_reporter
from vitrine.sdk.run_names import name_run
from vitrine.sdk.saying import say
from vitrine.sdk.snapshots import describe_snapshot
from vitrine.sdk.stepping import StepRunner
from vitrine.sdk.ticking import Ticker
from vitrine.sdk.values import to_plain
from vitrine.sdk.workspace import Workspace

if TYPE_CHECKING:
    from vitrine.sdk.decorators import Pipeline
    from vitrine.sdk.run_views import PipelineRun


SETTLE_S = 2.0


def run_pipeline(pipeline: Pipeline[...], args: tuple[Any, ...], kwargs: dict[str, Any]) -> PipelineRun:
    """The pipeline has run, and everything about it is on its way to the server.

    Raises: what a step raises, unchanged. Invalid for a graph that can't be.
    """
    from vitrine.sdk.run_views import PipelineRun

    run = Run(pipeline, open_reporter())
    run.build(args, kwargs)
    status = run.execute()
    return PipelineRun.finished(run.id, name=run.name, status=status, connection=run.reporter.connection)


class Run:
    """One run of one pipeline, in this process."""

    def __init__(self, pipeline: Pipeline[...], reporter: Reporter) -> None:
        self.pipeline = pipeline
        self.reporter = reporter
        self.id = new_id()
        self.name = name_run(pipeline.name, given=pipeline.options.get("run_name"))
        self.recorder = Recorder(reporter, self.id)
        self.workspace = Workspace(reporter)
        self.ticker = Ticker()
        self.graph = Graph(pipeline.name)
        self.mention = RunMention(
            self.id,
            self.name,
            PipelineMention(pipeline.name, pipeline.options.get("enable_cache")),
            tuple(pipeline.tags),
        )
        self._models: dict[tuple[str, str], RunModel] = {}
        self._metadata: dict[str, Any] = {}
        self._parameters: dict[str, Any] = {}
        self._started_at: datetime | None = None
        self._snapshot_id: UUID | None = None

    def build(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """The graph is complete. Raises: whatever the pipeline's body raises; nothing is recorded then."""
        self._parameters = _bind_parameters(self.pipeline, args, kwargs)
        context = PipelineContext(
            self.mention,
            self.find_model(self.pipeline.model),
            self.pipeline.options.get("extra") or {},
            self._metadata,
        )
        with in_pipeline(context), building(self.graph):
            self.pipeline.entrypoint(*args, **kwargs)
        if not self.graph.nodes:
            raise Invalid(f"The pipeline {self.pipeline.name!r} calls no step in its body.")
        for node in self.graph.nodes.values():
            self.find_model(node.step.model)

    def execute(self) -> RunStatus:
        """Every step has run, or is accounted for. Raises: what a step raises."""
        nodes = self.graph.nodes.values()
        cached = [node for node in nodes if may_cache(node, pipeline=self.pipeline.options)]
        self.cache = Cache(self.reporter, cached, self.workspace.find_inputs)
        if cached and not self.reporter.is_away:
            self.reporter.settle(SETTLE_S)  # so that this run can take over what the last one did
        self._open()
        try:
            statuses = [self._run_step(node) for node in nodes]
        except BaseException as error:
            is_cancelled = isinstance(error, KeyboardInterrupt)
            self._close(
                "cancelled" if is_cancelled else "failed",
                failure=None if is_cancelled else describe_failure(error, step=self._failed_key),
            )
            raise
        finally:
            self.ticker.end()
            self.workspace.clear()
        status: RunStatus = "cached" if all(one == "cached" for one in statuses) else "completed"
        self._close(status)
        return status

    def find_model(self, model: Model | None) -> RunModel | None:
        """The version of the model that this run works on; the same for equal models."""
        if model is None:
            return None
        key = model.name, str(model.version)
        if key not in self._models:
            self._models[key] = RunModel(self._find_model_id(model), model)
        return self._models[key]

    def _find_model_id(self, model: Model) -> UUID:
        if not model.is_lookup:
            return model.make_id()
        from vitrine.client import Client

        return Client().get_model_version(model.name, model.version).id

    def _run_step(self, node: Node) -> str:
        self._failed_key: str | None = node.key
        runner = StepRunner(self, node)
        try:
            return runner.run()
        except BaseException as error:
            self._skip_rest(node, is_cancelled=isinstance(error, KeyboardInterrupt))
            raise

    def _skip_rest(self, failed: Node, *, is_cancelled: bool) -> None:
        """The steps that will not run say so, and which one they waited for."""
        blocked = {failed.key}
        keys = list(self.graph.nodes)
        for key in keys[keys.index(failed.key) + 1 :]:
            is_blocked = bool(blocked.intersection(self.graph.nodes[key].parents))
            if is_blocked:
                blocked.add(key)
            if is_cancelled:
                self.recorder.step(StepBody(step=key, status="cancelled"))
            else:
                self.recorder.step(
                    StepBody(step=key, status="skipped", blocked_by=failed.key if is_blocked else None)
                )

    # ── what the run says of itself ───────────────────────────────────────────────────────────────────────────
    def _open(self) -> None:
        snapshot = describe_snapshot(self.pipeline, self.graph)
        self._snapshot_id, self._started_at = snapshot.id, now()
        self.recorder.snapshot(snapshot)
        self.recorder.run(self._describe({}, {}))
        for model in self._models.values():
            if not model.model.is_lookup:
                self.recorder.model_version(model.model.describe(model.id))
        self.recorder.metadata(self._metadata)
        gather(self._say_environment)
        self.ticker.add(self.recorder.heartbeat, after_s=HEARTBEAT_S)
        connection = self.reporter.connection
        say(
            f"run {self.name}: {connection.dashboard_url}/runs/{self.id}"
            if connection.url
            else f"run {self.name}"
        )

    def _say_environment(self) -> None:
        """Said after the run has begun, since git and the list of packages take a moment."""
        self.recorder.run(self._describe(describe_environment(), describe_code()))

    def _describe(self, environment: Mapping[str, Any], code: Mapping[str, Any]) -> RunBody:
        return RunBody(
            status="running",
            pipeline=self.pipeline.name,
            name=self.name,
            snapshot_id=self._snapshot_id,
            started_at=self._started_at,
            code_version=code.get("commit"),
            code=dict(code),
            environment=dict(environment),
            parameters=self._parameters,
            configuration=self.pipeline.describe(),
            tags=self.pipeline.tags,
            model_version_ids=[model.id for model in self._models.values()],
        )

    def _close(self, status: RunStatus, *, failure: Failure | None = None) -> None:
        self.recorder.run(RunBody(status=status, ended_at=now(), failure=failure))


def _bind_parameters(
    pipeline: Pipeline[...], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> dict[str, Any]:
    """Argument → value as it is shown. Raises: TypeError as the function itself would."""
    bound = inspect.signature(pipeline.entrypoint).bind(*args, **kwargs)
    bound.apply_defaults()
    return {name: to_plain(value) for name, value in bound.arguments.items()}
