"""The contract of generated datasets: the recipe names the folder and gives the same images each time."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np

from hpsearch.testing.configs import smallest
from trainables.base.names import FOLDER_NAME
from trainables.base.schema import Config
from trainables.data.datasets import dataset_name, ensure_dataset, open_dataset
from trainables.data.datasets.check import check_dataset
from trainables.data.datasets.generated import GeneratedConfig
from trainables.data.image_file import open_image
from trainables.target import HeadPoseConfig, TargetConfig


class DatasetContract:
    """What every generated dataset keeps; parametrise a subclass with `config`, of few images.

    A subclass names another `target` where the labels are not head poses.
    """

    target: TargetConfig = HeadPoseConfig()

    def test_the_folder_s_name_follows_from_the_recipe(self, config: GeneratedConfig) -> None:
        given = cast(Config, config)
        assert FOLDER_NAME.fullmatch(dataset_name(config))
        recipes = {config}
        for key, value in smallest(type(given)).items():
            for other in (value, value + 1):  # which may go with no other setting: a name needs none
                recipes.add(cast(GeneratedConfig, given.model_copy(update={key: other})))
        assert len({dataset_name(recipe) for recipe in recipes}) == len(recipes)

    def test_a_recipe_is_built_once_and_gives_the_same_images_elsewhere(
        self, config: GeneratedConfig, tmp_path: Path
    ) -> None:
        progress: list[tuple[int, ...]] = []
        built = ensure_dataset(config, tmp_path / "a", lambda *counts: progress.append(counts))
        assert progress[-1] == (built.card.images, built.card.images) == (config.images, config.images)
        assert open_dataset(config, tmp_path / "a").card == built.card
        progress.clear()
        again = ensure_dataset(config, tmp_path / "a", lambda *counts: progress.append(counts))
        assert again.card == built.card
        assert progress == [], "it was there"
        folders = [path.name for path in (tmp_path / "a").iterdir() if path.is_dir()]
        assert folders == [dataset_name(config)]
        alone = config.ensure(tmp_path / "b")
        assert alone.card.content_hash == built.card.content_hash
        assert check_dataset(built.folder).faults == ()
        assert {"train", "validation"} <= built.card.splits.keys()
        for split in built.card.splits:
            samples = built.samples(split, target=self.target)
            assert len(samples) == config.images_of(split)
            assert samples.labels.shape == (len(samples), len(built.card.angles))
            assert np.isfinite(samples.labels).all()
            for file in samples.files:
                with open_image(file) as image:
                    assert image.width == image.height and image.mode == "RGB"
