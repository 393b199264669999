"""Shares of a GPU against a stated memory budget: never over-packed, never too small, as small as can be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpsearch.work.shares import (
    MOST_PER_GPU,
    floor_to_ray_unit,
    larger_share,
    needed_mib,
    per_gpu,
    share_of,
    smallest_share,
    threads_to_feed,
)
from trainables.training.footprint import Footprint
from trainables.training.gpu_memory import OUTSIDE_TORCH_MIB, OutOfGpuMemory, torch_limit

GPUS_MIB = st.floats(4_000, 200_000)
EXACT = 1e-6  # floats, MiB


@pytest.mark.parametrize("trials", range(1, MOST_PER_GPU + 1))
def test_of_a_share_of_1_by_n_just_n_fit(trials: int) -> None:
    for share in (1 / trials, share_of(trials)):
        assert per_gpu(share) == trials
        rays_units = round(floor_to_ray_unit(share) * 10_000)  # Ray rounds what it is asked for to these
        assert trials * rays_units <= 10_000 < (trials + 1) * rays_units


@given(share=st.floats(0.01, 1))
def test_ray_places_as_many_trials_as_are_counted_on(share: float) -> None:
    rays_units = round(floor_to_ray_unit(share) * 10_000)
    assert per_gpu(share) * rays_units <= 10_000 < (per_gpu(share) + 1) * rays_units
    assert -EXACT <= share - floor_to_ray_unit(share) < 1e-4 + EXACT


@given(needed=st.floats(1, 300_000), gpu=GPUS_MIB)
def test_the_smallest_share_holds_and_no_smaller_one_would(needed: float, gpu: float) -> None:
    share = smallest_share(needed, gpu)
    trials = per_gpu(share)
    if needed > gpu:
        assert share == 1
        return
    assert share * gpu >= needed - EXACT
    assert trials * needed <= gpu + EXACT  # not over-packed
    assert trials == MOST_PER_GPU or share_of(trials + 1) * gpu < needed + EXACT


@given(torch=st.floats(10, 100_000), other=st.floats(0, 10_000), gpu=GPUS_MIB)
def test_torch_may_take_what_it_was_measured_to_need(torch: float, other: float, gpu: float) -> None:
    needed = needed_mib(Footprint(torch, other, 0.0))
    share = smallest_share(needed, gpu)
    assert needed >= torch + other and needed >= torch + OUTSIDE_TORCH_MIB
    if needed <= gpu:
        assert torch_limit(share, gpu) * gpu >= torch - EXACT
        assert torch_limit(share, gpu) <= share + EXACT


@given(trials=st.integers(2, MOST_PER_GPU), needed=st.floats(1, 300_000), gpu=GPUS_MIB)
def test_after_a_shortage_a_share_at_least_twice_as_large_is_tried(
    trials: int, needed: float, gpu: float
) -> None:
    share = share_of(trials)
    short = OutOfGpuMemory(needed, share * gpu, share)
    larger = larger_share(short)
    assert per_gpu(larger) <= trials // 2
    assert larger * gpu >= min(needed, gpu) - EXACT


@pytest.mark.parametrize(
    ("wait_share", "threads"), [(0.0, 2), (0.05, 2), (0.4, 2), (0.5, 2), (0.75, 4), (1.0, 50)]
)
def test_threads_make_up_for_the_time_that_one_let_the_gpu_wait(wait_share: float, threads: int) -> None:
    assert threads_to_feed(wait_share) == threads
