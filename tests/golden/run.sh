#!/usr/bin/env bash
# Compares what the command prints with files that hold what it should.
#
#   run.sh TIERWAY [--bless] [FOLDER/NAME...]
#
# Each case is a file FOLDER/NAME.tier beside this script, and one file for each output:
#
#   lint/ mistakes/   NAME.out             tierway lint, as text
#                     NAME.json .sarif .github   the same in that format, where the file exists
#   show/             NAME.STAGE           tierway show --stage STAGE
#   decide/           NAME.out             tierway decide --jsonl, of the requests in NAME.jsonl
#   examples/         NAME.out             tierway test; NAME.json as JSON, where the file exists
#
# The clock stands at 2026-01-01T00:00:00Z. An exit status other than 0 is the last line of an
# output. Two more checks: every finding of diagnostics.def has a case that shows it, and no
# mistake goes without a finding. --bless writes the files anew instead; read the difference
# before committing it. The last line is "N passed, N failed".
set -u
tierway=$(realpath "${1:?usage: run.sh TIERWAY [--bless] [FOLDER/NAME...]}")
shift
bless=false
[ "${1:-}" = --bless ] && bless=true && shift
source_root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$(dirname "$0")" || exit 2
output=$(mktemp) || exit 2
trap 'rm -f "$output"' EXIT
passed=0 failed=0
now=2026-01-01T00:00:00Z

# judge NAME PASSED [WHY]
judge() {
    if [ "$2" = 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED: %s %s\n' "$1" "${3:-}"
    fi
}

# compare GOLDEN COMMAND...: runs it in the folder of the golden
compare() {
    local golden=$1 status
    shift
    (cd "$(dirname "$golden")" && "$tierway" "$@") >"$output" 2>&1
    status=$?
    [ "$status" = 0 ] || printf 'exit status %d\n' "$status" >>"$output"
    if $bless; then
        cp "$output" "$golden"
    else
        diff -u "$golden" "$output"
        judge "$golden" $?
    fi
    case $golden in
    *.json | *.sarif)
        sed '/^exit status/d' "$output" | python3 -m json.tool >/dev/null
        judge "$golden" $? "is not JSON"
        ;;
    esac
}

lint() { # FOLDER/NAME
    local file
    file=$(basename "$1").tier
    compare "$1.out" lint --now "$now" "$file"
    for format in json sarif github; do
        if [ -f "$1.$format" ]; then
            compare "$1.$format" lint --now "$now" --format "$format" "$file"
        fi
    done
}

show() {
    for stage in tokens ast check diagram asm plan; do
        compare "$1.$stage" show "$(basename "$1").tier" --stage "$stage"
    done
}

decide() {
    compare "$1.out" decide --now "$now" --jsonl "$(basename "$1").tier" <"$1.jsonl"
}

examples() {
    compare "$1.out" test "$(basename "$1").tier"
    if [ -f "$1.json" ]; then
        compare "$1.json" test --format json "$(basename "$1").tier"
    fi
}

# Every finding that there is has a case.
findings_covered() {
    local name
    while read -r name; do
        grep -qF "[$name]" lint/*.out mistakes/*.out
        judge "$name" $? "has no case under lint/ or mistakes/"
    done < <(sed -n 's/^TW_FINDING([A-Z_0-9]*, "\([a-z0-9-]*\)".*/\1/p' \
        "$source_root/src/front/diagnostics.def")
}

# Every mistake is found, and says what to do.
mistakes_found() {
    local file
    for file in mistakes/*.out; do
        grep -qE '^[^ ].*: (error|warning): .* \[[a-z0-9-]+\]$' "$file"
        judge "$file" $? "no finding"
    done
}

if [ $# -gt 0 ]; then
    cases=("$@")
else
    cases=({lint,mistakes,show,decide,examples}/*.tier)
fi
for case in "${cases[@]}"; do
    case=${case%.tier}
    folder=${case%%/*}
    [ "$folder" = mistakes ] && folder=lint
    "$folder" "$case"
done
if [ $# -eq 0 ]; then
    findings_covered
    mistakes_found
fi
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
