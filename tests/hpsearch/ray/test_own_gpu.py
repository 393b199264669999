"""What a launch on one machine needs of it, its GPU and a compiler, is tried before the first trial."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import MagicMock

import pytest
from support import studies

from hpsearch.ray import workplace
from hpsearch.work import in_process
from trainables.base.errors import InputError

SPACE = "data: {train: {dataset: heads}}\nepochs: 2\n"


@pytest.mark.parametrize(("gpus", "tried"), [("auto", True), ("0.5", True), ("0", False)])
def test_a_gpu_that_cannot_train_ends_a_launch_that_would_use_it(
    gpus: str, tried: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workplace, "gpu_fault", lambda nodes: "the GPU of this machine cannot train: too old")
    spec = studies.spec(tmp_path, f"{{sampler: random, pruner: none, resources: {{gpus: {gpus}}}}}", SPACE)
    if tried:
        with pytest.raises(InputError, match=r"too old\. .*search\.resources\.gpus: 0"):
            workplace.probed(None, spec, print)
    else:
        workplace.probed(None, spec, print)


@pytest.mark.parametrize(("written", "tried"), [("{choice: [false, true]}", True), ("false", False)])
def test_a_machine_that_cannot_compile_ends_a_launch_with_a_design_that_needs_it(
    written: str, tried: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workplace, "compiler_fault", lambda nodes, gpu: f"no compiler for gpu={gpu}")
    monkeypatch.setattr(in_process, "compile_fault", lambda gpu: f"no compiler for gpu={gpu}")
    search = "{sampler: random, pruner: none, resources: {gpus: 0}}"
    spec = studies.spec(tmp_path, search, f"{SPACE}compile: {written}\n")
    here = in_process.InProcess().opened(spec, tmp_path, tmp_path, MagicMock())
    if tried:
        with pytest.raises(InputError, match="no compiler for gpu=False"):
            workplace.probed(None, spec, print)
        with pytest.raises(InputError, match="no compiler for gpu=False"), here:
            pass
    else:
        workplace.probed(None, spec, print)
        with here:
            pass


def test_a_fault_is_that_of_the_gpu_s_own_process(monkeypatch: pytest.MonkeyPatch) -> None:
    from trainables.training import machine

    monkeypatch.setattr(machine, "card_text", lambda: " (GTX 1080, compute capability 6.1, driver 535.1)")
    fault = machine.machine_fault(gpu=True)
    assert fault is not None and fault.startswith("CUDA does not work there: ")
    assert fault.endswith("(GTX 1080, compute capability 6.1, driver 535.1)")
