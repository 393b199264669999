"""hpsearch's own search, as a launch runs it: journal, allocation, sampler and pruner."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from problems import Problem
from simulation import Job, Searcher

from hpsearch.driver.allocation import Allocation, Budget
from hpsearch.study.policy.samplers import SamplerConfig
from hpsearch.study.records import Provenance
from hpsearch.study.spec import load_spec
from hpsearch.study.study import Study, open_study

PROVENANCE = Provenance(training_mean=0.0, datasets={}, code_version="")


class Ours:
    """`search` are settings of the section of that name; `sampler` stands for the one that it names."""

    def __init__(self, search: str, sampler: SamplerConfig | None = None) -> None:
        self._search, self._sampler = search, sampler

    def begin(self, problem: Problem, folder: Path, seed: int) -> Searcher:
        """Return a search of a problem in an empty folder."""
        file = folder / "space.yaml"
        file.write_text(f"{problem.space}\nsearch: {{{self._search}, seed: {seed}}}\n", encoding="utf-8")
        spec = load_spec(file)
        if self._sampler is not None:
            search = spec.search.model_copy(update={"sampler": self._sampler})
            spec = replace(spec, search=search)
        study = open_study(folder, spec, PROVENANCE)
        return _Ours(study, Allocation(study, Budget(epochs=problem.budget_epochs), lambda number: True))


class _Ours:
    def __init__(self, study: Study, allocation: Allocation) -> None:
        self._study, self._allocation = study, allocation

    def ask(self) -> Job | None:
        ask = self._allocation.next_ask()
        return None if ask is None else Job(ask.number, ask.params)

    def tell(self, number: int, epoch: int, mae_deg: float) -> bool:
        study = self._study
        stops = study.report(number, epoch, {study.spec.objective.name: mae_deg})
        if epoch == study.spec.epochs:
            study.complete(number)
        elif stops:
            study.prune(number)
        elif not self._allocation.pauses(number):
            return True
        self._allocation.ended(number)
        return False
