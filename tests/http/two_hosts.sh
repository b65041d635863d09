#!/usr/bin/env bash
# Workers on two hosts and a link that is cut. Usage: two_hosts.sh TIERWAY
set -u
tierway=$(realpath "${1:?usage: two_hosts.sh TIERWAY}")
cd "$(dirname "$0")" || exit 2
if ! unshare -n ip link add here type veth peer name there 2>/dev/null; then
    echo "skipped: this machine gives no network namespaces to whoever runs the tests"
    echo "0 passed, 0 failed"
    exit 0
fi
exec python3 two_hosts.py "$tierway"
