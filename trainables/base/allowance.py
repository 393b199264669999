"""What this process may use of its machine: CPU cores and memory, of the whole or of a share of it.

A batch system binds a job to cores (`taskset`, cpusets) and limits its control group; each group above limits
it, too. Both versions are read, as the kernel's `admin-guide` has them (`cgroup-v1/`, `cgroup-v2`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

UNLIMITED_BYTES = 2**60
"""What version 1 writes where there is no limit is above this."""


def allowed_cores(system: Path = Path("/")) -> int:
    """Return how many CPU cores this process may use: those it is bound to, at most its quota, at least 1."""
    bound = len(os.sched_getaffinity(0))
    quotas = [*_limits(system, "cpu.max", _quota_2), *_limits_1(system, "cpu", "cpu.cfs_quota_us", _quota_1)]
    return max(1, int(min([bound, *quotas])))


def allowed_bytes(system: Path = Path("/")) -> int:
    """Return how much memory this process and its children may use together."""
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [
        *_limits(system, "memory.max", _number),
        *_limits_1(system, "memory", "memory.limit_in_bytes", _number),
    ]
    return int(min([whole, *limits]))


def _limits(system: Path, file: str, read: Callable[[Path], float | None]) -> Iterator[float]:
    """Yield the limits of this process's group of version 2 and of those above it."""
    for mount in ("sys/fs/cgroup", "sys/fs/cgroup/unified"):
        if (system / mount / "cgroup.controllers").exists():
            yield from _upwards(system / mount, _group(system, ""), file, read)


def _limits_1(
    system: Path, controller: str, file: str, read: Callable[[Path], float | None]
) -> Iterator[float]:
    """Yield the limits of this process's group of version 1 and of those above it."""
    mount = system / "sys/fs/cgroup" / controller
    if mount.is_dir():
        yield from _upwards(mount, _group(system, controller), file, read)


def _group(system: Path, controller: str) -> str:
    """Return the path of this process's group below the mount; the mount itself where it says none."""
    table = system / "proc/self/cgroup"
    for line in table.read_text().splitlines() if table.is_file() else ():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            return path.strip("/")
    return ""


def _upwards(mount: Path, group: str, file: str, read: Callable[[Path], float | None]) -> Iterator[float]:
    """Yield what is read of a file in a group and in each above it; in a container some may not be seen."""
    for folder in (mount / group, *(mount / group).parents):
        if not folder.is_relative_to(mount):
            return
        try:
            found = read(folder / file)
        except (OSError, ValueError):  # not seen from here, or of a form that is not known
            continue
        if found is not None:
            yield found


def _quota_2(file: Path) -> float | None:
    quota, period = file.read_text().split()
    return None if quota == "max" else int(quota) / int(period)


def _quota_1(file: Path) -> float | None:
    quota = int(file.read_text())
    return None if quota <= 0 else quota / int(file.with_name("cpu.cfs_period_us").read_text())


def _number(file: Path) -> float | None:
    text = file.read_text().strip()
    return None if text == "max" or int(text) >= UNLIMITED_BYTES else int(text)
