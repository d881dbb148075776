"""The filter language: what it accepts, what it says of mistakes, and that no text does anything else."""

from __future__ import annotations

import math
import string
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vitrine.errors import CursorInvalid, FilterInvalid
from vitrine.filters.fields import ARTIFACTS, RUNS
from vitrine.filters.parse import Vocabulary, parse_filter
from vitrine.filters.sort import parse_sort
from vitrine.filters.sql import compile_filter, compile_runs_filter
from vitrine.filters.tree import And, Comparison, Expression, Field, Not, Or, Value


def parse(text: str) -> Expression | None:
    return parse_filter(text, RUNS.vocabulary)


def refused(text: str) -> FilterInvalid:
    with pytest.raises(FilterInvalid) as raised:
        compile_runs_filter(text)
    return raised.value


def test_the_filter_of_the_manual_is_read() -> None:
    text = (
        "status = 'failed' and metadata.accuracy > 0.9 and (tag = 'prod' or name like '%night%')"
        " and started_at > '2026-11-01'"
    )
    assert parse(text) == And(
        (
            Comparison(Field("status"), "=", ("failed",)),
            Comparison(Field("metadata", "accuracy"), ">", (0.9,)),
            Or((Comparison(Field("tag"), "=", ("prod",)), Comparison(Field("name"), "like", ("%night%",)))),
            Comparison(Field("started_at"), ">", ("2026-11-01",)),
        )
    )


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("STATUS = 'x'", Field("status")),
        ("`status` = 'x'", Field("status")),
        ("attributes.status = 'x'", Field("status")),
        ("attribute.`run_name` = 'x'", Field("name")),
        ("metrics.rmse < 1", Field("metadata", "rmse")),
        ("metadata.train.loss < 1", Field("metadata", "train.loss")),
        ("metadata.`cpu util.%` < 1", Field("metadata", "cpu util.%")),
        ("metrics.`a``b` < 1", Field("metadata", "a`b")),
        ('params."a b" = 1', Field("params", "a b")),
        ("param.x-1/y = 1", Field("params", "x-1/y")),
        ("metadata.5fold = 1", Field("metadata", "5fold")),
        ("metadata.not = 1", Field("metadata", "not")),
        ("steps.train.loss < 1", Field("metadata", "loss", "train")),
        ("steps.`train model`.val.loss < 1", Field("metadata", "val.loss", "train model")),
        ("tags.env = 'x'", Field("tags", "env")),
        ("metadata.größe > 1", Field("metadata", "größe")),
    ],
)
def test_fields_have_several_spellings(text: str, field: Field) -> None:
    found = parse(text)
    assert isinstance(found, Comparison)
    assert found.field == field


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'it''s'", "it's"),
        (r"'it\'s'", "it's"),
        ('"say ""hi"""', 'say "hi"'),
        ("'say \"hi\"'", 'say "hi"'),
        (r"'50\%'", r"50\%"),
        (r"'a\\'", "a\\"),
        ("''", ""),
        ("'a\nb'", "a\nb"),
        ("12", 12),
        ("-0.5", -0.5),
        ("+.5", 0.5),
        ("1e-3", 0.001),
        ("1E400", math.inf),
        ("-inf", -math.inf),
        ("Infinity", math.inf),
        ("12345678901234567890", 12345678901234567890),
        ("true", True),
        ("FALSE", False),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T10:30:00.5+02:00", datetime(2026, 11, 1, 8, 30, 0, 500000, tzinfo=UTC)),
    ],
)
def test_values_are_texts_numbers_truths_and_instants(text: str, value: Value) -> None:
    found = parse(f"metadata.x = {text}")
    assert isinstance(found, Comparison)
    assert found.values == (value,)
    assert type(found.values[0]) is type(value)


def test_and_binds_closer_than_or_and_not_closest() -> None:
    a, b, c = (Comparison(Field("name"), "=", (one,)) for one in "abc")
    assert parse("name = 'a' or name = 'b' and not name = 'c'") == Or((a, And((b, Not(c)))))
    assert parse("not (name='a' or name='b') AND name=='c'") == And((Not(Or((a, b))), c))


@pytest.mark.parametrize(
    ("text", "operator", "values"),
    [
        ("name <> 'a'", "!=", ("a",)),
        ("name NOT IN ('a', 'b')", "not in", ("a", "b")),
        ("name in ('a')", "in", ("a",)),
        ("number between 1 and 2", "between", (1, 2)),
        ("number not between 1 and 2", "not between", (1, 2)),
        ("name not like 'a%'", "not like", ("a%",)),
        ("name ILIKE 'a%'", "ilike", ("a%",)),
        ("name contains 'a'", "contains", ("a",)),
        ("name is null", "is null", ()),
        ("name IS NOT NULL", "is not null", ()),
        ("name>='a'", ">=", ("a",)),
    ],
)
def test_every_operator_is_read(text: str, operator: str, values: tuple[Value, ...]) -> None:
    assert parse(text) == Comparison(Field(parse_field_name(text)), operator, values)


