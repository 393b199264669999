"""A share of a GPU's memory: what tells of its end, and what torch is bound to."""

from __future__ import annotations

import pickle
from types import SimpleNamespace

import pytest
import torch

from trainables.training import gpu_share
from trainables.training.gpu_memory import OutOfGpuMemory, asked_mib, torch_limit
from trainables.training.gpu_share import shortage
from trainables.training.jobs import Worker, runner

GPU, CPU = torch.device("cuda", 0), torch.device("cpu")


def copied(short: OutOfGpuMemory) -> OutOfGpuMemory:
    """Return what the driver gets of an error."""
    return pickle.loads(pickle.dumps(short))  # noqa: S301  our own bytes


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A GPU of 16 GiB, of which torch has reserved 3 GiB."""
    properties = SimpleNamespace(total_memory=16 * 2**30)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: properties)
    monkeypatch.setattr(torch.cuda, "max_memory_reserved", lambda device: 3 * 2**30)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (100 * 2**20, 16 * 2**30))


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize(
    ("message", "asked"),
    [
        ("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 15.9 GiB", 2048),
        ("CUDA out of memory. Tried to allocate 512.00 MiB (GPU 0; ...)", 512),
        ("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`", 0),
        ("Can't allocate 1048576 bytes on device 0.", 0),
        ("CUDA driver API error CUDA_ERROR_OUT_OF_MEMORY (2): out of memory", 0),
        ("cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED", 0),
        ("Critical error in pipeline: CUDA allocation failed", 0),
        ("CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`", 0),
        ("GET was unable to find an engine to execute this computation", 0),
        ("Error in CPU operator `nvidia.dali.fn.decoders.image`: Failed to decode sample #3", 0),
    ],
)
def test_a_shortage_says_what_was_needed_and_what_was_given(message: str, asked: float) -> None:
    short = shortage(RuntimeError(message), GPU, 0.25)
    assert short is not None
    assert (short.needed_mib, short.given_mib) == (3072 + asked + 1024, 4096)
    assert str(copied(short)) == (
        f"out of GPU memory: it needs more than {4096 + asked:.0f} MiB, and 0.25 of this GPU is 4096 MiB"
    )


@pytest.mark.usefixtures("gpu")
def test_other_errors_are_none_and_a_cpu_has_none() -> None:
    assert shortage(RuntimeError("shapes cannot be multiplied (2x3 and 4x5)"), GPU, 0.25) is None
    assert shortage(RuntimeError("DefaultCPUAllocator: can't allocate memory"), CPU, 0.0) is None


@pytest.mark.usefixtures("gpu")
def test_what_may_be_another_fault_is_one_while_memory_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    error = RuntimeError("Error in CPU operator `nvidia.dali.fn.decoders.image`: Failed to decode sample #3")
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (8 * 2**30, 16 * 2**30))
    assert shortage(error, GPU, 0.25) is None

    def no_context(device: torch.device) -> None:
        raise RuntimeError("CUDA error: out of memory")

    monkeypatch.setattr(torch.cuda, "mem_get_info", no_context)
    assert shortage(error, GPU, 0.25) is not None


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize(("share", "ends"), [(0.25, False), (1.0, True)])
def test_a_context_that_does_not_fit_is_a_shortage_of_the_job(
    share: float, ends: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_context(device: torch.device, share: float) -> None:
        raise RuntimeError("CUDA error: out of memory")

    monkeypatch.setattr(runner, "keep_to_share", no_context)
    job_runner = runner.JobRunner(Worker(GPU))
    job_runner.take(SimpleNamespace(cpus=1, gpus=share, clear=lambda: None, run=lambda worker: iter(())))  # type: ignore[arg-type]
    if not ends:
        with pytest.raises(OutOfGpuMemory):
            job_runner.step()
        return
    outcome = job_runner.step()
    assert isinstance(outcome, runner.Failed) and outcome.reason.startswith("out of GPU memory")


def test_the_size_is_read_in_each_unit() -> None:
    assert asked_mib("Tried to allocate 512.00 KiB.") == 0.5
    assert asked_mib("out of memory") == 0


def test_torch_is_left_what_context_and_loader_do_not_take() -> None:
    assert torch_limit(1.0, 16_384) == 1.0
    assert torch_limit(0.25, 16_384) == pytest.approx(0.25 - 1 / 16)
    assert torch_limit(0.05, 16_384) == 0.025  # half of a share that is hardly more than the room itself


def test_nothing_is_asked_of_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_share, "release_unused", lambda device: pytest.fail("a CPU has no pools"))
    gpu_share.keep_to_share(CPU, 0.0)


def test_an_out_of_memory_error_survives_the_way_to_the_driver() -> None:
    short = copied(OutOfGpuMemory(5.0, 4.0, 0.5))
    assert (short.needed_mib, short.given_mib, short.share) == (5.0, 4.0, 0.5)
