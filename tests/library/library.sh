#!/usr/bin/env bash
# The C library as another program meets it: library.sh TIERWAY BUILD COMPILER
#
# Installs a build into a folder of its own, and looks at what is there: the headers alone, from C
# and C++; the symbols; a program that is built with pkg-config, and runs against the stand-in
# provider. The last line is "N passed, N failed".
set -u
tierway=$(realpath "${1:?}") build=$(realpath "${2:?}") compiler=${3:?}
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d) || exit 2
trap 'kill "$(jobs -p)" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 2
passed=0 failed=0

# check WHAT COMMAND...
check() {
    local what=$1
    shift
    if "$@" >output 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED: %s\n' "$what"
        head -20 output
    fi
}

same() { diff -u "$1" "$2"; }
nothing_in() { [ ! -s "$1" ] || { cat "$1"; return 1; }; }

check "the build is installed" cmake --install "$build" --prefix "$work/prefix"
PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name tierway.pc)")
export PKG_CONFIG_PATH
read -ra flags < <(pkg-config --cflags tierway)
read -ra libraries < <(pkg-config --libs tierway)
directory=$(pkg-config --variable=libdir tierway)

for header in policy router; do
    echo "#include <tierway/$header.h>" >"$header.c"
    check "$header.h stands alone in C" \
        "$compiler" -std=c11 -Wall -Wextra -Wpedantic -Werror "${flags[@]}" -fsyntax-only "$header.c"
    check "$header.h stands alone in C++" \
        "$compiler" -x c++ -Wall -Wextra -Werror "${flags[@]}" -fsyntax-only "$header.c"
done

nm -D --defined-only "$directory/libtierway.so" | awk '$2 ~ /[A-Z]/ && $3 !~ /^tw_/ {print $3}' >others
check "only tw_ names are visible" nothing_in others
grep -hoE '\btw_[a-z_]+\(' "$work"/prefix/include/tierway/*.h | tr -d '(' | sort -u >declared
nm -D --defined-only "$directory/libtierway.so" | awk '$3 ~ /^tw_/ {print $3}' | sort -u >defined
check "every function of the headers is there" same declared defined

check "a program is built with pkg-config" "$compiler" -Wall -Wextra -Werror "${flags[@]}" \
    "$here/flex_processor.c" -o flex_processor "${libraries[@]}" "-Wl,-rpath,$directory"

"$tierway" fake-provider --seed 1 --flex-schedule 'pattern RO' >address &
for ((i = 0; i < 200; i++)); do
    [ -s address ] && break
    sleep 0.05
done
url=http://$(cat address)/v1

# What it prints, but for the order in which jobs end and their tokens.
run_example() {
    ./flex_processor jobs.db "$url" | sed -E 's/[0-9]+ tokens/N tokens/' | sort >printed
}
{
    for i in 0 1 2 3 4; do echo "ended: job_$i"; done
    for i in 0 1 2 3 4; do echo "job_$i: done at flex, N tokens"; done
    echo "told of 5"
} >wanted
check "the program runs" run_example
check "and prints what came of its jobs" same wanted printed
requests() { curl -s "http://$(cat address)/fake/stats" | grep -o '"requests":[0-9]*'; }
requests >before
check "each was sent" grep -qE ':([5-9]|[1-9][0-9]+)$' before
check "the same again" run_example
check "finds them done" same wanted printed
requests >after
check "and sends nothing" same before after

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
