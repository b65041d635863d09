"""tierway serve from outside: what passes through, what is routed, streams, and what goes wrong.
Run by serve.sh; the only argument is the command's path."""
import fcntl
import gzip
import json
import re
import socket
import sys
import threading
import time

from checks import check, run_tests
from gateway import (LIMIT, Answer, Caller, Folder, Process, Upstream, ask, recorded, request_bytes,
                     stays_open, wait_until)

TIERWAY = sys.argv[1]
POLICY = """
attribute team : string from body "/metadata/team"
attribute plan : string from header "x-plan"
refused:  when team == "banned" -> reject "this team may not"
full:     when team == "full" -> flex retry 1 else reject "come back later"
pinned:   when force_tier is set -> force_tier
again:    when attempt > 0 -> priority
exact:    when team == "strict" -> flex strict
quick:    when team == "quick" -> flex timeout 200ms else default
paid:     when plan == "paid" -> priority
patient:  when priority == low -> flex else default
otherwise -> default
"""
CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"
JSON = ("Content-Type", "application/json")
LOW = ("x-tierway-priority", "low")
with open(TIERWAY, "rb") as binary:
    # A sanitizer keeps freed memory for a while.
    ROOM = 64 if b"__asan_init" in binary.read() else 1


def chat(stream=False, **members):
    body = {"model": "gpt-5", "messages": [{"role": "user", "content": "hello"}], **members}
    if stream:
        body["stream"] = True
    return json.dumps(body).encode()


def responses(stream=False, **members):
    return json.dumps({"model": "gpt-5", "input": "hello", "stream": stream, **members}).encode()


class Setting:
    """A folder, an upstream and a gateway before it."""

    def __init__(self, upstream_url=None, options=(), policy=POLICY, fake=()):
        self.folder = Folder()
        self.stand_in = None
        if not upstream_url:
            self.stand_in = Process(TIERWAY, "fake-provider", *fake)
            upstream_url = self.stand_in.url + "/v1"
        self.folder.file("policy.tier", policy)
        try:
            self.gateway = Process(TIERWAY, "serve", "--policy", "policy.tier", "--upstream",
                                   upstream_url, "--store", "ledger.db", "--jobs", "off",
                                   "--listen", "127.0.0.1:0", *options,
                                   cwd=self.folder.path)
        except RuntimeError:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.gateway.process.poll() is None:
            check("the gateway ends with 0", 0, self.gateway.stop())
        self.close()

    def close(self):
        if self.stand_in:
            self.stand_in.stop()
        self.folder.remove()

    def ask(self, method, path, headers=(), body=b""):
        return ask(self.gateway.address, method, path, headers, body)

    def post(self, path, body, *headers):
        return self.ask("POST", path, (JSON, *headers), body)

    def fake(self, path, text=""):
        return ask(self.stand_in.address, "POST", "/fake/" + path, (), text.encode())

    def stats(self):
        return ask(self.stand_in.address, "GET", "/fake/stats").json()

    def rows(self, columns, count):
        """The ledger's rows, once there are so many."""
        wait_until(lambda: len(self.folder.rows(columns)) >= count)
        return self.folder.rows(columns)


# --- what passes through ---

def test_plain():
    with Setting() as test:
        direct = ask(test.stand_in.address, "GET", "/v1/models")
        through = test.ask("GET", "/v1/models")
        check("a list of models", (direct.status, direct.body), (through.status, through.body))
        check("its headers", direct.headers, through.headers)
        missing = test.ask("GET", "/v1/nothing?a=%20b&c")
        check("an unknown path", (404, ask(test.stand_in.address, "GET", "/v1/nothing?a=%20b&c").body),
              (missing.status, missing.body))
        check("no rows", 0, len(test.rows("1", 0)))


def test_plain_bytes():
    """Methods, targets, headers and bodies of requests, as a plain upstream gets them."""
    def serve(connection, head, body):
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
    upstream = Upstream(serve)
    with Setting(upstream.url + "/v1") as test:
        headers = [("X-One", "1"), ("x-one", "2"), ("Accept", "a/b, */*;q=0.1"), ("X-Empty", ""),
                   ("Cookie", 'a="b c"; d=e'), ("Authorization", "Bearer sk-secret"),
                   ("Connection", "keep-alive, X-Hop"), ("X-Hop", "gone"), ("TE", "trailers"),
                   ("Keep-Alive", "timeout=5"), ("Upgrade", "websocket"), ("X-Tierway-Team", "a"),
                   ("Accept-Encoding", "gzip"), ("User-Agent", "test/1"), ("X-Last", "\xe9")]
        kept = [header for header in headers
                if header[0] not in ("Connection", "X-Hop", "TE", "Keep-Alive", "Upgrade",
                                     "X-Tierway-Team")]
        body = bytes(range(256)) * 300
        for method, target, content in (
                ("GET", "/v1/files?limit=2&after=a%2Fb%20c&x=?y", None),
                ("DELETE", "/v1/files/../files/./f%2e1", None),
                ("POST", "/v1/files", body), ("PUT", "/v1/a;b=c/$&'()*+,=:@", b"x"),
                ("PATCH", "/v1//double", b""), ("OPTIONS", "/v1/models", None),
                ("POST", "/v1/chat/completions/c_1", b"{not json")):
            raw = [f"{method} {target} HTTP/1.1", "Host: elsewhere", *(f"{k}: {v}" for k, v in headers)]
            if content is not None:
                raw.append(f"Content-Length: {len(content)}")
            caller = Caller(test.gateway.address)
            caller.send("\r\n".join(raw).encode("latin-1") + b"\r\n\r\n" + (content or b""))
            answer = caller.answer(method)
            caller.close()
            check(f"{method} {target}: answer", (200, b"ok"), (answer.status, answer.body))
            lines = upstream.requests[-1][0].decode("latin-1").split("\r\n")
            got = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]
            check(f"{method} {target}: line", f"{method} {target} HTTP/1.1", lines[0])
            check(f"{method} {target}: headers", kept,
                  [h for h in got if h[0].lower() not in ("host", "content-length")])
            check(f"{method} {target}: length", None if content is None else str(len(content)),
                  dict((k.lower(), v) for k, v in got).get("content-length"))
            check(f"{method} {target}: host", "%s:%d" % upstream.address,
                  dict((k.lower(), v) for k, v in got)["host"])
            check(f"{method} {target}: body", content or b"", upstream.requests[-1][1])
    upstream.close()


