"""A thousand jobs: jobs_storm.py TIERWAY. The provider refuses, hangs, answers nonsense or breaks off;
four workers share the store and are killed at random moments. Each job ends exactly once, no answer is
paid for twice but in the window of a kill, and the ledger is the provider's bill.

On PostgreSQL, too, where the file TIERWAY_TEST_POSTGRES names a server."""
import base64
import collections
import json
import random
import signal
import sys
import time
import urllib.request

from checks import check, run_tests
from job_queue import Queue, line, store_locations

TIERWAY = sys.argv[1]
JOBS, WORKERS, CONCURRENCY, KILLS = 1000, 4, 8, 12
POLICY = "otherwise -> flex timeout 2s\n"
# An answer that is cut off is not among them: the provider bills it, and nobody else can know.
FAULTS = ("--latency", "flex=20", "--flex-refused", "15%", "--fault", "hang:1%", "--fault",
          "garbage:2%", "--fault", "empty:1%", "--fault", "503:3%", "--fault", "429=1:1%")
# libcurl sends a request again by itself where a kept connection breaks before the answer begins.
BROKEN = ("--fault", "reset:2%", "--fault", "close:2%")


def storm(queue, draws):
    """Kills one worker after another; how many jobs those were at, at most."""
    workers = [queue.work("--concurrency", str(CONCURRENCY)) for _ in range(WORKERS)]
    for _ in range(KILLS):
        time.sleep(draws.uniform(0.1, 0.5))
        at = draws.randrange(WORKERS)
        workers[at].send_signal(signal.SIGKILL)
        workers[at].communicate()
        workers[at] = queue.work("--concurrency", str(CONCURRENCY))
    status, _, said = queue.work_off("--concurrency", str(CONCURRENCY), limit=90)
    check(f"the last one ends well {said}", 0, status)
    for worker in workers:
        worker.terminate()
        worker.communicate(timeout=30)
    return KILLS * CONCURRENCY


def requests_by_user(queue):
    """How often the provider was asked, for each job."""
    with urllib.request.urlopen(f"{queue.provider.url}/fake/requests") as answer:
        rows = [json.loads(row) for row in answer.read().splitlines()]
    return collections.Counter(json.loads(base64.b64decode(row["body"]))["user"] for row in rows)


def check_end(queue, window):
    names = [f"job{i:04}" for i in range(JOBS)]
    listed = {row["id"]: row for row in queue.listed()}
    rows = queue.ledger_rows()
    asked = requests_by_user(queue)
    made = collections.Counter(row["user"] for row in rows)
    answered = collections.Counter(row["user"] for row in rows if row["outcome"] == "answered")
    expired = {name for name, row in listed.items() if row["expired"]}
    check("each job is done", ({"done"}, names),
          ({row["state"] for row in listed.values()}, sorted(listed)))
    check("one result each", names, sorted(queue.results()))
    check("at least one answer each in the ledger", names, sorted(answered))
    check("no second answer without a claim that ran out", [],
          [name for name in names if answered[name] > 1 and name not in expired])
    check("without one, the provider was asked as often as the ledger says", [],
          [name for name in names if asked[name] != made[name] and name not in expired])
    check("with one, at least as often", [],
          [name for name in names if asked[name] < made[name]])
    billed, tokens = queue.billed()
    unseen = sum(asked.values()) - sum(made.values())
    check(f"of {KILLS} kills, {unseen} requests have no row: at most what those workers were at",
          True, 0 <= unseen <= window)
    lost = billed - sum(answered.values())
    check("the bill is the ledger, and what was lost with a killed worker", True,
          0 <= lost <= unseen)
    if lost == 0:
        check("to the token", tokens, queue.ledger()[1])
    print(f"  {sum(asked.values())} requests, {billed} answers billed, {billed - JOBS} of them "
          f"twice, {lost} lost; {len(expired)} jobs with a claim that ran out", flush=True)


def run_on(name, store):
    draws = random.Random(6)
    print(f"{name}: {JOBS} jobs, {WORKERS} workers, {KILLS} kills", flush=True)
    with Queue(TIERWAY, *FAULTS, policy=POLICY, store=store) as queue:
        queue.submit("".join(line(f"job{i:04}", user=f"job{i:04}") for i in range(JOBS)))
        check_end(queue, storm(queue, draws))


def test_storm():
    for name, store in store_locations():
        run_on(name, store)


def test_bill_without_kills():
    """The same without kills: the ledger is the bill to the token, and nothing was paid twice."""
    for _, store in store_locations():
        with Queue(TIERWAY, *FAULTS, *BROKEN, policy=POLICY, store=store) as queue:
            queue.submit("".join(line(f"job{i:04}", user=f"job{i:04}") for i in range(300)))
            queue.work_off("--concurrency", "16", lease="60s")
            check("the ledger is the bill", queue.billed(), queue.ledger())
            check("each once", 300, queue.billed()[0])


run_tests(globals())
