"""Outputs are read from a function's annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import pytest

from vitrine import ArtifactConfig
from vitrine.enums import ArtifactType
from vitrine.sdk.signature import name_annotation, read_outputs, returns_something

if TYPE_CHECKING:
    from nowhere import Table


def one() -> int: ...
def nothing() -> None: ...
def two() -> tuple[int, str]: ...
def named() -> Annotated[int, "count"]: ...
def pair() -> Annotated[tuple[int, int], "pair"]: ...
def many() -> tuple[int, ...]: ...
def mixed() -> tuple[Annotated[int, "left"], str]: ...
def configured() -> Annotated[
    dict[str, int], ArtifactConfig(name="iris", version="raw_2023", artifact_type=ArtifactType.MODEL)
]: ...
def unknown() -> Annotated[Table, "table"]: ...
def unknown_pair() -> tuple[Annotated[Table, "train"], Annotated[Table | None, "test"]]: ...
def bare():
    return 3  # type: ignore[no-untyped-def]


def silent():
    print()  # type: ignore[no-untyped-def]


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (one, ["output"]),
        (nothing, []),
        (two, ["output_0", "output_1"]),
        (named, ["count"]),
        (pair, ["pair"]),
        (many, ["output"]),
        (mixed, ["left", "output_1"]),
        (configured, ["iris"]),
        (unknown, ["table"]),
        (unknown_pair, ["train", "test"]),
        (bare, ["output"]),
        (silent, []),
    ],
)
def test_outputs_are_named_by_their_annotation_or_their_place(function: Any, names: list[str]) -> None:
    assert [output.name for output in read_outputs(function)] == names


def test_an_artifact_config_says_version_and_type() -> None:
    (output,) = read_outputs(configured)

    assert (output.artifact, output.config.version, output.config.artifact_type) == (
        "iris",
        "raw_2023",
        ArtifactType.MODEL,
    )


def test_two_outputs_of_one_name_are_refused() -> None:
    def twice() -> tuple[Annotated[int, "a"], Annotated[int, "a"]]: ...

    with pytest.raises(TypeError, match="names two outputs alike"):
        read_outputs(twice)


def test_a_return_of_an_inner_function_is_none_of_the_step() -> None:
    def outer():  # type: ignore[no-untyped-def]
        def inner() -> int:
            return 3

        inner()

    assert not returns_something(outer)


def test_types_are_named_as_one_writes_them() -> None:
    assert name_annotation(int) == "int"
    assert name_annotation(list[int]) == "list[int]"
    assert name_annotation(Any) == ""
    assert name_annotation(ArtifactType) == "vitrine.enums.ArtifactType"


def test_an_output_named_by_something_unknown_is_refused_rather_than_renamed() -> None:
    def lost() -> Annotated[int, nowhere.CONFIG]: ...  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(TypeError, match="at the top of the module"):
        read_outputs(lost)
