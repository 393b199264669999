from __future__ import annotations

from pathlib import Path

import pytest

from trainables.base import kernel


def test_what_the_kernel_killed_for_memory_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel, "VMSTAT", tmp_path / "vmstat")
    assert kernel.memory_kills() == 0  # a kernel that does not say
    kernel.VMSTAT.write_text("pgmajfault 4041\noom_kill 3\nnuma_hit 17\n")
    assert kernel.memory_kills() == 3
