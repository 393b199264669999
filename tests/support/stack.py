"""The services of docker/compose.yaml without Docker: the same commands and environments.

They run in a network and with mounts of their own on this machine. There the names of the services lead to
itself, and the volume and the secrets stand where compose puts them. PostgreSQL is the one installed here.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
START_S = 300.0

SETUP = """
set -e
ip link set lo up
mount --bind {folder}/hosts /etc/hosts
mount -t tmpfs none /run
mkdir /run/secrets
mount --bind {folder}/secrets /run/secrets
mount -t tmpfs none /srv
chmod 755 /srv
mkdir /srv/hpsearch
mount --bind {folder}/shared /srv/hpsearch
echo ready
exec sleep infinity
"""


def compose() -> Any:
    return YAML(typ="safe").load(DOCKER / "compose.yaml")


def postgres_programs() -> Path | None:
    """Return the folder of PostgreSQL's programs, as Debian installs them; None where they are not."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


class Stack:
    """The machine; `services` start in it one by one."""

    def __init__(self, folder: Path, pid: int) -> None:
        self._folder = folder
        self._within = ["nsenter", "--target", str(pid), "--net", "--mount"]
        self._compose = compose()
        self._environment = {name: value for name, value in os.environ.items() if "RAY" not in name}
        self._environment |= {
            "PATH": f"{DOCKER / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "HPSEARCH_ROOT": "/srv/hpsearch/runs",  # these are of the image
            "RAY_AUTH_MODE": "token",
            "RAY_TMPDIR": "/srv/ray",
        }
        self.started: list[subprocess.Popen[bytes]] = []

    def run(
        self, *words: str | Path, timeout_s: float = START_S, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end in the machine."""
        return subprocess.run(
            [*self._within, *map(str, words)],
            env=self._environment | environment,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def must(self, *words: str | Path, timeout_s: float = START_S) -> str:
        """Run a command that must succeed; return what it printed."""
        done = self.run(*words, timeout_s=timeout_s)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}\n{self.logs()}"
        return done.stdout + done.stderr

    def start(self, name: str) -> None:
        """Start a service by the command of the compose file, and wait until it is healthy."""
        service = self._compose["services"][name]
        environment = {key: str(value) for key, value in service.get("environment", {}).items()}
        with (self._folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [*self._within, *service["command"]],
                env=self._environment | environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.started.append(process)
        check = service.get("healthcheck", {"test": ["CMD", "ray-healthy"]})["test"][1:]  # else the image's
        self.await_healthy(check, environment, process)

    def await_healthy(
        self, check: Sequence[str], environment: dict[str, str], process: subprocess.Popen[bytes] | None
    ) -> None:
        until_s = time.monotonic() + START_S
        while self.run(*check, **environment).returncode:
            ended = process is not None and process.poll() is not None
            assert not ended and time.monotonic() < until_s, self.logs()
            time.sleep(1.0)

    def start_postgres(self) -> None:
        """Start PostgreSQL as its image would, with the compose file's user, database and first script."""
        programs = postgres_programs()
        assert programs is not None
        service = self._compose["services"]["postgres"]
        user, database = service["environment"]["POSTGRES_USER"], service["environment"]["POSTGRES_DB"]
        own = ("setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups")
        self.must("install", "-d", "-o", "postgres", "/srv/pg")
        self.must(
            "install", "-o", "postgres", "-m", "600", "/run/secrets/postgres_password", "/srv/pg/password"
        )
        options = ("--username", user, "--pwfile", "/srv/pg/password", "--auth", "scram-sha-256")
        self.must(*own, programs / "initdb", "--pgdata", "/srv/pg/data", *options)
        server = "-c listen_addresses=127.0.0.1 -c unix_socket_directories=/srv/pg"
        self.must(
            *own, programs / "pg_ctl", "start", "-w", "-D", "/srv/pg/data", "-o", server, "-l", "/srv/pg/log"
        )
        self._environment |= {"PGHOST": "127.0.0.1", "PGUSER": user, "PGPASSFILE": "/srv/pgpass"}
        password = (self._folder / "secrets" / "postgres_password").read_text()
        self.must("sh", "-c", f"umask 077; echo '*:*:*:*:{password}' > /srv/pgpass")
        self.must("createdb", database)
        self.must("psql", "--dbname", database, "--file", DOCKER / "postgres-init.sql")
        self.await_healthy(service["healthcheck"]["test"][1:], {}, None)

    def logs(self) -> str:
        return "\n".join(
            f"--- {file.name}\n{file.read_text()[-2000:]}" for file in self._folder.glob("*.log")
        )


@contextmanager
def stack(folder: Path) -> Iterator[Stack]:
    """Make the machine for this block; everything in it ends with it."""
    (folder / "shared").mkdir()
    names = " ".join(compose()["services"])
    (folder / "hosts").write_text(f"127.0.0.1 localhost {names}\n")
    subprocess.run([DOCKER / "secrets.sh", folder / "secrets"], check=True)
    setup = SETUP.format(folder=folder)
    command = ["unshare", "--net", "--mount", "sh", "-c", setup]
    machine = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert machine.stdout is not None and machine.stdout.readline() == "ready\n"
    made = Stack(folder, machine.pid)
    try:
        yield made
    finally:
        for process in reversed(made.started):
            process.terminate()
        for process in made.started:
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
        if programs := postgres_programs():
            stop = ("pg_ctl", "stop", "-m", "fast", "-D", "/srv/pg/data")
            made.run("setpriv", "--reuid", "postgres", "--clear-groups", programs / stop[0], *stop[1:])
        machine.kill()
        machine.wait()


def may_run_stack() -> str | None:
    """Return why the stack cannot run here, None where it can."""
    if missing := [name for name in ("unshare", "nsenter", "setpriv", "ip") if shutil.which(name) is None]:
        return f"this machine has no {', '.join(missing)}"
    if postgres_programs() is None:
        return "PostgreSQL is not installed"
    if subprocess.run(["unshare", "--net", "--mount", "true"], capture_output=True, check=False).returncode:
        return "this user may not make networks and mounts"
    return None
