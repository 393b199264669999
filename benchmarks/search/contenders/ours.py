"""hpsearch's own search, as a launch runs it: journal, allocation, sampler, pruner and frozen checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from problems import Problem
from simulation import Contest, Simulated, Training
from support.simulated import SimulatedTraining

from hpsearch.driver.allocation import Budget
from hpsearch.driver.jobs import JobFactory
from hpsearch.driver.observers import Observers
from hpsearch.driver.pretraining import Pretrainings
from hpsearch.driver.search import Search, SearchPlan
from hpsearch.driver.stopped import StoppedTrials
from hpsearch.study.opening import open_study
from hpsearch.study.policy.experience import Experience
from hpsearch.study.policy.samplers import SamplerConfig
from hpsearch.study.records import Provenance
from hpsearch.study.spec import load_spec
from hpsearch.study.study import Study
from hpsearch.work.resources import TrialResources

PROVENANCE = Provenance(training_mean=0.0, datasets={}, code_version="")
ONE_CPU = TrialResources(cpus=1, gpus=0, concurrent=None)
MOST_AHEAD = 1
"""Trials may wait for a pretraining; here none does."""


class Ours:
    """`search` are settings of the section of that name; `sampler` stands for the one that it names.

    With `all_experience` the sampler is shown every trial, however many there are.
    """

    def __init__(
        self, search: str, sampler: SamplerConfig | None = None, *, all_experience: bool = False
    ) -> None:
        self._search, self._sampler = search, sampler
        self._all_experience = all_experience

    def begin(self, problem: Problem, folder: Path, seed: int) -> Contest:
        """Return a search of a problem in an empty folder."""
        file = folder / "space.yaml"
        file.write_text(f"{problem.space}\nsearch: {{{self._search}, seed: {seed}}}\n", encoding="utf-8")
        spec = load_spec(file)
        if self._sampler is not None:
            search = spec.search.model_copy(update={"sampler": self._sampler})
            spec = replace(spec, search=search)
        study = open_study(folder, spec, PROVENANCE)
        if self._all_experience:
            study._experience = Experience(best=problem.budget_epochs)  # no study has an option for it
        return _Ours(study, Budget(epochs=problem.budget_epochs))


class _Ours:
    def __init__(self, study: Study, budget: Budget) -> None:
        jobs = JobFactory(study.folder, ONE_CPU)
        self._study = study
        self.source = Search(
            study,
            SearchPlan(budget, MOST_AHEAD, confirm=None, leaders=0),
            jobs,
            Observers(study.record(), lambda study, trial: None, lambda line: None),
            lambda config: None,
            Pretrainings(study.folder, jobs, lambda record: None, lambda line: None),
            StoppedTrials(study.folder, study.spec.search.frozen_gb, lambda line: None),
            lambda: None,
        )

    def params(self, number: int) -> Mapping[str, Any]:
        return self._study.trial(number).params

    def training(self, job: Any, place: Simulated) -> Training:
        return SimulatedTraining(job, place)
