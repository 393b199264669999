"""Images without labels: whose labels are kept, that the helper alone learns from the others, and no leak."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from support.toy import CPU, blobs, prepared_blobs, toy_config
from torch import Tensor

from trainables.base.atomic import load_state, save_state
from trainables.base.errors import InputError
from trainables.data.datasets.prepared import LABELS, PreparedDataset, write_labels
from trainables.data.labelled import labelled_subjects
from trainables.data.loader import LoaderPool
from trainables.data.memory_loader import MemoryBatch, MemoryLoader
from trainables.data.unlabelled import Unlabelled
from trainables.target import HeadPoseConfig
from trainables.training.build import build_session, build_trial_session
from trainables.training.config import TrainConfig, parse_config
from trainables.training.session import Session
from trainables.training.training_data import open_data, open_tests

pytestmark = pytest.mark.usefixtures("narrow")

PUZZLE_IN_TWO = {"puzzling": {"view": {"two": {"norm": "split"}}, "dropout": 0.0}}
EQUIVARIANCE = {"equivariance": {"view": "two", "turn_deg": 20.0, "momentum": 0.9}}


class Watched(MemoryLoader):
    """Counts the images that were taken of it."""

    taken = 0

    def epoch(self, seed: int) -> Iterator[MemoryBatch]:
        for batch in super().epoch(seed):
            self.taken += len(batch.images)
            yield batch


def session(unlabelled: int = 0, **settings: Any) -> tuple[Session, Watched | None]:
    """Return a session on 32 blobs in two steps of 16, and the images that join each of them."""
    config = toy_config(**{"augmentation": "none", **settings})
    train, validation = (MemoryLoader(*blobs(32, 32), batch=16, shuffle=each) for each in (True, False))
    beside = Watched(*blobs(40, 32, seed=9), batch=unlabelled, shuffle=True) if unlabelled else None
    made = build_session(
        config,
        train=train,
        validation=validation,
        labels=HeadPoseConfig().labels,
        device=CPU,
        unlabelled=None if beside is None else Unlabelled(beside),
    )
    return made, beside


def weights(trained: Session, epochs: int) -> dict[str, Tensor]:
    for _ in range(epochs):
        trained.run_epoch()
    return {name: value.clone() for name, value in trained.network.supervised().state_dict().items()}


def differing(one: dict[str, Tensor], other: dict[str, Tensor]) -> list[str]:
    assert one.keys() == other.keys()
    return [name for name in one if not torch.equal(one[name], other[name])]


def numbers(run: Session, epochs: int) -> list[dict[str, float]]:
    reports = [run.run_epoch().metrics() for _ in range(epochs)]
    return [{k: v for k, v in each.items() if not k.startswith(("speed/", "memory/"))} for each in reports]


# what is learned


def test_the_pose_learns_from_labelled_images_alone_to_the_bit() -> None:
    """A helper that weighs nothing, normalised apart: twenty steps are those of supervised learning."""
    weightless = {"puzzling": {**PUZZLE_IN_TWO["puzzling"], "ssl_weight": 0.0}}
    helped, beside = session(24, pretext=weightless, epochs=10)
    alone, _ = session(pretext="none", epochs=10)
    assert differing(weights(helped, 10), weights(alone, 10)) == []
    assert beside is not None and beside.taken == 10 * 2 * 24


@pytest.mark.parametrize("pretext", [PUZZLE_IN_TWO, EQUIVARIANCE], ids=["puzzling", "equivariance"])
def test_the_helper_learns_from_images_without_labels_and_epochs_count_labelled_ones(pretext: Any) -> None:
    with_them, _ = session(24, pretext=pretext)
    without, _ = session(pretext=pretext)
    reports = with_them.train_epoch(), without.train_epoch()
    assert [report.images for report in reports] == [32, 32]
    [helper] = reports[0].losses.keys() - {"yaw", "pitch", "roll", "total"}
    assert reports[0].losses[helper] != reports[1].losses[helper]
    assert differing(weights(with_them, 0), weights(without, 0))


def test_while_the_helper_is_off_no_image_is_read() -> None:
    half, beside = session(8, pretext={"puzzling": {"weight_end": 0.5}}, epochs=2)
    assert beside is not None
    half.run_epoch()
    assert beside.taken == 2 * 8
    half.run_epoch()
    assert beside.taken == 2 * 8


def test_passes_have_orders_of_their_own_that_follow_from_the_seed() -> None:
    images, labels = torch.arange(6.0).view(6, 1, 1, 1).expand(6, 3, 2, 2), torch.zeros(6, 0)
    source = Unlabelled(MemoryLoader(images, labels, batch=2, shuffle=True))

    def first(batches: int, seed: int) -> list[list[float]]:
        return [
            next_[:, 0, 0, 0].tolist() for _, next_ in zip(range(batches), source.epoch(seed), strict=False)
        ]

    passes = np.array(first(9, 1)).reshape(3, 6)
    assert [sorted(each) for each in passes.tolist()] == [[0, 1, 2, 3, 4, 5]] * 3
    assert len({tuple(each) for each in passes.tolist()}) == 3
    assert first(9, 1) == passes.reshape(9, 2).tolist() and first(3, 2) != first(3, 1)


# whose labels are kept


def test_a_smaller_share_is_among_a_larger_one_and_neighbours_are_not_chosen_together() -> None:
    people = [f"s{number:05d}" for number in range(200)]
    kept = [labelled_subjects(people, share) for share in (0.01, 0.05, 0.3, 0.999)]
    assert [len(each) for each in kept] == [2, 10, 60, 199]
    assert all(small < large for small, large in pairwise(kept))
    assert labelled_subjects(reversed(people), 0.05) == kept[1]
    assert not kept[1] <= set(people[:100])
    assert labelled_subjects(["b", "a"], 0.001) == labelled_subjects(["a", "b"], 0.999) != frozenset()


def config(**data: Any) -> TrainConfig:
    """Return a config on the dataset `blobs`; `pretext` is beside `data`."""
    pretext, epochs = data.pop("pretext", PUZZLE_IN_TWO), data.pop("epochs", 1)
    train = {"dataset": "blobs", **data.pop("train", {})}
    sides = {"image_px": 32, "batch": 4, "decode": "cpu"}
    plain = {"network": {"backbone": "resnet10"}, "augmentation": "1", "schedule": "constant"}
    tree = {"data": {**sides, "train": train, **data}, "pretext": pretext, "epochs": epochs, **plain}
    parsed = parse_config(tree)
    assert isinstance(parsed, TrainConfig), parsed
    return parsed


def people(root: Path, name: str = "blobs", count: int = 32) -> PreparedDataset:
    """Write blobs of four people to train on, and two to validate."""
    made = prepared_blobs(root / name, splits=("train",), count=count)
    table = pd.read_parquet(made.folder / LABELS)
    table["subject"] = [f"{name}-{row % 6}" for row in range(count)]
    table["split"] = np.where(np.arange(count) % 6 < 4, "train", "validation")
    return write_labels(made.folder, table, source="test")


def refusal(settings: TrainConfig, root: Path) -> str:
    with pytest.raises(InputError) as raised:
        open_data(settings, root)
    return "\n".join(map(str, raised.value.faults))


def test_the_rest_of_the_training_set_has_no_labels_and_a_named_dataset_joins_it(tmp_path: Path) -> None:
    people(tmp_path), people(tmp_path, "more", 12)
    whole = open_data(config(), tmp_path)
    assert whole.unlabelled is None
    half = open_data(config(train={"labels": 0.5}), tmp_path)
    assert half.unlabelled is not None and half.unlabelled.labels.shape[1] == 0
    assert {*half.train.files} | {*half.unlabelled.files} == {*whole.train.files}
    assert {*half.train.subjects}.isdisjoint(half.unlabelled.subjects)
    both = open_data(config(train={"labels": 0.5}, unlabelled={"dataset": "more"}), tmp_path).unlabelled
    assert both is not None and len(both) == len(half.unlabelled) + 8 == len({*both.files})
    named = config(train={"subjects": ["blobs-0"]}, unlabelled={"dataset": "blobs"})
    others = open_data(named, tmp_path).unlabelled
    assert others is not None and {*others.subjects} == {"blobs-1", "blobs-2", "blobs-3"}


def test_a_lone_image_with_a_label_is_refused(tmp_path: Path) -> None:
    people(tmp_path, count=6)  # one image of each person
    assert "one training image has a label" in refusal(
        config(train={"labels": 0.1}, pretext="none"), tmp_path
    )


def test_no_label_of_an_unlabelled_dataset_is_read(tmp_path: Path) -> None:
    people(tmp_path)
    table = pd.read_parquet(people(tmp_path, "bare").folder / LABELS)
    write_labels(tmp_path / "bare", table.drop(columns=["yaw_deg", "pitch_deg", "roll_deg"]), source="x")
    data = open_data(config(unlabelled={"dataset": "bare"}), tmp_path)
    assert data.unlabelled is not None and data.unlabelled.target is None


def test_nobody_of_the_validation_or_test_set_is_among_them(tmp_path: Path) -> None:
    people(tmp_path), people(tmp_path, "more")
    leak = refusal(config(unlabelled={"dataset": "blobs", "split": "validation"}), tmp_path)
    assert "2 subjects of 'blobs'" in leak and "data.validation" in leak
    table = pd.read_parquet(tmp_path / "more" / LABELS)
    table["split"] = np.where(table["subject"] == "more-0", "test", table["split"])
    table["subject"] = table["subject"].replace("more-1", "more-0")  # in train and in test
    write_labels(tmp_path / "more", table, source="test")
    tested = config(unlabelled={"dataset": "more"}, test=[{"name": "far", "dataset": "more"}])
    with pytest.raises(InputError) as raised:
        open_tests(tested, tmp_path)
    assert "1 subjects of 'more'" in str(raised.value.faults[0])
    tree = {
        "train": {"dataset": "blobs"},
        "unlabelled": {"dataset": "more"},
        "test": [{"name": "far", "dataset": "more", "split": "train"}],
    }
    parsed = parse_config({"data": tree})
    assert not isinstance(parsed, TrainConfig)
    assert "also the unlabelled set" in str(parsed[0][1])


def test_what_makes_no_sense_is_refused_with_the_reason(tmp_path: Path) -> None:
    people(tmp_path)
    lone = refusal(config(train={"labels": 0.5, "subjects": ["blobs-0"]}), tmp_path)
    assert "all images are of one, 'blobs-0'" in lone and "data.train.labels" in lone
    few = refusal(config(unlabelled={"dataset": "blobs"}), tmp_path)  # all of them have a label
    assert "0 images are without a label, and 4 of them are to join each step" in few
    many = refusal(config(train={"labels": 0.5}, unlabelled={"share": 8}), tmp_path)
    assert "32 of them are to join each step" in many
    pretraining = {"ssl": {"data": {"dataset": "blobs", "labels": 0.5}}}
    parsed = parse_config({"data": {"train": {"dataset": "blobs"}}, "init": pretraining})
    assert not isinstance(parsed, TrainConfig) and "a pretraining reads no label" in str(parsed[0][1])
    open_data(config(unlabelled={"dataset": "blobs"}, pretext="none"), tmp_path)  # nothing reads them


# through the loader


def trial(settings: TrainConfig, root: Path) -> Session:
    data = open_data(settings, root)
    return build_trial_session(settings, data, device=CPU, threads=1, pool=LoaderPool())


def test_supervised_learning_is_the_same_with_unlabelled_images_and_with_their_people_unnamed(
    tmp_path: Path,
) -> None:
    people(tmp_path), people(tmp_path, "more")
    half = config(train={"labels": 0.5}, pretext="none")
    kept = sorted({*open_data(half, tmp_path).train.subjects})
    assert len(kept) == 2
    alike = (
        config(train={"labels": 0.5}, pretext="none", unlabelled={"dataset": "more", "share": 4}),
        config(train={"subjects": kept}, pretext="none"),
    )
    expected = weights(trial(half, tmp_path), 2)
    for other in alike:
        assert differing(weights(trial(other, tmp_path), 2), expected) == []


@pytest.mark.parametrize("decode", ["cpu", "cache"])
def test_a_run_resumes_to_the_bit_with_as_many_unlabelled_images_as_asked(
    tmp_path: Path, decode: str
) -> None:
    people(tmp_path)
    settings = config(train={"labels": 0.5}, unlabelled={"share": 1.5}, epochs=3, decode=decode)
    whole, first, second = (trial(settings, tmp_path) for _ in range(3))
    expected = numbers(whole, 3)
    assert numbers(first, 2) == expected[:2]
    save_state({**first.state_dict(), "best_weights": first.best_weights()}, tmp_path / "session.pt")
    second.load_state_dict(load_state(tmp_path / "session.pt"))
    assert numbers(second, 1) == expected[2:]
    assert differing(weights(second, 0), weights(whole, 0)) == []
    assert settings.unlabelled_share == 1.5
    assert expected[0]["train/images"] == 8  # the labelled ones of two steps


def test_pixels_kept_and_decoded_train_alike(tmp_path: Path) -> None:
    people(tmp_path)
    runs = [config(train={"labels": 0.5}, decode=decode) for decode in ("cpu", "cache")]
    one, other = (weights(trial(each, tmp_path), 1) for each in runs)
    assert differing(one, other) == []


# what it costs


def test_the_cost_is_that_of_all_images_forwarded() -> None:
    flag_3 = 1 + 3 / 4  # a clean batch, and a copy up to flag 3
    for share in (0.5, 4.0):
        asked = config(train={"labels": 0.1}, unlabelled={"share": share})
        assert asked.cost(0).forwards == flag_3 + share * 3 / 4
    assert config().cost(0).forwards == flag_3
    assert config(train={"labels": 0.1}, unlabelled={"share": 0}).cost(0).forwards == flag_3
    assert config(train={"labels": 0.1}, pretext="none").cost(0).forwards == 1
    heads_off = config(train={"labels": 0.1}, pretext={"puzzling": {"heads": False}})
    assert (heads_off.cost(0).forwards, heads_off.unlabelled_share) == (1, 0)


def test_the_same_images_in_another_order_of_parts_are_one_selection(tmp_path: Path) -> None:
    made = people(tmp_path)
    half = open_data(config(train={"labels": 0.5}), tmp_path)
    assert half.unlabelled is not None and half.unlabelled.folder == half.train.folder == made.folder
    assert half.unlabelled.digest != half.train.digest
    again = open_data(config(train={"labels": 0.5}), tmp_path)
    assert again.unlabelled is not None and again.unlabelled.digest == half.unlabelled.digest
    few = half.few(1, config(train={"labels": 0.5}), validation=2)
    assert few.unlabelled is not None and (len(few.train), len(few.unlabelled)) == (4, 4)
