"""A pipeline's body makes a graph: keys, handles, parents, groups, and one snapshot for equal graphs."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from vitrine import ExternalArtifact, log_metadata, pipeline, step
from vitrine.errors import Invalid, NoContext
from vitrine.sdk.caching import make_cache_key
from vitrine.sdk.decorators import Pipeline
from vitrine.sdk.graph import Graph, StepOutput, StepOutputs, building
from vitrine.sdk.snapshots import describe_snapshot


@step
def load() -> int:
    return 1


@step
def split(whole: int) -> tuple[Annotated[int, "left"], Annotated[int, "right"]]:
    return whole, whole


@step
def train(part: int, rate: float = 0.1) -> Annotated[float, "score"]:
    return part * rate


@step
def report(scores: list[float]) -> None:
    print(scores)


@pipeline
def sweep(count: int = 2, rate: float = 0.1) -> None:
    left, right = split(load())
    scores = [train(left, rate=rate) for _ in range(count)]
    train(right, id="baseline")
    report(scores)


def build(made: Pipeline[Any], *args: Any, **kwargs: Any) -> Graph:
    with building(Graph(made.name)) as graph:
        made.entrypoint(*args, **kwargs)
    return graph


def test_keys_are_the_names_with_numbers_on_repeats_or_the_given_ids() -> None:
    graph = build(sweep, 3)

    assert list(graph.nodes) == ["load", "split", "train", "train_2", "train_3", "baseline", "report"]


def test_a_number_that_is_taken_by_an_id_is_passed_over() -> None:
    @pipeline
    def odd() -> None:
        load(id="load_2")
        load()
        load()

    assert list(build(odd).nodes) == ["load_2", "load", "load_3"]


def test_edges_come_from_the_handles() -> None:
    graph = build(sweep)

    assert graph.nodes["train"].parents == ["split"]
    assert graph.nodes["baseline"].inputs["part"] == [StepOutput("split", "right")]
    assert graph.nodes["report"].parents == ["train", "train_2"]


def test_steps_called_repeatedly_form_a_group() -> None:
    graph = build(sweep)

    assert graph.find_groups() == {"train": "train", "train_2": "train", "baseline": "train"}


def test_a_step_outside_a_pipeline_is_just_its_function() -> None:
    assert train(4, rate=0.5) == 2.0
    assert split(3) == (3, 3)


def test_several_outputs_unpack_and_index_by_position_and_name() -> None:
    with building(Graph("p")):
        outputs: Any = split(load())

    assert isinstance(outputs, StepOutputs)
    assert outputs["right"] == outputs[1] == StepOutput("split", "right")


def test_after_orders_steps_that_share_no_value() -> None:
    @pipeline
    def ordered() -> None:
        first = load()
        load(id="second", after=first)
        load(id="third", after=["load", "second"])

    graph = build(ordered)

    assert graph.nodes["second"].parents == ["load"]
    assert graph.nodes["third"].parents == ["load", "second"]


def test_a_pipeline_called_in_another_one_adds_its_steps_there() -> None:
    @pipeline
    def outer() -> None:
        load()
        sweep(1)

    assert list(build(outer).nodes) == ["load", "load_2", "split", "train", "baseline", "report"]


def test_constants_are_parameters_and_defaults_count() -> None:
    graph = build(sweep, 1, rate=0.5)

    assert graph.nodes["train"].parameters == {"rate": 0.5}
    assert graph.nodes["baseline"].parameters == {"rate": 0.1}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (lambda: train(object()), "ExternalArtifact"),
        (lambda: report([load(), 3]), "mixes"),
        (lambda: train(split(load())), "several outputs"),
        (lambda: [load(id="a"), load(id="a")], "have the id 'a'"),
        (lambda: load(after="later"), "no step before it"),
        (lambda: train(report([load()])), "which has none"),
    ],
)
def test_a_graph_that_cannot_be_is_refused_in_words(body: Any, words: str) -> None:
    with building(Graph("p")), pytest.raises(Invalid, match=words):
        body()


def test_the_value_of_a_step_is_not_there_yet_in_a_pipelines_body() -> None:
    with building(Graph("p")):
        handle: Any = load()
        with pytest.raises(TypeError, match="have not run yet"):
            bool(handle)
        with pytest.raises(TypeError, match="can't be unpacked"):
            _left, _right = handle


def test_wrong_arguments_are_told_as_python_tells_them() -> None:
    with (
        building(Graph("p")),
        pytest.raises(TypeError, match=r"train\(\): got an unexpected keyword argument 'speed'"),
    ):
        train(1, speed=3)  # type: ignore[call-overload]


def test_runs_with_other_parameters_share_one_snapshot() -> None:
    slow, fast = (describe_snapshot(sweep, build(sweep, 2, rate=rate)) for rate in (0.1, 0.9))
    wider = describe_snapshot(sweep, build(sweep, 3))

    assert slow.id == fast.id
    assert slow.id != wider.id


def test_a_snapshot_names_artifacts_by_annotation_or_place() -> None:
    steps = {one.key: one for one in describe_snapshot(sweep, build(sweep)).steps}

    assert [output.artifact for output in steps["load"].outputs] == ["sweep::load::output"]
    assert [output.artifact for output in steps["train_2"].outputs] == ["score"]
    assert steps["split"].outputs[0].data_type == "int"
    assert steps["train"].code.startswith("@step\ndef train(")
    assert steps["train"].code_path.endswith("test_sdk_graph.py")
    assert steps["train_2"].group == "train"


def test_options_of_a_single_run_are_no_part_of_the_snapshot() -> None:
    plain, changed = (
        describe_snapshot(sweep, build(sweep)),
        sweep.with_options(enable_cache=False, run_name="once"),
    )

    assert describe_snapshot(changed, build(changed)).id == plain.id


def test_an_unknown_option_is_refused_with_those_that_exist() -> None:
    with pytest.raises(TypeError, match=r"@step has no option 'cache'.*enable_cache"):
        step(cache=True)(lambda: None)  # type: ignore[call-overload]


def test_a_cache_key_depends_on_code_parameters_and_inputs_but_not_on_the_place() -> None:
    graph = build(sweep, 2, rate=0.5)
    keys = {
        key: make_cache_key("p", graph.nodes[key], {}) for key in ("train", "train_2", "baseline", "load")
    }

    assert keys["train"] == keys["train_2"]
    assert len({keys["train"], keys["baseline"], keys["load"]}) == 3
    assert make_cache_key("other", graph.nodes["train"], {}) != keys["train"]


def test_an_external_artifact_is_an_input() -> None:
    with building(Graph("p")) as graph:
        train(ExternalArtifact(value=object()))  # type: ignore[arg-type]

    assert list(graph.nodes["train"].inputs) == ["part"]
    assert graph.nodes["train"].parents == []


def test_what_a_step_logs_when_it_is_called_as_a_function_goes_nowhere() -> None:
    @step
    def measure() -> int:
        log_metadata({"accuracy": 0.9})
        return 1

    assert measure() == 1
    with pytest.raises(NoContext):
        log_metadata({"accuracy": 0.9})
