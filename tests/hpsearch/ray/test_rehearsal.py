"""What a plan measures of several trials in parallel on a node without a GPU; Ray is pretended."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from support.toy import toy_config

from hpsearch.ray import rehearsal
from hpsearch.ray.nodes import Nodes
from hpsearch.work.resources import TrialResources
from trainables.training.footprint import MemoryShape

SMALL, LARGE = toy_config(), toy_config(batch=512)


class There:
    selector: Any = None

    def usable(self, within_s: float = 0.0) -> list[dict[str, Any]]:
        return [{"Resources": {"CPU": 4.0}}, {"Resources": {"CPU": 2.0}}]


class Task:
    """A remote function that answers at once."""

    def __init__(self) -> None:
        self.given: list[Any] = []

    def options(self, **options: Any) -> Task:
        self.given.append(options["num_cpus"])
        return self

    def remote(self, candidates: list[Any], datasets: Path) -> Any:
        self.given += [(each.most, each.threads(each.most)) for each in candidates]
        return [{1: 10.0, 2: 18.0}, "RuntimeError: it does not train"]


def test_what_several_do_is_kept_and_what_fails_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    task, said = Task(), list[str]()
    monkeypatch.setattr(rehearsal, "_rehearse_together", task)
    monkeypatch.setattr(rehearsal.ray, "get", lambda answer, timeout: answer)
    resources = TrialResources(2, 0.0, None)
    nodes = cast("Nodes", There())
    rehearsal.rehearse_together([SMALL, LARGE], resources, nodes, Path("data"), said.append)
    assert task.given == [4, (2, 2), (2, 2)]  # as many as fit on the larger node, each on its own cores
    assert resources.known.of(MemoryShape.of(SMALL)).together == {1: 10.0, 2: 18.0}
    assert not resources.known.of(MemoryShape.of(LARGE)).together
    assert said == ["not measured, what several trials in parallel do: RuntimeError: it does not train"]
    for alone in (replace(resources, gpus=0.5), replace(resources, cpus=4)):
        rehearsal.rehearse_together([SMALL], alone, nodes, Path("data"), said.append)
    assert len(task.given) == 3 and len(said) == 1
