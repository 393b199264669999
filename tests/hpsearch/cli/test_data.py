"""What `hpsearch data` says of the datasets below a root, and what it deletes."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from support import studies
from support.prepared_datasets import prepared
from support.raw_layouts import photo

from hpsearch.cli.data_actions import check
from hpsearch.cli.main import main
from hpsearch.cli.summary import known
from hpsearch.lifecycle.dataset_deletion import delete_dataset
from hpsearch.plan.runs import plan_runs
from hpsearch.study.claim import claimed
from hpsearch.study.lock import study_lock
from hpsearch.study.needs import needs_of
from trainables.base.errors import InputError
from trainables.data.datasets.last_check import LAST_CHECK
from trainables.data.datasets.prepared import write_labels
from trainables.data.decoded import FOLDER


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with the dataset `heads`, the beginning of another, and a study that uses `heads`."""
    folder = tmp_path / "datasets" / "heads"
    (folder / "images").mkdir(parents=True)
    Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(folder / "images" / "a.png")
    pose = {"yaw_deg": 1.0, "pitch_deg": 2.0, "roll_deg": 3.0}
    row = {"file": "images/a.png", "subject": "a", "split": "train", **pose}
    write_labels(folder, pd.DataFrame([row]), source="a black square")
    (tmp_path / "datasets" / "begun" / ".import").mkdir(parents=True)
    study = tmp_path / "studies" / "demo"
    studies.open_in(study, studies.spec(study, "{name: demo}"))
    return tmp_path


def test_all_datasets_are_listed(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "list", "--root", str(root)]) == 0
    begun, heads = capsys.readouterr().out.splitlines()[1:]
    assert begun.split(maxsplit=1) == ["begun", "not finished: build or import it again"]
    assert heads.split() == ["heads", "1", "1", "train", "1", "a", "black", "square"]


def test_what_is_kept_decoded_is_listed_and_goes_with_the_dataset(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = root / "datasets" / "heads"
    (folder / FOLDER).mkdir()
    (folder / FOLDER / "1-2.npy").write_bytes(bytes(2_800_000))
    assert main(["data", "list", "--root", str(root)]) == 0
    heads = capsys.readouterr().out.splitlines()[2]
    assert heads.split()[:6] == ["heads", "1", "1", "train", "1", "2.8"]
    assert main(["data", "delete", "heads", "--root", str(root), "--yes"]) == 0
    assert not folder.exists()


def test_the_only_dataset_needs_no_name(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["data", "check", "--root", str(root)])
    assert capsys.readouterr().out.startswith("heads")
    assert main(["data", "show", "--root", str(root / "nowhere")]) == 2
    assert "no dataset below" in capsys.readouterr().err


def test_a_dataset_is_deleted_unless_a_study_that_runs_uses_it(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    delete = ["data", "delete", "heads", "--yes", "--root", str(root)]
    with study_lock(root / "studies" / "demo"):
        assert main(delete) == 2
    assert "used by demo, which is running" in capsys.readouterr().err
    assert main(delete) == 0
    assert not (root / "datasets" / "heads").exists() and (root / "datasets" / "begun").exists()
    assert main(delete) == 2
    assert "(valid: begun)" in capsys.readouterr().err


def test_a_dataset_that_a_starting_launch_needs_is_not_deleted(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with claimed(root / "studies" / "begins", ["heads"]):  # no space, no journal yet
        assert main(["data", "delete", "heads", "--yes", "--root", str(root)]) == 2
    assert "used by begins, which is running" in capsys.readouterr().err
    assert (root / "datasets" / "heads" / "dataset.json").is_file()


def test_a_launch_that_starts_while_a_deletion_is_confirmed_keeps_its_dataset(root: Path) -> None:
    with ExitStack() as launches:

        def sure(what: str) -> bool:
            launches.enter_context(claimed(root / "studies" / "begins", ["heads"]))
            return True

        with pytest.raises(InputError, match="used by begins"):
            delete_dataset("heads", root, sure)
    assert (root / "datasets" / "heads" / "dataset.json").is_file()
    assert delete_dataset("heads", root, lambda what: True) is not None
    assert sorted(path.name for path in (root / "datasets").iterdir()) == ["begun"]


def test_a_study_whose_space_cannot_be_read_may_use_what_is_deleted(root: Path) -> None:
    asked: list[str] = []
    for name in ("broken", "begun"):
        (root / "studies" / name).mkdir()
        (root / "studies" / name / "space.yaml").write_text("data: [", encoding="utf-8")
        assert delete_dataset("heads", root, lambda text: bool(asked.append(text))) is None
    one, two = asked
    assert one.endswith("MB, used by demo; broken may use it: its space cannot be read)")
    assert two.endswith("MB, used by demo; begun, broken may use it: their spaces cannot be read)")


@pytest.mark.parametrize("there", [True, False])
def test_of_a_linked_dataset_the_link_alone_is_removed(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], there: bool
) -> None:
    folder, shared = root / "datasets" / "heads", tmp_path / "shared"
    folder.rename(shared)
    folder.symlink_to(shared if there else tmp_path / "gone")
    assert main(["data", "delete", "heads", "--yes", "--root", str(root)]) == 0
    assert "removed the link" in capsys.readouterr().out
    assert not folder.is_symlink()
    assert sorted(path.name for path in shared.iterdir()) == ["dataset.json", "images", "labels.parquet"]


def test_an_import_says_at_once_what_is_odd_about_a_dataset(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neighbouring frames of one video under two names, one of which is held out."""
    rows = ["file,yaw,pitch,roll,subject,split"]
    for number in range(12):
        picture = photo(number if number != 11 else 0, (64, 64))
        picture.save(tmp_path / f"{number}.jpg", quality=95 - 3 * number)
        split = "train" if number < 8 else "validation"
        rows.append(f"{number}.jpg,{10 * number - 50},{number - 6},{number % 3},s{number},{split}")
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    command = ["data", "import", "folder", str(tmp_path), "--out", "mine", "--root", str(tmp_path / "r")]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "warning: 1 images of validation are almost the same as one of train" in said
    assert "mine/check.png" in said
    assert main(command) == 0
    assert "almost the same" not in capsys.readouterr().out, "it was imported before, and said then"


def test_what_a_check_found_is_said_where_a_search_would_use_the_dataset(tmp_path: Path) -> None:
    """Until the dataset is another one, or the check finds nothing any more."""
    folder = tmp_path / "datasets" / "heads"
    dataset = prepared(folder, ["train"] * 9 + ["validation"] * 3, roll=[0.0] * 12)
    given = studies.spec(tmp_path / "space", "{name: demo}")

    def odd() -> list[str]:
        return [text for need in needs_of(given, tmp_path / "datasets").datasets for text in need.odd]

    assert odd() == []
    check("heads", tmp_path)
    (said,) = odd()
    assert said.startswith("roll is 0 in all images")
    shown = dict(known(given, needs_of(given, tmp_path / "datasets"), plan_runs(given, tmp_path, tmp_path)))
    assert shown[""].startswith("heads: roll is 0 in all images")
    labels = dataset.labels()
    write_labels(folder, labels.assign(roll_deg=range(12)), source="made up")
    assert odd() == [], "what is known is of another content"
    (folder / LAST_CHECK).write_text("damaged")
    assert odd() == []
