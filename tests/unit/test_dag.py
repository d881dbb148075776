"""The drawn graph of a snapshot: readable, the same every time, and honest about cycles and fan-outs."""

from __future__ import annotations

import random
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vitrine.errors import Invalid
from vitrine.runs.dag import (
    Dag,
    ExternalInput,
    StepInput,
    StepNode,
    StepOutput,
    draw_dag,
    find_cycle,
    list_fan_outs,
    read_collapse,
    read_steps,
)


def step(
    key: str, *reads: str, after: tuple[str, ...] = (), name: str = "", group: str | None = None
) -> StepNode:
    """A step with one output `out`, reading `out` of others."""
    inputs = [StepInput(f"in_{one}", one, "out") for one in reads]
    return StepNode(
        key, name or key, list(after), [StepOutput("out", f"{key}_table", "table")], inputs, group
    )


def sweep(trials: int) -> list[StepNode]:
    names = ["trial", *(f"trial_{at}" for at in range(2, trials + 1))]
    return [step("load"), *(step(key, "load", name="trial") for key in names), step("choose", *names)]


def assert_is_readable(dag: Dag) -> None:
    """No two nodes touch, every edge leads down, no upright stretch of an edge runs through a node."""
    node = {one.id: one for one in dag.nodes}
    assert len(node) == len(dag.nodes)
    boxes = sorted(
        (one.y - one.height / 2, one.y + one.height / 2, one.x - one.width / 2, one.x + one.width / 2)
        for one in dag.nodes
    )
    for at, (_, bottom, left, right) in enumerate(boxes):
        for top, _, other_left, other_right in boxes[at + 1 :]:
            if top >= bottom:
                break
            assert right < other_left or other_right < left
    for edge in dag.edges:
        a, b = node[edge.source], node[edge.target]
        line = [(a.x, a.y + a.height / 2), *edge.bends, (b.x, b.y - b.height / 2)]
        assert line[0][1] < line[-1][1]
        for (x, y), (then_x, then_y) in pairwise(line):
            assert y <= then_y
            if x == then_x and edge.bends:
                assert not any(
                    top < then_y and y < bottom and left < x < right for top, bottom, left, right in boxes
                )


def ids(dag: Dag, prefix: str = "") -> set[str]:
    return {one.id for one in dag.nodes if one.id.startswith(prefix)}


def edges(dag: Dag) -> set[tuple[str, str]]:
    return {(one.source, one.target) for one in dag.edges}


def test_a_step_stands_above_what_it_writes_and_that_above_its_readers() -> None:
    dag = draw_dag([step("load"), step("train", "load")])
    assert edges(dag) == {
        ("step:load", "artifact:load:out"),
        ("artifact:load:out", "step:train"),
        ("step:train", "artifact:train:out"),
    }
    assert [one.id for one in dag.nodes] == [
        "step:load",
        "artifact:load:out",
        "step:train",
        "artifact:train:out",
    ]
    assert [one.y for one in dag.nodes] == [22, 93, 164, 235]
    assert {one.kind for one in dag.nodes} == {"step", "artifact"}
    assert dag.nodes[1].name == "load_table"
    assert dag.nodes[1].data_type == "table"
    assert_is_readable(dag)


def test_a_parent_without_data_gives_an_edge_from_step_to_step() -> None:
    dag = draw_dag([step("a"), step("b", after=("a",)), step("c", "a", after=("a", "b"))])
    assert ("step:a", "step:b") in edges(dag)
    assert ("step:b", "step:c") in edges(dag)
    assert ("step:a", "step:c") not in edges(dag)
    assert_is_readable(dag)


def test_a_step_that_writes_nothing_and_one_that_is_alone_are_drawn() -> None:
    dag = draw_dag([StepNode("clean", "clean"), step("load"), StepNode("notify", "notify", ["load"])])
    assert ids(dag) == {"step:clean", "step:load", "artifact:load:out", "step:notify"}
    assert_is_readable(dag)
    assert draw_dag([]) == Dag([], [], [])


