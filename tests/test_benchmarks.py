"""`python -m benchmarks` knows its scripts, and every script says what it compares and how it is run."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = sorted(path for path in (ROOT / "benchmarks").glob("*.py") if path.stem != "__main__")
PARTS = {"kept_runs", "plain_ray", "results_page", "rows"}
"""What another script runs or imports."""


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_its_first_lines_say_what_it_is_and_its_command(path: Path) -> None:
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    assert f"python benchmarks/{path.name}" in said or path.stem in PARTS
    assert len(said.splitlines()) >= 4 or path.stem in PARTS


def test_one_command_lists_them_with_their_goals() -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--list"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    names = [line.split()[0] for line in listed.stdout.splitlines()]
    assert names[0] == "whole_job" and len(names) == len({*names}) > 8
    table = (ROOT / "benchmarks" / "__main__.py").read_text(encoding="utf-8")
    run = {node.args[0].value for node in ast.walk(ast.parse(table)) if _is_row(node)}  # type: ignore[attr-defined]
    assert run <= {path.stem for path in SCRIPTS}


def _is_row(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Benchmark"
