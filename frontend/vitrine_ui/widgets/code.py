"""Source code with its line numbers, coloured by Python's own tokenizer: nothing of it is ever markup."""

from __future__ import annotations

import io
import keyword
import tokenize
from collections.abc import Sequence

from reactpy import html

from vitrine_ui.text import safe_text
from vitrine_ui.widgets.button import copy_button
from vitrine_ui.widgets.element import Element

COLOURED_LINES = 400
SHOWN_LINES = 2_000

Piece = tuple[str, str]  # class ("" for plain), text


def colour(source: str) -> list[list[Piece]]:
    """The lines of Python source as coloured pieces; plain from where it cannot be read as Python."""
    lines = source.split("\n")
    marks: list[list[tuple[int, int, str]]] = [[] for _ in lines]
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if kind := _kind_of(token):
                _mark(marks, lines, token, kind)
    except (tokenize.TokenError, IndentationError, SyntaxError):
        pass
    return [_cut(line, line_marks) for line, line_marks in zip(lines, marks, strict=True)]


def _kind_of(token: tokenize.TokenInfo) -> str:
    if token.type == tokenize.NAME and (keyword.iskeyword(token.string) or token.string in ("match", "case")):
        return "k"
    if token.type == tokenize.OP and token.string == "@":
        return "k"
    return {tokenize.STRING: "str", tokenize.NUMBER: "num", tokenize.COMMENT: "com"}.get(token.type, "")


def _mark(
    marks: list[list[tuple[int, int, str]]], lines: list[str], token: tokenize.TokenInfo, kind: str
) -> None:
    (first, begin), (last, end) = token.start, token.end
    for row in range(first, min(last, len(lines)) + 1):
        left = begin if row == first else 0
        right = end if row == last else len(lines[row - 1])
        marks[row - 1].append((left, right, kind))


def _cut(line: str, marks: list[tuple[int, int, str]]) -> list[Piece]:
    pieces: list[Piece] = []
    at = 0
    for left, right, kind in marks:
        if left > at:
            pieces.append(("", line[at:left]))
        pieces.append((kind, line[left:right]))
        at = right
    if at < len(line):
        pieces.append(("", line[at:]))
    return pieces


def code_block(
    source: str, *, first_line: int = 1, hits: Sequence[int] = (), numbered: bool = True, copies: bool = True
) -> Element:
    """The source; `hits` are line numbers to mark. Longer than 2,000 lines, its end is left out and said to be."""
    text = source.rstrip("\n")
    lines = text.split("\n")[:SHOWN_LINES]
    coloured = colour("\n".join(lines[:COLOURED_LINES]))
    coloured += [[("", line)] for line in lines[COLOURED_LINES:]]
    left_out = text.count("\n") + 1 - len(lines)
    shown = [
        _line(pieces, first_line + index, is_hit=first_line + index in hits, numbered=numbered)
        for index, pieces in enumerate(coloured)
    ]
    return html.div(
        {"class": "codebox"},
        html.pre({"class": "code", "tabindex": "0"}, shown),
        copy_button(text) if copies else None,
        html.p({"class": "small t3"}, f"The last {left_out:,} lines are left out here; copying takes all.")
        if left_out > 0
        else None,
    )


def _line(pieces: list[Piece], number: int, *, is_hit: bool, numbered: bool) -> Element:
    attributes = {"class": "ln hit" if is_hit else "ln"}
    if numbered:
        attributes["data-n"] = str(number)
    spans = [
        html.span({"class": kind}, safe_text(text)) if kind else safe_text(text) for kind, text in pieces
    ]
    return html.span(attributes, spans or "\u200b")


def command(text: str) -> Element:
    """A line for the terminal, with its prompt, to be copied without it."""
    return html.div(
        {"class": "codebox"},
        html.pre({"class": "code"}, html.span({"class": "com"}, "$ "), text),
        copy_button(text),
    )
