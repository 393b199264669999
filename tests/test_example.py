"""The notebook of the documentation runs, with a smaller study than it shows."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from support.launches import IMAGES, furnish
from support.patience import PATIENCE_S

NOTEBOOK = Path(__file__).parents[1] / "docs" / "example.ipynb"
SMALLER = {
    r"trials: \d+": "trials: 2",
    r"max: \d+": "max: 3",
    r"images: \d+, subjects: \d+": f"images: {IMAGES.images}, subjects: {IMAGES.subjects}",
    r"epochs: \d+": "epochs: 1",
}
LAUNCH, QUICKER = (
    'hpsearch.launch(space, root="runs")',
    'hpsearch.launch(space, root="runs", in_process=True)',
)


@pytest.mark.slow
def test_the_example_runs_and_shows_verdict_and_charts(tmp_path: Path, rendered: Path) -> None:
    furnish(tmp_path / "runs", rendered)
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    for cell in notebook.cells:
        if "space.write_text" in cell.source:
            for pattern, smaller in SMALLER.items():
                cell.source, times = re.subn(pattern, smaller, cell.source)
                assert times == 1, pattern
        cell.source = cell.source.replace(LAUNCH, QUICKER)
    assert sum(QUICKER in cell.source for cell in notebook.cells) == 1
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=PATIENCE_S, kernel_name="python3", resources=resources).execute()
    shown = [output.get("data", {}) for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("confirmations" in data.get("text/html", "") for data in shown), "no verdict"
    assert [data["image/svg+xml"][:4] for data in shown if "image/svg+xml" in data] == ["<svg", "<svg"]
    assert (tmp_path / "runs" / "studies" / "example" / "best.pt").is_file()
