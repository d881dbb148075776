"""What filters and sorts mean, asked of a real PostgreSQL: missing keys, odd values, types that do not fit, paging."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from vitrine.database.migrate import migrate
from vitrine.errors import CursorInvalid, FilterInvalid
from vitrine.filters.fields import ARTIFACT_VERSIONS, ARTIFACTS, RUNS, Resource
from vitrine.filters.sort import parse_sort
from vitrine.filters.sql import PROBE_CAP, compile_filter, compile_runs_filter

PROJECT, OTHER = UUID(int=1), UUID(int=2)
BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
NAN, INF = float("nan"), float("inf")


@pytest.fixture(scope="module")
async def world(postgres: str) -> AsyncIterator[World]:
    """In a database of its own, since nothing changes between the tests."""
    name = f"vitrine_filters_{os.getpid()}"
    admin = await asyncpg.connect(postgres)
    await admin.execute(f"create database {name}")
    dsn = postgres.replace("@/postgres?", f"@/{name}?")
    await migrate(dsn)
    connection = await asyncpg.connect(dsn)
    world = World(connection)
    await world.fill()
    yield world
    await connection.close()
    await admin.execute(f"drop database {name} (force)")
    await admin.close()


class World:
    """Seven runs that differ in all that can be asked, and one of another project that must never show."""

    def __init__(self, connection: asyncpg.Connection[Any]) -> None:
        self.connection = connection
        self.ids: dict[str, UUID] = {}

    async def fill(self) -> None:
        run = self.connection.execute
        await run("insert into organization (id, slug, name) values ($1, 'o', 'o')", PROJECT)
        await run(
            "insert into workspace (id, organization_id, slug, name) values ($1, $1, 'w', 'w')", PROJECT
        )
        for project in (PROJECT, OTHER):
            slug = f"p{project.int}"
            await run(
                "insert into project (id, workspace_id, slug, name) values ($1, $2, $3, $3)",
                project,
                PROJECT,
                slug,
            )
            for name in ("train", "tune"):
                await run(
                    "insert into pipeline (project_id, id, name) values ($1, $2, $3)",
                    project,
                    named(name),
                    name,
                )
            await run(
                "insert into stack (project_id, id, name) values ($1, $2, 'eks')", project, named("eks")
            )
            await run(
                "insert into model (project_id, id, name) values ($1, $2, 'scorer')", project, named("scorer")
            )
            await run(
                "insert into model_version (project_id, id, model_id, number, created_at) values ($1, $2, $3, 1, now())",
                project,
                named("scorer 1"),
                named("scorer"),
            )
        await run("insert into app_user (id, name) values ($1, 'amara')", named("amara"))
        await self.add(
            "best",
            status="completed",
            pipeline="train",
            user="amara",
            stack="eks",
            hours=(1, 2),
            parameters='{"depth": 8, "lr": 0.1, "model": "tree", "deep": true, "train.depth": 3}',
            metadata={
                ("", "accuracy"): 0.95,
                ("", "note"): "Good_one",
                ("", "ok"): True,
                ("", "took"): timedelta(seconds=5),
                ("", "at"): BEGIN + timedelta(days=1),
                ("train", "loss"): 0.3,
            },
            tags=["prod", "env=prod"],
            models=["scorer 1"],
        )
        await self.add(
            "worse",
            status="failed",
            pipeline="train",
            hours=(3, 3.5),
            parameters='{"depth": "8", "lr": "0.1", "model": "forest", "deep": "True"}',
            metadata={("", "accuracy"): 0.5, ("", "ok"): False, ("", "note"): "poor 100%"},
            tags=["night", "env=test"],
        )
        await self.add(
            "strange",
            status="completed",
            pipeline="tune",
            hours=(3, 4),
            parameters='{"depth": 1e400, "lr": -1e400, "model": null}',
            metadata={("", "accuracy"): NAN, ("train", "loss"): INF, ("", "note"): "back\\slash"},
        )
        await self.add(
            "wordy",
            status="running",
            hours=(5, None),
            parameters='{"depth": [8], "model": {"a": 1}}',
            metadata={("", "accuracy"): "high", ("", "ok"): "true"},
            tags=["prod", "night"],
        )
        await self.add("steps", metadata={("train", "accuracy"): 0.97, ("test", "accuracy"): 0.2})
        await self.add("empty")
        await self.add("dangling", stack="gone", models=["never arrived"], tags=["env"])
        await self.add(
            "best", project=OTHER, status="completed", metadata={("", "accuracy"): 0.99}, tags=["prod"]
        )

    async def add(
        self,
        name: str,
        *,
        project: UUID = PROJECT,
        status: str = "queued",
        pipeline: str | None = None,
        user: str | None = None,
        stack: str | None = None,
        hours: tuple[float | None, float | None] = (None, None),
        parameters: str = "{}",
        metadata: dict[tuple[str, str], Any] | None = None,
        tags: list[str] | None = None,
        models: list[str] | None = None,
    ) -> UUID:
        run = self.connection.execute
        id_ = named(f"{project} {name}")
        if project == PROJECT:
            self.ids[name] = id_
        begin, end = (None if one is None else BEGIN + timedelta(hours=one) for one in hours)
        await run(
            "insert into run (project_id, id, name, status, pipeline_id, user_id, stack_id, started_at, ended_at,"
            " parameters, number, code_version) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            project,
            id_,
            name,
            status,
            pipeline and named(pipeline),
            user and named(user),
            stack and named(stack),
            begin,
            end,
            parameters,
            len(self.ids),
            f"c{len(name)}",
        )
        for (step, key), value in (metadata or {}).items():
            await self.log(project, id_, step, key, value)
        for tag in tags or []:
            await run(
                "insert into tag (project_id, id, name) values ($1, $2, $3) on conflict do nothing",
                project,
                named(tag),
                tag,
            )
            await run("insert into run_tag values ($1, $2, $3)", project, named(tag), id_)
        for model in models or []:
            await run("insert into run_model_version values ($1, $2, $3)", project, id_, named(model))
        return id_

    async def log(self, project: UUID, run_id: UUID, step: str, key: str, value: Any) -> None:
        kind, num, text = "number", None, None
        if isinstance(value, bool):
            kind, num, text = "bool", float(value), str(value).lower()
        elif isinstance(value, str):
            kind, text = "text", value
        elif isinstance(value, timedelta):
            kind, num = "duration", value.total_seconds()
        elif isinstance(value, datetime):
            kind, num = "instant", value.timestamp()
        else:
            num = value
        await self.connection.execute(
            "insert into metadata_key (project_id, name) values ($1, $2) on conflict do nothing", project, key
        )
        await self.connection.execute(
            "insert into run_metadata select $1, $2, $3, id, $4, $5, $6, now(), $2 from metadata_key"
            " where project_id = $1 and name = $7",
            project,
            run_id,
            step,
            kind,
            num,
            text,
            key,
        )

    async def find(self, text: str) -> set[str]:
        """The names of the runs that a filter finds, the same by either plan."""
        found = compile_runs_filter(text)
        plans = [found.where]
        if found.rarest_metadata:
            counts = await self.connection.fetchval(
                found.rarest_metadata.sql, PROJECT, *found.rarest_metadata.arguments
            )
            assert len(counts) == len(found.rarest_metadata.index_first)
            plans += found.rarest_metadata.index_first
            assert found.rarest_metadata.choose(counts) in plans[1:]
        answers = [
            {
                row["name"]
                for row in await self.connection.fetch(
                    f"select r.name from run r where r.project_id = $1 and ({plan})",
                    PROJECT,
                    *found.arguments,
                )
            }
            for plan in plans
        ]
        assert all(answer == answers[0] for answer in answers)
        return answers[0]

    async def page_through(self, sort_text: str, *, filter_text: str = "", limit: int = 2) -> list[str]:
        """The names in the order of the sort, read page by page."""
        sort, found = parse_sort(sort_text, RUNS), compile_runs_filter(filter_text)
        names: list[str] = []
        cursor: str | None = None
        for _ in range(50):
            statement = sort.compile_list(
                "r.id, r.name, p.id",  # two columns of one name: the cursor is the run's all the same
                "left join pipeline p on p.project_id = $1 and p.id = r.pipeline_id",
                where=found.where,
                arguments=found.arguments,
                cursor=cursor,
                limit=limit + 1,
            )
            rows = await self.connection.fetch(statement.sql, PROJECT, *statement.arguments)
            rows, cursor = sort.cut(rows, limit=limit)
            names += [row["name"] for row in rows]
            if cursor is None:
                return names
        raise AssertionError("the pages never end")


def named(name: str) -> UUID:
    """The same id for the same name; ids do not follow the names' order."""
    return UUID(int=random.Random(name).getrandbits(128))


