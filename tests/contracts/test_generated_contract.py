"""The contract of generated datasets: the recipe names the folder and gives the same images each time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.settings import smallest

from trainables.base.names import FOLDER_NAME
from trainables.data.datasets import GENERATED, dataset_name, ensure_dataset, open_dataset
from trainables.data.datasets.check import check_dataset
from trainables.target import HeadPoseConfig

each_recipe = pytest.mark.parametrize("name", sorted(GENERATED))


@each_recipe
def test_the_folder_s_name_follows_from_the_recipe(name: str) -> None:
    recipe = GENERATED[name]()
    assert FOLDER_NAME.fullmatch(dataset_name(recipe))
    assert dataset_name(recipe) == dataset_name(GENERATED[name]())
    others = [recipe.model_copy(update={key: value}) for key, value in smallest(GENERATED[name]).items()]
    changed = [other for other in others if other != recipe]
    assert len({dataset_name(other) for other in (recipe, *changed)}) == 1 + len(changed)


@each_recipe
def test_a_recipe_is_built_once_and_gives_the_same_images_elsewhere(name: str, tmp_path: Path) -> None:
    recipe, progress = GENERATED[name](**smallest(GENERATED[name])), []
    built = ensure_dataset(recipe, tmp_path / "a", lambda *counts: progress.append(counts))
    assert progress[-1] == (built.card.images, built.card.images)
    assert open_dataset(recipe, tmp_path / "a").card == built.card
    progress.clear()
    assert ensure_dataset(recipe, tmp_path / "a", lambda *counts: progress.append(counts)).card == built.card
    assert progress == [], "it was there"
    assert [path.name for path in (tmp_path / "a").iterdir() if path.is_dir()] == [dataset_name(recipe)]
    alone = recipe.ensure(tmp_path / "b", workers=1)
    assert alone.card.content_hash == built.card.content_hash
    assert check_dataset(built.folder).faults == ()
    assert {"train", "validation"} <= built.card.splits.keys()
    for split in built.card.splits:
        samples = built.samples(split, target=HeadPoseConfig())
        assert samples.labels.shape == (len(samples), len(built.card.angles))
        assert np.isfinite(samples.labels).all()
        for file in samples.files:
            with Image.open(file) as image:
                assert image.width == image.height and image.mode == "RGB"
