"""What the quickstart ends in, with one `search.seed` after another: is it decided, and by how many seeds?

    python benchmarks/quickstarts.py run --out quickstarts.jsonl [--searches 10] [--space FILE]
    python benchmarks/quickstarts.py table --out quickstarts.jsonl

The real study, search and verdict decide, two trials at a time; every epoch is trained as `launch` trains it
on a CPU, and one config once, whichever of the searches asks for it: its epochs lie in `OUT.epochs`. A search
is a line of the file, and one that stands there is not repeated.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support import studies
from support.searching import Searching
from support.simulated import Simulated

from hpsearch.driver.allocation import Budget
from hpsearch.results.arms import arms_of
from hpsearch.results.comparison import Outcome, compare
from hpsearch.study.spec import StudySpec, load_spec
from trainables.data.loader import LoaderPool
from trainables.training.build import build_trial_session
from trainables.training.config import TrainConfig
from trainables.training.session import Session
from trainables.training.training_data import ensure_data

QUICKSTART = Path(__file__).parents[1] / "search_spaces" / "quickstart.yaml"
WORKERS = 2
CPU = torch.device("cpu")
UNDECIDED = (Outcome.UNDECIDED, Outcome.CLOSE)


class Trained:
    """The metrics of every config after every epoch that somebody asks for, each trained once."""

    def __init__(self, file: Path, datasets: Path) -> None:
        self._file, self._datasets = file, datasets
        self._epochs: dict[str, list[dict[str, float]]] = {}
        self._sessions: dict[str, Session] = {}
        self._pool = LoaderPool()
        self.cpu_s = 0.0
        """Seconds of the CPU that training took so far."""
        for line in file.read_text().splitlines() if file.is_file() else []:
            row = json.loads(line)
            self._epochs.setdefault(row["config"], []).append(row["metrics"])

    def after(self, job: studies.Design, epoch: int) -> dict[str, float]:
        """Return the metrics of a trial after an epoch, counted from 1."""
        key = json.dumps(job.config.model_dump(mode="json"), sort_keys=True)
        known = self._epochs.setdefault(key, [])
        started = time.process_time()
        while len(known) < epoch:
            self._train(key, job.config, known)
        self.cpu_s += time.process_time() - started
        return known[epoch - 1]

    def forget(self) -> None:
        """Let go of the networks of a search that has ended."""
        self._sessions.clear()

    def _train(self, key: str, config: TrainConfig, known: list[dict[str, float]]) -> None:
        if key not in self._sessions:
            data = ensure_data(config, self._datasets, lambda done, total: None)
            self._sessions[key] = build_trial_session(config, data, device=CPU, threads=1, pool=self._pool)
        session = self._sessions[key]
        metrics = dict(session.run_epoch().metrics())
        if session.epoch <= len(known):
            return  # known from a run that was stopped
        known.append(metrics)
        with self._file.open("a", encoding="utf-8") as out:
            out.write(json.dumps({"config": key, "metrics": metrics}) + "\n")
        if session.epoch == config.epochs:
            del self._sessions[key]


def search(spec: StudySpec, trained: Trained, folder: Path) -> dict[str, Any]:
    """Search and confirm; return how it ended."""
    made = Searching(
        folder,
        spec,
        Simulated(trained.after, slots=WORKERS),
        Budget(spec.trials, spec.search.budget.epochs),
        confirm=spec.search.confirm,
    )
    made.run()
    record = made.record()
    zone = None if spec.search.confirm is None else spec.search.confirm.equal_within
    found = compare(arms_of(record), zone)
    again = [trial for trial in record.trials if trial.confirms is not None]
    assert found.leader is not None and found.difference is not None
    return {
        "seed": spec.search.seed,
        "outcome": found.outcome.value,
        "helper": dict(found.leader.trials[0].params),
        "difference_deg": found.difference.mean,
        "low_deg": found.difference.low,
        "high_deg": found.difference.high,
        "seeds": found.difference.n,
        "epochs": sum(len(trial.epochs) for trial in record.trials),
        "confirming_epochs": sum(len(trial.epochs) for trial in again),
    }


def run(out: Path, space: Path, searches: int, datasets: Path) -> None:
    """Run the searches that the file does not hold yet."""
    torch.set_num_threads(1)
    spec, done = load_spec(space), {row["seed"] for row in rows(out)}
    trained = Trained(out.with_name(f"{out.name}.epochs"), datasets)
    for seed in range(searches):
        if seed in done:
            continue
        seeded = replace(spec, search=spec.search.model_copy(update={"seed": seed}))
        with tempfile.TemporaryDirectory() as folder:
            row = search(seeded, trained, Path(folder))
        trained.forget()
        with out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        print(row, f"{trained.cpu_s:.0f} s of training so far", flush=True)


def rows(out: Path) -> list[dict[str, Any]]:
    """Return the searches that the file holds."""
    return [json.loads(line) for line in out.read_text().splitlines()] if out.is_file() else []


def table(out: Path) -> None:
    """Print a line for each search, and how many were decided."""
    print("| search.seed | helper | verdict | difference | seeds | epochs |\n|---|---|---|---|---|---|")
    ends: Counter[str] = Counter()
    for row in rows(out):
        ends[row["outcome"]] += 1
        task = row["helper"]["pretext"]
        gap = f"{row['difference_deg']:+.2f}, {row['low_deg']:+.2f} to {row['high_deg']:+.2f}"
        print(f"| {row['seed']} | {task} | {row['outcome']} | {gap} | {row['seeds']} | {row['epochs']} |")
    decided = sum(count for outcome, count in ends.items() if Outcome(outcome) not in UNDECIDED)
    print(f"decided: {decided} of {sum(ends.values())} ({dict(ends)})")


def main() -> None:
    """Run, or print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("run", "table"))
    parser.add_argument("--out", type=Path, required=True, metavar="FILE")
    parser.add_argument("--space", type=Path, default=QUICKSTART, metavar="FILE")
    parser.add_argument("--searches", type=int, default=10)
    parser.add_argument("--datasets", type=Path, default=Path("hpsearch-runs/datasets"), metavar="DIR")
    arguments = parser.parse_args()
    if arguments.what == "run":
        run(arguments.out, arguments.space, arguments.searches, arguments.datasets)
    table(arguments.out)


if __name__ == "__main__":
    main()
