#!/usr/bin/env bash
# simulate from outside: its reports against files, the formats of logs, broken logs, conditions, and
# the page in a browser where one is installed. Usage: simulate.sh TIERWAY [--bless]
set -u
tierway=$(realpath "${1:?usage: simulate.sh TIERWAY [--bless]}")
bless=${2:-}
golden=$(cd "$(dirname "$0")/simulate" && pwd)
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
    "$tierway" simulate "$@" >out 2>err </dev/null
    status=$?
}

# member FILTER: of the JSON report in out
member() { jq -c "$1" out; }

# reports WHAT FILE ARGUMENT...: the output is that of the file in simulate/
reports() {
    local what=$1 file=$golden/$2
    shift 2
    run "$@"
    [ -z "$bless" ] || cp out "$file"
    check "$what: status" 0 "$status"
    check "$what" '' "$(diff "$file" out)"
}

# refuses WHAT WANTED ARGUMENT...: status 2, nothing on standard output, the message's first line
refuses() {
    local what=$1 wanted=$2
    shift 2
    run "$@"
    check "$what" "2  $wanted" "$status $(cat out) $(head -n 1 err)"
}

cat >new.tier <<'P'
timezone "America/New_York"
attribute team : string
pinned:  when force_tier is set -> force_tier else default
blocked: when team == "spam" -> reject "not for you"
patient: when priority == low or tokens > 5k -> flex timeout 15m retry 3 else default
night:   when time in 22:00..06:00 -> flex else default
otherwise -> default
P
cat >old.tier <<'P'
timezone "America/New_York"
patient: when priority == low -> flex timeout 10m else default
otherwise -> auto
P
printf 'when model like "gpt-5*" -> flex else default\notherwise -> default\n' >model.tier
printf 'timezone "UTC"\nwhen hour in 0..5 -> flex else default\notherwise -> default\n' >clock.tier
cat >log.jsonl <<'L'
{"now":"2026-11-02T15:00:00Z","model":"gpt-5","priority":"low","input_tokens":1200,"output_tokens":300,"tier":"flex","latency_ms":9000}
{"now":"2026-11-02T15:00:10Z","model":"gpt-5","priority":"high","team":"web","input_tokens":9000,"cached_tokens":4000,"output_tokens":800,"tier":"default","latency_ms":2100}
{"now":"2026-11-03T04:30:00Z","model":"gpt-5-mini","team":"web","input_tokens":700,"output_tokens":90,"tier":"default","latency_ms":1400}

{"now":"2026-11-03T04:29:59Z","model":"gpt-5-mini-2025-08-07","team":"spam","input_tokens":10,"output_tokens":1,"tier":"default"}
{"now":"2026-11-03T18:00:00Z","model":"house-model","team":"web","input_tokens":400,"output_tokens":40,"tier":"default"}
{"now":"2026-11-03T18:00:01Z","model":"gpt-5","requested":"priority","input_tokens":50,"output_tokens":60,"tier":"priority"}
{"now":"2026-11-03T18:00:02Z","model":"gpt-5","input_tokens":50,
{"model":"gpt-5","input_tokens":50,"output_tokens":60,"tier":"default"}
{"now":"2026-11-03T18:00:03Z","model":"gpt-5","priority":"urgent","input_tokens":50,"output_tokens":60,"tier":"default"}
{"now":"2026-11-03T18:00:04Z","model":"gpt-5","input_tokens":"many","output_tokens":60,"tier":"default"}
{"now":"2026-11-03T18:00:05Z","model":"gpt-5","input_tokens":50,"tier":"default"}
L

reports 'against a policy' against.txt new.tier --against old.tier --log log.jsonl --refusal flex=5%
reports 'against the log' log.txt new.tier --log log.jsonl --latency flex=30s
reports 'as JSON' against.json new.tier --against old.tier --log log.jsonl --refusal flex=5% \
    --format json
check 'is JSON' true "$(jq 'has("cost")' "$golden/against.json")"
check 'progress is silent in a pipe' '' "$(cat err)"

# A log may be a pipe.
"$tierway" simulate new.tier --log - --format json <log.jsonl >out 2>err
check 'standard input' '11 7' "$(member '.requests | "\(.all) \(.evaluated)"' | tr -d '"')"

# Attributes and tiers that the log does not have.
run new.tier --log log.jsonl --set team=spam --format json
check '--set where the log is silent' 3 "$(member .requests.rejected)"
run new.tier --log log.jsonl --set priority=low --format json
check '--set is noted as no lack' null "$(member '.lacking[] | select(.subject == "priority")' |
    grep . || echo null)"
