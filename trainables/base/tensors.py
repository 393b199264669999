"""Reads and writes safetensors files: tensors by name, never code. The only module that names safetensors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

SUFFIX = ".safetensors"


def save_tensors(tensors: Mapping[str, Tensor], file: Path) -> None:
    """Write tensors by name; from a GPU as on the CPU."""
    from safetensors.torch import save

    plain = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    file.write_bytes(save(plain, metadata={"format": "pt"}))


def load_tensors(file: Path) -> dict[str, Tensor]:
    """Return the tensors of a file, on the CPU. Raises `ValueError` for another or a damaged file."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return dict(load_file(file))
    except SafetensorError as error:
        raise ValueError(f"not a safetensors file, or damaged: {error}") from None
