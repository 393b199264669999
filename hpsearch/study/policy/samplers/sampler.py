"""What the settings of a sampler must offer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler


class SamplerConfig(Protocol):
    """The settings of a sampler; see `learns_costs` for one more that it may have."""

    @property
    def enumerates(self) -> bool:
        """Whether it tries every combination of the space once, in the order of the file, and then ends."""
        ...

    def build(self, seed: int) -> BaseSampler:
        """Return Optuna's sampler, seeded."""
        ...


def learns_costs(sampler: SamplerConfig) -> bool:
    """Say whether a sampler takes several objectives, and trials that break a constraint.

    It does where its settings have `learns_costs = True`. To others such trials are not shown.
    """
    return bool(getattr(sampler, "learns_costs", False))
