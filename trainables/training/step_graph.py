"""A training step as a CUDA graph: recorded once an epoch, and then launched as a whole.

A step of a small network is a thousand kernels of some microseconds, and a GPU waits for most of them to be
launched. A graph holds the kernels with the places in memory of all they read and write, so batches are
copied to where the recorded one lay. What the CPU does in a step is not repeated: what changes from epoch to
epoch (learning rate, weights of losses, a task that ends) is held by the epoch's own graph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

import torch
from torch import Tensor
from torch.optim import Optimizer

from trainables.base.errors import Fault, InputError
from trainables.pretext.views import Views
from trainables.training.gpu_share import tells_of_shortage

WARM_UP = 3
"""Steps of an epoch before its graph: they make what is made once, such as an optimizer's state."""

ResultT = TypeVar("ResultT")


class Recorder(Protocol):
    """Runs calls that are to be recorded, and records one."""

    def warm_up(self, call: Callable[[], ResultT]) -> ResultT:
        """Return what a call returns, made as one that is recorded later will be."""

    def record(self, call: Callable[[], ResultT]) -> Callable[[], ResultT]:
        """Return what repeats a call, on what then lies where its tensors lay; nothing is computed yet."""


class StepGraph(Generic[ResultT]):
    """Trains by `step` as it is for a few batches of an epoch, then by what a recorder makes of it.

    What a call returns holds until the next one. Batches of another form than the recorded one are trained on
    as they are.
    """

    def __init__(self, step: Callable[[Views, Tensor], ResultT], recorder: Recorder) -> None:
        self._step, self._recorder = step, recorder
        self._calls = 0
        self._recorded: tuple[Any, Callable[[], ResultT]] | None = None

    def __call__(self, views: Views, labels: Tensor) -> ResultT:
        """Train on one batch."""
        given = (views, labels)
        self._calls += 1
        if self._calls <= WARM_UP:
            return self._recorder.warm_up(partial(self._step, *given))
        if self._recorded is None:
            held = copied(given)
            self._recorded = held, self._recorder.record(partial(self._step, *held))
        held, repeat = self._recorded
        if _form(given) != _form(held):
            return self._step(*given)
        for mine, new in zip(_tensors(held), _tensors(given), strict=True):
            mine.copy_(new)
        return repeat()


class CudaRecorder:
    """Records on a stream of its own, as CUDA asks for, and warms up there.

    Only this thread may not allocate or wait while it records: DALI's threads go on as they like.
    """

    def __init__(self, device: torch.device, optimizer: Optimizer) -> None:
        self._optimizer = optimizer
        self._stream: torch.cuda.Stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # torch leaves it untyped

    def warm_up(self, call: Callable[[], ResultT]) -> ResultT:
        """Return what a call on the own stream returns."""
        current = torch.cuda.current_stream(self._stream.device)
        self._stream.wait_stream(current)
        with torch.cuda.stream(self._stream):
            result = call()
        current.wait_stream(self._stream)
        return result

    def record(self, call: Callable[[], ResultT]) -> Callable[[], ResultT]:
        """Record a call.

        Raises `InputError` where the CPU takes part in it, and `RuntimeError` for want of memory.
        """
        graph = torch.cuda.CUDAGraph()
        capture = torch.cuda.graph(graph, stream=self._stream, capture_error_mode="thread_local")
        try:
            with _capturable(self._optimizer), capture:
                result = call()
        except RuntimeError as error:
            first = str(error.__context__ or error)  # ending what was broken off raises once more
            if tells_of_shortage(first, self._stream.device):
                raise RuntimeError(first) from error
            rule = f"a step of this design cannot be recorded ({first.partition(chr(10))[0]}): leave this out"
            raise InputError(Fault(rule, "cuda_graph")) from error

        def repeat() -> ResultT:
            graph.replay()
            return result

        return repeat


@contextmanager
def _capturable(optimizer: Optimizer) -> Iterator[None]:
    """Tell an optimizer of torch's that its step is recorded: the fused ones need no other form for it."""
    groups = [group for group in optimizer.param_groups if "capturable" in group]
    before = [group["capturable"] for group in groups]
    try:
        for group in groups:
            group["capturable"] = True
        yield
    finally:
        for group, value in zip(groups, before, strict=True):
            group["capturable"] = value


def copied(value: Any, device: str | None = None) -> Any:
    """Return a value with copies of all its tensors, on a device where one is named."""
    if isinstance(value, Tensor):
        return value.detach().to(device, copy=True)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(
            value, **{each.name: copied(getattr(value, each.name), device) for each in fields(value)}
        )
    if isinstance(value, Mapping):
        return {key: copied(each, device) for key, each in value.items()}
    if isinstance(value, tuple):
        return tuple(copied(each, device) for each in value)
    return value


def _leaves(value: Any) -> Iterator[Any]:
    """Yield what a value holds, its tensors among it, in the order of `copied`."""
    if is_dataclass(value) and not isinstance(value, type):
        for each in fields(value):
            yield from _leaves(getattr(value, each.name))
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield key
            yield from _leaves(each)
    elif isinstance(value, tuple):
        for each in value:
            yield from _leaves(each)
    else:
        yield value


def _tensors(value: Any) -> list[Tensor]:
    return [leaf for leaf in _leaves(value) if isinstance(leaf, Tensor)]


def _form(value: Any) -> list[Any]:
    """Return all of a value but the numbers in its tensors."""
    return [(leaf.shape, leaf.dtype) if isinstance(leaf, Tensor) else leaf for leaf in _leaves(value)]
