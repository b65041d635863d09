#!/usr/bin/env bash
# tierway serve from outside: its configuration, its own paths, callers' keys, reloads, the log.
# Usage: control.sh TIERWAY
set -u
tierway=$(realpath "${1:?usage: control.sh TIERWAY}")
cd "$(dirname "$0")" && exec python3 control.py "$tierway" "${@:2}"
