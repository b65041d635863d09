#!/usr/bin/env bash
# tierway serve from outside: the gateway before the stand-in provider, on loopback.
# Usage: serve.sh TIERWAY
set -u
tierway=$(realpath "${1:?usage: serve.sh TIERWAY}")
cd "$(dirname "$0")" && exec python3 serve.py "$tierway"
