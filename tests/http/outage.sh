#!/usr/bin/env bash
# A store that is away for a while. Usage: outage.sh TIERWAY
set -u
tierway=$(realpath "${1:?usage: outage.sh TIERWAY}")
cd "$(dirname "$0")" && exec python3 outage.py "$tierway"
