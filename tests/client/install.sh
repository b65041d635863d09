#!/usr/bin/env bash
# Installs the clients that tests/client uses, at the versions of package-lock.json, into a folder
# of the user's cache, and prints that folder. Does nothing, and needs no network, where they are
# there. --check: installs nothing; the exit status says whether they are there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

version=$(cat "$here/package.json" "$here/package-lock.json" | sha256sum | cut -c 1-16)
folder=${XDG_CACHE_HOME:-$HOME/.cache}/tierway/clients-$version

if [ ! -e "$folder/complete" ]; then
    [ "${1:-}" = --check ] && exit 1
    mkdir -p "$folder"
    cp "$here/package.json" "$here/package-lock.json" "$folder"
    (cd "$folder" && npm ci --no-audit --no-fund --ignore-scripts --loglevel error >&2)
    touch "$folder/complete"
fi
echo "$folder"
