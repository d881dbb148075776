"""What a request has changed: kept by whoever writes, told to the sender and to those who watch."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

from msgspec import Struct, field

from vitrine.ingest.structs import Rejected
from vitrine.live.outbox import Announcement

ANNOUNCED_SINGLY = 100  # of one kind and run; beyond, one announcement without a name says: many


class Tally(Struct):
    """`accepted`: the events that changed something. `counts`: by pipeline and status, how many runs more."""

    accepted: set[UUID] = field(default_factory=set)
    rejected: list[Rejected] = field(default_factory=list)
    refused: set[UUID] = field(default_factory=set)
    counts: Counter[tuple[UUID, str]] = field(default_factory=Counter)
    news: dict[tuple[str, UUID | None], dict[str, dict[str, Any]]] = field(default_factory=dict)

    def refuse(self, event_id: UUID, detail: str) -> None:
        """The event clashes with what is stored: nothing of it may stay."""
        self.refused.add(event_id)
        self.rejected.append(Rejected(str(event_id), "Conflict", detail))

    def announce(self, kind: str, run_id: UUID | None = None, part: str = "", **body: Any) -> None:
        """Whoever watches will hear of it, once for each part of a run."""
        self.news.setdefault((kind, run_id), {})[part] = body

    def announcements(self) -> list[Announcement]:
        """In the order in which things happened; many parts of one run in one announcement whose values are null."""
        found: list[Announcement] = []
        for (kind, run_id), parts in self.news.items():
            if len(parts) <= ANNOUNCED_SINGLY:
                found += [Announcement(kind, run_id, body) for body in parts.values()]
            else:
                names = next(iter(parts.values()))
                found.append(Announcement(kind, run_id, dict.fromkeys(names) | {"count": len(parts)}))
        return found
