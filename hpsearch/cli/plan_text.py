"""The plan of a search in plain text: what its file says, and what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from hpsearch.cli.summary import described, known
from hpsearch.plan.plan import Measured, Plan
from hpsearch.results.formats import duration
from trainables.base.schema import Config, variant_of
from trainables.model.backbones import BACKBONES
from trainables.training.config import TrainConfig


def plan_text(plan: Plan, width: int) -> str:
    """Return a plan in lines of `width` characters."""
    return described(plan.spec, (*known(plan.spec, plan.needs, plan.runs), *_facts(plan)), width)


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
    yield "share", f"{shares} per trial; {plan.side_by_side} in parallel"
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
    field = variant_of(TrainConfig.model_fields["pretext"])
    task = "none" if field is None else field.name_of(cast(Config, config.pretext))
    task = "SL" if task == "none" else task
    backbone = BACKBONES.name_of(config.network.backbone)
    return f"{backbone}, {config.data.image_px} px, {task}, {config.epochs} epochs"


def _share(design: Measured) -> str:
    share = design.share
    return f"{share.cpus} CPU" + (f" and {share.gpus:g} GPU" if share.gpus else "")


def _time(plan: Plan) -> str:
    hours = plan.spec.search.budget.hours
    ends = (plan.cheapest, plan.costliest)
    known = [(design, seconds) for design in ends if (seconds := plan.seconds(design)) is not None]
    if plan.epochs is None:
        return f"{hours:g} h by search.budget.hours, then running trials train to the end"
    if not known:
        return "not known: see what is missing"
    low, high = min(seconds for _, seconds in known), max(seconds for _, seconds in known)
    gpu_hours = [seconds * design.share.gpus * plan.side_by_side / 3600 for design, seconds in known]
    text = f"{_range(_seconds(low), _seconds(high))} for {plan.epochs} epochs"
    if max(gpu_hours):
        text += f", {_range(f'{min(gpu_hours):.1f}', f'{max(gpu_hours):.1f}')} GPU hours"
    return f"{text}, if no trial is stopped early" + (f"; the search at most {hours:g} h" if hours else "")


def _disk(plan: Plan) -> str:
    disk = plan.disk
    parts = [f"{_size(disk.running)} checkpoints of running trials"]
    parts += [f"frozen ones up to {_size(disk.frozen)}"] if disk.frozen else []
    parts += [f"weights up to {_size(disk.weights)}"] if disk.weights is not None else []
    return f"{', '.join(parts)}; {_size(disk.free)} free"


def _range(low: str, high: str) -> str:
    return low if low == high else f"{low} to {high}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 10 else duration(seconds) + (" h" if seconds >= 3600 else "")


def _size(size: float) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
