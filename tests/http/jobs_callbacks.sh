#!/usr/bin/env bash
# Callbacks of jobs that have ended. Usage: jobs_callbacks.sh TIERWAY
set -u
tierway=$(realpath "${1:?usage: jobs_callbacks.sh TIERWAY}")
cd "$(dirname "$0")" && exec python3 jobs_callbacks.py "$tierway"
