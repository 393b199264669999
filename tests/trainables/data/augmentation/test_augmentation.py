"""Levels, magnitudes, and what is drawn from them."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from trainables.base.schema import Variant
from trainables.data.augmentation import AUGMENTATIONS, AugmentationConfig, Magnitudes, NoAugmentation
from trainables.data.augmentation.plan import NEUTRAL, PLACES

LEVEL: TypeAdapter[Any] = TypeAdapter(Annotated[AugmentationConfig, Variant(AUGMENTATIONS)])
LEVELS = {name: row for name, row in AUGMENTATIONS.items() if row is not NoAugmentation}

MAGNITUDES = st.builds(
    Magnitudes,
    zoom=st.floats(0, 0.9),
    contrast=st.floats(0, 1),
    brightness=st.floats(0, 1),
    hue_deg=st.floats(0, 180),
    blur_sigma_px=st.floats(0, 30),
    downscale_factors=st.lists(st.integers(1, 56), min_size=1, max_size=4).map(tuple),
    cutout=st.floats(0, 1),
    noise=st.floats(0, 1),
    mirror=st.floats(0, 1),
    turn_deg=st.floats(0, 45),
    channel_contrast=st.floats(0, 1),
    brightness_shift=st.floats(0, 1),
)
SEEDS = st.integers(0, 2**63 - 1)


def operations(level: object) -> set[str]:
    return set(LEVEL.validate_python(level).build().operations)


def test_each_level_makes_the_changes_that_the_paper_names() -> None:
    assert operations("1") == {"zoom", "tone"}
    assert operations("2") == {"zoom", "tone", "blur", "downscale", "cutout"}
    assert operations("heavy") == {"zoom", "noise", "cutout", "hue", "tone"}
    assert LEVEL.validate_python("none").build() is None


@pytest.mark.parametrize("level", LEVELS)
def test_mirror_and_turn_can_be_added_to_every_level(level: str) -> None:
    assert operations({level: {"mirror": 0.5, "turn_deg": 10}}) == operations(level) | {"mirror", "turn"}


def test_zoom_and_hue_alone_can_be_written() -> None:
    assert operations({"1": {"hue_deg": 18, "contrast": 0}}) == {"zoom", "hue"}


def test_levels_one_and_two_leave_colours_alone() -> None:
    for level in ("1", "2"):
        config = LEVEL.validate_python(level)
        assert (config.hue_deg, config.brightness, config.noise) == (0, 0, 0)


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_explains_every_magnitude_and_bounds_it(level: str) -> None:
    for name, field in AUGMENTATIONS[level].model_fields.items():
        assert field.description, name
        with pytest.raises(ValidationError, match=name):
            LEVEL.validate_python({level: {name: [0] if name == "downscale_factors" else -0.1}})


@pytest.mark.parametrize("level", AUGMENTATIONS)
def test_a_level_is_written_and_read_back(level: str) -> None:
    config = LEVEL.validate_python(level)
    assert LEVEL.validate_python(LEVEL.dump_python(config)) == config


def test_magnitudes_of_zero_change_nothing() -> None:
    plan = Magnitudes().build()
    assert plan.operations == frozenset()
    rows = plan.draw(50, 3)
    for name, neutral in NEUTRAL.items():
        if name not in PLACES:  # where a square of no size would stand
            assert (rows[name] == np.float32(neutral)).all(), name


@given(config=MAGNITUDES, seed=SEEDS)
def test_draws_keep_within_the_magnitudes_and_follow_from_the_seed(config: Magnitudes, seed: int) -> None:
    rows = config.build().draw(40, seed)
    assert np.array_equal(rows, config.build().draw(40, seed))
    near = 1e-5
    assert (rows["kept"] >= 1 - config.zoom - near).all()
    assert (rows["kept"] <= 1).all()
    assert (abs(rows["contrast"] - 1) <= config.contrast + near).all()
    assert (abs(rows["brightness"] - 1) <= config.brightness + near).all()
    assert (abs(rows["channel_contrast"] - 1) <= config.channel_contrast + near).all()
    assert (abs(rows["brightness_shift"]) <= config.brightness_shift + near).all()
    assert (abs(rows["hue_deg"]) <= config.hue_deg + near).all()
    assert (abs(rows["turn_deg"]) <= config.turn_deg + near).all()
    assert set(rows["mirrored"]) <= {0, 1}
    for drawn, magnitude in (
        ("blur_sigma_px", "blur_sigma_px"),
        ("cutout_side", "cutout"),
        ("noise_sigma", "noise"),
    ):
        assert (rows[drawn] >= 0).all()
        assert (rows[drawn] <= getattr(config, magnitude) + near).all()
    assert set(rows["detail_px"].tolist()) <= {224 // factor for factor in config.downscale_factors}


@given(seed=SEEDS, one=MAGNITUDES, hue_deg=st.floats(0, 180))
def test_another_magnitude_leaves_the_other_draws_as_they_were(
    seed: int, one: Magnitudes, hue_deg: float
) -> None:
    first = one.build().draw(20, seed)
    second = one.model_copy(update={"hue_deg": hue_deg}).build().draw(20, seed)
    for name in NEUTRAL:
        if name != "hue_deg":
            assert np.array_equal(first[name], second[name])


def test_parameters_are_drawn_independently_and_evenly() -> None:
    rows = AUGMENTATIONS["heavy"]().build().draw(20_000, 0)
    names = (
        "kept",
        "contrast",
        "brightness",
        "hue_deg",
        "cutout_side",
        "cutout_x",
        "cutout_y",
        "noise_sigma",
    )
    columns = np.stack([rows[name] for name in names])
    assert np.abs(np.corrcoef(columns) - np.eye(len(names))).max() < 0.03
    shares = (columns - columns.min(axis=1, keepdims=True)) / np.ptp(columns, axis=1)[:, None]
    assert np.abs(shares.mean(axis=1) - 0.5).max() < 0.01
    assert np.abs(shares.var(axis=1) - 1 / 12).max() < 0.003


def test_each_factor_of_the_downscaling_is_drawn_as_often() -> None:
    rows = AUGMENTATIONS["2"]().build().draw(8000, 0)
    sides, counts = np.unique(rows["detail_px"], return_counts=True)
    assert sides.tolist() == [14, 20, 37, 224]
    assert np.abs(counts / 8000 - 0.25).max() < 0.02


def test_a_cutout_is_as_large_as_the_least_or_larger_and_then_the_same_in_all() -> None:
    between = Magnitudes(cutout=0.4, cutout_least=0.3).build().draw(2000, 0)["cutout_side"]
    assert between.min() == pytest.approx(0.3, abs=1e-3) and between.max() == pytest.approx(0.4, abs=1e-3)
    for largest in (0.0, 0.1):
        same = Magnitudes(cutout=largest, cutout_least=0.27).build()
        assert same.operations == {"cutout"}
        assert (same.draw(50, 0)["cutout_side"] == np.float32(0.27)).all()


def test_so_many_images_are_mirrored_and_turned_either_way() -> None:
    rows = Magnitudes(mirror=0.3, turn_deg=20).build().draw(20_000, 0)
    assert abs(rows["mirrored"].mean() - 0.3) < 0.01
    assert abs(rows["turn_deg"].mean()) < 0.3
    assert abs(rows["turn_deg"].std() - 40 / 12**0.5) < 0.1
    assert abs(np.corrcoef(rows["mirrored"], rows["turn_deg"])[0, 1]) < 0.03
    assert not Magnitudes(mirror=0).build().draw(200, 0)["mirrored"].any()
    assert Magnitudes(mirror=1).build().draw(200, 0)["mirrored"].all()


def test_a_seed_draws_what_it_has_always_drawn() -> None:
    """So that a design on disk is trained again to the digit, whatever changes have been added since."""
    rows = AUGMENTATIONS["heavy"](blur_sigma_px=2, downscale_factors=(1, 6, 11, 16)).build().draw(3, 7)
    first = {
        "kept": 0.9394,
        "blur_sigma_px": 0.9612,
        "detail_px": 37,
        "hue_deg": 17.3636,
        "contrast": 1.2148,
        "brightness": 1.0769,
        "cutout_side": 0.0214,
        "cutout_x": 0.5859,
        "cutout_y": 0.6692,
        "noise_sigma": 0.0320,
        "noise_x": 0.7276,
        "noise_y": 0.9226,
    }
    assert {name: float(rows[name][0]) for name in first} == pytest.approx(first, abs=1e-4)