ANSWERS = {
    "/v1/chunks": b"HTTP/1.1 200 Fine\r\nX-A: 1\r\nx-a: 2\r\nConnection: x-hop\r\nX-Hop: 1\r\n"
                  b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n",
    "/v1/498": b"HTTP/1.1 498 \r\nContent-Length: 1\r\nRetry-After: 9\r\n\r\nx",
    "/v1/529": b"HTTP/1.1 529 Overloaded\r\nContent-Length: 0\r\n\r\n",
    "/v1/204": b"HTTP/1.1 204 No Content\r\nX-B: 3\r\n\r\n",
    "/v1/304": b"HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\n\r\n",
    "/v1/302": b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    "/v1/gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (
        len(gzip.compress(b"abc", mtime=0)), gzip.compress(b"abc", mtime=0)),
    "/v1/close": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nto the end",
    "/v1/interim": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n"
                   b"Content-Length: 1\r\n\r\ny",
    "/v1/trailers": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nz\r\n0\r\n"
                    b"X-Sum: 7\r\n\r\n",
    "/v1/short": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc",
    "/v1/cut": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    "/v1/nothing": b"",
}


def serve_answers(connection, head, body):
    target = head.split()[1].decode()
    if head.startswith(b"HEAD"):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nX-H: 1\r\n\r\n")
        return True
    connection.sendall(ANSWERS[target])
    return target not in ("/v1/close", "/v1/short", "/v1/cut", "/v1/nothing")


def test_plain_answers():
    upstream = Upstream(serve_answers)
    with Setting(upstream.url + "/v1", ("--threads", "1")) as test:
        def get(name):
            return test.ask("GET", "/v1/" + name)
        chunks = get("chunks")
        check("chunks", (200, b"abcd"), (chunks.status, chunks.body))
        check("headers twice, none of the connection",
              [("X-A", "1"), ("x-a", "2"), ("transfer-encoding", "chunked")], chunks.headers)
        check("status 498", (498, b"x", "9"),
              (get("498").status, get("498").body, get("498").header("retry-after")))
        check("status 529", (529, b""), (get("529").status, get("529").body))
        check("no content", (204, [("X-B", "3")]), (get("204").status, get("204").headers))
        check("not modified", (304, [("ETag", '"a"')]), (get("304").status, get("304").headers))
        check("redirects are passed on", (302, "http://127.0.0.1:1/"),
              (get("302").status, get("302").header("location")))
        check("compressed bytes", ("gzip", gzip.compress(b"abc", mtime=0)),
              (get("gzip").header("content-encoding"), get("gzip").body))
        check("up to the end of the connection", (200, b"to the end", True),
              (get("close").status, get("close").body, get("close").complete))
        interim = get("interim")
        check("interim answers", (200, b"y", [(103, [("Link", "</a>")])]),
              (interim.status, interim.body, interim.interim))
        check("trailers", (b"z", [("X-Sum", "7")]), (get("trailers").body, get("trailers").trailers))
        head = test.ask("HEAD", "/v1/file")
        check("HEAD", (200, "1234", "1"),
              (head.status, head.header("content-length"), head.header("x-h")))
        check("too short", (200, False), (get("short").status, get("short").complete))
        check("cut in the middle", (200, False), (get("cut").status, get("cut").complete))
        check("no answer", (502, "upstream_unreachable"),
              (get("nothing").status, get("nothing").json()["error"]["code"]))
        caller = Caller(test.gateway.address)
        for _ in range(20):
            caller.send(request_bytes("GET", "/v1/498"))
            check("the caller's connection stays", 498, caller.answer().status)
        before = upstream.connections
        for _ in range(20):
            caller.send(request_bytes("GET", "/v1/498"))
            caller.answer()
        check("the provider's connection stays", before, upstream.connections)
        caller.close()
    upstream.close()
    with Setting(upstream.url + "/v1") as test:
        check("no provider", 502, test.ask("GET", "/v1/models").status)
        check("no provider, routed", (502, "upstream_failed"),
              (lambda a: (a.status, a.json()["error"]["code"]))(test.post(CHAT, chat())))
        check("its row", [(3, None)], test.rows("outcome, http_status", 1))


