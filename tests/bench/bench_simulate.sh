#!/usr/bin/env bash
# Replaying a log: bench_simulate.sh [--quick] [--output FILE] TIERWAY
#
# `tierway simulate` from JSON lines to the report, as a whole process on one processor, beside jq
# that only reads the same file (`jq empty`: nothing is computed, nothing is printed). Medians of
# elapsed time; both are started in turn. Also the most memory that simulate takes for a log and for
# one ten times as long.
set -euo pipefail
export LC_ALL=C
lines=300000 passes=5 output=/dev/null
if [ "${1:-}" = --quick ]; then
    lines=1000 passes=1
    shift
fi
if [ "${1:-}" = --output ]; then
    output=$2
    shift 2
fi
tierway=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
pin=()
if command -v taskset >/dev/null; then pin=(taskset -c "$(($(nproc) - 1))"); fi

# Microseconds that a command takes on one processor, its output thrown away.
microseconds() {
    local start=${EPOCHREALTIME/./}
    "${pin[@]}" "$@" >/dev/null 2>&1
    echo $((${EPOCHREALTIME/./} - start))
}

median() { sort -n "$1" | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'; }

# make_log LINES KIND: a month of requests. flat: the members of docs/simulate.md; short: only what a
# price needs; nested: tokens in OpenAI's usage object; escaped: texts with escapes and in UTF-8.
make_log() {
    awk -v lines="$1" -v kind="$2" 'BEGIN {
    srand(7)
    split("gpt-5 gpt-5-mini gpt-5.4 o3 gpt-5-nano gpt-4.1", models)
    split("critical high normal low", urgency)
    split("default flex priority default", tiers)
    split("search chat batch research support billing ops data", teams)
    user = kind == "escaped" ? "J\303\274rg \\\"x\\\"" : "user"
    usage = "\"input_tokens\":%d,\"cached_tokens\":%d,\"output_tokens\":%d,"
    if (kind == "nested")
        usage = "\"usage\":{\"prompt_tokens\":%d,\"prompt_tokens_details\":{\"cached_tokens\":%d}," \
            "\"completion_tokens\":%d},"
    for (i = 0; i < lines; i++) {
        second = int(i * 2592000 / lines)
        tokens = int(rand() * 9000)
        printf "{\"now\":\"2026-11-%02dT%02d:%02d:%02d.%03dZ\",", second / 86400 + 1,
            second / 3600 % 24, second / 60 % 60, second % 60, rand() * 1000
        if (kind != "short")
            printf "\"request_id\":\"req-%08d\",\"user\":\"%s-%d\",\"team\":\"%s\"," \
                "\"priority\":\"%s\",\"tokens\":%d,", i, user, rand() * 500,
                teams[int(rand() * 8) + 1], urgency[int(rand() * 4) + 1], tokens + 300
        printf "\"model\":\"%s\",", models[int(rand() * 6) + 1]
        printf usage, tokens, tokens * rand(), rand() * 800
        printf "\"tier\":\"%s\",\"latency_ms\":%d}\n", tiers[int(rand() * 4) + 1], rand() * 9000
    }
}'
}

cat >new.tier <<'POLICY'
edition 1
attribute team : string
patient: when priority == low or tokens > 5k -> flex else default
night:   when hour in 0..6 and team == "research" -> flex else default
urgent:  when priority == critical -> priority
otherwise -> default
POLICY

# record SUBJECT RULES REQUESTS WAY UNIT VALUE RATIO: as bench_record in bench.h.
record() { printf -- '-\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$@" >>"$output"; }
rate() { awk -v lines="$lines" -v us="$1" 'BEGIN { printf "%.0f", lines * 1e6 / us }'; }
row() { printf '  %-42s %12s %10s\n' "$@"; }

compare() {
    make_log "$lines" "$1" >log.jsonl
    rm -f ours theirs
    for ((i = 0; i < passes; i++)); do
        microseconds "$tierway" simulate new.tier --log log.jsonl >>ours
        if command -v jq >/dev/null; then microseconds jq empty log.jsonl >>theirs; fi
    done
    local ours theirs ratio=0
    ours=$(median ours)
    printf '\n%-44s %12s %10s\n' "$1, $lines requests, $(wc -c <log.jsonl) bytes" requests/s ratio
    if [ -s theirs ]; then
        theirs=$(median theirs)
        ratio=$(awk -v a="$theirs" -v b="$ours" 'BEGIN { printf "%.2f", a / b }')
        row "jq empty" "$(rate "$theirs")" 1.00
        record "simulate, $1" 4 "$lines" "jq empty" requests/s "$(rate "$theirs")" 1
    fi
    row "tierway simulate" "$(rate "$ours")" "$ratio"
    record "simulate, $1" 4 "$lines" tierway requests/s "$(rate "$ours")" "$ratio"
}

for kind in flat short nested escaped; do
    compare "$kind"
done
command -v jq >/dev/null || echo "jq is not installed: nothing is compared"

# Kilobytes; the log comes through a pipe.
memory() {
    make_log "$1" flat | python3 -c 'import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' "$tierway" simulate new.tier --log -
}
if command -v python3 >/dev/null; then
    printf '\n%-44s %12s\n' "the most memory" KB
    for count in "$lines" $((lines * 10)); do
        kilobytes=$(memory "$count")
        row "$count requests" "$kilobytes" ""
        record "simulate, memory" 4 "$count" tierway KB "$kilobytes" 0
    done
fi
