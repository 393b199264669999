"""The adapter to Ray Jobs: runs one of our commands on the head of a cluster and brings back its output."""

from __future__ import annotations

import logging
import secrets
import shlex
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ray.exceptions import AuthenticationError
from ray.job_submission import JobStatus, JobSubmissionClient
from requests import RequestException

from hpsearch.ray.address import check_url
from hpsearch.ray.authentication import AUTH_TOKEN, authenticated
from hpsearch.ray.job_events import MARK, WANTED, JobEvent, read_events
from trainables.base.errors import InputError

ON_HEAD = "hpsearch.cli.on_head"
"""The module that a job runs: it compares versions, then runs the command."""

PYTHON = ("python", "-P", "-m")
"""Not from the folder that a job begins in, which on a head is where somebody typed `ray start`."""

STUDY = "study"
"""The key in a job's metadata of the study that it runs."""

TALKERS = ("ray.dashboard.modules.dashboard_sdk", "ray._private.runtime_env.packaging")
"""Ray's loggers that tell of each file that is sent; each has a level of its own."""

POLL_S = 0.5


@dataclass(frozen=True)
class Answer:
    """What came of a job: its exit status (None while it runs) and its output since our own code began.

    `before` is what Ray wrote to the log before that; `events` is what the job has told of itself.
    """

    status: int | None
    output: str
    before: str
    events: tuple[JobEvent, ...]


@dataclass(frozen=True)
class Ended:
    """A job that has ended: its exit status, and what it told of itself."""

    status: int
    events: tuple[JobEvent, ...]


class HeadNode:
    """The head of a cluster; `connected` gives it."""

    def __init__(self, client: JobSubmissionClient) -> None:
        self._client = client

    def submit(
        self,
        words: Sequence[str],
        files: Sequence[Path] = (),
        *,
        launches: str | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> str:
        """Begin to run `hpsearch WORDS...` on the head, in a folder with `files`; return the job's id.

        `launches` is the name of the study that the job runs, after which it is called.
        """
        runtime_env: dict[str, Any] = {"env_vars": {WANTED: "1", **(environment or {})}}
        with tempfile.TemporaryDirectory() as folder:
            if files:
                for file in files:
                    (Path(folder) / file.name).write_bytes(file.read_bytes())
                runtime_env["working_dir"] = folder
            return str(
                self._client.submit_job(
                    entrypoint=shlex.join([*PYTHON, ON_HEAD, version("hpsearch"), *words]),
                    submission_id=launches and _job_name(launches),
                    runtime_env=runtime_env,
                    metadata={"hpsearch": words[0]} | ({STUDY: launches} if launches else {}),
                )
            )

    def stop_launches(self, study: str, *, begun: bool) -> list[str]:
        """Stop the jobs that are to run a study, and return their ids.

        Not `begun`: only those that Ray has not started yet. One that has begun writes everything first.
        """
        states = {JobStatus.PENDING, JobStatus.RUNNING} if begun else {JobStatus.PENDING}
        jobs = [
            job.submission_id
            for job in self._client.list_jobs()
            if job.submission_id and job.status in states and (job.metadata or {}).get(STUDY) == study
        ]
        for job in jobs:
            self._client.stop_job(job)
        return jobs

    def answer(self, job: str) -> Answer:
        """Return what a job has come to so far."""
        state = self._client.get_job_status(job)  # before its log: what it wrote last is in there
        log = self._client.get_job_logs(job)
        status = self._exit_status(job) if state.is_terminal() else None
        before, _, _ = log.partition(MARK)
        events, text = read_events(log[len(before) :])
        return Answer(status, text, before, events)

    def run(
        self,
        words: Sequence[str],
        files: Sequence[Path] = (),
        *,
        environment: Mapping[str, str] | None = None,
        write: Callable[[str], object],
    ) -> Ended:
        """Run a command to its end; `write` is called with its output.

        Raises `InputError` where hpsearch cannot run on the head.
        """
        job = self.submit(words, files, environment=environment)
        written = 0
        try:
            while True:
                answer = self.answer(job)
                write(answer.output[written:])
                written = len(answer.output)
                if answer.status is not None:
                    check_begun(answer)
                    return Ended(answer.status, answer.events)
                time.sleep(POLL_S)
        except BaseException:  # Ctrl-C, or whoever read the output has seen enough
            self._client.stop_job(job)
            raise
        finally:
            self._forget(job)

    def _exit_status(self, job: str) -> int:
        info = self._client.get_job_info(job)
        if info.status == JobStatus.SUCCEEDED:
            return 0
        return info.driver_exit_code or 1

    def _forget(self, job: str) -> None:
        """Remove a short job from the cluster's list of jobs; one that still ends stays there."""
        if self._client.get_job_status(job).is_terminal():
            self._client.delete_job(job)


def _job_name(study: str) -> str:
    """Return a name for a job of a study that no other has, also of those that begin in the same second."""
    return f"{study}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"


def check_begun(answer: Answer) -> None:
    """Raise `InputError` where a job has ended before our own code began."""
    if JobEvent.ON_HEAD in answer.events:
        return
    last = next((line for line in reversed(answer.before.splitlines()) if line.strip()), "it wrote nothing")
    raise InputError(
        f"hpsearch does not run on the head: {last.strip()}. Install hpsearch {version('hpsearch')} there, "
        "for the `python` of the shell that starts Ray"
    )


@contextmanager
def connected(address: str, *, without_token: bool) -> Iterator[HeadNode]:
    """Connect to the head whose dashboard is at `address`, http://HOST:8265.

    Raises `InputError` for an address of another form, where nothing answers, and where the head refuses the
    token or what is asked of it, in this block too.
    """
    check_url(address)
    for talker in TALKERS:
        logging.getLogger(talker).setLevel(logging.WARNING)
    with authenticated(without_token=without_token):
        try:
            yield HeadNode(JobSubmissionClient(address))
        except AuthenticationError:
            raise InputError(
                f"the cluster at {address} does not accept the token: put the head's into {AUTH_TOKEN} or "
                "~/.ray/auth_token; for a cluster without one, pass --without-token"
            ) from None
        except BrokenPipeError:  # a ConnectionError, too, but of the output of the block
            raise
        except (ConnectionError, RequestException) as error:
            raise InputError(
                f"no Ray dashboard answers at {address} ({error}): is its head running, with `ray[default]`?"
            ) from None
        except RuntimeError as error:
            raise InputError(_refusal(address, str(error))) from None


def _refusal(address: str, reason: str) -> str:
    if "head node agent" in reason:
        return (
            f"the head at {address} answers but takes no jobs: its agent is not running, for example "
            "because another program uses its port. See dashboard_agent.log of the head, or start that with "
            "`--dashboard-agent-listen-port PORT`"
        )
    last = reason.strip().splitlines()[-1:]  # of a traceback, as the head sends it
    return f"the head at {address} refuses this: {''.join(last) or 'no reason given'}"
