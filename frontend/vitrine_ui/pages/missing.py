"""An address that no page has."""

from __future__ import annotations

from reactpy import component, html

from vitrine_ui.address import page
from vitrine_ui.hooks import use_place
from vitrine_ui.widgets.button import button_link
from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.states import empty


@component
def MissingPage() -> Element:
    use_place("Not found", ("Not found", ""))
    return html.div(
        {"class": "fill"},
        empty(
            "There is no page at this address",
            "It may have been mistyped, or belong to a newer version of Vitrine.",
            html.div({"class": "row"}, button_link("To the projects", page(), look="primary")),
            is_page=True,
        ),
    )
