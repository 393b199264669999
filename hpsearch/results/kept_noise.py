"""The noise that a study leaves for the next ones of its root: a file in its folder, read before a launch.

Runs are as noisy as those of an earlier study where data, network and objective are the same. Where a root
has none, the quickstart's noise stands in for it.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from hpsearch.results.arms import Arm, arms_of
from hpsearch.results.noise import Noise, noise_of, pooled
from hpsearch.study.folders import datasets_folder, studies_folder
from hpsearch.study.records import StudyRecord
from hpsearch.study.spec import StudySpec
from trainables.base.atomic import write_text
from trainables.base.errors import Fault, InputError, InputWarning
from trainables.data.datasets import open_dataset
from trainables.model.backbones import title as backbone_title
from trainables.target import TARGETS
from trainables.training.config import TrainConfig
from trainables.training.metric_names import VALIDATION

FILE = "noise.json"
"""In a study's folder: the noise of each of its networks."""


@dataclass(frozen=True)
class Setting:
    """What noise depends on: the objective, `name @ digest` of the datasets by their role, the network."""

    objective: str
    datasets: tuple[tuple[str, str], ...]
    network: str


@dataclass(frozen=True)
class ExpectedNoise:
    """The noise of runs that are still to come, and where it is known from, in words."""

    noise: Noise
    source: str


@cache
def quickstart_noise() -> Noise:
    """Return the noise of the quickstart's runs, degrees of MAE: two of its designs with four seeds each.

    At a zoom of 0.1 of `python benchmarks/evaluation_zoom.py run --out FILE --only 32 --seeds 4`.
    """
    return Noise.of(0.23, None, 6)  # its interval takes SciPy, which most commands never need


def network_of(config: TrainConfig) -> str:
    """Return the network of a run and the size of its images: `resnet10 at 64 px`."""
    return f"{backbone_title(config.network.backbone)} at {config.data.image_px} px"


def noises_of(study: StudyRecord) -> dict[Setting, Noise]:
    """Return the noise of each network of a study, of those with several runs of one design."""
    by_network: dict[str, list[Arm]] = {}
    for arm in arms_of(study):
        by_network.setdefault(network_of(arm.config), []).append(arm)
    datasets = tuple(sorted(study.provenance.datasets.items()))
    found = ((Setting(study.objective.name, datasets, n), noise_of(arms)) for n, arms in by_network.items())
    return {setting: noise for setting, noise in found if noise is not None and noise.deviation}


def keep_noise(study: StudyRecord) -> None:
    """Write the noise of a study's runs into its folder; nothing where no design has two runs."""
    noises = noises_of(study)
    if not noises:
        return
    rows = [
        {
            "objective": setting.objective,
            "datasets": dict(setting.datasets),
            "network": setting.network,
            "deviation": noise.deviation,
            "shared": noise.shared,
            "df": noise.df,
        }
        for setting, noise in noises.items()
    ]
    write_text(json.dumps(rows, indent=1) + "\n", study.folder / FILE)


def expected_noise(spec: StudySpec, root: Path) -> ExpectedNoise | None:
    """Return the noise that a search's runs will have, as far as it is known; None where nothing is.

    Warns (`InputWarning`) of the file of an earlier study that cannot be read, and goes without it.
    """
    wanted = set(_settings(spec, root))
    found = [(study, noise) for study, setting, noise in _kept(root) if setting in wanted]
    if found:
        studies = dict.fromkeys(study for study, _ in found)
        return ExpectedNoise(pooled([noise for _, noise in found]), f"of study {', '.join(studies)}")
    if not _is_of_the_quickstart(spec):
        return None
    source = "of the quickstart, as this root knows no runs of this data and network"
    return ExpectedNoise(quickstart_noise(), source)


def _is_of_the_quickstart(spec: StudySpec) -> bool:
    """Return whether a search aims at what the quickstart does: of other metrics its noise says nothing."""
    quickstart = TARGETS["head_pose"]()
    return spec.target == quickstart and spec.objective == quickstart.metrics[0].within(VALIDATION)


def _settings(spec: StudySpec, root: Path) -> Iterator[Setting]:
    """Yield the setting of each network of a search; none before its datasets are there."""
    configs = spec.configs
    refs = {"train": configs[0].data.train.dataset, "validation": configs[0].validation_dataset}
    try:
        prepared = {role: open_dataset(ref, datasets_folder(root)) for role, ref in refs.items()}
    except InputError:  # not built yet: no runs of it are known
        return
    datasets = tuple((role, f"{d.name} @ {d.card.content_hash}") for role, d in sorted(prepared.items()))
    for network in dict.fromkeys(map(network_of, configs)):
        yield Setting(spec.objective.name, datasets, network)


def _kept(root: Path) -> Iterator[tuple[str, Setting, Noise]]:
    """Yield what the studies of a root have kept, with their names."""
    for file in sorted(studies_folder(root).glob(f"*/{FILE}")):
        try:
            kept = [_read(row) for row in json.loads(file.read_text(encoding="utf-8"))]
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            rule = "cannot be read as the noise of a study's runs: delete it, and a launch writes it again"
            warnings.warn(str(Fault(rule, file=str(file))), InputWarning, stacklevel=1)
        else:
            yield from ((file.parent.name, *each) for each in kept)


def _read(row: Any) -> tuple[Setting, Noise]:
    setting = Setting(row["objective"], tuple(sorted(row["datasets"].items())), row["network"])
    return setting, Noise.of(row["deviation"], row["shared"], row["df"])
