#!/usr/bin/env bash
# Workers within a provider's rate limits, and near deadlines. Usage: jobs_limits.sh TIERWAY
set -u
tierway=$(realpath "${1:?usage: jobs_limits.sh TIERWAY}")
cd "$(dirname "$0")" && exec python3 jobs_limits.py "$tierway"