def test_prefixes():
    seen = []

    def serve(connection, head, body):
        seen.append(head.split()[1])
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
    upstream = Upstream(serve)
    for base, wanted in (("/v1", [b"/v1/models", b"/other"]),
                         ("/openai/v1/", [b"/openai/v1/models", b"/openai/other"]),
                         ("/api", [b"/api/models", b"/api/other"]),
                         ("", [b"/models", b"/other"])):
        with Setting(upstream.url + base) as test:
            seen.clear()
            test.ask("GET", "/v1/models")
            test.ask("GET", "/other")
            check(f"under {base}", wanted, list(seen))
    upstream.close()


# --- what is routed ---

def test_spellings():
    """No spelling of a routed path gets past the policy, and none leads out of the upstream."""
    seen = []

    def serve(connection, head, body):
        seen.append((head.split()[1].decode(), b"service_tier" in body))
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
    upstream = Upstream(serve)
    body = b'{"model":"gpt-5","messages":[]}'
    for base, rows in (
            ("/openai/v1", (("/v1/%63hat/completions", True), ("/v1//chat/./completions/", True),
                            ("/v1/a/../chat/completions", True), ("/v1/a%2f../responses?b=c", True),
                            ("/chat/completions", False), ("/v1/chat/completions2", False),
                            ("/v1/a/../b", False), ("/v1/../../b", None), ("/%2e%2e/b", None))),
            ("/api", (("/v1/chat/completions", True), ("/chat/completions", True),
                      ("/v1/../chat/completions", None), ("/a/../b", False)))):
        with Setting(upstream.url + base) as test:
            for target, routed in rows:
                seen.clear()
                answer = test.ask("POST", target, (JSON,), body)
                sent = target.removeprefix("/v1") if base == "/api" else "/openai" + target
                sent = "/api" + sent if base == "/api" else sent
                check(f"{base} {target}: status", 400 if routed is None else 200, answer.status)
                check(f"{base} {target}", [] if routed is None else [(sent, routed)], list(seen))
            answer = test.ask("TRACE", "/v1/models")
            check("TRACE, which would show the provider's key", 405, answer.status)
    upstream.close()


ODD_BODIES = [
    b'{"model":"gpt-5","messages":[{"role":"user","content":"a"}]}',
    b' \n{ "messages" : [ {"role":"user","content":"\\u0061\\ud83d\\ude00"} ] ,\t"model":"gpt-5" }\r\n ',
    b'{"seed":12345678901234567890123,"model":"gpt-5","messages":[],"temperature":-0,"top_p":1e-1}',
    b'{"model":"gpt-5","messages":[],"x":1,"x":2,"y":{"service_tier":"flex","stream":true}}',
    b'{"model":"gpt-5","messages":[],"service_tier":null,"z":[]}',
    b'{"z":0.10,"service_tier"  :  "auto" ,"model":"gpt-5","messages":[]}',
    b'{"model":"gpt-5","messages":[],"servic\\u0065_tier":"default"}',
    '{"model":"gpt-5","messages":[{"role":"user","content":"\u00fc\u4e16\u754c"}],"a":"\u2028"}'.encode(),
]


def without_tier(body):
    return re.sub(rb'"servic(?:e|\\u0065)_tier"\s*:\s*(?:null|"\w*")\s*,?\s*', b"", body, count=1)


def test_bodies():
    with Setting() as test:
        for body in ODD_BODIES:
            test.fake("reset")
            answer = test.post(CHAT, body, LOW)
            check(f"{body}: status", 200, answer.status)
            got = recorded(test.stand_in)[-1][3]
            wanted = json.loads(got)["service_tier"]
            check(f"{body}: one tier is named", 1, len(re.findall(rb'"servic(?:e|\\u0065)_tier"\s*:\s*"',
                  got.replace(b'"y":{"service_tier"', b""))))
            if b"_tier" not in body or b'"y"' in body:
                check(f"{body}: the rest as it came", body,
                      got.replace(b'"service_tier":"%s",' % wanted.encode(), b"", 1))
            else:
                check(f"{body}: the rest as it came", without_tier(body), without_tier(got))
        for body, code in ((b"", 400), (b"[]", 400), (b'{"model":"gpt-5"', 400), (b"{}", 400),
                           (b'{"model":"a","model":"b","messages":[]}', 400),
                           (b'{"model":"a","service_tier":"flex","service_tier":"auto"}', 400),
                           (b'{"model":"a","stream":true,"stream":false}', 400),
                           (b'{"model":"\xff"}', 400), (b"[" * 500, 400),
                           (b'{"model":"gpt-5","service_tier":"bogus"}', 400)):
            answer = test.post(CHAT, body)
            check(f"{body[:60]}: refused", (code, "invalid_request_error"),
                  (answer.status, answer.json()["error"]["type"]))


