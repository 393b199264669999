"""What the networks of a space cost, as far as it is known before a launch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from hpsearch.study.spec import StudySpec
from hpsearch.work.network_costs import counts_of
from trainables.target.metric import Metric
from trainables.training.metric_names import LATENCY


def networks_text(spec: StudySpec) -> str:
    """Return how many networks the options and ends of a space make, and from what to what they cost.

    Latencies are left out: a launch measures them.
    """
    networks = counts_of(spec.configs, spec.costs)
    parts = [f"{len(networks)} network{'' if len(networks) == 1 else 's'}"]
    parts += [
        _range(metric, [costs[metric.name] for costs in networks])
        for metric in spec.costs
        if metric != LATENCY
    ]
    parts += _bounds(spec, networks)
    if LATENCY in spec.costs:
        parts.append("the latency of each is measured at launch")
    return "; ".join(parts)


def _range(metric: Metric, values: Sequence[float]) -> str:
    least, most = metric.shown(min(values)), metric.shown(max(values))
    return f"{most} {metric.title}" if least == most else f"{least} to {most} {metric.title}"


def _bounds(spec: StudySpec, networks: Sequence[Mapping[str, float]]) -> Iterator[str]:
    for metric in spec.costs:
        bound = spec.search.bounds.get(metric.name)
        if bound is not None and metric != LATENCY:
            kept = sum(costs[metric.name] <= bound for costs in networks)
            yield f"{kept} of {len(networks)} with at most {metric.shown(bound)} {metric.title}"
