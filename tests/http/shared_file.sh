#!/usr/bin/env bash
# Many processes on one database file, killed at random. Usage: shared_file.sh TIERWAY
set -u
tierway=$(realpath "${1:?usage: shared_file.sh TIERWAY}")
cd "$(dirname "$0")" && exec python3 shared_file.py "$tierway"
