"""What every page of a project says when the project is not there."""

from __future__ import annotations

from collections.abc import Callable

from vitrine_ui.address import page
from vitrine_ui.hooks import Failed
from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.states import failing_page


def no_project() -> Callable[[Failed], Element]:
    return failing_page(
        "This project could not be loaded",
        gone="There is no such project that you may read",
        why="It was deleted or renamed, or it is not shared with you. Ask who sent you the address.",
        up=("All projects", page()),
    )
