"""What the kernel of this machine has done for want of memory."""

from __future__ import annotations

import re
from pathlib import Path

VMSTAT = Path("/proc/vmstat")


def memory_kills() -> int:
    """Return how many processes the kernel has killed for memory since the machine started."""
    counted = re.search(r"^oom_kill (\d+)$", VMSTAT.read_text(), re.MULTILINE) if VMSTAT.is_file() else None
    return int(counted[1]) if counted else 0
