from __future__ import annotations

import itertools
import math
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import spaces

from hpsearch.space.holes import Choice, Params, Range
from hpsearch.space.reader import read_space
from hpsearch.space.space import Space
from trainables.base.yaml_document import YamlDocument, load_yaml

SCALARS = st.one_of(st.integers(-9, 9), st.booleans(), st.none(), st.sampled_from(["x", "y", "1"]))
KEYS = st.sampled_from(string.ascii_lowercase[:5])


def _choice(options: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A choice by name, so that options may be anything; each holds its own subtree."""
    named = st.dictionaries(st.sampled_from(["north", "south", "west"]), options, min_size=1, max_size=3)
    return named.map(lambda items: {"choice": {name: {name: tree} for name, tree in items.items()}})


RANGES = st.one_of(
    st.tuples(st.integers(-3, 3), st.integers(1, 3)).map(lambda t: {"int": [t[0], t[0] + t[1]]}),
    st.tuples(st.integers(-3, 3), st.integers(1, 3)).map(
        lambda t: {"int": [t[0], t[0] + 2 * t[1]], "step": t[1]}
    ),
    st.floats(0.1, 9).map(lambda low: {"float": [low, low * 2], "log": True}),
    st.just({"float": [0.1, 0.7], "step": 0.2}),
)
NODES = st.recursive(
    st.one_of(SCALARS, RANGES),
    lambda below: st.one_of(
        _choice(below), st.dictionaries(KEYS, below, max_size=3), st.lists(below, max_size=2)
    ),
    max_leaves=6,
)
TREES = st.dictionaries(KEYS, NODES, min_size=1, max_size=3)


def space_of(tree: dict[str, Any]) -> Space:
    space, faults = read_space(YamlDocument("made up", tree, {}))
    assert not faults, faults
    return space


def has_hole(tree: Any) -> bool:
    if isinstance(tree, Choice | Range):
        return True
    children = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return any(map(has_hole, children)) or (isinstance(tree, dict) and bool(tree.keys() & {"choice", "int"}))


def key_of(params: Params) -> tuple[Any, ...]:
    return tuple((name, repr(value)) for name, value in sorted(params.items()))


def oracle(tree: Any) -> int:
    """Count combinations from the written tree alone."""
    if isinstance(tree, list):
        return math.prod(map(oracle, tree))
    if not isinstance(tree, dict):
        return 1
    if "choice" in tree:
        return sum(map(oracle, tree["choice"].values()))
    if "int" in tree:
        low, high = tree["int"]
        return len(range(low, high + 1, tree.get("step", 1)))
    if "float" in tree:
        return 4 if "step" in tree else 2
    return math.prod(map(oracle, tree.values()))


@given(TREES)
@settings(max_examples=60, deadline=None)
def test_a_grid_visits_every_combination_once(tree: dict[str, Any]) -> None:
    space = space_of(tree)
    wanted = oracle(tree)
    assert space.size() == wanted
    for params in itertools.islice(space.combinations(), 50):
        assert not has_hole(space.fill(params))
    if wanted <= 500:
        assert len({key_of(params) for params in space.combinations()}) == wanted


@given(TREES)
@settings(max_examples=60, deadline=None)
def test_probes_reach_every_option_and_both_ends_of_every_range(tree: dict[str, Any]) -> None:
    space = space_of(tree)
    reached: set[tuple[str, str]] = set()
    for params in space.probes():
        assert not has_hole(space.fill(params))
        reached |= {(name, repr(value)) for name, value in params.items()}
    wanted = {(hole.name, repr(end)) for hole in space.holes() for end in hole.ends()}
    assert wanted <= reached


@given(TREES, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_params_lead_to_a_config_and_the_config_back_to_them(tree: dict[str, Any], random: Any) -> None:
    space = space_of(tree)
    params, filled = space.draw(lambda hole: random.choice(hole.ends()))
    assert key_of(space.complete(params)) == key_of(params)
    assert space.fill(params) == filled
    found, faults = space.params_of(filled)
    assert not faults
    assert key_of(found) == key_of(params)


@given(TREES, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_every_value_of_a_config_is_traced_to_where_it_was_written(tree: dict[str, Any], random: Any) -> None:
    space = space_of(tree)
    params, filled = space.draw(lambda hole: random.choice(hole.ends()))
    for path, value in leaves(filled, ()):
        written: Any = tree
        for key in space.origin(path, params):
            written = written[key]
        assert written == value or value in written.get("int", written.get("float", ()))


def leaves(tree: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(tree, dict | list):
        for key, child in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from leaves(child, (*path, key))
    else:
        yield path, tree


NESTED = """\
network:
  dropout: {float: [0.0, 0.5]}
pretext:
  choice:
    - none
    - puzzling:
        grid:
          choice: [2, 3]
        flag: 3
    - rotation:
        grid: {int: [2, 4]}
clip_norm: {choice: [null, {float: [0.5, 5], log: true}]}
"""


def test_lines_lead_back_to_the_file_through_choices(tmp_path: Path) -> None:
    document = load_yaml(spaces.write(tmp_path, NESTED))
    space, faults = read_space(document)
    assert not faults
    params: Params = {"network.dropout": 0.2, "pretext": "puzzling", "pretext.puzzling.grid": 3}
    params |= {"clip_norm": "float", "clip_norm.float": 2.0}
    lines = {
        ("network", "dropout"): 3,
        ("pretext",): 7,  # the option, not the choice
        ("pretext", "puzzling", "grid"): 9,
        ("pretext", "puzzling", "flag"): 10,
        ("pretext", "puzzling", "unknown"): 7,
        ("clip_norm",): 13,
        ("data", "train", "dataset"): 1,
    }
    assert {path: document.line(space.origin(path, params)) for path in lines} == lines
    params["pretext"] = "none"
    assert document.line(space.origin(("pretext",), params)) == 6


def test_a_hole_that_is_an_option_has_a_name_of_its_own(tmp_path: Path) -> None:
    space = spaces.load(tmp_path, NESTED).space
    names = [hole.name for hole in space.holes()]
    assert names == [
        "network.dropout",
        "pretext",
        "pretext.puzzling.grid",
        "pretext.rotation.grid",
        "clip_norm",
        "clip_norm.float",
    ]
    assert space.params_of({"clip_norm": 2.0}) == ({"clip_norm": "float", "clip_norm.float": 2.0}, [])
    assert space.params_of({"clip_norm": None}) == ({"clip_norm": None}, [])


def test_pairs_make_two_departures_at_once(tmp_path: Path) -> None:
    space = spaces.load(tmp_path, "epochs: {choice: [4, 5, 6]}\nseed: {choice: [0, 1]}\n").space
    pairs = {(params["epochs"], params["seed"]) for params in space.pairs()}
    assert pairs == {(5, 1), (6, 1)}


@pytest.mark.parametrize(
    ("hole", "values"),
    [
        (Range("x", 0.0, 0.7, False, 0.1, False), (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)),
        (Range("x", 1, 7, False, 3, True), (1, 4, 7)),
        (Range("x", 1, 3, False, None, True), (1, 2, 3)),
        (Range("x", 1, 300, True, None, True), (1, 300)),
        (Range("x", 0, 1, False, None, False), (0.0, 1.0)),
    ],
)
def test_steps_are_as_exact_as_they_are_written(hole: Range, values: tuple[float, ...]) -> None:
    assert hole.grid() == values
    assert hole.size == len(values)
    assert all(hole.holds(value) for value in values)
    assert not hole.holds(values[0] - 1)
    assert not hole.holds(True)
    assert not hole.holds(str(values[0]))
