"""What jobs share: a run that goes on from its checkpoints."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.toy import toy_session

from trainables.training.checkpoints import Checkpoints
from trainables.training.jobs.job import CheckpointedRun

pytestmark = pytest.mark.usefixtures("narrow")


def test_a_run_whose_newest_checkpoint_is_of_its_last_epoch_trains_no_further(tmp_path: Path) -> None:
    session, checkpoints = toy_session(), Checkpoints(tmp_path)
    history = [session.run_epoch().metrics() for _ in range(2)]
    checkpoints.save(session, history)
    checkpoints.flush()

    again = toy_session()
    run = CheckpointedRun(again, Checkpoints(tmp_path))
    assert list(run.train(again.run_epoch, 2)) == []
    result = run.result(done=True)
    assert (result.first_epoch, result.history, result.done) == (1, history, True)
