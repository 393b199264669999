"""What the settings of a sampler must offer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler


class SamplerConfig(Protocol):
    """The settings of a sampler; see `CostSampler` for one more that it may have."""

    @property
    def enumerates(self) -> bool:
        """Whether it tries every combination of the space once, in the order of the file, and then ends."""
        ...

    def build(self, seed: int) -> BaseSampler:
        """Return Optuna's sampler, seeded."""
        ...


@runtime_checkable
class CostSampler(SamplerConfig, Protocol):
    """A sampler that may take several objectives, and trials that break a constraint."""

    @property
    def learns_costs(self) -> bool:
        """Whether it does."""
        ...


def learns_costs(sampler: SamplerConfig) -> bool:
    """Return whether a sampler takes them: to one that does not answer, such trials are not shown."""
    return isinstance(sampler, CostSampler) and sampler.learns_costs
