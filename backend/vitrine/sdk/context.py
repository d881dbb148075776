"""Where the running code is: which pipeline, run and step, and which model they work on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from vitrine.errors import NoContext
from vitrine.sdk.model import RunModel
from vitrine.sdk.signature import Output
from vitrine.sdk.values import plain_metadata

if TYPE_CHECKING:
    from vitrine.sdk.recording import Recorder


@dataclass(frozen=True)
class PipelineMention:
    name: str
    enable_cache: bool | None = None


@dataclass(frozen=True)
class RunMention:
    id: UUID
    name: str
    pipeline: PipelineMention
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class StepMention:
    name: str
    attempt: int
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class StepContext:
    """Of the step that runs. What is added to an output goes with the artifact version that the step writes."""

    pipeline_run: RunMention
    step_run: StepMention
    model: RunModel | None
    outputs: tuple[Output, ...]
    recorder: Recorder
    output_metadata: dict[str, dict[str, Any]] = field(default_factory=dict)
    output_tags: dict[str, list[str]] = field(default_factory=dict)

    @property
    def pipeline(self) -> PipelineMention:
        return self.pipeline_run.pipeline

    @property
    def step_name(self) -> str:
        return self.step_run.name

    def add_output_metadata(self, metadata: Mapping[str, Any], output_name: str | None = None) -> None:
        """Raises: NoContext when the step has no such output, or several and none is named."""
        self.output_metadata.setdefault(self.find_output(output_name), {}).update(plain_metadata(metadata))

    def add_output_tags(self, tags: list[str], output_name: str | None = None) -> None:
        self.output_tags.setdefault(self.find_output(output_name), []).extend(tags)

    def find_output(self, name: str | None) -> str:
        """The output's name, given it or its artifact's. Raises: NoContext."""
        if name is None and len(self.outputs) == 1:
            return self.outputs[0].name
        for output in self.outputs:
            if name is not None and name in (output.name, output.artifact):
                return output.name
        names = ", ".join(output.name for output in self.outputs) or "none"
        raise NoContext(f"The step {self.step_name!r} has no output {name!r}; it has: {names}.")


@dataclass(frozen=True)
class PipelineContext:
    """Of the pipeline whose body runs."""

    run: RunMention
    model: RunModel | None
    extra: Mapping[str, Any] = field(default_factory=dict)
    pending_metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.run.pipeline.name

    @property
    def run_name(self) -> str:
        return self.run.name

    @property
    def enable_cache(self) -> bool | None:
        return self.run.pipeline.enable_cache


_step: ContextVar[StepContext | None] = ContextVar("vitrine_step", default=None)
_pipeline: ContextVar[PipelineContext | None] = ContextVar("vitrine_pipeline", default=None)
_running: list[StepContext] = []  # threads that a step starts begin with an empty context


_is_direct: ContextVar[bool] = ContextVar("vitrine_is_direct", default=False)


@contextmanager
def called_directly() -> Iterator[None]:
    """Inside runs a step's function that was called outside a pipeline, as a test does: what it logs goes nowhere."""
    token = _is_direct.set(True)
    try:
        yield
    finally:
        _is_direct.reset(token)


def is_called_directly() -> bool:
    return _is_direct.get() and find_step_context() is None


def find_step_context() -> StepContext | None:
    return _step.get() or (_running[0] if len(_running) == 1 else None)


def find_pipeline_context() -> PipelineContext | None:
    return _pipeline.get()


def get_step_context() -> StepContext:
    """Raises: NoContext outside a running step."""
    if found := find_step_context():
        return found
    raise NoContext("get_step_context() works inside a step while its pipeline runs it.")


def get_pipeline_context() -> PipelineContext:
    """Raises: NoContext outside a pipeline's body."""
    if found := find_pipeline_context():
        return found
    raise NoContext(
        "get_pipeline_context() works inside a pipeline's body; inside a step use get_step_context()."
    )


@contextmanager
def in_step(context: StepContext) -> Iterator[StepContext]:
    token = _step.set(context)
    _running.append(context)
    try:
        yield context
    finally:
        _running.remove(context)
        _step.reset(token)


@contextmanager
def in_pipeline(context: PipelineContext) -> Iterator[PipelineContext]:
    token = _pipeline.set(context)
    try:
        yield context
    finally:
        _pipeline.reset(token)
