"""How a study is found, and what is true of one that nobody runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support import studies
from support.studies import PROVENANCE

from hpsearch.study import opening
from hpsearch.study.claim import claimed
from hpsearch.study.journal.journal import JOURNAL
from hpsearch.study.lock import study_lock
from hpsearch.study.records import LaunchRecord, Provenance, StudyState, TrialState
from hpsearch.study.store import SPACE, changes, find_study, keep_space, only_study, state_of, study_names
from hpsearch.study.study import Study
from trainables.base.errors import InputError


def begun(root: Path, name: str = "demo") -> Study:
    folder = root / "studies" / name
    return studies.open_in(folder, studies.spec(folder, f"{{name: {name}, pruner: none}}"))


def test_a_trial_is_running_only_while_somebody_runs_its_study(tmp_path: Path) -> None:
    study = begun(tmp_path)
    studies.train(study, study.ask(), until=2)
    with study_lock(study.folder):
        found = find_study(tmp_path, "demo")
        assert [trial.state for trial in found.trials] == [TrialState.RUNNING]
        assert state_of(found) is StudyState.RUNNING
    found = find_study(tmp_path, "demo")
    assert [trial.state for trial in found.trials] == [TrialState.INTERRUPTED]
    assert state_of(found) is StudyState.INTERRUPTED
    assert study.record().trials[0].state is TrialState.RUNNING, "its driver goes on with it"


def test_a_study_is_complete_once_its_launch_has_done_all_it_was_asked_to(tmp_path: Path) -> None:
    study, launch = begun(tmp_path), LaunchRecord(1, None, 2.0, in_parallel=1, began_s=100.0)
    study.launched(launch)
    studies.train(study, study.ask())
    assert state_of(find_study(tmp_path, "demo")) is StudyState.INTERRUPTED
    study.launched(replace(launch, ended_s=200.0))
    found = find_study(tmp_path, "demo")
    assert state_of(found) is StudyState.COMPLETE
    assert found.launch is not None and found.launch.deadline_s == 7300.0
    assert found.launch.in_parallel == 1 and '"side_by_side"' in (found.folder / "study.journal").read_text()


def test_studies_of_older_versions_are_complete_where_nothing_is_left_to_do(tmp_path: Path) -> None:
    study = begun(tmp_path)
    studies.train(study, study.ask())
    assert state_of(find_study(tmp_path, "demo")) is StudyState.COMPLETE


SEARCH = "{name: demo, pruner: none}"


def changed(root: Path, space: str = studies.SPACE, search: str = SEARCH) -> list[str]:
    """Return the keys that a launch of another space refuses in the study below `root`."""
    found = changes(root / "studies" / "demo", studies.spec(root / "new", search, space))
    return [fault.where for fault in found]


def test_studies_are_compared_by_what_they_mean(tmp_path: Path) -> None:
    study = begun(tmp_path)
    assert changed(tmp_path, studies.SPACE.replace("dataset: heads", "dataset: typo")) == [], "no trial yet"
    studies.train(study, study.ask())
    written_out = studies.SPACE + "clip_norm: null\nhead: bins\noptimizer: {adabelief: {}}\n"
    assert changed(tmp_path, written_out, "{name: demo, pruner: {none: {}}, sampler: tpe, retries: 5}") == []
    assert changed(tmp_path, studies.SPACE.replace(": heads", ": other")) == ["data.train.dataset"]
    assert changed(tmp_path, studies.SPACE + "clip_norm: 1.0\n") == ["clip_norm"]
    assert changed(tmp_path, studies.SPACE.replace("[2, 4]", "[1, 4]")) == ["pretext.rotation.flag"]
    assert changed(tmp_path, search=SEARCH.replace("pruner: none", "sampler: random")) == [
        "search.pruner",
        "search.sampler",
    ]


def test_a_value_of_an_option_is_compared_too(tmp_path: Path) -> None:
    study = begun(tmp_path)
    studies.train(study, study.ask())
    fixed = studies.SPACE.replace("{flag: {int: [2, 4]}}", "{flag: {int: [2, 4]}, ssl_weight: 5.0}")
    assert changed(tmp_path, fixed) == ["pretext.rotation.ssl_weight"]


@pytest.fixture
def older(tmp_path: Path) -> Study:
    """A study that was begun before `data.evaluation_zoom` was there, with one trial."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "ZOOMED", "a key that nobody reads")
        study = begun(tmp_path)
        studies.train(study, study.ask())
        keep_space(study.spec, study.folder)
    return study


