"""A small disk of the test's own is filled to its last byte while `serve`, `chat` and `jobs` use a store
on it, then has room again: nothing is free, nothing counted twice, and all goes on by itself.
full_disk.py TIERWAY, with that disk at /mnt"""
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request

from checks import check, run_tests
from gateway import LIMIT, Folder, Process, ask, recorded, wait_until
from job_queue import lines

TIERWAY = sys.argv[1]
DISK = "/mnt"
BODY = json.dumps({"model": "gpt-5-mini", "messages": [{"role": "user", "content": "hi"}]}).encode()
POLICY = "otherwise -> flex timeout 15m retry 2 else default\n"


class Filling:
    """As long as it lasts, the disk has no room for one byte more."""

    def __init__(self):
        self.path = os.path.join(DISK, "filling")

    def __enter__(self):
        with open(self.path, "wb", buffering=0) as file:
            for size in (65536, 4096, 1):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError:
                    pass

    def __exit__(self, *unused):
        os.remove(self.path)


def run(*arguments, text=""):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI", "TIERWAY"))}
    return subprocess.run([TIERWAY, *arguments], input=text, capture_output=True, text=True,
                          timeout=60, env=environment)


def rows(store):
    return int(run("ledger", "--store", store, "--format", "csv").stdout.count("\n")) - 1


class Scene:
    def __init__(self, name, *options):
        self.store = os.path.join(DISK, f"{name}.db")
        self.folder = Folder()
        self.policy = self.folder.file("policy.tier", POLICY)
        self.provider = Process(TIERWAY, "fake-provider", "--seed", "1")
        self.gateway = None
        if options:
            self.gateway = Process(TIERWAY, "serve", "--policy", self.policy, "--listen",
                                   "127.0.0.1:0", "--upstream", f"{self.provider.url}/v1", "--store",
                                   self.store, "--jobs", "off", "--threads", "1", *options)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.gateway:
            self.gateway.stop()
        self.provider.stop()
        self.folder.remove()
        for name in os.listdir(DISK):
            os.remove(os.path.join(DISK, name))

    def ask(self):
        return ask(self.gateway.address, "POST", "/v1/chat/completions",
                   [("Content-Type", "application/json")], BODY)

    def readiness(self):
        try:
            with urllib.request.urlopen(f"{self.gateway.url}/tierway/readyz", timeout=LIMIT) as answer:
                return answer.status
        except urllib.error.HTTPError as answer:
            return answer.code

    def sent(self):
        return sum(path == "/v1/chat/completions" for _, path, _, _ in recorded(self.provider))


def test_gateway():
    with Scene("serve", "--ledger-wait", "100ms") as scene:
        check("served", 200, scene.ask().status)
        with Filling():
            check("in the end refused before anything is sent", True,
                  wait_until(lambda: scene.ask().status == 503))
            sent = scene.sent()
            check("with a code", "ledger_unavailable", scene.ask().json()["error"]["code"])
            check("nothing is sent", sent, scene.sent())
            check("not ready", 503, scene.readiness())
        check("served again", True, wait_until(lambda: scene.ask().status == 200))
        check("each that was sent has its row", scene.sent(), rows(scene.store))


def test_answers_first():
    with Scene("after", "--ledger-sync", "after") as scene:
        answers = [scene.ask()]
        with Filling():
            answers += [scene.ask() for _ in range(40)]
        check("all are served", {200}, {answer.status for answer in answers})
        check("each has its row", True, wait_until(lambda: rows(scene.store) == len(answers)))


def test_chat():
    """The answer is paid for: it is printed, and that it is not in the ledger is said."""
    with Scene("chat") as scene:
        chat = ["chat", "hi", "--policy", scene.policy, "--model", "gpt-5-mini", "--upstream",
                f"{scene.provider.url}/v1", "--store", scene.store]
        check("at first", 0, run(*chat).returncode)
        with Filling():
            full = run(*chat)
        check("full: status and one line of trouble", (2, 1),
              (full.returncode, full.stderr.count("\n")))
        check("afterwards", 0, run(*chat).returncode)
        check("rows", 2, rows(scene.store))


def test_jobs():
    """A worker waits and goes on by itself; what cannot be submitted is said to be so."""
    with Scene("jobs") as scene:
        submit = ["jobs", "submit", "--store", scene.store]
        work = ["jobs", "work", "--policy", scene.policy, "--upstream", f"{scene.provider.url}/v1",
                "--store", scene.store, "--until-empty", "--format", "json", "--concurrency", "2"]
        check("submitted", 0, run(*submit, text=lines(100, "first")).returncode)
        worker = subprocess.Popen([TIERWAY, *work], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True)
        wait_until(lambda: rows(scene.store) >= 5)
        with Filling():
            full = run(*submit, text=lines(200, "second"))
            check("full: not submitted", (2, True),
                  (full.returncode, "full" in full.stderr))
            check("the worker says so", True, "full" in worker.stderr.readline())
            check("and waits", None, worker.poll())
        out, _ = worker.communicate(timeout=60)
        check("then goes on", (0, 100), (worker.returncode, json.loads(out)["done"]))
        check("each was sent once", 100, scene.sent())
        check("rows", 100, rows(scene.store))
        check("submitted again", 0, run(*submit, text=lines(200, "second")).returncode)
        check("all are done", 200, json.loads(run(*work).stdout)["done"])


run_tests(dict(globals()))
