#!/usr/bin/env bash
# Runs one of the tests in this folder. Usage: run.sh TIERWAY FILE. Exit status 77: Node.js or the
# clients are not installed (scripts/setup test).
set -euo pipefail
unset "${!TIERWAY_@}" OPENAI_API_KEY OPENAI_BASE_URL
export TIERWAY=$1
command -v node >/dev/null || exit 77
TIERWAY_CLIENT_MODULES=$("$(dirname "$0")/install.sh" --check)/ || exit 77
export TIERWAY_CLIENT_MODULES
exec node --test "$2"
