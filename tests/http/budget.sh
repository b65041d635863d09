#!/usr/bin/env bash
# Budgets from outside: gateways and `tierway chat` on one ledger, before the stand-in provider.
# Usage: budget.sh TIERWAY
set -u
tierway=$(realpath "${1:?usage: budget.sh TIERWAY}")
cd "$(dirname "$0")" && exec python3 budget.py "$tierway"
