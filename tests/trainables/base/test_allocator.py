"""What the allocator keeps costs no page faults when it is allocated again, and goes when it is told to."""

from __future__ import annotations

import subprocess
import sys

BLOCKS, MIB = 12, 5

CODE = f"""
import re, resource
from pathlib import Path
from trainables.base.allocator import give_back_freed_memory, keep_freed_memory

def use():
    blocks = [bytearray({MIB} << 20) for _ in range({BLOCKS})]
    for block in blocks:
        block[::4096] = bytes(len(block) // 4096)

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def resident_mib():
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) >> 10

if KEEP:
    keep_freed_memory()
for _ in range(3):
    use()
before = faults()
for _ in range(5):
    use()
print(faults() - before, resident_mib())
give_back_freed_memory()
print(resident_mib())
"""


def measured(*, keep: bool) -> tuple[int, int, int]:
    """Return the page faults of five rounds, and the memory held afterwards and after giving back, in MiB."""
    code = CODE.replace("KEEP", str(keep))
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    faults, held, left = map(int, ran.stdout.split())
    return faults, held, left


def test_what_is_freed_is_kept_until_it_is_given_back() -> None:
    pages = 5 * BLOCKS * MIB * 256
    faults, held, left = measured(keep=True)
    assert faults < pages / 100
    assert held - left > 0.8 * BLOCKS * MIB
    assert measured(keep=False)[0] > pages / 2, "the system's own rules: it gives freed memory back"
