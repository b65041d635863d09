#!/usr/bin/env bash
# lint, decide, test, compile and show from outside: exit statuses, members and their order, and what
# is said where something cannot be done. Usage: commands.sh TIERWAY
set -u
tierway=$(realpath "${1:?usage: commands.sh TIERWAY}")
work=$(mktemp -d) || exit 2
trap 'chmod -R u+rwX "$work"; rm -rf "$work"' EXIT
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

# filter INPUT ARGUMENT...: the same with INPUT on standard input
filter() {
    local input=$1
    shift
    printf '%s' "$input" | "$tierway" "$@" >out 2>err
    status=$?
}

# decides WHAT WANTED FILE ATTR=VALUE...: the decision as one JSON line
decides() {
    local what=$1 wanted=$2
    shift 2
    run decide --format json "$@"
    check "$what" "0 $wanted" "$status $(cat out)"
}

# refuses WHAT WANTED ARGUMENT...: status 2, nothing on standard output, the message
refuses() {
    local what=$1 wanted=$2
    shift 2
    run "$@"
    check "$what" "2  $wanted" "$status $(cat out) $(cat err)"
}

cat >router.tier <<'P'
timezone "America/New_York"
pinned: when force_tier is set -> force_tier
night:  when time in 22:00..06:00 -> flex timeout 15m retry 3 else default else auto
when priority == critical -> reject "not here"
slow: when waited >= 90s -> default timeout 1500ms else reject
when batch_mode and tokens > 1k -> flex strict
otherwise -> auto
expect flex by night when time = 23:00
expect auto by otherwise when time = 12:00
P
cat >money.tier <<'P'
budget daily $100 per day
attribute score: int = 0
attribute day: date
attribute share: percent = 50%
attribute note: string = "none"
high:  when daily.used > 90% -> reject "spent"
left:  when daily.left < $50 -> flex else default
score: when score < 0 -> default
day:   when day == 2026-12-25 -> priority
share: when share > 50% -> default retry 1
note:  when note == "a = b" -> scale
otherwise -> auto
P
printf 'when priority==low or tokens>5000 -> flex\n' >card.tier
printf 'when priorty == low -> flex\n' >wrong.tier
printf 'when priority == low -> flex else default\notherwise -> auto\n' >clean.tier
printf '# lint: allow no-fallback callers retry\n%s\n' 'when priority == low -> flex' >silent.tier
printf 'otherwise -> auto\n' >>silent.tier

# Decisions: members, order, names of rules.
day='time=12:00'
decides 'a label, every member' \
    '{"tier": "flex", "rule": "night", "line": 3, "timeout_ms": 900000, "retry": 3, "else": ["default", "auto"]}' \
    router.tier time=23:00
decides 'a rule without a label, a reject' \
    '{"tier": null, "rule": "line 4", "line": 4, "reject": "not here"}' router.tier $day priority=critical
decides 'a tier, then a reject without a reason' \
    '{"tier": "default", "rule": "slow", "line": 5, "timeout_ms": 1500, "reject": ""}' \
    router.tier $day waited=1m30s
decides 'strict' '{"tier": "flex", "rule": "line 6", "line": 6}' \
    router.tier $day batch_mode=true tokens=1_001
decides 'otherwise' '{"tier": "auto", "rule": "otherwise", "line": 7}' router.tier $day tokens=1k
decides 'a tier from the request' '{"tier": "scale", "rule": "pinned", "line": 2}' \
    router.tier force_tier=scale
decides 'another name for a tier' '{"tier": "priority", "rule": "pinned", "line": 2}' \
    router.tier force_tier=fast
decides 'otherwise that is not written' '{"tier": "auto", "rule": "otherwise", "line": null}' \
    card.tier tokens=5000
decides 'the smallest policy' '{"tier": "flex", "rule": "line 1", "line": 1}' card.tier tokens=5001
run decide router.tier time=23:00
check 'text' '0 flex timeout 15m retry 3 else default else auto
  by night (router.tier:3:1)' "$status $(cat out)"
run decide card.tier
check 'text, nothing takes it' '0 auto
  by the implicit default: no rule takes this request' "$status $(cat out)"
run decide router.tier $day waited=2m
check 'text, a reject behind a tier' '0 default timeout 1500ms else reject
  by slow (router.tier:5:1)' "$status $(cat out)"

# Forms of values.
decides 'money' '{"tier": "flex", "rule": "left", "line": 7, "else": ["default"]}' \
    money.tier 'daily.spent=$50.000000000001'
