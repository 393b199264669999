"""The plan of a search in plain text: what its file says, and what was measured."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from hpsearch.cli.output import size
from hpsearch.cli.summary import described, known
from hpsearch.plan.plan import Measured, Plan
from hpsearch.results.kept_noise import expected_noise
from hpsearch.results.outlook import intended, known_from, outlook
from hpsearch.results.power import MOST_SEEDS, Intended, Looks, needed
from hpsearch.results.titles import ALONE
from trainables.model.backbones import title as backbone_title
from trainables.pretext import PRETEXT_TASKS
from trainables.training.config import TrainConfig


def plan_text(plan: Plan, root: Path, width: int, difference: float | None = None) -> str:
    """Return a plan in lines of `width` characters, and what it takes to find a `difference` of designs.

    Warns as `expected_noise` does.
    """
    facts = [
        *known(plan.spec, plan.needs, plan.runs),
        ("can decide", outlook(plan.spec, root)),
        *_facts(plan),
    ]
    if difference is not None:
        facts += _to_find(plan, root, difference)
    return described(plan.spec, facts, width)


def _to_find(plan: Plan, root: Path, difference: float) -> Iterator[tuple[str, str]]:
    """Yield how many seeds, hours and GPU hours find a difference, in the objective's unit, in 80 %."""
    aim, expected = plan.spec.objective, expected_noise(plan.spec, root)
    label = f"to find {difference:g}{aim.unit.sign}"
    if expected is None:
        yield label, "not known before the first runs: how noisy they are"
        return
    noise, now = expected.noise, intended(plan.spec)
    shared, in_runs = noise.shared or 0.0, difference / noise.deviation
    now = (now or Intended(1, 3, 3, 3)).in_units_of(noise.deviation)
    fixed = needed(in_runs, Intended(now.helpers, 2, 2, 2), shared)
    if fixed is None:
        yield label, f"more than {MOST_SEEDS} seeds each, with a {known_from(expected, aim)}"
        return
    epochs = fixed.runs * plan.runs.trial_epochs
    beside = "" if fixed.of_baseline == fixed.most else f", {fixed.of_baseline} of {ALONE}"
    yield (
        label,
        f"search.confirm.seeds: {fixed.most}{beside}: {fixed.runs} runs, {_spent(plan, epochs)}; "
        f"{known_from(expected, aim)}",
    )
    looks = needed(in_runs, Intended(now.helpers, 3, 4, 4, now.zone), shared)
    if looks is not None:
        seeds = Looks(looks, shared).outcome(in_runs).seeds
        epochs = math.ceil(seeds * (now.helpers + 1)) * plan.runs.trial_epochs
        yield (
            "",
            f"or on demand, seeds: {{min: 3, max: {looks.most}}}: {seeds:.1f} seeds each on average, "
            f"{_spent(plan, epochs)}",
        )


def _facts(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield what was measured, and what follows from it."""
    holes = len(plan.spec.space.holes())
    designs = "ranges without steps: infinitely many designs"
    if plan.combinations is not None:
        designs = f"{plan.combinations} designs"
    yield "dimensions", f"{holes}, {designs}"
    same = plan.cheapest.config == plan.costliest.config
    yield "the design" if same else "cheapest", _measured(plan.cheapest)
    if not same:
        yield "most expensive", _measured(plan.costliest)
    shares = _share(plan.cheapest)
    if _share(plan.costliest) != shares:
        shares += f" (the cheapest), {_share(plan.costliest)} (the most expensive)"
    yield "share", f"{shares} per trial; {plan.in_parallel} in parallel{_together(plan)}"
    yield "time", _time(plan)
    yield "disk", _disk(plan)


def _measured(design: Measured) -> str:
    title, found = _title(design.config), design.rehearsal
    if isinstance(found, str):
        return f"{title}: not measured, {found}"
    source = "noise in place of images, so loading is not counted" if found.synthetic else "its own images"
    memory = "GPU memory" if design.share.gpus else "memory"
    epoch = "" if design.epoch_s is None else f", {_seconds(design.epoch_s)} per epoch"
    return (
        f"{title}: {found.train_images_per_s:.0f} images/s{epoch}, {found.peak_mib:.0f} MiB of {memory} "
        f"(measured alone on {source})"
    )


def _title(config: TrainConfig) -> str:
    task = ALONE if config.pretext.is_baseline else PRETEXT_TASKS.name_of(config.pretext)
    backbone = backbone_title(config.network.backbone)
    return f"{backbone}, {config.data.image_px} px, {task}, {config.epochs} epochs"


def _share(design: Measured) -> str:
    share = design.share
    return f"{share.cpus} CPU" + (f" and {share.gpus:g} GPU" if share.gpus else "")


def _together(plan: Plan) -> str:
    """Return what the trials in parallel do beside one alone, where that was measured."""
    gains = [plan.gain(design) for design in (plan.cheapest, plan.costliest) if design.together]
    if plan.in_parallel == 1 or not gains:
        return ""
    return f", which do {_range(f'{min(gains):.1f}', f'{max(gains):.1f}')} times the work of one (measured)"


def _time(plan: Plan) -> str:
    hours = plan.spec.search.budget.hours
    if plan.epochs is None:
        return f"{hours:g} h by search.budget.hours, then running trials train to the end"
    ends = f", if no trial is stopped early{f'; the search at most {hours:g} h' if hours else ''}"
    return _spent(plan, plan.epochs) + (
        ends if plan.seconds(plan.cheapest, 1) or plan.seconds(plan.costliest, 1) else ""
    )


def _spent(plan: Plan, epochs: int) -> str:
    """Return how long so many epochs take, and how many GPU hours."""
    ends = (plan.cheapest, plan.costliest)
    known = [(design, seconds) for design in ends if (seconds := plan.seconds(design, epochs)) is not None]
    if not known:
        return "time not known: see what is missing"
    low, high = min(least for _, (least, _) in known), max(most for _, (_, most) in known)
    gpu_hours = [
        each * design.share.gpus * plan.in_parallel / 3600 for design, seconds in known for each in seconds
    ]
    text = f"{_range(_seconds(low), _seconds(high))} for {epochs} epochs"
    if plan.trained_epoch_s is not None:
        text += f" of {_seconds(plan.trained_epoch_s)}, as this study's own took"
    if max(gpu_hours):
        text += f", {_range(f'{min(gpu_hours):.1f}', f'{max(gpu_hours):.1f}')} GPU hours"
    return text


def _disk(plan: Plan) -> str:
    disk = plan.disk
    parts = [f"{size(disk.running)} checkpoints of running trials"]
    parts += [f"frozen ones up to {size(disk.frozen)}"] if disk.frozen else []
    parts += [f"weights up to {size(disk.weights)}"] if disk.weights is not None else []
    return f"{', '.join(parts)}; {size(disk.free)} free"


def _range(low: str, high: str) -> str:
    return low if low == high else f"{low} to {high}"


def _seconds(seconds: float) -> str:
    """Return a time as an estimate is known, with two digits or so."""
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 100 * 60 else f"{seconds / 3600:.1f} h"
