"""docs/events.md is true: its examples are taken, its tables name the fields that there are."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest
from tests.features.conftest import Send
from tests.features.states import clear, read_state

from vitrine.ingest import structs

DOCUMENT = (Path(__file__).parents[2] / "docs/events.md").read_text()
KINDS = {
    event.__struct_config__.tag: event.__annotations__["body"]
    for event in vars(structs).values()
    if isinstance(event, type) and issubclass(event, structs.Envelope) and event is not structs.Envelope
}


def read_sections() -> dict[str, str]:
    """The text of each heading."""
    parts = re.split(r"^## (.*)$", DOCUMENT, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


SECTIONS = {heading.strip("`"): text for heading, text in read_sections().items()}


def read_examples(text: str = DOCUMENT) -> list[dict[str, Any]]:
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]


def test_every_kind_is_explained() -> None:
    assert SECTIONS.keys() == KINDS.keys() | {"The envelope"}


@pytest.mark.parametrize("kind", KINDS)
def test_the_table_of_a_kind_names_its_fields(kind: str) -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \|([^|]*)\|", SECTIONS[kind], re.MULTILINE))
    fields = msgspec.structs.fields(KINDS[kind])
    assert list(rows) == [field.name for field in fields]
    assert [name for name, mark in rows.items() if "required" in mark] == [
        field.name for field in fields if field.required
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_an_example_and_its_rules(kind: str) -> None:
    assert {example["kind"] for example in read_examples(SECTIONS[kind])} == {kind}
    assert "**Idempotent by**" in SECTIONS[kind]
    assert "**Merge**" in SECTIONS[kind]


async def test_each_example_is_accepted_once(send: Send) -> None:
    for example in read_examples():
        assert (await send([example]))["accepted"] == 1, example
        assert (await send([example]))["duplicate"] == 1, example


async def test_the_examples_tell_one_story_in_any_order(
    send: Send, db: asyncpg.Connection, api: httpx.AsyncClient
) -> None:
    examples = read_examples()
    await send(examples)
    expected = await read_state(db)
    for seed in range(5):
        await clear(db)
        for example in random.Random(seed).sample(examples, len(examples)):
            await send([example])
        assert await read_state(db) == expected
    run = (await api.get(f"/api/v1/projects/default/runs/{examples[1]['run_id']}")).json()
    assert (run["name"], run["status"], run["tags"]) == ("train at noon", "completed", ["nightly"])
    assert run["step_metadata"]["fit"]["metrics.f1"] == 0.93


def test_the_limits_of_the_document_are_those_of_the_program() -> None:
    from vitrine.ingest.check import DEPTH_LIMIT, LISTED_LIMIT, STAGES
    from vitrine.ingest.decode import EVENTS_LIMIT, ROWS_LIMIT
    from vitrine.ingest.receive import UNPACKED_LIMIT_BYTES
    from vitrine.metadata.values import INDEXED_BYTES, KEY_LIMIT, KEYS_LIMIT, VALUE_LIMIT_BYTES
    from vitrine.runs.log_codec import TEXT_LIMIT_BYTES

    said = [
        f"{UNPACKED_LIMIT_BYTES // 1_000_000} MB unpacked", f"{EVENTS_LIMIT:,} events a request", f"up to {DEPTH_LIMIT} levels",
        f"up to {ROWS_LIMIT:,} values, tags and links", f"up to {LISTED_LIMIT:,} ids together",
        f"up to {KEYS_LIMIT:,} after flattening", f"a value has up to {VALUE_LIMIT_BYTES:,} bytes", f"up to {KEY_LIMIT} characters",
        f"the first {INDEXED_BYTES:,} bytes", f"longer than {TEXT_LIMIT_BYTES:,} bytes", *(f"`{stage}`" for stage in STAGES),
    ]  # fmt: skip
    assert [one for one in said if one not in DOCUMENT] == []
