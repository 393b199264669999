"""A chart of the page: its title, what it shows in words, and its Vega-Lite specification."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Protocol

Spec = dict[str, Any]
"""A part of a Vega-Lite specification, as the page holds it: plain JSON that nothing here reads back."""

TRIALS = "trials"
"""The name of the data that the page's script puts into every chart of trials."""
SELECTED = "selected"
"""The parameter of a chart with the numbers of the selected trials, which the page's script sets in all."""
HOVERED = "hovered"
"""The parameter with the number of the trial below the mouse, in whichever chart or table."""


@dataclass(frozen=True)
class Key:
    """What a colour stands for; lines of one colour differ by their dash, in pixels on and off."""

    colour: str
    name: str
    dash: tuple[int, ...] = ()


@dataclass(frozen=True)
class Chart:
    """A chart; `words` say what it shows where it cannot be seen, `min_px` is the width that it needs."""

    name: str
    title: str
    words: str
    spec: Spec
    keys: tuple[Key, ...] = ()
    """What its colours and dashes stand for."""
    min_px: int = 0
    note: str = ""
    """How to read it, where that needs a sentence."""


class Span(Protocol):
    """The range of an axis of errors, which the page's script changes."""

    def params(self) -> list[Spec]:
        """Return the parameters of a chart that shows it."""

    def written(self) -> dict[str, Any]:
        """Return what the page's script may choose from."""


def sized(height_px: int, layers: list[Spec], span: Span | None = None, **parts: Any) -> Spec:
    """Return a specification as wide as its place on the page; `span` is that of its errors."""
    spec = {"width": "container", "height": height_px, "layer": layers, **parts}
    if span is None:
        return spec
    return spec | {
        "params": [*span.params(), *parts.get("params", ())],
        "usermeta": {"errors": span.written()},
    }


def of_trials(height_px: int, layers: list[Spec], span: Span) -> Spec:
    """Return a specification over the page's trials that shares their selection."""
    shared = [{"name": SELECTED, "value": []}, {"name": HOVERED, "value": -1}]
    return sized(height_px, layers, span, data={"name": TRIALS}, params=shared)


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