def test_a_study_of_an_older_version_keeps_measuring_on_whole_images(older: Study, tmp_path: Path) -> None:
    found = find_study(tmp_path, "demo")
    assert found.trials[0].config.evaluation_zoom == 0.0
    assert found.spec.fill(found.trials[0].params)["data"]["evaluation_zoom"] == 0.0, "as best.yaml has it"
    again = studies.open_in(older.folder, studies.spec(tmp_path / "new", SEARCH))
    ask = again.ask()
    assert ask is not None and ask.config.evaluation_zoom == 0.0
    assert [trial.config.evaluation_zoom for trial in again.record().trials] == [0.0, 0.0]


def test_a_new_one_measures_at_the_mean_of_training_s_zoom(tmp_path: Path) -> None:
    study = begun(tmp_path)
    studies.train(study, study.ask())
    keep_space(study.spec, study.folder)
    found = find_study(tmp_path, "demo")
    assert found.trials[0].config.evaluation_zoom == 0.1, "that of augmentation 1"
    assert "evaluation_zoom" not in found.spec.fill(found.trials[0].params)["data"]


def zoomed(zoom: object) -> str:
    return studies.SPACE.replace("heads}", f"heads}}, evaluation_zoom: {zoom}", 1)


def test_what_a_study_measures_on_may_be_written_out_and_not_changed(tmp_path: Path) -> None:
    study = begun(tmp_path)
    studies.train(study, study.ask())
    assert changed(tmp_path) == changed(tmp_path, zoomed("auto")) == []
    assert changed(tmp_path, zoomed(0)) == ["data.evaluation_zoom"]


@pytest.mark.usefixtures("older")
def test_an_older_study_is_not_measured_anew(tmp_path: Path) -> None:
    assert changed(tmp_path) == changed(tmp_path, zoomed(0)) == []
    assert changed(tmp_path, zoomed("auto")) == ["data.evaluation_zoom"]


def test_a_folder_that_was_made_for_a_study_that_never_began_is_gone_again(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    folder = root / "studies" / "demo"
    with pytest.raises(InputError), claimed(folder):
        raise InputError("no such dataset")
    assert not root.exists()
    (root / "datasets").mkdir(parents=True)
    with claimed(folder), pytest.raises(InputError, match="is being run by"), claimed(folder):
        pass
    assert not folder.exists() and (root / "datasets").is_dir()


def test_a_study_that_has_begun_stays_whatever_somebody_removes_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "studies" / "demo"
    with claimed(folder) as claim:
        claim.begin()
        (folder / SPACE).touch()
        (folder / JOURNAL).touch()
        (folder / SPACE).unlink()
    assert (folder / JOURNAL).is_file()


def test_the_only_study_needs_no_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no study below"):
        only_study(tmp_path)
    begun(tmp_path)
    assert only_study(tmp_path) == "demo"
    begun(tmp_path, "other")
    with pytest.raises(InputError, match=r"2 studies below .*: demo, other"):
        only_study(tmp_path)
    assert study_names(tmp_path) == ["demo", "other"]
    with pytest.raises(InputError, match="did you mean 'demo'"):
        find_study(tmp_path, "dem")


def test_the_training_mean_keeps_its_name_on_disk() -> None:
    assert PROVENANCE.written()["baseline"] == PROVENANCE.training_mean
    assert Provenance.read(PROVENANCE.written()) == PROVENANCE
