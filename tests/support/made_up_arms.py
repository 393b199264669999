"""Studies as a search space would make them, each trial's error given by a function instead of training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from support.spaces import plain

from hpsearch.report.paper.repeats import method_of
from hpsearch.report.paper.rows import PaperRow, paper_rows
from hpsearch.results.arms import arms_of
from hpsearch.study.records import Provenance, StudyRecord, TrialRecord, TrialState
from hpsearch.study.spec import load_spec
from trainables.pose.angles import ANGLES
from trainables.target import head_pose_metrics as head_pose
from trainables.training.config import TrainConfig, parse_config
from trainables.training.metric_names import EPOCH_S, VALIDATION, group_of_test

SPACES = Path(__file__).parents[2] / "search_spaces"
AIM = head_pose.MAE.within(VALIDATION)
OBJECTIVE = AIM.name

Errors = Callable[[TrainConfig], float]


def table(name: str, errors: Errors, trials: int | None = None, test: Errors | None = None) -> StudyRecord:
    """Return the study of a space of the paper; `test` gives the errors on every test set."""
    spec = load_spec(SPACES / "paper" / f"{name}.yaml", trials=trials)
    configs = [spec.config(params) for params in spec.enqueued[: spec.trials]]
    params = spec.enqueued[: spec.trials]
    return study(
        [
            trial(number, config, errors(config), params=params[number], test=test)
            for number, config in enumerate(configs)
        ]
    )


def study(trials: list[TrialRecord], folder: Path = Path("nowhere")) -> StudyRecord:
    facts = Provenance(20.0, {"train": "heads @ 1", "validation": "heads @ 1"}, "1")
    return StudyRecord("made-up", folder, AIM, facts, tuple(trials), plain())


def trial(
    number: int,
    config: TrainConfig,
    error: float | None,
    *,
    state: TrialState = TrialState.COMPLETE,
    params: Mapping[str, object] | None = None,
    confirms: int | None = None,
    test: Errors | None = None,
    epochs: int = 3,
) -> TrialRecord:
    """Return a trial whose last epoch has `error`; None: no epoch was trained."""
    rows = [] if error is None else [error + 1.0 * left for left in range(epochs - 1, -1, -1)]
    tests = {}
    for source in config.data.test if test is not None else ():
        tests[head_pose.MAE.within(group_of_test(source.name)).name] = (
            test(config) if test is not None else 0.0
        )
    return TrialRecord(
        number=number,
        state=state,
        params=dict(params or {}),
        config=config,
        epochs=tuple(
            {OBJECTIVE: value, EPOCH_S: 2.0, **{f"validation/{angle}_mae_deg": value for angle in ANGLES}}
            for value in rows
        ),
        objective=error,
        reason="",
        started_s=1000.0 + number,
        ended_s=1010.0 + number,
        placement=None,
        folder=Path("nowhere") / str(number),
        confirms=confirms,
        test=tests,
    )


def config(pretext: object = "none", seed: int = 0, dropout: float = 0.4) -> TrainConfig:
    found = parse_config(
        {
            "data": {"train": {"dataset": "heads"}},
            "network": {"dropout": dropout},
            "pretext": pretext,
            "epochs": 9,
            "seed": seed,
        }
    )
    assert isinstance(found, TrainConfig), found
    return found


def as_printed(reduced: bool = False) -> Callable[[TrainConfig, int], float]:
    """Return a function from a config and a table's number to what the paper printed for it."""
    rows: dict[tuple[object, int, bool], PaperRow] = {}
    for row in paper_rows():
        rows.setdefault((row.method, row.table, row.reduced), row)

    def error(config: TrainConfig, number: int) -> float:
        method = method_of(config)
        found = rows.get((method, number, reduced)) or rows.get((method, number, not reduced))
        return 9.0 if found is None else found.average_deg

    return error


__all__ = ["arms_of", "as_printed", "config", "study", "table", "trial"]
