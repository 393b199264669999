"""The backends that a launch may ask for."""

from __future__ import annotations

from hpsearch.driver.request import LaunchRequest
from hpsearch.work.backend import Backend


def backend_of(request: LaunchRequest, *, verbose: bool = False) -> Backend:
    """Return where a launch runs: in this process, or on Ray, whose log `verbose` shows."""
    if request.in_process:
        from hpsearch.work.in_process import InProcess

        return InProcess()
    from hpsearch.ray.workplace import (
        RayBackend,  # takes seconds, which a launch in this process need not wait
    )

    return RayBackend(request.address, without_token=request.without_token, verbose=verbose)
