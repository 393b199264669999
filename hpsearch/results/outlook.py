"""What a study can answer, in words: by the noise of earlier runs before it begins, afterwards by its own."""

from __future__ import annotations

from pathlib import Path

from hpsearch.results.comparison import Comparison
from hpsearch.results.kept_noise import ExpectedNoise, expected_noise
from hpsearch.results.noise import Noise
from hpsearch.results.power import Intended, Looks, visible
from hpsearch.results.repeated import Plan
from hpsearch.study.config import baseline_seeds
from hpsearch.study.spec import StudySpec
from trainables.target.metric import Metric


def outlook(spec: StudySpec, root: Path) -> str:
    """Return what a search can decide, and from which noise that follows.

    Warns as `expected_noise` does.
    """
    expected, runs = expected_noise(spec, root), intended(spec)
    if runs is None:
        return "nothing: one run of each design. Set search.confirm"
    if expected is None:
        return "not known before the first runs: this root knows none of this data and network"
    return f"{decidable(runs, expected.noise, spec.objective)} ({known_from(expected, spec.objective)})"


def intended(spec: StudySpec) -> Intended | None:
    """Return the runs that the verdict of a search will rest on; None where each design has one run."""
    confirm = spec.search.confirm
    if confirm is not None:
        helpers = confirm.top if spec.trials is None else max(min(confirm.top, spec.trials - 1), 1)
        least, most = confirm.plan
        of_baseline = most if confirm.seeds.on_demand else baseline_seeds(most, helpers)
        return Intended(helpers, least, most, of_baseline, confirm.equal_within)
    seeds = [len(hole.grid()) for hole in spec.space.holes() if hole.name == "seed"]
    if not seeds or not spec.search.sampler.enumerates or spec.trials is None:
        return None
    most = seeds[0]
    return Intended(max(spec.trials // most - 1, 1), most, most, most) if most > 1 else None


def decidable(runs: Intended, noise: Noise, objective: Metric) -> str:
    """Return which differences so many runs leave undecided; `runs` has its zone in the objective's unit."""
    zone = None if runs.zone is None else runs.zone / noise.deviation
    scaled, shared = (
        Intended(runs.helpers, runs.least, runs.most, runs.of_baseline, zone),
        noise.shared or 0.0,
    )
    from_here = objective.shown(noise.deviation * visible(scaled, shared))
    seeds = f"{runs.least} to {runs.most} seeds" if runs.on_demand else f"{runs.most} seeds"
    said = f"with {seeds}, differences below {from_here} stay undecided in one of five studies"
    if not runs.on_demand or runs.zone is None:
        return said
    equal = Looks(scaled, shared).outcome(0.0).equal
    return f"{said}, and equal designs are called equal within {_plain(runs.zone, objective)} in {equal:.0%}"


def noise_text(noise: Noise, objective: Metric) -> str:
    """Return the noise of a run, with its interval and what the runs of one seed have in common."""
    said = (
        f"the standard deviation of a run is {objective.shown(noise.deviation)}, 95 % interval "
        f"{noise.low:.2f} to {noise.high:.2f}"
    )
    return said if noise.shared is None else f"{said}; runs of one seed correlate by {noise.shared:.2f}"


def hindsight(found: Comparison, noise: Noise | None, objective: Metric) -> str:
    """Return the noise of a study's runs and what they leave undecided; empty where it is not known."""
    if noise is None:
        return ""
    text = noise_text(noise, objective)
    runs = intended_by(found)
    decides = "" if runs is None else f" {_sentence(decidable(runs, noise, objective))}"
    return f"{_sentence(text)}{decides}"


def intended_by(found: Comparison) -> Intended | None:
    """Return the runs that a verdict rests on; None where it rests on single ones."""
    leader, baseline, helpers = found.leader, found.baseline, max(found.pairs, 1)
    if leader is None or baseline is None:
        return None
    if found.progress is not None:
        plan: Plan = found.progress.plan
        return Intended(helpers, plan.least, plan.most, plan.most, found.equal_within)
    if found.family is None:
        return None
    most = len(leader.values)
    return Intended(helpers, most, most, len(baseline.values))


def known_from(expected: ExpectedNoise, objective: Metric) -> str:
    """Return an expected noise and its source, in words."""
    shared = "" if expected.noise.shared is None else f", seeds correlate by {expected.noise.shared:.2f}"
    return f"noise of a run {objective.shown(expected.noise.deviation)}{shared}: {expected.source}"


def _plain(value: float, objective: Metric) -> str:
    return f"{value:g}{objective.unit.sign}"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
