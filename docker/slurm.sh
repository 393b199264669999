#!/bin/bash
# Runs a search on the nodes of a Slurm job: a Ray head on the first, workers on all, the launch beside the head.
#
#   sbatch --nodes 4 --gpus-per-node 2 --cpus-per-task 16 docker/slurm.sh space.yaml /shared/runs [LAUNCH OPTIONS]
#
# `hpsearch` must be on the PATH of every node, and the root on a disk that all of them see. Slurm sends SIGTERM to
# this script before the time is up: the launch writes everything, and the line that is printed last goes on.
#SBATCH --job-name hpsearch
#SBATCH --ntasks-per-node 1
#SBATCH --time 24:00:00
#SBATCH --signal B:TERM@120
#SBATCH --requeue
set -euo pipefail

space=$1 root=$2
again=(--nodes "$SLURM_JOB_NUM_NODES" ${SLURM_GPUS_PER_NODE:+--gpus-per-node "$SLURM_GPUS_PER_NODE"}
    ${SLURM_CPUS_PER_TASK:+--cpus-per-task "$SLURM_CPUS_PER_TASK"}
    "$(scontrol show job "$SLURM_JOB_ID" | sed -n 's/^ *Command=\([^ ]*\).*/\1/p')" "$@")
shift 2
port=$((20000 + SLURM_JOB_ID % 10000))
mapfile -t hosts < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
head=${hosts[0]}

# a token for this job alone, which only its user can read; the path of Ray's own files must be short
export RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH=$root/.slurm-$SLURM_JOB_ID
(umask 077 && mkdir -p "$root" && od -An -N32 -tx1 /dev/urandom | tr -d ' \n' > "$RAY_AUTH_TOKEN_PATH")
temporary=/tmp/r$SLURM_JOB_ID
nodes=()
# shellcheck disable=SC2329  # the trap calls it
end() {
    kill "${nodes[@]}" 2> /dev/null || true
    wait || true
    rm -f "$RAY_AUTH_TOKEN_PATH"
}
trap end EXIT

start() { # start HOST OPTIONS...: a node of Ray on a host, for as long as this script runs
    local host=$1
    shift
    srun --nodes 1 --ntasks 1 --overlap --nodelist "$host" \
        ray start --block --disable-usage-stats --num-cpus "${SLURM_CPUS_PER_TASK:-1}" "$@" &
    nodes+=($!)
}

start "$head" --head --port "$port" --include-dashboard=false --temp-dir "$temporary"
until ray health-check --address "$head:$port"; do sleep 2; done
for host in "${hosts[@]:1}"; do
    start "$host" --address "$head:$port"
done

# the launch gets Slurm's signal through this script, which waits for it
hpsearch launch "$space" --root "$root" --address "$head:$port" "$@" &
launch=$!
trap 'kill -TERM $launch' TERM INT
status=0
while kill -0 "$launch" 2> /dev/null; do
    wait "$launch" && status=0 || status=$?
done
if [ "$status" -ne 0 ]; then # what the launch itself has printed joins a cluster that ends now
    printf 'To go on with this search:\n  sbatch'
    printf ' %q' "${again[@]}"
    echo
fi
exit "$status"
