"""Whether a machine can train: one image through DALI, one sum on its GPU, and one that is compiled."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from trainables.training.cards import cards

if TYPE_CHECKING:
    import torch

PX = 32


def machine_fault(*, gpu: bool) -> str | None:
    """Return why this machine cannot train, on its first GPU or on its CPU, in words; None where it can."""
    try:
        import torch

        device = torch.device("cuda", 0) if gpu else torch.device("cpu")
        if gpu:
            torch.ones(2, device=device).sum().item()
    except Exception as error:  # noqa: BLE001  a broken installation may raise anything
        what, card = ("CUDA", card_text()) if gpu else ("torch", "")
        return f"{what} does not work there: {_brief(error)}{card}"
    try:
        _load_one(device)
    except Exception as error:  # noqa: BLE001
        return f"DALI does not work there: {_brief(error)}"
    return None


def compile_fault(*, gpu: bool) -> str | None:
    """Return why `torch.compile` does not work on this machine, in words; None where it does."""
    try:
        import torch

        device = torch.device("cuda", 0) if gpu else torch.device("cpu")
        torch.compile(_sum_of_sines)(torch.ones(2, device=device)).item()
    except Exception as error:  # noqa: BLE001  it runs a compiler, of which anything may be wrong
        reason = f"torch.compile does not work there: {_brief(error)}"
        return f"{reason}. It needs a C++ compiler, such as g++; or leave compile out"
    return None


def card_text() -> str:
    """Return the first card and its driver, as the driver's own tool names them; nothing without one."""
    return next((f" ({card})" for card in cards()), "")


def _sum_of_sines(values: torch.Tensor) -> torch.Tensor:
    return values.sin().sum()


def _load_one(device: torch.device) -> None:
    import numpy as np
    from PIL import Image

    from trainables.data.loader.pipeline import Feed, ImagePipeline, PipelineSpec

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "grey.jpg"
        Image.new("RGB", (PX, PX), (128, 128, 128)).save(file)
        pipeline = ImagePipeline(PipelineSpec(PX, 1, frozenset(), device, threads=1))
        for images, _ in pipeline.run([Feed([file], np.zeros((1, 0), np.float32), None)]):
            images.sum().item()


def _brief(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
