"""TPE: the sampler that learns from what was tried."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from trainables.base.schema import Config

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler


class TPEConfig(Config):
    """Tree-structured Parzen estimator: models where good trials lie.

    Values that exist together are modelled together. A trial that was stopped counts by its forecast: the
    error that it reached, times what the finished trials of its family made of theirs from there on.
    """

    startup_trials: Annotated[int, Field(ge=1)] = 6
    """Trials that must have finished, or been stopped with a forecast, before the model is used."""
    candidates: Annotated[int, Field(ge=1)] = 24
    """Candidates compared for each suggestion."""

    learns_costs: ClassVar[bool] = True

    @property
    def enumerates(self) -> bool:
        """Return False: it draws ever new trials."""
        return False

    def build(self, seed: int) -> BaseSampler:
        """Return the sampler."""
        from optuna.exceptions import ExperimentalWarning
        from optuna.samplers import TPESampler

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)  # of `group`, which pyproject's range has
            return TPESampler(
                n_startup_trials=self.startup_trials,
                n_ei_candidates=self.candidates,
                multivariate=True,
                group=True,
                seed=seed,
            )
