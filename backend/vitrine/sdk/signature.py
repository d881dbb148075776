"""What a step takes and gives, read from its function: names and annotations."""

from __future__ import annotations

import ast
import builtins
import inspect
import textwrap
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, get_args, get_origin

from vitrine.sdk.artifact_names import ArtifactConfig
from vitrine.sdk.paths import shorten_path


@dataclass(frozen=True)
class Output:
    """One output of a step. `artifact` is the name given in the annotation, if any; `annotation` its bare type."""

    name: str
    annotation: Any = Any
    artifact: str | None = None
    config: ArtifactConfig = field(default_factory=ArtifactConfig)


def read_outputs(function: Callable[..., Any]) -> tuple[Output, ...]:
    """The outputs in the order of the returned tuple: `output` for one, `output_0`, `output_1`, … unless annotated.

    None, or no annotation on a function that returns nothing, is no output. Raises: TypeError for a name given twice.
    """
    annotation = read_annotations(function).get("return", inspect.Signature.empty)
    if annotation is inspect.Signature.empty:
        return (Output("output"),) if returns_something(function) else ()
    if annotation in (None, types.NoneType, typing.NoReturn):
        return ()
    inner = get_args(annotation)
    if get_origin(annotation) is tuple and inner and Ellipsis not in inner:
        outputs = tuple(_read_output(one, f"output_{position}") for position, one in enumerate(inner))
    else:
        outputs = (_read_output(annotation, "output"),)
    names = [output.name for output in outputs]
    if len(set(names)) < len(names):
        raise TypeError(f"{function.__name__} names two outputs alike: {', '.join(names)}.")
    return outputs


def _read_output(annotation: Any, default: str) -> Output:
    if get_origin(annotation) is not Annotated:
        return Output(default, annotation)
    bare, *notes = get_args(annotation)
    for note in notes:
        if isinstance(note, str):
            return Output(note, bare, note)
        if isinstance(note, ArtifactConfig):
            return Output(note.name or default, bare, note.name, note)
    if any(isinstance(note, _Unknown) for note in notes):
        raise TypeError(
            "An annotation names an output by something that is only known inside a function. Write it at the top of the module."
        )
    return Output(default, bare)


def read_annotations(function: Callable[..., Any]) -> dict[str, Any]:
    """The annotations with their strings evaluated. Names that cannot be found, as under TYPE_CHECKING, count as Any."""
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception:
        found = dict(getattr(function, "__annotations__", {}))
        return {name: _evaluate(value, function) for name, value in found.items()}


def _evaluate(annotation: Any, function: Callable[..., Any]) -> Any:
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, {}, _Names(getattr(function, "__globals__", {})))  # noqa: S307  the user's own code
    except Exception:
        return Any


class _Unknown:
    """Stands for a name that is not there at run time, and for whatever is asked of it."""

    def __getattr__(self, name: str) -> _Unknown:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, item: Any) -> _Unknown:
        return self

    def __or__(self, other: Any) -> _Unknown:
        return self

    __ror__ = __or__

    def __call__(self) -> None:
        """typing accepts only what could be called."""


class _Names(dict[str, Any]):
    """A module's names, then the built-in ones, then a stand-in."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        super().__init__(names)

    def __missing__(self, name: str) -> Any:
        return getattr(builtins, name, None) or _Unknown()


def returns_something(function: Callable[..., Any]) -> bool:
    """Whether a `return` with a value stands in the function itself. True when its source cannot be read."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return True
    body = next(
        (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)), None
    )
    return body is None or any(_gives_value(node) for node in _own_nodes(body))


def _own_nodes(function: ast.AST) -> typing.Iterator[ast.AST]:
    for child in ast.iter_child_nodes(function):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            yield child
            yield from _own_nodes(child)


def _gives_value(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Return)
        and node.value is not None
        and not (isinstance(node.value, ast.Constant) and node.value.value is None)
    )


def name_annotation(annotation: Any) -> str:
    """A type as one writes it: `pandas.DataFrame`, `int`, `list[int]`; empty when it says nothing."""
    if annotation is Any or isinstance(annotation, _Unknown | typing.TypeVar):
        return ""
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return name_class(annotation)
    return str(annotation).replace("typing.", "")[:255]


def name_class(kind: type) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def read_source(function: Callable[..., Any]) -> str:
    """The function's source with its decorators; empty when it cannot be read, as in some consoles."""
    try:
        return textwrap.dedent(inspect.getsource(function))
    except (OSError, TypeError):
        return ""


def find_place(function: Callable[..., Any]) -> tuple[str, int]:
    """Path and first line of the function; an empty path where there is no file."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None:
        return "", 0
    try:
        line = inspect.getsourcelines(function)[1]
    except (OSError, TypeError):
        line = code.co_firstlineno
    return shorten_path(code.co_filename), line
