"""A session: repeatable, resumable to the bit, and honest about what went wrong."""

from __future__ import annotations

import gc
import pickle
import resource
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from support.toy import CPU, Changing, blobs, toy_config, toy_session
from torch import Tensor, nn

from trainables.base.atomic import load_state, save_state
from trainables.base.errors import InputError
from trainables.data.memory_loader import MemoryBatch, MemoryLoader
from trainables.model.heads import RegressionConfig
from trainables.optim.optimizers import OPTIMIZERS, AdamWConfig
from trainables.optim.schedules import CosineConfig, MultiStepConfig
from trainables.pose.angles import ANGLES
from trainables.pretext import PRETEXT_TASKS, PuzzlingConfig, PuzzlingRotationConfig, RotationConfig
from trainables.pretext.branch import BranchPlan
from trainables.training.checkpoints import Checkpoints
from trainables.training.config import Precision
from trainables.training.execution import DTYPES, Execution
from trainables.training.session import Session
from trainables.training.trainer import Diverged

pytestmark = pytest.mark.usefixtures("narrow")

SPEED = ("speed/", "memory/")


def numbers(session: Session, epochs: int) -> list[dict[str, float]]:
    """Return the metrics of some epochs without those that are measured with a clock."""
    reports = [session.run_epoch().metrics() for _ in range(epochs)]
    return [{k: v for k, v in metrics.items() if not k.startswith(SPEED)} for metrics in reports]


def weights(session: Session) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in session.network.state_dict().items()}


