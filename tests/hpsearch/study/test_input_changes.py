"""A study goes on over the data that it has trained on, wherever they lie, and over no others."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from support import studies
from support.toy import prepared_blobs

from hpsearch.cli.main import main
from hpsearch.study.input_changes import InputsChanged, check_inputs, look_at_inputs
from hpsearch.study.inputs import Inputs
from hpsearch.study.opening import open_study
from hpsearch.study.records import Provenance
from hpsearch.study.spec import StudySpec
from trainables.base.errors import InputError
from trainables.data.datasets.prepared import LABELS

SPACE = """\
data: {train: {dataset: heads}, test: [{name: other, dataset: others, split: train}], image_px: 32}
network: {backbone: resnet10}
epochs: 9
seed: {choice: [0, 1]}
"""


class Root:
    """A root with two datasets and a study over them."""

    def __init__(self, root: Path, space: str = SPACE) -> None:
        self.root, self.datasets, self.folder = root, root / "datasets", root / "studies" / "demo"
        for name in ("heads", "others"):
            prepared_blobs(self.datasets / name, splits=("train", "validation"))
        self.spec: StudySpec = studies.spec(self.folder, "{name: demo, pruner: none}", space)

    def launch(self, epochs: int = 1, provenance: Provenance | None = None) -> Inputs:
        """Launch as far as one trial's first epochs; return the inputs that the journal keeps."""
        inputs = look_at_inputs(self.spec, self.folder, self.datasets)
        study = open_study(self.folder, self.spec, provenance or replace(studies.PROVENANCE, inputs=inputs))
        asks = study.unfinished() or [study.ask()]
        for epoch in range(1, epochs + 1):
            study.report(asks[0].number, epoch, {studies.OBJECTIVE: 9.0})
        return study.record().provenance.inputs

    def negate(self, name: str = "heads") -> None:
        file = self.datasets / name / LABELS
        table = pd.read_parquet(file)
        table["yaw_deg"] = -table["yaw_deg"]
        table.to_parquet(file, index=False)

    def import_anew(self, moved_deg: float) -> None:
        shutil.rmtree(self.datasets / "heads")
        prepared_blobs(self.datasets / "heads", splits=("train", "validation"), moved_deg=moved_deg)


@pytest.fixture
def begun(tmp_path: Path) -> Root:
    root = Root(tmp_path)
    root.launch()
    return root


def test_the_same_data_go_on_and_keep_when_they_were_first_seen(begun: Root) -> None:
    first = begun.launch()
    assert set(first.datasets) == {"heads", "others"}
    assert begun.launch() == first


@pytest.mark.parametrize("name", ["heads", "others"])
def test_labels_that_changed_are_refused_with_the_way_out(begun: Root, name: str) -> None:
    begun.negate(name)
    with pytest.raises(InputError) as caught:
        begun.launch()
    [fault] = caught.value.faults
    assert fault.file == str(begun.datasets / name)
    assert (
        f"dataset '{name}' is not the one of 20" in fault.message
        and "labels.parquet is another" in fault.message
    )
    assert "a name of its own (search.name)" in fault.message


def test_other_data_imported_under_the_same_name_are_refused(
    begun: Root, capsys: pytest.CaptureFixture[str]
) -> None:
    begun.import_anew(moved_deg=1.0)
    assert main(["check", str(begun.folder / "space.yaml"), "--root", str(begun.root)]) == 2
    assert "dataset 'heads' is not the one" in capsys.readouterr().err


def test_the_same_data_imported_anew_go_on(begun: Root) -> None:
    before = begun.launch()
    begun.import_anew(moved_deg=0.0)
    after = begun.launch()
    assert after.datasets["heads"].digests.content == before.datasets["heads"].digests.content
    assert after.datasets["heads"].seen_s == before.datasets["heads"].seen_s


def test_a_root_that_was_copied_goes_on(begun: Root, tmp_path: Path) -> None:
    shutil.copytree(begun.datasets, tmp_path / "copy", copy_function=shutil.copyfile)
    look_at_inputs(begun.spec, begun.folder, tmp_path / "copy")


def test_before_the_first_epoch_data_may_change(tmp_path: Path) -> None:
    root = Root(tmp_path)
    before = root.launch(epochs=0)
    root.import_anew(moved_deg=1.0)
    after = root.launch()
    assert after.datasets["heads"].digests.content != before.datasets["heads"].digests.content


def test_a_new_study_does_not_begin_on_what_the_card_does_not_say(tmp_path: Path) -> None:
    root = Root(tmp_path)
    root.negate()
    later_s = time.time() + 1
    os.utime(root.datasets / "heads" / LABELS, (later_s, later_s))
    with pytest.raises(InputError, match="changed since this dataset was written"):
        root.launch()


def test_a_study_of_an_older_version_goes_on_unless_its_dataset_was_imported_anew(tmp_path: Path) -> None:
    root = Root(tmp_path)
    content = look_at_inputs(root.spec, root.folder, root.datasets).datasets["heads"].digests.content
    root.launch(provenance=replace(studies.PROVENANCE, datasets={"train": f"heads @ {content}"}))
    look_at_inputs(root.spec, root.folder, root.datasets)
    root.import_anew(moved_deg=1.0)
    with pytest.raises(InputError, match="it was written again"):
        look_at_inputs(root.spec, root.folder, root.datasets)


def test_data_that_change_while_a_study_runs_are_noticed(begun: Root) -> None:
    inputs = begun.launch()
    check_inputs("demo", inputs, begun.datasets)
    begun.negate("others")
    with pytest.raises(InputsChanged, match="dataset 'others' became another while study 'demo' ran"):
        check_inputs("demo", inputs, begun.datasets)


def test_weights_that_were_replaced_under_their_path_are_refused(tmp_path: Path) -> None:
    weights = tmp_path / "weights.pt"
    weights.write_bytes(b"one")
    space = SPACE + f"init: {{choice: [random, {{file: {{path: {weights}}}}}]}}\n"
    root = Root(tmp_path / "root", space)
    root.launch()
    weights.touch()
    assert set(root.launch().files) == {str(weights)}
    weights.write_bytes(b"two")
    with pytest.raises(InputError, match="its SHA-256 is another") as caught:
        root.launch()
    assert caught.value.faults[0].file == str(weights)