decides 'money at its boundary' '{"tier": "auto", "rule": "otherwise", "line": 12}' money.tier 'daily.spent=$50'
decides 'percent' '{"tier": null, "rule": "high", "line": 6, "reject": "spent"}' money.tier daily.used=90.0001%
decides 'a negative number' '{"tier": "default", "rule": "score", "line": 8}' money.tier score=-1
decides 'a date' '{"tier": "priority", "rule": "day", "line": 9}' money.tier day=2026-12-25
decides 'a value with a sign in it' '{"tier": "scale", "rule": "note", "line": 11}' money.tier 'note=a = b'
decides 'time in the small' '{"tier": "auto", "rule": "otherwise", "line": 7}' router.tier time=21:59:59
decides 'now, in the zone' \
    '{"tier": "flex", "rule": "night", "line": 3, "timeout_ms": 900000, "retry": 3, "else": ["default", "auto"]}' \
    router.tier now=2026-07-01T02:00:00Z
decides 'now, before the night' '{"tier": "auto", "rule": "otherwise", "line": 7}' \
    router.tier now=2026-07-01T01:59:59.999Z
decides '--now' '{"tier": "auto", "rule": "otherwise", "line": 7}' --now 2026-07-01T12:00:00-04:00 router.tier
decides 'now before --now' '{"tier": "auto", "rule": "otherwise", "line": 7}' \
    --now 2026-07-01T02:00:00Z router.tier now=2026-07-01T16:00:00Z
decides '--set' '{"tier": "scale", "rule": "pinned", "line": 2}' --set force_tier=scale router.tier
decides 'an argument over --set' '{"tier": "flex", "rule": "pinned", "line": 2}' \
    --set force_tier=scale router.tier force_tier=flex

# What cannot be decided.
refuses 'an unknown attribute' 'tierway decide: there is no attribute `priorty`; did you mean `priority`?' \
    decide card.tier priorty=low
refuses 'an unknown word' 'tierway decide: `priority` is never "lo"; did you mean `low`?' decide card.tier priority=lo
refuses 'another type' 'tierway decide: `tokens`: "$5" is not an int: write 5000, 5_000, 5k or 1.5M' \
    decide card.tier 'tokens=$5'
refuses 'no value' 'tierway decide: "tokens" is not of the form ATTR=VALUE' decide card.tier tokens
refuses 'now beside a part of it' 'tierway decide: `now` sets the whole clock, and `time` is given too' \
    decide router.tier time=12:00 now=2026-07-01T02:00:00Z
refuses 'a bad --now' 'tierway decide: --now: "noon" is not an instant: write 2026-03-08T02:30:00-05:00 or 2026-03-08T07:30:00.125Z' \
    decide --now noon router.tier
refuses 'no such file' 'tierway decide: cannot read missing.tier: No such file or directory' decide missing.tier
refuses 'a folder' 'tierway decide: cannot read .: it is a directory' decide .
run decide
check 'no file' 2 "$status"
run decide --jsoln card.tier
check 'an unknown option' "2 tierway decide: there is no option \`--jsoln\`; did you mean \`--jsonl\`?" \
    "$status $(head -n 1 err)"
run decide wrong.tier
check 'a policy with errors' '2  1 tierway decide: wrong.tier: the policy has errors' \
    "$status $(cat out) $(grep -cF 'wrong.tier:1:6: error:' err) $(tail -n 1 err)"
if [ "$(id -u)" != 0 ]; then
    cp card.tier locked.tier
    chmod 000 locked.tier
    refuses 'a locked file' 'tierway decide: cannot read locked.tier: Permission denied' decide locked.tier
fi