def test_headers():
    with Setting() as test:
        test.fake("reset")
        answer = test.post(CHAT, chat(), LOW, ("X-Custom", "1"), ("Authorization", "Bearer sk-1"),
                           ("Accept-Encoding", "gzip, br"), ("x-tierway-unknown", "1"))
        head = recorded(test.stand_in)[-1][2].decode().lower()
        check("no header of ours goes up", False, "x-tierway" in head)
        check("others do", (True, True), ("x-custom: 1" in head, "authorization: bearer sk-1" in head))
        check("no compression is asked for", ["accept-encoding: identity"],
              [line for line in head.split("\r\n") if "encoding" in line])
        check("the provider's headers come down", True,
              bool(answer.header("x-ratelimit-limit-requests") and answer.header("x-request-id")))
        check("ours", ("flex", "patient"),
              (answer.header("x-tierway-tier"), answer.header("x-tierway-rule")))
        row = test.rows("request_id, cost", 1)[0]
        check("the ledger's id", row[0], answer.header("x-tierway-request-id"))
        check("the cost in dollars", row[1], round(float(answer.header("x-tierway-cost")) * 1e12))


def test_attributes():
    with Setting() as test:
        def rule(body, *headers):
            return test.post(CHAT, body, *headers).header("x-tierway-rule")
        check("the body's tier", "pinned", rule(chat(service_tier="priority")))
        check("null is none", "patient", rule(chat(service_tier=None), LOW))
        check("metadata", "exact", rule(chat(metadata={"team": "strict"})))
        check("metadata named as a header", "patient",
              rule(chat(metadata={"x-tierway-priority": "low", "other": "x", "n": 1})))
        check("a header goes before it", "otherwise",
              rule(chat(metadata={"x-tierway-priority": "low"}), ("x-tierway-priority", "high")))
        check("metadata and a client's retry", "patient",
              rule(chat(metadata={"x-tierway-attempt": "0"}), LOW, ("x-stainless-retry-count", "1")))
        check("metadata that is none", "patient", rule(chat(metadata="x"), LOW))
        check("bad metadata", 400,
              test.post(CHAT, chat(metadata={"x-tierway-priority": "nonsense"})).status)
        check("a declared header", "paid", rule(chat(), ("X-Plan", "paid")))
        check("a client's retry", "again", rule(chat(), ("x-stainless-retry-count", "1")))
        check("attempt is said otherwise", "patient",
              rule(chat(), ("x-stainless-retry-count", "1"), ("x-tierway-attempt", "0"), LOW))
        bad = test.post(CHAT, chat(), ("x-tierway-priority", "nonsense"))
        check("a bad value", (400, True), (bad.status, "priority" in bad.json()["error"]["message"]))
        rejected = test.post(CHAT, chat(metadata={"team": "banned"}))
        check("rejected", (403, "this team may not", "false", "refused"),
              (rejected.status, rejected.json()["error"]["message"],
               rejected.header("x-should-retry"), rejected.header("x-tierway-rule")))
        test.fake("capacity", "refuse all")
        full = test.post(CHAT, chat(metadata={"team": "full"}))
        check("rejected in the end", (429, "come back later"),
              (full.status, full.json()["error"]["message"]))
        check("rows of rejections", [(1, None, 6), (1, "flex", 1), (2, "flex", 1)],
              test.rows("attempt, attempted_tier, outcome", 9)[-3:])


# --- refusals and errors ---

def test_refusals():
    with Setting() as test:
        for fault in ("refuse@flex", "498@flex", "400@flex", "503@flex", "429@flex", "408@flex",
                      "500@flex", "reset@flex", "close@flex", "garbage@flex", "empty@flex",
                      "truncated@flex"):
            for path, body in ((CHAT, chat()), (RESPONSES, responses())):
                test.fake("faults", fault)
                answer = test.post(path, body, LOW)
                check(f"{fault} {path}", (200, "default", "default"),
                      (answer.status, answer.header("x-tierway-tier"), answer.json()["service_tier"]))
        for fault in ("refuse@flex", "498@flex", "500@flex", "reset@flex", "refuse-event@flex",
                      "refuse-failed@flex", "error-event=0@flex", "truncated=0@flex"):
            for path, body in ((CHAT, chat(True)), (RESPONSES, responses(True))):
                test.fake("faults", fault)
                answer = test.post(path, body, LOW)
                check(f"{fault} {path}, a stream", (200, True, "default"),
                      (answer.status, answer.complete, (answer.summary() or {}).get("tier")))
                first = rb'"role":"assistant","content":""' if path == CHAT else rb"event: response.created"
                check(f"{fault} {path}, one stream only", 1, len(re.findall(first, answer.body)))
        test.fake("faults", "billing@flex")
        billing = test.post(CHAT, chat(), LOW)
        check("billing is not stepped down", (429, "insufficient_quota", "false"),
              (billing.status, billing.json()["error"]["code"], billing.header("x-should-retry")))
        test.fake("faults", "refuse@flex")
        strict = test.post(CHAT, chat(metadata={"team": "strict"}))
        check("the provider's own refusal", (429, "flex_unavailable", "300", "false"),
              (strict.status, strict.json()["error"]["code"], strict.header("retry-after"),
               strict.header("x-should-retry")))
        test.fake("faults", "refuse-event@flex")
        strict = test.post(CHAT, chat(True, metadata={"team": "strict"}))
        check("refused in the stream, and no else", (200, True),
              (strict.status, b"flex_unavailable" in strict.body))
        test.fake("faults", "429@default")
        limited = test.post(CHAT, chat())
        check("a first rate limit may be retried", (429, "20", None),
              (limited.status, limited.header("retry-after"), limited.header("x-should-retry")))


