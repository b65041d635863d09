#!/usr/bin/env bash
# A PostgreSQL server of the tests' own, on a socket in a folder of its own.
#   server.sh start FILE   starts one, and writes its address to FILE and its folder to FILE.folder.
#                          Where no server is installed, FILE is made empty, and it says so.
#   server.sh halt FILE    stops it at once, as a crash does, and keeps its data
#   server.sh resume FILE  starts it again
#   server.sh stop FILE    stops it, and removes all of it
# With TIERWAY_TEST_LISTEN it listens on that address as well, and lets its neighbours in.
# It ends by itself when whoever started it is gone. The server refuses to run as root, and is run as
# `nobody` then.
set -Eeuo pipefail

command=$1 file=$2

bin=$(pg_config --bindir 2>/dev/null || true)
[ -x "$bin/postgres" ] || bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
as_user=()
[ "$(id -u)" -ne 0 ] || as_user=(setpriv --reuid=nobody --regid=nogroup --clear-groups)

run() { "${as_user[@]}" env -C "$folder" LC_ALL=C "$@" </dev/null >>"$folder/output" 2>&1; }

control() { run "$bin/pg_ctl" -D "$folder/data" -w -t 60 -l "$folder/log" "$@"; }

stop() {
    control -m immediate stop || true
    rm -rf "$folder" "$file" "$file.folder"
}

make() {
    folder=$(mktemp -d /tmp/tierway-postgres-XXXXXX)
    [ "$(id -u)" -ne 0 ] || chown nobody:nogroup "$folder"
    chmod 755 "$folder"
    echo "$folder" >"$file.folder"
    run "$bin/initdb" -D "$folder/data" -U tierway -E UTF8 --locale=C --auth=trust --no-sync
    "${as_user[@]}" tee -a "$folder/data/postgresql.conf" >/dev/null <<EOF
listen_addresses = '${TIERWAY_TEST_LISTEN:-}'
unix_socket_directories = '$folder'
max_connections = 700
shared_buffers = 64MB
fsync = ${TIERWAY_TEST_FSYNC:-off}
max_wal_size = 4GB
EOF
    # A user that needs a password.
    "${as_user[@]}" sed -i '1i local all locked scram-sha-256' "$folder/data/pg_hba.conf"
    [ -z "${TIERWAY_TEST_LISTEN:-}" ] ||
        "${as_user[@]}" sed -i '$a host all tierway samenet trust' "$folder/data/pg_hba.conf"
    control start
    run "$bin/psql" -h "$folder" -U tierway -d postgres -c "CREATE ROLE locked LOGIN PASSWORD 'sesame'"
}

# Stops the server when the process that wanted it is gone.
watch_owner() {
    (
        while kill -0 "$1" 2>/dev/null && [ -d "$folder" ]; do sleep 1; done
        [ ! -d "$folder" ] || stop
    ) </dev/null >/dev/null 2>&1 &
}

if [ "$command" = start ]; then
    rm -f "$file" "$file.folder"
    if [ ! -x "$bin/postgres" ]; then
        : >"$file"
        echo "skipped: no PostgreSQL server is installed (scripts/setup test installs it)"
        exit 0
    fi
    trap 'cat "$folder/output" "$folder/log" 2>/dev/null; stop' ERR
    make
    trap - ERR
    watch_owner "$PPID"
    echo "postgres://tierway@${folder//\//%2F}/postgres" >"$file"
    cat "$file"
    exit 0
fi
[ -s "$file.folder" ] || exit 0
folder=$(cat "$file.folder")
case $command in
    halt) control -m immediate stop ;;
    resume) control start ;;
    stop) stop ;;
    *) exit 2 ;;
esac
