"""Turns a filter into SQL: fixed fragments, every value a bound argument, `$1` the project.

Meaning. A comparison holds, or it does not: a value that is missing, or of a type that does not fit, is no match, and
`not` is the exact opposite. Of several values (tags, models, the metadata of a run and of its steps) one that fits is
enough; `tag != 'x'`, `tag not in (…)` mean that none of the tags is. Not-a-number equals itself and is neither less nor
greater than anything. `contains` is a literal part, in either case; `like` minds the case, `ilike` does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vitrine.filters.compare import (
    LIKES,
    NO_MATCH,
    Stored,
    compare_bool,
    compare_epoch,
    compare_flag,
    compare_kind,
    compare_number,
    compare_numeric,
    compare_text,
    compare_typed,
)
from vitrine.filters.fields import RUNS, Column, Links, Metadata, Resource
from vitrine.filters.parse import parse_filter
from vitrine.filters.tree import And, Comparison, Expression, Not, Or

PROBE_CAP = 5_000
RARE = 2_500  # about √(50 × runs of a large project): there, both plans read as many rows
PROBES_AT_MOST = 4
# How the values of a metadata row are stored; bools have the texts true and false besides, instants their text.
METADATA = {
    "number": Stored("m.kind in ('number', 'duration')", "m.num", compare_number),
    "bool": Stored("m.kind = 'bool'", "m.num", compare_flag),
    "instant": Stored("m.kind = 'instant'", "m.num", compare_epoch),
    "text": Stored("m.kind <> 'instant'", "m.text", compare_text),
}
# The same without the kind, which the indexes do not hold: near enough for a probe.
INDEXED_METADATA = {type_: Stored("", one.value, one.compare) for type_, one in METADATA.items()}
_RANGES = {"=", "<", "<=", ">", ">=", "in", "between"}
_OPPOSITES = {"!=": "=", "not in": "in", "not between": "between"} | {
    f"not {one}": one for one in ("like", "ilike", "contains")
}


class Arguments:
    """What is bound, in order; `add` answers with the placeholder."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.values: list[Any] = []

    def add(self, value: Any) -> str:
        self.values.append(value)
        return f"${self.first + len(self.values) - 1}"


@dataclass(frozen=True)
class Probe:
    """Says how rare the indexed conditions of a filter are, so that the right plan is asked for.

    Fetch the one value of `sql` with the project and `arguments`: a list of counts, each capped at PROBE_CAP. Then
    take `choose(counts)` in place of the filter's `where`; its arguments are the filter's.
    """

    sql: str
    arguments: list[Any]
    where: str
    index_first: list[str]
    sampled: list[str]

    def choose(self, counts: Sequence[int]) -> str:
        """The condition that reads the rarest one from its index first, or goes through the list if none is rare."""
        rarest = min(range(len(counts)), key=counts.__getitem__)
        return self.index_first[rarest] if counts[rarest] < RARE else self.where

    def choose_count(self, counts: Sequence[int]) -> tuple[str, bool]:
        """The condition to count by, and whether all rows fulfil it that fulfil the filter.

        Where none is rare, going through the list may take it to its end: a part of the index is looked at alone.
        """
        rarest = min(range(len(counts)), key=counts.__getitem__)
        return (
            (self.index_first[rarest], True) if counts[rarest] < PROBE_CAP else (self.sampled[rarest], False)
        )


@dataclass(frozen=True)
class CompiledFilter:
    """A condition over the resource's alias, for the rows of project `$1`; `arguments` follow it from `$first`."""

    where: str
    arguments: list[Any] = field(default_factory=list)
    rarest_metadata: Probe | None = None


def compile_filter(text: str, resource: Resource, *, first: int = 2) -> CompiledFilter:
    """The SQL of a filter; of a blank one, `true`. Raises: FilterInvalid."""
    expression = parse_filter(text, resource.vocabulary)
    if expression is None:
        return CompiledFilter("true")
    compiler = _Compiler(resource, Arguments(first))
    parts = [compiler.compile_part(part) for part in _conjuncts(expression)]
    where = _join(" and ", [part.through for part in parts])
    arguments = compiler.arguments.values
    return CompiledFilter(where, arguments, _probe(expression, parts, resource, where))


def compile_runs_filter(text: str, *, first: int = 2) -> CompiledFilter:
    """The SQL of a filter of runs, over the alias `r`. Raises: FilterInvalid."""
    return compile_filter(text, RUNS, first=first)


