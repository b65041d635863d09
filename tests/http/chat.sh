#!/usr/bin/env bash
# tierway chat from outside: a real store, and the stand-in provider on loopback.
# Usage: chat.sh TIERWAY
set -u
tierway=$(realpath "${1:?usage: chat.sh TIERWAY}")
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d) || exit 2
children=()
finish() {
    for child in "${children[@]}"; do kill "$child" 2>/dev/null; done
    wait 2>/dev/null
    rm -rf "$work"
}
trap finish EXIT
cd "$work" || exit 2
unset OPENAI_API_KEY OPENAI_BASE_URL TIERWAY_STORE
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

# has WHAT FILE TEXT
has() { check "$1" yes "$(grep -qF -- "$3" "$2" && echo yes || cat "$2")"; }

# first_line FILE: waits until a program that was started has printed one
first_line() {
    for _ in $(seq 200); do
        [ -s "$1" ] && break
        sleep 0.05
    done
    head -n 1 "$1"
}

"$tierway" fake-provider --listen 127.0.0.1:0 >address &
children+=($!)
provider=$(first_line address)
[ -n "$provider" ] || exit 2

# fake WHAT TEXT: sets the provider's capacity or faults
fake() { curl -sS -X POST --data-binary "$2" "http://$provider/fake/$1" >/dev/null; }
reset() { fake reset ''; }
# asked: how many requests the provider has seen since the reset
asked() { curl -sS "http://$provider/fake/stats" | jq .requests; }

# chat ARGUMENT...: leaves status, and what was printed in the files out and err
chat() {
    "$tierway" chat --policy policy.tier --upstream "http://$provider/v1" --store store.db "$@" \
        >out 2>err
    status=$?
}
# last COLUMN...: of the newest row of the ledger
last() { sqlite3 -separator ' ' store.db "select $1 from ledger order by number desc limit 1"; }
member() { jq -r "$1" out; }
attempts() { jq -r '[.attempts[] | .tier + " " + .outcome] | join(", ")' out; }

cat >policy.tier <<'POLICY'
pinned:   when force_tier is set        -> force_tier
patient:  when priority == low          -> flex retry 1 else default
hasty:    when priority == high         -> flex timeout 300ms else default
strictly: when request_type == async    -> flex strict
closed:   when priority == critical     -> reject "closed for today"
night:    when time in 22:00..06:00     -> flex
otherwise                               -> auto
POLICY
noon='2026-03-04T12:00:00Z'
body='{"model":"gpt-5-mini","messages":[{"role":"user","content":"Hello"}]}'

# --- answers ---
chat Hello --model gpt-5-mini --now $noon
check 'text: status' 0 "$status"
has 'text: the rule' out 'rule:     otherwise (line 7)'
has 'text: the tier' out 'tier:     default (requested none, chosen auto)'
answer=$(head -n 1 out)
check 'text: a blank line behind the answer' '' "$(sed -n 2p out)"

chat Hello --model gpt-5-mini --now $noon --format json
check 'json: status' 0 "$status"
check 'json: content' "$answer" "$(member .content)"
check 'json: members' 'null auto default otherwise 7 true' "$(member \
    '"\(.requested_tier) \(.chosen_tier) \(.served_tier) \(.rule) \(.line) \(.accounted)"')"
check 'json: tokens add up' true "$(member '.tokens.total == .tokens.input + .tokens.output')"
check 'json: nothing saved at default' 0 "$(member .saved)"
check 'json: one line' 1 "$(wc -l <out)"
check 'the row' "auto|default|$(member .tokens.output)" "$(sqlite3 store.db \
    'select attempted_tier, served_tier, output_tokens from ledger order by number desc limit 1')"

chat Hello --model gpt-5-mini --now $noon --stream
check 'stream: status' 0 "$status"
check 'stream: the same text' "$answer" "$(head -n 1 out)"
chat Hello --model gpt-5-mini --now $noon --stream --format json
check 'stream, json: the same text' "$answer" "$(member .content)"
chat Hello --model gpt-5-mini --now $noon --raw
check 'raw: what the provider sent' "$answer" "$(member '.choices[0].message.content')"
chat Hello --model gpt-5-mini --now $noon --raw --stream
check 'raw stream: its end' 'data: [DONE]' "$(grep . out | tail -n 1)"
check 'raw stream: no usage that was not asked for' 0 "$(grep -c prompt_tokens out)"

