"""The run's other views: what it was given, what it logged, where it ran."""

from __future__ import annotations

from typing import Any

from reactpy import component, html

from vitrine.runs.structs import RunDetail, StepItem, plain
from vitrine_ui.address import api_path
from vitrine_ui.hooks import Ready, loaded, on, use_load, use_url
from vitrine_ui.listing import Items
from vitrine_ui.text import safe_text
from vitrine_ui.widgets.button import link
from vitrine_ui.widgets.code import code_block
from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.facts import facts, value_of
from vitrine_ui.widgets.states import empty, failing, loading_lines
from vitrine_ui.widgets.tree import json_tree
from vitrine_ui.widgets.values import ValueTable

LISTED_STEPS = 40


def _of_run(project: str, id_: str, view: Any, *kinds: str) -> Element:
    return loaded(
        api_path("projects", project, "runs", id_),
        RunDetail,
        view,
        waiting=lambda: html.div({"class": "body"}, loading_lines(8)),
        failing=failing("This run could not be loaded"),
        watch=on("run", "step", "metadata", run_id=id_),
    )


@component
def ConfigurationView(project: str, id_: str) -> Element:
    return _of_run(project, id_, _configuration)


def _configuration(run: RunDetail) -> Element:
    parameters, configuration = plain(run.parameters) or {}, plain(run.configuration) or {}
    return html.div(
        {"class": "body columns-of"},
        html.section(
            html.h2("Parameters"),
            json_tree(parameters) if parameters else html.p({"class": "t3"}, "The run was given none."),
        ),
        html.section(
            html.h2("Configuration"),
            json_tree(configuration)
            if configuration
            else html.p({"class": "t3"}, "Everything at its default."),
        ),
    )


@component
def MetadataView(project: str, id_: str) -> Element:
    url = use_url(lambda url: url)
    order = use_load(
        api_path("projects", project, "runs", id_, "steps"),
        Items[StepItem],
        on("step", "run", run_id=id_),
        lambda found: [step.key for step in found.items],
    )
    keys = order.value if isinstance(order, Ready) else []
    return _of_run(project, id_, lambda run: _metadata(run, keys, url.with_query(view=None).with_query))


def _metadata(run: RunDetail, keys: list[str], to_step: Any) -> Element:
    own, logged = plain(run.metadata) or {}, plain(run.step_metadata) or {}
    steps = {key: logged[key] for key in [*keys, *sorted(set(logged) - set(keys))] if key in logged}
    if not own and not steps:
        return html.div(
            {"class": "fill"},
            empty(
                "Nothing was logged by this run",
                "Metadata are names with values: metrics, sizes, settings. A pipeline or a step logs them while it runs:",
                code_block(
                    'from vitrine import log_metadata\n\nlog_metadata({"accuracy": 0.93, "rows": 48_210})',
                    numbered=False,
                ),
            ),
        )
    return html.div(
        {"class": "body columns-of"},
        html.section({"key": "run"}, html.h2("Run"), ValueTable(own)) if own else None,
        [
            html.section(
                {"key": f"step {name}"},
                html.h2(link(name, to_step(step=name).href, class_="quiet")),
                ValueTable(values),
            )
            for name, values in list(steps.items())[:LISTED_STEPS]
        ],
        html.p(
            {"class": "small t3"},
            f"{len(steps) - LISTED_STEPS} more steps have metadata: select them in the graph.",
        )
        if len(steps) > LISTED_STEPS
        else None,
    )


@component
def EnvironmentView(project: str, id_: str) -> Element:
    return _of_run(project, id_, _environment)


def _environment(run: RunDetail) -> Element:
    code, environment = plain(run.code) or {}, plain(run.environment) or {}
    packages = environment.pop("packages", None)
    return html.div(
        {"class": "body columns-of"},
        html.section(html.h2("Code"), _plain_facts(code, run.code_version)),
        html.section(html.h2("Environment"), _plain_facts(environment, None)),
        html.section(html.h2("Packages"), ValueTable(packages))
        if isinstance(packages, dict) and packages
        else None,
    )


def _plain_facts(values: dict[str, Any], version: str | None) -> Element:
    """Short values as facts, nested ones as trees."""
    short = {name: value for name, value in values.items() if not isinstance(value, (dict, list))}
    nested = {name: value for name, value in values.items() if isinstance(value, (dict, list)) and value}
    if not values and not version:
        return html.p({"class": "t3"}, "The pipeline did not send it.")
    pairs = [("Version", html.code({"class": "anywhere"}, safe_text(version)))] if version else []
    if version and short.get("commit") == version:
        pairs = []
    return html.fragment(
        facts([*pairs, *((safe_text(name, limit=80), value_of(value)) for name, value in short.items())]),
        json_tree(nested) if nested else None,
    )
