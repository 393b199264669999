"""The contract of samplers, with every pruner: suggestions lie in the space and follow from the seed."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import studies

from hpsearch.space.holes import Params
from hpsearch.study.policy.pruners import PRUNERS
from hpsearch.study.policy.samplers import SAMPLERS

TRIALS = 9
each_sampler = pytest.mark.parametrize("sampler", SAMPLERS)


def asked(folder: Path, search: str, *, reopen: bool = False) -> list[Params]:
    """Return the params of a study's trials, each trained to its end."""
    given = studies.spec(folder, search)
    study = studies.open_in(folder / "study", given)
    params = []
    for _ in range(TRIALS):
        if reopen:
            study = studies.open_in(folder / "study", given)
        ask = study.ask()
        params.append(ask.params)
        studies.train(study, ask)
    return params


@each_sampler
@pytest.mark.parametrize("pruner", PRUNERS)
def test_suggestions_lie_in_the_space(tmp_path: Path, sampler: str, pruner: str) -> None:
    given = studies.spec(tmp_path, f"{{sampler: {sampler}, pruner: {pruner}}}")
    holes = {hole.name: hole for hole in given.space.holes()}
    for params in asked(tmp_path, f"{{sampler: {sampler}, pruner: {pruner}}}"):
        assert params.keys() == given.space.complete(params).keys()
        for name, value in params.items():
            on_grid = isinstance(value, float) and value == pytest.approx(round(value, 1))
            assert on_grid or value in holes[name].grid()


@each_sampler
def test_one_seed_gives_one_study_however_often_it_is_opened(tmp_path: Path, sampler: str) -> None:
    first = asked(tmp_path / "a", f"{{sampler: {sampler}, seed: 3}}")
    assert asked(tmp_path / "b", f"{{sampler: {sampler}, seed: 3}}", reopen=True) == first
    if sampler != "grid":
        assert asked(tmp_path / "c", f"{{sampler: {sampler}, seed: 4}}") != first


@each_sampler
def test_known_configs_come_first_and_once(tmp_path: Path, sampler: str) -> None:
    known = {"network.dropout": 0.3, "pretext": "rotation", "pretext.rotation.flag": 3}
    tree = "{pretext: {rotation: {flag: 3}}, network: {dropout: 0.3}}"
    search = f"{{sampler: {sampler}, enqueue: [{tree}]}}"
    params = asked(tmp_path, search, reopen=True)
    assert params[0] == known
    if sampler == "grid":
        assert known not in params[1:]
