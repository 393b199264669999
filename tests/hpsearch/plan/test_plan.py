"""What a plan says of a search before anything is spent."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from support.launches import hpsearch_here

from hpsearch.cli.plan_text import plan_text
from hpsearch.plan.designs import extremes, work_of
from hpsearch.plan.machine import machine_text
from hpsearch.plan.plan import Disk, Measured, Plan
from hpsearch.plan.runs import plan_runs
from hpsearch.study.needs import images_of, needs_of
from hpsearch.study.spec import StudySpec, load_spec
from hpsearch.work.resources import Share, TrialResources
from trainables.model.backbones import BACKBONES, ResNet10Config, ResNet18Config
from trainables.optim.averages import EmaConfig, LastConfig
from trainables.pretext import ByolConfig, SimSiamConfig
from trainables.pretext.puzzling import PuzzlingConfig
from trainables.training.checkpoint_size import checkpoints_bytes
from trainables.training.packing import Together
from trainables.training.rehearsal import Rehearsal

SPACE = """
search:
  name: demo
  budget: {trials: 12}
  confirm: {top: 2, seeds: 3}
data:
  train: {dataset: {rendered-heads: {images: 100, subjects: 20}}}
  validation: {dataset: biwi}
  test: [{name: wild, dataset: aflw2000}]
  image_px: 64