# The filter.
filter '{"tokens": 6000}
{"tokns": 1}
{"tokens": 1}' decide --jsonl card.tier
check 'a line that cannot be read' '1 {"tier": "flex", "rule": "line 1", "line": 1}
{"error": "there is no attribute `tokns`; did you mean `tokens`?", "line_number": 2}
{"tier": "auto", "rule": "otherwise", "line": null}' "$status $(cat out)"
filter '{"tokens": 6000, "tenant": 7}' decide --jsonl --ignore-unknown card.tier
check '--ignore-unknown' '0 {"tier": "flex", "rule": "line 1", "line": 1}' "$status $(cat out)"
filter '{"tokens": 1, "tokens": 6000}' decide --jsonl card.tier
check 'a member twice' '1 {"error": "`tokens` stands there twice", "line_number": 1}' "$status $(cat out)"
filter '
{"priority": "low"}' decide --jsonl card.tier
check 'a blank line, no end of the last one' '0 {"tier": "flex", "rule": "line 1", "line": 1}' "$status $(cat out)"
filter '{"daily.spent": 50.5}
{"daily.spent": "$90.01"}
{"daily.used": 90.5}
{"share": "51%"}
{"day": "2026-12-25"}
{"note": "a = b"}
{"score": -3}
{}' decide --jsonl money.tier
check 'every type' '0 left high high share day note score otherwise' \
    "$status $(sed 's/.*"rule": "\([^"]*\)".*/\1/' out | paste -sd' ')"
filter '{}
{"tokens": 6000}
{"priority": "normal"}' decide --jsonl --set priority=low card.tier
check '--set under every line' '0 line 1,line 1,otherwise' \
    "$status $(sed 's/.*"rule": "\([^"]*\)".*/\1/' out | paste -sd,)"
filter '' decide --jsonl card.tier
check 'nothing' '0 ' "$status $(cat out)"
filter '{}' decide --jsonl --now 2026-07-01T02:00:00Z router.tier
check '--now for every line' '0 1' "$status $(grep -c '"rule": "night"' out)"
run decide --jsonl card.tier tokens=1
check '--jsonl with arguments' 2 "$status"

# Program images.
run compile router.tier -o router.image
check 'compile' '0 ' "$status $(cat out err)"
decides 'an image decides the same' \
    '{"tier": "flex", "rule": "night", "line": 3, "timeout_ms": 900000, "retry": 3, "else": ["default", "auto"]}' \
    router.image time=23:00
"$tierway" compile router.tier -o - >again.image
check 'to standard output, the same bytes' 0 "$(cmp router.image again.image; echo $?)"
run compile wrong.tier -o wrong.image
check 'compile with errors' '2 no image' "$status $([ -e wrong.image ] && echo image || echo no image)"
run compile router.tier -o nowhere/router.image
check 'no such folder' '2 tierway compile: cannot write nowhere/router.image: No such file or directory' \
    "$status $(cat err)"
run compile router.tier
check 'no -o' 2 "$status"
head -c 200 router.image >short.image
run decide short.image
check 'a cut image' '2 1' "$status $(grep -c '^tierway decide: short.image: ' err)"
for at in 9 40 100 400 1000 2000; do
    cp router.image damaged.image
    printf '\377\376' | dd of=damaged.image bs=1 seek="$at" conv=notrunc 2>/dev/null
    run decide damaged.image time=12:00
    check "an image damaged at $at" '2 1' "$status $(grep -c '^tierway decide: damaged.image: ' err)"
done
refuses 'lint wants the text' "tierway lint: router.image: this is a program image; the policy's text is needed here" \
    lint router.image --format github

# lint.
run lint clean.tier
check 'nothing to mend' '0 1 file: nothing to mend' "$status $(cat out)"
run lint clean.tier card.tier
check 'warnings' '0 0 errors, 2 warnings' "$status $(tail -n 1 out)"
run lint --strict clean.tier card.tier
check 'warnings with --strict' 1 "$status"
run lint --strict clean.tier
check '--strict, nothing to mend' 0 "$status"
run lint wrong.tier card.tier
check 'errors' '2 1 error, 2 warnings' "$status $(tail -n 1 out)"
run lint --strict silent.tier
check 'silenced with a reason' '0 1 file: nothing to mend' "$status $(cat out)"
sed 's/ callers retry//' silent.tier >mute.tier
run lint --strict mute.tier
check 'silenced without one' '1 [bad-allow]' "$status $(grep -o '\[bad-allow\]' out)"
sed '1s/$/ again/; 2s/$/ retry 1/' silent.tier >idle.tier
run lint --strict idle.tier
check 'nothing to silence' '1 [unused-allow]' "$status $(grep -o '\[unused-allow\]' out)"
sed 's/no-fallback/unknown-name/; s/priority/priorty/' silent.tier >bold.tier
run lint bold.tier
check 'an error is not silenced' '2 1' "$status $(grep -c 'error: .*\[unknown-name\]' out)"
run lint clean.tier missing.tier
check 'a missing file' '2 tierway lint: cannot read missing.tier: No such file or directory' "$status $(cat err)"
run lint --format json clean.tier
check 'JSON, nothing' '0 {"findings": []}' "$status $(cat out)"
run lint --format yaml clean.tier
check 'an unknown format' 2 "$status"
run lint --format json wrong.tier card.tier
check 'JSON members' '2 name severity file line column end_line end_column message help' "$status $(python3 -c '
import json
print(*json.load(open("out"))["findings"][0])')"
run lint --format sarif wrong.tier card.tier
check 'SARIF' '2 2.1.0 no-fallback no-otherwise unknown-name' "$status $(python3 -c '
import json
log = json.load(open("out"))
print(log["version"], *sorted({r["ruleId"] for r in log["runs"][0]["results"]}))')"
run lint --format github wrong.tier
check 'GitHub' '2 ::error file=wrong.tier,line=1,col=6,endLine=1,endColumn=13,title=unknown-name::there is no attribute `priorty`; did you mean `priority`?' \
    "$status $(cat out)"
"$tierway" lint - <card.tier >out 2>err
check 'standard input' '0 1' "$? $(grep -c '^standard input:1:38: warning' out)"

# test.
run test router.tier
check 'examples that pass' '0 2 passed, 0 failed' "$status $(cat out)"
printf 'expect flex when time = 12:00\n' | cat router.tier - >failing.tier
run test failing.tier router.tier
check 'one that fails' '1 FAILED failing.tier:10:1: expected flex, decided auto by otherwise
       | expect flex when time = 12:00
4 passed, 1 failed' "$status $(cat out)"
run test --verbose router.tier
check '--verbose' '0 ok     router.tier:8:1: flex by night' "$status $(head -n 1 out)"
run test --format json failing.tier
check 'JSON' '1 2 1 3' "$status $(python3 -c '
import json
result = json.load(open("out"))
print(result["passed"], result["failed"], len(result["examples"]))')"
run test wrong.tier router.tier
check 'errors' '2 2 passed, 0 failed' "$status $(tail -n 1 out)"
run test router.image
check 'an image has no examples' 2 "$status"

# show.
for stage in tokens ast check diagram asm plan; do
    run show router.tier --stage $stage
    check "show $stage" '0 ' "$status $(cat err)"
done
run show router.image --stage asm
cp out from_image
run show router.tier --stage asm
check 'asm of the image and of the text' "$(cat out)" "$(cat from_image)"
run show router.image --stage plan
check 'plan of an image' '0 1' "$status $(grep -c '^plan: ' out)"
run show router.image --stage check
check 'no tree in an image' 2 "$status"
run show router.tier --stage diagram --dot
check 'the diagram as a graph' '0 digraph policy { }' "$status $(head -n 1 out) $(tail -n 1 out)"
check 'each line of a graph' 0 "$(sed '1d;$d' out |
    grep -Evc '^  [nr][0-9]+( -> [nr][0-9]+)? \[label="([^"\\]|\\.)*"( shape=box)?\];$')"
run show router.tier --stage asm --dot
check '--dot is for the diagram' 2 "$status"
{
    for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13; do
        echo "attribute x$i: enum {w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, wa, wb, wc, wd} = w0"
    done
    for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13; do
        for k in $(seq $((i + 1)) 13); do
            for seat in 0 1 2 3 4 5 6 7 8 9 a b c d; do
                echo "when x$i == w$seat and x$k == w$seat -> flex else auto"
            done
        done
    done
} >seats.tier
run show seats.tier --stage diagram
check 'a diagram that is too large' '2 0' "$status $(wc -l <out)"
check 'and what is said of it' 1 "$(grep -c 'its diagram is too large to be built' err)"
run show wrong.tier --stage ast
check 'the tree of a policy with errors' '2 1 1' "$status $(grep -c rule out) $(grep -c unknown-name err)"
run show wrong.tier --stage check
check 'nothing to check in one' '2 ' "$status $(cat out)"
refuses 'an unknown stage' 'tierway show: there is no stage `bytecode`; the stages are tokens, ast, check, diagram, asm and plan' \
    show router.tier --stage bytecode
run show router.tier
check 'no stage' 2 "$status"

cat >texts.tier <<'P'
when model like "gpt-5*" and tokens > 5k -> flex
when model == "o3" -> reject
otherwise -> default
P
run bench --format json --requests 500 texts.tier
check 'the figures of a bench' '0 true' "$status $(jq -c '.rules == 2 and .requests == 500 and
    .rules_reached == 2 and .decide_ns >= .decide_ns_fastest and .decide_ns_fastest > 0 and
    .decide_texts_ns > .decide_ns_fastest and .compile_ns > .decide_texts_ns' out)"
run bench --requests 500 router.tier
check 'a bench for people' '0 4' "$status $(wc -l <out)"
check 'what it says first' 'router.tier: 5 rules, plan table, at most 7 steps' "$(head -n 1 out)"
refuses 'a bench of an image' 'tierway bench: router.image: a program image has no rules to make requests from; give the text' \
    bench router.image
refuses 'a bench of nothing' 'tierway bench: --requests is 1 to 1048576' bench router.tier --requests 0

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