ALL = {"best", "worse", "strange", "wordy", "steps", "empty", "dangling"}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", ALL),
        ("status = 'failed'", {"worse"}),
        ("attributes.status = 'FINISHED'", {"best", "strange"}),
        ("status in ('failed', 'running') or status = 'Completed'", {"best", "worse", "strange", "wordy"}),
        ("status like 'run%'", {"wordy"}),
        ("status = 5", set()),
        ("name != 'best'", ALL - {"best"}),
        ("name contains 'ESt'", {"best"}),
        ("name ilike 'B%' or name like '_o%'", {"best", "worse", "wordy"}),
        ("name like 'B%'", set()),
        ("name not like '%e%'", {"wordy", "dangling"}),
        ("name between 'c' and 'f'", {"empty", "dangling"}),
        ("pipeline = 'train'", {"best", "worse"}),
        ("pipeline != 'train'", {"strange"}),
        ("pipeline is null", {"wordy", "steps", "empty", "dangling"}),
        ("not pipeline = 'train'", ALL - {"best", "worse"}),
        ("user = 'amara' and stack = 'eks'", {"best"}),
        ("stack is not null", {"best"}),
        ("stack is null", ALL - {"best"}),
        ("user is null", ALL - {"best"}),
        ("model = 'scorer'", {"best"}),
        ("model != 'scorer'", ALL - {"best"}),
        ("started_at > '2026-11-01T03:00:00Z'", {"wordy"}),
        ("started_at >= 2026-11-01T04:00:00+01:00", {"worse", "strange", "wordy"}),
        ("started_at between '2026-11-01' and '2026-11-02'", {"best", "worse", "strange", "wordy"}),
        ("attributes.start_time >= 1793502000000", {"worse", "strange", "wordy"}),
        ("started_at > 'yesterday'", set()),
        ("not started_at > 'yesterday'", ALL),
        ("ended_at is null", {"wordy", "steps", "empty", "dangling"}),
        ("duration_s >= 3600", {"best", "strange"}),
        ("duration_s > 'long'", set()),
        ("number in (1, 2) and code_version = 'c4'", {"best"}),
        ("run_id = 'no uuid'", set()),
    ],
)
async def test_fields_of_a_run_compare(world: World, text: str, names: set[str]) -> None:
    assert await world.find(text) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("metadata.accuracy > 0.9", {"best", "steps"}),
        ("metadata.accuracy < 0.9", {"worse", "steps"}),
        ("metrics.accuracy >= 0.5 and metrics.accuracy <= 0.95", {"best", "worse", "steps"}),
        ("metadata.accuracy between 0.3 and 0.6", {"worse"}),
        ("metadata.accuracy != 0.5", {"best", "strange", "steps"}),
        ("not metadata.accuracy = 0.5", ALL - {"worse"}),
        ("not metadata.accuracy > 0.9", ALL - {"best", "steps"}),
        ("metadata.accuracy = NaN", {"strange"}),
        ("metadata.accuracy > NaN or metadata.accuracy <= NaN", set()),
        ("metadata.accuracy not between 0 and 1", set()),
        ("metadata.accuracy in (0.5, 0.97, 'high')", {"worse", "steps", "wordy"}),
        ("metadata.accuracy not in (0.5)", {"best", "strange", "steps"}),
        ("metadata.accuracy > '0.9'", {"wordy"}),
        ("metadata.accuracy = 'high'", {"wordy"}),
        ("metadata.accuracy is null", {"empty", "dangling"}),
        ("metadata.accuracy is not null", ALL - {"empty", "dangling"}),
        ("metadata.loss = inf", {"strange"}),
        ("metadata.loss > 1e308", {"strange"}),
        ("steps.train.accuracy > 0.9", {"steps"}),
        ("steps.test.accuracy > 0.9", set()),
        ("steps.train.loss < 1", {"best"}),
        ("steps.train.loss is null", ALL - {"best", "strange"}),
        ("metadata.ok = true", {"best"}),
        ("metadata.ok != true", {"worse"}),
        ("metadata.ok = 'true'", {"best", "wordy"}),
        ("metadata.ok = 1", set()),
        ("metadata.note contains 'one'", {"best"}),
        ("metadata.note contains '_'", {"best"}),
        ("metadata.note contains '%'", {"worse"}),
        (r"metadata.note like '%\\\\%'", {"strange"}),
        (r"metadata.note like 'back\\'", set()),
        ("metadata.note not contains 'o'", {"strange"}),
        ("metadata.took >= 5", {"best"}),
        ("metadata.at > '2026-11-01'", {"best"}),
        ("metadata.at > 2026-11-03", set()),
        ("metadata.at = 1793577600", set()),
        ("metadata.never_logged > 0", set()),
        ("metadata.never_logged is null", ALL),
        ("metadata.accuracy > 0.9 and metadata.ok = true and tag = 'prod'", {"best"}),
        ("metadata.accuracy > 0.9 or (metadata.ok = false and not tag = 'prod')", {"best", "steps", "worse"}),
    ],
)
async def test_metadata_of_a_run_and_its_steps_compare(world: World, text: str, names: set[str]) -> None:
    assert await world.find(text) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('params.model = "tree"', {"best"}),
        ("params.model != 'tree'", {"worse"}),
        ("params.model in ('tree', 'forest')", {"best", "worse"}),
        ("params.model is null", {"strange", "steps", "empty", "dangling"}),
        ("params.depth = 8", {"best"}),
        ("params.depth = '8'", {"best", "worse"}),
        ("params.depth = '8.0'", {"best"}),
        ("params.depth > 100", {"strange"}),
        ("params.lr < 0", {"strange"}),
        ("params.lr = 0.1", {"best"}),
        ("params.lr = '0.1'", {"best", "worse"}),
        ("params.depth != '9'", {"best", "worse", "strange"}),
        ("params.depth like '8%'", {"best", "worse"}),
        ("params.depth between '7' and '9'", {"best", "worse"}),
        ("params.deep = true", {"best"}),
        ("params.deep = 'True'", {"best", "worse"}),
        ("params.train.depth = 3", {"best"}),
        ("params.deep > true and params.deep like 5", set()),
        ("params.depth is not null", {"best", "worse", "strange", "wordy"}),
    ],
)
async def test_parameters_compare(world: World, text: str, names: set[str]) -> None:
    assert await world.find(text) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("tag = 'prod'", {"best", "wordy"}),
        ("tag != 'prod'", ALL - {"best", "wordy"}),
        ("tag in ('night', 'prod')", {"best", "worse", "wordy"}),
        ("tag not in ('night', 'prod')", {"strange", "steps", "empty", "dangling"}),
        ("tag like 'env=%'", {"best", "worse"}),
        ("tag not like 'env%'", ALL - {"best", "worse", "dangling"}),
        ("tag is null", {"strange", "steps", "empty"}),
        ("tag != 5", set()),
        ("tags.env = 'prod'", {"best"}),
        ("tags.env != 'prod'", {"worse"}),
        ("tags.env is not null", {"best", "worse", "dangling"}),
        ("tags.prod = true", {"best", "wordy"}),
        ("tags.prod = false", ALL - {"best", "wordy"}),
        ("tags.env > 5", set()),
    ],
)
async def test_tags_compare(world: World, text: str, names: set[str]) -> None:
    assert await world.find(text) == names


