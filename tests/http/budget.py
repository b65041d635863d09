"""Budgets: concurrent requests, several processes, callers that leave, processes that are killed."""
import fcntl
import json
import os
import subprocess
import sys
import threading

from checks import check, run_tests
from gateway import (LIMIT, Caller, Folder, Process, ask, request_bytes, wait_until)

tierway = sys.argv[1]
CENT = 10**10  # picodollars

PRICES = {"currency": "USD", "unit": "USD per 1M tokens", "models": [
    {"model": "m", "standard": {"input": "0", "output": "100"},
     "flex": {"input": "0", "output": "50"}}]}
# 100 tokens of output cost one cent; there is room for 37 requests and half a one.
POLICY = """
timezone "Europe/Berlin"
attribute team: string from header "x-team"
budget daily $0.375 per day
budget theirs $0.02 per month by team
spent: when daily.left <= $0 or (team is set and theirs.left <= $0) -> reject "the budget is spent"
otherwise -> default
"""
BODY = json.dumps({"model": "m", "max_tokens": 100,
                   "messages": [{"role": "user", "content": "hello"}]}).encode()
HEAD = (("Content-Type", "application/json"),)
CHAT = "/v1/chat/completions"


class Setting:
    """A provider, and gateways on one ledger."""

    def __init__(self, gateways=1, provider=(), options=()):
        self.folder = Folder()
        self.policy = self.folder.file("policy.tier", POLICY)
        self.prices = self.folder.file("prices.json", json.dumps(PRICES))
        self.store = os.path.join(self.folder.path, "ledger.db")
        self.provider = Process(tierway, "fake-provider", "--tokens", "100", *provider)
        self.options = options
        self.gateways = [self.start() for _ in range(gateways)]

    def start(self):
        return Process(tierway, "serve", "--policy", self.policy, "--prices", self.prices,
                       "--store", self.store, "--upstream", self.provider.url + "/v1",
                       "--listen", "127.0.0.1:0", *self.options, cwd=self.folder.path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in [*self.gateways, self.provider]:
            if process.process.poll() is None:
                process.kill()
        self.folder.remove()

    def ask(self, headers=(), gateway=0, body=BODY):
        return ask(self.gateways[gateway].address, "POST", CHAT, (*HEAD, *headers), body)

    def spent(self):
        return sum(cost for cost, in self.folder.rows("cost"))

    def crowd(self, count):
        """Status codes of requests that begin at once, spread over the gateways."""
        codes, start = [], threading.Barrier(count)

        def one(index):
            try:
                start.wait(LIMIT)
                codes.append(self.ask(gateway=index % len(self.gateways)).status)
            except OSError as error:
                codes.append(repr(error))

        threads = [threading.Thread(target=one, args=(i,)) for i in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(4 * LIMIT)
        return sorted(codes, key=str)


def test_crowd():
    for gateways in (1, 2):
        with Setting(gateways, ("--latency", "default=50"), ("--threads", "2")) as test:
            codes = test.crowd(500)
            check(f"{gateways}: as many as fit are answered", 37, codes.count(200))
            check(f"{gateways}: the others are rejected", 463, codes.count(403))
            check(f"{gateways}: spent", 37 * CENT, test.spent())
            check(f"{gateways}: rows", 500, len(test.folder.rows("outcome")))
            check("nothing more", 403, test.ask().status)


def test_values():
    with Setting() as test:
        team = lambda name: test.ask((("x-team", name),)).status
        check("two for a", [200, 200, 403], [team("a") for _ in range(3)])
        check("two for b", [200, 200, 403], [team("b") for _ in range(3)])
        check("kept with the row", [('{"team":"a"}', CENT)] * 2,
              test.folder.rows("attributes, estimate")[:2])
        check("a caller's word on what was spent does not count", 403,
              test.ask((("x-team", "a"), ("x-tierway-theirs.spent", "$0"))).status)


def test_restart():
    with Setting() as test:
        check("answered", 200, test.ask((("x-team", "a"),)).status)
        test.gateways[0].kill()
        test.gateways[0] = test.start()
        check("one more", 200, test.ask((("x-team", "a"),)).status)
        check("and no more", 403, test.ask((("x-team", "a"),)).status)


def reserved(test):
    """What is reserved now, by the ledger's own tables."""
    return sum(amount for amount, in test.folder.rows("amount", table="reservations"))


def hang(test, count):
    callers = []
    for _ in range(count):
        caller = Caller(test.gateways[0].address)
        caller.send(request_bytes("POST", CHAT, (*HEAD, ("x-team", "a")), BODY))
        callers.append(caller)
    check("reserved", True, wait_until(lambda: reserved(test) == 2 * count * CENT))
    return callers


def test_leaving():
    with Setting(provider=("--fault", "hang")) as test:
        callers = hang(test, 2)
        check("no room meanwhile", 403, test.ask((("x-team", "a"),)).status)
        callers[0].reset()
        check("given back", True, wait_until(lambda: reserved(test) == 2 * CENT))
        check("as it may be billed, it counts as estimated", [(5, None, CENT)],
              test.folder.rows("outcome, cost, estimate")[1:])
        callers[1].reset()


def test_killed():
    with Setting(provider=("--fault", "hang")) as test:
        callers = hang(test, 2)
        second = test.start()
        test.gateways.append(second)
        check("no room", 403, test.ask((("x-team", "a"),), gateway=1).status)
        test.gateways[0].kill()
        caller = Caller(second.address)
        caller.send(request_bytes("POST", CHAT, (*HEAD, ("x-team", "a")), BODY))
        check("what the dead one had reserved is gone", True,
              wait_until(lambda: reserved(test) == 2 * CENT))
        for caller in (caller, *callers):
            caller.reset()


def test_chat():
    with Setting() as test:
        run = lambda: subprocess.run(
            [tierway, "chat", "--policy", test.policy, "--prices", test.prices, "--store",
             test.store, "--upstream", test.provider.url + "/v1", "--set", "team=a", "--body",
             "-"], input=BODY, capture_output=True, timeout=LIMIT, check=False).returncode
        check("answered", 200, test.ask((("x-team", "a"),)).status)
        check("chat sees what the gateway spent", [0, 1], [run(), run()])


def test_locked():
    with Setting() as test:
        check("answered", 200, test.ask().status)
        with open(test.store + "-lock", "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            answer = test.ask()
            check("not sent", (500, "ledger_unavailable"),
                  (answer.status, answer.json()["error"]["code"]))
        check("answered again", 200, test.ask().status)
        check("sent", 2, len(test.folder.rows("outcome")))


run_tests(globals())
