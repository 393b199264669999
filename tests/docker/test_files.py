"""The files of docker/: what tools say of each kind, and that they fit each other and the project."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from ruamel.yaml import YAML
from support.stack import DOCKER, ROOT, compose

SCRIPTS = [*sorted((DOCKER / "bin").iterdir()), *sorted(DOCKER.glob("*.sh"))]
IMAGE = f"hpsearch:{version('hpsearch')}"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def documents(name: str) -> list[Any]:
    return list(YAML(typ="safe").load_all(DOCKER / name))


def pinned() -> dict[str, str]:
    lines = (DOCKER / "constraints.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_clean_and_can_be_run(script: Path) -> None:
    assert script.stat().st_mode & 0o111
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    done = subprocess.run(["shellcheck", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(shutil.which("hadolint") is None, reason="hadolint is not installed")
def test_the_dockerfile_is_clean() -> None:
    done = subprocess.run(["hadolint", DOCKER / "Dockerfile"], capture_output=True, text=True, check=False)
    assert done.stdout == ""


def test_the_image_is_pinned_runs_as_nobody_special_and_copies_what_is_there() -> None:
    text = (DOCKER / "Dockerfile").read_text()
    bases = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert bases and all(re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", base) for base in bases)
    assert re.findall(r"^USER (\S+)", text, re.MULTILINE) == ["1000:1000"]
    assert "HEALTHCHECK" in text and "nvidia/cuda" not in text
    copied = re.findall(r"^COPY (?:--chmod=\d+ )?(?!--from)(.+) \S+$", text, re.MULTILINE)
    assert all((ROOT / name).exists() for line in copied for name in line.split())


def test_the_pinned_versions_are_those_that_the_project_allows() -> None:
    wanted = map(Requirement, PROJECT["dependencies"] + PROJECT["optional-dependencies"]["server"])
    found = pinned()
    assert all(each.specifier.contains(found[each.name.lower()]) for each in wanted)
    assert {"flask-wtf", "psycopg2-binary"} <= found.keys()


def test_the_compose_file_refers_to_what_it_has() -> None:
    tree = compose()
    services: Mapping[str, Any] = tree["services"]
    assert services.keys() == {"postgres", "mlflow", "head", "worker", "gpu-worker"}
    for name, service in services.items():
        assert re.fullmatch(r"[\w./-]+:[\w.-]*\d[\w.-]*", service["image"]), name
        assert set(service.get("depends_on", {})) <= services.keys()
        assert set(service["secrets"]) <= tree["secrets"].keys()
        volumes = [volume.split(":")[0] for volume in service["volumes"]]
        assert all(each in tree["volumes"] or (DOCKER / each).is_file() for each in volumes)
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
        for condition in service.get("depends_on", {}).values():
            assert condition == {"condition": "service_healthy"}
        if name != "postgres":
            assert service["image"] == IMAGE and service["cap_drop"] == ["ALL"]
            assert (DOCKER / "bin" / service["command"][0]).is_file()
    made = re.search(r"^for name in (.+); do$", (DOCKER / "secrets.sh").read_text(), re.MULTILINE)
    assert made and set(made[1].split()) == tree["secrets"].keys()
    [device] = services["gpu-worker"]["deploy"]["resources"]["reservations"]["devices"]
    assert device["capabilities"] == ["gpu"]


def docker_composes() -> bool:
    docker = shutil.which("docker")
    return (
        docker is not None
        and not subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode
    )


@pytest.mark.skipif(not docker_composes(), reason="docker compose is not installed")
def test_docker_itself_takes_the_compose_file() -> None:
    command = ["docker", "compose", "--file", DOCKER / "compose.yaml", "config", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_secrets_are_made_once_and_are_private(tmp_path: Path) -> None:
    for _ in range(2):
        subprocess.run([DOCKER / "secrets.sh", tmp_path / "secrets"], check=True)
        files = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert files.keys() == compose()["secrets"].keys()
    assert all(re.fullmatch(r"[0-9a-f]{64}", text) for text in files.values())
    assert len(set(files.values())) == len(files)
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "secrets").iterdir()} == {0o600}
    subprocess.run([DOCKER / "secrets.sh", tmp_path / "secrets"], check=True)
    assert files == {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}


def test_a_secret_that_may_not_be_read_ends_the_start_with_its_name(tmp_path: Path) -> None:
    with_secrets = DOCKER / "bin" / "with-secrets"
    tmp_path.chmod(0o755)
    for folder in [*tmp_path.parents][:3]:
        folder.chmod(0o755)
    as_another = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"] if os.getuid() == 0 else []
    for name in ("ray_token", "mlflow_password"):
        (tmp_path / name).write_text("secret")
        (tmp_path / name).chmod(0o600 if as_another else 0o000)
        done = subprocess.run(
            [*as_another, "sh", "-s", "env"],
            env={"SECRETS": str(tmp_path), "PATH": os.environ["PATH"]},
            input=with_secrets.read_text(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1 and f"may not read {tmp_path}/{name}" in done.stderr
        assert "secret\n" not in done.stdout
        (tmp_path / name).unlink()


SLURM = {
    "scontrol": """case "$2" in
        hostnames) echo node1 ;;
        job) printf 'JobId=77\\n   Command=/home/me/docker/slurm.sh space.yaml\\n' ;;
    esac""",
    "srun": "exec sleep 60",
    "ray": "exit 0",
    "hpsearch": """trap 'echo "everything is kept"; exit 143' TERM
        echo begun
        while :; do sleep 0.1; done""",
}
"""Stand-ins for what `slurm.sh` calls."""


def test_the_slurm_job_ends_in_order_at_sigterm_and_says_how_to_go_on(tmp_path: Path) -> None:
    for name, lines in SLURM.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{lines}\n")
        (tmp_path / name).chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "SLURM_JOB_ID": "77",
        "SLURM_JOB_NODELIST": "node1",
        "SLURM_JOB_NUM_NODES": "1",
        "SLURM_CPUS_PER_TASK": "16",
    }
    text = (DOCKER / "slurm.sh").read_text()
    assert "#SBATCH --signal B:TERM@120\n" in text  # to the batch shell, not to its steps alone
    command = ["bash", DOCKER / "slurm.sh", "my space.yaml", str(tmp_path / "runs"), "--trials", "9"]
    job = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert job.stdout and job.stdout.readline() == "begun\n"
    job.send_signal(signal.SIGTERM)
    printed, _ = job.communicate(timeout=60)
    assert job.returncode == 143
    *_, last = printed.splitlines()
    assert printed.startswith("everything is kept\n")
    assert shlex.split(last) == [
        *("sbatch", "--nodes", "1", "--cpus-per-task", "16", "/home/me/docker/slurm.sh"),
        *("my space.yaml", str(tmp_path / "runs"), "--trials", "9"),
    ]
    assert not (tmp_path / "runs" / ".slurm-77").exists()


def test_ray_takes_its_cluster_file() -> None:
    from ray.autoscaler._private.util import prepare_config, validate_config

    [tree] = documents("ray-cluster.yaml")
    prepared = prepare_config(tree)
    validate_config(prepared)
    assert tree["docker"]["image"] == IMAGE
    started = tree["head_start_ray_commands"] + tree["worker_start_ray_commands"]
    assert all("with-secrets" in command for command in started if "ray start" in command)


def containers(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each pod of a RayCluster with its one container."""
    for group in [tree["spec"]["headGroupSpec"], *tree["spec"]["workerGroupSpecs"]]:
        pod = group["template"]["spec"]
        [container] = pod["containers"]
        yield pod, container


def test_the_manifests_ask_for_a_token_and_run_the_image_as_nobody_special() -> None:
    claim, tree = documents("kuberay.yaml")
    assert (tree["apiVersion"], tree["kind"]) == ("ray.io/v1", "RayCluster")
    assert tree["spec"]["rayVersion"] == pinned()["ray"]
    assert tree["spec"]["authOptions"]["mode"] == "token"
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    for pod, container in containers(tree):
        assert container["image"] == IMAGE
        assert pod["securityContext"]["runAsUser"] == 1000
        mounted = {volume["name"] for volume in pod["volumes"]}
        assert {mount["name"] for mount in container["volumeMounts"]} == mounted
        assert "HPSEARCH_ROOT" in {each["name"] for each in container["env"]}


def test_the_readme_names_every_file() -> None:
    text = (DOCKER / "README.md").read_text()
    files = {path.name for path in DOCKER.iterdir() if path.name not in ("README.md", "secrets")}
    assert {name for name in files if f"`{name}" not in text} == set()
