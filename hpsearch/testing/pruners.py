"""The contract of pruners: when one may stop a trial, however often the study is opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from hpsearch.study.policy.pruners import PRUNERS, PrunerConfig
from hpsearch.testing.configs import assert_read_without_torch, written
from hpsearch.testing.searches import EPOCHS, TRIALS, Tried, searched, worse_and_worse


def trials_of(
    config: PrunerConfig, folder: Path, patch: pytest.MonkeyPatch, *, reopen: bool = False
) -> list[Tried]:
    """Return the trials of a search in which each is worse than those before."""
    search = {"sampler": "random", "pruner": written(PRUNERS, config, patch)}
    return searched(folder, search, worse_and_worse, reopen=reopen)


class PrunerContract:
    """What every pruner keeps; parametrise a subclass with `config`, which begins before the ninth epoch.

    Of a pruner that freezes trials it tries the rungs; whom halving freezes is not the pruner's to say.
    """

    def test_settings_are_read_without_torch(self, config: PrunerConfig) -> None:
        assert_read_without_torch(config, "config.first_epoch, config.halving(9), hash(config)")

    def test_no_trial_is_stopped_before_its_first_epoch_or_after_its_last(
        self, config: PrunerConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        trials = trials_of(config, tmp_path, monkeypatch)
        assert len(trials) == TRIALS
        assert not trials[0].stopped, "the best of all"
        for trial in trials:
            if trial.stopped:
                assert config.first_epoch is not None
                assert config.first_epoch <= len(trial.values) < EPOCHS
            else:
                assert len(trial.values) == EPOCHS

    def test_what_begins_stops_or_freezes_and_what_never_begins_does_neither(
        self, config: PrunerConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stopped = any(trial.stopped for trial in trials_of(config, tmp_path, monkeypatch))
        assert (config.first_epoch is not None) == (stopped or config.halving(EPOCHS) is not None)

    def test_decisions_do_not_depend_on_how_often_the_study_is_opened(
        self, config: PrunerConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        once = trials_of(config, tmp_path / "a", monkeypatch)
        assert trials_of(config, tmp_path / "b", monkeypatch, reopen=True) == once

    @pytest.mark.parametrize("epochs", [1, 2, 9, 45, 243])
    def test_rungs_rise_from_the_first_epoch_and_end_before_the_last(
        self, config: PrunerConfig, epochs: int
    ) -> None:
        halving = config.halving(epochs)
        if halving is not None:
            assert halving.factor >= 2
            assert sorted(set(halving.rungs)) == list(halving.rungs)
            assert all(config.first_epoch <= rung < epochs for rung in halving.rungs)  # type: ignore[operator]
            assert halving.rungs[:1] == ((config.first_epoch,) if config.first_epoch < epochs else ())  # type: ignore[operator]
