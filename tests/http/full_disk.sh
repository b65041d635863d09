#!/usr/bin/env bash
# A ledger on a disk that is full. Usage: full_disk.sh TIERWAY
set -u
tierway=$(realpath "${1:?usage: full_disk.sh TIERWAY}")
cd "$(dirname "$0")" || exit 2
if ! unshare -m mount -t tmpfs -o size=32m none /mnt 2>/dev/null; then
    echo "skipped: this machine lets whoever runs the tests mount nothing"
    echo "0 passed, 0 failed"
    exit 0
fi
# The disk is there for this process and its children only, and goes with them.
exec unshare -m sh -c 'mount -t tmpfs -o size=32m none /mnt && exec python3 full_disk.py "$0"' "$tierway"
