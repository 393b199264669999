"""The private parts of other tools that we touch: all of them, and that they are what we take them for.

A release of Optuna, Ray or MLflow may change them without a word. Then a test here fails, and says what it is
used for.
"""

from __future__ import annotations

import argparse
import ast
import base64
import inspect
import json
import zlib
from collections.abc import Iterator
from pathlib import Path

import optuna
from ray._private import ray_constants
from ray._private.runtime_env.constants import RAY_JOB_CONFIG_JSON_ENV_VAR
from ray._private.state import GlobalState
from ray._private.worker import _maybe_modify_runtime_env, connect
from ray._raylet import AuthenticationTokenLoader, Config
from ray.air.execution._internal.actor_manager import RayActorManager
from ray.core.generated.autoscaler_pb2 import NodeGroupConfig
from ray.exceptions import OutOfMemoryError, RayActorError, RayTaskError
from ray.tune.experiment import Trial as TuneTrial
from support import plausible

from hpsearch.study.records import TrialState
from hpsearch.tracking.views import TABLE_VIEW, VIEW_TAG, views

ROOT = Path(__file__).parents[1]

UNDERSCORED = {
    ("hpsearch/study/journal/journal.py", "_study_id"),  # by which a storage is asked for a study's trials
    ("hpsearch/study/journal/journal.py", "_trial_id"),
    ("hpsearch/cli/arguments.py", "_SubParsersAction"),  # a type that argparse has no public name for
    (
        "hpsearch/ray/import_path.py",
        "_runtime_env_has_working_dir",
    ),  # keeps the current folder out of workers
    ("hpsearch/ray/deaths.py", "_actor_task_failed"),  # where Tune takes in that a worker died
    ("hpsearch/cli/signals.py", "_exit"),  # the standard library's own: ends the process at once
    ("hpsearch/ray/lost_cluster.py", "_exit"),
}
"""Private by their underscore: file and name. Nothing else of another class may be touched."""

DOCUMENTED = "_foreach_"
"""How the names begin that torch documents in spite of their underscore: operations on lists of tensors."""

UNDOCUMENTED = ("temporary_state", "pickled_error_file")
"""Attributes of Tune's trials that nothing documents: the worker of a hanging trial, and why one died."""


def foreign_private_names(path: Path) -> Iterator[str]:
    """Yield names with an underscore that a module takes from anything but its own objects and modules."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    own = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
            ours = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            ours |= node.attr.startswith(DOCUMENTED)
            if not ours and node.attr not in own:
                yield node.attr


def test_every_private_name_that_is_used_stands_in_the_table() -> None:
    used = {
        (str(path.relative_to(ROOT)), name)
        for package in ("hpsearch", "trainables")
        for path in (ROOT / package).rglob("*.py")
        for name in foreign_private_names(path)
    }
    assert used == UNDERSCORED


def test_a_trial_of_optuna_is_opened_again_by_its_private_number() -> None:
    study = optuna.create_study()
    study.ask()
    again = optuna.trial.Trial(study, study.get_trials(deepcopy=False)[0]._trial_id)
    assert again.number == 0
    study.tell(again.number, 1.0)
    assert study.best_value == 1.0


def test_the_samplers_of_optuna_read_trials_through_one_method() -> None:
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(n_startup_trials=1, seed=0))
    asked: list[object] = []
    read = study._get_trials
    study._get_trials = lambda *args, **kwargs: (asked.append(kwargs), read(*args, **kwargs))[1]  # type: ignore[method-assign]
    for _ in range(3):
        trial = study.ask()
        trial.suggest_float("x", 0, 1)
        study.tell(trial, 1.0)
    assert asked, "TPE reads its trials another way now: pruned ones are no longer hidden from it"
    parameters = inspect.signature(read).parameters
    assert {"deepcopy", "states", "use_cache"} <= parameters.keys()


def test_a_trial_of_tune_has_what_we_read() -> None:
    trial = TuneTrial("PPO", stub=True)
    assert all(hasattr(TuneTrial, name) or hasattr(trial, name) for name in UNDOCUMENTED)
    assert hasattr(trial.temporary_state, "ray_actor")
    assert {trial.PENDING, trial.RUNNING, trial.PAUSED} == {"PENDING", "RUNNING", "PAUSED"}


def test_a_saved_view_of_mlflow_is_deflated_json_in_an_experiment_tag(tmp_path: Path) -> None:
    """`tests/hpsearch/tracking` shows such a tag to MLflow itself; this says what stands in it."""
    study = plausible.study(tmp_path, [TrialState.COMPLETE] * 2)
    tag = json.loads(views(study)[VIEW_TAG + TABLE_VIEW])
    kind, _, packed = tag["state"].partition(";")
    assert kind.startswith("deflate")
    state = json.loads(zlib.decompress(base64.b64decode(packed)))
    assert state["orderByKey"] and state["selectedColumns"]


def test_argparse_still_has_the_type_of_its_subcommands() -> None:
    assert isinstance(argparse.ArgumentParser().add_subparsers(), argparse._SubParsersAction)


def test_tune_takes_the_deaths_of_workers_in_at_one_place() -> None:
    parameters = inspect.signature(RayActorManager._actor_task_failed).parameters
    assert list(parameters) == ["self", "tracked_actor_task", "exception"]
    assert not issubclass(OutOfMemoryError, RayActorError | RayTaskError), "Tune knows it now: drop ours"


def test_what_binds_ray_to_the_loopback_address_and_reads_its_token_anew_is_there() -> None:
    assert ray_constants.ENABLE_RAY_CLUSTER is True
    assert RAY_JOB_CONFIG_JSON_ENV_VAR == "RAY_JOB_CONFIG_JSON_ENV_VAR"  # set in a job
    assert callable(Config.initialize) and callable(AuthenticationTokenLoader.instance().reset_cache)


def test_ray_asks_its_config_whether_to_give_workers_the_current_folder() -> None:
    source = inspect.getsource(connect)
    added = [line for line in source.splitlines() if "code_paths.append" in line]
    assert len(added) == 2 and source.count("job_config._runtime_env_has_working_dir()") == 2
    assert ray_constants.RAY_ENABLE_UV_RUN_RUNTIME_ENV is True, "uv run is left alone by now: drop ours"
    assert "ray_constants.RAY_ENABLE_UV_RUN_RUNTIME_ENV" in inspect.getsource(_maybe_modify_runtime_env)


def test_ray_says_where_an_actor_died_and_what_its_autoscaler_may_start() -> None:
    assert "actor_id" in inspect.signature(GlobalState.actor_table).parameters
    assert callable(GlobalState.get_cluster_config)
    assert {"resources", "max_count"} <= set(NodeGroupConfig.DESCRIPTOR.fields_by_name)
