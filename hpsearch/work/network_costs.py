"""What the networks of a search cost: counted, or measured once per network and machine for all launches."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from hpsearch.study.bounds import broken
from trainables.base.atomic import write_text
from trainables.base.errors import InputError
from trainables.base.locks import FileLock
from trainables.exported import NetworkCard
from trainables.exported.costs import Latency, flops, measure_latencies, parameters
from trainables.model.backbones import title
from trainables.target.metric import Metric
from trainables.training.config import TrainConfig
from trainables.training.metric_names import FLOPS, LATENCY, PARAMETERS

LOCK = ".lock"
"""Suffix of the file that is locked while a file is renewed: launches may share it."""

NETWORK = {"backbone", "head", "target", "angles", "image_px"}
"""What of a card makes the network."""

COUNTED = {PARAMETERS: parameters, FLOPS: flops}

Measure = Callable[[Sequence[NetworkCard]], Sequence[Latency | str]]


class NetworkCosts:
    """Says what the network of a design costs, of the metrics `wanted`; see `hpsearch.study.bounds.Costs`.

    A network is its backbone, its head, its labels and the side of its images: designs that differ in other
    values cost the same. Latencies are kept in the folder `machines`, in a file for this kind of machine; one
    that is above a bound of what can be counted has none.
    """

    def __init__(
        self,
        wanted: Sequence[Metric],
        bounds: Mapping[str, float],
        machines: Path,
        say: Callable[[str], None],
        measure: Measure = measure_latencies,
    ) -> None:
        self._wanted = wanted
        self._bounds = bounds
        self._file = machines / f"latency-{_file_name(cpu_name())}-onnxruntime{version('onnxruntime')}.json"
        self._say = say
        self._measure = measure
        self._known: dict[str, dict[str, float]] = {}
        """Each network's costs by name."""

    def look_at(self, configs: Iterable[TrainConfig]) -> None:
        """Find out what the networks of designs cost, all at once: while nothing trains yet.

        Raises `InputError` where a latency cannot be measured.
        """
        cards = {_key(card): card for card in map(network_of, configs)}
        new = {key: card for key, card in cards.items() if key not in self._known}
        for key, card in new.items():
            self._known[key] = _counts(card, self._wanted)
        if LATENCY in self._wanted:
            within = {key: card for key, card in new.items() if not broken(self._known[key], self._bounds)}
            for key, latency_ms in self._latencies(within).items():
                self._known[key][LATENCY.name] = latency_ms

    def __call__(self, config: TrainConfig) -> dict[str, float]:
        """Return the costs of a design by name. Raises `InputError` as `look_at` does.

        A network that was not looked at before is measured now, beside whatever runs.
        """
        key = _key(network_of(config))
        if key not in self._known:
            self.look_at([config])
        return self._known[key]

    def _latencies(self, cards: dict[str, NetworkCard]) -> dict[str, float]:
        kept = self._kept()
        missing = [key for key in cards if key not in kept]
        if missing:
            networks = "a network" if len(missing) == 1 else f"{len(missing)} networks"
            self._say(f"measuring the latency of {networks} on one thread of {cpu_name()}")
            found = dict(zip(missing, self._measure([cards[key] for key in missing]), strict=True))
            if faults := [
                f"{_title(cards[key])}: {why}" for key, why in found.items() if isinstance(why, str)
            ]:
                raise InputError(f"{LATENCY.name} cannot be measured of {'; '.join(faults)}")
            measured = {key: each for key, each in found.items() if isinstance(each, Latency)}
            if beside := [_title(cards[key]) for key, each in measured.items() if not each.alone]:
                self._say(
                    f"latency measured beside other work on this machine, and counted without its waits: "
                    f"{', '.join(beside)}"
                )
            kept = self._keep({key: each.ms for key, each in measured.items()})
        return {key: kept[key] for key in cards}

    def _keep(self, news: dict[str, float]) -> dict[str, float]:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock.wait(self._file.with_suffix(LOCK)):
            latencies_ms = {**news, **self._kept()}  # what another launch measured meanwhile stays
            rows = dict(sorted(latencies_ms.items()))
            write_text(json.dumps(rows, indent=1) + "\n", self._file)
        return latencies_ms

    def _kept(self) -> dict[str, float]:
        """Return what the file holds; nothing where it was damaged or written by another version."""
        try:
            rows = json.loads(self._file.read_text(encoding="utf-8"))
            return {str(key): float(latency_ms) for key, latency_ms in rows.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}


def counts_of(configs: Iterable[TrainConfig], wanted: Sequence[Metric]) -> list[dict[str, float]]:
    """Return what can be counted of the costs `wanted` of each network that designs have."""
    cards = {_key(card): card for card in map(network_of, configs)}
    return [_counts(card, wanted) for card in cards.values()]


def within(
    configs: Sequence[TrainConfig], bounds: Mapping[str, float], wanted: Sequence[Metric]
) -> list[TrainConfig]:
    """Return the designs that keep the bounds of what can be counted; all of them where none does."""
    if not bounds:
        return list(configs)
    keys = {config: _key(network_of(config)) for config in configs}
    networks = {key: network_of(config) for config, key in keys.items()}
    refused = {key for key, card in networks.items() if broken(_counts(card, wanted), bounds)}
    kept = [config for config in configs if keys[config] not in refused]
    return kept or list(configs)


def _counts(card: NetworkCard, wanted: Sequence[Metric]) -> dict[str, float]:
    return {metric.name: float(count(card)) for metric, count in COUNTED.items() if metric in wanted}


def network_of(config: TrainConfig) -> NetworkCard:
    """Return the card of a design's network, with a head for every label of its target."""
    return NetworkCard(
        backbone=config.network.backbone,
        head=config.head,
        target=config.target,
        angles=tuple(label.name for label in config.target.labels),
        image_px=config.data.image_px,
    )


def cpu_name(file: Path = Path("/proc/cpuinfo")) -> str:
    """Return the model of this machine's CPU, as the system names it."""
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        found = None
    return found[1].strip() if found else "this CPU"


def _file_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "", text)


def _key(card: NetworkCard) -> str:
    return card.model_dump_json(include=NETWORK)


def _title(card: NetworkCard) -> str:
    return f"{title(card.backbone)} at {card.image_px} px"
