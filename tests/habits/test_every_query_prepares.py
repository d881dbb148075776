"""Every SQL constant in the program is valid against the schema: PostgreSQL itself says so."""

from __future__ import annotations

import importlib
import pkgutil
import re

import asyncpg
import pytest

import vitrine

STATEMENT = re.compile(r"^\s*(--[^\n]*\n\s*)*(select|insert|update|delete|with)\b", re.IGNORECASE)
FRAGMENT = re.compile(r"\{[a-z_]+\}")


def find_statements() -> dict[str, str]:
    """Module-level UPPER_CASE strings that begin as a statement, and those inside UPPER_CASE mappings."""
    found: dict[str, str] = {}
    for module_info in pkgutil.walk_packages(vitrine.__path__, "vitrine."):
        if not re.search(
            r"\.(queries|record|outbox|sessions|tokens|links|actors|bootstrap|migrate|notify|blobs|.*_queries|.*_record)$",
            module_info.name,
        ):
            continue
        module = importlib.import_module(module_info.name)
        for name, value in vars(module).items():
            if not name.isupper():
                continue
            texts = value.values() if isinstance(value, dict) else [value]
            for position, text in enumerate(texts):
                if isinstance(text, str) and STATEMENT.match(text) and not FRAGMENT.search(text):
                    found[f"{module_info.name}.{name}[{position}]"] = text
    return found


STATEMENTS = find_statements()


def test_there_are_queries_to_check() -> None:
    assert len(STATEMENTS) > 40


@pytest.mark.parametrize("name", sorted(STATEMENTS))
async def test_every_query_is_valid_against_the_schema(db: asyncpg.Connection, name: str) -> None:
    await db.prepare(STATEMENTS[name])
