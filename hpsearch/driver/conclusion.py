"""What follows a search in MLflow and in the study's folder, whatever ends the launch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hpsearch.driver.outcome import summaries, write_outcome, write_page
from hpsearch.driver.screen import Screen
from hpsearch.results.kept_board import keep_board
from hpsearch.results.overview import keep_overview
from hpsearch.study.claim import Claim
from hpsearch.study.study import Study
from hpsearch.tracking.location import artifacts_folder, tracking_uri
from hpsearch.tracking.tracker import PATIENCE_S, Tracker
from trainables.base.disk import is_disk_fault

HASTE_S = 10.0
"""How long a launch waits for an unavailable MLflow where somebody stopped it, and waits too (Slurm for two
minutes), or where its cluster is gone, and Ray ends the process soon."""

FULL_DISK_S = 1.0
"""How long it waits where MLflow can hardly be written."""


@contextmanager
def concluded(root: Path, study: Study, claim: Claim, screen: Screen) -> Iterator[Tracker]:
    """Mirror the study into MLflow while the block runs; write the winner, whatever ends the block.

    Nothing is written to a folder that is no longer the study's.
    """
    uri = tracking_uri(root, study.spec.search.tracking)
    tracker = Tracker(uri, study.spec.name, study.folder, artifacts_folder(root), screen.say)
    record = study.record()
    for trial in record.trials:  # what an earlier launch could not write
        tracker.sync(record, trial)
    patience_s, files = PATIENCE_S, []
    try:
        try:
            yield tracker
        finally:
            if not claim.is_lost():
                files = write_outcome(study.record(), screen.say)
                files += write_page(study.record(), screen.say)
                keep_overview(study.folder, study.record)
                keep_board(study.folder, study.record)
    except OSError as error:
        if is_disk_fault(error):  # MLflow's store is on that disk too
            patience_s = FULL_DISK_S
        raise
    except KeyboardInterrupt:
        patience_s = HASTE_S
        raise
    finally:
        tracker.close(study.record(), files, patience_s, summaries(study.record()))


def in_haste(study: Study, tracker: Tracker, screen: Screen) -> Callable[[str], None]:
    """Return what writes everything where a launch ends for the reason that it is called with."""

    def give_up(reason: str) -> None:
        try:
            files = write_outcome(study.record(), screen.say)
            tracker.close(study.record(), files, HASTE_S, summaries(study.record()))
        finally:
            screen.interrupted(reason)

    return give_up
