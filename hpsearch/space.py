"""A search space is a training config with holes: read them, fill them, probe them, list them.

A hole is written wherever a value may stand:

    {choice: [a, b]}            one of a list; an option may be a whole subtree with holes of its own
    {choice: {x: ..., y: ...}}  the same with a name for each option
    {float: [low, high]}        log: true, or step: s, where wanted
    {int: [low, high]}          likewise

A hole's name is its dotted path in the training config (`pretext.puzzling.grid`), the same everywhere.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trainables.document import Document
from trainables.faults import Fault, nearest
from trainables.schema import Path

Value = str | int | float | bool | None
Params = dict[str, Value]
"""Value of each hole that was reached, under its dotted path; a choice's value is its option's name."""

HOLE_KEYS = ("choice", "float", "int")


@dataclass(frozen=True)
class Option:
    """One option of a choice: its name, and what stands in its place."""

    name: Value
    tree: Any
    origin: Path


@dataclass(frozen=True)
class Choice:
    """A hole filled by one of several options."""

    name: str
    options: tuple[Option, ...]

    def option(self, name: Value) -> Option:
        """Return the option of that name."""
        return next(option for option in self.options if _same(option.name, name))

    def ends(self) -> tuple[Value, ...]:
        """Return every option's name."""
        return tuple(option.name for option in self.options)

    grid = ends


@dataclass(frozen=True)
class Range:
    """A hole filled by a number between two ends, both included."""

    name: str
    low: float
    high: float
    log: bool
    step: float | None
    whole: bool

    def ends(self) -> tuple[Value, ...]:
        """Return the two ends."""
        return self._number(self.low), self._number(self.high)

    def grid(self) -> tuple[Value, ...]:
        """Return every value a grid visits; the ends alone where there is no step."""
        step = self.step or (1 if self.whole and not self.log else None)
        if step is None:
            return self.ends()
        count = math.floor((self.high - self.low) / step + 1e-9) + 1
        return tuple(self._number(self.low + index * step) for index in range(count))

    def holds(self, value: object) -> bool:
        """Say whether `value` is a number of this range."""
        if isinstance(value, bool) or not isinstance(value, int if self.whole else (int, float)):
            return False
        return self.low <= value <= self.high

    def _number(self, value: float) -> int | float:
        return round(value) if self.whole else float(value)


Hole = Choice | Range


