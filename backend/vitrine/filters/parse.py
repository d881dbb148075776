"""Reads a filter: text → tree. Nothing in it reaches SQL but as a bound value.

    filter     = any
    any        = all ("or" all)*
    all        = term ("and" term)*
    term       = "not" term | "(" any ")" | comparison
    comparison = field operator value | field ["not"] "in" "(" value ("," value)* ")"
               | field ["not"] "between" value "and" value | field "is" ["not"] "null"
    field      = name | prefix "." key, odd ones in backticks
    value      = 'text' | "text" | number | true | false | instant

Keywords in either case. A quote inside a text is doubled or follows a backslash. An instant is a date or an RFC 3339
time, with or without quotes; without an offset it is UTC. Expressions nest to a fixed depth, so that reading them
never exhausts the stack.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NoReturn

from vitrine.errors import FilterInvalid
from vitrine.filters.tree import And, Comparison, Expression, Field, Not, Or, Value

LENGTH_LIMIT = 4_000
DEPTH_LIMIT = 50
COMPARISON_LIMIT = 50

_BACKTICKED = r"`(?:[^`]|``)+`"
_PATH = rf"(?:[^\W\d]\w*|{_BACKTICKED})(?:\.(?:[\w\-/]+|{_BACKTICKED}|\"(?:[^\"]|\"\")+\"))*"
_TWO = "[0-9][0-9]"
_CLOCK = rf"[T ]{_TWO}:{_TWO}(?::{_TWO}(?:\.[0-9]{{1,6}})?)?(?:Z|[+-]{_TWO}:?{_TWO})?"
_INSTANT = rf"{_TWO}{_TWO}-{_TWO}-{_TWO}(?:{_CLOCK})?"
_TOKEN = re.compile(
    rf"""(?P<blank>\s+)
    |(?P<instant>{_INSTANT})(?![\w.])
    |(?P<number>[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|nan|inf(?:inity)?)(?![\w.]))
    |(?P<path>{_PATH})
    |(?P<text>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*")
    |(?P<sign>!=|<>|<=|>=|==|[=<>(),])""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_SEGMENT = re.compile(rf"{_BACKTICKED}|\"(?:[^\"]|\"\")+\"|[^.`\"]+")
_INSTANT_TEXT = re.compile(_INSTANT, re.IGNORECASE)
_ESCAPE = re.compile(r"\\(['\"\\])|''|\"\"", re.DOTALL)

_SIGNS = {"=": "=", "==": "=", "!=": "!=", "<>": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_WORDS = ("like", "ilike", "contains", "in", "between")
_OPERATORS = ["=", "!=", "<", "<=", ">", ">=", *_WORDS, "not in", "is null", "is not null"]
_KEYWORDS = {"and", "or", "not", "is", "null", "true", "false", *_WORDS}
_VALUES = ["'text'", "number", "true", "false", "instant"]
_ALIASES = {
    "metric": "metadata",
    "metrics": "metadata",
    "param": "params",
    "parameter": "params",
    "parameters": "params",
    "tag": "tags",
}
_ATTRIBUTES = {"attribute", "attributes", "attr", "run"}


@dataclass(frozen=True)
class Vocabulary:
    """The fields that a filter may name. `aliases` are other spellings; `prefixes` take a key after a dot.

    `instants_in_ms` are aliases whose numbers are milliseconds since 1970, as MLflow writes them.
    """

    names: Collection[str]
    prefixes: Collection[str] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    instants_in_ms: Collection[str] = ()

    def known(self) -> list[str]:
        keyed = {"steps": "steps.<step>.<key>"}
        return [*self.names, *(keyed.get(prefix, f"{prefix}.<key>") for prefix in self.prefixes)]


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # path, number, text, instant, sign, end
    text: str
    position: int

    @property
    def word(self) -> str:
        """The keyword or sign that it is, in lower case; empty for anything else."""
        lower = self.text.lower()
        return lower if self.kind == "sign" or (self.kind == "path" and lower in _KEYWORDS) else ""


def parse_filter(text: str, vocabulary: Vocabulary) -> Expression | None:
    """What the filter says; None if it is blank, which all things fulfil.

    Raises: FilterInvalid, with the position of what is wrong and what could stand there.
    """
    if len(text) > LENGTH_LIMIT:
        refuse(f"the filter has {len(text):,} characters; at most {LENGTH_LIMIT:,} are read", LENGTH_LIMIT)
    tokens = _split(text)
    if len(tokens) == 1:
        return None
    parser = _Parser(tokens, vocabulary)
    expression = parser.read_any(0)
    if parser.token.kind != "end":
        parser.refuse_token(["and", "or", "end"])
    return expression


def parse_field(text: str, vocabulary: Vocabulary, *, position: int = 0) -> Field:
    """The field that `text` names, as in a filter. Raises: FilterInvalid."""
    _refuse_strange_characters(text)
    if len(text) > LENGTH_LIMIT or not (found := _TOKEN.fullmatch(text)) or found.lastgroup != "path":
        refuse(f"{text[:100]!r} is not the name of a field", position, vocabulary.known())
    return _resolve(_Token("path", text, position), vocabulary)[0]


def read_instant(text: str) -> datetime | None:
    """The instant that a text in the shape of one says, in UTC; None if it has another shape.

    Raises: ValueError if the shape is right and the day or time does not exist.
    """
    if not _INSTANT_TEXT.fullmatch(text):
        return None
    instant = datetime.fromisoformat(text.upper())
    try:
        return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
    except OverflowError as error:
        raise ValueError(f"{text} is outside the calendar") from error


def refuse(detail: str, position: int, expected: Iterable[str] = ()) -> NoReturn:
    raise FilterInvalid(f"Column {position + 1}: {detail}.", position=position, expected=expected)


def _refuse_strange_characters(text: str) -> None:
    """PostgreSQL takes neither NUL nor halves of surrogate pairs."""
    if found := re.search("[\0\ud800-\udfff]", text):
        refuse(f"the character {found.group()!r} cannot be part of a filter", found.start())


def _split(text: str) -> list[_Token]:
    _refuse_strange_characters(text)
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            opened = {"'": "this text is not closed by '", '"': 'this text is not closed by "'}
            opened["`"] = "this name is not closed by `"
            refuse(opened.get(text[at], f"{text[at : at + 10]!r} cannot stand here"), at)
        if found.lastgroup != "blank":
            tokens.append(_Token(found.lastgroup or "", found.group(), at))
        at = found.end()
    return [*tokens, _Token("end", "", len(text))]


def _resolve(token: _Token, vocabulary: Vocabulary) -> tuple[Field, bool]:
    """The field of a path, and whether its numbers are milliseconds."""
    first, *rest = [_unquote(one) for one in _SEGMENT.findall(token.text)]
    if first.lower() in _ATTRIBUTES and rest:
        first, rest = rest[0], rest[1:]
    if not rest:
        name = first if first in vocabulary.names else first.lower()
        name = dict(vocabulary.aliases).get(name, name)
        if name in vocabulary.names:
            return Field(name), first.lower() in vocabulary.instants_in_ms
        if name in vocabulary.prefixes:
            keyed = "<step>.<key>" if name == "steps" else "<key>"
            refuse(f"{name!r} needs a key, as in {name}.{keyed}", token.position, [f"{name}.{keyed}"])
    prefix = _ALIASES.get(first.lower(), first.lower())
    if rest and prefix in vocabulary.prefixes:
        if prefix != "steps":
            return Field(prefix, ".".join(rest)), False
        if len(rest) > 1:
            return Field("metadata", ".".join(rest[1:]), rest[0]), False
        refuse(
            "a step's metadata needs a key, as in steps.<step>.<key>", token.position, ["steps.<step>.<key>"]
        )
    return _refuse_unknown(token, vocabulary)


def _refuse_unknown(token: _Token, vocabulary: Vocabulary) -> NoReturn:
    known = vocabulary.known()
    close = difflib.get_close_matches(token.text.lower(), [*vocabulary.names, *vocabulary.prefixes], n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    refuse(f"there is no field {token.text!r}.{hint} Known: {', '.join(known)}", token.position, known)


def _unquote(segment: str) -> str:
    mark = segment[0]
    return segment[1:-1].replace(mark * 2, mark) if mark in '`"' else segment


class _Parser:
    """Recursive descent; `token` is the next one to read."""

    def __init__(self, tokens: list[_Token], vocabulary: Vocabulary) -> None:
        self.tokens = tokens
        self.vocabulary = vocabulary
        self.at = 0
        self.comparisons = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.at]

    def take(self, *words: str) -> str:
        """Steps over the next token if it is one of these words; which one, or an empty text."""
        word = self.token.word
        if word and word in words:
            self.at += 1
            return word
        return ""

    def need(self, *words: str) -> None:
        if not self.take(*words):
            self.refuse_token(list(words))

    def refuse_token(self, expected: list[str]) -> NoReturn:
        found = f"found {self.token.text[:40]!r}" if self.token.kind != "end" else "the filter ends"
        wanted = " or ".join(filter(None, [", ".join(expected[:-1]), expected[-1]]))
        refuse(f"expected {wanted}, {found}", self.token.position, expected)

    def read_any(self, depth: int) -> Expression:
        parts = [self.read_all(depth)]
        while self.take("or"):
            parts.append(self.read_all(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def read_all(self, depth: int) -> Expression:
        parts = [self.read_term(depth)]
        while self.take("and"):
            parts.append(self.read_term(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def read_term(self, depth: int) -> Expression:
        position = self.token.position
        if depth > DEPTH_LIMIT:
            refuse(f"the filter nests deeper than {DEPTH_LIMIT} levels", position)
        if self.take("not"):
            return Not(self.read_term(depth + 1))
        if self.take("("):
            inner = self.read_any(depth + 1)
            self.need(")")
            return inner
        return self.read_comparison()

    def read_comparison(self) -> Comparison:
        token = self.token
        if token.kind != "path" or token.word:
            self.refuse_token(["field", "not", "("])
        self.comparisons += 1
        if self.comparisons > COMPARISON_LIMIT:
            refuse(f"the filter has more than {COMPARISON_LIMIT} comparisons", token.position)
        field, in_ms = _resolve(token, self.vocabulary)
        self.at += 1
        operator = self.read_operator()
        values = self.read_values(operator.removeprefix("not "))
        if in_ms:
            values = tuple(self.from_ms(value, token.position) for value in values)
        return Comparison(field, operator, values, token.position)

    def read_operator(self) -> str:
        if sign := self.take(*_SIGNS):
            return _SIGNS[sign]
        if self.take("is"):
            negated = "not " if self.take("not") else ""
            self.need("null")
            return f"is {negated}null"
        negated = "not " if self.take("not") else ""
        if self.token.word not in _WORDS:
            self.refuse_token(list(_WORDS) if negated else _OPERATORS)
        return negated + self.take(*_WORDS)

    def read_values(self, operator: str) -> tuple[Value, ...]:
        if operator.startswith("is "):
            return ()
        if operator == "between":
            low = self.read_value()
            self.need("and")
            return low, self.read_value()
        if operator != "in":
            return (self.read_value(),)
        self.need("(")
        values = [self.read_value()]
        while self.take(","):
            values.append(self.read_value())
        if not self.take(")"):
            self.refuse_token([",", ")"])
        return tuple(values)

    def read_value(self) -> Value:
        token = self.token
        self.at += 1
        if token.kind == "text":
            return _ESCAPE.sub(lambda found: found.group(1) or found.group()[0], token.text[1:-1])
        if token.kind == "number":
            return _read_number(token.text)
        if token.kind == "instant":
            return self.read_bare_instant(token)
        if token.word not in ("true", "false"):
            self.at -= 1
            self.refuse_token(_VALUES)
        return token.word == "true"

    def read_bare_instant(self, token: _Token) -> datetime:
        try:
            instant = read_instant(token.text)
        except ValueError:
            instant = None
        if instant is None:
            refuse(f"{token.text} is not an instant", token.position, ["instant"])
        return instant

    def from_ms(self, value: Value, position: int) -> Value:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        try:
            return datetime.fromtimestamp(value / 1000, UTC)
        except (ValueError, OverflowError, OSError):
            refuse(f"{value} milliseconds since 1970 are outside the calendar", position, ["instant"])


def _read_number(text: str) -> int | float:
    """An int where the text is one that a float can reach, else a float."""
    return int(text) if re.fullmatch(r"[+-]?[0-9]{1,300}", text) else float(text)
