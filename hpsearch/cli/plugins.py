"""The command `hpsearch plugins`: what installed packages add, and what is wrong with it."""

from __future__ import annotations

import argparse

from hpsearch.cli.arguments import Adder
from hpsearch.cli.output import show

NONE = "no installed package adds anything to hpsearch: docs/plugins.md says how one does"


def add_plugin_command(add: Adder) -> None:
    """Add the command."""
    add(
        "plugins",
        _plugins,
        "list what installed packages add: pretext tasks, backbones, samplers ...",
        examples=["plugins"],
    )


def _plugins(arguments: argparse.Namespace) -> int:
    """Import every plug-in and list it; return 1 where one cannot be used."""
    from hpsearch.study.plugins import plugin_fault
    from trainables.base.plugins import installed

    found = installed()
    rows = [(each.group, each.name, f"{each.package} {each.version}", each.target) for each in found]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        show("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    faults = [fault for fault in map(plugin_fault, found) if fault is not None]
    for fault in faults:
        show(f"cannot be used: {fault}")
    if not found:
        show(NONE)
    return 1 if faults else 0
