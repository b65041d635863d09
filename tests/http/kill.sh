#!/usr/bin/env bash
# Gateways and `tierway chat` killed at random moments. Usage: kill.sh TIERWAY [KILLS] [SEED]
set -u
tierway=$(realpath "${1:?usage: kill.sh TIERWAY [KILLS] [SEED]}")
cd "$(dirname "$0")" && exec python3 kill.py "$tierway" "${2:-30}" "${3:-1}"
