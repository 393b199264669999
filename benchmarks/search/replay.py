"""How well the search searches: contenders on problems whose best design is known, without Ray or a network.

    python benchmarks/search/replay.py [--seeds 20] [--epochs 540] [--workers 1 2 8] [--only NAME ...]

Epochs cost one unit of time each. Regret is how far, in percent, the design that a contender would choose
(the best of those that trained their full budget) ends from the best there is, after equal epochs in all.
`missed` counts seeds in which the family of the best design never had a full run.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tests"))

from support import studies
from support.searching import Simulated
from synthetic import PROBLEMS, SPACE, Synthetic

from hpsearch.study.allocation import Budget
from hpsearch.study.records import TrialState
from hpsearch.study.study import Ask

HALVING = "pruner: {successive_halving: {warmup_epochs: 3, ranking: %s}}"
CONTENDERS = {
    "TPE, halving by forecast (default)": HALVING % "forecast",
    "TPE, halving by family": HALVING % "family",
    "TPE, halving by error": HALVING % "all",
    "random, halving by forecast": f"sampler: random, {HALVING % 'forecast'}",
    "random, halving by error": f"sampler: random, {HALVING % 'all'}",
    "TPE alone": "pruner: none",
    "random alone": "sampler: random, pruner: none",
    "TPE, Hyperband": "pruner: {hyperband: {warmup_epochs: 3}}",
    "TPE, median": "pruner: {median: {warmup_epochs: 3}}",
}
"""Name -> settings of the section `search`."""


def searched(problem: Synthetic, search: str, epochs: int, workers: int, seed: int) -> tuple[float, bool]:
    """Return a search's regret in percent, and whether the best design's family was missed."""
    curves: dict[int, list[float]] = {}

    def curve(ask: Ask, epoch: int) -> float:
        if ask.number not in curves:
            curves[ask.number] = problem.curve(ask.params, 100_003 * seed + ask.number)
        return curves[ask.number][epoch - 1]

    with tempfile.TemporaryDirectory() as folder:
        given = studies.spec(Path(folder), f"{{{search}, seed: {seed}}}", SPACE)
        made = Simulated(Path(folder) / "study", given, curve, Budget(epochs=epochs), workers)
        made.run()
        record = made.study.record()
    best = record.best
    regret = float("inf") if best is None else 100 * (problem.final_deg(best.params) / problem.best_deg - 1)
    done = [trial for trial in record.trials if trial.state is TrialState.COMPLETE]
    return regret, not any(trial.params["pretext"] == problem.best_task for trial in done)


def main() -> None:
    """Print a line for each contender, problem and number of workers."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=540)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 8])
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    arguments = parser.parse_args()
    print(f"{'contender':36} {'problem':9} {'workers':>7} {'median':>7} {'mean':>6} {'missed':>7}")
    for name in arguments.only:
        for problem in PROBLEMS.values():
            for workers in arguments.workers:
                ends = [
                    searched(problem, CONTENDERS[name], arguments.epochs, workers, seed)
                    for seed in range(arguments.seeds)
                ]
                regrets, missed = [regret for regret, _ in ends], sum(miss for _, miss in ends)
                print(
                    f"{name:36} {problem.name:9} {workers:7} {statistics.median(regrets):6.2f} "
                    f"{statistics.fmean(regrets):6.2f} {missed:3} of {arguments.seeds}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
