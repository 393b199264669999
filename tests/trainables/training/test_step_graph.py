"""Steps that are recorded and repeated: the same as plain ones, and what cannot be recorded is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from typing import Any, TypeVar
from unittest.mock import MagicMock

import pytest
import torch
from support.toy import CPU, blobs, toy_config
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from trainables.base.errors import InputError
from trainables.base.schema import Config
from trainables.data.memory_loader import MemoryBatch, MemoryLoader
from trainables.losses.weighting import WEIGHTINGS, famo_weighting
from trainables.model.heads import HEADS
from trainables.pretext import PRETEXT_TASKS
from trainables.pretext.views import Views
from trainables.target import HeadPoseConfig
from trainables.training import execution
from trainables.training.build import build_session
from trainables.training.config import parse_config
from trainables.training.session import Session
from trainables.training.step_graph import WARM_UP, CudaRecorder, StepGraph, copied

pytestmark = pytest.mark.usefixtures("narrow")

ResultT = TypeVar("ResultT")

STEPS, BATCH = WARM_UP + 2, 8
TWO_VIEWS = {"view": "two"}
SETTINGS: dict[str, dict[str, Any]] = {
    "supervised": {"clip_norm": 1.0, "optimizer": {"adabelief": {"implementation": "multi_tensor"}}},
    "shared, task off": {"pretext": {"puzzling": {"weight_end": 0.5}}, "average": "ema", "optimizer": "sgd"},
    "several": {"pretext": {"several": {"rotation": {}, "simsiam": {}}}, "weighting": "dwa"},
    "split": {"pretext": {"rotation": {"view": {"split": {}}}}, "weighting": "pcgrad"},
    "several sizes": {"pretext": {"puzzling": {"view": "multi_scale"}}, "lookahead": {}, "weighting": "famo"},
    "teacher": {"pretext": {"byol": TWO_VIEWS}, "weighting": "uncertainty"},
}


class Repeating:
    """Records nothing: what is repeated is the call itself, on the tensors that it was recorded with."""

    def __init__(self, *_: object) -> None:
        self.recorded = self.repeated = 0

    def warm_up(self, call: Callable[[], ResultT]) -> ResultT:
        return call()

    def record(self, call: Callable[[], ResultT]) -> Callable[[], ResultT]:
        self.recorded += 1

        def repeat() -> ResultT:
            self.repeated += 1
            return call()

        return repeat


class PlainSgd(Config):
    """An optimizer of which all is known on the device `meta` too."""

    def build(self, parameters: Iterable[Tensor]) -> torch.optim.Optimizer:
        return torch.optim.SGD(parameters, lr=0.01, foreach=False)


def session(
    settings: Mapping[str, Any], recorder: Repeating | None = None, device: torch.device = CPU
) -> Session:
    """Return a session of two epochs, whose steps go through a recorder."""
    images, labels = blobs(BATCH * STEPS, 32)
    config = toy_config(epochs=2, batch=BATCH, **settings)
    if device != CPU:
        config = config.model_copy(update={"optimizer": PlainSgd()})
    built = build_session(
        config,
        train=MemoryLoader(images, labels, batch=BATCH, shuffle=True),
        validation=MemoryLoader(images[:BATCH], labels[:BATCH], batch=BATCH, shuffle=False),
        labels=HeadPoseConfig().labels,
        device=device,
    )
    built._trainer._recorder = recorder  # on a GPU `cuda_graph` sets one
    return built


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_batches_that_are_copied_to_fixed_places_train_to_the_same_bit(settings: dict[str, Any]) -> None:
    recorder = Repeating()
    plain, recorded = session(settings), session(settings, recorder)
    for _ in range(2):
        one, other = plain.run_epoch(), recorded.run_epoch()
        assert one.training.losses == other.training.losses
        assert one.training.pretext == other.training.pretext
        assert one.validation == other.validation
    assert (recorder.recorded, recorder.repeated) == (2, 2 * (STEPS - WARM_UP))  # one graph an epoch


def test_a_batch_of_another_form_is_trained_on_as_it_is() -> None:
    seen: list[Tensor] = []
    graph = StepGraph(lambda views, labels: seen.append(labels), recorder := Repeating())
    for rows in (4,) * (WARM_UP + 1) + (2, 4):
        graph(Views(torch.zeros(rows, 3, 32, 32)), torch.full((rows, 3), float(len(seen))))
    assert [len(each) for each in seen] == [4] * (WARM_UP + 1) + [2, 4]
    assert seen[-1] is seen[WARM_UP] and seen[-1][0, 0] == WARM_UP + 2  # where the recorded ones lay
    assert (recorder.recorded, recorder.repeated) == (1, 2)


class OnDeviceAlone(TorchDispatchMode):
    """Raises where the CPU takes part in a step on the device `meta`, whose tensors hold no numbers."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        for value in (*args, *(kwargs or {}).values()):
            each = value if isinstance(value, list | tuple) else [value]
            if any(isinstance(one, Tensor) and one.device == CPU for one in each):
                raise RuntimeError(f"{func} is of the CPU")
        return func(*args, **(kwargs or {}))