echo "$body" >body.json
chat --body body.json --now $noon --format json
check 'body: the same text' "$answer" "$(member .content)"
"$tierway" chat --policy policy.tier --upstream "http://$provider/v1/" --store store.db --body - \
    --stream --now $noon <body.json >out 2>err
check 'body from standard input, as a stream' "$answer" "$(head -n 1 out)"
echo '{"model":"gpt-5","input":"Hi","service_tier":"fast"}' >responses.json
chat --body responses.json --format json
check 'responses: the body pins the tier' 'fast priority priority pinned' \
    "$(member '"\(.requested_tier) \(.chosen_tier) \(.served_tier) \(.rule)"')"
check 'responses: dearer than default' true "$(member '.saved | startswith("-")')"
chat --body responses.json --stream --format json
check 'responses stream: served, from its last event' priority "$(member .served_tier)"
chat Hi --force-tier flex --format json
check 'force-tier' 'flex pinned' "$(member '"\(.served_tier) \(.rule)"')"
chat Hi --now '2026-03-04T23:30:00Z' --format json
check 'now' 'flex night' "$(member '"\(.served_tier) \(.rule)"')"
chat Hi --now $noon --set tokens=9000 --set priority=low --format json --prices seed
check 'set, and flex at half the price' true \
    "$(member '(.cost | tonumber) * 2 == (.default_cost | tonumber)')"

# --- no room ---
reset
fake capacity 'refuse first 1'
chat Hi --set priority=low --format json
check 'refused once: the retry is served' 'flex refused, flex answered' "$(attempts)"
fake capacity 'refuse all'
for form in '' --stream; do
    chat Hi --set priority=low --format json $form
    check "refused $form: else" 'flex refused, flex refused, default answered' "$(attempts)"
    check "refused $form: status" 0 "$status"
    chat Hi --set request_type=async $form
    check "strict $form: status" 1 "$status"
    has "strict $form: the provider's words" err 'Flex tier does not have sufficient resources'
done
check 'refused: not billed' '0 refused' \
    "$(sqlite3 -separator ' ' store.db "select cost, 'refused' from ledger where outcome = 1
        order by number desc limit 1")"
reset
chat Hi --set priority=critical
check 'reject: status' 1 "$status"
has 'reject: the reason' err 'closed for today'
check 'reject: nothing was sent' 0 "$(asked)"
check 'reject: the row' '6 0' "$(last 'outcome, cost')"

# --- faults ---
# fault FAULT ATTEMPTS STATUS ARGUMENT...
fault() {
    local wanted=$2 wanted_status=$3 name="$1 ${*:4}"
    reset
    fake faults "$1"
    chat Hi --format json "${@:4}"
    check "$name: attempts" "$wanted" "$(attempts)"
    check "$name: status" "$wanted_status" "$status"
    check "$name: accounted" true "$(member .accounted)"
}
for kind in 500 503 408 garbage empty truncated reset close; do
    fault "$kind@flex" 'flex failed, flex failed, default answered' 0 --set priority=low
done
for kind in truncated=0 reset close garbage; do
    fault "$kind@flex" 'flex failed, flex failed, default answered' 0 --set priority=low --stream
done
fault 498@flex 'flex refused, flex refused, default answered' 0 --set priority=low
fault 400@flex 'flex failed, default answered' 0 --set priority=low
fault hang@flex 'flex timeout, default answered' 0 --set priority=high
fault hang@flex 'flex timeout, default answered' 0 --set priority=high --stream
fault slow=2000@flex 'flex timeout, default answered' 0 --set priority=high
fault billing 'flex failed' 1 --set priority=low
check 'billing: the code' insufficient_quota "$(member .error.code)"
fault 429 'auto rate_limited' 1 --now $noon
fault refuse-event@flex 'flex refused, flex refused, default answered' 0 --set priority=low --stream
echo '{"model":"gpt-5","input":"Hi"}' >hi.json
reset
fake faults refuse-failed@flex
chat --body hi.json --set priority=low --stream --format json
check 'response.failed: else' 'flex refused, flex refused, default answered' "$(attempts)"
# After a part of the answer nothing else may follow, but for an answer that is collected first.
for kind in error-event truncated; do
    fault "$kind@flex" 'flex failed, flex failed, default answered' 0 --set priority=low --stream
    chat Hi --set priority=low --stream
    check "$kind: status" "$([ $kind = truncated ] && echo 2 || echo 1)" "$status"
    check "$kind: one attempt, which failed" '1 3 200' "$(last 'attempt, outcome, http_status')"
