"""`@step` and `@pipeline`: functions that can be called as before, and be recorded."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

from vitrine.sdk.context import called_directly
from vitrine.sdk.graph import find_graph
from vitrine.sdk.model import Model
from vitrine.sdk.retries import StepRetryConfig
from vitrine.sdk.signature import Output, find_place, read_outputs, read_source

if TYPE_CHECKING:
    from vitrine.materializers.base_materializer import BaseMaterializer
    from vitrine.sdk.run_views import PipelineRun

P = ParamSpec("P")
R = TypeVar("R")

OPTIONS = {
    "name",
    "enable_cache",
    "tags",
    "model",
    "retry",
    "enable_artifact_metadata",
    "enable_artifact_visualization",
    "enable_step_logs",
    "settings",
    "extra",
    "on_failure",
    "on_success",
}
STEP_OPTIONS = OPTIONS | {"output_materializers", "experiment_tracker", "step_operator"}
PIPELINE_OPTIONS = OPTIONS | {"run_name"}
RECORDED = ("tags", "experiment_tracker", "step_operator", "settings", "extra")


class Step(Generic[P, R]):
    """A function as a step. In a pipeline's body a call adds a node to the graph; anywhere else it runs the function."""

    def __init__(self, entrypoint: Callable[P, R], options: Mapping[str, Any]) -> None:
        self.entrypoint = entrypoint
        self.options = _check(options, STEP_OPTIONS, "step")
        self.name: str = self.options.get("name") or entrypoint.__name__
        functools.update_wrapper(self, entrypoint)

    @functools.cached_property
    def outputs(self) -> tuple[Output, ...]:
        return read_outputs(self.entrypoint)

    @functools.cached_property
    def source(self) -> str:
        return read_source(self.entrypoint)

    @functools.cached_property
    def signature(self) -> inspect.Signature:
        return inspect.signature(self.entrypoint)

    @functools.cached_property
    def place(self) -> tuple[str, int]:
        """Path and first line."""
        return find_place(self.entrypoint)

    @property
    def model(self) -> Model | None:
        return self.options.get("model")

    @property
    def retry(self) -> StepRetryConfig | None:
        return self.options.get("retry")

    def find_materializer(self, output: str) -> type[BaseMaterializer] | None:
        """The one that the decorator names for this output."""
        given = self.options.get("output_materializers")
        return given.get(output) if isinstance(given, Mapping) else given

    def describe(self) -> dict[str, Any]:
        """What the decorator says, as configuration."""
        return _describe(self.options)

    def with_options(self, **options: Any) -> Step[P, R]:
        """The same step with other options; this one stays as it is."""
        return Step(self.entrypoint, {**self.options, **options})

    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    def __call__(self, *args: Any, id: str, after: Any = None, **kwargs: Any) -> R: ...
    @overload
    def __call__(self, *args: Any, after: Any, id: str | None = None, **kwargs: Any) -> R: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        graph = find_graph()
        if graph is None:
            with called_directly():
                return self.entrypoint(*args, **kwargs)
        own = self.signature.parameters
        id = None if "id" in own else kwargs.pop("id", None)
        after = None if "after" in own else kwargs.pop("after", None)
        return graph.add(self, args, kwargs, id=id, after=after)


class Pipeline(Generic[P]):
    """A function that calls steps. Called, it builds the graph and runs it; the run comes back."""

    def __init__(self, entrypoint: Callable[P, Any], options: Mapping[str, Any]) -> None:
        self.entrypoint = entrypoint
        self.options = self.declared = _check(options, PIPELINE_OPTIONS, "pipeline")
        self.name: str = self.options.get("name") or entrypoint.__name__
        functools.update_wrapper(self, entrypoint)

    @functools.cached_property
    def source(self) -> str:
        return read_source(self.entrypoint)

    @property
    def model(self) -> Model | None:
        return self.options.get("model")

    @property
    def tags(self) -> list[str]:
        return list(self.options.get("tags") or [])

    def describe(self) -> dict[str, Any]:
        """What holds for a run, as configuration."""
        return _describe(self.options)

    def describe_declared(self) -> dict[str, Any]:
        """What the decorator says: the same for runs with other options."""
        return _describe(self.declared)

    def with_options(self, **options: Any) -> Pipeline[P]:
        """The same pipeline with other options; tags are added, this one stays as it is."""
        if "tags" in options:
            options["tags"] = [*self.tags, *(tag for tag in options["tags"] if tag not in self.tags)]
        changed = copy.copy(self)
        changed.options = _check({**self.options, **options}, PIPELINE_OPTIONS, "pipeline")
        return changed

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> PipelineRun:
        """Raises: what a step raises, unchanged."""
        if find_graph() is not None:
            return self.entrypoint(*args, **kwargs)  # type: ignore[no-any-return]  # inside another pipeline its steps join that one's
        from vitrine.sdk.running import run_pipeline

        return run_pipeline(self, args, kwargs)


def _check(options: Mapping[str, Any], known: set[str], what: str) -> dict[str, Any]:
    """The options that are set. Raises: TypeError for one that does not exist."""
    if unknown := sorted(set(options) - known):
        raise TypeError(
            f"@{what} has no option {', '.join(map(repr, unknown))}. It has: {', '.join(sorted(known))}."
        )
    return {key: value for key, value in options.items() if value is not None}


def _describe(options: Mapping[str, Any]) -> dict[str, Any]:
    from vitrine.sdk.values import to_plain

    found = {key: to_plain(options[key]) for key in RECORDED if options.get(key)}
    switches = {key: value for key, value in options.items() if key.startswith("enable_")}
    return {**switches, **found}


@overload
def step(function: Callable[P, R], /) -> Step[P, R]: ...
@overload
def step(
    *,
    name: str | None = None,
    enable_cache: bool | None = None,
    tags: Sequence[str] | None = None,
    model: Model | None = None,
    retry: StepRetryConfig | None = None,
    output_materializers: Any = None,
    enable_artifact_metadata: bool | None = None,
    enable_artifact_visualization: bool | None = None,
    enable_step_logs: bool | None = None,
    experiment_tracker: str | bool | None = None,
    step_operator: str | bool | None = None,
    settings: Mapping[str, Any] | None = None,
    extra: Mapping[str, Any] | None = None,
    on_failure: Callable[..., Any] | None = None,
    on_success: Callable[..., Any] | None = None,
) -> Callable[[Callable[P, R]], Step[P, R]]: ...
def step(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """The function is a step: `@step` or `@step(enable_cache=False, …)`."""
    if function is not None:
        return Step(function, options)
    return lambda given: Step(given, options)


@overload
def pipeline(function: Callable[P, Any], /) -> Pipeline[P]: ...
@overload
def pipeline(
    *,
    name: str | None = None,
    enable_cache: bool | None = None,
    tags: Sequence[str] | None = None,
    model: Model | None = None,
    retry: StepRetryConfig | None = None,
    enable_artifact_metadata: bool | None = None,
    enable_artifact_visualization: bool | None = None,
    enable_step_logs: bool | None = None,
    settings: Mapping[str, Any] | None = None,
    extra: Mapping[str, Any] | None = None,
    on_failure: Callable[..., Any] | None = None,
    on_success: Callable[..., Any] | None = None,
) -> Callable[[Callable[P, Any]], Pipeline[P]]: ...
def pipeline(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """The function is a pipeline: `@pipeline` or `@pipeline(tags=["nightly"], …)`."""
    if function is not None:
        return Pipeline(function, options)
    return lambda given: Pipeline(given, options)