network: {backbone: {choice: [resnet10, resnet18]}}
init: {choice: [random, ssl: {pretext: rotation, epochs: 5}]}
pretext: {choice: [none, puzzling: {view: {two: {share: 0.5}}}]}
seed: {choice: [0, 1]}
epochs: 10
"""


@pytest.fixture
def spec(tmp_path: Path) -> StudySpec:
    file = tmp_path / "demo.yaml"
    file.write_text(SPACE)
    return load_spec(file)


def measured(spec: StudySpec, *, gpus: float = 0.0, together: Together = MappingProxyType({})) -> Plan:
    """Return a plan whose designs were measured to train 100 and 50 images/s."""
    cheapest, costliest = (
        Measured(
            config,
            Share(1, gpus),
            Rehearsal(speed, 2 * speed, 900.0, synthetic=False),
            (1000, 200),
            together,
        )
        for config, speed in zip(extremes(spec.configs), (100.0, 50.0), strict=True)
    )
    nowhere = spec.document.file
    return Plan(
        spec=spec,
        combinations=8,
        needs=needs_of(spec, Path(nowhere)),
        runs=plan_runs(spec, Path(nowhere), Path(nowhere)),
        resources=TrialResources(1, gpus, None),
        in_parallel=2,
        places=1,
        cheapest=cheapest,
        costliest=costliest,
        disk=Disk(running=5 * 10**8, frozen=2 * 10**10, weights=None, free=10**11),
    )


def test_all_missing_datasets_are_named_and_what_is_built_is_none(spec: StudySpec, tmp_path: Path) -> None:
    found = needs_of(spec, tmp_path / "datasets")
    assert [(need.images, need.state) for need in found.datasets] == [
        (100, "rendered on first use"),
        (None, "missing"),
        (None, "missing"),
    ]
    assert [str(fault).split("'")[1] for fault in found.faults] == ["biwi", "aflw2000"]
    assert not (tmp_path / "datasets").exists()


def test_every_run_is_counted(spec: StudySpec, tmp_path: Path) -> None:
    runs = plan_runs(spec, tmp_path, tmp_path)
    assert (runs.trials, runs.search_epochs) == (12, 120)
    assert sorted(each.title + BACKBONES.name_of(each.backbone) for each in runs.pretrainings) == [
        "rotation 2x2resnet10",
        "rotation 2x2resnet18",
    ]
    assert runs.pretraining_epochs == 10
    assert (runs.confirmations, runs.confirmation_epochs) == (14, 140)  # two best, helper, baseline: 5 seeds
    assert (runs.tested, runs.tests) == (5 + 14, ("wild",))


def test_the_most_expensive_design_has_the_largest_trunk_and_the_most_images(spec: StudySpec) -> None:
    cheapest, costliest = extremes(spec.configs)
    assert (cheapest.network.backbone, costliest.network.backbone) == (ResNet10Config(), ResNet18Config())
    assert isinstance(costliest.pretext, PuzzlingConfig) and not isinstance(cheapest.pretext, PuzzlingConfig)


def test_a_helper_of_two_views_and_one_with_a_teacher_are_planned_at_what_they_forward(
    spec: StudySpec,
) -> None:
    """A view for the pose too costs nothing more, any other at flag 3 costs 3/4, through a copy 1/4."""
    plain = next(config for config in spec.configs if config.pretext.attachment() is None)
    tasks = (SimSiamConfig(), SimSiamConfig(view="two"), ByolConfig(), SimSiamConfig(weight_end=0.5))
    work = [work_of(plain.model_copy(update={"pretext": task})) / work_of(plain) for task in tasks]
    assert work == pytest.approx([1.85, 2.6, 2.35, 1.425])
    assert SimSiamConfig().pretraining_cost().forwards == 2
    assert ByolConfig().pretraining_cost().forwards == pytest.approx(2 + 2 / 3)


def test_averaged_weights_cost_the_images_that_are_forwarded_again(spec: StudySpec) -> None:
    """The 1000 images are fewer than 20 batches of 64, so all of them are: at 200 images/s, 5 s an epoch."""
    plain = measured(spec).cheapest
    assert plain.epoch_s == pytest.approx(1000 / 100 + 200 / 200)
    for average, epochs in ((EmaConfig(), 10), (LastConfig(epochs=3), 3)):
        config = plain.config.model_copy(update={"average": average})
        assert replace(plain, config=config).epoch_s == pytest.approx(11 + 5 * epochs / 10)
        assert work_of(config) == pytest.approx(work_of(plain.config) * (1 + epochs / 30))
        assert checkpoints_bytes(config) == checkpoints_bytes(plain.config) * 5 / 4


def test_images_of_a_dataset_that_is_not_rendered_yet_are_known(spec: StudySpec, tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(SPACE.replace("  validation: {dataset: biwi}\n", ""))
    [config, *_] = load_spec(file).configs
    assert images_of(config, tmp_path) == (75, 15)
    assert images_of(spec.configs[0], tmp_path) is None


def test_hours_follow_from_epochs_speed_and_trials_in_parallel(spec: StudySpec, tmp_path: Path) -> None:
    plan = measured(spec, gpus=0.5)
    assert plan.cheapest.epoch_s == pytest.approx(1000 / 100 + 200 / 200)
    assert plan.epochs == 120 + 10 + 140
    assert plan.seconds(plan.cheapest, 270) == pytest.approx((270 * 11 / 2, 270 * 11 / 2))
    trained = replace(plan, trained_epoch_s=8.0)
    took_s = 270 * 8 / 2  # packing is in what they took
    assert trained.seconds(plan.cheapest, 270) == trained.seconds(plan.costliest, 270) == (took_s, took_s)
    assert "18 min for 270 epochs of 8.0 s, as this study's own took" in " ".join(
        plan_text(trained, tmp_path, 100).split()
    )
    text = plan_text(plan, tmp_path, 80, difference=0.5)
    assert all(len(line) <= 80 for line in text.splitlines()), text
    words = " ".join(text.split())
    assert "0.4 to 0.8 GPU hours" in words
    assert "can decide with 3 seeds, differences below 0.7" in words


@pytest.mark.parametrize(
    ("together", "places", "gain"),
    [
        ({1: 100.0, 2: 90.0}, 1, 0.9),  # two on two busy cores
        ({1: 100.0, 2: 150.0}, 1, 1.5),
        ({1: 100.0, 2: 150.0}, 2, 2.0),  # each on a GPU of its own
        ({1: 100.0, 2: 210.0}, 1, 2.0),  # no more than if it were free
        ({}, 1, 2.0),
    ],
)
def test_hours_reach_from_parallel_for_free_to_what_was_measured(
    spec: StudySpec, tmp_path: Path, together: dict[int, float], places: int, gain: float
) -> None:
    plan = replace(measured(spec, together=together), places=places)
    assert plan.gain(plan.costliest) == pytest.approx(gain)
    assert plan.seconds(plan.costliest, 270) == pytest.approx((270 * 22 / 2, 270 * 22 / gain))
    words = " ".join(plan_text(plan, tmp_path, 110).split())
    said = f"1 CPU per trial; 2 in parallel, which do {gain:.1f} times the work of one (measured)"
    assert (said in words) is bool(together)


def test_a_wanted_difference_costs_seeds_hours_and_gpu_hours(spec: StudySpec, tmp_path: Path) -> None:
    """Of two helpers whose runs have a noise of 0.23, and a baseline with the square root of two times as
    many."""
    words = " ".join(plan_text(measured(spec, gpus=0.5), tmp_path, 110, difference=0.5).split())
    found = re.search(
        r"to find 0.5° search.confirm.seeds: (\d+), (\d+) of supervised learning alone: (\d+) runs, "
        r"\d+ min to \d+ min "
        r"for (\d+) epochs, ([\d.]+) to ([\d.]+) GPU hours; noise of a run 0.23°: of the quickstart",
        words,
    )
    assert found is not None, words
    seeds, of_baseline, runs, epochs = map(int, found.groups()[:4])
    assert 5 <= seeds <= 7 and runs == 2 * seeds + of_baseline and epochs == 10 * runs
    assert float(found[5]) == pytest.approx(epochs * 11 * 0.5 / 3600, abs=0.06)
    assert re.search(r"or on demand, seeds: {min: 3, max: \d}: [3-7]\.\d seeds each on average, ", words)


def test_a_plan_without_its_datasets_is_shown_and_refused(
    spec: StudySpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hpsearch.plan.plan.plan", lambda request, say: measured(spec))
    missing = hpsearch_here("plan", tmp_path / "demo.yaml", "--root", tmp_path / "runs")
    assert missing.returncode == 2, missing.stdout + missing.stderr
    assert "biwi: missing" in missing.stdout and "no prepared dataset 'biwi'" in missing.stderr


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("", "1 trial in parallel"),
        ("precision: fp16", "refused: 'fp16' needs a GPU"),
        ("search: {resources: {cpus: 4}}", "refused: search.resources asks for 4 CPUs and 0 GPUs per trial"),
        ("search: {resources: {gpus: 0.5}}", "refused: search.resources asks for 1 CPUs and 0.5 GPUs"),
        ("search: {resources: {autoscale: true, concurrent: 3}}", "nodes on demand"),
    ],
)
def test_a_check_says_what_this_machine_would_refuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str, said: str
) -> None:
    file = tmp_path / "own.yaml"
    file.write_text(f"data: {{train: {{dataset: heads}}}}\nepochs: 2\n{more}\n")
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0})
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    text = machine_text(load_spec(file), tmp_path / "not" / "there")
    assert text.startswith("1 CPU, no GPU; ") and said in text


def test_a_check_counts_the_trials_that_memory_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("data: {train: {dataset: heads}}\nepochs: 2\n")
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(128)))
    monkeypatch.setattr("hpsearch.plan.machine.allowed_bytes", lambda: 4 * 2**30)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    text = machine_text(load_spec(file), tmp_path)
    assert text.endswith("3 trials in parallel, as 4.0 GiB of memory hold")