done
check 'truncated: the cost is not known' '' "$(last cost)"
reset

# --- nobody there, and elsewhere ---
"$tierway" chat Hi --policy policy.tier --upstream http://127.0.0.1:1/v1 --store store.db \
    --now $noon >out 2>err
check 'no server: status' 2 $?
has 'no server: says so' err 'no answer'
check 'no server: the row' '3 0' "$(last 'outcome, cost')"
python3 "$here/redirect.py" "http://$provider/v1/chat/completions" >port &
children+=($!)
OPENAI_API_KEY=sk-test-secret "$tierway" chat Hi --policy policy.tier --now $noon \
    --upstream "http://127.0.0.1:$(first_line port)/v1" --store store.db >out 2>err
check 'redirect: status' 1 $?
check 'redirect: not followed' 0 "$(asked)"
http_proxy=http://127.0.0.1:1 ALL_PROXY=http://127.0.0.1:1 chat Hi --now $noon
check 'proxies of the environment are not used' 0 "$status"

# --- the key ---
reset
OPENAI_API_KEY=sk-test-secret chat Hi --now $noon
curl -sS "http://$provider/fake/requests" | jq -r .head | base64 -d >head
has 'the key is sent' head 'Authorization: Bearer sk-test-secret'
check 'the key is nowhere else' 0 "$(cat out err store.db* | grep -c sk-test-secret)"
"$tierway" chat Hi --policy policy.tier --upstream https://provider.invalid/v1 --store none.db \
    >out 2>err
check 'no key: status' 2 $?
has 'no key: says so' err 'OPENAI_API_KEY is not set'
check 'no key: no store was made' no "$([ -e none.db ] && echo yes || echo no)"

# --- the store ---
# unusable NAME TEXT ARGUMENT...: no request may leave
unusable() {
    reset
    "$tierway" chat Hi --policy policy.tier --upstream "http://$provider/v1" --now $noon \
        "${@:3}" >out 2>err
    check "$1: status" 2 $?
    has "$1: says why" err "$2"
    check "$1: nothing was sent" 0 "$(asked)"
}
head -c 8192 /dev/urandom >damaged.db
unusable 'a damaged store' damaged.db --store damaged.db
unusable 'no such folder' none/store.db --store none/store.db
cp store.db locked.db
flock locked.db-lock sleep 60 &
children+=($!)
until ! flock -n locked.db-lock true; do sleep 0.05; done
unusable 'a locked store' 'another process' --store locked.db
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
    mkdir -m 755 read-only && cp store.db policy.tier read-only && chmod 755 "$work"
    reset
    setpriv --reuid=65534 --clear-groups "$tierway" chat Hi --policy read-only/policy.tier \
        --upstream "http://$provider/v1" --store read-only/store.db --now $noon >out 2>err
    check 'a store that may not be written: status' 2 $?
    check 'a store that may not be written: nothing was sent' 0 "$(asked)"
fi

# A disk that is full after the answer: WAL pages beyond the limit, kept there by an open reader.
mkfifo hold
sqlite3 full.db <hold >held &
reader=$!
children+=($reader)
exec 9>hold
full() {
    "$tierway" chat Hi --policy policy.tier --upstream "http://$provider/v1" --store full.db \
        --now $noon --model gpt-5-mini >out 2>err
}
full
echo 'begin; select count(*) from ledger;' >&9
check 'a reader is there' 1 "$(first_line held)"
until [ "$(stat -c %s full.db-wal 2>/dev/null || echo 0)" -gt 33000 ]; do full || break; done
rows=$(sqlite3 full.db 'select count(*) from ledger')
(trap '' XFSZ && ulimit -f 32 && full)
check 'full disk: status' 2 $?
has 'full disk: the answer is there all the same' out 'tier:     default'
has 'full disk: says so loudly' err 'NOT ACCOUNTED'
exec 9>&-
wait $reader
check 'full disk: no half row' "$rows" "$(sqlite3 full.db 'select count(*) from ledger')"
full
check 'full disk: goes on afterwards' "0 $((rows + 1))" \
    "$? $(sqlite3 full.db 'select count(*) from ledger')"

"$tierway" chat Hi --policy policy.tier --upstream "http://$provider/v1" --store store.db \
    --now $noon >/dev/full 2>err
