#!/usr/bin/env bash
# What deadlines cost: against everything at default, and an oracle. Usage: jobs_cost.sh TIERWAY
set -u
tierway=$(realpath "${1:?usage: jobs_cost.sh TIERWAY}")
cd "$(dirname "$0")" && exec python3 jobs_cost.py "$tierway"
