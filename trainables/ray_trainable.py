"""The adapter to Ray Tune: runs one job at a time on a worker's share of a machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import ray
import torch
from ray import tune

from trainables.base.disk import DiskFull
from trainables.base.errors import InputError
from trainables.base.kernel import memory_kills
from trainables.base.package_digest import PackageDigest
from trainables.base.shared_folder import SharedFolder
from trainables.data.loader import LoaderPool
from trainables.training.evaluation import NonFinitePrediction
from trainables.training.gpu_share import keep_to_share, shortage
from trainables.training.jobs import Job, Result, Worker
from trainables.training.trainer import Diverged


class RayTrainable(tune.Trainable):
    """Runs a `Job`; each of Tune's steps is one result of it, for a training one epoch."""

    _worker: Worker
    _folder: SharedFolder | None
    _foreign: str | None
    _job: Job
    _results: Iterator[Result]
    _ended: bool

    def setup(self, config: dict[str, Any]) -> None:
        """Take the job in `config["job"]`; it starts with the first step.

        `config["folder"]` is the folder that every node must see, None where there is one machine;
        `config["code"]` what the driver runs, which this process must run too.
        """
        self._folder = config.get("folder")
        code: PackageDigest | None = config.get("code")
        self._foreign = None if code is None else code.difference(same_machine=self._folder is None)
        on_gpu = bool(ray.get_gpu_ids())  # a pool of two holds a job's loaders, and keeps to its share
        device = torch.device("cuda", 0) if on_gpu else torch.device("cpu")
        self._worker = Worker(device, LoaderPool(keep=2)) if on_gpu else Worker(device)
        self._take(config["job"])

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        """Take another job in the same process, which saves the seconds that a new one takes to start."""
        if self._ended:  # what the driver stopped may go on elsewhere: its files are the driver's to remove
            self._worker.writer.afterwards(self._job.clear)
        self._take(new_config["job"])
        return True

    def step(self) -> dict[str, Any]:
        """Return the job's next result as plain values, with where it was computed.

        None of it is trained by other code than the driver's: that is the node's fault, too.
        Numbers that are not finite end the job for good, with a reason. So does bad input if the driver finds
        it bad too; else this node does not see it, and that is the node's fault, as is a folder that it no
        longer sees. A full disk is not the job's fault: the driver ends the launch, and the next launch goes
        on with the job. Raises `OutOfGpuMemory`: another try on a larger share may end better; on a whole GPU
        it would not.
        """
        self._ended = True
        if self._foreign:
            return {"foreign": self._foreign, "node": self._node(), "done": True}
        try:
            result = next(self._results)
        except DiskFull as error:
            return {"disk_full": [error.path, error.needed_bytes], "done": True}
        except (Diverged, NonFinitePrediction) as error:
            return {"failed": str(error), "done": True}
        except (InputError, OSError) as error:
            if self._folder is not None and (reason := self._folder.fault()):
                return {"blind": reason, "node": self._node(), "done": True}
            if isinstance(error, OSError):
                raise
            return {"failed": str(error), "faults": error.faults, "node": self._node(), "done": True}
        except RuntimeError as error:
            if (short := shortage(error, self._worker.device, self._job.gpus)) is None:
                raise
            if self._job.gpus >= 1:
                return {"failed": str(short), "done": True}
            raise short from error
        self._ended = result.done
        return {
            "first_epoch": result.first_epoch,
            "history": result.history,
            "notes": result.notes,
            "done": result.done,
            "node": self._node(),
            "memory_kills": memory_kills(),
            **self._placement(),
        }

    def cleanup(self) -> None:
        """Let the last checkpoint be written before the process ends: the next launch may go on from it."""
        self._worker.writer.wait()

    def _take(self, job: Job) -> None:
        torch.set_num_threads(job.cpus)
        self._job, self._ended = job, False
        self._results = job.run(self._worker)  # lets go of the job before
        keep_to_share(self._worker.device, job.gpus)

    def _node(self) -> str:
        return str(ray.get_runtime_context().get_node_id()) if ray.is_initialized() else "here"

    def _placement(self) -> dict[str, Any]:
        device = self._worker.device
        return {
            "host": socket.gethostname(),
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
            "cpus": float(self._job.cpus),
            "gpus": self._job.gpus,
        }
