"""How the first run comes here: the snippet that every empty page of a project shows."""

from __future__ import annotations

from reactpy import html

from vitrine_ui.widgets.code import code_block, command
from vitrine_ui.widgets.drawing import empty_graph
from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.states import empty

SNIPPET = """from vitrine import pipeline, step

@step
def load() -> list[float]:
    return [0.2, 0.4, 0.9]

@step
def mean(values: list[float]) -> float:
    return sum(values) / len(values)

@pipeline
def first_look():
    mean(load())

first_look()
"""


def first_run(title: str, text: str) -> Element:
    """An empty state with a pipeline to run as it is, and the command of the real examples."""
    return empty(
        title,
        text,
        html.div(
            {"class": "steps-in"},
            html.p({"class": "small t2"}, "Save as ", html.code("first_look.py"), " and run it:"),
            code_block(SNIPPET, numbered=False),
            command("python first_look.py"),
        ),
        html.div(
            {"class": "steps-in"},
            html.p(
                {"class": "small t2"},
                "Or run the real examples, with data, charts, reports and a failing step:",
            ),
            command("vitrine example"),
        ),
        html.p(
            {"class": "small t3 row"},
            html.span({"class": "listening"}),
            "Listening: the first run appears without a reload.",
        ),
        drawing=empty_graph(),
    )
