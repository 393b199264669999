from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from hpsearch.cli.main import main
from hpsearch.study.claim import claimed
from trainables.base.errors import InputError
from trainables.data.datasets.check import check_dataset
from trainables.data.datasets.prepared import PreparedDataset, write_labels
from trainables.data.datasets.repair import repair


def dataset(
    folder: Path, splits: list[str], subjects: list[str] | None = None, **changed: list[float]
) -> pd.DataFrame:
    """Write a prepared dataset with one row a split name; return its table."""
    (folder / "images").mkdir(parents=True)
    rows = range(len(splits))
    for row in rows:
        noise = np.random.default_rng(row).integers(0, 256, (16, 16, 3), np.uint8)
        Image.fromarray(noise).save(folder / "images" / f"{row}.jpg")
    table = pd.DataFrame(
        {
            "file": [f"images/{row}.jpg" for row in rows],
            "subject": subjects or [f"s{row}" for row in rows],
            "split": splits,
            "yaw_deg": changed.get("yaw", [10.0 * row for row in rows]),
            "pitch_deg": [float(row) for row in rows],
            **{f"box_{edge}_px": [0] * len(splits) for edge in ("left", "top", "right", "bottom")},
        }
    )
    write_labels(folder, table, source="made up", details={"left_out": {"too dark": 4}, "rejected": 2})
    return table


def test_a_good_dataset_has_no_faults_and_reads_well(tmp_path: Path) -> None:
    dataset(tmp_path / "good", ["train", "train", "validation"])
    check = check_dataset(tmp_path / "good")
    assert check.faults == ()
    assert (check.images, check.subjects, check.duplicates, check.missing) == (3, 3, 0, 0)
    assert check.split_images == {"train": 2, "validation": 1} == check.split_subjects
    assert [(s.label.name, s.low, s.median, s.high) for s in check.spreads] == [
        ("yaw", 0, 10, 20),
        ("pitch", 0, 1, 2),
    ]
    assert check.content_hash == PreparedDataset(tmp_path / "good").card.content_hash
    for said in ("good: 3 images of 3 subjects", "too dark", "rejects.csv", "no faults", check.content_hash):
        assert said in check.text


def test_subjects_in_two_compared_splits_are_a_fault(tmp_path: Path) -> None:
    dataset(tmp_path / "leaky", ["train", "validation", "test", "train"], ["ann", "bob", "ann", "cid"])
    (fault,) = check_dataset(tmp_path / "leaky").faults
    assert fault == "1 subjects are both in test and in train: ann"


def test_splits_that_share_images_overlap_by_design_unless_they_are_trained_or_tested_on(
    tmp_path: Path,
) -> None:
    dataset(tmp_path / "nested", ["full reduced", "full", "full reduced"], ["ann", "ann", "bob"])
    assert check_dataset(tmp_path / "nested").faults == ()
    dataset(tmp_path / "wrong", ["train test", "train", "test"], ["ann", "bob", "cid"])
    faults = check_dataset(tmp_path / "wrong").faults
    assert any("are both in test and in train: ann" in fault for fault in faults)


def test_copies_are_noted_and_are_faults_across_splits_or_with_two_poses(tmp_path: Path) -> None:
    for name, splits, yaw in (
        ("same", ["train", "train"], [1.0, 1.0]),
        ("across", ["train", "validation"], [1.0, 1.0]),
        ("apart", ["train", "train"], [1.0, 2.0]),
    ):
        folder = tmp_path / name
        table = dataset(folder, splits, yaw=yaw)
        table["pitch_deg"] = 0.0
        (folder / "images" / "1.jpg").write_bytes((folder / "images" / "0.jpg").read_bytes())
        write_labels(folder, table, source="made up")
    assert check_dataset(tmp_path / "same").faults == ()
    assert "1 images are copies of others" in check_dataset(tmp_path / "same").notes
    assert check_dataset(tmp_path / "across").faults == (
        "1 images are in two splits: images/0.jpg = images/1.jpg",
    )
    assert check_dataset(tmp_path / "apart").faults == (
        "1 images have two different labels: images/0.jpg = images/1.jpg",
    )


