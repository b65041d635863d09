"""What the tests of `tierway jobs` share: a folder with a policy, a store, and a stand-in provider."""
import json
import os
import shutil
import subprocess
import time
import urllib.request

from checks import check
from gateway import Folder, Process, wait_until

POLICY = "late: when waited > 20h -> default\notherwise -> flex\n"


def line(name, url="/v1/chat/completions", model="gpt-5-mini", text="hi", **members):
    return json.dumps({"custom_id": name, "method": "POST", "url": url, "body": {
        "model": model, "messages": [{"role": "user", "content": text}], **members}}) + "\n"


def lines(count, prefix="job"):
    return "".join(line(f"{prefix}{i:04}") for i in range(count))


def postgres_database():
    """A new database on the server whose address is in the file TIERWAY_TEST_POSTGRES; None where
    there is no server. It goes with the server."""
    named = os.environ.get("TIERWAY_TEST_POSTGRES", "")
    server = open(named, encoding="utf-8").read().strip() if os.path.exists(named) else ""
    if not server:
        print("skipped: no PostgreSQL server is there, nothing is run on one", flush=True)
        return None
    name = f"t_{os.getpid()}_{time.monotonic_ns()}"
    subprocess.run(["psql", "-qX", server, "-c", f"CREATE DATABASE {name} TEMPLATE template0"],
                   check=True)
    return f"{server.rpartition('/')[0]}/{name}"


def store_locations():
    """Of each kind of store that can be tested: a name, and where a new one is (a file: relative)."""
    found = [("sqlite", "queue.db")]
    database = postgres_database()
    return found + [("postgres", database)] if database else found


class Queue:
    def __init__(self, tierway, *options, policy=POLICY, store="queue.db"):
        self.tierway, self.store = tierway, store
        self.folder = Folder()
        self.provider = Process(tierway, "fake-provider", *options)
        self.upstream = self.provider.url
        self.folder.file("queue.tier", policy)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.provider.stop()
        self.folder.remove()

    def jobs(self, *arguments, text="", limit=60):
        return subprocess.run([self.tierway, "jobs", *arguments, "--store", self.store], input=text,
                              capture_output=True, text=True, cwd=self.folder.path, timeout=limit)

    def submit(self, text, *options):
        check("submitted", 0, self.jobs("submit", *options, text=text).returncode)

    def work(self, *options, key="", lease="1s"):
        """A worker's process; `finish` takes what it said."""
        return subprocess.Popen(
            [self.tierway, "jobs", "work", "--policy", "queue.tier", "--upstream",
             f"{self.upstream}/v1", "--store", self.store, "--lease", lease, "--format", "json",
             *options], cwd=self.folder.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env={**os.environ, "OPENAI_API_KEY": key})

    def work_off(self, *options, limit=60, **more):
        """Works until nothing is left; exit status, counts, and what was said."""
        worker = self.work("--until-empty", *options, **more)
        out, said = worker.communicate(timeout=limit)
        return worker.returncode, json.loads(out), said

    def stats(self):
        with urllib.request.urlopen(f"{self.provider.url}/fake/stats") as answer:
            return json.load(answer)

    def billed(self):
        """Answers and tokens of output that the provider would bill."""
        rows = self.stats()["billed"]
        return sum(row["requests"] for row in rows), sum(row["output_tokens"] for row in rows)

    def ledger_rows(self):
        """Rows of the ledger as objects."""
        out = subprocess.run([self.tierway, "ledger", "--store", self.store, "--format", "json"],
                             capture_output=True, text=True, cwd=self.folder.path, timeout=60).stdout
        return [json.loads(row) for row in out.splitlines()]

    def ledger(self):
        answers = [row["output_tokens"] for row in self.ledger_rows()
                   if row["outcome"] == "answered"]
        return len(answers), sum(answers)

    def listed(self):
        rows = self.jobs("list", "--format", "json").stdout.splitlines()
        return [json.loads(row) for row in rows]

    def states(self):
        return sorted((row["id"], row["state"]) for row in self.listed())

    def results(self):
        rows = self.jobs("export").stdout.splitlines()
        return {row["custom_id"]: row for row in map(json.loads, rows)}

    def done(self):
        return sum(state == "done" for _, state in self.states())

    def wait_for(self, count):
        check(f"{count} jobs are done", True, wait_until(lambda: self.done() >= count))


def have(program):
    return shutil.which(program) is not None
