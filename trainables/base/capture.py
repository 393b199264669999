"""Which settings a CUDA graph cannot hold: it repeats what a GPU did in a step, not what the CPU did."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class UnlessCaptured(Protocol):
    """The settings of a variant that works on the CPU within a step, or may do so."""

    @property
    def capture_fault(self) -> str | None:
        """What it does on the CPU within a step, in words; None where these settings do nothing there."""


def capture_fault(settings: object) -> str | None:
    """Return why a step with such settings cannot be captured; None where nothing speaks against it."""
    return settings.capture_fault if isinstance(settings, UnlessCaptured) else None
