"""The keys of a study's journal: what is kept beside the fields that Optuna has for itself.

Optuna's own fields hold a trial's values, its objective after each epoch, its state and its times. The rest
are user attributes under the keys below. They are on people's disks: none is ever renamed, and a key that is
added must be readable as absent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from trainables.target import TARGETS
from trainables.training.metric_names import LOSS, VALIDATION, catalogue

# Attributes of the study
PROVENANCE = "facts"
"""`Provenance.written()`: training mean, datasets with their hashes, code, digests of inputs."""

LAUNCH = "launch"
"""`LaunchRecord.written()`: the budget of the last launch, and when it began and ended."""

ZOOMED = "evaluation zoom"
"""True: networks are measured as `data.evaluation_zoom` says. Where it is absent, the study was begun before
that key was there: on whole images, unless its space has the key."""

SKIPPED = "enqueued designs skipped"
"""How many designs of `search.enqueue` had been tried before it was their turn."""


def test_key(number: int) -> str:
    """Return the key of a trial's errors on the test sets: Optuna closes a trial that has ended."""
    return f"test of trial {number}"


LATENCY_MACHINE = "machine of latencies"
"""The CPU on which the latencies of its networks were measured first."""

# Attributes of a trial
PLACEMENT = "placement"
"""`Placement.written()`: where it ran last."""

STINTS = "stints"
"""Each stretch of the trial on a worker, in order: `Stint.written()`. Where it is absent, nothing is known of
when the trial waited; an older version wrote none."""

PRETRAINED = "pretrained"
"""The folder below `ROOT/pretrained` that its trunk started from."""

REASON = "reason"
"""Why it ended, in words."""

CONFIRMS = "confirms"
"""The number of the trial that it repeats with another seed, which stands under `SEED`."""

SEED = "seed"
"""The training seed of a confirmation."""

CONFIRM_PLAN = "confirm plan"
"""Of a confirmation: how many seeds there were to be before the first look, and at most, when it began."""

IMPOSSIBLE = "impossible"
"""The rule that a suggestion breaks, from which no config can be built. Such a trial costs no budget."""

COSTS = "costs"
"""What its network costs, of the metrics that the search looks at, by name."""

REFUSED = "refused"
"""The bounds of `search.constraints` that a suggestion breaks, in words; Optuna has by how much. Such a trial
is not trained, and costs no budget."""

REPEATS = "repeats"
"""The number of the trial that has its values. Such a suggestion is not trained, and costs no budget."""

STOPPED = "stopped after"
"""The epoch after which the pruner decided to stop it, which is told next."""

FROZEN = "frozen after"
"""The rung, in epochs, that it was frozen at last."""

PROMOTED = "promoted after"
"""The rung, in epochs, that it may train beyond. It is frozen where this lies below `FROZEN`."""

REQUESTED = "requested"
"""The name of the request by which a user enqueued it while the study was there."""

EXEMPT = "exempt"
"""True: it is never stopped early."""

CONTINUES = "continues"
"""The number of the trial that goes on under this one: Optuna never opens a trial again that was told."""


def epoch_key(epoch: int) -> str:
    """Return the key of all metrics after an epoch, counted from 1: one text, see `epoch_text`."""
    return f"epoch {epoch}"


def is_epoch_key(key: str) -> bool:
    """Return whether a key is that of an epoch."""
    return key.startswith("epoch ")


def epoch_text(metrics: Mapping[str, float]) -> str:
    """Return metrics as one JSON text; every digit is kept."""
    return json.dumps(dict(metrics), separators=(",", ":"))


def epoch_in_short(metrics: Mapping[str, float]) -> str:
    """Return what an epoch was measured by, and its loss, as a short text for a page that breaks no line."""
    tables = (catalogue(row(), VALIDATION) for row in TARGETS.values())
    shown = [name for table in tables for name, metric in table.items() if metric.column]
    return ", ".join(
        f"{name.rpartition('/')[2]} {metrics[name]:.4g}"
        for name in dict.fromkeys((*shown, LOSS))
        if metrics.get(name) is not None
    )