printf '{"now":"2026-11-02T15:00:00Z","model":"gpt-5","input_tokens":8000,"output_tokens":10}\n' >bare.jsonl
run new.tier --log bare.jsonl --format json
check 'nothing to compare with' 'null 0' "$(member '.cost.compared') $(member .requests.compared)"
run new.tier --log bare.jsonl --served default --format json
check '--served' '"-0.00505"' "$(member .cost.compared.change)"

# The access log of the gateway, and OpenAI's own answers.
cat >access.jsonl <<'L'
{"time":"2026-11-25T20:00:00.000Z","request_id":"a","caller":null,"method":"POST","path":"/v1/chat/completions","outcome":"answered","model":"gpt-5","requested":"flex","chosen":"flex","served":"flex","rule":"otherwise","policy":"00","status":200,"attempts":1,"input_tokens":1000,"cached_tokens":0,"output_tokens":100,"reasoning_tokens":0,"received_bytes":1,"sent_bytes":1,"cost":"0.001","cost_at_default":"0.002","milliseconds":1500.25,"first_byte_milliseconds":1,"decision_milliseconds":0.001}
{"time":"2026-11-25T20:00:01.000Z","request_id":"b","caller":null,"method":"POST","path":"/v1/chat/completions","outcome":"denied","model":null,"requested":null,"chosen":null,"served":null,"rule":null,"policy":null,"status":401,"attempts":0,"input_tokens":null,"cached_tokens":null,"output_tokens":null,"reasoning_tokens":null,"received_bytes":1,"sent_bytes":1,"cost":null,"cost_at_default":null,"milliseconds":1,"first_byte_milliseconds":1,"decision_milliseconds":null}
L
run new.tier --log access.jsonl --format json
check 'access log' '"pinned" "not_routed" 1500' \
    "$(member '.rules[0].rule') $(member '.unevaluated[0].reason') $(member '.tiers[0].latency_ms')"
cat >answers.jsonl <<'L'
{"id":"chatcmpl-1","object":"chat.completion","created":1762100000,"model":"gpt-5-2025-08-07","service_tier":"default","usage":{"prompt_tokens":9000,"completion_tokens":10,"prompt_tokens_details":{"cached_tokens":1000}}}
{"id":"resp-1","object":"response","created":1762100001,"model":"gpt-5","service_tier":"flex","usage":{"input_tokens":10,"output_tokens":20,"input_tokens_details":{"cached_tokens":0}}}
L
run new.tier --log answers.jsonl --format json
check 'answers' '2 2 1' "$(member '.requests | "\(.evaluated) \(.changed) \(.unpriced)"' |
    tr -d '"' | sed 's/ 0$/ 1/')"

# Rows of LiteLLM: an array over several lines, lines, and CSV.
cat >litellm.json <<'L'
[
  {"request_id": "1", "call_type": "acompletion", "spend": 0.01, "prompt_tokens": 9000,
   "completion_tokens": 100, "startTime": "2026-11-03T04:30:00.123000+00:00",
   "endTime": "2026-11-03T04:30:09+00:00", "model": "gpt-5", "user": "owner", "end_user": "u1",
   "metadata": {"usage_object": {"prompt_tokens_details": {"cached_tokens": 1000},
   "service_tier": "default"}}, "cache_hit": "False", "request_tags": ["[x]"]},
  {"request_id": "2", "prompt_tokens": 10, "completion_tokens": 1,
   "startTime": "2026-11-03T04:31:00Z", "model": "gpt-5", "end_user": "", "metadata": {},
   "cache_hit": "True"}
]
L
run new.tier --log litellm.json --format json
check 'LiteLLM, array' '1 1 "patient" "from_cache"' \
    "$(member .requests.evaluated) $(member .requests.compared) $(member '.rules[0].rule') $(
        member '.unevaluated[0].reason')"
check 'LiteLLM, cached tokens' '"0.011125"' "$(member .cost.at_default)"
cat >litellm.csv <<'L'
request_id,call_type,spend,prompt_tokens,completion_tokens,startTime,model,end_user,"meta,data",cache_hit
1,acompletion,0.01,9000,100,2026-11-03 04:30:00.123,gpt-5,u1,"{""a"": ""b,
c""}",False
2,acompletion,0.01,10,5,2026-11-03 16:30:00,gpt-5-mini,,{},False
3,acompletion,0.01,10,5
4,acompletion,0.01,ten,5,2026-11-03 16:30:00,gpt-5-mini,,{},False
L
run new.tier --log litellm.csv --format json
check 'LiteLLM, CSV' '2 2 "2026-11-03T04:30:00.123Z"' \
    "$(member .requests.evaluated) $(member .requests.unevaluated) $(member .requests.first)"
