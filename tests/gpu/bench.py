"""What a check is given: a device, a folder, images, time, and where its figures go."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import torch
from runner import write


class LeftOut(Exception):
    """A check needs packages that are not installed."""


class Bench:
    """One check. Where a GPU is claimed and there is none, it fails before it begins.

    `folder` is its own and removed at the end; `data` holds images made beforehand, or is its own too.
    """

    def __init__(
        self, name: str, device: str, folder: Path, out: Path, seconds: float, data: Path | None = None
    ) -> None:
        if device == "cuda" and not torch.cuda.is_available():
            raise RuntimeError("a GPU was claimed, and torch sees none")
        self.name, self.folder, self.out, self.seconds = name, folder, out, seconds
        self.data = folder / "data" if data is None else data
        self.device = torch.device("cuda", 0) if device == "cuda" else torch.device("cpu")
        self.broken: list[str] = []
        if not self.on_gpu:
            torch.set_num_threads(1)

    @property
    def on_gpu(self) -> bool:
        """Whether sizes are real, and what only a device can break is required."""
        return self.device.type == "cuda"

    def figure(self, what: str, **values: object) -> None:
        """Write down measured values."""
        card = torch.cuda.get_device_name(self.device) if self.on_gpu else "cpu"
        write(self.out, {"check": self.name, "figure": what, "device": card, **values})
        print(f"  {self.name}: {what}", values, flush=True)

    def require(self, holds: bool, rule: str) -> None:
        """Fail the check, at its end, where a rule does not hold."""
        if not holds:
            self.broken.append(rule)

    def needs(self, *packages: str) -> None:
        """Leave the check out where a package is not installed."""
        if missing := [name for name in packages if importlib.util.find_spec(name) is None]:
            raise LeftOut(f"needs {', '.join(missing)}")
