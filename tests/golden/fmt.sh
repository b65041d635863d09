#!/usr/bin/env bash
# tierway fmt from outside: the expected layouts in tests/golden/fmt, and what happens to files.
# Usage: fmt.sh TIERWAY
set -u
tierway=$(realpath "${1:?usage: fmt.sh TIERWAY}")
cases=$(cd "$(dirname "$0")/fmt" && pwd)
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
    "$tierway" "$@" >out 2>err
    status=$?
}

for input in "$cases"/*.tier; do
    name=$(basename "$input" .tier)
    cp "$input" "$name.tier"
    run fmt - <"$input"
    check "$name: status on standard input" 0 "$status"
    cmp -s out "$cases/$name.out"
    check "$name: the layout" 0 $?
    run fmt --check "$name.tier"
    check "$name: --check" "1 $name.tier" "$status $(cat out)"
    run fmt --diff "$name.tier"
    check "$name: --diff" 1 "$status"
    diff -u "$name.tier" "$cases/$name.out" | tail -n +3 >wanted
    check "$name: the diff is as long as that of diff -u" "$(grep -c '^[-+]' wanted)" \
        "$(tail -n +3 out | grep -c '^[-+]')"
    cmp -s "$name.tier" "$input"
    check "$name: --check and --diff change nothing" 0 $?
    run fmt "$name.tier"
    check "$name: in place" "0 $name.tier" "$status $(cat out)"
    cmp -s "$name.tier" "$cases/$name.out"
    check "$name: the file" 0 $?
    run fmt --diff --check "$name.tier"
    check "$name: nothing is left to do" "0 " "$status $(cat out)"
done

# Several files: each for itself.
printf 'when  a -> flex' >one.tier
printf 'when a -> flex\n' >two.tier
printf 'when a > -> flex\n' >bad.tier
run fmt one.tier bad.tier missing.tier two.tier
check "several files: status" 2 "$status"
check "several files: only what changed is named" one.tier "$(cat out)"
check "a file with errors is left" 'when a > -> flex' "$(cat bad.tier)"
check "where the error is" 1 "$(grep -c 'bad.tier:1:9' err)"
check "a missing file" 1 \
    "$(grep -cF 'tierway fmt: cannot read missing.tier: No such file or directory' err)"
run fmt --check one.tier two.tier
check "--check, nothing to do" "0 " "$status $(cat out)"

# Mode, links, and no rewriting of what is right already.
printf 'when  a -> flex' >real.tier
chmod 640 real.tier
ln -s real.tier link.tier
run fmt link.tier
check "a link is followed" "0 when a -> flex" "$status $(cat real.tier)"
check "and stays a link" real.tier "$(readlink link.tier)"
check "the mode is kept" 640 "$(stat -c %a real.tier)"
before=$(stat -c %i real.tier)
run fmt real.tier
check "a right file is not written" "$before" "$(stat -c %i real.tier)"
check "nothing is left behind" 0 "$(find . -name '*.tier.*' | wc -l)"

# What is no policy.
mkdir folder
run fmt folder
check "a folder" "2 tierway fmt: cannot read folder: it is a directory" "$status $(cat err)"
printf 'when a -> flex # \377' >bytes.tier
run fmt bytes.tier
check "not UTF-8" 2 "$status"
run fmt - <bad.tier
check "errors on standard input" "2 " "$status $(cat out)"
run fmt
check "no files" 2 "$status"
"$tierway" fmt - <two.tier >/dev/full 2>err
check "a full disk" \
    "2 tierway fmt: cannot write to standard output: No space left on device" "$? $(cat err)"

# The command itself.
run --version
check "version" "0 tierway" "$status $(cut -d' ' -f1 out)"
run help fmt
cp out page
run fmt --help
check "help fmt is fmt --help" "$(cat page)" "$(cat out)"
run fnt
check "a mistyped command" "2 tierway: there is no command \`fnt\`; did you mean \`fmt\`?" \
    "$status $(cat err)"
run
check "no command" 2 "$status"
run --help
check "the help page" "0 1" "$status $(grep -c '^  fmt ' out)"

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
