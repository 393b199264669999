"""A pretraining's job: the same trunk wherever and however often it was stopped, once for all."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import torch
from support.toy import CPU, prepared_blobs, toy_config

from trainables.base.atomic import load_state
from trainables.data.datasets.prepared import LABELS, write_labels
from trainables.model.inits import Pretraining
from trainables.model.inits.request import TRUNK
from trainables.training.jobs import PretrainingJob, Worker, run_here
from trainables.training.jobs.pretraining import HISTORY

pytestmark = pytest.mark.usefixtures("narrow")


def test_stopped_on_the_way_it_goes_on_to_the_same_trunk(tmp_path: Path) -> None:
    datasets = prepared_blobs(tmp_path / "datasets" / "blobs").folder.parent
    config = toy_config(init={"ssl": {"epochs": 3, "batch": 8, "augmentation": "none"}})
    whole, killed = (tmp_path / name for name in ("whole", "killed"))
    wanted = config.init.trunk(config.init_request, datasets=datasets, store=whole)
    assert isinstance(wanted, Pretraining)

    def job(store: Path) -> PretrainingJob:
        return PretrainingJob(wanted, store / wanted.name, datasets, cpus=1, gpus=0)

    rows = [metrics for result in run_here(job(whole), Worker(CPU)) for metrics in result.history]
    assert len(rows) == 3

    first = run_here(job(killed), Worker(CPU))
    next(first), next(first)
    first.close()
    restored, rest = run_here(job(killed), Worker(CPU))
    assert (restored.first_epoch, len(restored.history), restored.done) == (1, 2, False)
    assert (rest.first_epoch, len(rest.history), rest.done) == (3, 1, True)
    one, other = (load_state(wanted.trunk(store)) for store in (whole, killed))
    assert one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
    folder = killed / wanted.name
    losses = [row["train/loss"] for row in json.loads((folder / HISTORY).read_text())]
    assert losses == [row["train/loss"] for row in rows]
    assert not list(folder.glob("checkpoint_*"))
    assert config.init.trunk(config.init_request, datasets=datasets, store=killed) == folder / TRUNK


def test_images_without_roll_may_be_turned_since_no_label_is_read(tmp_path: Path) -> None:
    folder = prepared_blobs(tmp_path / "datasets" / "blobs").folder
    table = pd.read_parquet(folder / LABELS).drop(columns="roll_deg")
    assert write_labels(folder, table, source="test").card.angles == ("yaw", "pitch")
    augmentation = {"1": {"mirror": 0.5, "turn_deg": 20.0}}
    config = toy_config(init={"ssl": {"epochs": 1, "batch": 8, "augmentation": augmentation}})
    wanted = config.init.trunk(config.init_request, datasets=folder.parent, store=tmp_path)
    assert isinstance(wanted, Pretraining)
    job = PretrainingJob(wanted, tmp_path / wanted.name, folder.parent, cpus=1, gpus=0)
    *_, last = run_here(job, Worker(CPU))
    assert last.done and (tmp_path / wanted.name / TRUNK).is_file()
