"""A bar of progress while a dataset is built."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from hpsearch.cli.waiting import Waiting


@contextmanager
def building_bar(waiting: Waiting, what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar once the building of a dataset has begun; nothing where it is there already."""
    columns = (
        TextColumn(f"building {what}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("images"),
        TimeRemainingColumn(),
    )
    console, began_s = waiting.console, time.monotonic()
    images = 0
    with ExitStack() as shown:
        bars: Progress | None = None

        def show(done: int, total: int) -> None:
            nonlocal bars, images
            images = total
            if bars is None and console.is_terminal:
                waiting.over()
                bars = shown.enter_context(Progress(*columns, console=console, transient=True))
                bars.add_task(what)
            if bars is not None:
                bars.update(bars.task_ids[0], completed=done, total=total)

        yield show
    if images:
        console.print(
            f"built {what}: {images} images in {time.monotonic() - began_s:.0f} s",
            markup=False,
            soft_wrap=True,
        )
