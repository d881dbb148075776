"""A model as a program names it; its versions are linked to the runs and artifacts that made them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from vitrine.enums import ModelStages
from vitrine.errors import Invalid
from vitrine.ids import content_id, new_id
from vitrine.ingest.structs import ModelVersionBody


@dataclass(frozen=True)
class Model:
    """Without a version each run makes a new one, numbered. A version that does not exist is created; a stage or number is looked up."""

    name: str
    version: str | int | None = None
    license: str | None = None
    description: str | None = None
    audience: str | None = None
    use_cases: str | None = None
    limitations: str | None = None
    trade_offs: str | None = None
    ethics: str | None = None
    tags: list[str] = field(default_factory=list)
    save_models_to_registry: bool = True

    @property
    def is_lookup(self) -> bool:
        """Whether the version names one that must exist already: a stage or a number."""
        return (
            isinstance(self.version, int)
            or str(self.version) in (*ModelStages,)
            or str(self.version).isdigit()
        )

    def make_id(self) -> UUID:
        """Of a named version always the same, so that every run of it says the same; else a new one. Raises: Invalid for a look-up."""
        if self.is_lookup and self.version is not None:
            raise Invalid(f"Which version of {self.name!r} is {self.version!r}? Only the server knows.")
        return new_id() if self.version is None else content_id("model_version", self.name, str(self.version))

    def describe(self, id: UUID) -> ModelVersionBody:
        """What an event says of the version."""
        cards = {
            "license": self.license,
            "audience": self.audience,
            "use_cases": self.use_cases,
            "limitations": self.limitations,
            "trade_offs": self.trade_offs,
            "ethics": self.ethics,
        }
        return ModelVersionBody(
            id=id,
            model=self.name,
            version=None if self.version is None else str(self.version),
            description=self.description or "",
            metadata={key: value for key, value in cards.items() if value},
            tags=list(self.tags),
        )


@dataclass(frozen=True)
class RunModel:
    """The version of a model that a run works on: what a context gives."""

    id: UUID
    model: Model

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def version(self) -> str | int | None:
        return self.model.version

    def log_metadata(self, metadata: dict[str, Any]) -> None:
        """The values are the model version's."""
        from vitrine.sdk.logging_metadata import log_metadata

        log_metadata(metadata, model_version_id=self.id)
