"""What pruning saved: epochs that were not trained, and their hours."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from hpsearch.study.policy.families import DIMENSIONS, family_title
from hpsearch.study.records import StudyRecord, TrialRecord
from trainables.training.metric_names import EPOCH_S


@dataclass(frozen=True)
class PruningStatistics:
    """Epochs that pruned trials did not train, beside those that were trained; hours as measured."""

    pruned: int
    trials: int
    epochs_saved: int
    epochs_trained: int
    hours_saved: float
    hours_trained: float
    one_sided: tuple[str, ...] = ()
    """Families that alone were pruned, while others were not, such as `pretext: rotation`."""

    @property
    def share(self) -> float:
        """The saved share of the epochs that the search would have trained without pruning."""
        whole = self.epochs_saved + self.epochs_trained
        return self.epochs_saved / whole if whole else 0.0


def pruning_statistics(study: StudyRecord) -> PruningStatistics:
    """Return what pruning saved; each missing epoch of a trial counts as its own epochs' mean time."""
    pruned = [trial for trial in study.trials if trial.state.stopped]
    missing = {trial.number: trial.config.epochs - len(trial.epochs) for trial in pruned}
    return PruningStatistics(
        pruned=len(pruned),
        trials=len(study.trials),
        epochs_saved=sum(missing.values()),
        epochs_trained=sum(len(trial.epochs) for trial in study.trials),
        hours_saved=sum(missing[trial.number] * epoch_s(trial) for trial in pruned) / 3600,
        hours_trained=sum(len(trial.epochs) * epoch_s(trial) for trial in study.trials) / 3600,
        one_sided=tuple(_one_sided(study)),
    )


def _one_sided(study: StudyRecord) -> Iterator[str]:
    """Yield each family that has all of two or more pruned trials, where another family has trials too."""
    for name in DIMENSIONS:
        trials = [trial for trial in study.searched if name in trial.params]
        pruned = [trial.params[name] for trial in trials if trial.state.stopped]
        if len(pruned) > 1 and len(set(pruned)) == 1 and len({trial.params[name] for trial in trials}) > 1:
            yield family_title((name, pruned[0]))


def epoch_s(trial: TrialRecord) -> float:
    """Return the mean seconds of an epoch as measured; 0 where none was trained."""
    measured = [row[EPOCH_S] for row in trial.epochs if EPOCH_S in row]
    if measured:
        return math.fsum(measured) / len(measured)
    if trial.ended_s is None or not trial.epochs:
        return 0.0
    return (trial.ended_s - trial.started_s) / len(trial.epochs)
