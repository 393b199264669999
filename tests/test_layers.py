"""Imports point one way, outside tools stay in their place, and importing is silent."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted(path for package in ("hpsearch", "trainables") for path in (ROOT / package).rglob("*.py"))

FLOORS: dict[str, tuple[tuple[str, ...], ...]] = {
    "trainables": (
        ("base", "pose"),
        ("target",),
        ("data", "losses", "optim"),
        ("pretext",),
        ("model",),
        ("training", "exported"),
        ("__main__", "ray_trainable"),
    ),
    "hpsearch": (
        ("space", "door"),
        ("study",),
        ("results", "reference", "work"),
        ("tracking",),
        ("report",),
        ("ray", "lifecycle"),
        ("driver",),
        ("plan", "notebook", "testing"),
        ("cli",),
        ("__main__",),
    ),
}
"""The folders of each package from the ground up: a folder imports from the floors below its own alone."""

KEEPERS = {
    "ray": ("hpsearch/ray/", "trainables/ray_trainable.py"),
    "optuna": ("hpsearch/study/",),
    "optuna_dashboard": ("hpsearch/study/dashboard.py",),
    "mlflow": ("hpsearch/tracking/",),
    "alembic": ("hpsearch/tracking/",),
    "flask": ("hpsearch/tracking/",),
    "werkzeug": ("hpsearch/door/",),
    "sqlalchemy": ("hpsearch/tracking/",),
    "shtab": ("hpsearch/cli/",),
    "rich": ("hpsearch/cli/", "hpsearch/results/leaderboard"),
    "nvidia": ("trainables/data/loader/",),
    "timm": ("trainables/model/backbones/",),
    "huggingface_hub": ("trainables/model/backbones/timm_trunk.py",),
    "torchvision": ("trainables/model/", "trainables/pretext/fork.py"),
    "adabelief_pytorch": ("trainables/optim/optimizers/adabelief.py",),
    "embreex": ("trainables/data/datasets/rendered_heads/",),
    "scipy": ("trainables/data/datasets/", "hpsearch/results/statistics.py"),
    "h5py": ("trainables/data/datasets/",),
    "jinja2": ("hpsearch/report/page.py",),
    "markupsafe": ("hpsearch/report/svg.py", "hpsearch/report/charts/bundle.py"),
    "vl_convert": ("hpsearch/report/charts/",),
    "onnx": ("trainables/exported/onnx_file.py",),
    "onnxruntime": ("trainables/exported/onnx_file.py",),
    "pytest": ("hpsearch/testing/",),
    "safetensors": ("trainables/base/tensors.py",),
}
"""Where each outside tool may be named at all."""

EDGES = ("trainables.ray_trainable", "trainables.data.loader", "trainables.__main__")
"""What of `trainables` may load Ray or DALI when it is imported."""


@cache
def imports(path: Path) -> tuple[str, ...]:
    """Return what a module imports, wherever in it."""
    return tuple(_imports(path))


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute here"
            yield node.module or ""
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "import_module":
            yield from (arg.value for arg in node.args if isinstance(arg, ast.Constant))


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def run(code: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def test_what_a_trial_runs_knows_nothing_of_studies() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in MODULES
        for name in imports(path)
        if name.partition(".")[0] == "hpsearch" and path.is_relative_to(ROOT / "trainables")
    ]
    assert wrong == []


def test_what_knows_of_studies_knows_of_no_angle() -> None:
    """A pose is of the target `head_pose`: whoever compares trials asks the target."""
    users = [name_of(path) for path in MODULES if any(n.startswith("trainables.pose") for n in imports(path))]
    assert [name for name in users if name.startswith("hpsearch.")] == []
    assert any(name.startswith("trainables.target.") for name in users)


def floor_of(name: str) -> int | None:
    """Return the floor of a module; None for a package's own face, `hpsearch` and `trainables`."""
    package, _, rest = name.partition(".")
    room = rest.partition(".")[0]
    return next((n for n, rooms in enumerate(FLOORS[package]) if room in rooms), None)


