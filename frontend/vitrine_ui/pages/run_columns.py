"""Metadata as columns of the run list: those that one chose, else those that tell the newest runs apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct
from reactpy import component, html, use_state

from vitrine.metadata.structs import KeyItem, Keys
from vitrine.paging import Page
from vitrine.runs.structs import RunItem, plain
from vitrine_ui.address import Url, api_path
from vitrine_ui.hooks import loaded, on, use_url
from vitrine_ui.text import safe_text
from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.icon import icon
from vitrine_ui.widgets.states import bar

USUAL_COLUMNS = 3
RANKED_KEYS = 6
LISTED_KEYS = 80
ASKED_KEYS = 100  # the API tells no more of one list
SAMPLED_RUNS = 20
NO_COLUMNS = "-"
RESULT_WORDS = ("accuracy", "auc", "f1", "score", "loss", "rmse", "mae", "r2", "precision", "recall", "error")


class Metrics(Struct, frozen=True):
    """The metadata keys of a project with their kinds, and the most telling numbers of its runs, best first."""

    kinds: dict[str, str]
    ranked: tuple[str, ...]

    @property
    def usual(self) -> tuple[str, ...]:
        """The columns unless one chooses."""
        return self.ranked[:USUAL_COLUMNS]

    def shown(self, url: Url) -> tuple[str, ...]:
        """The columns of this address."""
        chosen = url.every("columns")
        return tuple(name for name in chosen if name != NO_COLUMNS) if chosen else self.usual


NOTHING_KNOWN = Metrics({}, ())


def with_metrics(
    project: str, view: Callable[[Metrics], Element], *, waiting: Callable[[], Element]
) -> Element:
    """`view` of the project's metrics, once they are known; of none if they cannot be."""

    def sample(keys: Keys) -> Element:
        if not keys.items:
            return view(NOTHING_KNOWN)
        return loaded(
            sample_path(project, keys.items),
            Page[RunItem],
            lambda found: view(metrics_of(keys.items, found.items)),
            waiting=waiting,
            failing=lambda _: view(NOTHING_KNOWN),
        )

    return loaded(
        api_path("projects", project, "metadata", "keys"),
        Keys,
        sample,
        waiting=waiting,
        failing=lambda _: view(NOTHING_KNOWN),
        watch=on("metadata", gap_s=10.0),
    )


def sample_path(project: str, keys: list[KeyItem]) -> str:
    numeric = [key.name for key in keys if key.kind == "number"][:ASKED_KEYS]
    return api_path("projects", project, "runs", limit=SAMPLED_RUNS, metadata=numeric)


def metrics_of(keys: list[KeyItem], runs: list[RunItem]) -> Metrics:
    """Those keys that the sampled runs have: artifacts and models have keys of their own."""
    values: dict[str, list[Any]] = {}
    for run in runs:
        for name, value in (plain(run.metadata) or {}).items():
            values.setdefault(name, []).append(value)
    ranked = sorted(values, key=lambda name: _rank(name, values[name]))
    return Metrics({key.name: key.kind for key in keys}, tuple(ranked[:RANKED_KEYS]))


def _rank(name: str, values: Iterable[Any]) -> tuple[bool, bool, int, str]:
    """First what differs between runs and is called like a result, then what most runs have."""
    found = list(values)
    return (len({repr(one) for one in found}) < 2, not is_result(name), -len(found), name)


def is_result(name: str) -> bool:
    """Whether a value of this name is most likely what the run was for."""
    return any(word in name.lower() for word in RESULT_WORDS)


# ── the menu ──────────────────────────────────────────────────────────────────────────────────────
def columns_menu(project: str) -> Element:
    return with_metrics(
        project, lambda metrics: ColumnsMenu(metrics) if metrics.kinds else None, waiting=lambda: None
    )


@component
def ColumnsMenu(metrics: Metrics) -> Element:
    url = use_url(lambda url: url)
    was_opened, set_opened = use_state(False)
    shown = metrics.shown(url)
    names = [*metrics.usual, *sorted(name for name in metrics.kinds if name not in metrics.usual)][
        :LISTED_KEYS
    ]
    return html.div(
        {"class": "switcher"},
        html.button(
            {"type": "button", "class": "btn ghost", "popovertarget": "menu-columns"},
            icon("columns", small=True),
            "Columns",
        ),
        html.div(
            {
                "class": "menu columns",
                "popover": "auto",
                "id": "menu-columns",
                "aria-label": "Metadata columns",
                "onToggle": lambda _: set_opened(True),
            },
            html.p({"class": "small t3"}, "Metadata shown as columns"),
            # Each entry has an address of its own, 30 kB together: not before somebody looks.
            [_choice(name, metrics.kinds[name], shown, url) for name in names]
            if was_opened
            else [bar("60%"), bar("45%"), bar("70%")],
            html.hr(),
            html.a(
                {"href": url.with_query(columns=None).href, "data-nav": "", "data-stay": ""},
                icon("undo"),
                "The usual ones",
            ),
        ),
    )


def _choice(name: str, kind: str, shown: tuple[str, ...], url: Url) -> Element:
    is_shown = name in shown
    columns = [one for one in shown if one != name] if is_shown else [*shown, name]
    attributes = {
        "href": url.with_query(columns=columns or [NO_COLUMNS]).href,
        "data-nav": "",
        "data-stay": "",
        "title": safe_text(name),
    }
    if is_shown:
        attributes["aria-current"] = "true"
    return html.a(
        attributes,
        html.span({"class": "check", "aria-hidden": "true"}),
        html.span({"class": "cut"}, safe_text(name)),
        html.span({"class": "key"}, kind),
    )
