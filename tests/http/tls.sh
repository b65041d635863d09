#!/usr/bin/env bash
# tierway serve where callers speak TLS. Usage: tls.sh TIERWAY
set -u
tierway=$(realpath "${1:?usage: tls.sh TIERWAY}")
cd "$(dirname "$0")" && exec python3 tls.py "$tierway"