check 'full standard output: status' 2 $?
check 'full standard output: accounted' 0 "$(last outcome)"

# --- an interrupt ends the request at the provider too ---
reset
fake faults hang
"$tierway" chat Hi --policy policy.tier --upstream "http://$provider/v1" --store store.db \
    --now $noon >out 2>err &
child=$!
until [ "$(asked)" = 1 ]; do sleep 0.05; done
kill -INT $child
wait $child
check 'interrupt: status' 2 $?
check 'interrupt: the row' 5 "$(last outcome)"
reset

# --- bad input: nothing leaves ---
refused() {
    chat "${@:3}"
    check "$1: status" 2 "$status"
    has "$1: says why" err "$2"
}
refused 'an unknown attribute' '`priority`' Hi --set prioritty=low
refused 'a bad value' '`tokens`' Hi --set tokens=many
refused 'no value' 'ATTR=VALUE' Hi --set tokens
refused 'no message' 'needs a MESSAGE'
refused 'message and body' 'exclude each other' Hi --body body.json
refused 'two messages' 'one MESSAGE' Hi there
refused 'a bad instant' '--now' Hi --now noon
refused 'a bad format' '--format' Hi --format xml
refused 'a bad endpoint' '--endpoint' Hi --endpoint chat
refused 'no such price table' 'none.json' Hi --prices none.json
refused 'no such policy' 'none.tier' Hi --policy none.tier
refused 'a model twice' 'contradict' --body body.json --model gpt-5
refused 'a user in the URL' 'no password' Hi --upstream http://me:secret@127.0.0.1/v1
check 'a password is not repeated' 0 "$(grep -c secret err)"
refused 'a query in the URL' 'no query' Hi --upstream 'http://127.0.0.1/v1?a=b'
refused 'another scheme' 'http://' Hi --upstream file:///etc/passwd
echo '{"model":' >broken.json
refused 'a body that is not JSON' 'byte' --body broken.json
echo '{"messages":[]}' >nameless.json
refused 'a body without a model' 'no model' --body nameless.json --now $noon
check 'bad input: nothing was sent' 0 "$(asked)"

# --- the environment's defaults, and the whole account against the provider's own ---
reset
export OPENAI_BASE_URL="http://$provider/v1" TIERWAY_STORE=account.db
for tier in auto default flex priority flex; do
    "$tierway" chat "Hello $tier" --policy policy.tier --force-tier $tier --model gpt-5 >/dev/null
    "$tierway" chat "Hello $tier" --policy policy.tier --force-tier $tier --model gpt-5 --stream \
        >/dev/null
done
curl -sS "http://$provider/fake/stats" |
    jq -r '.billed[] | "\(.tier)|\(.requests)|\(.input_tokens)|\(.cached_tokens)|\(.output_tokens)"' |
    sort >billed
sqlite3 account.db 'select served_tier, count(*), sum(input_tokens), sum(cached_tokens),
    sum(output_tokens) from ledger group by 1 order by 1' >accounted
check 'the ledger has what the provider bills' "$(cat billed)" "$(cat accounted)"
"$tierway" stats --format json >out
check 'stats: counts' '4 4 0 2' "$(member '.counts | "\(.default) \(.flex) \(.auto) \(.priority)"')"
check 'stats: the exact sum' "$(sqlite3 account.db 'select sum(default_cost) - sum(cost) from ledger')" \
    "$(member '.savings.saved | tonumber * 1000000000000 | round')"

# What a policy reads of the built-in attributes is kept, for reports and for a replay.
printf 'when priority == low or deadline >= 1h -> flex strict\notherwise -> default\n' >asks.tier
export TIERWAY_STORE=replay.db
for set in priority=low priority=high deadline=2h; do
    "$tierway" chat Hi --policy asks.tier --model gpt-5 --set $set >/dev/null
done
"$tierway" stats --by priority --format csv | cut -d, -f1,2 >out
check 'stats: by a built-in attribute' '"high",1 "low",1 "normal",1 "priority",requests' \
    "$(LC_ALL=C sort out | paste -sd' ')"
"$tierway" simulate asks.tier --ledger --format json >out
check 'simulate: the same tiers again' '3 0' "$(member '.requests | "\(.evaluated) \(.changed)"')"
"$tierway" stats --by nosuch >out 2>err
check 'stats: an attribute that nobody has' "2  1" "$? $(cat out) $(grep -c "attribute 'nosuch'" err)"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
