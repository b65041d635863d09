#!/usr/bin/env bash
# tierway simplify from outside: the expected texts and summaries in tests/golden/simplify, and what
# happens to files. Usage: simplify.sh TIERWAY [--bless]
set -u
tierway=$(realpath "${1:?usage: simplify.sh TIERWAY [--bless]}")
bless=${2:-}
cases=$(cd "$(dirname "$0")/simplify" && pwd)
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 2
passed=0 failed=0

# check WHAT WANTED GOT
check() {
    if [ "$2" = "$3" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED: %s\n  wanted: %s\n  got:    %s\n' "$1" "$2" "$3"
    fi
}

# run ARGUMENT...: leaves status, and what was printed in the files out and err
run() {
    "$tierway" "$@" >out 2>err </dev/null
    status=$?
}

for input in "$cases"/*.tier; do
    name=$(basename "$input" .tier)
    cp "$input" "$name.tier"
    run simplify "$name.tier"
    check "$name: status" 0 "$status"
    [ "$bless" ] && cp out "$cases/$name.out" && cp err "$cases/$name.err"
    diff -u "$cases/$name.out" out
    check "$name: the text" 0 $?
    diff -u "$cases/$name.err" err
    check "$name: the summary" 0 $?
    cp out simple.tier
    run diff "$name.tier" simple.tier
    check "$name: equal" 0 "$status"
    run simplify --check "$name.tier"
    check "$name: --check" 1 "$status"
    cmp -s out "$cases/$name.err"
    check "$name: --check prints the summary" 0 $?
    run simplify --diff "$name.tier"
    check "$name: --diff" 1 "$status"
    diff -u "$name.tier" "$cases/$name.out" | tail -n +3 >wanted
    check "$name: the difference" "$(grep -c '^[-+]' wanted)" "$(tail -n +3 out | grep -c '^[-+]')"
    cmp -s "$name.tier" "$input"
    check "$name: --check and --diff change nothing" 0 $?
    run simplify -i "$name.tier"
    check "$name: in place" "0 " "$status $(cat out)"
    cmp -s "$name.tier" "$cases/$name.out"
    check "$name: the file" 0 $?
    run simplify --check "$name.tier"
    check "$name: once is enough" 0 "$status"
    run simplify --in-place "$name.tier"
    check "$name: nothing is left to do" "0 " "$status $(cat out)"
done

# The canonical layout stays.
cp "$cases/canonical.out" canonical.tier
run fmt --check canonical.tier
check "the canonical layout stays" 0 "$status"

# refuses WHAT WANTED ARGUMENT...: status 2, nothing on standard output, the message
refuses() {
    local what=$1 wanted=$2
    shift 2
    run "$@"
    check "$what" "2  $wanted" "$status $(cat out) $(tail -n 1 err)"
}

printf 'when tokens > 5 -> flex strict\nwhen tokens > 6 -> auto\nnever flex when stream\n' >never.tier
printf 'when token > 5 -> flex\n' >bad.tier
refuses 'a property that does not hold' \
    'tierway simplify: never.tier: some request that this speaks of can be sent to `flex`: mend that first' \
    simplify never.tier
refuses 'errors' 'tierway simplify: bad.tier: the policy has errors' simplify -i bad.tier
check 'a file with errors is left' 'when token > 5 -> flex' "$(cat bad.tier)"
refuses 'no such file' 'tierway simplify: cannot read missing.tier: No such file or directory' \
    simplify missing.tier
run simplify
check 'no file' 2 "$status"
run simplify -i --check bad.tier
check 'two wishes' 2 "$status"
run simplify -i -
check 'standard input in place' 2 "$status"
"$tierway" simplify - <"$cases/parts.tier" >out 2>err
cmp -s out "$cases/parts.out"
check 'standard input' 0 $?

# What an included file holds stays.
printf 'when tokens > 5 -> auto\nwhen tokens > 6 -> default\n' >part.tier
printf 'include "part.tier"\nwhen tokens > 7 -> flex strict\notherwise -> default\n' >whole.tier
run simplify whole.tier
check 'an included file' '0 include "part.tier" otherwise -> default' "$status $(tr '\n' ' ' <out | sed 's/ $//')"
check 'what it holds is said' 1 "$(grep -c 'keep .*it stands in an included file' err)"

# A proof that cannot be made: nothing is printed, nothing is written.
for i in $(seq 8); do echo "attribute a$i: int = 0"; done >boxes.tier
for i in $(seq 200); do
    echo "when a$((i % 8 + 1)) in $((i * 7919 % 5000))..$((i * 7919 % 5000 + i * 31 % 4000))" \
        "and a$((i * 3 % 8 + 1)) in $((i * 6007 % 5000))..$((i * 6007 % 5000 + i * 53 % 4000))" \
        "and a$((i / 8 % 8 + 1)) in $((i * 4447 % 5000))..$((i * 4447 % 5000 + i * 71 % 4000))" \
        "-> flex retry $((i % 9 + 1))"
done >>boxes.tier
echo 'otherwise -> auto' >>boxes.tier
cp boxes.tier before.tier
refuses 'no proof' \
    'tierway simplify: boxes.tier: not proved: the policies differ in too many ways to be compared' \
    simplify -i boxes.tier
cmp -s boxes.tier before.tier
check 'without a proof the file is left' 0 $?

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
