"""What tests of trainables share."""

from collections.abc import Iterator
from functools import cache

import pytest


@pytest.fixture(scope="session")
def one_registry() -> Iterator[None]:
    """Keep what torch exports each operator as: an export takes half a second to read it."""
    from torch.onnx._internal.exporter._registration import ONNXRegistry

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ONNXRegistry, "from_torchlib", staticmethod(cache(ONNXRegistry.from_torchlib)))
        yield
