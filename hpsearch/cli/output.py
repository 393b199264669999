"""Prints texts to a terminal, which obeys none of the names in them."""

from __future__ import annotations

import io
import os
import sys
import textwrap
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from trainables.base.errors import Fault, InputWarning
from trainables.base.plain_text import terminal_text

LONGEST_FAULT = 2000
"""Characters of a fault: more is the content of a file, which no one reads in a terminal."""

NARROWEST = 50
"""Characters of a line where a terminal has fewer."""


def open_streams() -> None:
    """Let output that is closed (`>&-`) go nowhere, and what its encoding lacks be a question mark."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115  to the end
        elif isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="replace")


def show(text: str) -> None:
    """Print a text on the standard output, with its control characters written out."""
    print(terminal_text(text))


def size(size_bytes: float) -> str:
    """Return a number of bytes as it is shown: `2.8 MB`, `31 MB`, `18.4 GB`."""
    if size_bytes >= 1e9:
        return f"{size_bytes / 1e9:.1f} GB"
    return f"{size_bytes / 1e6:.{0 if size_bytes >= 1e7 else 1}f} MB"


def labelled(facts: Iterable[tuple[str, str]], label: int, width: int) -> Iterator[str]:
    """Yield the lines of labelled texts: labels of `label` characters with their gap, lines of `width`."""
    for name, text in facts:
        yield from textwrap.wrap(
            text,
            max(width, NARROWEST),
            initial_indent=f"  {name:<{label}}",
            subsequent_indent=" " * (2 + label),
            break_on_hyphens=False,
        )


@contextmanager
def warnings_shown() -> Iterator[None]:
    """Print warnings about the input as one line each on the standard error, the same one once."""
    with warnings.catch_warnings():
        warnings.simplefilter("default", InputWarning)
        plain = warnings.showwarning

        def show_warning(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
            if issubclass(category, InputWarning):
                print(f"warning: {terminal_text(str(message))}", file=sys.stderr)
            else:
                plain(message, category, *place, **more)

        warnings.showwarning = show_warning
        yield


def show_faults(faults: Iterable[Fault]) -> None:
    """Print faults on the standard error, one after the other."""
    for fault in faults:
        text = terminal_text(str(fault))
        print(text if len(text) <= LONGEST_FAULT else f"{text[:LONGEST_FAULT]}...", file=sys.stderr)
