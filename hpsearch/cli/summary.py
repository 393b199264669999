"""A search space as text, and what is known of its search: `check` prints it, a launch begins with it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from hpsearch.cli.output import NARROWEST, labelled, size
from hpsearch.plan.runs import Runs
from hpsearch.results.runs_after import confirmations_after
from hpsearch.space.holes import Choice, Hole
from hpsearch.study.config import SearchConfig
from hpsearch.study.decoded import DecodedNeed
from hpsearch.study.naming import shown
from hpsearch.study.needs import Needs
from hpsearch.study.policy.families import families_of, family_title, member
from hpsearch.study.spec import StudySpec
from trainables.base.schema import variant_of
from trainables.model.backbones import title as backbone_title
from trainables.model.inits import Pretraining
from trainables.target.metric import Direction

LABEL = 15
"""Characters of a label, its gap included."""

DOING = {Direction.MINIMIZE: "minimising", Direction.MAXIMIZE: "maximising"}

LISTED = 4
"""Pretrainings that are named."""


def check_text(spec: StudySpec, needs: Needs, runs: Runs, decides: str, machine: str, width: int) -> str:
    """Return what is known of a search without measuring anything, in lines of `width` characters."""
    more = (("can decide", decides), ("this machine", machine))
    return described(spec, (*known(spec, needs, runs), *more), width)


def described(spec: StudySpec, facts: Iterable[tuple[str, str]], width: int) -> str:
    """Return a search with labelled facts below it, in lines of `width` characters."""
    lines = _wrapped(describe(spec).splitlines(), width)
    return "\n".join([*lines, "", *labelled(facts, LABEL, width)])


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
    """Return one line: how many trials, which sampler and pruner, and which metric is optimised."""
    search, count = spec.search, spec.trials
    trials = [] if count is None else [_counted(count, "trial")]
    hours, epochs = search.budget.hours, search.budget.epochs
    limits = [*trials, *([f"{epochs} epochs in all"] if epochs else [])]
    limits += [f"at most {hours:g} h"] if hours else []
    parts = [
        " in ".join(limits),
        f"sampler {_name('sampler', search)}",
        f"pruner {_name('pruner', search)}",
        f"up to {spec.epochs} epochs per trial",
        f"{DOING[spec.objective.direction]} {' and '.join(metric.name for metric in spec.objectives)}",
    ]
    if spec.enqueued:
        parts.insert(
            1,
            f"{len(spec.enqueued)} "
            + ("combinations in all" if spec.search.sampler.enumerates else "enqueued first"),
        )
    return f"{spec.name}: " + ", ".join(parts)


def known(spec: StudySpec, needs: Needs, runs: Runs) -> Iterator[tuple[str, str]]:
    """Yield what follows from the file and from what lies below the root."""
    for index, need in enumerate(needs.datasets):
        images = "" if need.images is None else f", {need.images} images"
        yield "" if index else "datasets", f"{need.name}: {need.state}{images}"
        yield from (("", f"{need.name}: {text}") for text in need.odd)
    yield from (("decoded", text) for text in _decoded(needs.decoded))
    yield "search", _search(spec, runs)
    if spec.costs:
        from hpsearch.plan.networks import networks_text  # loads torch, which takes seconds

        yield "networks", networks_text(spec)
    licences = {licence for config in spec.configs if (licence := config.weights_licence)}
    if licences:
        yield "licences", "of initial weights: " + ", ".join(sorted(licences))
    yield "pretrainings", _pretrainings(runs.pretrainings, runs.pretraining_epochs)
    if runs.confirmations:
        yield (
            "confirmations",
            f"{_confirmations(spec, runs)} with new seeds, {runs.confirmation_epochs} epochs at most",
        )
    else:
        yield "confirmations", "none: search.confirm is not set"
    if runs.tests:
        yield "tests", f"up to {runs.tested} networks on {', '.join(runs.tests)}"
    else:
        yield "tests", "none: data.test is empty"


def _decoded(need: DecodedNeed) -> Iterator[str]:
    if need.kept:
        yield f"{size(need.kept)}, kept beside the datasets and decoded once"
    if need.too_large:
        yield (
            f"{size(need.too_large)}, decoded in every epoch: it takes more than half of the memory that is "
            "available or of the disk that is free here (data.decode: cache keeps it all the same)"
        )


def _confirmations(spec: StudySpec, runs: Runs) -> str:
    least, most = confirmations_after(spec, runs.trials)
    return f"{most} runs" if least == most else f"{least} to {most} runs"


def _search(spec: StudySpec, runs: Runs) -> str:
    limits = "trials" if runs.trials is None else _counted(runs.trials, "trial")
    epochs = "" if runs.search_epochs is None else f", {runs.search_epochs} epochs at most"
    hours = spec.search.budget.hours
    there = "" if spec.combinations is None else f"; {_counted(spec.combinations, 'design')} in the space"
    ends = (f", {hours:g} h" if hours else "") + there
    return f"{limits} of up to {runs.trial_epochs} epochs{epochs}{ends}"


def _pretrainings(wanted: Sequence[Pretraining], epochs: int) -> str:
    if not wanted:
        return "none"
    named = [f"{each.title} {backbone_title(each.backbone)} {each.image_px} px" for each in wanted]
    more = f" and {len(named) - LISTED} more" if len(named) > LISTED else ""
    return f"{len(wanted)}, {epochs} epochs: {', '.join(named[:LISTED])}{more}"


def _full_runs(spec: StudySpec) -> Iterator[str]:
    """Yield a line on what is never stopped early, and what it costs; nothing where nothing is stopped."""
    halving, families = spec.search.pruner.halving(spec.epochs), families_of(spec.space)
    if halving is None or not halving.rungs_of(spec.epochs) or spec.search.sampler.enumerates:
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
    yield f"  never stopped early: {' and '.join(parts)} ({cost} epochs)"
    if budget is not None and cost > budget:
        yield f"  the budget of {budget} epochs is too small for all of them: some families get none"


def values(hole: Hole) -> str:
    """Return the values that a hole may take, as text."""
    if isinstance(hole, Choice):
        return " | ".join(shown(name) for name in hole.ends())
    ends = f"{shown(hole.ends()[0])} .. {shown(hole.ends()[1])}"
    return ends + (", log" if hole.log else "") + (f", step {shown(hole.step)}" if hole.step else "")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" + ("s" if count != 1 else "")


def _name(key: str, search: SearchConfig) -> str:
    variant = variant_of(SearchConfig.model_fields[key])
    assert variant is not None  # noqa: S101  ours: both keys are variants
    return variant.name_of(getattr(search, key))


def _wrapped(lines: Sequence[str], width: int) -> Iterator[str]:
    for line in lines:
        indent = line[: len(line) - len(line.lstrip())]
        yield from textwrap.wrap(
            line,
            max(width, NARROWEST),
            subsequent_indent=f"{indent}  ",
            break_on_hyphens=False,
            drop_whitespace=True,
        ) or [""]