@dataclass(frozen=True)
class Space:
    """A training config with holes. `template` holds `Choice` and `Range` where the file has holes."""

    template: Any

    def fill(self, choose: Callable[[Hole], Value]) -> tuple[Params, dict[str, Any]]:
        """Return the values chosen for the holes that were reached, and the config without holes."""
        params: Params = {}

        def visit(node: Any) -> Any:
            match node:
                case Choice():
                    params[node.name] = choose(node)
                    return visit(node.option(params[node.name]).tree)
                case Range():
                    params[node.name] = choose(node)
                    return params[node.name]
                case dict():
                    return {key: visit(child) for key, child in node.items()}
                case list():
                    return [visit(child) for child in node]
            return node

        tree = visit(self.template)
        return params, tree

    def filled(self, params: Mapping[str, Value]) -> dict[str, Any]:
        """Return the config that `params` stand for."""
        return self.fill(lambda hole: params[hole.name])[1]

    def holes(self) -> tuple[Hole, ...]:
        """Return every hole, in the order of the file."""

        def visit(node: Any) -> Iterator[Hole]:
            if isinstance(node, Choice | Range):
                yield node
            for child in _children(node):
                yield from visit(child)

        return tuple({hole.name: hole for hole in visit(self.template)}.values())

    def probes(self) -> Iterator[Params]:
        """Yield params that reach every option and both ends of every range, one departure at a time."""
        yield from _probes(self.template)

    def combinations(self) -> Iterator[Params]:
        """Yield every combination of the grid, conditional holes only where they exist."""
        yield from _combinations(self.template)

    def origin(self, path: Path, params: Mapping[str, Value]) -> Path:
        """Return where in the file the value at `path` of the filled config was written."""
        node, origin = self.template, Path()
        for key in (*path, None):
            while isinstance(node, Choice):
                option = node.option(params[node.name])
                node, origin = option.tree, option.origin
            if key is None or isinstance(node, Range):
                break
            key = node_key(node, key)
            if key is None:
                break
            node, origin = node[key], (*origin, key)
        return origin

    def params_of(self, tree: Any) -> tuple[Params, list[str]]:
        """Return the params that lead to `tree`, a part of a config, and what in it cannot be reached."""
        params: Params = {}
        faults: list[str] = []

        def visit(node: Any, value: Any, path: str) -> None:
            match node:
                case Choice():
                    name = next(iter(value)) if isinstance(value, Mapping) and len(value) == 1 else value
                    match_ = [option for option in node.options if _same(option.name, name)]
                    if not match_:
                        valid = nearest(str(name), map(str, node.ends()))
                        faults.append(f"{path}: {name!r} is not an option here{valid}")
                        return
                    params[node.name] = match_[0].name
                    if isinstance(value, Mapping):
                        visit(match_[0].tree, value, path)
                case Range():
                    if node.holds(value):
                        params[node.name] = value
                    else:
                        faults.append(f"{path}: {value!r} lies outside [{node.low:g}, {node.high:g}]")
                case dict() if isinstance(value, Mapping):
                    for key, child in value.items():
                        below = f"{path}.{key}" if path else str(key)
                        if key in node:
                            visit(node[key], child, below)
                        else:
                            faults.append(f"{below}: the space does not set this key{nearest(key, node)}")
                case _ if not _same(node, value):
                    faults.append(f"{path}: the space fixes this to {node!r}, got {value!r}")

        visit(self.template, tree, "")
        return params, faults


def node_key(node: Any, key: str | int) -> str | int | None:
    """Return `key` as it stands in `node`, or None where there is no such value."""
    if isinstance(node, dict):
        return key if key in node else None
    return key if isinstance(node, list) and isinstance(key, int) and key < len(node) else None


def read_space(document: Document, skip: frozenset[str] = frozenset()) -> tuple[Space, list[Fault]]:
    """Read the holes of a document, leaving out the root keys in `skip`; return every fault with them."""
    reader = _Reader(document)
    tree = {key: value for key, value in document.tree.items() if key not in skip}
    return Space(reader.node(tree, (), ())), reader.faults


