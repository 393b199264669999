"""What the settings of a sampler must offer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler


class SamplerConfig(Protocol):
    """The settings of a sampler."""

    @property
    def enumerates(self) -> bool:
        """Whether it tries every combination of the space once, in the order of the file, and then ends."""
        ...

    def build(self, seed: int) -> BaseSampler:
        """Return Optuna's sampler, seeded."""
        ...