def test_timeouts():
    with Setting() as test:
        test.fake("faults", "hang@flex")
        start = time.monotonic()
        answer = test.post(CHAT, chat(metadata={"team": "quick"}))
        check("a rule's timeout", (200, "default"), (answer.status, answer.header("x-tierway-tier")))
        check("it was waited for", True, 0.2 <= time.monotonic() - start < 5)
        check("rows", [("flex", 4, None), ("default", 0, "default")],
              test.rows("attempted_tier, outcome, served_tier", 2))
        for header in (("x-tierway-timeout", "200ms"), ("x-tierway-timeout", "0.2"),
                       ("X-Stainless-Timeout", "0.2"), ("x-stainless-read-timeout", "0.2")):
            start = time.monotonic()
            answer = test.post(CHAT, chat(), LOW, header)
            check(f"{header}", (504, "upstream_timeout"),
                  (answer.status, answer.json()["error"]["code"]))
            check(f"{header} took", True, 0.2 <= time.monotonic() - start < 5)


# --- streams ---

def test_streams():
    with Setting() as test:
        for path, body in ((CHAT, chat(True)), (RESPONSES, responses(True)),
                           (CHAT, chat(True, stream_options={"include_usage": True}))):
            # The stand-in's answer follows from the request's number and text.
            test.fake("reset")
            asked = {**json.loads(body), "service_tier": "default"}
            if path == CHAT:
                asked["stream_options"] = {"include_usage": True}
            wanted = ask(test.stand_in.address, "POST", path, (JSON,), json.dumps(asked).encode()).body
            if b"include_usage" not in body:
                wanted = re.sub(rb'data: \{[^\n]*"choices":\[\],[^\n]*\n\n', b"", wanted)
            test.fake("reset")
            answer = test.post(path, body)
            check(f"{path}: bytes as they came", wanted, answer.without_summary())
            check(f"{path}: the summary", ("default", 1, "otherwise"),
                  tuple(answer.summary().get(key) for key in ("tier", "attempts", "rule")))
            check(f"{path}: type", "text/event-stream; charset=utf-8", answer.header("content-type"))
        usage = recorded(test.stand_in)
        check("usage was known", [True] * 3,
              [row[0] > 0 for row in test.rows("output_tokens", 3)])
        sent = [json.loads(row[3]).get("stream_options") for row in usage]
        check("as asked", [{"include_usage": True}], sent)


ODD_STREAM = [
    b": hello\r\n\r\n", b"event: x\r\nid: 7\r\n",
    b'data: {"choices":[{"index":0,"delta":{"role":"assistant"}}]}\r\n\r\n', b":keep\n\n",
    b'data:{"choices":[{"index":0,"delta":{"content":"A"}}]}\n\n',
    b'data: {"choices":[{"index":0,\ndata: "delta":{"content":"B"}}],"service_tier":"flex"}\r\r',
    b"retry: 5\n\n", b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n',
    b'data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}\n\n',
    b"data: [DONE]\n\n", b": bye\n", b"trailing"]
STREAM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


def test_odd_stream():
    """Comments, line ends, fields that mean nothing and trailing bytes; cut in every place."""
    whole = b"".join(ODD_STREAM)
    kept = whole.replace(ODD_STREAM[8], b"")
    cut = [0]

    def serve(connection, head, body):
        connection.sendall(STREAM_HEAD)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(whole[:cut[0]])
        time.sleep(0.002)
        connection.sendall(whole[cut[0]:])
        return False
    upstream = Upstream(serve)
    with Setting(upstream.url + "/v1") as test:
        wrong = []
        for cut[0] in range(0, len(whole), 3):
            answer = test.post(CHAT, chat(True))
            if answer.body != kept:
                wrong.append((cut[0], answer.body))
        check("odd streams", [], wrong[:1])
        asked = test.post(CHAT, chat(True, stream_options={"include_usage": True}))
        check("the usage chunk where it was asked for", whole, asked.body)
        check("tokens and tier", (1, 2, "flex"),
              test.rows("input_tokens, output_tokens, served_tier", 1)[-1])
    upstream.close()


def test_events_at_once():
    """Each event reaches the caller when it comes, not later."""
    gate = threading.Semaphore(0)

    def serve(connection, head, body):
        connection.sendall(STREAM_HEAD)
        for event in [ODD_STREAM[2], ODD_STREAM[4], ODD_STREAM[4], ODD_STREAM[5]]:
            connection.sendall(event)
            gate.acquire(timeout=LIMIT)
        connection.sendall(b"data: [DONE]\n\n")
        gate.acquire(timeout=LIMIT)
        return False
    upstream = Upstream(serve)
    with Setting(upstream.url + "/v1") as test:
        caller = Caller(test.gateway.address)
        caller.send(request_bytes("POST", CHAT, (JSON,), chat(True)))
        gate.release()
        caller.head()
        for text in (b'"A"', b'"A"', b'"B"', b"[DONE]"):
            caller.until(text)  # fails by LIMIT where it is held back
            gate.release()
        check("rows are there before the last event", [(0,)], test.folder.rows("outcome"))
        gate.release()
        caller.close()
    upstream.close()


