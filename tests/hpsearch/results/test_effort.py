"""What trials cost: images seen and forwarded, hours and epochs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support import made_up_arms as made_up

from hpsearch.results.effort import (
    device_hours,
    effort_of,
    forwards,
    images_forwarded,
    images_per_epoch,
    images_seen,
)
from hpsearch.study.records import Placement, TrialRecord
from trainables.data.datasets.rendered_heads import RenderedHeads
from trainables.training.config import TrainConfig, parse_config
from trainables.training.metric_names import IMAGES

RECIPE = {"rendered-heads": {"images": 200, "subjects": 20}}
"""20 people, 10 images of each; 3 validate and 2 test, so 150 images train."""


def config(**keys: object) -> TrainConfig:
    found = parse_config({"data": {"train": {"dataset": RECIPE}}, "epochs": 4, **keys})
    assert isinstance(found, TrainConfig), found
    return found


def trial(**keys: object) -> TrialRecord:
    return made_up.trial(0, config(**keys), 5.0, epochs=4)


def test_a_rendered_dataset_knows_its_training_images_and_a_prepared_one_does_not() -> None:
    assert images_per_epoch(trial()) == 150
    assert images_seen(trial()) == 600
    assert images_per_epoch(made_up.trial(0, made_up.config(), 5.0)) is None
    assert effort_of((made_up.trial(0, made_up.config(), 5.0),)).images_forwarded is None


def test_measured_images_stand_before_those_of_the_recipe() -> None:
    measured = trial()
    measured = replace(measured, epochs=tuple({**row, IMAGES: 144.0} for row in measured.epochs))
    assert images_seen(measured) == 4 * 144


def test_named_subjects_alone_are_counted() -> None:
    names = [one.name for one in RenderedHeads(images=200, subjects=20).plan() if one.split == "train"][:3]
    some = config(data={"train": {"dataset": RECIPE, "subjects": names}})
    assert images_per_epoch(made_up.trial(0, some, 5.0)) == 30


@pytest.mark.parametrize(
    ("pretext", "expected"),
    [
        ("none", 600),
        ({"rotation": {"flag": 2}}, 600),
        ({"rotation": {"flag": 2, "view": {"split": {"share": 0.5}}}}, 600 * 0.75),
        ({"rotation": {"flag": 2, "view": {"two": {"share": 0.5}}}}, 600 * 1.25),
        ({"rotation": {"flag": 4, "view": "two"}}, 1200),
        ({"rotation": {"flag": 4, "view": "two", "weight_end": 0.5}}, 900),
    ],
)
def test_images_of_the_task_alone_are_forwarded_up_to_the_flag_while_it_is_on(
    pretext: object, expected: float
) -> None:
    assert images_forwarded(trial(pretext=pretext)) == pytest.approx(expected)


def test_a_pretraining_is_counted_for_the_trial_that_began_from_it() -> None:
    began = trial(init={"ssl": {"epochs": 10}})
    assert images_forwarded(began) == 600 + 10 * 150
    assert images_forwarded(began, epochs=1) == 150 + 10 * 150
    assert forwards(began.config, 0) == 1


def test_images_forwarded_again_for_averaged_weights_count_a_third() -> None:
    """Up to 20 batches after each epoch that is averaged: of 64, they are all of these 150 images."""
    assert images_forwarded(trial(average="ema")) == pytest.approx(600 + 4 * 150 / 3)
    assert images_forwarded(trial(average={"last": {"epochs": 1}})) == pytest.approx(600 + 150 / 3)
    small = {"train": {"dataset": RECIPE}, "batch": 2}
    assert images_forwarded(trial(average="ema", data=small)) == pytest.approx(600 + 4 * 40 / 3)


def test_images_without_labels_are_forwarded_up_to_the_flag_beside_the_labelled_ones() -> None:
    """A third of 15 people is 5: 50 labelled images in each of 4 epochs."""
    third = {"train": {"dataset": RECIPE, "labels": 1 / 3}, "unlabelled": {"share": 3}}
    task = {"rotation": {"flag": 2, "view": "two", "weight_end": 0.5}}
    assert images_forwarded(trial(data=third)) == 200
    assert images_forwarded(trial(data=third, pretext=task)) == 200 + 100 * (1 + 3) * 2 / 4
    pretrained = trial(data=third, init={"ssl": {"epochs": 10}})  # which takes all images, without labels
    assert images_forwarded(pretrained) == 200 + 10 * 150


def test_a_weighting_that_looks_back_forwards_each_image_again() -> None:
    two = {"rotation": {"flag": 2, "view": "two"}}
    assert images_forwarded(trial(weighting="famo", pretext=two)) == pytest.approx(900 * 4 / 3)
    pretrained = trial(init={"ssl": {"epochs": 10, "weighting": "famo"}})
    assert images_forwarded(pretrained) == pytest.approx(600 + 1500 * 4 / 3)


def test_a_second_way_back_up_to_the_flag_counts_two_thirds_unless_the_ways_are_apart() -> None:
    one = {"rotation": {"flag": 2}}
    assert images_forwarded(trial(weighting="pcgrad", pretext=one)) == pytest.approx(600 + 2 / 3 * 300)
    two = {"rotation": {"flag": 2, "view": "two"}}  # 900, of which 600 are up to the flag
    assert images_forwarded(trial(weighting="pcgrad", pretext=two)) == pytest.approx(900 + 2 / 3 * 600)
    apart = {"rotation": {"flag": 2, "view": {"two": {"norm": "split"}}}}
    assert images_forwarded(trial(weighting="pcgrad", pretext=apart)) == 900
    assert images_forwarded(trial(weighting="pcgrad")) == 600


def test_hours_are_those_of_the_share_of_a_device() -> None:
    alone = trial()  # 4 epochs of 2 s
    assert device_hours(alone) == pytest.approx(8 / 3600)
    half = replace(alone, placement=Placement("node", "a GPU", 4.0, 0.5))
    assert device_hours(half) == pytest.approx(4 / 3600)
    cores = replace(alone, placement=Placement("node", "cpu", 2.0, 0.0))
    assert device_hours(cores) == pytest.approx(16 / 3600)
    together = effort_of((alone, half))
    assert (together.trials, together.epochs, together.images_forwarded) == (2, 8, 1200)
