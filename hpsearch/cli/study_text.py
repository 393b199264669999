"""Studies in plain text: one line each for `list`, and how one stands for `status`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from hpsearch.cli.output import labelled
from hpsearch.results.formats import duration
from hpsearch.results.overview import Overview, RunningTrial
from hpsearch.study.journal.journal import JOURNAL
from hpsearch.study.lock import holder_of
from hpsearch.study.records import StudyState

TITLES = ("study", "state", "trials", "epochs", "best", "changed")
GAP = "  "
LABEL = 9
"""Characters of a label of `status`, its gap included."""


def list_row(overview: Overview, folder: Path) -> tuple[str, ...]:
    """Return the cells of a study in the table of `list`: counts with their budget, the best objective."""
    launch, best = overview.launch, overview.best
    return (
        overview.name,
        overview.state.value,
        _of(overview.ended, launch.trials if launch else None),
        _of(overview.epochs, launch.epochs if launch else None),
        "" if best is None else best.shown,
        changed(folder),
    )


def changed(folder: Path) -> str:
    """Return when the journal of a study was written last."""
    journal = folder / JOURNAL
    return _time(journal.stat().st_mtime) if journal.is_file() else ""


def list_table(rows: Sequence[Sequence[str]]) -> str:
    """Return the table of `list`."""
    cells = [TITLES, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(TITLES))]
    lines = (GAP.join(text.ljust(width) for text, width in zip(row, widths, strict=True)) for row in cells)
    return "\n".join(line.rstrip() for line in lines)


def status(overview: Overview, folder: Path, width: int, now_s: float) -> str:
    """Return how the study in `folder` stands at the Unix time `now_s`, in lines of `width` characters."""
    facts = labelled(_facts(overview, folder, now_s), LABEL, width)
    return "\n".join([f"{overview.name}: {overview.state.value}", *facts])


def _facts(overview: Overview, folder: Path, now_s: float) -> Iterator[tuple[str, str]]:
    launch, holder = overview.launch, holder_of(folder)
    if holder is not None:
        yield "runs", f"process {holder.pid} on {holder.host} since {holder.since.replace('T', ' ')}"
    states = ", ".join(f"{count} {state}" for state, count in overview.counts.items())
    trials = f"{_of(overview.ended, launch.trials if launch else None)} ended"
    yield "trials", trials + (f" ({states})" if states else "")
    if overview.again:
        yield "again", f"{overview.again_complete} of {overview.again} begun confirmations complete"
    yield "epochs", f"{_of(overview.epochs, launch.epochs if launch else None)} trained"
    yield "best", _best(overview)
    for index, trial in enumerate(overview.running):
        yield "" if index else "now", _now(overview, trial, now_s)
    if launch is not None and holder is not None:
        yield "left", "not known yet" if overview.left is None else f"about {overview.left}"
    if overview.state is StudyState.INTERRUPTED:
        yield "next", f"launch its search space again to go on; it is kept as {folder / 'space.yaml'}"


def _best(overview: Overview) -> str:
    best = overview.best
    if best is None:
        return "no trial is complete yet"
    ratio = "" if best.ratio is None else f", {best.ratio:.2f} of always guessing the mean"
    return f"{overview.objective} {best.objective:.2f}{ratio}: trial {best.name}"


def _now(overview: Overview, trial: RunningTrial, now_s: float) -> str:
    parts = [f"trial {trial.name}: epoch {trial.epochs}/{trial.of}"]
    if trial.objective is not None:
        parts.append(f"{overview.objective} {trial.objective:.2f}")
    if trial.images_per_s is not None:
        parts.append(f"{trial.images_per_s:.0f} images/s")
    if trial.place:
        parts.append(trial.place)
    parts.append(f"began {duration(max(now_s - trial.started_s, 0.0))} ago")
    return ", ".join(parts)


def _of(done: int, limit: int | None) -> str:
    return str(done) if limit is None else f"{done} of {limit}"


def _time(unix_s: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(unix_s))
