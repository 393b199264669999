"""Stand-ins for the tools of NVIDIA's driver, on a `PATH` of their own."""

from __future__ import annotations

from pathlib import Path

SMI = """\
#!/bin/sh
case "$1" in
-L) cat <<'LIST'
{listed}
LIST
;;
*) cat <<'CARDS'
{cards}
CARDS
;;
esac
"""

CONTROL = """\
#!/bin/sh
# -d leaves a daemon behind; without it a command is read, of which `quit` ends the daemon
log="$CUDA_MPS_LOG_DIRECTORY"; pipes="$CUDA_MPS_PIPE_DIRECTORY"
case "$1" in
-d) {start}; "$0" daemon </dev/null >/dev/null 2>&1 & ;;
daemon) env > "$log/environment"; echo $$ > "$pipes/pid"; while :; do sleep 0.1; done ;;
*) read command; {end}; [ "$command" = quit ] && kill "$(cat "$pipes/pid")" ;;
esac
"""

TWO_CARDS = "NVIDIA H100 80GB HBM3, 580.65, 9.0\nNVIDIA H100 80GB HBM3, 580.65, 9.0"
OLD_CARD = "NVIDIA GeForce GTX 1080, 535.1, 6.1"
MIG = """\
GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-5d5ba0d6)
  MIG 3g.20gb     Device  0: (UUID: MIG-c7384736)
  MIG 3g.20gb     Device  1: (UUID: MIG-a28ad590)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-29b1c2fe)"""


def nvidia_smi(
    folder: Path, cards: str = TWO_CARDS, listed: str = "GPU 0: NVIDIA H100 (UUID: GPU-1)"
) -> None:
    """Write an `nvidia-smi` that tells of these cards."""
    _executable(folder / "nvidia-smi", SMI.format(cards=cards, listed=listed))


def mps_control(folder: Path, *, start: str = ":", end: str = ":") -> None:
    """Write an `nvidia-cuda-mps-control`; `start` and `end` are what its shell does before either."""
    _executable(folder / "nvidia-cuda-mps-control", CONTROL.format(start=start, end=end))


def _executable(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)
