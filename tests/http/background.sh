#!/usr/bin/env bash
# Jobs, files and batches over HTTP. Usage: background.sh TIERWAY
set -u
tierway=$(realpath "${1:?usage: background.sh TIERWAY}")
shift
cd "$(dirname "$0")" && exec python3 background.py "$tierway" "$@"
