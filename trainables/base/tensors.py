"""Reads and writes files of tensors: tensors and plain values, never code."""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

SUFFIX = ".safetensors"

SHOWN = 3
"""Tensors that a message names."""


def save_tensors(tensors: Mapping[str, Tensor], file: Path) -> None:
    """Write tensors by name; from a GPU as on the CPU."""
    from safetensors.torch import save

    plain = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    file.write_bytes(save(plain, metadata={"format": "pt"}))


def load_tensors(file: Path) -> dict[str, Tensor]:
    """Return the tensors of a safetensors file, on the CPU.

    Raises `ValueError` for another or a damaged file, and `OSError` where it cannot be read.
    """
    from safetensors.torch import load_file

    try:
        return dict(load_file(file))
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001  its header is a stranger's: it may name any type, any number
        raise ValueError(f"not a safetensors file, or damaged: {_first_line(error)}") from None


def load_pickled(file: Path) -> Any:
    """Return what `torch.save` wrote, on the CPU: tensors and plain values.

    Raises `ValueError` for a damaged file and for one that holds anything else, and `OSError` where it cannot
    be read. What torch advises then, to load it with code and all, is not passed on.
    """
    import torch  # takes seconds, and not every file holds tensors

    with file.open("rb") as content:
        if is_archive(content):
            _check_archive(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about kinds of tensors that are refused here
            return torch.load(file, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except pickle.UnpicklingError as error:
        asked = re.search(r"GLOBAL (\S+)", str(error))
        what = f"asks for {asked[1]}" if asked else "holds something else, or is damaged"
        raise ValueError(f"this file {what}: only tensors and plain values are read") from None
    except Exception as error:  # noqa: BLE001  a stranger's file may raise anything
        raise ValueError(f"this file is damaged: {_first_line(error)}") from None


def is_archive(file: IO[bytes]) -> bool:
    """Return whether a file is a readable archive: damage may make it look like one on several disks."""
    try:
        return zipfile.is_zipfile(file)
    except zipfile.BadZipFile:
        return False


def check_fit(tensors: Mapping[Any, Any], like: Mapping[str, Tensor]) -> None:
    """Raise `ValueError` where values of the names in `like` are no tensors as a network holds them.

    Those are dense, in memory, of a floating type, or whole numbers where `like` has them. torch would take
    bytes or complex numbers for weights, and cut them to fit.
    """
    kinds: dict[str, list[str]] = {}
    for name, mine in like.items():
        if name in tensors and (kind := _unfit(tensors[name], mine)):
            kinds.setdefault(kind, []).append(name)
    if kinds:
        listed = "; ".join(f"{kind} in {some(names)}" for kind, names in kinds.items())
        raise ValueError(f"holds {listed}: take weights as they are trained, dense and in float16 to float64")


def some(names: list[str]) -> str:
    """Return the first of some names, and how many more there are."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _unfit(value: Any, like: Tensor) -> str | None:
    """Return what kind a value is, None where it is as a network holds it."""
    import torch

    if not isinstance(value, torch.Tensor):
        return f"a {type(value).__name__}"
    if value.is_meta:
        return "tensors without values (meta)"
    if value.is_quantized:
        return f"quantised tensors ({_type(value)})"
    if value.layout != torch.strided or value.is_nested:
        return f"tensors that are not dense ({str(value.layout).removeprefix('torch.')})"
    floats = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
    fits = value.dtype in floats if like.is_floating_point() else value.dtype == like.dtype
    return None if fits else _type(value)


def _type(value: Tensor) -> str:
    return str(value.dtype).removeprefix("torch.")


def _check_archive(file: IO[bytes]) -> None:
    """Raise `ValueError` for an archive that is not as torch wrote it; torch itself reads no checksum."""
    try:
        with zipfile.ZipFile(file) as archive:
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
                raise ValueError("this file was compressed by another program: torch does not compress")
            damaged = archive.testzip()
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise ValueError(f"this file is damaged: {_first_line(error)}") from None
    if damaged is not None:
        raise ValueError(f"this file is damaged: the checksum of {damaged} is wrong")


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines and "weights_only" not in lines[0] else type(error).__name__
