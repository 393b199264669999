"""Plug-ins of a study: which it uses, and what is said where one is missing or at fault."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from support import spaces, studies
from support.forks import hpsearch_there
from support.launches import Done, hpsearch_here, launch_here
from support.plugins import SHORT, install, installed_here
from support.toy import prepared_blobs

from hpsearch.study.folders import studies_folder
from hpsearch.study.opening import open_study
from hpsearch.study.origin import Origin
from hpsearch.study.plugins import absence, known_tables
from hpsearch.study.spec import StudySpec, load_spec
from hpsearch.study.store import changes, find_study, keep_space
from hpsearch.tracking.location import STORE
from hpsearch.tracking.rows import identity_tags
from trainables.base.errors import InputError, InputWarning
from trainables.base.plugins import Plugin

ENTRIES = "[hpsearch.schedules]\nshort = quick_schedules:ShortConfig\n"
SPACE = "epochs: 9\nschedule: {choice: [constant, short]}\n"


def run(folder: Path, *words: str) -> Done:
    """Run Python where the packages of a folder are installed too."""
    environment = {**os.environ, "PYTHONPATH": path_with(folder)}
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, env=environment)


def hpsearch(folder: Path, *words: str) -> Done:
    """Run a command there, in a process that has all but these packages loaded."""
    [done] = hpsearch_there(words, PYTHONPATH=path_with(folder))
    return done


def path_with(folder: Path) -> str:
    return os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])


def test_every_table_is_one_that_packages_can_add_to() -> None:
    for group, table in known_tables().items():
        for name, row in table.built_in.items():
            own = Plugin(group, name, "hpsearch", "1", f"{row.__module__}:{row.__name__}")
            assert own.load(table.protocol) is row


def test_plugins_are_listed_and_named_in_the_schema(tmp_path: Path) -> None:
    install(tmp_path, "quick-schedules", ENTRIES)
    listed = hpsearch(tmp_path, "plugins")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert listed.stdout.split() == [
        "schedules",
        "short",
        "quick-schedules",
        "1.2",
        "quick_schedules:ShortConfig",
    ]
    schema = json.loads(hpsearch(tmp_path, "schema").stdout)
    assert schema["$defs"]["schedule.short.share"]["description"] == "How much of it."
    hpsearch_page = run(tmp_path, "-m", "hpsearch.reference.markdown", str(tmp_path / "own"))
    assert hpsearch_page.returncode == 0
    assert "How much of it." not in (tmp_path / "own" / "keys.md").read_text()
    run(tmp_path, "-m", "hpsearch.reference.markdown", str(tmp_path / "all"), "--plugins")
    assert "| `share` | number | `0.5` | How much of it. |" in (tmp_path / "all" / "keys.md").read_text()


def test_without_plugins_it_says_so() -> None:
    assert "no installed package adds anything" in hpsearch(Path(), "plugins").stdout


def test_what_cannot_be_used_is_listed_in_sentences_and_stops_nothing_else(tmp_path: Path) -> None:
    install(tmp_path, "broken-schedules", ENTRIES.replace("quick", "broken"), module="import nowhere")
    install(tmp_path, "own-names", "[hpsearch.heads]\nbins = own_names:ShortConfig\n")
    install(tmp_path, "lost-group", "[hpsearch.schedule]\nshort = lost_group:ShortConfig\n")
    listed = hpsearch(tmp_path, "plugins")
    assert listed.returncode == 1 and listed.stderr == ""
    for sentence in (
        "cannot be used: schedules 'short' of broken-schedules 1.2 cannot be imported (ModuleNotFoundError",
        "cannot be used: heads 'bins' of own-names 1.2 is not used, because hpsearch has one of that name",
        "hpsearch.schedule is unknown (did you mean 'schedules'?",
    ):
        assert sentence in listed.stdout
    space = spaces.write(tmp_path, SPACE)
    refused = hpsearch(tmp_path, "check", str(space))
    assert refused.returncode == 2 and "Traceback" not in refused.stderr
    assert (
        f"{space}:3: schedule: schedules 'short' of broken-schedules 1.2 cannot be imported" in refused.stderr
    )
    assert hpsearch(tmp_path, "schema").returncode == 0
    assert hpsearch(tmp_path, "list", "--root", str(tmp_path)).returncode == 0


def test_help_imports_no_plugin(tmp_path: Path) -> None:
    install(tmp_path, "quick-schedules", ENTRIES, module=SHORT + "print('imported')\n")
    for words in (["--help"], ["list", "--root", str(tmp_path)]):
        assert "imported" not in run(tmp_path, "-m", "hpsearch", *words).stdout


def test_a_study_knows_the_plugins_it_uses(tmp_path: Path) -> None:
    install(tmp_path, "quick-schedules", ENTRIES + "unused = quick_schedules:ShortConfig\n")
    space = spaces.write(tmp_path, SPACE)
    code = (
        "import sys; from pathlib import Path\n"
        "from hpsearch.study.plugins import plugins_of\n"
        "from hpsearch.study.spec import load_spec\n"
        "print(*plugins_of(load_spec(Path(sys.argv[1]))))"
    )
    assert run(tmp_path, "-c", code, str(space)).stdout == "schedules 'short' of quick-schedules 1.2\n"


def test_a_machine_without_the_drivers_plugin_says_what_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = Plugin("schedules", "short", "quick-schedules", "1.2", "quick_schedules:ShortConfig")
    lacks = "it lacks quick-schedules 1.2, which adds schedules 'short': install it there too"
    assert absence(driver) == lacks
    there = [driver]
    monkeypatch.setattr("hpsearch.study.plugins.installed", lambda: there)
    there[:] = [replace(driver, version="1.1")]
    assert absence(driver) == (
        "it has quick-schedules 1.1, the driver quick-schedules 1.2, which adds schedules 'short': "
        "install the same"
    )


OWN_NAME = "[hpsearch.heads]\nbins = nowhere:BinsConfig\n"
UNUSED = (
    "heads 'bins' of own-names 1.2 is not used, because hpsearch has one of that name: uninstall own-names, "
    "or install a version of it that has another name for its own"
)


def test_a_space_that_names_a_row_of_hpsearch_s_is_warned_of_a_plugin_of_that_name(tmp_path: Path) -> None:
    space = spaces.write(tmp_path, "head: {choice: [regression, bins]}\n")
    with installed_here(tmp_path / "site", "own-names", OWN_NAME):
        checked = hpsearch_here("check", space, "--root", tmp_path)
        assert checked.stderr.splitlines().count(f"warning: {space}: {UNUSED}") == 1
        with pytest.warns(InputWarning, match="uninstall own-names"):
            load_spec(space)
        spaces.write(tmp_path, "head: regression\n")
        assert "warning" not in hpsearch_here("check", space, "--root", tmp_path).stderr


def test_an_unknown_name_is_answered_by_known_ones_and_where_they_come_from(tmp_path: Path) -> None:
    space = spaces.write(tmp_path, "pretext: hue_turm\n")
    with installed_here(tmp_path / "site", "own-tasks", HUE_TURN), pytest.raises(InputError) as caught:
        load_spec(space)
    [fault] = caught.value.faults
    assert fault.message.startswith("'hue_turm' is unknown (did you mean 'hue_turn'? valid: ")
    assert ", hue_turn of own-tasks 1.2, inpainting, none, " in fault.message
    assert fault.message.endswith("): correct it, or install the package that adds it")


HUE_TURN = "[hpsearch.pretext]\nhue_turn = support.hue_turn:HueTurnConfig\n"


def begun(root: Path, text: str, plugins: dict[str, Origin]) -> StudySpec:
    """Return the spec of a study of one trial, as it was kept below the root."""
    space = spaces.write(root, text)
    spec = load_spec(space)
    folder = studies_folder(root) / spec.name
    folder.mkdir(parents=True)
    study = open_study(folder, spec, replace(studies.PROVENANCE, plugins=plugins))
    keep_space(spec, folder)
    study.ask()
    return spec


def test_a_study_whose_package_is_gone_names_it_and_how_to_install_it(tmp_path: Path) -> None:
    with installed_here(tmp_path / "site", "own-tasks", HUE_TURN):
        begun(tmp_path, "pretext: hue_turn\n", {"pretext hue_turn": Origin("own-tasks", ("1.2",))})
        assert find_study(tmp_path, "space").trials
    for words in (["show", "space"], ["report", "space"]):
        done = hpsearch_here(*words, "--root", tmp_path)
        assert done.returncode == 2
        assert done.stderr.splitlines()[0].endswith(
            "study 'space' uses pretext hue_turn of own-tasks 1.2, which is not installed here: "
            "pip install own-tasks==1.2"
        )


def test_a_study_does_not_go_on_with_a_row_of_hpsearch_s_in_place_of_a_package_s(tmp_path: Path) -> None:
    spec = begun(tmp_path, "head: bins\n", {"heads bins": Origin("own-names", ("1.2",))})
    [fault] = changes(studies_folder(tmp_path) / spec.name, spec)
    assert fault.message.startswith(
        "heads bins was of own-names 1.2 when study 'space' began, and is hpsearch's own now"
    )


def test_a_study_does_not_go_on_with_a_row_of_another_package(tmp_path: Path) -> None:
    with installed_here(tmp_path / "first", "own-tasks", HUE_TURN):
        versions = Origin("own-tasks", ("1.2", "1.3"))
        spec = begun(tmp_path, "pretext: hue_turn\n", {"pretext hue_turn": versions})
        assert changes(studies_folder(tmp_path) / spec.name, spec) == []
    with installed_here(tmp_path / "second", "others-tasks", HUE_TURN, version="2.0"):
        [fault] = changes(studies_folder(tmp_path) / spec.name, load_spec(tmp_path / "space.yaml"))
    assert fault.message == (
        "pretext hue_turn was of own-tasks 1.2, 1.3 when study 'space' began, and is of others-tasks 2.0 "
        "now: its trials cannot be compared. Give the new space a name of its own (search.name), or install "
        "own-tasks in place of others-tasks"
    )


LAUNCHED = """\
search: {name: own, sampler: random, pruner: none, budget: {trials: 1}}
data: {train: {dataset: blobs}, image_px: 32, batch: 8}
augmentation: none
network: {backbone: resnet10}
head: regression
pretext: hue_turn
seed: {int: [0, 9]}
epochs: 1
"""


def test_a_study_that_goes_on_with_another_version_says_so_and_keeps_both(
    tmp_path: Path, narrow: None, empty_store: Path
) -> None:
    shutil.copyfile(empty_store, tmp_path / STORE)
    prepared_blobs(tmp_path / "datasets" / "blobs", splits=("train", "validation"))
    space = tmp_path / "own.yaml"
    space.write_text(LAUNCHED)
    said = "earlier trials of this study ran with own-tasks 1.2, new ones run with 1.3"
    with installed_here(tmp_path / "1.2", "own-tasks", HUE_TURN):
        first = launch_here(space, tmp_path)
        assert first.returncode == 0 and "earlier trials" not in first.stdout
    with installed_here(tmp_path / "1.3", "own-tasks", HUE_TURN, version="1.3"):
        again = launch_here(space, tmp_path, "--trials", "2")
        assert again.returncode == 0 and said in again.stdout
        assert said in launch_here(space, tmp_path, "--trials", "2").stdout, (
            "also where nothing is left to do"
        )
        study = find_study(tmp_path, "own")
    assert len(study.trials) == 2
    assert study.provenance.plugins == {"pretext hue_turn": Origin("own-tasks", ("1.2", "1.3"))}
    tags = identity_tags(study, study.trials[0])
    assert tags["plugin.pretext.hue_turn"] == "own-tasks 1.2, 1.3"
