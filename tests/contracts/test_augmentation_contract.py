"""Every augmentation level keeps the contract that `hpsearch.testing` has."""

from __future__ import annotations

import pytest

from hpsearch.testing import AugmentationContract, rows
from trainables.data.augmentation import AUGMENTATIONS


@pytest.mark.parametrize("config", rows(AUGMENTATIONS))
class TestAugmentations(AugmentationContract):
    pass
