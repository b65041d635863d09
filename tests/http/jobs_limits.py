"""Workers within a provider's limits: jobs_limits.py TIERWAY. Rate-limit headers pace them; jobs near
their deadline step up, unless the policy forbids it."""
import json
import sys
import threading
import time

from checks import check, run_tests
from gateway import Upstream
from job_queue import Queue, line, lines

TIERWAY = sys.argv[1]
ANSWER = json.dumps({
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-5-mini",
    "service_tier": "flex", "choices": [{"index": 0, "finish_reason": "stop",
                                         "message": {"role": "assistant", "content": "hi"}}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}}).encode()


class Limited:
    """A provider that lets so many requests begin in each window, and says how many are left."""

    def __init__(self, limit, window):
        self.limit, self.window, self.lock = limit, window, threading.Lock()
        self.start, self.used, self.over, self.most = 0, 0, 0, 0
        self.upstream = Upstream(self.serve)

    def serve(self, connection, _head, _body):
        with self.lock:
            now = time.monotonic()
            if now - self.start >= self.window:
                self.start, self.used = now, 0
            self.used += 1
            self.over += self.used > self.limit
            left, reset = max(0, self.limit - self.used), self.start + self.window - now
        time.sleep(0.02)
        head = (f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
                f"x-ratelimit-limit-requests: {self.limit}\r\n"
                f"x-ratelimit-remaining-requests: {left}\r\n"
                f"x-ratelimit-reset-requests: {max(0, reset) * 1000 + 1:.0f}ms\r\n"
                f"content-length: {len(ANSWER)}\r\n\r\n")
        connection.sendall(head.encode() + ANSWER)


def test_headers_pace():
    """The first burst knows of no limit yet; after it none is over."""
    provider = Limited(10, 0.5)
    with Queue(TIERWAY) as queue:
        queue.upstream = provider.upstream.url
        queue.submit(lines(60))
        begun = time.monotonic()
        status, counts, _ = queue.work_off("--concurrency", "8", lease="30s")
        check("all done", (0, 60, 0), (status, counts["done"], counts["put_back"]))
        check("none over the limit", 0, provider.over)
        check("not slower than the limit by much", True, 2 < time.monotonic() - begun < 15)
    provider.upstream.close()


NEAR = ("--latency", "flex=20", "--latency", "default=20")


def near(policy, *options, text=line("a"), set_=(), usual="5s", deadline="12s"):
    """Works on one job that is near its deadline; what the tests look at."""
    with Queue(TIERWAY, *NEAR, *options, policy=policy) as queue:
        queue.submit(text, "--deadline", deadline, *set_)
        status, counts, said = queue.work_off("--usual-time", usual)
        shown = json.loads(queue.jobs("show", "a", "--format", "json").stdout)
        rows = [(row["rule"], row["chosen_tier"], row["attempted_tier"])
                for row in queue.ledger_rows()]
        return status, counts, said, shown, rows


def test_steps_up():
    status, counts, said, shown, rows = near("otherwise -> flex")
    check("done", (0, 1, 1), (status, counts["done"], counts["stepped_up"]))
    check("the ledger says so", [("near deadline", "flex", "default")], rows)
    check("the log says so", True,
          "job a is near its deadline: sent at default instead of flex" in said)
    attempt = shown["attempts"][0]
    check("show says so", ("near deadline", "flex", "default", "default"), tuple(
        attempt[name] for name in ("rule", "chosen_tier", "attempted_tier", "served_tier")))
    check("the next step of else", [("near deadline", "flex", "priority")],
          near("otherwise -> flex else priority")[4])


def test_not_near():
    _, counts, _, _, rows = near("otherwise -> flex", deadline="10m")
    check("there is time", ([("otherwise", "flex", "flex")], 0), (rows, counts["stepped_up"]))
    _, counts, _, _, rows = near("late: when deadline < 1h -> default\notherwise -> flex")
    check("a rule decides", ([("late", "default", "default")], 0), (rows, counts["stepped_up"]))


def test_forbidden():
    for policy in ("otherwise -> flex strict", "otherwise -> flex else reject \"no\"",
                   "otherwise -> flex\nnever default when priority == low",
                   "otherwise -> flex\nalways flex when tokens >= 0"):
        _, counts, _, _, rows = near(policy)
        check(policy, ("flex", 0), (rows[0][2], counts["stepped_up"]))
    _, _, _, _, rows = near("when force_tier is set -> force_tier\notherwise -> default",
                            set_=("--set", "force_tier=flex"))
    check("the request names its tier", "flex", rows[0][2])
    rows = near("otherwise -> flex\nnever flex when priority == critical")[4]
    check("another property", "default", rows[0][2])


def test_budget_has_no_room():
    """Room for flex, but not for default: it is sent at flex, and not rejected."""
    policy = ("budget cap $0.0001 per day\nover: when cap.used >= 100% -> reject \"spent\"\n"
              "otherwise -> flex\n")
    text = json.dumps({"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {
        "model": "gpt-5-mini", "max_completion_tokens": 60,
        "messages": [{"role": "user", "content": "hi"}]}}) + "\n"
    _, counts, _, _, rows = near(policy, text=text)
    check("flex", ([("otherwise", "flex", "flex")], 0, 1),
          (rows, counts["stepped_up"], counts["done"]))


def test_flex_hangs():
    """An attempt at flex that does not answer leaves the next tier its time."""
    with Queue(TIERWAY, *NEAR, "--fault", "hang@flex", policy="otherwise -> flex") as queue:
        queue.submit(line("a"), "--deadline", "6s")
        begun = time.monotonic()
        _, counts, _ = queue.work_off("--usual-time", "500ms", lease="30s")
        check("done in time", (1, True), (counts["done"], time.monotonic() - begun < 6))
        rows = [(row["attempted_tier"], row["outcome"]) for row in queue.ledger_rows()]
        check("broken off", [("flex", "timeout"), ("default", "answered")], rows)


def test_deadline_is_over():
    with Queue(TIERWAY, "--flex-refused", "100%", policy="otherwise -> flex strict") as queue:
        queue.submit(line("a"), "--deadline", "2s")
        status, counts, _ = queue.work_off()
        error = queue.results()["a"]["error"]
        check("it fails", (1, 1), (status, counts["failed"]))
        check("as OpenAI says it", "batch_expired", error["code"])
        check("nothing was billed", 0, queue.billed()[0])


run_tests(globals())