def assert_same_weights(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []


def puzzled(**settings: Any) -> Session:
    return toy_session(pretext=PuzzlingRotationConfig(), dropout=0.4, **settings)


def test_a_seed_gives_the_same_digits_and_another_seed_others() -> None:
    torch.manual_seed(1)
    first = numbers(puzzled(), 2)
    torch.manual_seed(2)  # whatever the process did before
    assert numbers(puzzled(), 2) == first
    assert numbers(puzzled(seed=4), 2) != first


def test_training_leaves_the_global_generator_alone() -> None:
    session, state = puzzled(), torch.get_rng_state()
    session.run_epoch()
    assert torch.equal(torch.get_rng_state(), state)


def test_a_session_that_nobody_holds_frees_its_weights_at_once() -> None:
    """In a circle of references they would wait for Python to look for circles: 80 MB more a trial."""
    session = puzzled()
    session.run_epoch()
    weight = weakref.ref(next(session.network.parameters()))
    gc.disable()
    try:
        del session
        assert weight() is None
    finally:
        gc.enable()


def save(session: Session, path: Path) -> None:
    """Write what a checkpoint holds of a session."""
    save_state({**session.state_dict(), "best_weights": session.best_weights()}, path)


@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
def test_a_resumed_run_goes_on_to_the_same_digits(optimizer: str, tmp_path: Path) -> None:
    settings: dict[str, Any] = {
        "optimizer": OPTIMIZERS[optimizer](),
        "schedule": MultiStepConfig(epochs=(1, 3)),
        "clip_norm": 10.0,
    }
    whole = puzzled(**settings)
    expected = numbers(whole, 4)
    first = puzzled(**settings)
    assert numbers(first, 2) == expected[:2]
    save(first, tmp_path / "session.pt")
    second = puzzled(**settings)
    second.load_state_dict(load_state(tmp_path / "session.pt"))
    assert second.epoch == 2
    assert numbers(second, 2) == expected[2:]
    assert_same_weights(weights(second), weights(whole))
    assert_same_weights(second.best_weights(), whole.best_weights())


def test_best_weights_are_those_of_the_supervised_network_after_the_best_epoch() -> None:
    session = puzzled(validation=Changing(500.0, after=2, shuffle=False))
    assert session.best_weights() == {}
    session.run_epoch()
    second = session.run_epoch()
    at_best = {name: value.clone() for name, value in session.network.supervised().state_dict().items()}
    third = session.run_epoch()
    assert (third.best_epoch, third.best_value) == (second.best_epoch, second.best_value)
    assert third.validation["mae_deg"] > third.best_value
    if second.best_epoch == 2:
        assert_same_weights(session.best_weights(), at_best)
    assert not any(name.startswith("branches") for name in session.best_weights())


def _has_chance(branch: BranchPlan) -> bool:
    return any(measure.chance is not None for measure in branch.measures.values())


@pytest.mark.parametrize("name", sorted(PRETEXT_TASKS.without("several")))
@pytest.mark.parametrize("angles", [ANGLES, ANGLES[:2]], ids=len)
def test_every_task_trains_and_reports_its_own_heads(name: str, angles: tuple[str, ...]) -> None:
    without_turns = name == "equivariance" and len(angles) < 3  # a turned pose needs roll
    config = PRETEXT_TASKS[name](**({"turn_deg": 0.0} if without_turns else {}))
    metrics = toy_session(pretext=config, angles=angles).run_epoch().metrics()
    branches = config.build().branches
    measures = {name: measure for branch in branches for name, measure in branch.measures.items()}
    chances = {f"{branch.name}_chance" for branch in branches if _has_chance(branch)}
    assert {key for key in metrics if key.startswith("pretext/")} == {
        f"pretext/{what}" for what in {*measures, *chances}
    }
    assert {key for key in metrics if key.startswith("train/loss_")} == {
        f"train/loss_{part}" for part in (*angles, *(name for each in branches for name in each.loss_names))
    }
    assert ("validation/geodesic_deg" in metrics) == (len(angles) == 3)


def test_total_loss_is_the_weighted_sum_of_the_losses_shown() -> None:
    losses = toy_session(pretext=PuzzlingRotationConfig(ssl_weight=50.0)).run_epoch().training.losses
    expected = sum(losses[a] for a in ANGLES) + 50 * (losses["puzzle"] + losses["rotation"])
    assert losses["total"] == pytest.approx(expected, rel=1e-5)


def test_mean_over_regions_is_a_region_s_share_of_their_sum() -> None:
    by_sum, by_mean = (
        toy_session(pretext=PuzzlingConfig(grid=3, ssl_reduction=how), batch=32)
        .run_epoch()
        .training.losses["puzzle"]
        for how in ("sum", "mean")
    )
    assert by_sum == pytest.approx(9 * by_mean, rel=1e-5)  # one step: both from the same weights


def test_at_ssl_weight_zero_the_trunk_learns_as_without_heads() -> None:
    weightless = toy_session(pretext=RotationConfig(ssl_weight=0.0))
    without = toy_session(pretext=RotationConfig(heads=False))
    weightless.run_epoch()
    without.run_epoch()
    assert_same_weights(weightless.network.supervised().state_dict(), without.network.state_dict())


def test_perturbed_images_train_but_plain_ones_evaluate() -> None:
    session = toy_session(pretext=PuzzlingConfig(grid=4))
    seen: list[Tensor] = []
    session.network.trunk.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].clone()))
    session.evaluate(MemoryLoader(*blobs(32, 32), batch=32, shuffle=False))
    assert torch.equal(seen[0], blobs(32, 32)[0])
    session.run_epoch()
    assert not any((image == seen[0]).all(dim=(1, 2, 3)).any() for image in seen[1])


def test_evaluation_changes_nothing_and_reads_the_network_s_angles() -> None:
    session = toy_session(angles=ANGLES[:2])
    session.run_epoch()
    before = weights(session)
    with_roll = MemoryLoader(*blobs(32, 32), batch=5, shuffle=False)
    first, second = session.evaluate(with_roll), session.evaluate(with_roll)
    assert first == second and "pitch_mae_deg" in first and "roll_mae_deg" not in first
    assert_same_weights(weights(session), before)


def test_learning_rate_follows_the_epochs() -> None:
    session = toy_session(optimizer=AdamWConfig(lr=0.01), schedule=CosineConfig(), epochs=2)
    assert [session.run_epoch().training.learning_rate for _ in range(2)] == pytest.approx([0.01, 0.005])


