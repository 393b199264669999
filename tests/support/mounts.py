"""Whether this user may mount file systems where nobody else sees them."""

from __future__ import annotations

import subprocess


def may_unshare() -> bool:
    command = ["unshare", "--mount", "--map-root-user", "true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
