"""A failing step fails its run, tells why, and never loses the user's own exception."""

from __future__ import annotations

import traceback
from typing import Any

import pytest

from vitrine import StepRetryConfig, pipeline, step
from vitrine.client import Client
from vitrine.errors import Invalid

pytestmark = pytest.mark.usefixtures("sdk")


class OwnError(Exception):
    pass


raised: list[OwnError] = []


@step
def start() -> int:
    return 1


@step
def break_down(number: int) -> int:
    print("about to break")
    raised.append(OwnError("the sensor is broken"))
    raise raised[-1]


@step
def go_on(number: int) -> int:
    return number


@pipeline(enable_cache=False)
def breaking() -> None:
    number = start()
    broken = break_down(number)
    after = go_on(broken)
    go_on(after)
    go_on(number)


def find_last_run(name: str) -> Any:
    return Client().get_pipeline(name).last_run


def test_the_users_exception_comes_back_unchanged() -> None:
    with pytest.raises(OwnError) as caught:
        breaking()

    assert caught.value is raised[-1]
    innermost = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (innermost.name, innermost.line) == ("break_down", "raise raised[-1]")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_steps_after_a_failure_are_skipped_and_say_what_they_waited_for() -> None:
    with pytest.raises(OwnError):
        breaking()

    run = find_last_run("breaking")
    assert run.status == "failed"
    states = {key: (one.status, one.blocked_by) for key, one in run.steps.items()}
    assert states == {
        "start": ("completed", None),
        "break_down": ("failed", None),
        "go_on": ("skipped", "break_down"),
        "go_on_2": ("skipped", "break_down"),
        "go_on_3": ("skipped", None),
    }


def test_a_failure_is_told_with_its_place_and_the_code_around_it() -> None:
    with pytest.raises(OwnError):
        breaking()

    run = find_last_run("breaking")
    failure = run.steps["break_down"].attempts[0]["failure"]
    assert failure["type"].endswith("OwnError")
    assert failure["message"] == "the sensor is broken"
    assert "vitrine/sdk" not in failure["traceback"]
    frame = failure["frames"][-1]
    assert frame["function"] == "break_down"
    assert frame.get("is_own", True)
    assert frame["code"][frame["line"] - frame["first_line"]].strip() == "raise raised[-1]"
    assert run.failure["step"] == "break_down"


def test_the_log_of_a_failed_step_ends_with_its_traceback() -> None:
    with pytest.raises(OwnError):
        breaking()

    run = find_last_run("breaking")
    lines = run._server.get(f"/runs/{run.id}/steps/break_down/logs")["lines"]
    assert (lines[0]["text"], lines[0]["level"]) == ("about to break", "info")
    assert lines[-1]["level"] == "error"
    assert lines[-1]["text"].endswith("OwnError: the sensor is broken")


def test_interrupting_a_run_cancels_it() -> None:
    @step
    def wait() -> int:
        raise KeyboardInterrupt

    @pipeline(enable_cache=False)
    def interrupted() -> None:
        go_on(wait())

    with pytest.raises(KeyboardInterrupt):
        interrupted()

    run = find_last_run("interrupted")
    assert run.status == "cancelled"
    assert {key: one.status for key, one in run.steps.items()} == {"wait": "cancelled", "go_on": "cancelled"}


def test_attempts_of_a_retried_step_are_recorded() -> None:
    tries: list[int] = []

    @step(retry=StepRetryConfig(max_retries=2))
    def flaky() -> int:
        tries.append(1)
        if len(tries) < 3:
            raise OSError("try again")
        return 7

    @pipeline(enable_cache=False)
    def retrying() -> None:
        flaky()

    run = retrying()

    attempts = run.steps["flaky"].attempts
    assert [one["status"] for one in attempts] == ["failed", "failed", "completed"]
    assert run.steps["flaky"].output.load() == 7


def test_another_number_of_values_than_announced_fails_the_step() -> None:
    @step
    def two() -> tuple[int, int]:
        return 1, 2, 3  # type: ignore[return-value]

    @pipeline(enable_cache=False)
    def miscounting() -> None:
        two()

    with pytest.raises(Invalid, match=r"announces 2 outputs \(output_0, output_1\) and returned 3"):
        miscounting()
    assert find_last_run("miscounting").status == "failed"


def test_a_pipeline_without_steps_is_refused_and_not_recorded() -> None:
    @pipeline
    def empty() -> None: ...

    with pytest.raises(Invalid, match="calls no step"):
        empty()


def test_hooks_hear_of_success_and_failure() -> None:
    heard: list[Any] = []

    @pipeline(enable_cache=False, on_failure=heard.append, on_success=lambda: heard.append("well"))
    def hooked() -> None:
        break_down(start())

    with pytest.raises(OwnError):
        hooked()

    assert heard == ["well", raised[-1]]
