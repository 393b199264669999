"""Two made-up problems whose best design is known: learning curves that cross, and early ranks that hold.

    error(e) = final * (1 + (start / final - 1) * exp(-e / time))        degrees, after epoch e

`final` follows from the design (dropout, flag, grid and weight of the helper), `time` from its family. In
`crossing` a helper learns half as fast and ends 9 % below supervised learning alone, as in the paper; in
`reliable` all families learn alike.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

EPOCHS = 27

SPACE = f"""\
data: {{train: {{dataset: heads}}}}
epochs: {EPOCHS}
network: {{dropout: {{float: [0.0, 0.6]}}}}
pretext:
  choice:
    - none
    - puzzling: &tiles
        grid: {{choice: [2, 3]}}
        flag: {{choice: [1, 2, 3, 4]}}
        ssl_weight: {{float: [0.1, 200], log: true}}
    - rotation: *tiles
    - puzzling_rotation: *tiles
"""

START_DEG = 26.0
SL_DEG = 10.0
GAIN = 0.09
"""The best helper's gain over supervised learning alone, as a share. [paper, table 1: 8.7 %]"""

TASK_LOSS = {"none": 0.0, "puzzling": 0.0, "rotation": 0.04, "puzzling_rotation": 0.02}
FLAG_LOSS = {1: 0.30, 2: 0.12, 3: 0.0, 4: 0.06}
NOISE = 0.01
"""Standard deviation of a run's end between seeds, and half of it between epochs, as shares."""


@dataclass(frozen=True)
class Synthetic:
    """A problem by name: `crossing` or `reliable`."""

    name: str

    def final_deg(self, params: Mapping[str, Any]) -> float:
        """Return the error that a design ends with, without noise."""
        task = str(params["pretext"])
        loss = 1.2 * (float(params["network.dropout"]) - 0.25) ** 2
        if task != "none":
            flag, grid = int(params[f"pretext.{task}.flag"]), int(params[f"pretext.{task}.grid"])
            weight = math.log10(float(params[f"pretext.{task}.ssl_weight"]))
            loss += TASK_LOSS[task] + FLAG_LOSS[flag] + 0.03 * (grid - 2) + 0.02 * (weight - 0.7) ** 2 - GAIN
        return SL_DEG * (1 + loss)

    def curve(self, params: Mapping[str, Any], seed: int) -> list[float]:
        """Return the error after each epoch of one run."""
        random = np.random.default_rng(seed)
        time = EPOCHS / 9 * (2.0 if self.name == "crossing" and params["pretext"] != "none" else 1.0)
        final = self.final_deg(params) * (1 + NOISE * random.standard_normal())
        rest = math.exp(-EPOCHS / time)
        shares = [(math.exp(-epoch / time) - rest) / (1 - rest) for epoch in range(1, EPOCHS + 1)]
        noise = 1 + NOISE / 2 * random.standard_normal(EPOCHS)
        return [
            float((final + (START_DEG - final) * share) * n) for share, n in zip(shares, noise, strict=True)
        ]

    @property
    def epochs(self) -> int:
        """A design's full budget."""
        return EPOCHS

    @property
    def space(self) -> str:
        """The search space as YAML, without its section `search`."""
        return SPACE

    @property
    def best_family(self) -> str:
        """The pretext task of the best design."""
        return "puzzling"

    @property
    def best_deg(self) -> float:
        """The best design's error."""
        return SL_DEG * (1 - GAIN)


SYNTHETIC = {name: Synthetic(name) for name in ("crossing", "reliable")}
"""Name -> problem."""
