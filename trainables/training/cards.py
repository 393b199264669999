"""The GPUs of this machine as the driver's own tool, nvidia-smi, tells of them: no CUDA is started."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass

TOOL = "nvidia-smi"

PATIENCE_S = 60.0
"""How long the tool may take: it wakes the cards."""

VISIBLE = "CUDA_VISIBLE_DEVICES"
"""Environment variable: the GPUs that a process may use, by number, UUID or MIG instance."""

_CARD = re.compile(r"^(.+), (\S+), (\d+)\.(\d+)$", re.MULTILINE)
_MIG = re.compile(r"^\s+MIG .*\(UUID: (MIG-[^)]+)\)", re.MULTILINE)


@dataclass(frozen=True)
class Card:
    """A GPU: its name, its driver's version, and its compute capability, such as (9, 0)."""

    name: str
    driver: str
    capability: tuple[int, int]

    def __str__(self) -> str:
        major, minor = self.capability
        return f"{self.name}, compute capability {major}.{minor}, driver {self.driver}"


def cards() -> list[Card]:
    """Return all of the machine's GPUs; none where the tool is not there or does not work."""
    rows = _CARD.findall(_said("--query-gpu=name,driver_version,compute_cap", "--format=csv,noheader"))
    return [Card(name, driver, (int(major), int(minor))) for name, driver, major, minor in rows]


def mig_instances() -> list[str]:
    """Return the UUIDs of the MIG instances into which the machine's GPUs are cut."""
    return _MIG.findall(_said("-L"))


def named_instances(visible: str | None) -> list[str]:
    """Return the MIG instances among the GPUs that `CUDA_VISIBLE_DEVICES` names."""
    return [each for each in (visible or "").split(",") if each.strip().startswith("MIG-")]


def _said(*words: str) -> str:
    try:
        asked = subprocess.run(  # noqa: S603  our own words
            [TOOL, *words], capture_output=True, text=True, check=True, timeout=PATIENCE_S
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return asked.stdout