@dataclass(frozen=True)
class _Part:
    """A condition that must hold: row by row, and, if it has an index of its own, from there."""

    through: str
    index_first: str = ""
    sampled: str = ""  # by the first entries of the index alone


def _conjuncts(expression: Expression) -> tuple[Expression, ...]:
    return expression.parts if isinstance(expression, And) else (expression,)


def _probe(expression: Expression, parts: list[_Part], resource: Resource, where: str) -> Probe | None:
    places = [place for place, part in enumerate(parts) if part.index_first][:PROBES_AT_MOST]
    if not places:
        return None
    compiler = _Compiler(resource, Arguments(2), metadata=INDEXED_METADATA)
    conjuncts = _conjuncts(expression)
    counts = [
        f"(select count(*) from (select {compiler.list_matches(conjuncts[place])} limit {PROBE_CAP}) rows)"  # noqa: S608
        for place in places
    ]

    def start_at(place: int, condition: str) -> str:
        return _join(" and ", [condition if at == place else part.through for at, part in enumerate(parts)])

    index_first = [start_at(place, parts[place].index_first) for place in places]
    sampled = [start_at(place, parts[place].sampled) for place in places]
    return Probe(f"select array[{', '.join(counts)}]", compiler.arguments.values, where, index_first, sampled)


@dataclass(frozen=True)
class _Linked:
    """The rows of another table that fulfil a comparison, and whose they are."""

    source: str
    owner: str
    negated: bool


