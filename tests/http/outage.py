"""A PostgreSQL server that goes away in the middle and comes back: what the gateway and the workers
do meanwhile, and that no row is lost or written twice. outage.py TIERWAY [TEST...]"""
import atexit
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request

from checks import check, run_tests
from gateway import LIMIT, Folder, Process, ask, recorded, wait_until
from job_queue import Queue, lines

TIERWAY = sys.argv[1]
SERVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "stores", "server.sh")
BODY = json.dumps({"model": "gpt-5-mini", "messages": [{"role": "user", "content": "hi"}]}).encode()
POLICY = "otherwise -> flex timeout 15m retry 2 else default\n"
BUDGET = "budget day $1000 per day\nwhen day.used >= 100% -> reject\n" + POLICY
AWAY = "the ledger cannot be written to"


class Database:
    """A server of the test's own, which can be halted as a crash does."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="tierway-outage-")
        self.file = os.path.join(self.folder, "address")
        self.count = 0
        self.server("start")
        with open(self.file, encoding="utf-8") as file:
            self.address = file.read().strip()
        atexit.register(self.server, "stop")

    def server(self, command):
        subprocess.run([SERVER, command, self.file], check=True, stdout=subprocess.DEVNULL)

    def new(self):
        """The location of an empty database."""
        self.count += 1
        self.sql("postgres", f"CREATE DATABASE outage{self.count} TEMPLATE template0")
        return f"{self.address.rpartition('/')[0]}/outage{self.count}"

    def sql(self, database, statement):
        result = subprocess.run(
            ["psql", "-qXAt", f"{self.address.rpartition('/')[0]}/{database}", "-c", statement],
            check=True, capture_output=True, text=True)
        return result.stdout.splitlines()

    def requests(self, store):
        """The request ids of the ledger's rows."""
        return self.sql(store.rpartition("/")[2],
                        "SELECT request_id FROM tierway.ledger ORDER BY number")


DATABASE = Database()


class Scene:
    """A stand-in provider and a gateway on a store of its own."""

    def __init__(self, *options, policy=POLICY, store=None):
        self.folder = Folder()
        self.store = store or DATABASE.new()
        self.provider = Process(TIERWAY, "fake-provider", "--seed", "1")
        policy = self.folder.file("policy.tier", policy)
        self.gateway = Process(TIERWAY, "serve", "--policy", policy, "--listen", "127.0.0.1:0",
                               "--upstream", f"{self.provider.url}/v1", "--store", self.store,
                               "--jobs", "off", "--threads", "2", *options)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.gateway.kill()
        self.provider.stop()
        self.folder.remove()

    def ask(self):
        return ask(self.gateway.address, "POST", "/v1/chat/completions",
                   [("Content-Type", "application/json")], BODY)

    def sent(self):
        return sum(path == "/v1/chat/completions" for _, path, _, _ in recorded(self.provider))

    def look(self, path):
        """Status and text of one of the gateway's own paths, which answer to its address only."""
        try:
            with urllib.request.urlopen(self.gateway.url + path, timeout=LIMIT) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode()

    def metric(self, name):
        text = self.look("/tierway/metrics")[1]
        return int(re.search(rf"(?m)^{name} (\d+)$", text)[1])

    def readiness(self):
        status, text = self.look("/tierway/readyz")
        return status, json.loads(text).get("reason")

    def failing(self):
        return self.metric("tierway_ledger_failing") == 1

    def rows_are_complete(self, what, delivered):
        """Each request that was sent has its row, once; those that were delivered among them."""
        check(f"{what}: nothing is kept any more", True,
              wait_until(lambda: self.metric("tierway_ledger_kept_rows") == 0, 60))
        rows = DATABASE.requests(self.store)
        check(f"{what}: a row for each request that was sent", self.sent(), len(rows))
        check(f"{what}: none twice", len(rows), len(set(rows)))
        check(f"{what}: all that were delivered", set(), set(delivered) - set(rows))
        check(f"{what}: ready again", (200, None), self.readiness())


def request_id(answer):
    return answer.header("x-tierway-request-id")


def test_answers_do_not_wait():
    """ledger_sync after: callers see nothing of it, rows come later."""
    with Scene("--ledger-sync", "after") as scene:
        answers = [scene.ask() for _ in range(10)]
        check("ready before", (200, None), scene.readiness())
        DATABASE.server("halt")
        answers += [scene.ask() for _ in range(30)]
        check("after: it is seen", True, wait_until(scene.failing, 60))
        answers += [scene.ask() for _ in range(30)]
        check("after: all are served", [200] * 70, [answer.status for answer in answers])
        check("after: not ready", (503, AWAY), scene.readiness())
        check("after: rows are kept", True,
              wait_until(lambda: scene.metric("tierway_ledger_kept_rows") == 60, 60))
        DATABASE.server("resume")
        scene.rows_are_complete("after", map(request_id, answers))


def test_answers_wait():
    """ledger_sync before, and the store is back in time: callers only wait."""
    with Scene("--ledger-wait", "60s") as scene:
        answers = [scene.ask()]
        DATABASE.server("halt")
        threads = [threading.Thread(target=lambda: answers.append(scene.ask())) for _ in range(8)]
        for thread in threads:
            thread.start()
        check("before: it is seen", True, wait_until(scene.failing, 60))
        check("before: nobody was told anything yet", 1, len(answers))
        DATABASE.server("resume")
        for thread in threads:
            thread.join()
        check("before: all are served", [200] * 9, [answer.status for answer in answers])
        scene.rows_are_complete("before", map(request_id, answers))


