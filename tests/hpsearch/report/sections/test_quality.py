"""What the page shows of predictions that runs kept: errors over the yaw, images, and why trials failed."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support import made_up_arms as made_up
from support.poses import predictions

from hpsearch.report.sections.failures import failures_section
from hpsearch.report.sections.images import SIDE_PX, images_section
from hpsearch.report.sections.quality import quality_section
from hpsearch.results.arms import Arm
from hpsearch.results.bands import by_band
from hpsearch.results.pareto import pareto_front
from hpsearch.study.records import TrialRecord, TrialState
from trainables.pose.angles import ANGLES
from trainables.training.image_errors import PredictedImages, errors_file, read_images, write_images
from trainables.training.metric_names import VALIDATION

IMAGES = 60


def trial(root: Path, number: int = 0, seed: int = 0) -> TrialRecord:
    """Return a trial whose error is a tenth of the true |yaw| in each angle; image 0 is off by 50 more."""
    yaw = np.linspace(-44, 44, IMAGES, dtype=np.float32)
    true = np.stack([yaw, 0 * yaw, 0 * yaw], axis=1)
    predicted = true + np.abs(yaw)[:, None] / 10
    predicted[0] += 50
    record = replace(made_up.trial(number, made_up.config(seed=seed), 5.0), folder=root / str(number))
    files = tuple(f"images/{place}.jpg" for place in range(IMAGES))
    images = PredictedImages(files, ("anna",) * IMAGES, predictions(predicted, true, ANGLES), epoch=3)
    write_images(images, errors_file(record.folder, VALIDATION))
    return record


def test_the_error_in_each_band_of_yaw_is_the_mean_over_its_images_and_all_seeds(tmp_path: Path) -> None:
    arm = Arm((trial(tmp_path), trial(tmp_path, 1, seed=1)), made_up.AIM)
    bands = by_band(arm, VALIDATION)
    assert [band.middle for band in bands] == [-37.5, -22.5, -7.5, 7.5, 22.5, 37.5]
    assert [round(band.value, 1) for band in bands[1:]] == [2.2, 0.7, 0.7, 2.2, 3.7]
    assert bands[0].value > 7, "the image that is far off lies in it"
    assert sum(band.images for band in bands) == IMAGES
    assert by_band(arm, "test/none") == ()
    section = quality_section([arm], {}, arm)
    assert section is not None and [chart.title for chart in section.charts] == ["Error by yaw"]
    assert quality_section([], {}, None) is None


def test_the_worst_image_comes_first_and_what_is_gone_is_left_out(tmp_path: Path) -> None:
    best = trial(tmp_path)
    folder = tmp_path / "datasets" / "heads"
    (folder / "images").mkdir(parents=True)
    assert images_section(best, folder.parent) is None, "no dataset"
    card = {"source": "", "angles": ANGLES, "convention": "", "splits": {}, "subjects": 1, "images": 4}
    (folder / "dataset.json").write_text(json.dumps(card | {"content_hash": ""}))
    for place in (0, 1, 20, 29):
        Image.new("RGB", (64, 64), (10 * place, 0, 0)).save(folder / "images" / f"{place}.jpg")
    section = images_section(best, folder.parent)
    assert section is not None and section.epoch == 3
    assert section.worst[0].words.startswith("images/0.jpg: yaw -44° predicted +10°")
    assert [drawn.error for drawn in section.worst] == ["54.4°", "4.3°"]
    head, _, data = section.worst[0].uri.partition(",")
    assert head == "data:image/jpeg;base64"
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == (2 * SIDE_PX, SIDE_PX)
    assert images_section(None, folder.parent) is None
    assert section.certainty == ""


def test_the_page_says_whether_the_network_errs_less_where_it_is_surer(tmp_path: Path) -> None:
    best = trial(tmp_path)
    folder = tmp_path / "datasets" / "heads"
    folder.mkdir(parents=True)
    card = {"source": "", "angles": ANGLES, "convention": "", "splits": {}, "subjects": 1, "images": 4}
    (folder / "dataset.json").write_text(json.dumps(card | {"content_hash": ""}))
    file = errors_file(best.folder, VALIDATION)
    images = read_images(file, best.config.target)
    assert images is not None
    errors = np.abs(images.predictions.predicted - images.predictions.true).mean(axis=1)
    write_images(replace(images, predictions=replace(images.predictions, entropy=errors)), file)
    section = images_section(best, folder.parent)
    surer = errors <= np.median(errors)
    assert section is not None
    assert f"is {errors[surer].mean():.2f}°, of the rest {errors[~surer].mean():.2f}°" in section.certainty


def test_trials_that_failed_alike_are_one_row() -> None:
    reasons = ["diverged at epoch 3", "out of memory", "diverged at epoch 11"]
    trials = [
        replace(made_up.trial(n, made_up.config(), None, state=TrialState.FAILED), reason=reason)
        for n, reason in enumerate(reasons)
    ]
    found = failures_section(made_up.study(trials))
    assert [(row.reason, row.count, row.trials, row.tasks) for row in found] == [
        ("diverged at epoch 3", 2, "0, 2", "none"),
        ("out of memory", 1, "1", "none"),
    ]


@pytest.mark.parametrize(
    ("points", "front"),
    [
        ([], ()),
        ([(1.0, 5.0), (2.0, 4.0), (3.0, 4.5), (0.5, 9.0)], (3, 0, 1)),
        ([(1.0, 5.0), (1.0, 4.0), (2.0, 4.0)], (1,)),
    ],
)
def test_the_front_holds_what_no_other_beats(
    points: list[tuple[float, float]], front: tuple[int, ...]
) -> None:
    assert pareto_front(points) == front
