"""What trials take of a cluster: `auto` from measurements, without a GPU and without Ray."""

from __future__ import annotations

from pathlib import Path

from support import studies
from support.toy import toy_config

from hpsearch.driver.jobs import JobFactory
from hpsearch.study.asking import Ask
from hpsearch.study.config import ResourcesConfig
from hpsearch.work.resources import (
    Machines,
    Measured,
    Share,
    TrialResources,
    designs_to_measure,
    resolve_resources,
)
from trainables.training.footprint import Footprint, MemoryShape

NONE, ONE = Machines(0.0, 0, 4), Machines(1.0, 16, 100)
SMALL, LARGE = toy_config(), toy_config(batch=512)
SMALL_SHAPE, LARGE_SHAPE = MemoryShape.of(SMALL), MemoryShape.of(LARGE)
AUTO = ResourcesConfig()


def test_auto_is_one_cpu_where_there_is_no_gpu() -> None:
    assert resolve_resources(AUTO, NONE) == TrialResources(1, 0.0, None)


def test_a_whole_gpu_where_nothing_could_be_measured() -> None:
    assert resolve_resources(AUTO, ONE).of(SMALL) == Share(4, 1.0)


def test_each_design_gets_its_own_share_and_what_it_was_not_measured_for_the_largest() -> None:
    measured = Measured(
        80_000, {SMALL_SHAPE: Footprint(2_000, 500, 0.0), LARGE_SHAPE: Footprint(20_000, 1500, 0.5)}
    )
    resources = resolve_resources(AUTO, ONE, measured)
    assert resources.of(SMALL) == Share(1, 0.0416)  # 2000 * 1.1 + 1024 MiB: 24 fit
    assert resources.of(LARGE) == Share(2, 0.3333)
    assert resources.of(toy_config(batch=32)) == Share(2, 0.3333)
    assert resources.smallest == Share(1, resources.of(SMALL).gpus)


def test_a_design_that_could_not_be_measured_gets_a_whole_gpu() -> None:
    measured = Measured(80_000, {SMALL_SHAPE: Footprint(2_000, 500, 0.0), LARGE_SHAPE: None})
    resources = resolve_resources(AUTO, ONE, measured)
    assert resources.of(LARGE).gpus == 1.0 and resources.of(SMALL).gpus < 0.05


def test_trials_that_share_a_gpu_share_the_cores_beside_it() -> None:
    measured = Measured(80_000, {SMALL_SHAPE: Footprint(8_000, 500, 0.9)})
    assert resolve_resources(AUTO, Machines(1.0, 16, 100), measured).of(SMALL).cpus == 2  # 8 trials, 16 cores
    assert resolve_resources(AUTO, Machines(1.0, 4, 100), measured).of(SMALL).cpus == 1
    never_waits = Measured(80_000, {SMALL_SHAPE: Footprint(8_000, 500, 0.0)})
    assert [
        resolve_resources(AUTO, Machines(1.0, cores, 100), never_waits).of(SMALL).cpus
        for cores in (4, 16, 64)
    ] == [1, 2, 2]  # two beside a GPU, where there are cores
    given = ResourcesConfig(cpus=3)
    assert resolve_resources(given, Machines(1.0, 4, 100), measured).of(SMALL).cpus == 3


