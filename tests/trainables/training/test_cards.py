"""What the driver's tool says of the GPUs of a machine, and which of them a user has named."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.driver_tools import MIG, nvidia_smi

from trainables.training.cards import Card, cards, mig_instances, named_instances
from trainables.training.machine import card_text


def test_cards_and_their_instances_are_as_the_tool_lists_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert (cards(), mig_instances(), card_text()) == ([], [], "")
    nvidia_smi(tmp_path, listed=MIG)
    assert cards() == 2 * [Card("NVIDIA H100 80GB HBM3", "580.65", (9, 0))]
    assert card_text() == " (NVIDIA H100 80GB HBM3, compute capability 9.0, driver 580.65)"
    assert mig_instances() == ["MIG-c7384736", "MIG-a28ad590"]
    nvidia_smi(tmp_path)
    assert mig_instances() == []
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho 'Failed to initialize NVML' >&2\nexit 9\n")
    assert (cards(), mig_instances()) == ([], [])


@pytest.mark.parametrize(
    ("visible", "named"),
    [(None, []), ("", []), ("0,1", []), ("GPU-5d5ba0d6", []), ("MIG-a,MIG-b", ["MIG-a", "MIG-b"])],
)
def test_a_user_names_instances_by_hand(visible: str | None, named: list[str]) -> None:
    assert named_instances(visible) == named