def test_seconds_of_an_epoch_are_those_of_training_and_evaluation_together() -> None:
    class Slow(MemoryLoader):
        def epoch(self, seed: int) -> Iterator[MemoryBatch]:
            time.sleep(0.2)
            return super().epoch(seed)

    session = toy_session(
        train=Slow(*blobs(16, 32), batch=16, shuffle=True),
        validation=Slow(*blobs(16, 32), batch=16, shuffle=False),
    )
    began = time.perf_counter()
    report = session.run_epoch()
    taken_s = time.perf_counter() - began
    assert report.training.train_s >= 0.2 and report.epoch_s >= report.training.train_s + 0.2
    assert report.metrics()["speed/epoch_s"] == report.epoch_s <= taken_s


def test_clipping_bounds_the_gradient_that_is_stepped_along() -> None:
    session = toy_session(head=RegressionConfig(reg_loss="mse"), clip_norm=0.5, batch=32)
    session.run_epoch()
    norms = torch.stack([p.grad.norm() for p in session.network.parameters() if p.grad is not None])
    assert float(norms.norm()) == pytest.approx(0.5, rel=1e-4)


@pytest.mark.parametrize("epoch", [1, 2])
def test_a_loss_that_is_not_finite_ends_the_run_with_its_reason(epoch: int) -> None:
    session = toy_session(train=Changing(float("nan"), after=epoch - 1, shuffle=True))
    for _ in range(epoch - 1):
        session.run_epoch()
    with pytest.raises(Diverged, match=f"^diverged at epoch {epoch}$") as caught:
        session.run_epoch()
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301 - our own bytes


def test_arms_of_one_seed_start_alike_and_see_the_same_batches() -> None:
    """Whatever the task, its weight or the optimizer: what differs is the arm alone."""
    arms: list[dict[str, Any]] = [
        {},
        {"pretext": PuzzlingConfig(heads=False)},
        {"pretext": PuzzlingConfig(grid=3, flag=2, ssl_weight=9.0)},
        {"optimizer": AdamWConfig(lr=0.1), "dropout": 0.3},
    ]
    loaders = [Changing(0.0, after=0, shuffle=True) for _ in arms]
    sessions = [toy_session(train=loader, **arm) for loader, arm in zip(loaders, arms, strict=True)]
    for session in sessions[1:]:
        supervised = session.network.supervised().state_dict()
        assert_same_weights(supervised, sessions[0].network.supervised().state_dict())
    for session in sessions:
        session.run_epoch()
        session.run_epoch()
    assert {tuple(loader.seeds) for loader in loaders} == {tuple(loaders[0].seeds)}
    first, other = (list(loader.epoch(loaders[0].seeds[0])) for loader in loaders[:2])
    assert all(torch.equal(a.images, b.images) for a, b in zip(first, other, strict=True))


def test_every_epoch_has_a_data_seed_of_its_own() -> None:
    loaders = [Changing(0.0, after=0, shuffle=True) for _ in range(2)]
    for seed, loader in enumerate(loaders):
        session = toy_session(train=loader, seed=seed)
        session.run_epoch()
        session.run_epoch()
    assert len({*loaders[0].seeds, *loaders[1].seeds}) == 4


def test_a_prediction_that_is_not_finite_ends_the_run_too() -> None:
    session = toy_session()
    with torch.no_grad():
        session.network.head.linear.bias[0] = float("inf")
    with pytest.raises(Diverged, match="diverged at epoch 1"):
        session.evaluate(MemoryLoader(*blobs(32, 32), batch=16, shuffle=False))


def test_a_large_ssl_weight_stays_finite() -> None:
    session = toy_session(pretext=PuzzlingConfig(grid=3, ssl_weight=200.0), images=64)
    for report in numbers(session, 3):
        assert all(torch.tensor(list(report.values())).isfinite())


def test_mixed_precision_is_refused_without_a_gpu() -> None:
    with pytest.raises(InputError, match="'fp16' needs a GPU"):
        toy_session(precision="fp16", device=CPU)