def test_early_heads():
    options = ("--comment-after", "1", "--comment-every", "1", "--threads", "1")
    with Setting(options=options) as test:
        test.fake("faults", "slow=2500@flex")
        answer = test.post(CHAT, chat(True), LOW)
        check("comments while it waits", (200, 2, True),
              (answer.status, answer.body.count(b": tierway waiting\n\n"), answer.complete))
        check("then the stream", True, answer.body.split(b"waiting\n\n")[-1].startswith(b"data: {"))
        test.fake("faults", "hang@flex")
        answer = test.post(CHAT, chat(True), LOW, ("x-tierway-timeout", "1.5"))
        check("an error by an event", ("upstream_timeout", True),
              (json.loads(answer.events()[-1])["error"]["code"], answer.complete))
        test.fake("faults", "slow=1500@flex\n429@flex:0%")
        answer = test.post(RESPONSES, responses(True), LOW)
        check("responses too", (200, True), (answer.status, b"response.completed" in answer.body))


# --- callers and readers ---

def slow_events(connection, head, body):
    connection.sendall(STREAM_HEAD + ODD_STREAM[2] + ODD_STREAM[4])
    left.append(stays_open(connection))
    return False


left = []


def test_leaving():
    def silent(connection, head, body):
        left.append(stays_open(connection))
        return False
    for what, serve, path, body in (("before the answer", silent, CHAT, chat()),
                                    ("before the stream", silent, CHAT, chat(True)),
                                    ("in an idle stream", slow_events, CHAT, chat(True)),
                                    ("an idle plain answer", slow_events, "/v1/files", b"x"),
                                    ("before a plain answer", silent, "/v1/files", b"x")):
        for leave in (Caller.close, Caller.reset):
            upstream = Upstream(serve)
            with Setting(upstream.url + "/v1", ("--threads", "1")) as test:
                left.clear()
                caller = Caller(test.gateway.address)
                caller.send(request_bytes("POST", path, (JSON,), body))
                wait_until(lambda: upstream.requests)
                if serve is slow_events:
                    caller.until(b'"A"')
                else:
                    time.sleep(0.1)
                start = time.monotonic()
                leave(caller)
                wait_until(lambda: left)
                check(f"{what}: cancelled at once", True,
                      bool(left) and left[0] is not None and time.monotonic() - start < 0.1)
                if path == CHAT:
                    check(f"{what}: the row", [(5, "default", None)],
                          test.rows("outcome, attempted_tier, cost", 1))
            upstream.close()


def test_slow_reader():
    """100 MB through a reader that stands still: memory stays flat, nothing is lost."""
    event = b'data: {"choices":[{"index":0,"delta":{"content":"%s"}}]}\n\n' % (b"Z" * 8000)
    count = 12500
    for path, body in ((CHAT, chat(True)), ("/v1/files", b"")):
        def serve(connection, head, body):
            connection.sendall(STREAM_HEAD)
            for _ in range(count):
                connection.sendall(event)
            connection.sendall(b"data: [DONE]\n\n")
            return False
        upstream = Upstream(serve)
        with Setting(upstream.url + "/v1", ("--threads", "1")) as test:
            caller = Caller(test.gateway.address)
            caller.send(request_bytes("POST", path, (JSON,), body))
            caller.until(b"ZZZZ")
            before = test.gateway.memory()
            time.sleep(1)
            grown = test.gateway.memory() - before
            check(f"{path}: memory while it stands still", True, grown < ROOM * 4 << 20)
            received = 4
            while b"[DONE]" not in caller.bytes[-4096:]:
                if not caller.fill():
                    break
                received += caller.bytes.count(b"Z", 0, len(caller.bytes) - 4096)
                caller.bytes = caller.bytes[-4096:] if len(caller.bytes) > 4096 else caller.bytes
            received += caller.bytes.count(b"Z")
            check(f"{path}: memory in the end", True, test.gateway.memory() - before < ROOM * 32 << 20)
            check(f"{path}: nothing is lost", count * 8000, received)
            caller.close()
        upstream.close()


def test_breaking_off():
    """The provider ends at each place of a stream."""
    whole = b"".join(ODD_STREAM)
    cut = [0]

    def serve(connection, head, body):
        connection.sendall(STREAM_HEAD.replace(b"Connection: close", b"Transfer-Encoding: chunked"))
        if cut[0]:
            connection.sendall(b"%x\r\n%s\r\n" % (cut[0], whole[:cut[0]]))
        return False
    upstream = Upstream(serve)
    with Setting(upstream.url + "/v1") as test:
        first = len(b"".join(ODD_STREAM[:5]))
        for cut[0] in (0, 20, first - 1):
            answer = test.post(CHAT, chat(True))
            check(f"ends after {cut[0]}, nothing was passed on", (502, "upstream_failed"),
                  (answer.status, answer.json()["error"]["code"]))
        for cut[0] in (first, first + 50):
            answer = test.post(CHAT, chat(True))
            check(f"ends after {cut[0]}", (200, False), (answer.status, answer.complete))
        check("all failed", [(3,)] * 5, test.rows("outcome", 5))
    upstream.close()


