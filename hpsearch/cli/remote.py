"""Commands on a cluster: `submit`, `fetch`, and every other that has `--address`, as a job on its head."""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hpsearch.cli.arguments import Adder, add_root, add_study, add_token, positive
from hpsearch.cli.output import show
from hpsearch.ray.address import check_url
from hpsearch.ray.job_events import JobEvent
from trainables.base.errors import InputError

if TYPE_CHECKING:
    from hpsearch.ray.submissions import HeadNode

BEGINS_S = 45.0
"""How long `submit` waits for a launch to begin or to fail."""


def add_remote_commands(add: Adder) -> None:
    """Add the commands that are about a cluster alone."""
    submit = add(
        "submit",
        _submit,
        "launch a search on a cluster, as a Ray job; it keeps running when you log out",
        examples=["submit space.yaml --address http://HEAD:8265 --root /shared/runs"],
    )
    submit.add_argument("space", type=Path, metavar="SPACE", help="a search space: a YAML file")
    add_root(submit)
    submit.add_argument("--trials", type=positive, metavar="N", help="as with launch")
    submit.add_argument("--epochs", type=positive, metavar="N", help="as with launch")
    _add_head_node(submit)
    submit.set_defaults(starts=True)

    fetch = add(
        "fetch",
        _fetch,
        "fetch a study's report, leaderboard and winner from a cluster",
        examples=["fetch open --address http://HEAD:8265 --root /shared/runs"],
    )
    add_study(fetch, optional=False)
    add_root(fetch)
    fetch.add_argument("--out", type=Path, metavar="DIR", help="folder of the files (default: STUDY)")
    _add_head_node(fetch)


def is_remote(arguments: argparse.Namespace) -> bool:
    """Return whether a command is to run as a job on a head, instead of here."""
    address = getattr(arguments, "address", None)
    return hasattr(arguments, "sends") and address is not None and ("://" in address or not arguments.joins)


def run_remotely(arguments: argparse.Namespace, words: Sequence[str]) -> int:
    """Run the command that was typed as `words` on the head at `--address`; return its exit status.

    Raises `InputError` as `connected` does, and for a root that is not a path of the cluster.
    """
    files = [getattr(arguments, name) for name in arguments.sends]
    there = [*_sent(words, files), *(["--address", "auto"] if arguments.joins else [])]
    check_url(arguments.address)

    from hpsearch.ray.submissions import connected  # takes seconds

    with connected(arguments.address, without_token=arguments.without_token) as head_node:
        if arguments.stops:
            return _stop(head_node, arguments.study, there)
        return head_node.run(there, _readable(files), environment=_terminal(), write=_write).status


def _stop(head_node: HeadNode, study: str, words: Sequence[str]) -> int:
    """Stop a study, also one whose job has not begun to run it, of which the root knows nothing yet."""
    waiting = head_node.stop_launches(study, begun=False)
    for job in waiting:
        show(f"job {job} had not started, and will not start")
    said: list[str] = []
    ended = head_node.run(words, environment=_terminal(), write=said.append)
    if JobEvent.STOPPED not in ended.events and (
        jobs := waiting or head_node.stop_launches(study, begun=True)
    ):
        for job in jobs[len(waiting) :]:
            show(f"job {job} was just starting and is stopped")
        return 0
    _write("".join(said))
    return ended.status


def _sent(words: Sequence[str], files: Sequence[Path] = ()) -> list[str]:
    """Return the words as the head is to get them: without the address, and files by their names alone."""
    sent: list[str] = []
    rest = iter(words)
    for word in rest:
        option, _, value = word.partition("=")
        if option == "--address":
            _ = value or next(rest, "")
        elif option == "--root":
            sent += ["--root", _root(value or next(rest, ""))]
        elif word != "--without-token":
            sent.append(next((file.name for file in files if Path(word) == file), word))
    return sent


def _root(root: str) -> str:
    if not Path(root).is_absolute():
        raise InputError(f"--root must be an absolute path, which all machines there see; got {root!r}")
    return root


def _readable(files: Sequence[Path]) -> Sequence[Path]:
    for file in files:
        if not file.is_file():
            raise InputError(f"{file}: there is no such file")
    return files


def _terminal() -> dict[str, str]:
    """Return the environment that shapes the output as the terminal here has room for it."""
    if not sys.stdout.isatty():
        return {}
    return {"COLUMNS": str(shutil.get_terminal_size().columns), "FORCE_COLOR": "1"}


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _submit(arguments: argparse.Namespace) -> int:
    from hpsearch.study.spec import load_spec

    check_url(arguments.address)
    name = load_spec(arguments.space, trials=arguments.trials, epochs=arguments.epochs).name
    root = [] if arguments.given_root is None else ["--root", _root(str(arguments.given_root))]
    from hpsearch.ray.submissions import check_begun, connected  # takes seconds

    words = ["launch", arguments.space.name, *root, "--address", "auto"]
    for option in ("trials", "epochs"):
        if (value := getattr(arguments, option)) is not None:
            words += [f"--{option}", str(value)]
    words += ["--without-token"] if arguments.without_token else []
    with connected(arguments.address, without_token=arguments.without_token) as head_node:
        job = head_node.submit(words, [arguments.space], launches=name)
        show(f"submitted {name} as job {job}")
        until_s, written = time.monotonic() + BEGINS_S, 0
        while time.monotonic() < until_s:
            answer = head_node.answer(job)
            _write(answer.output[written:])
            written = len(answer.output)
            if answer.status is not None:
                check_begun(answer)
                if answer.status:
                    return answer.status
                break
            if JobEvent.SEARCHING in answer.events:
                break
            time.sleep(1.0)
    where = [*root, "--address", arguments.address, *(["--without-token"] if arguments.without_token else [])]
    show("\nNext:")
    for verb, why in (
        ("status", "how it stands"),
        ("logs --follow", "what its trials say"),
        ("stop", "stop it; submit again to go on"),
        ("fetch", "report, leaderboard and winner, here"),
    ):
        command, *options = verb.split()
        show(f"  hpsearch {' '.join([command, name, *options, *where])}    # {why}")
    return 0


def _fetch(arguments: argparse.Namespace) -> int:
    check_url(arguments.address)
    root = [] if arguments.given_root is None else ["--root", _root(str(arguments.given_root))]

    from hpsearch.ray.parcel import Parcel
    from hpsearch.ray.submissions import connected
    from trainables.base.disk import ensure_folder

    parcel = Parcel()
    with connected(arguments.address, without_token=arguments.without_token) as head_node:
        ended = head_node.run(["pack", arguments.study, *root], write=parcel.add)
    if ended.status:
        _write(parcel.text)
        return ended.status
    for file in parcel.unpack(ensure_folder(arguments.out or Path(arguments.study))):
        show(str(file))
    return 0


def _add_head_node(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--address", required=True, metavar="URL", help="the head's dashboard: http://HOST:8265")
    add_token(sub)
