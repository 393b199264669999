"""An exported network: the supervised network as a folder that needs neither its study nor its data.

DIR/
  model.safetensors   the weights, under the names of `HeadPoseNetwork`: numbers, never code
  config.yaml         what rebuilds the network (`NetworkCard`), and where it comes from
  model.onnx          the same network for any runtime: uint8 RGB in, labels out
  README.md           what it is, how to use it, how good it is
"""

from trainables.exported.check import Differences, compare
from trainables.exported.folder import (
    CARD,
    ENTROPY,
    ONNX,
    README,
    WEIGHTS,
    NetworkCard,
    PoseNetwork,
    read_network,
    seal,
    write_network,
)

__all__ = [
    "CARD",
    "ENTROPY",
    "ONNX",
    "README",
    "WEIGHTS",
    "Differences",
    "NetworkCard",
    "PoseNetwork",
    "compare",
    "read_network",
    "seal",
    "write_network",
]
