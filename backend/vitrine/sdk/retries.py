"""How often a failing step is tried again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StepRetryConfig:
    """`max_retries` further attempts; the first after `delay` seconds, each later one after `backoff` times as long."""

    max_retries: int = 1
    delay: float = 0.0
    backoff: float = 1.0

    def __post_init__(self) -> None:
        if self.max_retries < 0 or self.delay < 0 or self.backoff <= 0:
            raise ValueError(f"{self}: max_retries and delay can't be negative, backoff must be above 0.")

    def pause_s(self, failed_attempts: int) -> float:
        return self.delay * self.backoff ** (failed_attempts - 1)
