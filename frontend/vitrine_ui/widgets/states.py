"""What a page shows when it has nothing to show: empty, failed, loading. Each has the size of what will stand there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reactpy import html

from vitrine.errors import NotFound, NotPermitted, NotSignedIn, Unavailable, VitrineError
from vitrine_ui.hooks import Failed
from vitrine_ui.text import safe_text
from vitrine_ui.widgets.button import button, button_link, copy_button
from vitrine_ui.widgets.element import Element
from vitrine_ui.widgets.icon import icon


def empty(title: str, text: str, *more: Element, drawing: Element = None, is_page: bool = False) -> Element:
    """Nothing here yet: what belongs here, and in `more` the exact command or snippet that fills it.

    `is_page`: its title is the page's own.
    """
    heading = html.h1(title) if is_page else html.h2(title)
    return html.div({"class": "empty"}, drawing, html.div(heading, html.p({"class": "t2"}, text)), more)


def failed(what: str, problem: Failed, *, home: str = "", is_page: bool = False) -> Element:
    """What failed, why, and what can be done. `home`: where to go when the thing itself is gone."""
    error = problem.error
    known = [(name, value) for name, value in error.facts.items() if isinstance(value, (str, int, float))]
    details = f"{what}\n{error.status} {type(error).__name__}: {error.detail}"
    heading = html.h1(what) if is_page else html.b(what)
    return html.div(
        {"class": "empty", "role": "alert", "data-status": "failed"},
        html.span({"class": "status"}, icon("failed"), heading),
        html.div(html.h2(safe_text(error.title)), html.p({"class": "t2"}, safe_text(error.detail))),
        html.dl(
            {"class": "meta"},
            html.dt("Answer"),
            html.dd(f"{error.status} {type(error).__name__}"),
            [(html.dt(safe_text(name).capitalize()), html.dd(safe_text(value))) for name, value in known],
            html.dt("What to do"),
            html.dd(advice_for(error)),
        ),
        html.div(
            {"class": "row wrap"},
            button("Try again", lambda _: problem.again(), symbol="refresh", look="primary"),
            button_link("Back", home) if home else None,
            copy_button(details, label="Copy details", look="ghost", says_label=True),
        ),
    )


def advice_for(error: VitrineError) -> str:
    if isinstance(error, NotFound):
        return "It was deleted, or you may not read it. Check the address, or ask who sent it to you."
    if isinstance(error, NotSignedIn):
        return "Your session has ended. Load the page again to sign in."
    if isinstance(error, NotPermitted):
        return "Ask an administrator of the project for the right."
    if isinstance(error, Unavailable):
        return "The server is busy or restarting. Nothing was lost; it is worth trying again in a moment."
    return "Try again. If it stays, the server's log says more."


def failing(what: str, *, home: str = "") -> Callable[[Failed], Element]:
    """`failed` for a loader of a part."""
    return lambda problem: failed(what, problem, home=home)


def failing_page(what: str, *, gone: str, why: str, up: tuple[str, str]) -> Callable[[Failed], Element]:
    """For a loader that is a page: `gone` and `why` if the thing does not exist, else what failed. `up` is its list."""

    def show(problem: Failed) -> Element:
        if not isinstance(problem.error, NotFound):
            return html.div({"class": "fill"}, failed(what, problem, home=up[1], is_page=True))
        to_list = html.div({"class": "row"}, button_link(up[0], up[1], look="primary"))
        return html.div({"class": "fill"}, empty(gone, why, to_list, is_page=True))

    return show


def bar(width: str, *, class_: str = "") -> Element:
    return html.i({"class": f"skel {class_}".strip(), "style": {"width": width}})


def loading_rows(rows: int = 6) -> Element:
    """Rows of a table that is on its way; one element, however many rows."""
    return html.div({"class": "skel-rows", "aria-busy": "true", "style": {"--rows": str(rows)}})


def loading_lines(lines: int = 4) -> Element:
    """Lines of text that are on their way."""
    widths = ("92%", "76%", "84%", "58%")
    return html.div(
        {"class": "skel-lines", "aria-busy": "true"},
        [bar(widths[line % len(widths)]) for line in range(lines)],
    )


def nothing(text: Any) -> Element:
    """A part that is rightly empty, in one line."""
    return html.p({"class": "t3 none"}, safe_text(text))
