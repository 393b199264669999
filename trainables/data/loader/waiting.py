"""How long the consumer of batches waited for them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch


class WaitClock:
    """Sums up waiting times.

    On a GPU, which works through its queue while the host prepares the next step, only the time counts in
    which its queue was empty for lack of a batch: that between two events around the wait.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device if device.type == "cuda" else None
        self._events: list[tuple[torch.cuda.Event, torch.cuda.Event]] = []
        self._host_s = 0.0

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Count the time inside."""
        if self._device is None:
            started = time.perf_counter()
            yield
            self._host_s += time.perf_counter() - started
            return
        began, ended = _event(), _event()
        stream = torch.cuda.current_stream(self._device)
        began.record(stream)
        yield
        ended.record(stream)
        self._events.append((began, ended))

    def waited_s(self) -> float:
        """Return the seconds waited so far; on a GPU this waits for its queue."""
        if self._events:
            self._events[-1][1].synchronize()
        starved_ms: float = sum(began.elapsed_time(ended) for began, ended in self._events)
        return self._host_s + starved_ms / 1e3


def _event() -> torch.cuda.Event:
    return torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]  # torch leaves this one untyped
