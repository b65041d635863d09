"""tierway jobs from outside: jobs.py TIERWAY. Submitting, refusals, workers that are killed, and that
the ledger agrees with what the provider billed."""
import json
import os
import signal
import subprocess
import sys
import urllib.request

from checks import check, run_tests
from gateway import Folder, Process, wait_until

TIERWAY = sys.argv[1]
POLICY = "late: when waited > 20h -> default\notherwise -> flex\n"


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

    def work(self, *options, key=""):
        return subprocess.Popen(
            [TIERWAY, "jobs", "work", "--policy", "queue.tier", "--upstream",
             f"{self.provider.url}/v1", "--store", "queue.db", "--lease", "1s", *options],
            cwd=self.folder.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "OPENAI_API_KEY": key})

    def billed(self):
        """Answers and tokens of output that the provider would bill."""
        with urllib.request.urlopen(f"{self.provider.url}/fake/stats") as answer:
            rows = json.load(answer)["billed"]
        return sum(row["requests"] for row in rows), sum(row["output_tokens"] for row in rows)

    def ledger(self):
        rows = self.folder.rows("output_tokens, outcome", store="queue.db")
        answers = [tokens for tokens, outcome in rows if outcome == 0]
        return len(answers), sum(answers)

    def states(self):
        rows = self.jobs("list", "--format", "json").stdout.splitlines()
        return sorted((json.loads(row)["id"], json.loads(row)["state"]) for row in rows)

    def done(self):
        return sum(state == "done" for _, state in self.states())

    def wait_for(self, count):
        check(f"{count} jobs are done", True, wait_until(lambda: self.done() >= count))


def test_submit():
    with Queue() as queue:
        first = queue.jobs("submit", text=line("a") + "\n" + line("b"))
        check("submitted", (0, "a\nb\n"), (first.returncode, first.stdout))
        again = queue.jobs("submit", "--format", "json", text=line("a") + line("c"))
        check("the same id is no second job", {"submitted": 1, "existed": 1, "differing": 0},
              json.loads(again.stdout))
        other = queue.jobs("submit", text=line("a").replace("hi", "other"))
        check("an id of another request is said", (1, True),
              (other.returncode, "ANOTHER REQUEST" in other.stdout))
        for what, text, words in (
                ("no JSON", "{\n", "line 1:"), ("a bad second line", line("d") + "7\n", "line 2:"),
                ("a URL that is none", line("d", "/v1/nothing"), "line 1:"),
                ("one id for two", line("d") + line("e") + line("d"), "line 3: the id"),
                ("cut in the middle", line("d")[:60], "line 1:"),
                ("blanks that end without a line's end", "\n \n   ", "no request"),
                ("nothing", "", "no request")):
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
        check("the ledger is the provider's bill", queue.billed(), queue.ledger())


def test_request_that_cannot_be_sent():
    with Queue() as queue:
        queue.jobs("submit", "--set", "prioritty=low", text=line("a"))
        queue.jobs("submit", text=line("b"))
        worker = queue.work("--until-empty")
        worker.communicate(timeout=60)
        check("one bad job does not stop the others", 1, worker.returncode)
        check("it fails", [("a", "failed"), ("b", "done")], queue.states())
        queue.jobs("submit", text=line("c"))
        worker = queue.work("--until-empty", key="tw-secret\n")
        said = worker.communicate(timeout=60)[1]
        check("a key that cannot be sent stops the worker", 2, worker.returncode)
        check("the key is not said", False, "tw-secret" in said)
        check("the job waits", ("c", "queued"), queue.states()[2])


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
        check("the ledger has each answer once", 200, queue.ledger()[0])
        check("paid twice: at most what the killed worker was at", True,
              200 <= queue.billed()[0] <= 200 + 4)


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
        check("nothing that was sent is lost", queue.billed(), queue.ledger())


run_tests(globals())
