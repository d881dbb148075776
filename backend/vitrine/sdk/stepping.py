"""One step of a run: taken over from an earlier run, or run, watched and recorded."""

from __future__ import annotations

import inspect
import time
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from vitrine.errors import Invalid
from vitrine.ingest.structs import Resources, StepBody
from vitrine.runs.cache_structs import CachedStep
from vitrine.sdk.artifact_names import name_artifact
from vitrine.sdk.caching import take_over
from vitrine.sdk.context import StepContext, StepMention, in_step
from vitrine.sdk.external import ExternalArtifact
from vitrine.sdk.failures import describe_failure
from vitrine.sdk.graph import Node, StepOutput
from vitrine.sdk.recording import now
from vitrine.sdk.retries import StepRetryConfig
from vitrine.sdk.saying import say
from vitrine.sdk.signature import Output
from vitrine.sdk.storing import StoredVersion, Storing, store
from vitrine.sdk.values import to_plain
from vitrine.sdk.watching import Watch

if TYPE_CHECKING:
    from vitrine.sdk.running import Run

NO_RETRY = StepRetryConfig(max_retries=0)


class StepRunner:
    """Runs one node of a run's graph."""

    def __init__(self, run: Run, node: Node) -> None:
        self.run_ = run
        self.node = node
        self.recorder = run.recorder
        self.model = run.find_model(node.step.model or run.pipeline.model)
        self.parameters = to_plain(node.parameters)
        self.inputs: dict[str, list[StoredVersion]] = {}
        self.cache_key: str | None = None

    def run(self) -> str:
        """The step's final status, `completed` or `cached`; its outputs are in the workspace. Raises: what the step raises."""
        self.inputs = {
            name: [self._find_version(name, source) for source in sources]
            for name, sources in self.node.inputs.items()
        }
        self.cache_key, found = self.run_.cache.find(self.node)
        if found:
            self._take_over(found)
            return "cached"
        retry = self.node.step.retry or self.run_.pipeline.options.get("retry") or NO_RETRY
        for attempt in range(1, retry.max_retries + 1):
            try:
                return self._attempt(attempt)
            except Exception as error:
                pause_s = retry.pause_s(attempt)
                say(
                    f"{self.node.key} failed ({type(error).__name__}: {error}); attempt {attempt + 1} of {retry.max_retries + 1} follows in {pause_s:g} s."
                )
                time.sleep(pause_s)
        return self._attempt(retry.max_retries + 1)

    # ── taking over ───────────────────────────────────────────────────────────────────────────────────────────

    def _take_over(self, found: CachedStep) -> None:
        versions = {output.output: take_over(output) for output in found.outputs}
        for name, version in versions.items():
            self.run_.workspace.add(self.node.key, name, version)
        at = now()
        body = self._describe(1, at)
        body.status, body.ended_at, body.cached_from_run_id = "cached", at, found.run_id
        body.outputs = {name: [version.id] for name, version in versions.items()}
        self.recorder.step(body)
        self.recorder.metadata(found.metadata, step=self.node.key)
        if self.model:
            self.recorder.link_to_model(self.model, list(versions.values()))

    # ── running ───────────────────────────────────────────────────────────────────────────────────────────────
    def _attempt(self, attempt: int) -> str:
        """Raises: what the step raises, once it is recorded."""
        self.recorder.step(self._describe(attempt, now()))
        watch = Watch(
            self.recorder,
            self.run_.ticker,
            self.node.key,
            attempt,
            has_logs=self._is_enabled("enable_step_logs"),
        )
        try:
            with watch, in_step(self._make_context(attempt)) as context:
                outputs = self._store(self._call(), context)
        except BaseException as error:
            self._close_failed(attempt, error, watch.resources)
            self._call_hook("on_failure", error)
            raise
        body = StepBody(step=self.node.key, status="completed", attempt=attempt)
        body.ended_at, body.outputs, body.resources = watch.ended_at, outputs, watch.resources
        self.recorder.step(body)
        self._call_hook("on_success", None)
        return "completed"

    def _make_context(self, attempt: int) -> StepContext:
        mention = StepMention(self.node.key, attempt, self.parameters)
        return StepContext(self.run_.mention, mention, self.model, self.node.outputs, self.recorder)

    def _describe(self, attempt: int, started_at: datetime) -> StepBody:
        """The step as it begins."""
        return StepBody(
            step=self.node.key,
            status="running",
            attempt=attempt,
            started_at=started_at,
            parameters=self.parameters,
            configuration=self.node.step.describe(),
            cache_key=self.cache_key,
            inputs={name: [version.id for version in versions] for name, versions in self.inputs.items()},
        )

    def _close_failed(self, attempt: int, error: BaseException, resources: Resources | None) -> None:
        body = StepBody(
            step=self.node.key, status="cancelled", attempt=attempt, ended_at=now(), resources=resources
        )
        if not isinstance(error, KeyboardInterrupt):
            body.status, body.failure = "failed", describe_failure(error, step=self.node.key)
        self.recorder.step(body)

    def _call_hook(self, name: str, error: BaseException | None) -> None:
        """A hook that fails says so, and is no reason to fail."""
        hook = self.node.step.options.get(name) or self.run_.pipeline.options.get(name)
        if hook is None:
            return
        try:
            hook(error) if error is not None and inspect.signature(hook).parameters else hook()
        except Exception as nested:
            say(f"the hook {name} of {self.node.key} failed: {type(nested).__name__}: {nested}")

    def _is_enabled(self, option: str) -> bool:
        """The step's own word, else the pipeline's, else yes."""
        return bool(self.node.step.options.get(option, self.run_.pipeline.options.get(option, True)))

    def _call(self) -> Any:
        """What the function returns for its inputs, loaded anew, and its parameters."""
        loaded: dict[str, Any] = {}
        for name, versions in self.inputs.items():
            values = [self.run_.workspace.load(version) for version in versions]
            loaded[name] = values if name in self.node.lists else values[0]
        bound = _arrange(self.node.step.signature, {**self.node.parameters, **loaded})
        return self.node.step.entrypoint(*bound.args, **bound.kwargs)

    # ── inputs and outputs ────────────────────────────────────────────────────────────────────────────────────
    def _find_version(self, name: str, source: Any) -> StoredVersion:
        if isinstance(source, StepOutput):
            return self.run_.workspace.get(source.key, source.output)
        if not isinstance(source, ExternalArtifact):
            return source.as_stored()  # type: ignore[no-any-return]  # an artifact version that the client found
        how = Storing(
            artifact=f"external_{self.node.key}_{name}",
            materializer=source.materializer,
            has_metadata=source.store_artifact_metadata,
            has_visualizations=source.store_artifact_visualizations,
        )
        version, body = store(self.run_.reporter, source.value, how)
        self.recorder.artifact_version(body)
        self.run_.workspace.keep_folder(version)
        return version

    def _store(self, returned: Any, context: StepContext) -> dict[str, list[UUID]]:
        """Output → version ids. Raises: Invalid when the function returned another number of values than it announces."""
        stored: list[StoredVersion] = []
        for output, value in zip(self.node.outputs, self._split(returned), strict=True):
            version, body = store(self.run_.reporter, value, self._how(output, context))
            self.recorder.artifact_version(body)
            self.run_.workspace.add(self.node.key, output.name, version)
            stored.append(version)
        if self.model:
            self.recorder.link_to_model(self.model, stored)
        return {output.name: [version.id] for output, version in zip(self.node.outputs, stored, strict=True)}

    def _split(self, returned: Any) -> tuple[Any, ...]:
        outputs = self.node.outputs
        if len(outputs) <= 1:
            return (returned,) if outputs else ()
        if not isinstance(returned, tuple | list) or len(returned) != len(outputs):
            count = len(returned) if isinstance(returned, tuple | list) else 1
            names = ", ".join(output.name for output in outputs)
            raise Invalid(
                f"The step {self.node.key!r} announces {len(outputs)} outputs ({names}) and returned {count} value(s)."
            )
        return tuple(returned)

    def _how(self, output: Output, context: StepContext) -> Storing:
        added: Mapping[str, Any] = context.output_metadata.get(output.name, {})
        return Storing(
            artifact=name_artifact(
                self.run_.pipeline.name, self.node.key, output.name, given=output.artifact
            ),
            version=output.config.version,
            artifact_type=output.config.artifact_type,
            step=self.node.key,
            output=output.name,
            annotation=output.annotation,
            materializer=self.node.step.find_materializer(output.name),
            metadata={**to_plain(output.config.run_metadata), **added},
            tags=[*output.config.tags, *context.output_tags.get(output.name, [])],
            has_metadata=self._is_enabled("enable_artifact_metadata"),
            has_visualizations=self._is_enabled("enable_artifact_visualization"),
        )


def _arrange(signature: inspect.Signature, values: Mapping[str, Any]) -> inspect.BoundArguments:
    """The values as the function's arguments; those without a parameter of their name go into its `**`."""
    arguments: dict[str, Any] = {}
    rest = dict(values)
    for name, parameter in signature.parameters.items():
        if name in rest:
            arguments[name] = rest.pop(name)
        elif parameter.kind is parameter.VAR_KEYWORD:
            arguments[name] = {}
    for name, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            arguments[name] = rest
    return inspect.BoundArguments(signature, arguments)  # type: ignore[arg-type]
