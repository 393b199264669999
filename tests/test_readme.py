"""The README's commands and code do what it says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas
import pytest
import torch
from PIL import Image
from support import documented
from support.launches import IMAGES, furnish, launch_here
from support.pretext_tasks import TASKS

from hpsearch.cli.main import main
from hpsearch.study.spec import load_spec
from hpsearch.testing.pretext import seeded

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, flags=re.DOTALL)


def test_the_two_commands_come_first_and_ci_runs_the_second_then_the_quick_faults() -> None:
    commands = blocks("sh")[0].splitlines()
    assert TEXT.index(commands[0]) < 40
    assert commands[0] == "pip install -e . && hpsearch launch search_spaces/quickstart.yaml"
    assert commands[1] == "pip install -e '.[test]' && pytest -n 2"
    install, test = commands[1].split(" && ")
    ci = (ROOT / ".ci" / "run").read_text()
    assert install.replace("pip install", "pip install -q") in ci
    assert f"&& {test} && {test} -m quick\n" in ci


@pytest.mark.slow
def test_the_quickstart_runs_with_a_smaller_budget(tmp_path: Path, rendered: Path) -> None:
    furnish(tmp_path, rendered)
    text = (ROOT / "search_spaces" / "quickstart.yaml").read_text()
    for pattern, smaller in {
        r"images: \d+, subjects: \d+": f"images: {IMAGES.images}, subjects: {IMAGES.subjects}",
        r"\n  pruner: .*": "",
        r"\nepochs: \d+": "\nepochs: 1",
    }.items():
        text, times = re.subn(pattern, smaller, text)
        assert times == 1, pattern
    space = tmp_path / "quickstart.yaml"
    space.write_text(text)
    ran = launch_here(space, tmp_path, "--trials", "1")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "Always guessing the mean pose" in ran.stdout


def test_every_command_it_names_exists(capsys: pytest.CaptureFixture[str]) -> None:
    named = set(re.findall(r"\bhpsearch (\w+)", "\n".join([*blocks("sh"), *re.findall(r"`(.*?)`", TEXT)])))
    with pytest.raises(SystemExit):
        main(["--help"])
    help_text = capsys.readouterr().out
    commands = set(re.findall(r"^    (\w+)(?: |$)", help_text, flags=re.MULTILINE))
    assert named == commands


def test_the_messages_it_explains_are_ours() -> None:
    explained = re.findall(
        r"^\| ((?:`[^`]+`[ …]*)+) \| ", TEXT.partition("| it says |")[2], flags=re.MULTILINE
    )
    assert len(explained) == 10
    sources = [*(ROOT / "hpsearch").rglob("*.py"), *(ROOT / "trainables").rglob("*.py")]
    ours = re.sub(r'"\s*f?"', "", "".join(file.read_text(encoding="utf-8") for file in sources))
    fragments = [part.removesuffix(" HOST:6379") for row in explained for part in re.findall(r"`(.*?)`", row)]
    assert [fragment for fragment in fragments if fragment not in ours] == []


def test_the_table_of_poses_it_shows_can_be_imported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (table,) = blocks("csv")
    (tmp_path / "poses.csv").write_text(table)
    for row in table.splitlines()[1:]:
        image = tmp_path / row.partition(",")[0]
        image.parent.mkdir(exist_ok=True)
        Image.linear_gradient("L").resize((64, 64)).convert("RGB").save(image)  # a blank crop is refused
    words = next(line for block in blocks("sh") for line in block.splitlines() if "import folder" in line)
    _, *command = words.partition("#")[0].replace("poses.csv", str(tmp_path / "poses.csv")).split()
    assert main([*command, "--root", str(tmp_path / "root")]) == 0, capsys.readouterr().err
    labels = pandas.read_parquet(tmp_path / "root" / "datasets" / "mine" / "labels.parquet")
    assert sorted(labels["yaw_deg"]) == [-12.5, 4.1, 31.0]


def test_the_search_space_it_shows_is_one(tmp_path: Path) -> None:
    space = tmp_path / "shown.yaml"
    space.write_text(blocks("yaml")[0])
    spec = load_spec(space)
    assert spec.trials == 40
    assert "pretext.puzzling.grid" in {hole.name for hole in spec.space.holes()}


def test_the_pretext_task_it_shows_blanks_a_quarter() -> None:
    images = torch.rand(8, 3, 6, 6) + 1
    perturbed = TASKS["blanking"](value=-1.0).build().perturb(images, seeded())
    for image, blanked, quarter in zip(
        images, perturbed.images, perturbed.labels["blank"][:, 0], strict=True
    ):
        top, left = 3 * (int(quarter) // 2), 3 * (int(quarter) % 2)
        expected = image.clone()
        expected[:, top : top + 3, left : left + 3] = -1.0
        assert torch.equal(blanked, expected)


def test_the_pretext_task_it_shows_is_added_by_one_file_and_one_row(tmp_path: Path) -> None:
    package = shutil.copytree(
        ROOT / "trainables", tmp_path / "trainables", ignore=shutil.ignore_patterns("__pycache__")
    )
    (package / "pretext" / "blanking.py").write_text(documented.sources()["blanking"])
    table = package / "pretext" / "__init__.py"
    imports, rows = table.read_text().split("from trainables.pretext.none")
    task = "from trainables.pretext.blanking import BlankingConfig\nfrom trainables.pretext.none"
    end = "    },\n)\n"
    table.write_text(imports + task + rows.removesuffix(end) + '        "blanking": BlankingConfig,\n' + end)
    code = """
import sys
from trainables.training.config import parse_config
data = {"train": {"dataset": "heads"}}
task = {"blanking": {"flag": 2, "value": 0.5}}
config = parse_config({"data": data, "pretext": task, "init": {"ssl": {"pretext": "blanking"}}})
assert "torch" not in sys.modules
assert config.pretext.attachment().flag == 2 and config.pretext.build().value == 0.5
[(path, fault)] = parse_config({"data": data, "pretext": {"blanking": {"valeu": 1}}})
assert "did you mean 'value'" in str(fault), fault
from hpsearch.reference.json_schema import render
print(render())
"""
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "in the units of a normalised image" in ran.stdout


def test_its_images_and_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#][^)]*)\)", TEXT):
        assert (ROOT / target).exists(), target
