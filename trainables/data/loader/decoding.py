"""Decodes image files with DALI on the CPU, as the loader does, and nothing else."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trainables.base.errors import InputError
from trainables.data.loader.unreadable import unreadable

BATCH = 64


def path_bytes(files: Sequence[Path]) -> list[npt.NDArray[np.uint8]]:
    """Return paths as DALI takes them."""
    return [np.frombuffer(str(file).encode(), np.uint8) for file in files]


def decoded(fn: Any, paths: Any, *, device: str, hw_decoder_load: float = 0.0) -> Any:
    """Return DALI's node of images [H, W, 3], RGB, decoded on `cpu`, or on a GPU by `mixed`."""
    return fn.decoders.image(
        fn.io.file.read(paths),
        device=device,
        hw_decoder_load=hw_decoder_load,
        jpeg_fancy_upsampling=True,  # as the CPU's decoder and PIL do
    )


def decoded_batches(files: Sequence[Path], threads: int) -> Iterator[list[npt.NDArray[np.uint8]]]:
    """Yield all images [H, W, 3] in order, some at a time. Raises `InputError` naming unreadable files."""
    dali: Any = importlib.import_module("nvidia.dali")  # on first use: takes a second; partly typed
    batches = [files[start : start + BATCH] for start in range(0, len(files), BATCH)]
    # One batch at a time: DALI crashes where a file is missing in one batch while another is being decoded.
    alone = {"prefetch_queue_depth": 1, "exec_async": False, "exec_pipelined": False}
    pipeline = dali.Pipeline(batch_size=BATCH, num_threads=threads, device_id=None, **alone)
    with pipeline:
        paths = dali.fn.external_source(map(path_bytes, batches), dtype=dali.types.UINT8)
        pipeline.set_outputs(decoded(dali.fn, paths, device="cpu"))
    pipeline.build()
    for batch in batches:
        try:
            (images,) = pipeline.run()
        except RuntimeError as error:
            if faults := unreadable(batch):
                raise InputError(faults) from error
            raise
        yield [np.array(images[place]) for place in range(len(batch))]  # copies: DALI uses its memory again
