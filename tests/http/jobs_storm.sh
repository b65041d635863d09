#!/usr/bin/env bash
# A thousand jobs, faults of every kind, and workers that are killed. Usage: jobs_storm.sh TIERWAY
set -u
tierway=$(realpath "${1:?usage: jobs_storm.sh TIERWAY}")
cd "$(dirname "$0")" && exec python3 jobs_storm.py "$tierway"