def test_an_artifact_from_elsewhere_stands_above_its_readers() -> None:
    reader = step("train")
    reader.externals = [ExternalInput("0197", "holdout", "table")]
    dag = draw_dag([step("load"), reader])
    assert ("artifact:external:0197", "step:train") in edges(dag)
    assert_is_readable(dag)


def test_an_input_whose_output_is_unknown_still_shows_the_order() -> None:
    late = step("late")
    late.inputs = [StepInput("x", "load", "never_declared"), StepInput("y", "gone", "out")]
    assert ("step:load", "step:late") in edges(draw_dag([step("load"), late]))


def test_nodes_are_as_wide_as_their_names_within_limits() -> None:
    dag = draw_dag([step("a"), step("a" * 18), step("b" * 200)], collapse="none")
    assert sorted(one.width for one in dag.nodes if one.kind == "step") == [150, 189, 260]
    assert all(90 <= one.width <= 200 and one.height == 26 for one in dag.nodes if one.kind == "artifact")


def test_the_drawing_does_not_depend_on_the_order_of_the_steps() -> None:
    steps = [*sweep(9), step("after", "trial_3", "choose")]
    shuffled = msgspec.convert(msgspec.to_builtins(steps), list[StepNode])
    for seed in range(5):
        random.Random(seed).shuffle(shuffled)
        assert draw_dag(shuffled) == draw_dag(steps)


def test_repeated_calls_of_a_function_are_a_fan_out() -> None:
    assert [(one.id, len(one.keys)) for one in list_fan_outs(sweep(12))] == [("trial", 12)]
    by_key = [step("load"), step("fit", "load"), step("fit_2", "load"), step("fit_10", "load")]
    assert [one.keys for one in list_fan_outs(by_key)] == [["fit", "fit_2", "fit_10"]]
    given_ = [step("a", group="prepare"), step("b", group="prepare"), step("c", group="alone")]
    assert [(one.id, one.keys) for one in list_fan_outs(given_)] == [("prepare", ["a", "b"])]


def test_a_collapsed_fan_out_is_one_node_with_one_artifact_a_name() -> None:
    dag = draw_dag(sweep(24), collapse={"trial"})
    assert ids(dag) == {
        "step:load",
        "artifact:load:out",
        "group:trial",
        "artifact:group:trial:out",
        "step:choose",
        "artifact:choose:out",
    }
    assert ("group:trial", "artifact:group:trial:out") in edges(dag)
    assert ("artifact:group:trial:out", "step:choose") in edges(dag)
    assert [(one.id, one.name, one.size) for one in dag.groups] == [("trial", "trial", 24)]
    group = next(one for one in dag.nodes if one.id == "group:trial")
    assert (group.kind, group.name, group.group) == ("step", "trial", "trial")
    assert_is_readable(dag)


def test_groups_are_listed_when_nothing_is_collapsed() -> None:
    dag = draw_dag(sweep(3), collapse="none")
    assert len(ids(dag, "step:trial")) == 3
    assert [one.size for one in dag.groups] == [3]
    assert {one.group for one in dag.nodes if one.id.startswith("step:trial")} == {"trial"}


def test_auto_collapses_above_three_hundred_nodes() -> None:
    assert "group:trial" not in ids(draw_dag(sweep(100), collapse="auto"))
    assert ids(draw_dag(sweep(200), collapse="auto"), "group:") == {"group:trial"}


def test_what_only_a_group_itself_reads_vanishes_into_it() -> None:
    steps = [step("load"), step("a", "load", group="g"), step("b", "a", group="g"), step("last", "b")]
    dag = draw_dag(steps, collapse={"g"})
    assert ids(dag, "artifact:group") == {"artifact:group:g:out"}
    assert ("artifact:group:g:out", "group:g") not in edges(dag)
    assert_is_readable(dag)