def test_missing_changed_and_surplus_files_are_seen(tmp_path: Path) -> None:
    for name in ("missing", "changed", "surplus"):
        dataset(tmp_path / name, ["train"] * 3)
    (tmp_path / "missing" / "images" / "1.jpg").unlink()
    other = np.random.default_rng(7).integers(0, 256, (16, 16, 3), np.uint8)
    Image.fromarray(other).save(tmp_path / "changed" / "images" / "1.jpg")
    (tmp_path / "surplus" / "images" / "extra.jpg").write_bytes(b"extra")
    assert check_dataset(tmp_path / "missing").faults == ("1 images are missing: images/1.jpg",)
    assert check_dataset(tmp_path / "missing").missing == 1
    (fault,) = check_dataset(tmp_path / "changed").faults
    assert "changed since they were written" in fault
    assert "1 files below images/ are not in labels.parquet" in check_dataset(tmp_path / "surplus").notes


def test_angles_that_are_no_numbers_are_a_fault(tmp_path: Path) -> None:
    dataset(tmp_path / "nan", ["train"] * 3, yaw=[1.0, float("nan"), float("inf")])
    check = check_dataset(tmp_path / "nan")
    assert check.faults == ("yaw is not a finite number in 2 images: images/1.jpg, images/2.jpg",)
    assert (check.spreads[0].low, check.spreads[0].high) == (1, 1)


def test_labels_that_do_not_fit_the_card_are_a_fault(tmp_path: Path) -> None:
    table = dataset(tmp_path / "cut", ["train"] * 3)
    table.iloc[[0, 0]].to_parquet(tmp_path / "cut" / "labels.parquet", index=False)
    faults = check_dataset(tmp_path / "cut").faults
    assert any("labels.parquet has {'train': 2}, dataset.json says {'train': 3}" in fault for fault in faults)
    assert any("1 files are in more than one row" in fault for fault in faults)


def test_a_folder_that_is_no_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no prepared dataset"):
        check_dataset(tmp_path)


def spoil(folder: Path) -> None:
    """Of five images one is missing, one truncated, one blank and one of 16 bits that nobody wrote so."""
    images = folder / "images"
    (images / "0.jpg").unlink()
    (images / "1.jpg").write_bytes((images / "1.jpg").read_bytes()[:300])
    Image.new("RGB", (16, 16), (9, 9, 9)).save(images / "2.jpg")
    Image.fromarray(np.full((16, 16), 400, np.uint16)).save(images / "3.jpg", "PNG")


def test_images_that_show_nothing_are_named_and_can_be_dropped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "datasets" / "mine"
    dataset(folder, ["train"] * 5 + ["validation"])
    spoil(folder)
    faults = " ".join(check_dataset(folder).faults)
    assert (
        "1 images are missing: images/0.jpg" in faults and "3 images show no face: images/1.jpg (" in faults
    )
    assert "images/2.jpg (it is blank)" in faults and "images/3.jpg (its 16-bit pixels reach" in faults
    was = PreparedDataset(folder).card.content_hash

    assert main(["data", "check", "--repair", "--root", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "dropped 4 images: images/0.jpg, images/1.jpg" in said and "no faults" in said
    card = PreparedDataset(folder).card
    assert (card.images, card.splits, card.details["dropped"]) == (2, {"train": 1, "validation": 1}, 4)
    assert card.content_hash != was and card.source == "made up" and card.details["rejected"] == 2
    assert main(["data", "check", "--repair", "--root", str(tmp_path)]) == 0
    assert "nothing to repair" in capsys.readouterr().out


def test_a_dataset_that_a_launch_uses_is_not_repaired(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dataset(tmp_path / "datasets" / "mine", ["train"] * 5)
    spoil(tmp_path / "datasets" / "mine")
    with claimed(tmp_path / "studies" / "demo", ["mine"]):
        assert main(["data", "check", "--repair", "--root", str(tmp_path)]) == 2
    assert "used by demo" in capsys.readouterr().err


def test_of_images_that_all_show_nothing_none_is_dropped(tmp_path: Path) -> None:
    dataset(tmp_path / "mine", ["train"] * 2)
    with pytest.raises(InputError, match="no image of dataset 'mine' can be used"):
        repair(PreparedDataset(tmp_path / "mine"), ["images/0.jpg", "images/1.jpg"])


def test_labels_that_were_edited_on_purpose_are_taken_over(tmp_path: Path) -> None:
    table = dataset(tmp_path / "mine", ["train"] * 3)
    table["yaw_deg"] += 1
    table.to_parquet(tmp_path / "mine" / "labels.parquet", index=False)
    assert any(
        "changed since they were written" in fault for fault in check_dataset(tmp_path / "mine").faults
    )
    repair(PreparedDataset(tmp_path / "mine"), ())
    assert check_dataset(tmp_path / "mine").faults == ()
