"""Training by what `torch.compile` makes of a network."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from support.toy import toy_session

from trainables.training.machine import compile_fault

pytestmark = pytest.mark.usefixtures("narrow")

SETTINGS: dict[str, dict[str, Any]] = {
    "shared, task off": {"pretext": {"puzzling": {"weight_end": 0.5}}, "dropout": 0.4},
    "split, several losses": {"pretext": {"rotation": {"view": {"split": {}}}}, "weighting": "pcgrad"},
}


@pytest.fixture
def graphs(monkeypatch: pytest.MonkeyPatch) -> list[torch.fx.GraphModule]:
    """Let torch compile to what it has read of the code, and collect that: kernels would take minutes."""
    found: list[torch.fx.GraphModule] = []

    def read(graph: torch.fx.GraphModule, *_: object, **__: object) -> torch.fx.GraphModule:
        found.append(graph)
        return graph

    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend=read))
    return found


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_what_is_compiled_trains_to_the_same_digits_under_the_same_names(
    settings: dict[str, Any], graphs: list[torch.fx.GraphModule]
) -> None:
    plain, compiled = (toy_session(epochs=2, compile=each, **settings) for each in (False, True))
    for _ in range(2):
        assert plain.run_epoch().validation == compiled.run_epoch().validation
    assert sum("conv" in str(node.target) for graph in graphs for node in graph.graph.nodes) >= 9
    one, other = plain.state_dict(), compiled.state_dict()
    assert list(one["network"]) == list(other["network"])
    plain.load_state_dict(other)
    compiled.load_state_dict(one)
    assert plain.run_epoch().validation == compiled.run_epoch().validation


def test_a_process_compiles_for_each_of_its_networks(graphs: list[torch.fx.GraphModule]) -> None:
    counts = []
    with torch._dynamo.config.patch(recompile_limit=1):  # 8, the default, takes longer to reach
        for _ in range(2):  # torch would train by the second network as it is
            toy_session(images=16, compile=True).run_epoch()
            counts.append(len(graphs))
    assert 0 < counts[0] < counts[1]


def test_a_machine_without_a_compiler_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from torch._inductor import config  # takes a second

    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    with config.patch({"cpp.cxx": (None, str(tmp_path / "g++")), "compile_threads": 1}):
        said = compile_fault(gpu=False)
    assert said is not None and said.startswith("torch.compile does not work there: ")
    assert "compiler" in said and "leave compile out" in said
