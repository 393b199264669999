"""A command loads what it uses, and nothing that takes long beside: people wait for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support import studies
from support.patience import PATIENCE_S

from hpsearch.study.store import keep_space

HEAVY = ("mlflow", "numpy", "optuna", "pandas", "pyarrow", "ray", "scipy", "sklearn", "sqlalchemy", "torch")
SPACES = Path(__file__).parents[3] / "search_spaces"

# Each may load what those before it have: they run in one process, to be quick.
ALLOWED = {
    "--help": set[str](),
    "list": {"numpy", "optuna"},
    "status demo": {"numpy", "optuna"},
    "show demo": {"numpy", "optuna"},
    f"check {SPACES / 'quickstart.yaml'}": {"numpy", "optuna", "scipy"},  # quantiles of its plan
    "report demo": {"numpy", "optuna", "pandas", "pyarrow", "scipy"},
}
SCRIPT = f"""\
import sys
from contextlib import redirect_stdout, suppress
from io import StringIO
from hpsearch.cli.main import main
for words in sys.argv[2:]:
    with redirect_stdout(StringIO()), suppress(SystemExit):
        status = main([*words.split(), *([] if words == "--help" else ["--root", sys.argv[1]])])
        assert status == 0, words
    print(*(name for name in {HEAVY!r} if name in sys.modules))
"""


def test_a_command_loads_what_it_uses(tmp_path: Path) -> None:
    spec = studies.spec(tmp_path, "{name: demo, sampler: random, pruner: none}")
    folder = tmp_path / "studies" / "demo"
    study = studies.open_in(folder, spec)
    keep_space(spec, folder)
    for _ in range(3):
        studies.train(study, study.ask())
    command = [sys.executable, "-c", SCRIPT, str(tmp_path), *ALLOWED]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    for (words, allowed), loaded in zip(ALLOWED.items(), done.stdout.splitlines(), strict=True):
        assert set(loaded.split()) <= allowed, words


def test_a_worker_loads_neither_the_study_s_tools_nor_mlflow() -> None:
    """Ray Tune itself loads pandas."""
    loaded = f"print(*(name for name in {HEAVY!r} if name in sys.modules))"
    script = (
        f"import sys\nimport trainables.training.jobs\n{loaded}\nimport trainables.ray_trainable\n{loaded}"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    alone, on_ray = (set(line.split()) for line in done.stdout.splitlines())
    assert alone <= {"numpy", "torch"}
    assert on_ray <= {"numpy", "pandas", "pyarrow", "ray", "torch"}
