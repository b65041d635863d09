"""tierway jobs from outside: jobs.py TIERWAY. Submitting, refusals, workers that are killed, and that
the ledger agrees with what the provider billed."""
import json
import signal
import subprocess
import sys
import time

from gateway import Folder, Process

TIERWAY = sys.argv[1]
POLICY = "late: when waited > 20h -> default\notherwise -> flex\n"
passed, failures = 0, []


def check(what, wanted, got):
    global passed
    if wanted == got:
        passed += 1
    else:
        failures.append(what)
        print(f"FAILED: {what}\n  wanted: {wanted!r}\n  got:    {got!r}", flush=True)


def line(name, url="/v1/chat/completions"):
    return json.dumps({"custom_id": name, "method": "POST", "url": url, "body": {
        "model": "gpt-5-mini", "messages": [{"role": "user", "content": "hi"}]}}) + "\n"


class Queue:
    """A folder with a policy and a store, and a stand-in provider."""

    def __init__(self, *options):
        self.folder = Folder()
        self.provider = Process(TIERWAY, "fake-provider", *options)
        self.folder.file("queue.tier", POLICY)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.provider.stop()
        self.folder.remove()

    def jobs(self, *arguments, text=""):
        return subprocess.run([TIERWAY, "jobs", *arguments, "--store", "queue.db"], input=text,
                              capture_output=True, text=True, cwd=self.folder.path, timeout=60)

    def work(self, *options):
        return subprocess.Popen(
            [TIERWAY, "jobs", "work", "--policy", "queue.tier", "--upstream",
             f"{self.provider.url}/v1", "--store", "queue.db", "--lease", "1s", *options],
            cwd=self.folder.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def states(self):
        rows = self.jobs("list", "--format", "json").stdout.splitlines()
        return sorted((json.loads(row)["id"], json.loads(row)["state"]) for row in rows)

    def done(self):
        return sum(state == "done" for _, state in self.states())

    def wait_for(self, count):
        limit = time.monotonic() + 30
        while self.done() < count and time.monotonic() < limit:
            time.sleep(0.02)


def test_submit():
    with Queue() as queue:
        first = queue.jobs("submit", text=line("a") + "\n" + line("b"))
        check("submitted", (0, "a\nb\n"), (first.returncode, first.stdout))
        again = queue.jobs("submit", "--format", "json", text=line("a") + line("c"))
        check("the same id is no second job", {"submitted": 1, "existed": 1},
              json.loads(again.stdout))
        for what, text, words in (
                ("no JSON", "{\n", "line 1:"), ("a bad second line", line("d") + "7\n", "line 2:"),
                ("a URL that is none", line("d", "/v1/nothing"), "line 1:"), ("nothing", "", "")):
            bad = queue.jobs("submit", text=text)
            check(what, (2, "", True), (bad.returncode, bad.stdout, words in bad.stderr))
        check("of bad files nothing", 3, len(queue.states()))
        check("cancelled", 0, queue.jobs("cancel", "b").returncode)
        check("not twice", 1, queue.jobs("cancel", "b").returncode)
        check("no such job", 1, queue.jobs("show", "nobody").returncode)
        worker = queue.work("--until-empty", "--format", "json")
        out = worker.communicate(timeout=60)[0]
        check("worked", (0, 2), (worker.returncode, json.loads(out)["done"]))
        check("states", [("a", "done"), ("b", "cancelled"), ("c", "done")], queue.states())
        results = [json.loads(row) for row in queue.jobs("export").stdout.splitlines()]
        check("results", ["a", "c"], [row["custom_id"] for row in results])
        check("answers", [200, 200], [row["response"]["status_code"] for row in results])


def test_killed():
    with Queue("--flex-refused", "30%", "--latency", "flex=20") as queue:
        names = sorted(f"job{i:03}" for i in range(200))
        queue.jobs("submit", text="".join(map(line, names)))
        victim, other = queue.work("--concurrency", "4"), queue.work("--until-empty")
        queue.wait_for(40)
        victim.send_signal(signal.SIGKILL)
        victim.communicate()
        check("the other ends", 0, other.wait(120))
        other.communicate()
        check("each job ends once", [(name, "done") for name in names], queue.states())
        results = [json.loads(row) for row in queue.jobs("export").stdout.splitlines()]
        check("one result each", names, sorted(row["custom_id"] for row in results))
        check("one answer each", 200, len({row["response"]["body"]["id"] for row in results}))
        rows = subprocess.run([TIERWAY, "stats", "--store", "queue.db", "--format", "json"],
                              capture_output=True, text=True, cwd=queue.folder.path, check=True)
        check("the ledger has each answer", 200, json.loads(rows.stdout)["counts"]["flex"])


def test_told_to_stop():
    with Queue("--latency", "flex=50") as queue:
        queue.jobs("submit", text="".join(line(f"job{i}") for i in range(50)))
        worker = queue.work("--concurrency", "2")
        queue.wait_for(3)
        worker.terminate()
        check("ends with 0", 0, worker.wait(30))
        worker.communicate()
        states = [state for _, state in queue.states()]
        check("nothing is left running", 0, states.count("running"))
        check("the others wait", 50, states.count("done") + states.count("queued"))


test_submit()
test_killed()
test_told_to_stop()
print(f"{passed} passed, {len(failures)} failed")
sys.exit(1 if failures else 0)