def least(gpus: float, cores: int, **wanted: object) -> float:
    """Return the share of a design that needs a hundredth of a GPU."""
    measured = Measured(500_000, {SMALL_SHAPE: Footprint(2_000, 500, 0.0)})
    machines = Machines(gpus, int(cores // gpus), cores)
    return resolve_resources(ResourcesConfig(**wanted), machines, measured).of(SMALL).gpus  # type: ignore[arg-type]


def test_no_gpu_is_idle_beside_small_trials() -> None:
    assert least(8.0, 128) == 0.0625  # 16 a GPU: what the cores can feed
    assert least(8.0, 8) == least(8.0, 128, concurrent=8) == least(8.0, 128, concurrent=3) == 1.0
    assert least(8.0, 128, concurrent=16) == 0.5
    assert least(8.0, 128, cpus=8) == 0.5
    assert least(1.0, 512) == 0.0208  # 48: what MPS serves


def test_shares_grow_when_fewer_trials_are_left_than_run_in_parallel() -> None:
    measured = Measured(500_000, {SMALL_SHAPE: Footprint(2_000, 500, 0.0)})
    resources = resolve_resources(AUTO, Machines(8.0, 16, 128), measured)
    shares = {left: resources.of(SMALL, left).gpus for left in (500, 64, 16, 8, 1)}
    assert shares == {500: 0.0625, 64: 0.125, 16: 0.5, 8: 1.0, 1: 1.0}
    given = resolve_resources(ResourcesConfig(gpus=0.25), Machines(8.0, 16, 128), measured)
    assert given.of(SMALL, 1).gpus == 0.25


def packed(together: dict[int, float], machines: Machines = ONE, **wanted: object) -> Share:
    """Return the share of a design of which memory would let 24 train on a GPU."""
    footprints = {SMALL_SHAPE: Footprint(2_000, 500, 0.9)}
    measured = Measured(80_000, footprints, {SMALL_SHAPE: together} if together else {})
    return resolve_resources(ResourcesConfig(**wanted), machines, measured).of(SMALL)  # type: ignore[arg-type]


def test_no_more_trials_share_a_gpu_than_do_more_work_together() -> None:
    assert packed({}) == Share(1, 0.0416)
    assert packed({1: 383.0, 2: 380.0}) == Share(10, 1.0)  # and each has the cores of the others
    assert packed({1: 383.0, 2: 600.0, 4: 610.0}) == Share(8, 0.5)
    assert packed({1: 383.0, 2: 600.0, 4: 900.0}) == Share(1, 0.0416)
    assert packed({1: 383.0, 2: 380.0}, gpus=0.25).gpus == 0.25


def test_nodes_that_are_still_to_come_spread_nothing() -> None:
    assert least(1.0, 4, autoscale=True, concurrent=4) == 0.0208


def test_a_given_share_is_taken_as_ray_counts_it() -> None:
    assert resolve_resources(ResourcesConfig(gpus=1 / 7, cpus=1), ONE).gpus == 0.1428
    assert resolve_resources(ResourcesConfig(gpus=0.25), ONE) == TrialResources(4, 0.25, None)


def test_a_trial_is_sent_with_its_design_s_share(tmp_path: Path) -> None:
    resources = TrialResources(4, 1.0, None, {SMALL_SHAPE: Share(1, 0.125)})
    jobs = JobFactory(tmp_path, resources)
    shares = []
    for config in (SMALL, LARGE):
        job = jobs.trial(Ask(0, {}, config, 0), None, tmp_path)
        shares.append(Share(job.cpus, job.gpus))
    assert shares == [Share(1, 0.125), Share(4, 1.0)]


SPACE = """\
data: {train: {dataset: heads}, batch: {choice: [16, 32]}}
augmentation: {choice: [none, "2"]}
network: {dropout: {float: [0.0, 0.5]}}
seed: {int: [0, 99]}
pretext:
  choice:
    - none
    - puzzling: {flag: {choice: [2, 3]}, grid: {choice: [2, 3]}, ssl_weight: {float: [0.1, 10]}}
    - rotation: {flag: {choice: [2, 3]}}
"""


def test_designs_alike_in_what_decides_their_memory_are_measured_once(tmp_path: Path) -> None:
    designs = designs_to_measure(studies.spec(tmp_path, "{sampler: random, pruner: none}", SPACE))
    alike = {(each.data.batch, getattr(each.pretext, "flag", None)) for each in designs.values()}
    assert alike == {(batch, flag) for batch in (16, 32) for flag in (None, 2, 3)}
    assert len(designs) == len(alike)
    assert all(shape == MemoryShape.of(each) for shape, each in designs.items())
