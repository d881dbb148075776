"""Logged values as a table: grouped by the part before the first dot, filtered by typing when there are many."""

from __future__ import annotations

from typing import Any

from reactpy import component, html, use_state

from vitrine_ui.text import plural, safe_text
from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.facts import value_of
from vitrine_ui.widgets.islands import island
from vitrine_ui.widgets.states import nothing

ROW_LIMIT = 100
FILTERED_FROM = 16


@component
def ValueTable(values: dict[str, Any]) -> Element:
    """Names and values. 100 are listed; the rest is counted and found by typing a part of its name."""
    wanted, set_wanted = use_state("")
    ordered = sorted(values.items(), key=lambda pair: pair[0].lower())
    found = [(name, value) for name, value in ordered if wanted.lower() in name.lower()]
    shown = found[:ROW_LIMIT]
    left_out = len(found) - len(shown)
    box = island(
        "input",
        "Input",
        kind="search",
        icon="search",
        value=wanted,
        label="Find a name",
        placeholder=f"Find among {len(values):,}",
        onValue=lambda event: set_wanted(str(event.get("value", "")).strip()),
    )
    return html.div(
        {"class": "values"},
        html.div({"class": "find"}, box) if len(values) >= FILTERED_FROM else None,
        html.table({"class": "table"}, html.tbody(_rows(shown)))
        if shown
        else nothing(f"No name contains “{safe_text(wanted)}”."),
        html.p({"class": "small t3 more"}, f"{plural(left_out, 'more value')}: type a part of the name.")
        if left_out
        else None,
    )


def _rows(pairs: list[tuple[str, Any]]) -> list[Element]:
    """Those without a group first, then each group under its name."""
    groups: dict[str, list[tuple[str, Any]]] = {"": []}
    for name, value in pairs:
        group, dot, rest = name.partition(".")
        groups.setdefault(group if dot else "", []).append((rest if dot else name, value))
    rows: list[Element] = []
    for group, members in groups.items():
        if group and members:
            rows.append(
                html.tr(
                    {"class": "group"},
                    html.th({"colspan": 2, "scope": "rowgroup"}, safe_text(group, limit=200)),
                )
            )
        rows += [_row(name, value) for name, value in members]
    return rows


def _row(name: str, value: Any) -> Element:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return html.tr(
        html.th({"scope": "row", "class": "anywhere"}, safe_text(name, limit=200)),
        html.td({"class": "num" if is_number else "anywhere"}, value_of(value)),
    )
