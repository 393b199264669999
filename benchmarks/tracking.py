"""What MLflow costs a trial: milliseconds of the tracking thread, and of the search loop that hands it over.

    python benchmarks/tracking.py [--trials 40] [--epochs 3]

Each trial is synced once for each epoch and once when it ends, as a search does, into a fresh SQLite store.
The migration of the new database is measured apart. The search loop waits only for `Tracker.sync`.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support import plausible

from hpsearch.study.records import TrialState
from hpsearch.tracking.location import default_uri
from hpsearch.tracking.mirror import Mirror
from hpsearch.tracking.tracker import Tracker


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--epochs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        study = plausible.study(root / "study", [TrialState.COMPLETE] * options.trials, epochs=options.epochs)
        extra = {f"extra/metric_{i}": float(i) for i in range(40 - len(study.trials[0].epochs[0]))}
        trials = tuple(replace(t, epochs=tuple({**row, **extra} for row in t.epochs)) for t in study.trials)
        study = replace(study, trials=trials)

        began_s = time.perf_counter()
        mirror = Mirror(default_uri(root), study.name, "bench", root / "files")
        print(f"first use, import and migration: {time.perf_counter() - began_s:6.2f} s")

        began_s, began_cpu_s = time.perf_counter(), time.process_time()
        for trial in study.trials:
            for epochs in range(options.epochs + 1):
                record = plausible.after(trial, epochs)
                mirror.sync(study, record, [trial.started_s] * epochs)
            mirror.sync(study, trial, [trial.started_s] * options.epochs)
        wall_ms = 1e3 * (time.perf_counter() - began_s) / options.trials
        cpu_ms = 1e3 * (time.process_time() - began_cpu_s) / options.trials
        metrics = len(study.trials[0].epochs[0])
        print(
            f"{options.epochs} epochs of {metrics} metrics:          "
            f"{wall_ms:6.1f} ms a trial, {cpu_ms:.1f} of them CPU"
        )

        began_s = time.perf_counter()
        mirror.finish(study, [])
        print(f"parent run, once:                {time.perf_counter() - began_s:6.2f} s")

        tracker = Tracker(default_uri(root), "queued", root / "queued", root / "files", print)
        began_s = time.perf_counter()
        for trial in study.trials:
            tracker.sync(study, trial)
        queued_s = time.perf_counter() - began_s
        print(f"the search loop waits:           {1e3 * queued_s / options.trials:6.2f} ms a trial")
        assert tracker.close(study)
        took_s = time.perf_counter() - began_s
        print(f"mirrored in one piece at the end:{1e3 * took_s / options.trials:6.1f} ms a trial")


if __name__ == "__main__":
    main()
