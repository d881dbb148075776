"""Metadata travel as plain JSON; failures and names say what they should."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

import numpy as np
import pytest

from vitrine import Model
from vitrine.errors import Invalid
from vitrine.sdk.failures import describe_failure, is_own_code
from vitrine.sdk.run_names import name_run
from vitrine.sdk.values import is_json, is_parameter, plain_metadata, to_plain
from vitrine.types import StorageSize, Uri


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (np.float32(0.5), 0.5),
        (np.int64(7), 7),
        (np.bool_(True), True),
        (np.array([1, 2]), [1, 2]),
        (math.nan, "NaN"),
        (-math.inf, "-Infinity"),
        (np.float64("nan"), "NaN"),
        ({"a": {"b": (1, 2)}}, {"a": {"b": [1, 2]}}),
        ({3: {1}}, {"3": [1]}),
        (Colour.RED, "red"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
        (StorageSize(10), 10),
        (Uri("s3://x"), "s3://x"),
        (Path("a/b"), "a/b"),
        (1 << 70, str(1 << 70)),
        (None, None),
    ],
)
def test_every_value_becomes_plain_json(value: object, plain: object) -> None:
    found = to_plain(value)

    assert found == plain
    assert type(found) is type(plain)
    json.dumps(found, allow_nan=False)


def test_metadata_without_names_are_refused_in_words() -> None:
    with pytest.raises(TypeError, match="a dictionary of names and values"):
        plain_metadata(0.9)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [(1, 2), {1: 2}, math.nan, {"a": (1,)}, np.float64(1.0), Colour.RED])
def test_what_json_would_change_is_not_json(value: object) -> None:
    assert not is_json(value)


@pytest.mark.parametrize("value", [1, "a", None, [1, {"a": [True]}], 1.5])
def test_what_json_keeps_is_json(value: object) -> None:
    assert is_json(value)


def test_parameters_may_be_what_reads_well_as_json() -> None:
    assert is_parameter({"a": (1, Colour.RED), "b": np.float32(1)})
    assert not is_parameter({"a": object()})
    assert not is_parameter(np.zeros(3))


def fail() -> None:
    numbers: dict[str, int] = {}
    try:
        numbers["missing"]
    except KeyError as error:
        raise ValueError("no such\nnumber") from error


def test_a_failure_says_type_message_place_and_the_code_around() -> None:
    try:
        fail()
    except ValueError as error:
        failure = describe_failure(error, step="train")

    assert (failure.type, failure.message, failure.step) == ("ValueError", "no such\nnumber", "train")
    frame = failure.frames[-1]
    assert (frame.function, frame.is_own) == ("fail", True)
    assert frame.path.endswith("test_sdk_values.py")
    assert (
        frame.code[frame.line - frame.first_line].strip() == 'raise ValueError("no such\\nnumber") from error'
    )
    assert "KeyError: 'missing'" in failure.traceback
    assert "direct cause" in failure.traceback


def test_libraries_are_not_ones_own_code() -> None:
    assert not is_own_code(json.__file__)
    assert not is_own_code(np.__file__)
    assert not is_own_code("<frozen importlib._bootstrap>")
    assert is_own_code(__file__)


def test_a_run_has_the_pipelines_name_and_two_words_or_the_given_one() -> None:
    assert name_run("training", given=None).count("-") == 2
    assert name_run("training", given="night") == "night"
    assert "{" not in name_run("training", given="night-{date}-{time}")


def test_a_named_model_version_has_one_id_and_others_a_new_one_each() -> None:
    assert Model("m", version="1.0").make_id() == Model("m", version="1.0").make_id()
    assert Model("m").make_id() != Model("m").make_id()
    with pytest.raises(Invalid, match="Only the server knows"):
        Model("m", version="production").make_id()