async def test_values_are_bound_and_never_become_sql(world: World) -> None:
    for value in ("'; drop table run; --", "$1", "%s", "{key}", "\\", "a''b", "😀", "1e400"):
        quoted = "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"
        for field in ("name", "metadata.`{m}` ", "params.`$2`", "tags.`'`", "steps.`{0}`.`%`"):
            for operator in ("=", "!=", "<", "like", "ilike", "contains"):
                await world.find(f"{field} {operator} {quoted}")
            await world.find(
                f"{field} in ({quoted}, 1, true, 1e999) or {field} between {quoted} and {quoted}"
            )
    for number in ("1e999", "-1e999", "9" * 300, "9" * 400, "nan", "-inf", "1e-400"):
        for field in ("number", "duration_s", "metadata.accuracy", "params.depth"):
            await world.find(f"{field} <= {number} or {field} in ({number}, 3)")
    assert await world.find("") == ALL


async def test_a_day_that_does_not_exist_is_refused_where_an_instant_is_wanted(world: World) -> None:
    with pytest.raises(FilterInvalid, match="2026-13-45") as refused:
        await world.find("name = 'x' and started_at > '2026-13-45'")
    assert refused.value.facts["position"] == 15
    assert await world.find("metadata.note = '2026-13-45'") == set()


