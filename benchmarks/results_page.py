"""The results of all benchmarks as a page."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from benchmarks.rows import BENCHMARKS

PAGE = """\
# Benchmarks

What is measured, by which command, beside which goal. {note}

    python -m benchmarks --json results.json
    python -m benchmarks --markdown results.json > docs/benchmarks.md

Measured on: {machine}.

A ratio is the figure over its goal; one that misses it is **bold**. Below stands all that each printed.

| | goal | measured | ratio |
|---|---|---|---|"""


def page(written: Mapping[str, Any]) -> str:
    """Return what `--json` wrote as Markdown: a table of figures beside goals, then all that was printed."""
    rows, details = [], []
    for result in written["results"]:
        name, one = result["name"], BENCHMARKS[result["name"]]
        found = one.beside_the_goal(result["lines"])
        figures = ", ".join(f"{figure:g}" for figure, _, _ in found) or "below"
        ratios = ", ".join(f"{ratio:.2f}" if met else f"**{ratio:.2f}**" for _, ratio, met in found)
        rows.append(f"| [{name}](#{name}) | {one.goal} | {figures} | {ratios} |")
        command = shlex.join(["python", *result["command"]])
        lines = "\n".join(line.rstrip() for line in result["lines"])
        failed = f" It failed with status {result['status']}." if result["status"] else ""
        details.append(
            f"## {name}\n\n`{command}` took {result['seconds']:.0f} s.{failed}\n\n```text\n{lines}\n```\n"
        )
    head = PAGE.format(machine="; ".join(written["machine"].values()), note=written.get("note", ""))
    return "\n".join([head, *rows, "", *details])
