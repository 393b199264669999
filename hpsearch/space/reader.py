"""Reads the holes of a search space, and reports every fault in them with its line."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from hpsearch.space.holes import HOLE_KEYS, Choice, Hole, Option, Range, Value, divides, same
from hpsearch.space.space import Space
from trainables.base.errors import Fault, brief, nearest
from trainables.base.schema import KeyPath
from trainables.base.yaml_document import YamlDocument

LARGEST = 1e15
"""Below this, whole numbers are exact as floats, which is how a study stores them; also the most steps."""


def read_space(document: YamlDocument, skip: frozenset[str] = frozenset()) -> tuple[Space, list[Fault]]:
    """Read the holes of a document, leaving out the root keys in `skip`; return every fault with them."""
    reader = _Reader(document)
    tree = {
        key: reader.node(value, (key,), (key,)) for key, value in document.tree.items() if key not in skip
    }
    return Space(tree), reader.faults


def is_hole(value: object) -> bool:
    """Return whether a value of a file is written as a hole."""
    return isinstance(value, Mapping) and any(key in value for key in HOLE_KEYS)


def holes_below(value: Any, path: KeyPath) -> Iterator[KeyPath]:
    """Yield the key path of each hole in a part of a file."""
    if is_hole(value):
        yield path
    elif isinstance(value, Mapping):
        for key, child in value.items():
            yield from holes_below(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from holes_below(child, (*path, index))


class _Reader:
    """Turns the mappings that are written as holes into holes, and collects faults."""

    def __init__(self, document: YamlDocument) -> None:
        self.document = document
        self.faults: list[Fault] = []
        self.seen: dict[str, Any] = {}

    def node(self, value: Any, origin: KeyPath, path: KeyPath) -> Any:
        if is_hole(value):
            return self.hole(value, origin, path)
        if isinstance(value, Mapping):
            return {key: self.node(child, (*origin, key), (*path, key)) for key, child in value.items()}
        if isinstance(value, list):
            return [self.node(child, (*origin, i), (*path, i)) for i, child in enumerate(value)]
        return value

    def hole(self, value: Mapping[str, Any], origin: KeyPath, path: KeyPath) -> Hole | None:
        kind = next(key for key in HOLE_KEYS if key in value)
        allowed = ("choice",) if kind == "choice" else (kind, "log", "step")
        for key in value:
            if key not in allowed:
                message = f"{brief(key)} is not a key of a hole of kind {kind!r}{nearest(key, allowed)}"
                self.fault(message, (*origin, key), path)
        at = (*origin, kind)
        hole = self.choice(value[kind], at, path) if kind == "choice" else self.range(value, kind, at, path)
        if hole is None:
            return None
        drawn = [(type(name), name) for name in hole.ends()] if isinstance(hole, Choice) else hole
        if self.seen.setdefault(hole.name, drawn) != drawn:
            self.fault("two options have different holes at this path: write the same hole in both", at, path)
        return hole

    def choice(self, items: Any, origin: KeyPath, path: KeyPath) -> Choice | None:
        named: list[tuple[Value, Any, KeyPath]] = []
        before = len(self.faults)
        if isinstance(items, Mapping):
            named = [(key, tree, (*origin, key)) for key, tree in items.items()]
        elif isinstance(items, list):
            for index, tree in enumerate(items):
                named.append((self.name(tree, (*origin, index), path), tree, (*origin, index)))
        else:
            self.fault(
                f"choice takes a list of options, or a mapping by name, got {brief(items)}", origin, path
            )
            return None
        if not named:
            self.fault("choice needs at least one option", origin, path)
            return None
        if len(self.faults) > before:
            return None
        for index, (name, _, at) in enumerate(named):
            if any(same(name, other) for other, _, _ in named[:index]):
                self.fault(
                    f"two options are named {brief(name)}: name them: choice: {{name: option, ...}}", at, path
                )
        options = (
            Option(name, self.node(tree, at, (*path, str(name)) if is_hole(tree) else path), at)
            for name, tree, at in named
        )
        return Choice(".".join(map(str, path)), tuple(options))

    def name(self, option: Any, origin: KeyPath, path: KeyPath) -> Value:
        """Return the name of an option in a list: its value, its one key, or the kind of the hole it is."""
        if is_hole(option):
            return next(key for key in HOLE_KEYS if key in option)
        if isinstance(option, Mapping) and len(option) == 1:
            return str(next(iter(option)))
        if isinstance(option, Mapping | list):
            self.fault("an option of several values needs a name: choice: {name: option, ...}", origin, path)
            return None
        if isinstance(option, float) and not math.isfinite(option):
            self.fault(f"an option must be finite, got {option}", origin, path)
            return None
        name: Value = option
        return name

    def range(self, hole: Mapping[str, Any], kind: str, origin: KeyPath, path: KeyPath) -> Range | None:
        ends, log, step = hole[kind], hole.get("log", False), hole.get("step")
        whole = kind == "int"
        wanted = "whole numbers" if whole else "numbers"
        if not (isinstance(ends, list) and len(ends) == 2 and all(_is_number(end, whole) for end in ends)):
            self.fault(
                f"{kind} takes [low, high], two {wanted}, got {brief(ends)}{_text_hint(ends)}", origin, path
            )
            return None
        low, high = ends
        stepped = step is not None and _is_number(step, whole) and step > 0
        rules = [
            (kind, low < high, f"low must be below high, got [{low}, {high}]"),
            ("log", isinstance(log, bool), f"log is true or false, got {brief(log)}"),
            ("log", log is not True or low > 0, f"a log range must stay above 0, got low = {low}"),
            ("step", step is None or stepped, f"step must be one of the {wanted} above 0, got {brief(step)}"),
            ("step", step is None or log is not True, "a log range takes no step"),
        ]
        if stepped and low < high:
            count = (high - low) / (step or 0)
            rules += [
                ("step", count <= LARGEST, f"{count:.0e} steps of {step} are too many: take a larger step"),
                (
                    "step",
                    count > LARGEST or divides(step or 0, low, high),
                    f"steps of {step} from {low} do not reach {high}: change an end or the step",
                ),
            ]
        broken = [(key, rule) for key, kept, rule in rules if not kept]
        for key, rule in broken:
            self.fault(rule, (*origin[:-1], key), path)
        return None if broken else Range(".".join(map(str, path)), low, high, log, step, whole)

    def fault(self, message: str, origin: KeyPath, path: KeyPath) -> None:
        where = ".".join(map(str, path))
        self.faults.append(Fault(message, where, self.document.file, self.document.line(origin)))


def _is_number(value: object, whole: bool) -> bool:
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        return False
    return -LARGEST <= value <= LARGEST  # also refuses infinity and NaN


def _text_hint(ends: object) -> str:
    text = isinstance(ends, list) and any(isinstance(end, str) for end in ends)
    return " (text: write numbers without quotes)" if text else ""
