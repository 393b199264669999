"""How many trainings in parallel are worth it, from given figures, and measured on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from support.forks import forked
from support.toy import prepared_blobs, toy_config

from trainables.training.packing import counts, gain, rises, settled, worth_packing
from trainables.training.packing_measurement import Candidate, measure_together


@pytest.mark.parametrize(
    ("together", "worth"),
    [
        ({1: 383.0, 2: 380.0}, 1),  # kernels of several processes take turns: NVIDIA's figures without MPS
        ({1: 100.0, 2: 104.0}, 1),
        ({1: 100.0, 2: 105.0}, None),
        ({1: 100.0, 2: 190.0, 4: 195.0}, 2),
        ({1: 100.0, 2: 190.0, 4: 360.0, 8: 300.0}, 4),
        ({1: 100.0, 2: 190.0, 4: 360.0}, None),  # what fits decides
        ({1: 100.0}, None),
        ({4: 195.0, 1: 100.0, 2: 190.0}, 2),
    ],
)
def test_packing_stops_where_the_sum_no_longer_rises_by_a_twentieth(
    together: dict[int, float], worth: int | None
) -> None:
    assert worth_packing(together) == worth
    assert rises(together) is (worth is None)


def test_no_more_are_measured_than_fit() -> None:
    assert [list(counts(most)) for most in (1, 3, 4, 100)] == [[1], [1, 2], [1, 2, 4], [1, 2, 4, 8, 16]]


def test_what_fits_now_and_did_not_before_is_still_to_be_measured() -> None:
    assert not settled({}, 1)
    assert settled({1: 100.0, 2: 190.0}, 3) and not settled({1: 100.0, 2: 190.0}, 4)
    assert settled({1: 100.0, 2: 101.0}, 16)


def test_what_was_not_measured_lies_between_what_was() -> None:
    together = {1: 100.0, 2: 180.0, 4: 200.0}
    assert [gain(together, count) for count in (1, 2, 3, 4, 50)] == pytest.approx([1, 1.8, 1.9, 2, 2])
    assert gain(together, 1.5) == pytest.approx(1.4)
    assert gain({1: 7.0}, 9) == 1.0


def test_a_candidate_shares_the_cores_as_its_trials_would() -> None:
    candidate = Candidate(toy_config(), most=8, most_threads=3, cores=8)
    assert [candidate.threads(count) for count in (1, 2, 4, 8, 16)] == [3, 3, 2, 1, 1]


@pytest.mark.slow
def test_trainings_are_measured_together_and_a_design_that_cannot_be_costs_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared_blobs(tmp_path / "blobs", splits=("train", "train", "validation"), count=24)
    good = toy_config(batch=4)
    broken = good.model_copy(update={"optimizer": None})
    monkeypatch.setattr("trainables.training.packing.RISE", 0.0)  # whatever this machine does meanwhile
    monkeypatch.setattr("trainables.training.packing_measurement.TRAINED_S", 0.2)
    designs = [Candidate(each, most=2, most_threads=1, cores=2) for each in (broken, good)]
    with forked("trainables.training.packing_measurement"):
        failed, found = measure_together(designs, tmp_path, torch.device("cpu"), seconds=600)
    assert isinstance(failed, str) and failed.startswith("AttributeError: ")
    assert isinstance(found, dict) and sorted(found) == [1, 2]
    assert all(speed > 0 for speed in found.values())
    late, _ = measure_together(designs, tmp_path, torch.device("cpu"), seconds=-1)
    assert late == "the -1 s for it were over"
