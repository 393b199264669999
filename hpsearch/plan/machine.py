"""What this machine is to a search: how many trials fit on it, or why none does; none is started."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from functools import partial
from math import inf
from pathlib import Path

from hpsearch.study.spec import StudySpec
from hpsearch.work.resources import (
    Machines,
    TrialResources,
    check_precision,
    check_room,
    fitting,
    resolve_resources,
)
from trainables.base.allowance import allowed_bytes, allowed_cores
from trainables.base.disk import existing
from trainables.base.errors import InputError

DRIVER = "libnvidia-ml.so.1"
"""A library that comes with the driver of a GPU."""


def machine_text(spec: StudySpec, root: Path) -> str:
    """Return one sentence: CPUs, GPUs, trials in parallel, or what a launch here would be refused for.

    A refusal is no fault of the file: the search may be meant for a cluster.
    """
    cpus, gpus, memory = allowed_cores(), _gpus(), allowed_bytes()
    wanted = spec.search.resources
    resources = resolve_resources(wanted, Machines(gpus, cpus // gpus if gpus else 0, cpus))
    has = f"{_counted(cpus, 'CPU')}, {_counted(gpus, 'GPU')}"
    if wanted.autoscale:
        return f"{has}; the search is for a cluster that starts nodes on demand"
    fit = _fit(resources, cpus, gpus, memory)
    if refusals := list(_refusals(spec, resources, fit, existing(root))):
        return f"{has}; a launch here would be refused: {'; '.join(refusals)}"
    if wanted.gpus == "auto" and gpus:
        return f"{has}; a trial's share of a GPU is measured at launch, and by hpsearch plan"
    held = f", as {memory / 2**30:.1f} GiB of memory hold" if fit < _fit(resources, cpus, gpus, inf) else ""
    return f"{has}; {_counted(fit, 'trial')} in parallel{held}"


def _refusals(spec: StudySpec, resources: TrialResources, fit: int, folder: Path) -> Iterator[str]:
    if not fit:
        yield f"search.resources asks for {resources.cpus} CPUs and {resources.gpus:g} GPUs per trial"
    checks = (partial(check_precision, spec, resources), partial(check_room, spec, max(fit, 1), folder))
    for check in checks:
        try:
            check()
        except InputError as error:
            yield from (fault.message for fault in error.faults)


def _fit(resources: TrialResources, cpus: int, gpus: int, memory_bytes: float) -> int:
    fit = fitting(cpus, gpus, resources.smallest, memory_bytes)
    return fit if resources.concurrent is None else min(fit, resources.concurrent)


def _gpus() -> int:
    try:
        ctypes.CDLL(DRIVER)
    except OSError:
        return 0
    import torch  # takes seconds

    return torch.cuda.device_count()


def _counted(count: int, what: str) -> str:
    return f"{count or 'no'} {what}" + ("" if count == 1 else "s" if count else "")