async def test_a_probe_counts_up_to_its_cap_and_chooses_the_plan(world: World) -> None:
    probe = compile_runs_filter(
        "status = 'completed' and metadata.accuracy > 0.9 and tag = 'prod'"
    ).rarest_metadata
    assert probe is not None
    counts = await world.connection.fetchval(probe.sql, PROJECT, *probe.arguments)
    assert counts == [2, 2]
    assert probe.choose([2, 1]) == probe.index_first[1]
    assert probe.choose([PROBE_CAP, PROBE_CAP]) == probe.where
    assert compile_runs_filter("status = 'failed' or metadata.accuracy > 0.9").rarest_metadata is None


SORTS = [
    "name", "number", "status", "pipeline", "user", "stack", "model", "tag", "started_at", "ended_at", "duration_s",
    "code_version", "id", "metadata.accuracy", "metadata.loss", "metadata.note", "metadata.ok", "metadata.never",
    "steps.train.accuracy", "params.depth", "params.model", "params.lr", "params.deep",
]  # fmt: skip


@pytest.mark.parametrize("sort", [f"{sign}{one}" for one in SORTS for sign in ("", "-")])
async def test_paging_shows_each_run_once_over_ties_and_gaps(world: World, sort: str) -> None:
    whole = await world.page_through(sort, limit=50)
    assert sorted(whole) == sorted(ALL)
    for limit in (1, 2, 3):
        assert await world.page_through(sort, limit=limit) == whole
    filtered = await world.page_through(
        sort, limit=2, filter_text="status != 'failed' and metadata.accuracy is not null"
    )
    assert filtered == [name for name in whole if name in {"best", "strange", "wordy", "steps"}]


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("-metadata.accuracy", ["steps", "best", "worse", "wordy"]),
        ("metadata.accuracy", ["steps", "worse", "best", "wordy"]),
        ("-steps.train.accuracy", ["steps"]),
        ("-metrics.loss", ["strange", "best"]),
        ("-started_at", ["wordy"]),
        ("started_at", ["best"]),
        ("pipeline", ["best", "worse", "strange"]),
        ("-duration_s", ["best", "strange", "worse"]),
        ("params.depth", ["best", "strange", "worse"]),
        ("tag", ["dangling", "best", "worse"]),
        ("-number", ["dangling", "empty", "steps", "wordy"]),
    ],
)
async def test_rows_without_the_key_come_last(world: World, sort: str, first: list[str]) -> None:
    names = await world.page_through(sort, limit=2)
    assert set(names[: len(first)]) == set(first)
    tied = {"best", "strange", "worse"} if sort in ("-duration_s", "pipeline") else set()
    assert [name for name in names[: len(first)] if name not in tied] == [
        name for name in first if name not in tied
    ]


