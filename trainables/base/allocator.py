"""The C library's allocator: whether memory that is freed stays with this process."""

from __future__ import annotations

import ctypes

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3  # `mallopt`'s parameters, as glibc's malloc.h has them
NEVER = 2**31 - 1
LARGE = 2**30
"""Blocks from this size on are mapped one by one all the same, and given back when they are freed."""

MOST_BEFORE_2_35 = 32 * 2**20
"""The largest such size that earlier versions of glibc take."""


def keep_freed_memory() -> None:
    """Let freed memory stay with this process, for what it allocates next.

    A training step frees what it allocates, and the next allocates it again. Given back and taken anew, each
    page costs the kernel time. Of another C library nothing is changed.
    """
    if (libc := _glibc()) is not None:
        libc.mallopt(MMAP_THRESHOLD, LARGE) or libc.mallopt(MMAP_THRESHOLD, MOST_BEFORE_2_35)
        libc.mallopt(TRIM_THRESHOLD, NEVER)


def give_back_freed_memory() -> None:
    """Give what is free by now back to the system, once."""
    if (libc := _glibc()) is not None:
        libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    libc = ctypes.CDLL(None)
    return libc if hasattr(libc, "gnu_get_libc_version") else None