def parse_field_name(text: str) -> str:
    return "number" if text.startswith("number") else "name"


def test_a_blank_filter_finds_everything() -> None:
    assert parse(" \n") is None
    assert compile_runs_filter("").where == "true"
    assert compile_runs_filter("").arguments == []


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("status = ", 9, "'text'"),
        ("status", 6, "="),
        ("status 'x'", 7, "="),
        ("= 'x'", 0, "field"),
        ("status = 'x' name = 'y'", 13, "and"),
        ("(status = 'x'", 13, ")"),
        ("status = 'x')", 12, "end"),
        ("status in 'x'", 10, "("),
        ("status in ()", 11, "'text'"),
        ("status in ('x' 'y')", 15, ","),
        ("number between 1 or 2", 17, "and"),
        ("name is 'x'", 8, "null"),
        ("name not 'x'", 9, "like"),
        ("status = failed", 9, "'text'"),
        ("stutus = 'x'", 0, "status"),
        ("name = 'a' and metadata = 5", 15, "metadata.<key>"),
        ("steps.train = 5", 0, "steps.<step>.<key>"),
        ("status.x = 5", 0, "status"),
        ("metadata.x > 2026-13-01", 13, "instant"),
    ],
)
def test_a_mistake_is_shown_where_it_is_with_what_could_stand_there(
    text: str, position: int, expected: str
) -> None:
    error = refused(text)
    assert error.facts["position"] == position
    assert expected in error.facts["expected"]
    assert f"Column {position + 1}:" in error.detail


def test_an_unknown_field_is_told_the_known_ones() -> None:
    detail = refused("stauts = 'failed'").detail
    assert "Did you mean 'status'?" in detail
    for name in ("started_at", "metadata.<key>", "steps.<step>.<key>", "tags.<key>"):
        assert name in detail


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        ("name = 'abc", 7, "not closed"),
        ('name = "abc', 7, "not closed"),
        ("metadata.`abc > 1", 8, "cannot stand here"),
        ("`abc", 0, "not closed"),
        ("name = 5x", 7, "cannot stand here"),
        ("name = 'a\0b'", 9, "cannot be part"),
        ("name = '\ud800'", 8, "cannot be part"),
        ("name = 'a'; drop table run", 10, "cannot stand here"),
    ],
)
def test_what_is_no_filter_at_all_is_refused(text: str, position: int, says: str) -> None:
    error = refused(text)
    assert error.facts["position"] == position
    assert says in error.detail


def test_a_filter_is_limited_in_length_depth_and_comparisons() -> None:
    assert refused("name = '" + "x" * 4_000 + "'").facts["position"] == 4_000
    assert parse("(" * 50 + "name = 'x'" + ")" * 50)
    assert "deeper" in refused("(" * 51 + "name = 'x'" + ")" * 51).detail
    assert "deeper" in refused("not " * 900 + "name = 'x'").detail
    assert parse(" or ".join(["name = 'x'"] * 50))
    assert "50 comparisons" in refused(" or ".join(["name = 'x'"] * 51)).detail


def test_filters_of_mlflow_paste() -> None:
    found = compile_runs_filter('metrics.rmse < 1 and params.model = "tree"')
    assert found.arguments == ["rmse", 1.0, "model", "tree"]
    assert "'completed'" in compile_runs_filter("attributes.status = 'FINISHED'").where
    started = parse("attributes.start_time >= 1793491200000")
    assert isinstance(started, Comparison)
    assert started.field == Field("started_at")
    assert started.values == (datetime(2026, 11, 1, tzinfo=UTC),)


def test_other_lists_have_other_fields() -> None:
    assert compile_filter("type = 'model' and tag = 'gold'", ARTIFACTS).arguments == ["model", "gold"]
    with pytest.raises(FilterInvalid, match="name, type, data_type, tag, created_at"):
        compile_filter("status = 'failed'", ARTIFACTS)
    columns = Vocabulary(names=("Age", "the name", "and"))
    assert parse_filter("Age > 5 and `the name` = 'x' and `and` = 1", columns) == And(
        (
            Comparison(Field("Age"), ">", (5,)),
            Comparison(Field("the name"), "=", ("x",)),
            Comparison(Field("and"), "=", (1,)),
        )
    )


