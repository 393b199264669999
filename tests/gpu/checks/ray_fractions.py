"""A whole launch with Ray: shares are measured, and trials train in parallel on fractions of the device."""

from __future__ import annotations

import json
import subprocess
import sys

from bench import Bench
from support.toy import prepared_blobs

SPACE = """\
search: {{name: fractions, budget: {{trials: {trials}}}, pruner: none, leaders: 1}}
data: {{train: {{dataset: blobs}}, image_px: 32, batch: 8}}
network: {{backbone: resnet10, dropout: {{float: [0.0, 0.5]}}}}
pretext: {{choice: [none, puzzling: {{flag: {{choice: [2, 3]}}}}]}}
epochs: 3
"""


def check(bench: Bench) -> None:
    bench.needs("ray", "optuna", "mlflow")
    prepared_blobs(bench.folder / "datasets" / "blobs", splits=("train", "train", "validation"), count=60)
    space = bench.folder / "fractions.yaml"
    space.write_text(SPACE.format(trials=8 if bench.on_gpu else 2))
    root = ["--root", str(bench.folder)]
    launched = run("launch", str(space), *root)
    bench.require(launched.returncode == 0, f"the launch failed: {launched.stdout[-300:]}")
    plan = next((line for line in launched.stdout.splitlines() if "in parallel" in line), "")
    shown = run("show", "fractions", "--format", "json", *root)
    board = json.loads(shown.stdout)
    rows = board if isinstance(board, list) else board["trials"]
    bench.figure("a launch", plan=plan, states=[row["state"] for row in rows])
    bench.require(all(row["state"] == "complete" for row in rows), "not every trial is complete")
    if bench.on_gpu:
        bench.require("GPU" in plan and int(plan.split()[0]) > 1, f"not packed: {plan}")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hpsearch", *words], capture_output=True, text=True, check=False
    )
