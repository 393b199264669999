"""A chart of the page: its title, what it shows in words, and its Vega-Lite specification."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

Spec = dict[str, Any]
"""A part of a Vega-Lite specification, as the page holds it: plain JSON that nothing here reads back."""

TRIALS = "trials"
"""The name of the data that the page's script puts into every chart of trials."""
SELECTED = "selected"
"""The parameter of a chart with the numbers of the selected trials, which the page's script sets in all."""
HOVERED = "hovered"
"""The parameter with the number of the trial below the mouse, in whichever chart or table."""
BRUSH = "brush"
"""The interval that a person draws in a chart of trials; the page's script selects the trials in it."""


@dataclass(frozen=True)
class Chart:
    """A chart; `words` say what it shows where it cannot be seen, `min_px` is the width that it needs."""

    name: str
    title: str
    words: str
    spec: Spec
    keys: tuple[tuple[str, str], ...] = ()
    """The colour and name of each of its lines."""
    min_px: int = 0


def sized(height_px: int, layers: list[Spec], **parts: Any) -> Spec:
    """Return a specification as wide as its place on the page."""
    return {"width": "container", "height": height_px, "layer": layers, **parts}


def of_trials(height_px: int, layers: list[Spec]) -> Spec:
    """Return a specification over the page's trials that shares their selection."""
    params = [{"name": SELECTED, "value": []}, {"name": HOVERED, "value": -1}]
    return sized(height_px, layers, data={"name": TRIALS}, params=params)


def brush() -> list[Spec]:
    """Return the interval that a person draws; the wheel scrolls the page as everywhere."""
    return [{"name": BRUSH, "select": {"type": "interval", "zoom": False}}]


def when_selected(shown: float, else_: float) -> Spec:
    """Return a value of marks of trials: `shown` where the trial or none at all is selected."""
    test = f"!length({SELECTED}) || indexof({SELECTED}, datum.trial) >= 0"
    return {"condition": {"test": test, "value": shown}, "value": else_}


def when_hovered(shown: float, else_: float) -> Spec:
    """Return a value of marks of trials: `shown` where the trial is below the mouse or selected."""
    test = f"datum.trial === {HOVERED} || indexof({SELECTED}, datum.trial) >= 0"
    return {"condition": {"test": test, "value": shown}, "value": else_}


def in_lines(text: str, most: int, breaks: str = " ") -> list[str]:
    """Return a label in lines of about `most` characters, broken behind the characters `breaks`."""
    lines = [""]
    inside = re.escape(breaks)
    for part in re.findall(f"[^{inside}]+[{inside}]*|[{inside}]+", text):
        if lines[-1] and len(lines[-1] + part.rstrip()) > most:
            lines.append(part)
        else:
            lines[-1] += part
    return [line.rstrip(" ") for line in lines]