def test_arguments_are_numbered_from_where_the_query_says() -> None:
    found = compile_runs_filter("name = 'a' and code_version = 'b'", first=7)
    assert found.where == "(r.name = $7::text) and (r.code_version = $8::text)"
    assert found.arguments == ["a", "b"]


def test_a_sort_is_a_field_with_a_sign() -> None:
    assert parse_sort(None, RUNS).text == "-started_at"
    assert parse_sort("-metrics.`val loss`", RUNS).text == "-metadata.`val loss`"
    assert parse_sort("attributes.start_time", RUNS).text == "started_at"
    for text, position in (
        ("-stutus", 1),
        ("name desc", 0),
        ("--name", 1),
        ("tags.x", 0),
        ("metadata.`\0`", 10),
    ):
        with pytest.raises(FilterInvalid) as raised:
            parse_sort(text, RUNS)
        assert raised.value.facts["position"] == position


# ── any text ──────────────────────────────────────────────────────────────────────────────────────
WORDS = [
    "and", "or", "not", "in", "is", "null", "between", "like", "contains", "(", ")", ",", "=", "!=", "<", ">=", "name",
    "status", "metadata.x", "params.`y`", "tags.z", "steps.a.b", "started_at", "'a'", '"', "'", "`", "\\", "5", "-1e5",
    "nan", "true", "2026-11-01", "'2026-02-30'", ".", "$1", ";", "%", "'%\\'", "duration_s", "id", "tag",
]  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join)))
@example("(" * 4_000)
@example("'" * 4_000)
@example("`" * 3_999)
@example("'\\" * 1_999)
@example("metadata." + "a." * 1_900)
def test_any_text_is_a_filter_or_is_refused_with_its_place(text: str) -> None:
    try:
        found = compile_runs_filter(text)
    except FilterInvalid as error:
        position = error.facts["position"]
    else:
        position = len(text)
        for at in range(2, 2 + len(found.arguments)):
            assert f"${at}::" in found.where
    assert 0 <= position <= len(text)


@settings(max_examples=30, deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_a_cursor_or_is_refused(text: str) -> None:
    with pytest.raises(CursorInvalid):
        parse_sort("-metadata.x", RUNS).decode_cursor(text)


# ── print and read again ──────────────────────────────────────────────────────────────────────────
def write(expression: Expression) -> str:
    """The filter that says it."""
    if isinstance(expression, Not):
        return f"not ({write(expression.part)})"
    if isinstance(expression, And | Or):
        word = " and " if isinstance(expression, And) else " or "
        return word.join(f"({write(part)})" for part in expression.parts)
    values = [write_value(one) for one in expression.values]
    if expression.operator.endswith("between"):
        return f"{expression.field} {expression.operator} {values[0]} and {values[1]}"
    listed = f"({', '.join(values)})" if expression.operator.endswith("in") else "".join(values)
    return f"{expression.field} {expression.operator} {listed}"


def write_value(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
    return repr(value)


KEYS = st.text(string.ascii_letters + "._- '\"`$%é{}", min_size=1, max_size=8)
FIELDS = st.one_of(
    st.sampled_from(["name", "status", "tag", "duration_s"]).map(Field),
    KEYS.map(lambda key: Field("metadata", key)),
    KEYS.map(lambda key: Field("params", key)),
    st.tuples(KEYS, KEYS).map(lambda keys: Field("metadata", keys[0], keys[1])),
)
VALUES: st.SearchStrategy[Value] = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
    st.integers(-(10**20), 10**20),
    st.floats(allow_nan=False),
    st.booleans(),
    st.datetimes(datetime(1000, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC)),
)
COMPARISONS = st.one_of(
    st.builds(
        lambda field, operator, value: Comparison(field, operator, (value,)),
        FIELDS,
        st.sampled_from(
            ["=", "!=", "<", "<=", ">", ">=", "like", "not like", "ilike", "contains", "not contains"]
        ),
        VALUES,
    ),
    st.builds(
        lambda field, operator, values: Comparison(field, operator, tuple(values)),
        FIELDS,
        st.sampled_from(["in", "not in"]),
        st.lists(VALUES, min_size=1, max_size=3),
    ),
    st.builds(lambda field, low, high: Comparison(field, "not between", (low, high)), FIELDS, VALUES, VALUES),
    st.builds(Comparison, FIELDS, st.sampled_from(["is null", "is not null"])),
)
EXPRESSIONS: st.SearchStrategy[Expression] = st.recursive(
    COMPARISONS,
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: And(tuple(parts))),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: Or(tuple(parts))),
    ),
    max_leaves=6,
)


@settings(max_examples=50, deadline=None)
@given(EXPRESSIONS)
def test_what_is_written_is_read_again_as_it_was(expression: Expression) -> None:
    assert parse(write(expression)) == expression
