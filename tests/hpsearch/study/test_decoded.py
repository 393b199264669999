"""What decoded images take, told before a search and refused where there is no room."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.prepared_datasets import prepared

from hpsearch.cli.summary import known
from hpsearch.plan.runs import plan_runs
from hpsearch.study.decoded import DecodedNeed
from hpsearch.study.needs import Needs, needs_of
from hpsearch.study.spec import StudySpec, load_spec
from trainables.data import decoded
from trainables.data.datasets.prepared import PreparedDataset
from trainables.data.loader.keeping import kept_images

TRAIN, VALIDATION, SIDE = 9, 3, 48
IMAGE_BYTES = SIDE * SIDE * 3
SPACE = """
search: {name: demo}
data:
  train: {dataset: heads}
  image_px: 64
  decode: DECODE
network: {backbone: {choice: [resnet10, resnet18]}}
"""


@pytest.fixture
def datasets(tmp_path: Path) -> Path:
    prepared(tmp_path / "datasets" / "heads", ["train"] * TRAIN + ["validation"] * VALIDATION)
    return tmp_path / "datasets"


def spec_of(tmp_path: Path, decode: object) -> StudySpec:
    file = tmp_path / "demo.yaml"
    file.write_text(SPACE.replace("DECODE", str(decode)))
    return load_spec(file)


def shown(spec: StudySpec, needs: Needs) -> list[str]:
    runs = plan_runs(spec, Path("nowhere"), Path("nowhere"))
    return [text for label, text in known(spec, needs, runs) if label == "decoded"]


def test_the_bytes_are_those_that_are_written(datasets: Path, tmp_path: Path) -> None:
    spec = spec_of(tmp_path, "auto")
    needs = needs_of(spec, datasets)
    assert needs.decoded == DecodedNeed(kept=(TRAIN + VALIDATION) * IMAGE_BYTES)
    dataset = PreparedDataset(datasets / "heads")
    for split in ("train", "validation"):
        kept_images(dataset.samples(split), threads=1)
    headers = 2 * 128
    assert decoded.kept_bytes(dataset.folder) == needs.decoded.kept + headers
    assert shown(spec, needs) == ["0.1 MB, kept beside the datasets and decoded once"]


def test_what_auto_does_not_keep_is_said_with_the_reason(
    datasets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoded, "available_bytes", lambda: 2 * TRAIN * IMAGE_BYTES - 1)
    spec = spec_of(tmp_path, "auto")
    needs = needs_of(spec, datasets)
    assert needs.decoded == DecodedNeed(kept=VALIDATION * IMAGE_BYTES, too_large=TRAIN * IMAGE_BYTES)
    assert "more than half of the memory" in shown(spec, needs)[1]
    assert not needs.faults


@pytest.mark.parametrize("decode", ["cpu", "mixed"])
def test_nothing_is_said_where_nothing_is_kept(datasets: Path, tmp_path: Path, decode: str) -> None:
    spec = spec_of(tmp_path, decode)
    needs = needs_of(spec, datasets)
    assert needs.decoded == DecodedNeed()
    assert shown(spec, needs) == []


@pytest.mark.parametrize(("free", "refused"), [(0, True), (12 * IMAGE_BYTES, False)])
def test_a_cache_that_the_disk_has_no_room_for_is_refused(
    datasets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, refused: bool
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=free)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    faults = [str(fault) for fault in needs_of(spec_of(tmp_path, "cache"), datasets).faults]
    assert [": data.decode: decoded images need" in fault for fault in faults] == [True] * refused
    assert all("demo.yaml:6" in fault for fault in faults)
    assert not needs_of(spec_of(tmp_path, "auto"), datasets).faults


def test_what_is_there_needs_no_room(datasets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for split in ("train", "validation"):
        kept_images(PreparedDataset(datasets / "heads").samples(split), threads=1)
    usage = shutil.disk_usage(tmp_path)._replace(free=0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    for decode in ("cache", "auto"):
        needs = needs_of(spec_of(tmp_path, decode), datasets)
        assert not needs.faults
        assert needs.decoded == DecodedNeed(kept=12 * IMAGE_BYTES)


def test_of_a_dataset_that_is_not_there_nothing_is_known(tmp_path: Path) -> None:
    assert needs_of(spec_of(tmp_path, "cache"), tmp_path / "nowhere").decoded == DecodedNeed()


def test_images_without_labels_are_among_them_where_a_helper_learns_from_them(
    datasets: Path, tmp_path: Path
) -> None:
    third = SPACE.replace("heads}", "heads, labels: 0.34}").replace("DECODE", "cache\n  batch: 3")
    for task, images in (("rotation", TRAIN + VALIDATION), ("none", 3 + VALIDATION)):
        (tmp_path / "third.yaml").write_text(f"{third}pretext: {task}\n")
        needs = needs_of(load_spec(tmp_path / "third.yaml"), datasets)
        assert needs.faults == () and needs.decoded.kept == images * IMAGE_BYTES
