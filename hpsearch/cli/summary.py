"""The plan of a search space as text, which `check` prints and a launch begins with."""

from __future__ import annotations

from collections.abc import Iterator

from hpsearch.space.holes import Choice, Hole
from hpsearch.study.config import SearchConfig
from hpsearch.study.families import families_of, family_title, member
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
    return "\n".join([*lines, *_full_runs(spec)])


def headline(spec: StudySpec) -> str:
    """Return one line: how many trials, which sampler and pruner, and which metric is minimised."""
    search, count = spec.search, spec.trials
    trials = [] if count is None else [f"{count} trial{'s' if count > 1 else ''}"]
    hours, epochs = search.budget.hours, search.budget.epochs
    limits = [*trials, *([f"{epochs} epochs in all"] if epochs else [])]
    limits += [f"at most {hours:g} h"] if hours else []
    parts = [
        " in ".join(limits),
        f"sampler {_name('sampler', search)}",
        f"pruner {_name('pruner', search)}",
        f"up to {spec.epochs} epochs per trial",
        f"minimising {search.objective}",
    ]
    if spec.enqueued:
        parts.insert(
            1,
            f"{len(spec.enqueued)} "
            + ("enqueued first" if spec.combinations is None else "combinations in all"),
        )
    return f"{spec.name}: " + ", ".join(parts)


def _full_runs(spec: StudySpec) -> Iterator[str]:
    """Yield a line on what is never stopped early, and what it costs; nothing where nothing is stopped."""
    halving, families = spec.search.pruner.halving(spec.epochs), families_of(spec.space)
    if halving is None or not halving.pauses(spec.epochs) or spec.combinations is not None:
        return
    enqueued = [] if spec.search.prune_enqueued else list(spec.enqueued)
    others = [f for f in families if not any(member(params, f) for params in enqueued)]
    runs = len(enqueued) + len(others)
    if not runs:
        return
    cost, budget = runs * spec.epochs, spec.search.budget.epochs
    parts = [f"{len(enqueued)} enqueued"] if enqueued else []
    parts += [f"one each of {', '.join(map(family_title, others))}"] if others else []
    yield ""
    yield f"  trained to their end whatever comes: {' and '.join(parts)} ({cost} epochs)"
    if budget is not None and cost > budget:
        yield f"  the budget of {budget} epochs is too small for them: some families go without"


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
