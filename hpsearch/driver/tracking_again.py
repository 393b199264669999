"""`hpsearch track`: writes a study into MLflow again, from its journal: what a launch could not write."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from hpsearch.driver.outcome import BEST_CONFIG, summaries
from hpsearch.report.files import PAGE
from hpsearch.results.leaderboard import LEADERBOARD
from hpsearch.study.lock import study_lock
from hpsearch.study.records import StudyRecord
from hpsearch.study.store import SPACE, tracking_of
from hpsearch.tracking.address import address_faults
from hpsearch.tracking.location import artifacts_folder, tracking_uri, without_password
from hpsearch.tracking.tracker import Tracker
from trainables.base.errors import InputError

PATIENCE_S = 10.0
"""How long an unavailable MLflow is waited for, by somebody who looks on."""

FILES = (SPACE, LEADERBOARD, BEST_CONFIG, PAGE)
"""The files of a study that its run in MLflow keeps."""


def track(study: StudyRecord, root: Path, say: Callable[[str], None], timeout_s: float = PATIENCE_S) -> bool:
    """Write every trial of a study into MLflow, where it is not there yet; return whether all was written.

    It takes as long as MLflow takes, and gives up once that was unavailable for `timeout_s`. Runs of
    pretrainings are those of the launches that trained them. Raises `InputError` for an address that cannot
    work, and while a launch runs the study, which writes it.
    """
    wanted = tracking_of(study.folder)
    if faults := address_faults(root, wanted):
        raise InputError(faults)
    uri = tracking_uri(root, wanted)
    with study_lock(study.folder):
        tracker = Tracker(uri, study.name, study.folder, artifacts_folder(root.absolute()), say)
        for trial in study.trials:
            tracker.sync(study, trial)
        files = [study.folder / name for name in FILES if (study.folder / name).is_file()]
        whole = tracker.close(study, files, timeout_s, summaries(study), longest_s=math.inf)
    if whole:
        say(f"MLflow at {without_password(uri)} has all {len(study.trials)} trials of {study.name}")
    return whole
