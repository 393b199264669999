"""What networks cost: counted, or measured once per network and machine."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from hpsearch.work.network_costs import NetworkCosts, cpu_name, within
from trainables.base.errors import InputError
from trainables.exported import NetworkCard
from trainables.exported.costs import Latency
from trainables.training.config import TrainConfig
from trainables.training.metric_names import COSTS, LATENCY, PARAMETERS


def design(backbone: str = "resnet10", image_px: int = 32, **others: object) -> TrainConfig:
    return TrainConfig.model_validate(
        {
            "data": {"train": {"dataset": "heads"}, "image_px": image_px},
            "network": {"backbone": backbone},
            "head": "regression",
            **others,
        }
    )


class Stopwatch:
    """Measures nothing: a network takes as many milliseconds as its images have pixels at a side."""

    def __init__(self, *, alone: bool = True, fault: str = "") -> None:
        self.measured: list[NetworkCard] = []
        self._alone, self._fault = alone, fault

    def __call__(self, cards: Sequence[NetworkCard]) -> list[Latency | str]:
        self.measured += cards
        took = 1.0 if self._alone else 2.0
        return [self._fault or Latency(card.image_px, took * card.image_px) for card in cards]


def costs_in(
    folder: Path, stopwatch: Stopwatch, said: list[str], bounds: dict[str, float] | None = None
) -> NetworkCosts:
    wanted = (LATENCY, PARAMETERS)
    return NetworkCosts(wanted, bounds or {}, folder / "machines", said.append, stopwatch)


def test_a_network_is_measured_once_whatever_else_designs_differ_in(tmp_path: Path) -> None:
    stopwatch, said = Stopwatch(), list[str]()
    costs = costs_in(tmp_path, stopwatch, said)
    costs.look_at([design(), design(epochs=7), design(image_px=64), design(pretext="rotation")])
    assert [card.image_px for card in stopwatch.measured] == [32, 64]
    assert costs(design(seed=5)) == {LATENCY.name: 32.0, PARAMETERS.name: 4_907_331 + 0.0}
    assert costs(design(image_px=64))[LATENCY.name] == 64.0
    assert len(stopwatch.measured) == 2 and len(said) == 1


def test_what_was_measured_on_a_machine_is_not_measured_by_another_launch(tmp_path: Path) -> None:
    first = costs_in(tmp_path, Stopwatch(), [])
    first.look_at([design()])
    again = Stopwatch()
    costs = costs_in(tmp_path, again, [])
    costs.look_at([design(), design(image_px=40)])
    assert [card.image_px for card in again.measured] == [40]
    [file] = (tmp_path / "machines").glob("latency-*.json")
    assert sorted(json.loads(file.read_text()).values()) == [32.0, 40.0]
    file.write_text("{")  # as a full disk may leave it
    costs_in(tmp_path, again, []).look_at([design()])
    assert [card.image_px for card in again.measured] == [40, 32]


def test_a_network_that_is_too_large_is_not_measured(tmp_path: Path) -> None:
    stopwatch = Stopwatch()
    costs = costs_in(tmp_path, stopwatch, [], {PARAMETERS.name: 5e6})
    costs.look_at([design(), design("resnet18")])
    assert len(stopwatch.measured) == 1
    assert costs(design("resnet18")).keys() == {PARAMETERS.name}


def test_a_measurement_beside_other_work_is_said(tmp_path: Path) -> None:
    said = list[str]()
    costs_in(tmp_path, Stopwatch(alone=False), said).look_at([design()])
    assert any("beside other work" in text and "resnet10 at 32 px" in text for text in said)


def test_a_network_that_cannot_be_measured_is_named(tmp_path: Path) -> None:
    costs = costs_in(tmp_path, Stopwatch(fault="no operator for it"), [])
    with pytest.raises(InputError, match="resnet10 at 32 px: no operator for it"):
        costs.look_at([design()])


def test_every_cost_can_be_had(tmp_path: Path) -> None:
    costs = NetworkCosts(tuple(COSTS.values()), {}, tmp_path, lambda text: None, Stopwatch())
    assert costs(design()).keys() == COSTS.keys()


def test_the_cpu_has_a_name(tmp_path: Path) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text("processor : 0\nmodel name\t: Some CPU @ 2 GHz\n")
    assert cpu_name(file) == "Some CPU @ 2 GHz"
    assert cpu_name(tmp_path / "absent") == "this CPU"


def test_designs_whose_networks_are_too_large_are_left_out_unless_all_are() -> None:
    small, augmented, large = design(), design(augmentation="2"), design("resnet34")
    bounds, wanted = {PARAMETERS.name: 15e6}, (PARAMETERS, LATENCY)
    assert within([large, small, augmented], bounds, wanted) == [small, augmented]
    assert within([large, small], {}, wanted) == [large, small]
    assert within([large], bounds, wanted) == [large]
    assert within([large], {LATENCY.name: 0.001}, wanted) == [large], "a launch measures it"
