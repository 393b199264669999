"""What is measured on a GPU before a search, and what is known already; Ray and the GPU are pretended."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import pytest
from support.toy import toy_config

from hpsearch.ray import measuring
from hpsearch.ray.gpus import machine_name, place_count
from hpsearch.ray.nodes import Nodes
from hpsearch.study.config import ResourcesConfig
from hpsearch.work.known_designs import KnownDesigns
from hpsearch.work.resources import Machines, Measured, resolve_resources
from hpsearch.work.shares import per_gpu
from trainables.training.footprint import Footprint, MemoryShape

SMALL, LARGE = toy_config(), toy_config(batch=512)
SHAPE = MemoryShape.of(SMALL)
DESIGNS = {MemoryShape.of(each): each for each in (SMALL, LARGE)}
FOOTPRINTS = [Footprint(2_000, 500, 0.0), "OutOfMemoryError: it does not fit"]
ONE = Machines(1.0, 16, 16)


def nodes(*resources: dict[str, float]) -> Nodes:
    class There:
        selector = MappingProxyType[str, str]({})

        def usable(self, within_s: float = 0.0) -> list[dict[str, Any]]:
            return [{"NodeID": 28 * "0a", "Resources": each} for each in resources]

    return cast("Nodes", There())


class Task:
    """A remote function that answers at once, and counts how often it was asked."""

    def __init__(self, answer: Any) -> None:
        self.answer, self.asked = answer, []
        """What it was given, call by call."""

    def options(self, **options: object) -> Task:
        return self

    def remote(self, *given: Any) -> Any:
        self.asked.append(given)
        return self.answer


@pytest.fixture
def tasks(monkeypatch: pytest.MonkeyPatch) -> dict[str, Task]:
    answers: dict[str, Any] = {"_gpu_mib": 80_000.0, "_measure": FOOTPRINTS}
    answers["_measure_together"] = [{1: 9.0, 2: 9.1}]
    made = {name: Task(answer) for name, answer in answers.items()}
    for name, task in made.items():
        monkeypatch.setattr(measuring, name, task)
    monkeypatch.setattr(measuring.ray, "get", lambda answer, timeout: answer)
    return made


def measured(known: KnownDesigns, said: list[str], **wanted: object) -> Measured | None:
    config = ResourcesConfig(**wanted)  # type: ignore[arg-type]
    there = nodes({"CPU": 16.0, "GPU": 1.0})
    return measuring.measure_designs(config, DESIGNS, Path("data"), ONE, there, known, said.append)


def test_what_was_measured_is_known_to_the_next_launch(tmp_path: Path, tasks: dict[str, Task]) -> None:
    said: list[str] = []
    found = measured(KnownDesigns(tmp_path / "a.json"), said)
    assert found is not None and list(found.footprints.values()) == [FOOTPRINTS[0], None]
    assert found.together[MemoryShape.of(SMALL)] == {1: 9.0, 2: 9.1}
    assert [line.partition(" ")[0] for line in said] == ["measuring", "not", "measuring"]
    ((candidates, _),) = tasks["_measure_together"].asked
    assert [(each.config, each.most, each.cores) for each in candidates] == [(SMALL, 16, 16)]

    tasks["_measure"].answer = FOOTPRINTS[1:]
    again = measured(KnownDesigns(tmp_path / "a.json"), said)
    assert again == found
    ((_, _), (missing, _)) = tasks["_measure"].asked
    assert missing == [LARGE] and len(tasks["_measure_together"].asked) == 1


def test_a_design_that_still_gained_is_measured_further_once_more_fit(tasks: dict[str, Task]) -> None:
    known = KnownDesigns()
    tasks["_measure"].answer = 2 * FOOTPRINTS[:1]
    tasks["_measure_together"].answer = 2 * [{1: 9.0, 2: 17.0}]
    for concurrent, asked in ((2, 1), (2, 1), (3, 1), (4, 2)):
        measured(known, [], concurrent=concurrent)
        assert len(tasks["_measure_together"].asked) == asked, concurrent


@pytest.mark.parametrize(
    ("machines", "wanted", "most"),
    [
        (ONE, {}, 16),  # its memory would hold 24
        (Machines(1.0, 100, 100), {}, 24),
        (ONE, {"cpus": 4}, 4),
        (Machines(8.0, 16, 128), {"concurrent": 20}, 3),
        (ONE, {"cpus": 64}, 1),
    ],
)
def test_as_many_are_measured_as_could_share_a_gpu(
    machines: Machines, wanted: dict[str, Any], most: int
) -> None:
    footprint = Footprint(2_000, 500, 0.0)
    config = ResourcesConfig(**wanted)
    assert measuring.candidate(config, SMALL, footprint, machines, 80_000.0).most == most


@pytest.mark.parametrize("wait_share", [0.0, 0.6, 0.95])
@pytest.mark.parametrize("cores", [4, 16, 48, 128])
def test_trials_have_the_threads_that_they_were_measured_with(cores: int, wait_share: float) -> None:
    footprint, machines = Footprint(2_000, 500, wait_share), Machines(1.0, cores, cores)
    candidate = measuring.candidate(ResourcesConfig(), SMALL, footprint, machines, 80_000.0)
    for worth in (1, 2, 4):
        together = {1: 100.0, worth: 100.0 * worth, 2 * worth: 100.0 * worth}
        measured = Measured(80_000, {SHAPE: footprint}, {SHAPE: together})
        share = resolve_resources(ResourcesConfig(), machines, measured).of(SMALL)
        assert (per_gpu(share.gpus), share.cpus) == (worth, candidate.threads(worth))


def test_machines_are_of_a_kind_by_their_cards_and_cpus() -> None:
    h100 = {"CPU": 128.0, "GPU": 8.0, "accelerator_type:H100": 1.0, "node:10.0.0.1": 1.0}
    names = [machine_name(nodes(*each)) for each in ([h100, {"CPU": 4.0}], [h100, h100], [{"CPU": 2.0}])]
    assert [name.partition("+torch")[0] for name in names] == ["8xH100-128cpu", "8xH100-128cpu", "2cpu"]
    other = {"CPU": 8.0, "GPU": 1.0}
    assert machine_name(nodes(h100, other)).startswith("1xGPU-8cpu+8xH100-128cpu+torch")
    many = [{**other, f"accelerator_type:CARD-{number}": 1.0} for number in range(20)]
    assert len(machine_name(nodes(*many))) == 16
    assert place_count(nodes(h100, other, {"CPU": 4.0})) == 9
    assert place_count(nodes({"CPU": 4.0}, {"CPU": 2.0})) == 2
