"""How well the search searches: contenders on problems whose best design is known, without Ray or a network.

    python benchmarks/search/replay.py run --out FILE [--seeds 20] [--workers 1 2 8] [--only NAME ...]
        [--problems NAME ...] [--times 2]
    python benchmarks/search/replay.py table --out FILE

Two problems are recorded (`record.py`), two made up (`synthetic.py`). A run is a line of the file, and one
that stands there is not run again. Regret is how far, in percent, the design that a contender would choose
(the best measured of those that trained their full budget) ends from the best there is, when the budget of
epochs is spent. `within 2 %` is the share of the budget until it is that close, the median over the searches;
a search that never is counts as all. `missed` counts searches in which the best design's family had no full
run. Seconds are those of the search itself. `--times` is for other budgets, each in a file of its own. SMAC3
comes with `pip install -e '.[bench]'`.
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import statistics
import tempfile
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import optuna
from contenders.table import CONTENDERS, SLOW
from problems import BUDGETS, Problem, problem_of
from simulation import Finish, simulate

SLOW_SEEDS = 5
CLOSE = 1.02


def one_run(times: float, name: str, problem_name: str, workers: int, seed: int) -> dict[str, Any]:
    """Search once; return what the table needs to know."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    problem = problem_of(problem_name, times)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        contest = CONTENDERS[name].begin(problem, Path(folder), seed)
        run = problem.begin(Path(folder), seed)
        finishes = simulate(contest, problem, run, workers, problem.budget_epochs)
    return {
        "contender": name,
        "problem": problem_name,
        "workers": workers,
        "seed": seed,
        "regret": _regret(finishes, problem),
        "close_at": _close_at(finishes, problem) / problem.budget_epochs,
        "missed": all(finish.family != problem.best_family for finish in finishes),
        "finished": len(finishes),
        "seconds": time.perf_counter() - started,
    }


def _regret(finishes: list[Finish], problem: Problem) -> float:
    if not finishes:
        return math.inf
    chosen = min(finishes, key=lambda finish: finish.measured_deg)
    return 100 * (chosen.true_deg / problem.best_deg - 1)


def _close_at(finishes: list[Finish], problem: Problem) -> float:
    """Return the epochs until what would be chosen is within 2 % of the best and stays so, or the budget."""
    spent = float(problem.budget_epochs)
    for end in range(len(finishes), 0, -1):
        chosen = min(finishes[:end], key=lambda finish: finish.measured_deg)
        if chosen.true_deg > CLOSE * problem.best_deg:
            break
        spent = finishes[end - 1].epochs_spent
    return spent


def missing(
    out: Path, names: list[str], problems: list[str], workers: list[int], seeds: int
) -> Iterator[tuple[str, str, int, int]]:
    """Yield the runs that the file does not hold yet, seed by seed."""
    done = {(row["contender"], row["problem"], row["workers"], row["seed"]) for row in rows(out)}
    for seed in range(seeds):
        for name in names:
            if name in SLOW and seed >= SLOW_SEEDS:
                continue
            for problem in problems:
                for count in workers:
                    if (name, problem, count, seed) not in done:
                        yield name, problem, count, seed


def rows(out: Path) -> list[dict[str, Any]]:
    """Return the runs that the file holds."""
    return [json.loads(line) for line in out.read_text().splitlines()] if out.is_file() else []


def print_table(out: Path) -> None:
    """Print a line for each contender and problem, over all numbers of workers and seeds."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows(out):
        found.setdefault((row["contender"], row["problem"]), []).append(row)
    print("| contender | problem | searches | regret %, median (mean) by workers | within 2 % | missed | s |")
    print("|---|---|---|---|---|---|---|")
    for (name, problem), mine in sorted(
        found.items(), key=lambda one: (list(BUDGETS).index(one[0][1]), one[0][0])
    ):
        by_workers = []
        for count in sorted({row["workers"] for row in mine}):
            regrets = [row["regret"] for row in mine if row["workers"] == count]
            by_workers.append(f"{statistics.median(regrets):.1f} ({statistics.fmean(regrets):.1f})")
        close = statistics.median(row["close_at"] for row in mine)
        missed = sum(row["missed"] for row in mine)
        seconds = statistics.fmean(row["seconds"] for row in mine)
        print(
            f"| {name} | {problem} | {len(mine)} | {', '.join(by_workers)} | {close:.0%} "
            f"| {missed} of {len(mine)} | {seconds:.1f} |"
        )


def main() -> None:
    """Run what is missing, or print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("run", "table"))
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 8])
    parser.add_argument("--only", nargs="+", choices=CONTENDERS, default=list(CONTENDERS))
    parser.add_argument("--problems", nargs="+", choices=BUDGETS, default=list(BUDGETS))
    parser.add_argument("--times", type=float, default=1.0, help="times the problems' budgets")
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    if arguments.what == "run":
        wanted = missing(
            arguments.out, arguments.only, arguments.problems, arguments.workers, arguments.seeds
        )
        pool = ProcessPoolExecutor(arguments.processes, mp_context=get_context("spawn"))
        try:
            runs = [pool.submit(one_run, arguments.times, *one) for one in wanted]
            for run in as_completed(runs):
                with arguments.out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(run.result()) + "\n")
        finally:
            pool.shutdown(cancel_futures=True)  # where one run fails, the others would go on unwritten
    print_table(arguments.out)


if __name__ == "__main__":
    main()
