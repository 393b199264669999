"""What is known of designs is kept for the next launch, and what a trial learned holds for its kind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest
from support.toy import toy_config

from hpsearch.study.config import ResourcesConfig
from hpsearch.work.known_designs import Known, KnownDesigns
from hpsearch.work.resources import (
    Machines,
    Share,
    TrialResources,
    resolve_resources,
)
from hpsearch.work.tries import Death, learn_need
from trainables.training.footprint import Footprint, MemoryShape
from trainables.training.gpu_memory import OutOfGpuMemory
from trainables.training.jobs import TrialJob

CONFIG, OTHER = toy_config(pretext="puzzling"), toy_config(batch=512)
SHAPE = MemoryShape.of(CONFIG)
FACTS = {"footprint": Footprint(2000.0, 500.0, 0.25), "together": {1: 100.0, 2: 150.0}}


def test_what_is_known_is_there_for_the_next_launch(tmp_path: Path) -> None:
    file = tmp_path / "machines" / "1xH200-16cpu.json"
    KnownDesigns(file).learn({SHAPE: FACTS})
    assert KnownDesigns(file).of(SHAPE) == Known(Footprint(2000.0, 500.0, 0.25), {1: 100.0, 2: 150.0}, 0.0)
    assert KnownDesigns(file).of(MemoryShape.of(OTHER)) == Known()


def test_two_launches_lose_nothing_of_each_other(tmp_path: Path) -> None:
    one, other = KnownDesigns(tmp_path / "a.json"), KnownDesigns(tmp_path / "a.json")
    one.learn({SHAPE: FACTS})
    other.learn({MemoryShape.of(OTHER): FACTS})
    other.learn({SHAPE: {"least_share": 0.5}})
    found = KnownDesigns(tmp_path / "a.json")
    assert found.of(SHAPE) == Known(**cast("dict[str, Any]", FACTS), least_share=0.5)
    assert found.of(MemoryShape.of(OTHER)).together == FACTS["together"]


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"a": {}}', '{"a": {"footprint": {"mib": 1}}}'])
def test_a_damaged_file_is_written_anew(tmp_path: Path, damage: str) -> None:
    file = tmp_path / "a.json"
    file.write_text(damage)
    known = KnownDesigns(file)
    assert not known.any
    known.learn({SHAPE: FACTS})
    assert list(json.loads(file.read_text())) == [str(SHAPE)]


@pytest.mark.parametrize("given", ["auto", 0.1])
def test_the_next_trial_of_a_kind_gets_what_one_turned_out_to_need_after_a_relaunch_too(
    tmp_path: Path, given: Any
) -> None:
    file, machines = tmp_path / "a.json", Machines(1.0, 16, 16)

    def resources() -> TrialResources:
        return resolve_resources(ResourcesConfig(gpus=given), machines, None, KnownDesigns(file))

    first = resources()
    alone = first.of(CONFIG)
    job = TrialJob(0, CONFIG, None, tmp_path, tmp_path, cpus=1, gpus=0.1)
    learn_need(job, Death("it died", "it died"), first.known)
    assert first.of(CONFIG) == alone
    learn_need(job, Death("short", "short", OutOfGpuMemory(400.0, 100.0, 0.1)), first.known)
    wanted = Share(alone.cpus, max(alone.gpus, 0.5))  # 1.25 * 400 of 1000 MiB
    assert first.of(CONFIG) == resources().of(CONFIG) == wanted
    assert resources().of(OTHER) == alone
    learn_need(job, Death("short", "short", OutOfGpuMemory(120.0, 100.0, 0.1)), first.known)
    assert resources().of(CONFIG) == wanted  # never less than was learned before


def test_what_a_trial_learned_on_a_gpu_gives_none_on_a_machine_without(tmp_path: Path) -> None:
    known = KnownDesigns(tmp_path / "a.json")
    known.learn({SHAPE: {"least_share": 0.5}})
    assert resolve_resources(ResourcesConfig(), Machines(0.0, 0, 4), None, known).of(CONFIG).gpus == 0.0
