"""A step that did the same before is taken over, with what it wrote and logged."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from vitrine import ExternalArtifact, log_metadata, pipeline, step
from vitrine.client import Client

pytestmark = pytest.mark.usefixtures("sdk")
ran: list[str] = []


@pytest.fixture(autouse=True)
def forget() -> None:
    ran.clear()


@step
def draw(count: int) -> Annotated[list[int], "numbers"]:
    ran.append("draw")
    log_metadata({"count": count})
    return list(range(count))


@step
def add(numbers: list[int]) -> Annotated[int, "total"]:
    ran.append("add")
    return sum(numbers)


def test_the_same_work_is_done_once() -> None:
    @pipeline
    def adding(count: int) -> None:
        add(draw(count))

    first = adding(1001)
    second = adding(1001)

    assert ran == ["draw", "add"]
    assert second.status == "cached"
    steps = Client().get_pipeline_run(second.id).steps
    assert {one.status for one in steps.values()} == {"cached"}
    assert steps["add"].cached_from["id"] == str(first.id)
    assert second.output == first.output
    assert steps["add"].output.load() == sum(range(1001))


def test_metadata_of_a_cached_step_come_along() -> None:
    @pipeline
    def adding(count: int) -> None:
        draw(count)

    adding(1002)
    again = adding(1002)

    assert again.steps["draw"].run_metadata["count"].value == 1002


def test_steps_after_a_cached_one_load_what_it_wrote() -> None:
    @pipeline
    def once(count: int) -> None:
        draw(count)

    @pipeline
    def more(count: int) -> None:
        add.with_options(enable_cache=False)(draw(count))

    once(1003)
    run = more(1003)

    assert ran == ["draw", "add"]
    assert run.status == "completed"
    assert run.steps["add"].output.load() == sum(range(1003))


def test_other_parameters_or_inputs_are_other_work() -> None:
    @pipeline
    def adding(count: int) -> None:
        add(draw(count))

    adding(1004)
    adding(1005)

    assert ran == ["draw", "add"] * 2


def test_an_input_with_the_same_content_is_the_same_input() -> None:
    @pipeline
    def adding(count: int) -> None:
        add(draw.with_options(enable_cache=False)(count))

    adding(1006)
    run = adding(1006)

    assert ran == ["draw", "add", "draw"]
    assert {key: one.status for key, one in run.steps.items()} == {"draw": "completed", "add": "cached"}


def test_caching_can_be_switched_off_for_a_pipeline_a_run_or_a_step() -> None:
    @pipeline(enable_cache=False)
    def never(count: int) -> None:
        draw(count)
        draw.with_options(enable_cache=True)(count)

    never(1007)
    never(1007)
    assert ran == ["draw"] * 3

    @pipeline
    def usually(count: int) -> None:
        draw(count)

    usually.with_options(enable_cache=False)(1007)
    assert ran == ["draw"] * 4


def test_a_failed_step_is_not_taken_over() -> None:
    @step
    def fail_once(count: int) -> int:
        ran.append("fail")
        if len(ran) == 1:
            raise ValueError("not yet")
        return count

    @pipeline
    def failing(count: int) -> None:
        fail_once(count)

    with pytest.raises(ValueError, match="not yet"):
        failing(1008)
    failing(1008)

    assert ran == ["fail", "fail"]


def test_an_external_artifact_turns_caching_off() -> None:
    @step
    def keep(thing: Any) -> int:
        ran.append("keep")
        return 1

    @pipeline
    def outside() -> None:
        keep(ExternalArtifact({"a": 1}))

    outside()
    outside()

    assert ran == ["keep", "keep"]


def test_other_code_of_the_same_name_is_other_work() -> None:
    def make(bonus: int) -> Any:
        if bonus:

            @step
            def work(count: int) -> int:
                ran.append("with bonus")
                return count + 1
        else:

            @step
            def work(count: int) -> int:
                ran.append("plain")
                return count

        @pipeline
        def working() -> None:
            work(1009)

        return working

    make(0)()
    make(1)()

    assert ran == ["plain", "with bonus"]
