"""Whether a machine can train: one image through DALI, and one sum on its GPU."""

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


def card_text() -> str:
    """Return the first card and its driver, as the driver's own tool names them; nothing without one."""
    return next((f" ({card})" for card in cards()), "")


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