def test_answers_wait_too_long():
    """Not back in time: what was paid for is in the ledger in the end, and nothing new is sent."""
    with Scene("--ledger-wait", "200ms") as scene:
        first = scene.ask()
        DATABASE.server("halt")
        late = scene.ask()
        check("too long: not delivered", (500, "ledger_unavailable"),
              (late.status, late.json()["error"]["code"]))
        sent = scene.sent()
        check("too long: it was sent", 2, sent)
        check("too long: refused from then on", True,
              wait_until(lambda: scene.ask().status == 503, 60))
        refused = scene.ask()
        check("too long: with a code", "ledger_unavailable", refused.json()["error"]["code"])
        counted = scene.metric("tierway_gateway_unaccountable_total")
        check("too long: and counted", True, counted >= 2)
        check("too long: those were not sent", True, scene.sent() <= sent + 1)
        DATABASE.server("resume")
        check("too long: served again", True, wait_until(lambda: scene.ask().status == 200, 60))
        scene.rows_are_complete("too long", [request_id(first)])


def test_budgets():
    """What was spent cannot be told, so nothing is sent; and a budget goes on where it was."""
    with Scene("--ledger-sync", "after", policy=BUDGET) as scene:
        check("budget: served", 200, scene.ask().status)
        DATABASE.server("halt")
        answer = scene.ask()
        check("budget: not sent", (500, "ledger_unavailable", 1),
              (answer.status, answer.json()["error"]["code"], scene.sent()))
        DATABASE.server("resume")
        check("budget: served again", True, wait_until(lambda: scene.ask().status == 200, 60))
        scene.rows_are_complete("budget", [])


def test_gateway_that_ends():
    """A gateway that has to end meanwhile waits for the store as long as it may, then says what is
    lost."""
    with Scene("--ledger-sync", "after", "--drain", "60s") as scene:
        DATABASE.server("halt")
        answers = [scene.ask() for _ in range(5)]
        check("ending: it is seen", True, wait_until(scene.failing, 60))
        scene.gateway.process.terminate()
        DATABASE.server("resume")
        check("ending: status", 0, scene.gateway.process.wait(60))
        rows = DATABASE.requests(scene.store)
        check("ending: every row", sorted(map(request_id, answers)), sorted(rows))
        scene.gateway.process.stdout.close()


def test_workers():
    """Work waits, nothing is lost, and it goes on by itself."""
    count = 80
    with Queue(TIERWAY, "--seed", "1", "--latency", "flex=20", policy="otherwise -> flex\n",
               store=DATABASE.new()) as queue:
        queue.submit(lines(count))
        workers = [queue.work("--until-empty", "--concurrency", "2", lease="5s") for _ in range(2)]
        database = queue.store.rpartition("/")[2]
        done = "SELECT count(*) FROM tierway.ledger"
        for _ in range(2):
            begun = int(DATABASE.sql(database, done)[0])
            wait_until(lambda: int(DATABASE.sql(database, done)[0]) >= begun + 10)
            DATABASE.server("halt")
            DATABASE.server("resume")
        ends = [worker.communicate(timeout=120) for worker in workers]
        check("workers: statuses", [0, 0], [worker.returncode for worker in workers])
        counts = [json.loads(out) for out, _ in ends]
        check("workers: all are done, each once", count, sum(each["done"] for each in counts))
        check("workers: rows", [str(count)], DATABASE.sql(database, done))
        stats = ask(queue.provider.address, "GET", "/fake/stats").json()
        check("workers: each was asked for once", count, stats["requests"])
        exported = queue.jobs("export").stdout.splitlines()
        check("workers: results", count, len({json.loads(line)["custom_id"] for line in exported}))


def test_refused():
    """Each way in which a database cannot be used has its own words; none shows a password."""
    socket = DATABASE.address.split("@")[1].partition("/")[0]
    cases = {
        "wrong password": (f"postgres://locked:wrong@{socket}/postgres",
                           'password authentication failed for user "locked"'),
        "no password": (f"postgres://locked@{socket}/postgres", "no password supplied"),
        "no such user": (f"postgres://nobody-here@{socket}/postgres",
                         'role "nobody-here" does not exist'),
        "no such database": (f"postgres://tierway@{socket}/nothing",
                             'database "nothing" does not exist'),
        "no such server": (f"postgres://tierway:sesame@{socket}:6666/postgres", "No such file"),
        "nobody listens": ("postgres://tierway:sesame@127.0.0.1:1/postgres", "Connection refused"),
        "no address": ("postgres://tierway:sesame@[/postgres",
                       "the store's address is no postgres://USER:PASSWORD@HOST:PORT/DATABASE"),
    }
    for what, (store, words) in cases.items():
        for command in (["stats"], ["jobs", "list"]):
            result = subprocess.run([TIERWAY, *command, "--store", store], capture_output=True,
                                    text=True, timeout=60)
            said = result.stderr
            check(f"{what}: {command[0]}: status and words", (2, words, ""),
                  (result.returncode, words if words in said else said, result.stdout))
            check(f"{what}: {command[0]}: one line", 1, said.count("\n"))
            check(f"{what}: {command[0]}: no password", False, "sesame" in said or ":wrong" in said)
    store = f"postgres://locked:sesame@{socket}/postgres"
    result = subprocess.run([TIERWAY, "jobs", "submit", "--store", store], input=lines(1),
                            capture_output=True, text=True, timeout=60)
    check("no right to make tables", (2, True, ""),
          (result.returncode, "permission denied" in result.stderr, result.stdout))


if not DATABASE.address:
    print("skipped: no PostgreSQL server is installed\n0 passed, 0 failed")
    sys.exit(0)
run_tests(dict(globals()))
