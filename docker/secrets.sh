#!/bin/sh
# Makes docker/secrets/, once: a random secret per file, for the user of the containers (1000) to read.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p "${1:-secrets}"
cd "${1:-secrets}"
for name in ray_token postgres_password mlflow_password mlflow_secret_key; do
    if [ ! -e "$name" ]; then
        od -An -N32 -tx1 /dev/urandom | tr -d ' \n' > "$name"
    fi
done
if [ "$(id -u)" = 0 ]; then
    chown 1000 ray_token postgres_password mlflow_password mlflow_secret_key
elif [ "$(id -u)" != 1000 ]; then
    echo "user 1000 of the containers cannot read what user $(id -u) made: sudo chown 1000 $PWD/*" >&2
fi