def test_every_folder_has_a_floor() -> None:
    for package, floors in FLOORS.items():
        folders = {path.parent.name for path in (ROOT / package).glob("*/__init__.py")}
        assert folders <= {room for rooms in floors for room in rooms}


def test_folders_import_from_the_floors_below_alone() -> None:
    wrong = []
    for path in MODULES:
        mine, package = name_of(path), path.relative_to(ROOT).parts[0]
        for name in imports(path):
            if name.partition(".")[0] != package or name.split(".")[1:2] == mine.split(".")[1:2]:
                continue
            floor, other = floor_of(mine), floor_of(name)
            if floor is not None and (other is None or other >= floor):
                wrong.append(f"{mine} imports {name}")
    assert wrong == []


def test_no_modules_import_each_other_in_a_circle_typing_imports_included() -> None:
    graph = {name_of(path): set(imports(path)) for path in MODULES}
    sorter: TopologicalSorter[str] = TopologicalSorter(
        {name: [other for other in others if other in graph] for name, others in graph.items()}
    )
    sorter.prepare()  # raises CycleError, which names the circle


@pytest.mark.parametrize("tool", KEEPERS)
def test_an_outside_tool_is_named_in_its_own_place_alone(tool: str) -> None:
    users = {
        str(path.relative_to(ROOT))
        for path in MODULES
        if any(name.partition(".")[0] == tool for name in imports(path))
    }
    assert {user for user in users if not user.startswith(KEEPERS[tool])} == set()
    assert users, f"nothing uses {tool}: take it out of this table and of the dependencies"


@pytest.fixture(scope="module")
def imported() -> subprocess.CompletedProcess[str]:
    """A process that imports what a trial runs, prints what that loaded, and then imports the rest."""
    names = [name_of(path) for path in MODULES if path.name != "__main__.py"]
    core = [name for name in names if name.startswith("trainables.") and not name.startswith(EDGES)]
    assert {"trainables.training.config", "trainables.training.session", "trainables.training.build"} <= set(
        core
    )
    return run(
        "import importlib, sys\n"
        f"for name in {core!r}: importlib.import_module(name)\n"
        "print([n for n in ('ray', 'optuna', 'mlflow', 'nvidia', 'hpsearch') if n in sys.modules])\n"
        f"for name in {names!r}: importlib.import_module(name)"
    )


def test_a_trial_loads_neither_ray_optuna_mlflow_nor_dali_but_at_its_edges(
    imported: subprocess.CompletedProcess[str],
) -> None:
    assert imported.stdout == "[]\n"


def test_reading_a_config_loads_nothing_that_a_config_builds() -> None:
    heavy = ("torch", "torchvision", "nvidia", "optuna", "numpy", "scipy", "pandas", "pyarrow", "PIL")
    tree = {
        "data": {"train": {"dataset": {"rendered-heads": {"images": 9, "subjects": 3}}}},
        "augmentation": "heavy",
        "init": {"ssl": {"pretext": "puzzling"}},
        "pretext": {"puzzling_rotation": {"grid": 3}},
        "optimizer": "sgd",
    }
    done = run(
        "import sys\n"
        "from trainables.training.config import TrainConfig, parse_config\n"
        f"assert isinstance(parse_config({tree!r}), TrainConfig)\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_a_look_at_the_data_loads_no_torch() -> None:
    """`check` and `plan` open and compare datasets: torch would double the time until they answer."""
    done = run(
        "import sys\n"
        "import hpsearch.study.provenance, trainables.training.training_data\n"
        "print('torch' in sys.modules)"
    )
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_importing_is_silent(imported: subprocess.CompletedProcess[str]) -> None:
    assert (imported.returncode, imported.stdout, imported.stderr) == (0, "[]\n", "")
