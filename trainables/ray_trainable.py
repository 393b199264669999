"""The adapter to Ray Tune: runs one job at a time on a worker's share of a machine."""

from __future__ import annotations

import socket
from typing import Any

import ray
from ray import tune

from trainables.base.disk import FULL, DiskFault, is_disk_fault
from trainables.base.kernel import memory_kills
from trainables.base.package_digest import PackageDigest
from trainables.base.shared_folder import SharedFolder
from trainables.training.jobs import Failed, Job, JobRunner


class RayTrainable(tune.Trainable):
    """Runs a `Job`; each of Tune's steps is one result of it, for a training one epoch."""

    _runner: JobRunner
    _folder: SharedFolder | None
    _foreign: str | None
    _job: Job

    def setup(self, config: dict[str, Any]) -> None:
        """Take the job in `config["job"]`; it starts with the first step.

        `config["folder"]` is the folder that every node must see, None where there is one machine;
        `config["code"]` what the driver runs, which this process must run too.
        """
        self._folder = config.get("folder")
        code: PackageDigest | None = config.get("code")
        self._foreign = None if code is None else code.difference(same_machine=self._folder is None)
        self._runner = JobRunner.on(gpu=bool(ray.get_gpu_ids()))
        self._take(config["job"])

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take another job in the same process, which saves the seconds that a new one takes to start."""
        self._take(new_config["job"])
        return True

    def step(self) -> dict[str, Any]:
        """Return the job's next result as plain values, with where it was computed; see `JobRunner.step`.

        None of it is trained by other code than the driver's, which is the node's fault. Bad input ends the
        job for good if the driver finds it bad too; else this node does not see it, and that is the node's
        fault, as is a folder that it no longer sees. A full or broken disk is not the job's fault: the driver
        ends the launch, and the next launch goes on with the job.
        """
        if self._foreign:
            return {"foreign": self._foreign, "node": self._node(), "done": True}
        try:
            result = self._runner.step()
        except OSError as error:
            return self._whose(error)
        if isinstance(result, Failed):
            if result.faults and (reason := self._blind()):
                return {"blind": reason, "node": self._node(), "done": True}
            faults = {"faults": result.faults, "node": self._node()} if result.faults else {}
            return {"failed": result.reason, **faults, "done": True}
        return {
            "first_epoch": result.first_epoch,
            "history": result.history,
            "notes": result.notes,
            "done": result.done,
            "node": self._node(),
            "memory_kills": memory_kills(),
            **self._placement(),
        }

    def _whose(self, error: OSError) -> dict[str, Any]:
        """Return a fault of the disk or of this node alone; another error is raised again."""
        full = isinstance(error, DiskFault) and error.errno in FULL  # the same disk for all nodes
        if not full and (reason := self._blind()):
            return {"blind": reason, "node": self._node(), "done": True}
        if isinstance(error, DiskFault) or (self._folder is None and is_disk_fault(error)):
            return {"disk_fault": DiskFault.of(error).parts, "done": True}
        raise error

    def cleanup(self) -> None:
        """Let the last checkpoint be written before the process ends: the next launch may go on from it."""
        self._runner.close()

    def _take(self, job: Job) -> None:
        self._job = job
        self._runner.take(job)

    def _blind(self) -> str | None:
        """Return why this node cannot work in the folder that all share, None where it can."""
        return None if self._folder is None else self._folder.fault()

    def _node(self) -> str:
        return str(ray.get_runtime_context().get_node_id()) if ray.is_initialized() else "here"

    def _placement(self) -> dict[str, Any]:
        return {
            "host": socket.gethostname(),
            "device": self._runner.device_name,
            "cpus": float(self._job.cpus),
            "gpus": self._job.gpus,
        }