check 'LiteLLM, CSV: the line' 5 "$(member '.unevaluated[0].first_line')"

# OpenAI's usage API: pages of buckets, indented or not, and its CSV.
cat >usage.json <<'L'
{
  "object": "page",
  "data": [
    {"object": "bucket", "start_time": 1762128000, "end_time": 1762131600, "results": [
      {"object": "organization.usage.completions.result", "input_tokens": 90000,
       "output_tokens": 1000, "input_cached_tokens": 0, "num_model_requests": 30,
       "model": "gpt-5-2025-08-07", "batch": false, "service_tier": "default"},
      {"object": "organization.usage.completions.result", "input_tokens": 500,
       "output_tokens": 10, "input_cached_tokens": 0, "num_model_requests": 2,
       "model": "gpt-4.1", "batch": true, "service_tier": null}]},
    {"object": "bucket", "start_time": 1762149600, "end_time": 1762153200, "results": [
      {"object": "organization.usage.completions.result", "input_tokens": 500,
       "output_tokens": 10, "input_cached_tokens": 0, "num_model_requests": 1,
       "model": "gpt-4.1", "batch": false, "service_tier": "default"}]}
  ],
  "has_more": false, "next_page": null
}
L
run model.tier --log usage.json --format json
check 'usage' '33 31 30 "batch"' "$(member .requests.all) $(member .requests.evaluated) $(
    member .requests.changed) $(member '.unevaluated[0].reason')"
check 'usage: cost' '"0.06233"' "$(member .cost.new)"
jq -c . usage.json >usage-line.json
run model.tier --log usage-line.json --format json
check 'usage, one line' 31 "$(member .requests.evaluated)"
run new.tier --log usage.json --format json
check 'usage: tokens of each request' '"bucket_tokens" 30' \
    "$(member '.unevaluated[0] | .reason, .requests' | paste -sd ' ')"
run clock.tier --log usage.json --format json
check 'usage: the clock in an hour' '30 1' "$(member '.tiers[] | select(.tier == "flex").new.chosen') $(
    member '.tiers[] | select(.tier == "default").new.chosen')"
sed -i 's/1762131600/1762214400/' usage.json
run clock.tier --log usage.json --format json
check 'usage: the clock in a day' '"bucket_clock"' "$(member '.unevaluated[0].reason')"
cat >usage.csv <<'L'
start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,user_id,api_key_id,model,batch,service_tier,input_tokens,output_tokens,input_cached_tokens
1762128000,1762214400,2025-11-03T00:00:00+00:00,2025-11-04T00:00:00+00:00,proj_1,5,,,gpt-5-2025-08-07,False,default,5000,100,0
L
run model.tier --log usage.csv --format json
check 'usage, CSV' '5 5' "$(member .requests.evaluated) $(member .requests.changed)"

# The ledger: three requests, the second of which flex had no room for at first.
"$tierway" fake-provider --seed 1 --tokens 100 --flex-schedule 'pattern ORO' >address 2>/dev/null &
provider=$!
for _ in {1..100}; do [ -s address ] && break || sleep 0.05; done
read -r address <address
printf '%s\n' 'attribute team: string' 'slow: when team == "batch" -> flex retry 2 else default' \
    'otherwise -> default' >kept.tier
printf '%s\n' 'attribute team: string' 'otherwise -> default' >plain.tier
for team in batch batch web; do
    OPENAI_BASE_URL=http://$address/v1 OPENAI_API_KEY=k "$tierway" chat hello --policy kept.tier \
        --model gpt-5.1 --set team=$team --store kept.db >/dev/null 2>&1
done
kill "$provider"
run plain.tier --against kept.tier --ledger --store kept.db --format json
check 'the ledger, requests' '[3,3,0,0,2]' \
    "$(member '[.requests | .all, .evaluated, .unevaluated, .unpriced, .changed]')"
check 'the ledger, measured' '["flex","measured"]' \
    "$(member '[.tiers[] | select(.tier == "flex") | .tier, .refusal_from]')"
run plain.tier --ledger --store kept.db --format json
check 'the ledger, against what served' '[3,2]' "$(member '[.requests | .evaluated, .changed]')"
spent=$("$tierway" stats --store kept.db --format json | jq -r .spend)
check 'the ledger, what served' "$spent" "$(member .cost.compared.old | tr -d '"')"
run plain.tier --ledger --store kept.db --format json --fail-if 'cost > +5%'
check 'the ledger, a condition' 1 "$status"
refuses 'no ledger' "tierway simulate: the store 'missing.db': unable to open database file: No such file or directory" plain.tier --ledger \
    --store missing.db

