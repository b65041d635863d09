#!/usr/bin/env bash
# tierway jobs from outside. Usage: jobs.sh TIERWAY
set -u
tierway=$(realpath "${1:?usage: jobs.sh TIERWAY}")
cd "$(dirname "$0")" && exec python3 jobs.py "$tierway"
