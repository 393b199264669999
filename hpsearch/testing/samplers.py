"""The contract of samplers: suggestions lie in the space and follow from the seed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from hpsearch.study.policy.samplers import SAMPLERS, SamplerConfig, learns_costs
from hpsearch.testing.configs import assert_read_without_torch, written
from hpsearch.testing.searches import Tried, read, searched
from trainables.base.errors import InputError

EPOCHS = 2
"""A sampler learns from the last one: more would show the same."""


def suggested(folder: Path, search: Mapping[str, Any], *, reopen: bool = False) -> list[Tried]:
    """Return the first trials of a search."""
    return searched(folder, search, reopen=reopen, epochs=EPOCHS)


class SamplerContract:
    """What every sampler keeps; parametrise a subclass with `config`."""

    def test_settings_are_read_without_torch(self, config: SamplerConfig) -> None:
        assert_read_without_torch(config, "config.enumerates, hash(config)")

    def test_suggestions_lie_in_the_space(
        self, config: SamplerConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        search = {"sampler": written(SAMPLERS, config, monkeypatch)}
        space = read(tmp_path, search).space
        holes = {hole.name: hole for hole in space.holes()}
        for tried in suggested(tmp_path, search):
            assert tried.params.keys() == space.complete(tried.params).keys()
            for name, value in tried.params.items():
                on_grid = isinstance(value, float) and value == pytest.approx(round(value, 1))
                assert on_grid or value in holes[name].grid()

    def test_one_seed_gives_one_study_however_often_it_is_opened(
        self, config: SamplerConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sampler = written(SAMPLERS, config, monkeypatch)
        first = suggested(tmp_path / "a", {"sampler": sampler, "seed": 3})
        assert suggested(tmp_path / "b", {"sampler": sampler, "seed": 3}, reopen=True) == first
        if not config.enumerates:
            assert suggested(tmp_path / "c", {"sampler": sampler, "seed": 4}) != first

    def test_known_configs_come_first_and_once(
        self, config: SamplerConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        known = {"network.dropout": 0.3, "pretext": "rotation", "pretext.rotation.flag": 3}
        tree = {"pretext": {"rotation": {"flag": 3}}, "network": {"dropout": 0.3}}
        search = {"sampler": written(SAMPLERS, config, monkeypatch), "enqueue": [tree]}
        designs = [tried.params for tried in suggested(tmp_path, search, reopen=True)]
        assert designs[0] == known
        assert known not in designs[1:]

    def test_costs_are_objectives_too_or_are_refused(
        self, config: SamplerConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        search = {
            "sampler": written(SAMPLERS, config, monkeypatch),
            "objectives": ["validation/mae_deg", "cost/parameters"],
        }
        if not learns_costs(config):
            with pytest.raises(InputError, match="one objective"):
                read(tmp_path, search)
            return
        first = suggested(tmp_path / "a", search)
        assert suggested(tmp_path / "b", search, reopen=True) == first

    def test_what_enumerates_tries_the_whole_space_once(
        self, config: SamplerConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        spec = read(tmp_path, {"sampler": written(SAMPLERS, config, monkeypatch)})
        assert len(spec.enqueued) == (spec.space.designs() if config.enumerates else 0)
