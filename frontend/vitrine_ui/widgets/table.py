"""A table of at most 100 rows that the server draws; longer lists are the grid island's."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from reactpy import html

from vitrine_ui.widgets.element import Element

ROW_LIMIT = 100


class Column(Struct, frozen=True):
    title: str
    is_number: bool = False
    class_: str = ""


def table(columns: Sequence[Column], rows: Sequence[Sequence[Element]], *, label: str) -> Element:
    """Rows of cells; the first cell heads its row. What is beyond 100 rows is counted below."""
    shown = rows[:ROW_LIMIT]
    head = [
        html.th(
            {"scope": "col", "class": _class(column)}, column.title or html.span({"class": "sr"}, "Action")
        )
        for column in columns
    ]
    return html.div(
        {"class": "scroll-x"},
        html.table(
            {"class": "table", "aria-label": label},
            html.thead(html.tr(head)),
            html.tbody([_row(columns, one) for one in shown]),
        ),
        html.p({"class": "small t3 more"}, f"{len(rows) - ROW_LIMIT:,} more are not listed here.")
        if len(rows) > ROW_LIMIT
        else None,
    )


def _row(columns: Sequence[Column], cells: Sequence[Element]) -> Element:
    first, *rest = cells
    return html.tr(
        html.th({"scope": "row", "class": _class(columns[0])}, first),
        [html.td({"class": _class(column)}, cell) for column, cell in zip(columns[1:], rest, strict=True)],
    )


def _class(column: Column) -> str:
    return f"{'num' if column.is_number else ''} {column.class_}".strip()
