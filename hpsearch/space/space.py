"""A search space: a training config with holes, which are listed, filled and probed.

A hole may be written in place of any value:

    {choice: [a, b]}            one of a list; an option may be a whole subtree with holes of its own
    {choice: {x: ..., y: ...}}  the same with a name for each option
    {float: [low, high]}        log: true, or step: s, where wanted
    {int: [low, high]}          likewise

A hole's name is its dotted path in the training config (`pretext.puzzling.grid`), the same everywhere. A hole
that is itself an option of a choice has the option's name behind its path (`clip_norm.float`).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hpsearch.space.holes import Choice, Hole, Params, Range, Value, same
from trainables.base.errors import brief, nearest
from trainables.base.schema import KeyPath

MAX_PAIRS = 2_000
"""Most pairs of departures that are probed, which takes about a second."""


Design = frozenset[tuple[str, str]]
"""The values of holes as text, whichever way a sampler computed them."""


@dataclass(frozen=True)
class Space:
    """A training config with holes. `template` holds `Choice` and `Range` where the file has holes."""

    template: Any

    def draw(self, choose: Callable[[Hole], Value]) -> tuple[Params, dict[str, Any]]:
        """Return the values chosen for the holes that apply, and the config without holes."""
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

    def fill(self, params: Mapping[str, Value]) -> dict[str, Any]:
        """Return the config in which `params` fill the holes."""
        return self.draw(lambda hole: params[hole.name])[1]

    def complete(self, params: Mapping[str, Value]) -> Params:
        """Return `params`, and the first option or the lower end for holes without a value."""
        return self.draw(lambda hole: params.get(hole.name, hole.ends()[0]))[0]

    def holes(self) -> tuple[Hole, ...]:
        """Return every hole, in the order of the file."""

        def visit(node: Any) -> Iterator[Hole]:
            if isinstance(node, Choice | Range):
                yield node
            for child in _children(node):
                yield from visit(child)

        return tuple({hole.name: hole for hole in visit(self.template)}.values())

    def probes(self) -> Iterator[Params]:
        """Yield params that cover every option and both ends of every range, one departure at a time.

        A departure gives one hole another value than its first option or lower end.
        """
        for departure in ({}, *_departures(self.template, {})):
            yield self.complete(departure)

    def pairs(self) -> Iterator[Params]:
        """Yield params with two departures at a time, `MAX_PAIRS` at most: some rules join two values."""
        departures = itertools.combinations(_departures(self.template, {}), 2)
        pairs = (one | other for one, other in departures if _compatible(one, other))
        yield from map(self.complete, itertools.islice(pairs, MAX_PAIRS))

    def size(self) -> int:
        """Return how many combinations the grid has, without listing them."""

        def count(node: Any) -> int:
            match node:
                case Choice():
                    return sum(count(option.tree) for option in node.options)
                case Range():
                    return node.size
            return math.prod(map(count, _children(node)))

        return count(self.template)

    def designs(self) -> int | None:
        """Return how many combinations of values there are, None where a range has no end of them."""
        endless = any(isinstance(hole, Range) and hole.count is None for hole in self.holes())
        return None if endless else self.size()

    def design(self, params: Mapping[str, Value]) -> Design:
        """Return what two params have in common that lead to the same config."""
        return frozenset((name, repr(self._as_written(name, value))) for name, value in params.items())

    def _as_written(self, name: str, value: Value) -> Value:
        hole = self._ranges.get(name)
        return hole.nearest(value) if hole and isinstance(value, int | float) else value

    @cached_property
    def _ranges(self) -> Mapping[str, Range]:
        return {hole.name: hole for hole in self.holes() if isinstance(hole, Range)}

    def combinations(self) -> Iterator[Params]:
        """Yield every combination of the grid, conditional holes only where they exist."""
        yield from _combinations(self.template)

    def origin(self, path: KeyPath, params: Mapping[str, Value]) -> KeyPath:
        """Return where in the file the value at `path` of the filled config was written."""
        node, origin = self.template, KeyPath()
        for key in (*path, None):
            while isinstance(node, Choice):
                option = node.option(params[node.name])
                node, origin = option.tree, option.origin
            if key is None or key not in _keys(node):
                break
            node, origin = node[key], (*origin, key)
        return origin

    def params_of(self, tree: Any) -> tuple[Params, list[tuple[KeyPath, str]]]:
        """Return the params that lead to `tree`, a part of a config, and where and why it lies outside."""
        return _params_of(self.template, tree, ())


Reached = tuple[Params, list[tuple[KeyPath, str]]]


def _params_of(node: Any, value: Any, path: KeyPath) -> Reached:
    match node:
        case Choice():
            return _option_of(node, value, path)
        case Range() if node.holds(value):
            return {node.name: value}, []
        case Range():
            step = "" if node.step is None else f" in steps of {node.step:g}"
            return {}, [(path, f"{brief(value)} lies outside [{node.low:g}, {node.high:g}]{step}")]
        case dict() if value is None or list(node) == [value]:  # a section or a variant without settings
            return {}, []
        case dict() if isinstance(value, Mapping):
            unknown = [
                ((*path, key), f"the space does not set this key{nearest(key, node)}")
                for key in value
                if key not in node
            ]
            parts = [
                _params_of(node[key], child, (*path, key)) for key, child in value.items() if key in node
            ]
            return _merged([params for params, _ in parts]), unknown + [
                f for _, faults in parts for f in faults
            ]
        case list() if isinstance(value, list) and len(value) == len(node):
            parts = [
                _params_of(child, item, (*path, index))
                for index, (child, item) in enumerate(zip(node, value, strict=True))
            ]
            return _merged([params for params, _ in parts]), [f for _, faults in parts for f in faults]
    if same(node, value) or (isinstance(value, Mapping) and same(node, _bare(value))):
        return {}, []
    fixed = f"to {brief(node)}" if not isinstance(node, dict | list) else "to other settings"
    return {}, [(path, f"the space fixes this {fixed}, got {brief(value)}")]


def _option_of(node: Choice, value: Any, path: KeyPath) -> Reached:
    """Find the option that `value` names, else the first one that leads to it."""
    for option in node.options:
        if same(option.name, value):
            return {node.name: option.name}, []
    for option in node.options:
        if isinstance(value, Mapping) and list(value) == [option.name]:
            params, faults = _params_of(option.tree, value, path)
            return {node.name: option.name, **params}, faults
    for option in node.options:
        params, faults = _params_of(option.tree, value, path)
        if not faults:
            return {node.name: option.name, **params}, []
    name = str(next(iter(value), "")) if isinstance(value, Mapping) else str(value)
    return {}, [(path, f"{brief(value)} is not an option here{nearest(name, map(str, node.ends()))}")]


def _bare(value: Mapping[str, Any]) -> str | None:
    """Return the name of a variant written with empty settings."""
    return next(iter(value)) if len(value) == 1 and next(iter(value.values())) in (None, {}) else None


def _children(node: Any) -> list[Any]:
    match node:
        case Choice():
            return [option.tree for option in node.options]
        case dict():
            return list(node.values())
        case list():
            return node
    return []


def _keys(node: Any) -> Mapping[Any, Any] | range:
    """Return the keys below a node that is not a hole."""
    return node if isinstance(node, dict) else range(len(node) if isinstance(node, list) else 0)


def _departures(node: Any, reached: Params) -> Iterator[Params]:
    """Yield each option but the first and each probe but the lower end, with the options that lead there."""
    match node:
        case Choice():
            for index, option in enumerate(node.options):
                here = {**reached, node.name: option.name}
                if index:
                    yield here
                yield from _departures(option.tree, here)
        case Range():
            yield from ({**reached, node.name: value} for value in node.probes()[1:])
        case _:
            for child in _children(node):
                yield from _departures(child, reached)


def _compatible(one: Params, other: Params) -> bool:
    """Return whether two departures can be combined and neither is part of the other."""
    shared = one.keys() & other.keys()
    return len(shared) < min(len(one), len(other)) and all(same(one[name], other[name]) for name in shared)


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