class _Reader:
    """Turns the mappings of a document that are holes into holes, and collects faults."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.faults: list[Fault] = []
        self.seen: dict[str, Hole] = {}

    def node(self, value: Any, origin: Path, path: Path) -> Any:
        if isinstance(value, Mapping):
            if any(key in value for key in HOLE_KEYS):
                return self.hole(value, origin, path)
            return {key: self.node(child, (*origin, key), (*path, key)) for key, child in value.items()}
        if isinstance(value, list):
            return [self.node(child, (*origin, i), (*path, i)) for i, child in enumerate(value)]
        return value

    def hole(self, value: Mapping[str, Any], origin: Path, path: Path) -> Any:
        kind = next(key for key in HOLE_KEYS if key in value)
        allowed = {"choice"} if kind == "choice" else {kind, "log", "step"}
        for key in value.keys() - allowed:
            self.fault(f"{key!r} has no place in a hole of kind {kind!r}", (*origin, key), path)
        name = ".".join(map(str, path))
        hole = self.choice(value, origin, path) if kind == "choice" else self.range(value, kind, origin, path)
        if hole is None:
            return None
        if self.seen.setdefault(name, hole) != hole and isinstance(hole, Range):
            self.fault("two options put different ranges in one place: write the same hole in both", origin, path)
        return hole

    def choice(self, value: Mapping[str, Any], origin: Path, path: Path) -> Choice | None:
        items = value["choice"]
        below = (*origin, "choice")
        named: list[tuple[Value, Any, Path]]
        if isinstance(items, Mapping):
            named = [(key, tree, (*below, key)) for key, tree in items.items()]
        elif isinstance(items, list):
            named = []
            for index, tree in enumerate(items):
                name = next(iter(tree)) if isinstance(tree, Mapping) and len(tree) == 1 else tree
                if isinstance(name, Mapping | list):
                    self.fault("an option of several keys needs a name: choice: {name: {...}, ...}", below, path)
                    return None
                named.append((name, tree, (*below, index)))
        else:
            self.fault(f"choice takes a list of options, got {items!r}", origin, path)
            return None
        names = [name for name, _, _ in named]
        if not names:
            self.fault("choice needs at least one option", origin, path)
            return None
        for index, name in enumerate(names):
            if any(_same(name, other) for other in names[:index]):
                self.fault(f"two options are named {name!r}: put the choice inside it", named[index][2], path)
        options = tuple(Option(name, self.node(tree, at, path), at) for name, tree, at in named)
        return Choice(".".join(map(str, path)), options)

    def range(self, value: Mapping[str, Any], kind: str, origin: Path, path: Path) -> Range | None:
        ends, log, step = value[kind], value.get("log", False), value.get("step")
        whole = kind == "int"
        wanted = "whole numbers" if whole else "numbers"
        if not (isinstance(ends, list) and len(ends) == 2 and all(_is_number(end, whole) for end in ends)):
            self.fault(f"{kind} takes [low, high], two {wanted}, got {ends!r}{_text_hint(ends)}", origin, path)
            return None
        low, high = ends
        rules = {
            f"low must be below high, got [{low}, {high}]": low < high,
            f"log is true or false, got {log!r}": isinstance(log, bool),
            f"a log range must stay above 0, got low = {low}": log is not True or low > 0,
            f"step must be one of the {wanted} above 0, got {step!r}": step is None
            or (_is_number(step, whole) and step > 0),
            "a log range takes no step": not (log is True and step is not None),
        }
        broken = [rule for rule, kept in rules.items() if not kept]
        for rule in broken:
            self.fault(rule, origin, path)
        return None if broken else Range(".".join(map(str, path)), low, high, log, step, whole)

    def fault(self, message: str, origin: Path, path: Path) -> None:
        where = ".".join(map(str, path))
        self.faults.append(Fault(message, where, self.document.file, self.document.line(origin)))


def _children(node: Any) -> list[Any]:
    match node:
        case Choice():
            return [option.tree for option in node.options]
        case dict():
            return list(node.values())
        case list():
            return node
    return []


def _probes(node: Any) -> Iterator[Params]:
    match node:
        case Choice():
            for option in node.options:
                for params in _probes(option.tree):
                    yield {node.name: option.name, **params}
        case Range():
            yield from ({node.name: end} for end in node.ends())
        case _:
            parts = [list(_probes(child)) for child in _children(node)]
            firsts = [part[0] for part in parts]
            yield _merged(firsts)
            for index, part in enumerate(parts):
                others = _merged(firsts[:index] + firsts[index + 1 :])
                yield from ({**others, **params} for params in part[1:])


def _combinations(node: Any) -> Iterator[Params]:
    match node:
        case Choice():
            for option in node.options:
                for params in _combinations(option.tree):
                    yield {node.name: option.name, **params}
        case Range():
            yield from ({node.name: value} for value in node.grid())
        case _:
            for parts in itertools.product(*map(list, map(_combinations, _children(node)))):
                yield _merged(list(parts))


def _merged(parts: list[Params]) -> Params:
    return {name: value for part in parts for name, value in part.items()}


def _same(left: Any, right: Any) -> bool:
    """Compare without taking True for 1."""
    return bool(left == right and isinstance(left, bool) == isinstance(right, bool))


def _is_number(value: object, whole: bool) -> bool:
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        return False
    return math.isfinite(value)


def _text_hint(ends: object) -> str:
    return " (text: write numbers without quotes)" if isinstance(ends, list) and any(
        isinstance(end, str) for end in ends
    ) else ""
