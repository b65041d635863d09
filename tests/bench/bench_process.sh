#!/usr/bin/env bash
# Whole processes: bench_process.sh [--quick] [--output FILE] TIERWAY
#
# How long `tierway lint` takes on a file of 20 rules, beside /bin/true, which costs what starting
# any process costs; and `tierway decide --jsonl` on small requests, beside jq with the same
# condition on the same lines. Medians; both are started in turn.
set -euo pipefail
export LC_ALL=C
runs=51 lines=1000000 passes=3 output=/dev/null
if [ "${1:-}" = --quick ]; then
    runs=3 lines=1000 passes=1
    shift
fi
if [ "${1:-}" = --output ]; then
    output=$2
    shift 2
fi
tierway=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Microseconds that a command takes, its output thrown away.
microseconds() {
    local start=${EPOCHREALTIME/./}
    "$@" >/dev/null
    echo $((${EPOCHREALTIME/./} - start))
}

median() { sort -n "$1" | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'; }

quotient() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }

# record SUBJECT RULES REQUESTS WAY UNIT VALUE RATIO: as bench_record in bench.h.
record() { printf -- '-\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$@" >>"$output"; }

{
    echo 'edition 1'
    echo 'attribute team : string'
    for i in {1..20}; do
        echo "when model == \"m$i\" and tokens > $((i * 100)) and team == \"team$i\"" \
            '-> flex else auto'
    done
    echo 'otherwise -> auto'
} >"$work/twenty.tier"

"$tierway" lint "$work/twenty.tier" >/dev/null
for ((i = 0; i < runs; i++)); do
    microseconds "$tierway" lint "$work/twenty.tier" >>"$work/lint"
    microseconds /bin/true >>"$work/true"
done
lint=$(median "$work/lint") true=$(median "$work/true")
printf '%-44s %10s %10s\n' "one process, median of $runs" us ratio
printf '  %-42s %10d %10s\n' "tierway lint, 20 rules" "$lint" "$(quotient "$lint" "$true")"
printf '  %-42s %10d %10s\n' /bin/true "$true" 1.00
record process 20 0 "tierway lint" us "$lint" "$(quotient "$lint" "$true")"
record process 20 0 /bin/true us "$true" 1

echo 'when priority==low or tokens>5000 -> flex' >"$work/card.tier"
awk -v lines="$lines" 'BEGIN {
    srand(1)
    split("critical high normal low", words)
    for (i = 0; i < lines; i++)
        printf "{\"priority\":\"%s\",\"tokens\":%d}\n", words[int(rand() * 4) + 1], rand() * 10000
}' >"$work/requests"

if ! command -v jq >/dev/null; then
    echo "jq is not installed: decide --jsonl is not compared"
    exit 0
fi
condition='.priority=="low" or .tokens>5000'
ours=$("$tierway" decide --jsonl "$work/card.tier" <"$work/requests" | grep -c '"tier": *"flex"')
theirs=$(jq -c "$condition" "$work/requests" | grep -c true)
if [ "$ours" != "$theirs" ]; then
    echo "bench: tierway says flex $ours times, jq $theirs times" >&2
    exit 1
fi
for ((i = 0; i < passes; i++)); do
    microseconds "$tierway" decide --jsonl "$work/card.tier" <"$work/requests" >>"$work/decide"
    microseconds jq -c "$condition" "$work/requests" >>"$work/jq"
done
decide=$(median "$work/decide") jq=$(median "$work/jq")
rate() { awk -v lines="$lines" -v us="$1" 'BEGIN { printf "%.0f", lines * 1e6 / us }'; }
printf '\n%-44s %10s %10s\n' "$lines requests, $ours of them flex" requests/s ratio
printf '  %-42s %10s %10s\n' "tierway decide --jsonl" "$(rate "$decide")" "$(quotient "$jq" "$decide")"
printf '  %-42s %10s %10s\n' "jq -c '$condition'" "$(rate "$jq")" 1.00
record "decide --jsonl" 1 "$lines" tierway requests/s "$(rate "$decide")" "$(quotient "$jq" "$decide")"
record "decide --jsonl" 1 "$lines" jq requests/s "$(rate "$jq")" 1