class NothingSent(TorchFunctionMode):
    """Raises where numbers of Python's become a tensor, which a GPU would be sent."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        listed = func is Tensor.__getitem__ and isinstance(args[1], list)
        if listed or func in (torch.tensor, torch.as_tensor, torch.from_numpy):
            raise RuntimeError(f"{func} sends numbers to the device")
        return func(*args, **(kwargs or {}))


def works_on_the_cpu(settings: Mapping[str, Any]) -> bool:
    """Return whether the CPU takes part in a step once all is warm."""
    views, labels = session(settings)._trainer._views(
        MemoryBatch(*blobs(BATCH, 32)), None, torch.Generator().manual_seed(0), completed=0
    )
    step = session(settings, device=torch.device("meta"))._trainer._step
    views, labels = copied(views, "meta"), labels.to("meta")
    try:
        step(views, labels, completed=0)
        with OnDeviceAlone(), NothingSent():
            step(views, labels, completed=0)
    except (RuntimeError, NotImplementedError):
        return True
    return False


VARIANTS: dict[str, Iterable[str]] = {"head": HEADS, "pretext": PRETEXT_TASKS, "weighting": WEIGHTINGS}
MEMBERS = {"several": {"rotation": {}, "equivariance": {}}}


@pytest.mark.parametrize(("key", "name"), [(key, name) for key, names in VARIANTS.items() for name in names])
def test_what_works_on_the_cpu_within_a_step_is_refused_and_nothing_else(
    key: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())  # knows no such device
    monkeypatch.setattr(famo_weighting, "adam", lambda *_, **__: None)  # torch's has a form for graphs
    pretext = "rotation" if key != "pretext" else name
    settings = {"pretext": pretext, key: {name: MEMBERS[name]} if name in MEMBERS else name}
    parsed = parse_config({"data": {"train": {"dataset": "blobs"}}, **settings, "cuda_graph": True})
    assert isinstance(parsed, list) == works_on_the_cpu(settings)
    if isinstance(parsed, list):
        ((path, fault),) = parsed
        assert path == ("cuda_graph",) and "on the CPU, and a graph repeats what the GPU did" in str(fault)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"precision": "fp16"}, "take bf16 or fp32"),
        ({"optimizer": {"adabelief": {"implementation": "package"}}}, "optimizer: adabelief-pytorch counts"),
    ],
)
def test_what_else_cannot_be_recorded_is_refused(settings: dict[str, Any], reason: str) -> None:
    written = {"data": {"train": {"dataset": "blobs"}}, **settings}
    assert not isinstance(parse_config(written), list)
    ((path, fault),) = parse_config({**written, "cuda_graph": True})
    assert path == ("cuda_graph",) and reason in str(fault)


def test_a_gpu_that_auto_computes_in_fp16_on_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "_of_device", lambda device: "fp16")
    session({"optimizer": "sgd"})
    with pytest.raises(InputError, match=r"cuda_graph: .*this GPU has no bf16, so take precision: fp32"):
        session({"optimizer": "sgd", "cuda_graph": True})


class Capture:
    """Stands for `torch.cuda.graph`: ending what was broken off raises once more."""

    def __init__(self, graph: object, *, stream: object, capture_error_mode: str) -> None:
        assert capture_error_mode == "thread_local"

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            raise RuntimeError("CUDA error: operation failed due to a previous error during capture")


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> tuple[CudaRecorder, torch.optim.Optimizer]:
    """Return a recorder over a pretended CUDA, and its optimizer."""
    monkeypatch.setattr(torch.cuda, "Stream", MagicMock())
    monkeypatch.setattr(torch.cuda, "CUDAGraph", MagicMock())
    monkeypatch.setattr(torch.cuda, "graph", Capture)
    optimizer = torch.optim.AdamW([torch.zeros(1, requires_grad=True)])
    return CudaRecorder(CPU, optimizer), optimizer


def test_an_optimizer_of_torch_s_knows_that_it_is_recorded(
    recorder: tuple[CudaRecorder, torch.optim.Optimizer],
) -> None:
    records, optimizer = recorder
    (group,) = optimizer.param_groups
    repeat = records.record(lambda: group["capturable"])
    assert repeat() is True and group["capturable"] is False  # as checkpoints have it


@pytest.mark.parametrize(
    ("said", "raised"),
    [
        ("CUDA out of memory. Tried to allocate 2.00 GiB", "^CUDA out of memory. Tried"),
        (
            "CUDA error: operation not permitted when stream is capturing\nmore",
            r"capturing\): leave this out$",
        ),
    ],
)
def test_what_broke_a_recording_off_is_what_is_said(
    said: str, raised: str, recorder: tuple[CudaRecorder, torch.optim.Optimizer]
) -> None:
    def step() -> None:
        raise RuntimeError(said)

    with pytest.raises((RuntimeError, InputError), match=raised) as error:
        recorder[0].record(step)
    assert isinstance(error.value, InputError) is ("capturing" in said)
    assert recorder[1].param_groups[0]["capturable"] is False