class _Compiler:
    def __init__(
        self, resource: Resource, arguments: Arguments, *, metadata: Mapping[str, Stored] = METADATA
    ) -> None:
        self.resource = resource
        self.arguments = arguments
        self.add = arguments.add
        self.metadata = metadata

    def compile_part(self, expression: Expression) -> _Part:
        """A conjunct at the top; `offset 0` keeps the planner from turning the look-up of each row into a join."""
        if not isinstance(expression, Comparison):
            return _Part(self.compile(expression))
        linked, id_ = self.link(expression), self.resource.id
        if linked is None:
            condition = self.compare(expression)
            if not self.is_name_search(expression) or condition == NO_MATCH:
                return _Part(condition)
            return self.start_from(condition, f"{id_} from {self.own} and {condition}")
        look = f"exists (select {linked.source} and {linked.owner} = {id_} offset 0)"
        if linked.negated:
            return _Part(f"not {look}")
        is_indexed = expression.field.name != "metadata" or expression.operator in _RANGES
        return self.start_from(look, f"{linked.owner} {linked.source}") if is_indexed else _Part(look)

    def start_from(self, through: str, found: str) -> _Part:
        """`found` is what a select says that lists the ids by an index."""
        ways = (
            f"{self.resource.id} = any(array(select {found}{limit}))"
            for limit in ("", f" limit {PROBE_CAP + 1}")
        )
        return _Part(through, *ways)

    def list_matches(self, expression: Expression) -> str:
        """A `from` with its `where`: what an indexed conjunct alone finds."""
        assert isinstance(expression, Comparison)
        if linked := self.link(expression):
            return linked.source
        return f"from {self.own} and {self.compare(expression)}"

    @property
    def own(self) -> str:
        alias = self.resource.alias
        return f"{self.resource.table} {alias} where {alias}.project_id = $1"

    def is_name_search(self, comparison: Comparison) -> bool:
        """Such a search has a trigram index, which the planner passes by where it overrates the number of hits."""
        is_search = comparison.field.name == "name" and comparison.operator in ("like", "ilike", "contains")
        return is_search and self.resource.has_name_index

    def compile(self, expression: Expression) -> str:
        if isinstance(expression, And):
            return _join(" and ", [self.compile(part) for part in expression.parts])
        if isinstance(expression, Or):
            return _join(" or ", [self.compile(part) for part in expression.parts])
        if isinstance(expression, Not):
            return f"({self.compile(expression.part)}) is not true"
        linked = self.link(expression)
        if linked is None:
            return self.compare(expression)
        look = f"exists (select {linked.source} and {linked.owner} = {self.resource.id})"
        return f"not {look}" if linked.negated else look

    # ── one comparison ─────────────────────────────────────────────────────────────────────────────
    def link(self, comparison: Comparison) -> _Linked | None:
        """The rows of another table that decide, if there are such; None if the row itself does."""
        name = comparison.field.name
        if name == "metadata" and self.resource.metadata:
            return self.link_metadata(comparison, self.resource.metadata)
        if name == "tags" and self.resource.tags:
            return self.link_tag_value(comparison, self.resource.tags)
        links = self.resource.fields.get(name)
        if not isinstance(links, Links):
            return None
        operator = comparison.operator
        source = f"from {links.table} where {links.condition}"
        if operator in ("is null", "is not null"):
            return _Linked(source, links.owner, operator == "is null")
        positive = _OPPOSITES.get(operator, operator)
        condition = compare_kind("text", links.value, positive, comparison, self.add)
        if condition == NO_MATCH:
            return None
        return _Linked(f"{source} and {condition}", links.owner, positive != operator)

    def link_metadata(self, comparison: Comparison, metadata: Metadata) -> _Linked:
        step = comparison.field.step
        source = f"from {metadata.table} m where {metadata.condition(self.add(comparison.field.key))}"
        if step is not None:
            source += f" and m.step = {self.add(step)}::text"
        if comparison.operator in ("is null", "is not null"):
            return _Linked(source, metadata.owner, comparison.operator == "is null")
        return _Linked(
            f"{source} and {compare_typed(self.metadata, comparison, self.add)}", metadata.owner, False
        )

    def link_tag_value(self, comparison: Comparison, tags: Links) -> _Linked | None:
        """`tags.<key>`: the tag `<key>` itself, or a tag `<key>=value` or `<key>:value`, as importers write pairs."""
        key = f"{self.add(comparison.field.key)}::text"
        source = f"from {tags.table} where {tags.condition}"
        pair = f"left({tags.value}, length({key}) + 1) in ({key} || '=', {key} || ':')"
        operator, values = comparison.operator, comparison.values
        if operator in ("is null", "is not null"):
            return _Linked(
                f"{source} and ({tags.value} = {key} or {pair})", tags.owner, operator == "is null"
            )
        if operator in ("=", "!=") and isinstance(values[0], bool):
            return _Linked(f"{source} and {tags.value} = {key}", tags.owner, values[0] != (operator == "="))
        value = f"substr({tags.value}, length({key}) + 2)"
        condition = compare_kind("text", value, operator, comparison, self.add)
        return _Linked(f"{source} and {pair} and {condition}", tags.owner, False)

    def compare(self, comparison: Comparison) -> str:
        """The condition on the row itself."""
        name, operator = comparison.field.name, comparison.operator
        if name == "params":
            return self.compare_parameter(comparison)
        column = self.resource.fields.get(name)
        if not isinstance(column, Column):
            return NO_MATCH
        if operator == "is null":
            return column.absent
        if operator == "is not null":
            return f"not ({column.absent})"
        if name == "status" and operator in ("=", "!=", "in", "not in"):
            return self.compare_status(column, comparison)
        condition = compare_kind(column.kind, column.value, operator, comparison, self.add)
        if not column.table or condition == NO_MATCH:
            return condition
        found = f"select o.id from {column.table} where {column.condition} and {condition}"  # noqa: S608
        return (
            f"{column.reference} = ({found})"
            if operator == "="
            else f"{column.reference} = any(array({found}))"
        )

    def compare_parameter(self, comparison: Comparison) -> str:
        key = f"{self.add(comparison.field.key)}::text"
        value = f"{self.resource.parameters} ->> {key}"
        if comparison.operator in ("is null", "is not null"):
            return f"{value} {comparison.operator}"
        kind = f"jsonb_typeof({self.resource.parameters} -> {key})"
        texts = "('string', 'number', 'boolean')" if comparison.operator in LIKES else "('string')"
        condition = compare_typed(
            {
                "number": Stored(
                    "", f"case {kind} when 'number' then ({value})::numeric end", compare_numeric
                ),
                "bool": Stored("", f"case {kind} when 'boolean' then ({value})::boolean end", compare_bool),
                "text": Stored("", f"case when {kind} in {texts} then {value} end", compare_text),
            },
            comparison,
            self.add,
            quoted_numbers=True,
        )
        if condition == NO_MATCH:
            self.arguments.values.pop()  # the key: PostgreSQL wants each argument used
        return condition

    def compare_status(self, column: Column, comparison: Comparison) -> str:
        """Statuses are few: literals, so that the planner knows how rare each is even in a plan that it keeps."""
        texts = [one.lower() for one in comparison.values if isinstance(one, str)]
        known = sorted({self.resource.statuses[one] for one in texts if one in self.resource.statuses})
        listed = f"{column.value} in ({', '.join(known)})" if known else NO_MATCH
        return listed if comparison.operator in ("=", "in") or not texts else f"not ({listed})"


def _join(word: str, conditions: Iterable[str]) -> str:
    return word.join(f"({one})" for one in conditions)