async def test_no_row_is_lost_while_others_come_and_go(world: World) -> None:
    """A cursor stands at a place, not at a count: what is added before it or removed shifts nothing."""
    sort = parse_sort("-metadata.accuracy", RUNS)
    statement = sort.compile_list("r.id, r.name", limit=3)
    rows, cursor = sort.cut(
        await world.connection.fetch(statement.sql, PROJECT, *statement.arguments), limit=2
    )
    transaction = world.connection.transaction()
    await transaction.start()
    await world.connection.execute("delete from run where id = $1", rows[1]["id"])
    added = await world.add("late", metadata={("", "accuracy"): 0.99})
    world.ids.pop("late")
    assert added
    statement = sort.compile_list("r.id, r.name", limit=50, cursor=cursor)
    after = await world.connection.fetch(statement.sql, PROJECT, *statement.arguments)
    await transaction.rollback()
    assert {row["name"] for row in after} == ALL - {row["name"] for row in rows}


async def test_a_cursor_of_another_sort_or_a_changed_one_is_refused(world: World) -> None:
    sort = parse_sort("-started_at", RUNS)
    statement = sort.compile_list("r.id, r.name", limit=2)
    _, cursor = sort.cut(await world.connection.fetch(statement.sql, PROJECT, *statement.arguments), limit=1)
    assert cursor is not None
    with pytest.raises(CursorInvalid, match="-started_at"):
        parse_sort("started_at", RUNS).decode_cursor(cursor)
    for at in range(len(cursor)):
        changed = cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :]
        with pytest.raises(CursorInvalid):
            sort.decode_cursor(changed)
    for nonsense in ("", "?", "ü", "AAAA", cursor[:-3], cursor * 2, "null"):
        with pytest.raises(CursorInvalid):
            sort.decode_cursor(nonsense)


