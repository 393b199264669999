"""What a deletion takes, and what it leaves."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient
from support import plausible
from support.patience import PATIENCE_S

from hpsearch.lifecycle.deletion import delete
from hpsearch.study.lock import study_lock
from hpsearch.study.records import StudyRecord, TrialState
from hpsearch.tracking.location import STORE, default_uri
from hpsearch.tracking.tracker import Tracker
from trainables.base.errors import InputError


@pytest.fixture
def root(tmp_path: Path, empty_store: Path) -> Path:
    shutil.copyfile(empty_store, tmp_path / STORE)
    return tmp_path


def tracked(root: Path, name: str) -> StudyRecord:
    """Return a study below the root whose two trials are in MLflow."""
    folder = root / "studies" / name
    (folder / "trials" / "0000").mkdir(parents=True)
    (folder / "study.journal").write_text("")
    study = plausible.study(folder, [TrialState.COMPLETE, TrialState.PRUNED], name=name)
    tracker = Tracker(default_uri(root), name, folder, root / "mlartifacts", lambda text: None)
    for trial in study.trials:
        tracker.sync(study, trial)
    assert tracker.close(study, [])
    return study


def runs(root: Path, name: str) -> int:
    client = MlflowClient(tracking_uri=default_uri(root))
    experiment = client.get_experiment_by_name(name)
    return 0 if experiment is None else len(client.search_runs([experiment.experiment_id]))


def test_folder_and_runs_go_and_what_is_shared_stays(root: Path) -> None:
    gone, other = tracked(root, "gone"), tracked(root, "other")
    for shared in ("datasets", "pretrained"):
        (root / shared).mkdir()
    asked: list[str] = []
    assert delete(root, gone.folder, lambda text: bool(asked.append(text))) is None
    assert gone.folder.is_dir() and str(gone.folder) in asked[0]

    with study_lock(gone.folder), pytest.raises(InputError, match="is being run"):
        delete(root, gone.folder, lambda text: True)

    said = delete(root, gone.folder, lambda text: True)
    assert said is not None and "3 runs in MLflow" in said
    assert not gone.folder.exists() and other.folder.is_dir()
    assert (root / "datasets").is_dir() and (root / "pretrained").is_dir()
    assert (runs(root, "gone"), runs(root, "other")) == (0, 3)

    tracked(root, "gone")  # a new study of that name has none of the old runs
    assert runs(root, "gone") == 3


def test_a_study_that_is_run_is_not_deleted(root: Path) -> None:
    study = tracked(root, "demo")
    with study_lock(study.folder), pytest.raises(InputError, match="is being run by process"):
        delete(root, study.folder, lambda text: True)
    assert (study.folder / "study.journal").is_file() and runs(root, "demo") == 3


def test_the_runs_of_pretrainings_stay(root: Path) -> None:
    study = tracked(root, "demo")
    client = MlflowClient(tracking_uri=default_uri(root))
    experiment = client.get_experiment_by_name("demo")
    assert experiment is not None
    client.create_run(experiment.experiment_id, tags={"hpsearch.pretrain": "rotation-2x2-0123"})
    delete(root, study.folder, lambda text: True)
    [left] = client.search_runs([experiment.experiment_id])
    assert left.data.tags["hpsearch.pretrain"] == "rotation-2x2-0123"


def test_of_a_linked_study_the_link_alone_goes(root: Path) -> None:
    study, elsewhere = tracked(root, "demo"), root / "elsewhere"
    study.folder.rename(elsewhere)
    study.folder.symlink_to(elsewhere)
    said = delete(root, study.folder, lambda text: "not the study that it leads to" in text)
    assert said is not None and "the study stays" in said
    assert not study.folder.is_symlink() and (elsewhere / "study.journal").is_file()
    assert runs(root, "demo") == 3


def test_where_the_files_cannot_be_removed_the_runs_stay(root: Path) -> None:
    """A folder that cannot be removed although this user may write to it: something is mounted there."""
    study = tracked(root, "demo")
    script = """
import sys
from pathlib import Path
from hpsearch.lifecycle.deletion import delete
from trainables.base.errors import InputError
try:
    delete(Path(sys.argv[1]), Path(sys.argv[2]), lambda text: True)
except InputError as error:
    print(error)
"""
    mount = 'mount -t tmpfs tmpfs "$3/trials/0000" && exec "$0" -c "$1" "$2" "$3"'
    words = [sys.executable, script, str(root), str(study.folder)]
    command = ["unshare", "--mount", "--map-root-user", "sh", "-c", mount, *words]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    if "unshare" in ran.stderr or "mount" in ran.stderr:
        pytest.skip("the system lets this user mount nothing (user namespaces)")
    assert "some of it could not be removed" in ran.stdout, ran.stdout + ran.stderr
    assert runs(root, "demo") == 3
