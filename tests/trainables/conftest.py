"""One thread for torch: the suite shares its cores, and digits must not depend on their number."""

import pytest
import torch


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)