# --- the whole ---

def test_bill():
    """Many callers at once, refusals and faults: the ledger is the provider's bill."""
    fake = ("--flex-refused", "30%", "--fault", "500:5%", "--fault", "refuse-event@flex:10%")
    with Setting(fake=fake) as test:
        def run(number):
            for i in range(40):
                stream = (number + i) % 3 == 0
                path, body = ((CHAT, chat(stream)), (RESPONSES, responses(stream)))[i % 2]
                answers.append(test.post(path, body, LOW))
        answers = []
        threads = [threading.Thread(target=run, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        stats = test.stats()
        rows = test.folder.rows("served_tier, input_tokens, output_tokens, outcome, request_id")
        check("a row for each attempt", stats["requests"], len(rows))
        check("each answer has its row", set(),
              {a.header("x-tierway-request-id") for a in answers} - {row[4] for row in rows})
        billed = {}
        for tier, tokens_in, tokens_out, outcome, _ in rows:
            if outcome == 0:
                sums = billed.setdefault(tier, [0, 0, 0])
                sums[0] += 1
                sums[1] += tokens_in
                sums[2] += tokens_out
        check("the bill", {row["tier"]: [row["requests"], row["input_tokens"], row["output_tokens"]]
                           for row in stats["billed"]}, billed)


def test_tier_health():
    """Refusals that either loop met make the policy leave flex alone."""
    policy = "when flex_unavailable > 60% -> default\notherwise -> flex else default\n"
    with Setting(policy=policy, options=("--threads", "2")) as test:
        test.fake("faults", "refuse@flex")
        answers = [test.post(CHAT, chat()) for _ in range(6)]
        check("one attempt tells", ["otherwise"] + ["line 1"] * 5,
              [answer.header("x-tierway-rule") for answer in answers])
        caller = Caller(test.gateway.address)
        caller.send(request_bytes("POST", "/tierway/decide", (JSON,),
                                  b'{"request": {"model": "gpt-5", "messages": []}}', "localhost"))
        check("a dry run knows it, too", "line 1", caller.answer().json()["rule"])
        caller.close()
        outcomes = test.folder.rows("attempted_tier, outcome")
        check("flex was tried once", 1, len([row for row in outcomes if row[0] == "flex"]))


def test_no_model():
    """A stored prompt brings its model: the provider is asked, and the answer names it."""
    with Setting() as test:
        body = json.dumps({"prompt": {"id": "pmpt_1"}, "input": "hello"}).encode()
        answer = test.post(RESPONSES, body, LOW)
        rows = test.folder.rows("model, served_tier, request_id")
        check("no model in the request", (test.stats()["requests"], 1), (1, len(rows)))
        check("the row", (answer.json().get("model", ""), answer.header("x-tierway-request-id")),
              (rows[0][0], rows[0][2]))


BUDGETS = """
budget purse $0.004 per day
budget share $0.002 per day by user
spent: when purse.left <= $0 or share.left <= $0 -> reject "spent"
otherwise -> default
"""


def test_budgets():
    """Many callers at once: no budget is overrun, and what was reserved is let go of."""
    fake = ("--tokens", "20", "--latency", "default=30")
    with Setting(policy=BUDGETS, fake=fake) as test:
        statuses = []

        def run(number):
            for i in range(10):
                body = chat((number + i) % 2 == 0, user=f"u{number % 3}", max_tokens=20)
                if i == 5:  # leaves in the middle of things
                    caller = Caller(test.gateway.address)
                    caller.send(request_bytes("POST", CHAT, (JSON,), body))
                    caller.close()
                    continue
                answer = test.post(CHAT, body)
                statuses.append(answer.status)
                if answer.status != 200:
                    check("why", "spent", answer.json()["error"]["message"])
        threads = [threading.Thread(target=run, args=(n,)) for n in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        time.sleep(0.2)
        rows = test.folder.rows("user, ifnull(cost, estimate), outcome")
        whole = sum(row[1] or 0 for row in rows)
        shares = [sum(row[1] or 0 for row in rows if row[0] == f"u{n}") for n in range(3)]
        check("the whole is within the budget", True, 3e9 < whole <= 4e9)
        check("each share is", True, all(share <= 2e9 for share in shares))
        check("both happened", {200, 403}, set(statuses))
    with Setting(policy=BUDGETS.replace("0.004", "0.001"), fake=fake) as test:
        test.fake("faults", "500")
        for _ in range(20):
            check("failed ones are estimated", True, test.post(CHAT, chat()).status in (500, 403))


def test_kill():
    """Killed at any moment: each request whose answer was delivered has its row."""
    for delay in (0.05, 0.11, 0.17, 0.3):
        with Setting(fake=("--latency", "default=1", "--latency", "flex=1")) as test:
            delivered, stop = [], threading.Event()

            def run(stream):
                caller = Caller(test.gateway.address)
                try:
                    while not stop.is_set():
                        caller.send(request_bytes("POST", CHAT, (JSON,), chat(stream)))
                        answer = caller.answer()
                        if answer.complete and (not stream or b"[DONE]" in answer.body):
                            delivered.append(answer.header("x-tierway-request-id"))
                        if not answer.complete:
                            break
                except OSError:
                    pass
                except EOFError:
                    pass
            threads = [threading.Thread(target=run, args=(n % 2 == 0,)) for n in range(6)]
            for thread in threads:
                thread.start()
            time.sleep(delay)
            test.gateway.kill()
            stop.set()
            for thread in threads:
                thread.join()
            rows = {row[0] for row in test.folder.rows("request_id")}
            check("rows of what was delivered", set(), set(delivered) - rows)
            check("something was", True, len(delivered) > 0)


def test_stuck_ledger():
    """A ledger that cannot be written: no answer is delivered, the loop goes on, and what was paid
    for is in it in the end."""
    with Setting(options=("--threads", "1", "--ledger-wait", "100ms")) as test:
        check("at first", 200, test.post(CHAT, chat()).status)
        with open(test.folder.path + "/ledger.db-lock", "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            waiting = Caller(test.gateway.address)
            waiting.send(request_bytes("POST", CHAT, (JSON,), chat()))
            stream = Caller(test.gateway.address)
            stream.send(request_bytes("POST", CHAT, (JSON,), chat(True)))
            stream.until(b'"finish_reason":"stop"')
            start = time.monotonic()
            check("others are served", 200, test.ask("GET", "/v1/models").status)
            check("at once", True, time.monotonic() - start < 1)
            answer = waiting.answer()
            check("not delivered", (500, "ledger_unavailable", "false"),
                  (answer.status, answer.json()["error"]["code"], answer.header("x-should-retry")))
            rest = b""
            while stream.fill():
                pass
            rest = stream.bytes
            check("the stream has no end", False, b"[DONE]" in rest or rest.endswith(b"0\r\n\r\n"))
            refused = test.post(CHAT, chat())
            check("nothing more is sent", (503, "ledger_unavailable"),
                  (refused.status, refused.json()["error"]["code"]))
        check("afterwards", True, wait_until(lambda: test.post(CHAT, chat()).status == 200))
        check("rows of what was sent", 4, len(test.folder.rows("1")))


def test_versions():
    """HTTP/1.0 callers, requests one behind the other, large bodies."""
    with Setting() as test:
        caller = Caller(test.gateway.address)
        body = chat(True)
        caller.send(b"POST %s HTTP/1.0\r\nContent-Length: %d\r\n\r\n%s"
                    % (CHAT.encode(), len(body), body))
        answer = caller.answer()
        check("HTTP/1.0", (200, None, True), (answer.status, answer.header("transfer-encoding"),
                                              b"[DONE]" in answer.body))
        caller.close()
        caller = Caller(test.gateway.address)
        caller.send(b"".join(request_bytes("POST", CHAT, (JSON,), chat(n % 2 == 0)) +
                             request_bytes("GET", "/v1/models") for n in range(5)))
        statuses = [caller.answer().status for _ in range(10)]
        check("one behind the other", [200] * 10, statuses)
        caller.close()
        large = json.dumps({"model": "gpt-5", "messages": [
            {"role": "user", "content": "\u00e9" * (1 << 19)}]}).encode()
        test.fake("reset")
        check("a large body", 200, test.post(CHAT, large, LOW).status)
        check("byte for byte", b'{"service_tier":"flex",' + large[1:], recorded(test.stand_in)[0][3])
        caller = Caller(test.gateway.address)
        caller.send(b"POST %s HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n"
                    b"Transfer-Encoding: chunked\r\n\r\n" % CHAT.encode())
        check("leave to go on", b"HTTP/1.1 100 Continue", caller.until(b"\r\n\r\n"))
        for at in range(0, len(body), 7):
            caller.send(b"%x\r\n%s\r\n" % (len(body[at:at + 7]), body[at:at + 7]))
        caller.send(b"0\r\n\r\n")
        check("a body in chunks", 200, caller.answer().status)
        caller.close()


def test_drain():
    with Setting(fake=("--latency", "default=700")) as test:
        caller = Caller(test.gateway.address)
        caller.send(request_bytes("POST", CHAT, (JSON,), chat()))
        wait_until(lambda: test.stats()["requests"])
        test.gateway.process.terminate()
        answer = caller.answer()
        check("what is on its way is finished", (200, True), (answer.status, answer.complete))
        check("status", 0, test.gateway.process.wait(LIMIT))
        check("and recorded", [(0,)], test.folder.rows("outcome"))
    with Setting(options=("--drain", "1")) as test:
        test.fake("faults", "hang")
        caller = Caller(test.gateway.address)
        caller.send(request_bytes("POST", CHAT, (JSON,), chat()))
        wait_until(lambda: test.stats()["requests"])
        check("not for ever", 0, test.gateway.stop())
        check("recorded as cancelled", [(5,)], test.folder.rows("outcome"))


run_tests(globals())