@pytest.mark.parametrize("resource", [RUNS, ARTIFACTS, ARTIFACT_VERSIONS], ids=lambda one: one.table)
async def test_every_field_filters_and_sorts_in_valid_sql(world: World, resource: Resource) -> None:
    keyed = {"metadata": "metadata.a", "steps": "steps.a.b", "params": "params.a", "tags": "tags.a"}
    fields = [*resource.vocabulary.names, *(keyed[prefix] for prefix in resource.vocabulary.prefixes)]
    values = ["'a'", "1", "true", "'2026-11-01'", f"'{PROJECT}'", "2026-11-01"]
    operators = ["=", "!=", "<", "<=", ">", ">=", "like", "ilike", "contains", "not contains"]
    for field in fields:
        texts = [f"{field} {operator} {value}" for operator, value in itertools.product(operators, values)]
        texts += [f"{field} {word} ({', '.join(values)})" for word in ("in", "not in")]
        texts += [f"{field} {word} {one} and {one}" for word in ("between", "not between") for one in values]
        texts += [f"{field} is null", f"{field} is not null"]
        for text in (" or ".join(texts[at : at + 25]) for at in range(0, len(texts), 25)):
            found = compile_filter(f"({text}) and {texts[0]}", resource)
            rows = f"from {resource.table} {resource.alias} where {resource.alias}.project_id = $1"
            await world.connection.prepare(f"select {rows} and {found.where}")
    for field, sign in itertools.product(set(fields) - {"tags.a"}, ("", "-")):
        sort = parse_sort(sign + field, resource)
        statement = sort.compile_list(f"{resource.id}", limit=5)
        await world.connection.fetch(statement.sql, PROJECT, *statement.arguments)


def test_a_cursor_is_a_short_text_for_an_address() -> None:
    cursor = parse_sort("-metadata.accuracy", RUNS).encode_cursor(phase=0, key="0.97", id_=PROJECT)
    assert len(cursor) < 120
    assert set(cursor) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
    assert msgspec.json.decode(msgspec.json.encode(cursor)) == cursor
