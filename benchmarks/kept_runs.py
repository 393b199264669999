"""Trainings that a benchmark makes once each and keeps as lines of JSON: one that was stopped goes on."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def parser(description: str | None, *, seeds: int, processes: int) -> argparse.ArgumentParser:
    """Return the options that these benchmarks share, with their defaults."""
    options = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("what", choices=("run", "table"))
    options.add_argument("--out", type=Path, required=True, metavar="FILE")
    options.add_argument("--datasets", type=Path, default=Path("hpsearch-runs/datasets"), metavar="DIR")
    options.add_argument("--seeds", type=int, default=seeds)
    options.add_argument("--processes", type=int, default=processes)
    return options


def rows(out: Path) -> list[Row]:
    """Return the runs that the file holds."""
    return [json.loads(line) for line in out.read_text().splitlines()] if out.is_file() else []


def run_all(run: Callable[..., Row], jobs: Iterable[tuple[Any, ...]], out: Path, processes: int) -> None:
    """Run each job in a process of its own, and append what it returns as soon as it has ended."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for ended in as_completed([pool.submit(run, *job) for job in jobs]):
            row = ended.result()
            with out.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            print(row, flush=True)