def test_collapsing_never_makes_a_cycle() -> None:
    steps = [
        step("load"),
        *(step(f"train_{at}", "load") for at in (1, 2)),
        step("judge", "train_1", "train_2"),
        *(step(f"train_{at}", "judge") for at in (3, 4)),
    ]
    fan_outs = list_fan_outs(steps)
    assert [(one.id, one.keys) for one in fan_outs] == [
        ("train", ["train_1", "train_2"]),
        ("train@2", ["train_3", "train_4"]),
    ]
    dag = draw_dag(steps, collapse={one.id for one in fan_outs})
    assert ids(dag, "group:") == {"group:train", "group:train@2"}
    assert_is_readable(dag)


@pytest.mark.parametrize(
    ("steps", "cycle"),
    [
        ([step("a", after=("a",))], ["a"]),
        ([step("c", "b"), step("b", "a"), step("a", after=("c",)), step("d", "c")], ["a", "b", "c"]),
    ],
)
def test_a_cycle_is_named_in_the_order_of_its_edges(steps: list[StepNode], cycle: list[str]) -> None:
    assert find_cycle(steps) == cycle
    with pytest.raises(Invalid, match=" → ".join([*cycle, cycle[0]])) as refused:
        draw_dag(steps)
    assert refused.value.facts["cycle"] == cycle


def test_ten_thousand_steps_in_a_line_are_no_cycle_until_they_are() -> None:
    steps = [StepNode(f"s{at}", f"s{at}", [f"s{at - 1}"] if at else []) for at in range(10_000)]
    assert find_cycle(steps) is None
    steps[0].parents = ["s9999"]
    found = find_cycle(steps)
    assert found is not None
    assert len(found) == 10_000
    with pytest.raises(Invalid) as refused:
        draw_dag(steps)
    assert len(refused.value.detail) < 400


def test_what_the_address_asks_to_collapse_is_read() -> None:
    assert read_collapse("auto") == "auto"
    assert read_collapse("none") == "none"
    assert read_collapse("a,b@2,") == {"a", "b@2"}


def test_steps_are_read_from_a_stored_spec() -> None:
    spec = (
        b'{"id": "0197", "pipeline": "p", "code": "", "steps": [{"key": "a", "name": "a", "code": "def a(): ...",'
        b' "outputs": [{"name": "out", "artifact": "table"}],'
        b' "inputs": [{"name": "x", "step": "b", "output": "out"}]}]}'
    )
    assert read_steps(spec) == [
        StepNode("a", "a", [], [StepOutput("out", "table")], [StepInput("x", "b", "out")])
    ]


@st.composite
def snapshots(draw: st.DrawFn) -> list[StepNode]:
    """Acyclic steps of mixed shape: outputs or none, data or order, groups across."""
    count = draw(st.integers(1, 14))
    steps: list[StepNode] = []
    for at in range(count):
        before = [one.key for one in steps]
        reads = draw(st.lists(st.sampled_from(before), unique=True, max_size=3)) if before else []
        after = draw(st.lists(st.sampled_from(before), unique=True, max_size=2)) if before else []
        made = step(
            draw(st.sampled_from(["fit", "long_name_of_a_step", "x"])) + f"_{at}",
            *reads,
            after=tuple(after),
            group=draw(st.sampled_from([None, None, "one", "two"])),
        )
        if draw(st.booleans()):
            made.outputs = []
        steps.append(made)
    return steps


@settings(max_examples=25, deadline=None)
@given(snapshots(), st.sampled_from(["none", "auto", "all"]))
def test_any_acyclic_snapshot_is_readable(steps: list[StepNode], collapse: str) -> None:
    wanted = {one.id for one in list_fan_outs(steps)} if collapse == "all" else collapse
    dag = draw_dag(steps, collapse=wanted)  # type: ignore[arg-type]
    assert_is_readable(dag)
    assert draw_dag(steps[::-1], collapse=wanted) == dag  # type: ignore[arg-type]
    if collapse == "none":
        assert ids(dag, "step:") == {f"step:{one.key}" for one in steps}
