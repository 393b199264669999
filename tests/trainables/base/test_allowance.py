"""Limits as the kernel shows them to a job: made-up tables of control groups of both versions."""

from __future__ import annotations

from pathlib import Path

import pytest

from trainables.base.allowance import allowed_bytes, allowed_cores

GIB = 2**30


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(16)))
    monkeypatch.setattr("os.sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 64 * GIB // 4096}.__getitem__)


def system(root: Path, groups: str, **files: str) -> Path:
    """Write /proc/self/cgroup and files below /sys/fs/cgroup, `__` standing for a slash."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(groups)
    for name, text in files.items():
        file = root / "sys/fs/cgroup" / name.replace("__", "/").replace("_DOT_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def test_without_limits_it_is_the_cores_that_it_is_bound_to_and_the_whole_memory(tmp_path: Path) -> None:
    assert (allowed_cores(tmp_path), allowed_bytes(tmp_path)) == (16, 64 * GIB)


@pytest.mark.parametrize("mount", ["", "unified__"])
def test_version_2_is_bound_by_the_groups_above_too(tmp_path: Path, mount: str) -> None:
    files = {
        "cgroup_DOT_controllers": "cpu memory",
        "slurm__cpu_DOT_max": "max 100000",
        "slurm__memory_DOT_max": str(8 * GIB),
        "slurm__job__cpu_DOT_max": "450000 100000",
        "slurm__job__memory_DOT_max": "max",
    }
    made = system(tmp_path, "0::/slurm/job/step\n", **{mount + name: text for name, text in files.items()})
    assert (allowed_cores(made), allowed_bytes(made)) == (4, 8 * GIB)


def test_version_1_in_a_container_that_does_not_see_its_group_s_path(tmp_path: Path) -> None:
    made = system(
        tmp_path,
        "9:name=systemd:/docker/abc\n4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n",
        cpu__cpu_DOT_cfs_quota_us="250000",
        cpu__cpu_DOT_cfs_period_us="100000",
        memory__memory_DOT_limit_in_bytes=str(3 * GIB),
    )
    assert (allowed_cores(made), allowed_bytes(made)) == (2, 3 * GIB)


@pytest.mark.parametrize(("quota", "cores"), [("-1", 16), ("50000", 1), ("3200000", 16), ("nonsense", 16)])
def test_a_quota_is_at_least_one_core_and_never_more_than_there_are(
    tmp_path: Path, quota: str, cores: int
) -> None:
    made = system(tmp_path, "4:cpu:/\n", cpu__cpu_DOT_cfs_quota_us=quota, cpu__cpu_DOT_cfs_period_us="100000")
    assert allowed_cores(made) == cores


def test_no_limit_of_version_1_is_a_number_beyond_all_memory(tmp_path: Path) -> None:
    made = system(tmp_path, "4:memory:/\n", memory__memory_DOT_limit_in_bytes=str(2**63 - 4096))
    assert allowed_bytes(made) == 64 * GIB
