"""Killed at random moments, under load: every answer that was delivered has its row, the ledger is
whole, and nothing stays reserved. One ledger for all kills, as in a service that keeps dying.
Every fourth kill takes `tierway chat` in place of the gateway."""
import json
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time

from gateway import LIMIT, Caller, Folder, Process, request_bytes

tierway, kills, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
POLICY = """
budget daily $1000000 per day
spent: when daily.left <= $0 -> reject
otherwise -> flex else default
"""
CHAT = "/v1/chat/completions"


def body(stream):
    return json.dumps({"model": "gpt-5.1", "stream": stream, "max_tokens": 50, "messages": [
        {"role": "user", "content": "hello"}]}).encode()


class Service:
    """A provider, and a ledger that gateways come and go on."""

    def __init__(self):
        self.folder = Folder()
        self.policy = self.folder.file("policy.tier", POLICY)
        self.store = os.path.join(self.folder.path, "ledger.db")
        self.provider = Process(tierway, "fake-provider", "--flex-refused", "20%", "--latency",
                                "default=1", "--latency", "flex=1", "--no-record")
        self.common = ["--policy", self.policy, "--store", self.store,
                       "--upstream", self.provider.url + "/v1"]

    def gateway(self):
        return Process(tierway, "serve", *self.common, "--listen", "127.0.0.1:0",
                       cwd=self.folder.path)

    def close(self):
        self.provider.kill()
        self.folder.remove()


def load(address, stream, delivered):
    """Asks until the gateway is gone; notes the id of each answer that came in full."""
    try:
        caller = Caller(address)
        while True:
            caller.send(request_bytes("POST", CHAT, (("Content-Type", "application/json"),),
                                      body(stream)))
            answer = caller.answer()
            if not answer.complete:
                return
            if answer.status == 200 and (not stream or b"[DONE]" in answer.body):
                delivered.append(answer.header("x-tierway-request-id"))
    except (OSError, EOFError, ValueError, IndexError):
        pass


def kill_gateway(service, moment, delivered):
    gateway = service.gateway()
    threads = [threading.Thread(target=load, args=(gateway.address, n % 2 == 0, delivered))
               for n in range(6)]
    for thread in threads:
        thread.start()
    time.sleep(moment)
    gateway.kill()
    for thread in threads:
        thread.join(LIMIT)


def kill_chat(service, moment, delivered):
    process = subprocess.Popen(
        [tierway, "chat", *service.common, "--body", "-", "--format", "json"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        cwd=service.folder.path)
    process.stdin.write(body(False))
    process.stdin.close()
    time.sleep(moment / 10)
    process.kill()
    answer = process.stdout.read()
    process.stdout.close()
    process.wait(LIMIT)
    try:
        delivered.append(json.loads(answer)["request_id"])
    except (ValueError, KeyError):
        pass


def check(service, delivered):
    """What is wrong with the ledger, if anything."""
    connection = sqlite3.connect(f"file:{service.store}?mode=ro", uri=True)
    rows = {row for row, in connection.execute("select request_id from ledger where outcome = 0")}
    lost = set(delivered) - rows
    twice = connection.execute("select count(*) from (select 1 from ledger group by request_id,"
                               " attempt having count(*) > 1)").fetchone()[0]
    whole = connection.execute("pragma integrity_check").fetchone()[0]
    connection.close()
    return [text for text in (f"{len(lost)} answers without a row" if lost else "",
                              f"{twice} attempts twice" if twice else "",
                              "" if whole == "ok" else whole) if text]


def reserved_after(service):
    """What stays reserved once another process has looked."""
    kill_chat(service, 20, [])
    connection = sqlite3.connect(f"file:{service.store}?mode=ro", uri=True)
    count = connection.execute("select count(*) from reservations").fetchone()[0]
    connection.close()
    return count


def main():
    chance, service, delivered, failures = random.Random(seed), Service(), [], []
    try:
        for number in range(kills):
            one = kill_chat if number % 4 == 3 else kill_gateway
            one(service, chance.uniform(0.0, 0.3), delivered)
            failures += [f"kill {number}: {text}" for text in check(service, delivered)] \
                if os.path.exists(service.store) else []
        if reserved_after(service):
            failures.append("something stays reserved")
    finally:
        service.close()
    for failure in failures:
        print("FAILED", failure)
    print(f"{kills} kills, {len(delivered)} answers delivered, {len(failures)} failed")
    return 1 if failures or not delivered else 0


sys.exit(main())
