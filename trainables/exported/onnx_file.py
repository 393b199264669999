"""Writes a network as an ONNX file and runs it with ONNX Runtime.

Input `image`: uint8 [batch, 3, H, W], red, green, blue, 0 to 255, of any batch size. Output, `pose_deg` of a
head pose: float32 [batch, L]. A head that says how certain it is has a second one, `entropy_nats` [batch].
Normalisation and decoding are part of the graph, so that pixels are the only input.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

INPUT = "image"
ZOOM = "evaluation_zoom"
"""A key of the file's metadata, which says what `NetworkCard.evaluation_zoom` says."""


def write_onnx(network: nn.Module, image_px: int, outputs: Sequence[str], zoom: float, file: Path) -> None:
    """Write a network from uint8 [B, 3, H, W] to its outputs by these names as one file, weights included.

    Its metadata say how much of a face crop's side is cut off for the input, the share `zoom`. The exporter
    records source lines with paths of this machine in each node; they are removed.
    """
    example = torch.zeros(2, 3, image_px, image_px, dtype=torch.uint8)
    with _without_hints():
        program = torch.onnx.export(
            network,
            (example,),
            dynamo=True,
            verbose=False,
            input_names=[INPUT],
            output_names=[*outputs],
            dynamic_shapes=({0: torch.export.Dim("batch")},),
        )
    assert program is not None  # noqa: S101  ours: None only where it writes the file itself
    model = program.model_proto
    for part in _parts(model.graph):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    model.metadata_props.add(key=ZOOM, value=f"{zoom:g}")
    onnx: Any = importlib.import_module("onnx")  # partly typed
    onnx.checker.check_model(model, full_check=True)
    file.write_bytes(model.SerializeToString())


@contextmanager
def _without_hints() -> Iterator[None]:
    """Keep the optimizer of graphs from warning of each constant that it leaves as it is."""
    log = logging.getLogger("onnxscript.optimizer")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


def _parts(graph: Any) -> Iterator[Any]:
    yield graph
    for group in (graph.node, graph.initializer, graph.value_info, graph.input, graph.output):
        yield from group


class OnnxNetwork:
    """An ONNX file on ONNX Runtime, on the CPU."""

    def __init__(self, file: Path, threads: int = 1) -> None:
        runtime: Any = importlib.import_module("onnxruntime")  # untyped
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = runtime.InferenceSession(file, options, providers=["CPUExecutionProvider"])

    def predict(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return the labels [B, L] of RGB images [B, 3, H, W]."""
        values: npt.NDArray[np.float32] = self._session.run(None, {INPUT: images})[0]
        return values