@pytest.fixture
def half_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `bf16` and `fp16` compute on a CPU, with a loss scale as on a GPU."""

    def of(device: torch.device, precision: Precision) -> Execution:
        return Execution(device, DTYPES.get(precision, torch.float32))

    monkeypatch.setattr(Execution, "of", of)


@pytest.mark.usefixtures("half_here")
@pytest.mark.parametrize(
    ("before", "after"), [("fp32", "fp16"), ("fp16", "fp16"), ("fp16", "fp32"), ("fp16", "bf16")]
)
def test_a_run_goes_on_in_another_precision_and_keeps_its_epochs(
    tmp_path: Path, before: Precision, after: Precision
) -> None:
    begun, checkpoints = toy_session(precision=before, images=8), Checkpoints(tmp_path)
    checkpoints.save(begun, [begun.run_epoch().metrics()])
    checkpoints.flush()
    scale = begun.state_dict()["scaler"]
    assert bool(scale) is (before == "fp16")
    again = toy_session(precision=after, images=8)
    history, notes = Checkpoints(tmp_path).restore(again)
    assert (again.epoch, len(history), notes) == (1, 1, [])
    assert_same_weights(weights(again), weights(begun))
    if before == after:
        assert again.state_dict()["scaler"] == scale
    assert again.run_epoch().epoch == 2


@pytest.mark.parametrize(
    ("capability", "expected"),
    [((9, 0), torch.bfloat16), ((8, 0), torch.bfloat16), ((7, 5), torch.float16), ((6, 1), torch.float32)],
)
def test_auto_is_what_a_device_is_fast_at(
    capability: tuple[int, int], expected: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.get_device_capability", lambda device: capability)
    execution = Execution.of(torch.device("cuda", 0), "auto")
    assert (execution.dtype, execution.scales_loss) == (expected, expected is torch.float16)
    assert Execution.of(CPU, "auto").dtype is torch.float32


def test_spaces_that_say_mixed_mean_fp16() -> None:
    assert toy_config(precision="mixed").precision == "fp16"


def test_a_run_that_cannot_take_a_checkpoint_over_is_as_it_was(tmp_path: Path) -> None:
    begun = toy_session()
    begun.run_epoch()
    state = {**begun.state_dict(), "best_weights": begun.best_weights(), "optimizer": {}}
    save_state({"session": state, "history": []}, tmp_path / "checkpoint_0001.pt")
    again, fresh = toy_session(), toy_session()
    history, notes = Checkpoints(tmp_path).restore(again)
    assert history == [] and len(notes) == 1
    assert_same_weights(weights(again), weights(fresh))
    assert numbers(again, 2) == numbers(fresh, 2)


def test_a_checkpoint_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    save_state({"weights": torch.ones(9)}, path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))  # writing stops where a full disk would
    try:
        with pytest.raises((OSError, RuntimeError)):
            save_state({"weights": torch.ones(99_999)}, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert torch.equal(load_state(path)["weights"], torch.ones(9))
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("damage", ["cut", "flipped", "code"])
def test_a_damaged_checkpoint_raises_and_leaves_the_session_as_it_was(tmp_path: Path, damage: str) -> None:
    path, session = tmp_path / "session.pt", puzzled()
    save(session, path)
    content = bytearray(path.read_bytes())
    if damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        content[len(content) // 2] ^= 0xFF
        path.write_bytes(content)
    else:
        torch.save({"network": nn.Linear(2, 2)}, path)
    before = weights(session)
    with pytest.raises((ValueError, pickle.UnpicklingError)):
        session.load_state_dict(load_state(path))
    assert_same_weights(weights(session), before)
    assert session.epoch == 0


def test_another_session_s_checkpoint_is_refused(tmp_path: Path) -> None:
    save(toy_session(), tmp_path / "sl.pt")
    with pytest.raises(RuntimeError, match="branches"):
        puzzled().load_state_dict(load_state(tmp_path / "sl.pt"))
