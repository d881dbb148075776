"""The graph that a pipeline's body makes: calling a step there adds a node and gives handles of what it will write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vitrine.errors import Invalid
from vitrine.sdk.artifact_names import check_name
from vitrine.sdk.external import ExternalArtifact
from vitrine.sdk.signature import Output
from vitrine.sdk.values import is_parameter

if TYPE_CHECKING:
    from vitrine.sdk.decorators import Step

_building: ContextVar[Graph | None] = ContextVar("vitrine_graph", default=None)


@dataclass(frozen=True)
class StepHandle:
    """A step in the graph, good for `after=`."""

    key: str


@dataclass(frozen=True)
class StepOutput(StepHandle):
    """What a step will write, good as the argument of another step."""

    output: str

    def __iter__(self) -> Iterator[Any]:
        raise TypeError(
            f"The step {self.key!r} has one output, {self.output!r}, which can't be unpacked in a pipeline's body: steps have "
            f"not run yet. For several outputs annotate the step: -> tuple[Annotated[int, 'a'], Annotated[int, 'b']]."
        )

    def __bool__(self) -> bool:
        raise TypeError(
            f"The output {self.output!r} of {self.key!r} has no value in a pipeline's body: steps have not run yet."
        )


class StepOutputs(tuple[StepOutput, ...]):
    """The outputs of one step in order: to unpack, or to index by position or name."""

    __slots__ = ()

    def __getitem__(self, item: Any) -> Any:
        if not isinstance(item, str):
            return super().__getitem__(item)
        for output in self:
            if output.output == item:
                return output
        raise KeyError(
            f"{item!r} is no output of {self[0].key!r}; it has {', '.join(output.output for output in self)}."
        )

    @property
    def key(self) -> str:
        return str(self[0].key)


@dataclass
class Node:
    """A step of the graph. An input is a list of what steps write, of external artifacts and of versions found earlier."""

    key: str
    step: Step[..., Any]
    outputs: tuple[Output, ...]
    parameters: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, list[Any]] = field(default_factory=dict)
    lists: set[str] = field(default_factory=set)
    parents: list[str] = field(default_factory=list)


class Graph:
    """Nodes in the order of the calls, which is an order in which they can run."""

    def __init__(self, pipeline: str) -> None:
        check_name(pipeline, "The pipeline")
        self.pipeline = pipeline
        self.nodes: dict[str, Node] = {}
        self._calls: dict[str, int] = {}

    def add(
        self,
        step: Step[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        *,
        id: str | None,
        after: Any,
    ) -> Any:
        """A handle of the step, of its one output, or of each of several."""
        node = Node(self._take_key(step.name, id), step, step.outputs)
        check_name(node.key, "A step's id")
        for output in node.outputs:
            check_name(output.artifact, f"An output of {node.key!r}")
        for name, value in _bind(step, args, kwargs).items():
            self._take_argument(node, name, value)
        for key in self._read_after(node.key, after):
            _add_parent(node, key)
        self.nodes[node.key] = node
        handles = [StepOutput(node.key, output.name) for output in node.outputs]
        if not handles:
            return StepHandle(node.key)
        return handles[0] if len(handles) == 1 else StepOutputs(handles)

    def find_groups(self) -> dict[str, str]:
        """Key → group of the steps that were called repeatedly: the step's name."""
        names = [node.step.name for node in self.nodes.values()]
        repeated = {name for name in set(names) if names.count(name) > 1}
        return {node.key: node.step.name for node in self.nodes.values() if node.step.name in repeated}

    def _take_key(self, name: str, given: str | None) -> str:
        if given is not None:
            if given in self.nodes:
                raise Invalid(f"Two steps of the pipeline {self.pipeline!r} have the id {given!r}.")
            return given
        while True:
            count = self._calls[name] = self._calls.get(name, 0) + 1
            key = name if count == 1 else f"{name}_{count}"
            if key not in self.nodes:
                return key

    def _take_argument(self, node: Node, name: str, value: Any) -> None:
        if _is_input(value):
            self._take_input(node, name, [value])
        elif isinstance(value, list | tuple) and any(map(_is_input, value)):
            if not all(map(_is_input, value)):
                raise Invalid(
                    f"{node.key}({name}=…) mixes outputs of steps with constants; give them as two arguments."
                )
            node.lists.add(name)
            self._take_input(node, name, list(value))
        elif is_parameter(value):
            node.parameters[name] = value
        else:
            raise Invalid(
                f"{node.key}({name}=…) is a {type(value).__name__}, and constants in a pipeline's body must be JSON. "
                f"Return it from a step, or pass ExternalArtifact(value=…)."
            )

    def _take_input(self, node: Node, name: str, sources: list[Any]) -> None:
        for source in sources:
            if isinstance(source, StepHandle):
                if not isinstance(source, StepOutput):
                    raise Invalid(
                        f"{node.key}({name}=…) takes an output of {source.key!r}, which has none; use after=[…] for order alone."
                    )
                if source.key not in self.nodes:
                    raise Invalid(f"{node.key}({name}=…) takes an output of another pipeline's body.")
                _add_parent(node, source.key)
        node.inputs[name] = sources

    def _read_after(self, key: str, after: Any) -> Iterator[str]:
        if after is None:
            return
        if isinstance(after, str | StepHandle | StepOutputs):
            after = [after]
        for one in after:
            name = one if isinstance(one, str) else one.key
            if name not in self.nodes:
                raise Invalid(
                    f"{key!r} is to run after {name!r}, but no step before it has that key. There are: {', '.join(self.nodes) or 'none'}."
                )
            yield name


def _bind(step: Step[..., Any], args: Sequence[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Argument → value, with defaults. Raises: TypeError as the function itself would."""
    signature = step.signature
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"{step.name}(): {error}") from None
    flat: dict[str, Any] = {}
    for name, parameter in signature.parameters.items():
        if name not in bound.arguments:
            if parameter.default is not parameter.empty and is_parameter(parameter.default):
                flat[name] = parameter.default  # other defaults are part of the code
        elif parameter.kind is parameter.VAR_KEYWORD:
            flat.update(bound.arguments[name])
        else:
            flat[name] = bound.arguments[name]
    return flat


def _add_parent(node: Node, key: str) -> None:
    if key not in node.parents:
        node.parents.append(key)


def _is_input(value: Any) -> bool:
    if isinstance(value, StepOutputs):
        raise Invalid(
            f"The step {value.key!r} has several outputs; pass one of them: {', '.join(one.output for one in value)}."
        )
    return (
        isinstance(value, StepHandle | ExternalArtifact)
        or getattr(value, "is_artifact_version", False) is True
    )


@contextmanager
def building(graph: Graph) -> Iterator[Graph]:
    """Inside, steps that are called become nodes of the graph."""
    token = _building.set(graph)
    try:
        yield graph
    finally:
        _building.reset(token)


def find_graph() -> Graph | None:
    """The graph that is being built, if one is."""
    return _building.get()
