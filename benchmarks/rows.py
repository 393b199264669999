"""The benchmarks that one command runs: what each is measured for, and which of its figures stands for it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from types import MappingProxyType


@dataclass(frozen=True)
class Benchmark:
    """A script of this folder with its options, what it is measured for, and about how long it takes."""

    script: str
    options: tuple[str, ...]
    goal: str
    minutes: float
    figure: str = ""
    """A regular expression whose group is a figure of what it prints, which stands beside a limit."""
    limits: tuple[float, ...] = ()
    """Of each figure in turn; those beyond have the last."""
    at_least: bool = False
    """Whether a figure is to be larger than its limit, in place of smaller."""

    def beside_the_goal(self, lines: Sequence[str]) -> list[tuple[float, float, bool]]:
        """Return each figure that it printed, the ratio to its limit, and whether it meets it."""
        found = re.findall(self.figure, "\n".join(lines), re.MULTILINE) if self.figure else []
        limits = chain(self.limits, repeat(self.limits[-1] if self.limits else 1.0))
        ratios = [
            (float(figure), float(figure) / limit) for figure, limit in zip(found, limits, strict=False)
        ]
        return [(figure, ratio, ratio >= 1 if self.at_least else ratio <= 1) for figure, ratio in ratios]


BENCHMARKS: Mapping[str, Benchmark] = MappingProxyType(
    {
        "whole_job": Benchmark(
            "whole_job", (), "at most 0.85 of a script on Ray Tune", 6, r"^ratio ([\d.]+)", (0.85,)
        ),
        "growth_random": Benchmark(
            "growth",
            ("--trials", "1000", "--slots", "50"),
            "one more trial costs at most 30 ms, and 1.3 times as much as at a tenth of the trials",
            1,
            r"^ +\d+:.* ([\d.]+) +-?[\d.]+$",
            (30.0,),
        ),
        "growth_tpe": Benchmark(
            "growth",
            ("--trials", "1000", "--slots", "50", "--sampler", "tpe"),
            "one more trial costs at most 80 ms, and 1.3 times as much as at a tenth of the trials",
            1.5,
            r"^ +\d+:.* ([\d.]+) +-?[\d.]+$",
            (80.0,),
        ),
        "through_ray": Benchmark(
            "through_ray",
            ("--trials", "300", "--workers", "8"),
            "at least 0.9 of the ideal",
            2,
            r"([\d.]+) of the ideal throughput",
            (0.9,),
            at_least=True,
        ),
        "trial_cost": Benchmark(
            "trial_cost", (), "at most 0.1 s besides its training", 1.5, r"besides: median ([\d.]+)", (0.1,)
        ),
        "commands": Benchmark(
            "commands",
            (),
            "help 0.05 s; check, list, status, show 1 s; report 2.5 s; a launch has a line after 1 s, and an "
            "epoch after 15 s",
            3,
            r" ([\d.]+) s, goal",
            (0.05, 1.0, 1.0, 1.0, 1.0, 2.5, 1.0, 15.0),
        ),
        "reading": Benchmark(
            "reading",
            ("--rounds", "1"),
            "at 10,000 trials: list and status 1 s, show 2, what reads all of it 10, a page of 3 MB",
            5,
            r"^[a-z].* ([\d.]+) (?:s, [\d.]+ s of CPU|MB)$",
            (1.0, 1.0, 2.0, 10.0, 10.0, 10.0, 10.0, 3.0),
        ),
        "tracking": Benchmark(
            "tracking", (), "the search waits at most 1 ms a trial", 0.5, r"loop waits: +([\d.]+)", (1.0,)
        ),
        "epoch": Benchmark(
            "epoch",
            ("--epochs", "7", "--rounds", "1"),
            "at most 0.85 of decoding in every epoch",
            2,
            r"ratio ([\d.]+)",
            (0.85,),
        ),
        "loader": Benchmark(
            "loader",
            ("--level", "2"),
            "3, 1.6 and 1.6 times torchvision",
            2,
            r"px .* ([\d.]+)x +\d+$",
            (3.0, 1.6, 1.6),
            at_least=True,
        ),
        "step": Benchmark(
            "step",
            ("--rounds", "5"),
            "a helper at most 1.08 of supervised learning",
            2,
            r"([\d.]+) x SL",
            (1.08,),
        ),
        "export": Benchmark("export_latency", (), "1 of supervised learning, within 1e-4 degrees", 2),
        "verdicts": Benchmark(
            "verdicts", ("--studies", "500"), "wrong in at most 2.5 %, 1 degree found in 55 and 85 %", 2
        ),
        "sequential": Benchmark(
            "sequential", ("--studies", "500"), "wrong in at most 2.5 %, 1 degree after 4.8 seeds", 2
        ),
    }
)
"""By name, the whole job first."""