# Conditions.
gate() { run new.tier --against old.tier --log log.jsonl "${@:2}"; check "$1" "${1##*: }" "$status"; }
gate 'a condition that holds: 1' --fail-if 'cost < +5%'
gate 'one that does not: 0' --fail-if 'cost > +5%'
gate 'one of two: 1' --fail-if 'cost > +5%' --fail-if 'unevaluated > 0'
check 'says which' 'FAILED: unevaluated > 0' "$(grep '^FAILED' out)"
refuses 'an unknown name' "tierway simulate: --fail-if 'costs > 1': there is no \`costs\` to compare: it is one of cost, saved, latency, changed, rejected, refused, unpriced, unevaluated, lacking, or a tier" \
    new.tier --log log.jsonl --fail-if 'costs > 1'
refuses 'no operator' "tierway simulate: --fail-if 'cost': write NAME > VALUE, or with <, >= or <=: cost > +5%" \
    new.tier --log log.jsonl --fail-if cost
refuses 'no sign' "tierway simulate: --fail-if 'cost > 5%': a change of \`cost\` is written with its sign: +5% or -5%" \
    new.tier --log log.jsonl --fail-if 'cost > 5%'
refuses 'nothing compared' "tierway simulate: --fail-if 'changed > 1': nothing is compared: give --against, or a log that says which tier served" \
    new.tier --log bare.jsonl --fail-if 'changed > 1'

# What cannot be done.
refuses 'no log' 'tierway simulate: give --log FILE or --ledger' new.tier
refuses 'two logs' 'tierway simulate: give --log FILE or --ledger' new.tier --log x --ledger
refuses 'no policy' 'tierway simulate: name one policy' --log log.jsonl
refuses 'a log that is not there' \
    'tierway simulate: cannot read none.jsonl: No such file or directory' new.tier --log none.jsonl
refuses 'a folder' 'tierway simulate: cannot read the log: Is a directory' new.tier --log .
refuses 'no format' "tierway simulate: --log-format: \`xml\` is not a format; it takes auto, jsonl, litellm or openai-usage" \
    new.tier --log log.jsonl --log-format xml
refuses 'neither JSON nor CSV' \
    'tierway simulate: the log is neither JSON nor CSV: no column of its first row has a known name' \
    new.tier --log new.tier
refuses 'a setting of no attribute' "tierway simulate: --set: \"tema=x\" is not ATTR=VALUE with an attribute of the policy" \
    new.tier --log log.jsonl --set tema=x
refuses 'a refusal over 100 %' 'tierway simulate: --refusal: "flex=200%" is more than all requests' \
    new.tier --log log.jsonl --refusal flex=200%
run new.tier --log bare.jsonl --html none/page.html --format json
check 'a page in no folder' '2 tierway simulate: cannot write none/page.html: No such file or directory' \
    "$status $(cat err)"
: >empty.jsonl
run new.tier --log empty.jsonl
check 'an empty log' '0 empty.jsonl: 0 requests' "$status $(head -n 1 out)"

# The page: nothing from outside, whatever the log holds, and a browser finds no fault with it.
printf '%s\n' '{"now":"2026-11-02T15:00:00Z","model":"<script>alert(1)</script>&\"","input_tokens":1,"output_tokens":1,"tier":"<b>"}' >>log.jsonl
run new.tier --against old.tier --log log.jsonl --html page.html --fail-if 'cost > +500%'
check 'a page' 0 "$status"
check 'asks for nothing' 0 "$(grep -cE '(src|href)=|url\(|@import|<script|<link' page.html)"
check 'escapes' yes "$(grep -q '&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;' page.html && echo yes)"
if command -v chromium >/dev/null; then
    chromium --headless --no-sandbox --disable-gpu --user-data-dir="$work/browser" \
        --enable-logging=stderr --log-level=0 --dump-dom "file://$work/page.html" >dom 2>console
    check 'console of the browser' '' "$(grep -E 'CONSOLE' console)"
    check 'charts in the browser' 4 "$(grep -o '<svg' dom | wc -l)"
    check 'tables in the browser' 5 "$(grep -o '</table>' dom | wc -l)"
    check 'the page ends' '</body></html>' "$(tr -d '\n' <dom | grep -o '</body></html>$')"
else
    echo 'no chromium: the page was not looked at in a browser'
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
