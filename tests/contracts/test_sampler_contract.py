"""Every sampler keeps the contract that `hpsearch.testing` has, and goes with every pruner."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.own_sampler import OwnSamplerConfig

from hpsearch.study.policy.pruners import PRUNERS
from hpsearch.study.policy.samplers import SAMPLERS
from hpsearch.testing import SamplerContract, rows
from hpsearch.testing.searches import read, searched

ALL = {**SAMPLERS, "not installed": OwnSamplerConfig}


@pytest.mark.parametrize("config", rows(ALL))
class TestSamplers(SamplerContract):
    pass


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("pruner", PRUNERS)
def test_each_goes_with_every_pruner(tmp_path: Path, sampler: str, pruner: str) -> None:
    search = {"sampler": sampler, "pruner": pruner}
    space = read(tmp_path, search).space
    for tried in searched(tmp_path, search):
        assert tried.params.keys() == space.complete(tried.params).keys()
