"""The plan of a search space as text, which `check` prints and a launch begins with."""

from __future__ import annotations

from hpsearch.space.holes import Choice, Hole
from hpsearch.study.config import SearchConfig
from hpsearch.study.naming import shown
from hpsearch.study.spec import StudySpec
from trainables.base.schema import variant_of


def describe(spec: StudySpec) -> str:
    """Return the plan of a study: a headline and one line per hole, without a final newline."""
    holes = spec.space.holes()
    lines = [headline(spec), ""]
    width = max((len(hole.name) for hole in holes), default=0)
    lines += [f"  {hole.name:<{width}}  {values(hole)}" for hole in holes]
    if not holes:
        lines.append("  no holes: one plain run")
    return "\n".join(lines)


def headline(spec: StudySpec) -> str:
    """Return one line: how many trials, which sampler and pruner, and which metric is minimised."""
    search, count = spec.search, spec.trials
    trials = "trials" if count is None else f"{count} trial{'s' if count > 1 else ''}"
    hours = search.budget.hours
    parts = [
        trials + (f" in at most {hours:g} h" if hours else ""),
        f"sampler {_name('sampler', search)}",
        f"pruner {_name('pruner', search)}",
        f"up to {spec.epochs} epochs",
        f"minimising {search.objective}",
    ]
    if spec.enqueued:
        parts.insert(
            1,
            f"{len(spec.enqueued)} "
            + ("enqueued first" if spec.combinations is None else "combinations in all"),
        )
    return f"{spec.name}: " + ", ".join(parts)


def values(hole: Hole) -> str:
    """Return the values that a hole may take, as text."""
    if isinstance(hole, Choice):
        return " | ".join(shown(name) for name in hole.ends())
    ends = f"{shown(hole.ends()[0])} .. {shown(hole.ends()[1])}"
    return ends + (", log" if hole.log else "") + (f", step {shown(hole.step)}" if hole.step else "")


def _name(key: str, search: SearchConfig) -> str:
    variant = variant_of(SearchConfig.model_fields[key])
    assert variant is not None  # noqa: S101  ours: both keys are variants
    return variant.name_of(getattr(search, key))
