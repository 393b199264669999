"""What a study can answer, by earlier runs of its root with the same data and network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support import made_up_arms as made_up
from support.gaze_target import GazeConfig
from support.spaces import plain

from hpsearch.results.comparison import compare
from hpsearch.results.kept_noise import (
    FILE,
    Setting,
    expected_noise,
    keep_noise,
    noises_of,
    quickstart_noise,
)
from hpsearch.results.leaderboard import board_of, render
from hpsearch.results.noise import noise_of
from hpsearch.results.outlook import hindsight, intended, outlook
from hpsearch.results.power import Intended
from hpsearch.study.records import StudyRecord
from hpsearch.study.spec import StudySpec, load_spec
from trainables.base.errors import InputWarning
from trainables.target import TARGETS


def study(folder: Path) -> StudyRecord:
    """Return a study of two designs with three seeds each, whose runs differ by 0.5 degrees."""
    trials = [
        made_up.trial(3 * n + seed, made_up.config(task, seed), 6.0 - 0.5 * n + 0.5 * seed)
        for n, task in enumerate(("none", "rotation"))
        for seed in range(3)
    ]
    return replace(made_up.study(trials), folder=folder)


def asking(tmp_path: Path, search: str) -> StudySpec:
    file = tmp_path / "asking.yaml"
    file.write_text(
        f"search: {search}\ndata: {{train: {{dataset: heads}}}}\npretext: {{choice: [none, rotation]}}\n"
        "network: {dropout: {float: [0, 0.5]}}\n"
    )
    return load_spec(file)


def test_noise_is_kept_with_the_study_and_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = study(tmp_path / "studies" / "before")
    made.folder.mkdir(parents=True)
    keep_noise(made)
    [(setting, noise)] = noises_of(made).items()
    assert setting == Setting(
        "validation/mae_deg", (("train", "heads @ 1"), ("validation", "heads @ 1")), "resnet50 at 224 px"
    )
    assert noise.deviation == pytest.approx(0.5) and noise.shared == pytest.approx(1.0) and noise.df == 4
    monkeypatch.setattr("hpsearch.results.kept_noise._settings", lambda *_: [setting])
    found = expected_noise(plain(), tmp_path)
    assert found is not None and found.source == "of study before"
    assert found.noise.deviation == pytest.approx(0.5) and found.noise.df == 4
    other = replace(setting, network="resnet18 at 224 px")
    monkeypatch.setattr("hpsearch.results.kept_noise._settings", lambda *_: [other])
    elsewhere = expected_noise(plain(), tmp_path)
    assert elsewhere is not None and elsewhere.noise == quickstart_noise()


@pytest.mark.parametrize("aim", ["geodesic_deg", "yaw_mae_deg", "best_mae_deg", "mae_deg"])
def test_the_noise_of_the_quickstart_is_of_its_own_objective_alone(aim: str, tmp_path: Path) -> None:
    found = expected_noise(asking(tmp_path, f"{{objective: validation/{aim}}}"), tmp_path)
    assert (found is not None) == (aim == "mae_deg")


def test_another_target_in_degrees_has_not_the_noise_of_the_quickstart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(TARGETS.built_in, "gaze", GazeConfig)
    file = tmp_path / "gaze.yaml"
    file.write_text("target: gaze\ndata: {train: {dataset: eyes}}\nhead: regression\n")
    spec = load_spec(file)
    assert spec.objective.name == "validation/mae_deg"
    assert expected_noise(spec, tmp_path) is None


@pytest.mark.parametrize("damaged", ["[{]", "[{}]", "3", None])
def test_a_file_of_noise_that_cannot_be_read_keeps_no_other_study_from_its_answer(
    damaged: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = study(tmp_path / "studies" / "before")
    made.folder.mkdir(parents=True)
    keep_noise(made)
    [setting] = noises_of(made)
    monkeypatch.setattr("hpsearch.results.kept_noise._settings", lambda *_: [setting])
    file = tmp_path / "studies" / "also" / FILE
    file.parent.mkdir()
    file.mkdir() if damaged is None else file.write_text(damaged)
    with pytest.warns(InputWarning, match=f"{file}: cannot be read .* delete it"):
        found = expected_noise(plain(), tmp_path)
    assert found is not None and found.source == "of study before"


def test_a_study_without_a_second_run_keeps_nothing(tmp_path: Path) -> None:
    one = replace(made_up.study([made_up.trial(0, made_up.config(), 6.0)]), folder=tmp_path)
    keep_noise(one)
    assert not (tmp_path / FILE).exists()
    assert hindsight(compare(made_up.arms_of(one)), noise_of(made_up.arms_of(one)), one.objective) == ""


@pytest.mark.parametrize(
    ("search", "runs"),
    [
        ("{confirm: {top: 1, seeds: 4}}", Intended(1, 4, 4, 4)),
        ("{confirm: {top: 3, seeds: 3}}", Intended(3, 3, 3, 5)),
        (
            "{confirm: {top: 1, seeds: {min: 3, max: 8}, equal_within: 0.5}}",
            Intended(1, 3, 8, 8, 0.5),
        ),
        (  # the older name of files that people have
            "{confirm: {top: 1, seeds: {min: 3, max: 8}, equal_within_deg: 0.5}}",
            Intended(1, 3, 8, 8, 0.5),
        ),
        ("{}", None),
    ],
)
def test_what_is_intended_follows_from_the_file(tmp_path: Path, search: str, runs: Intended | None) -> None:
    spec = asking(tmp_path, search)
    assert intended(spec) == runs
    said = outlook(spec, tmp_path)
    if runs is None:
        assert "one run of each design" in said
    else:
        assert "stay undecided in one of five studies" in said and "of the quickstart" in said
        assert ("called equal within 0.5°" in said) is (runs.zone is not None)


def test_seeds_of_a_grid_count_too() -> None:
    spec = load_spec(made_up.SPACES / "paper" / "table1_flags_heads.yaml")
    assert intended(spec) == Intended(12, 8, 8, 8)


def test_a_study_that_ended_says_its_noise_and_what_it_hides(tmp_path: Path) -> None:
    made = study(tmp_path)
    [said] = [line for line in board_of(made).verdict.splitlines() if "standard deviation" in line]
    assert said.startswith(
        "The standard deviation of a run is 0.50°, 95 % interval 0.30 to 1.44; runs of one"
    )
    assert "correlate by 1.00. With 3 seeds, differences below 1." in said
    assert '"deviation": 0.5,' in render(made, "json")
