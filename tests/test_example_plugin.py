"""The example of a plug-in: pip installs it, its tests pass, a search uses and records what it adds."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.forks import hpsearch_there
from support.launches import furnish, hpsearch_here

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "hpsearch-example-plugin"
ORIGIN = "hpsearch-example-plugin 0.1.0"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that pip has installed the package into, without the network."""
    folder = tmp_path_factory.mktemp("site")
    source = shutil.copytree(EXAMPLE, tmp_path_factory.mktemp("source") / "example")  # where pip builds
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--target", folder]
    command = [sys.executable, "-m", "pip", "install", "--quiet", *options, source]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def path_with(installed: Path) -> str:
    return os.pathsep.join(map(str, (installed, ROOT)))


@pytest.mark.slow
def test_its_own_tests_pass(installed: Path) -> None:
    options = ("-p", "no:cacheprovider", "--rootdir", EXAMPLE, "-k", "default")
    command = [sys.executable, "-m", "pytest", *options, EXAMPLE / "tests"]
    environment = os.environ | {"PYTHONPATH": path_with(installed)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout
    assert re.search(r"\d+ passed, \d+ deselected", done.stdout), done.stdout


@pytest.mark.slow
def test_a_search_uses_what_it_lists_and_records_it(installed: Path, tmp_path: Path, rendered: Path) -> None:
    root = furnish(tmp_path, rendered)
    launch = ("launch", EXAMPLE / "space.yaml", "--root", root, "--in-process")
    show = ("show", "--root", root, "--format", "json")
    listed, launched, shown = hpsearch_there(("plugins",), launch, show, PYTHONPATH=path_with(installed))
    assert [line.split()[:4] for line in listed.stdout.splitlines()] == [
        ["backbones", "slim", *ORIGIN.split()],
        ["pretext", "flipping", *ORIGIN.split()],
    ]
    assert launched.returncode == 0, launched.stdout + launched.stderr
    study = json.loads(shown.stdout)
    assert study["plugins"] == {"backbones slim": ORIGIN, "pretext flipping": ORIGIN}
    best = (root / "studies" / "example-plugin" / "best.yaml").read_text()
    assert "slim" in best


def test_without_the_package_a_study_of_it_says_what_is_missing() -> None:
    refused = hpsearch_here("check", EXAMPLE / "space.yaml")
    assert refused.returncode == 2
    assert "'slim' is unknown" in refused.stderr and "'flipping' is unknown" in refused.stderr
