"""Imports point one way, outside tools stay in their place, and importing is silent."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted(path for package in ("hpsearch", "trainables") for path in (ROOT / package).rglob("*.py"))

KEEPERS = {
    "ray": ("hpsearch/ray_tune.py", "trainables/ray_trainable.py"),
    "optuna": ("hpsearch/study/",),
    "mlflow": ("hpsearch/tracking/",),
    "sqlalchemy": ("hpsearch/tracking/",),
    "rich": ("hpsearch/",),
    "nvidia": ("trainables/loader/",),
    "torchvision": ("trainables/network.py",),
    "adabelief_pytorch": ("trainables/optimizers/adabelief.py",),
    "embreex": ("trainables/datasets/rendered_heads/",),
    "scipy": ("trainables/datasets/",),
    "h5py": ("trainables/datasets/",),
}
"""Where each outside tool may be named at all."""

EDGES = ("trainables.ray_trainable", "trainables.loader", "trainables.__main__")
"""What of `trainables` may load Ray or DALI when it is imported."""


def imports(path: Path) -> Iterator[str]:
    """Yield what a module imports, wherever in it."""
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


@pytest.mark.parametrize("tool", KEEPERS)
def test_an_outside_tool_is_named_in_its_own_place_alone(tool: str) -> None:
    users = {
        str(path.relative_to(ROOT))
        for path in MODULES
        if any(name.partition(".")[0] == tool for name in imports(path))
    }
    assert {user for user in users if not user.startswith(KEEPERS[tool])} == set()
    assert users, f"nothing uses {tool}: take it out of this table and of the dependencies"


def test_a_trial_loads_neither_ray_optuna_mlflow_nor_dali_but_at_its_edges() -> None:
    names = [name_of(path) for path in MODULES if path.is_relative_to(ROOT / "trainables")]
    core = [name for name in names if not name.startswith(EDGES)]
    assert {"trainables.config", "trainables.session", "trainables.training"} <= set(core)
    done = run(
        "import importlib, sys\n"
        f"for name in {core!r}: importlib.import_module(name)\n"
        "print([n for n in ('ray', 'optuna', 'mlflow', 'nvidia', 'hpsearch') if n in sys.modules])"
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_importing_is_silent() -> None:
    names = [name_of(path) for path in MODULES if path.name != "__main__.py"]
    done = run(f"import importlib\nfor name in {names!r}: importlib.import_module(name)")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
