"""Files that a power cut left empty: each command answers, and names the file where it needs it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from support import studies
from support.toy import prepared_blobs

from hpsearch.cli.main import main
from hpsearch.driver.outcome import write_outcome
from hpsearch.study.opening import open_study
from hpsearch.study.requests import request_design
from hpsearch.study.store import keep_space
from hpsearch.tracking.tracker import TRACKING_ID
from trainables.base.atomic import save_state
from trainables.training.checkpoints import BEST_WEIGHTS

COMMANDS = ("show", "status", "list", "report", "logs", "data list", "data show heads", "data check heads")
NEEDED = {
    "space.yaml": {"show", "status", "report", "logs", "check"},
    "study.journal": {"show", "status", "report", "logs", "check"},
    "dataset.json": {"data show heads", "data check heads", "check"},
    "labels.parquet": {"data show heads", "data check heads", "check"},
}
"""Which commands cannot do without a file, by its name: they end with status 2 and name it."""


def root(folder: Path) -> Path:
    """Make a root with a dataset, and a study with a finished trial, a running one and a request."""
    root = folder / "root"
    heads = prepared_blobs(root / "datasets" / "heads", splits=("train", "validation"))
    study_folder = root / "studies" / "demo"
    spec = studies.spec(folder, "{name: demo, sampler: random, pruner: none}")
    study_folder.mkdir(parents=True)
    seen = replace(studies.PROVENANCE, datasets={"train": f"heads @ {heads.card.content_hash}"})
    study = open_study(study_folder, spec, seen)
    studies.train(study, study.ask())
    studies.train(study, study.ask(), until=3)
    keep_space(spec, study_folder)
    save_state({"weight": torch.zeros(1)}, study.record().trials[0].folder / BEST_WEIGHTS)
    request_design(study_folder, {"pretext": "none"})
    (study_folder / TRACKING_ID).write_text("1")
    write_outcome(study.record(), print)
    return root


def test_every_file_may_be_empty_and_every_command_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)  # where `data show` writes its sheet
    whole, cut = root(tmp_path), tmp_path / "cut"
    files = [file for file in whole.rglob("*") if file.is_file() and file.suffix != ".jpg"]
    assert {file.name for file in files} >= {*NEEDED, TRACKING_ID, BEST_WEIGHTS, "best.yaml"}
    for file in files:
        shutil.copytree(whole, cut)
        (cut / file.relative_to(whole)).write_bytes(b"")
        for command in (*COMMANDS, "check"):
            space = [str(tmp_path / "space.yaml")] if command == "check" else []
            status = main([*command.split(), *space, "--root", str(cut)])
            said = capsys.readouterr().err
            needs = command in NEEDED.get(file.name, ())
            assert (status == 2) == needs, (file.name, command, said)
            assert not needs or str(cut / file.relative_to(whole).parent) in said
        shutil.rmtree(cut)


def test_a_request_that_cannot_be_read_is_set_aside_and_the_others_are_tried(tmp_path: Path) -> None:
    study = studies.open_in(tmp_path, studies.spec(tmp_path, "{sampler: random, pruner: none}"))
    request_design(tmp_path, {"pretext": "none"})
    (request,) = (tmp_path / "requests").iterdir()
    for content in (b"", b"[1]", b"\xff"):
        (tmp_path / "requests" / "design-0-0.json").write_bytes(content)
        asked = study.ask_requested()
        assert (asked is not None) == (content == b"")
        assert [file.suffix for file in (tmp_path / "requests").iterdir()] == [".damaged"]
    assert (tmp_path / "log.txt").read_text().count("a requested design cannot be read") == 3
    assert not request.exists()
