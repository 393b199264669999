from __future__ import annotations

from pathlib import Path

import pytest
import torch
from support.toy import Changing, toy_config, toy_session

from trainables.base.atomic import load_state
from trainables.training.checkpoints import BEST_WEIGHTS, Checkpoints, draft_file
from trainables.training.jobs import TrialJob

EPOCHS = 3


@pytest.mark.parametrize("good_epochs", [1, 2, 3])
@pytest.mark.parametrize("drafted", [True, False])
def test_what_is_kept_of_a_trial_are_the_weights_after_its_best_epoch(
    tmp_path: Path, good_epochs: int, drafted: bool
) -> None:
    session = toy_session(validation=Changing(500.0, after=good_epochs, shuffle=False), epochs=EPOCHS)
    folder = tmp_path / "trials" / "0000"
    job = TrialJob(0, toy_config(epochs=EPOCHS), None, folder, tmp_path / "datasets", cpus=1, gpus=0)
    checkpoints = Checkpoints(job.folder)
    after = {}
    for epoch in range(1, EPOCHS + 1):
        session.run_epoch(checkpoints.draft if drafted and epoch == EPOCHS else None)
        weights = session.network.supervised().state_dict()
        after[epoch] = {name: value.clone() for name, value in weights.items()}
    checkpoints.flush()
    assert session.best_epoch <= good_epochs
    draft = draft_file(job.folder, session.best_epoch)
    assert draft.exists() == drafted
    written = draft.stat().st_ino if drafted else None

    job.finish(session, [])
    best = job.folder / BEST_WEIGHTS
    kept, expected = load_state(best), after[session.best_epoch]
    assert kept.keys() == expected.keys()
    assert all(torch.equal(kept[name], expected[name]) for name in kept)
    assert written in (None, best.stat().st_ino)
    checkpoints.clear()
    assert list(job.folder.iterdir()) == [best]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
def test_drafts_of_a_gpu_load_where_there_is_none(tmp_path: Path) -> None:
    checkpoints, session = Checkpoints(tmp_path), toy_session(device=torch.device("cuda"))
    session.run_epoch(checkpoints.draft)
    checkpoints.flush()
    drafted = torch.load(draft_file(tmp_path, 1), weights_only=True)
    assert {value.device.type for value in drafted.values()} == {"cpu"}
    assert all(torch.equal(drafted[name], value) for name, value in session.best_weights().items())
