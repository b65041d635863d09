"""tierway jobs from outside: jobs.py TIERWAY. Submitting, refusals, workers that are killed, and that
the ledger agrees with what the provider billed."""
import json
import os
import pty
import signal
import subprocess
import sys
import time

from checks import check, run_tests
from gateway import wait_until
from job_queue import Queue as AnyQueue, line, lines

TIERWAY = sys.argv[1]


def Queue(*options, **more):
    return AnyQueue(TIERWAY, *options, **more)


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
        status, counts, _ = queue.work_off()
        check("worked", (0, 2), (status, counts["done"]))
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


def test_wait():
    with Queue("--latency", "flex=300") as queue:
        queue.submit(line("a") + line("b") + line("c"))
        check("the time is over", 2, queue.jobs("wait", "--timeout", "100ms").returncode)
        check("no such job", 1, queue.jobs("wait", "nobody").returncode)
        worker = queue.work()
        waited = queue.jobs("wait", "a", "b", "c")
        check("all are done", 0, waited.returncode)
        check("lines", True, waited.stderr.endswith(
            "3 of 3 ended: 3 done, 0 failed, 0 cancelled; 0 running\n"))
        queue.submit(line("d", model="x") + line("e"), "--set", "nonsense=1")
        check("some failed", 1, queue.jobs("wait").returncode)
        check("those that are named", 0, queue.jobs("wait", "a").returncode)
        check("of no batch", 0, queue.jobs("wait", "--batch", "batch_none").returncode)
        check("not both", 2, queue.jobs("wait", "a", "--batch", "b").returncode)
        worker.terminate()
        worker.communicate(timeout=30)


def test_wait_bar():
    """On a terminal a bar, which is overwritten."""
    with Queue() as queue:
        queue.submit(lines(20))
        outer, inner = pty.openpty()
        waiting = subprocess.Popen([TIERWAY, "jobs", "wait", "--store", "queue.db"],
                                   cwd=queue.folder.path, stderr=inner)
        os.close(inner)
        queue.work_off()
        seen = b""
        try:
            while piece := os.read(outer, 4096):
                seen += piece
        except OSError:  # the terminal's other end was closed
            pass
        os.close(outer)
        check("waited", 0, waiting.wait(20))
        check("a bar", True, b"\r[" in seen and b"[" + b"#" * 30 + b"] 20 of 20 ended" in seen)


def test_retry():
    with Queue("--fault", "400") as queue:
        queue.submit(line("a") + line("b") + line("c"))
        status, counts, _ = queue.work_off()
        check("all fail at once", (1, 3, 3), (status, counts["failed"], queue.stats()["requests"]))
        row = queue.results()["a"]
        check("the provider's own words, as OpenAI has them", (400, None, "invalid_request_error"),
              (row["response"]["status_code"], row["error"],
               row["response"]["body"]["error"]["type"]))
        check("only failed ones", 1, queue.jobs("retry", "nobody").returncode)
        check("either or", 2, queue.jobs("retry").returncode)
        check("either or", 2, queue.jobs("retry", "a", "--failed").returncode)
        queue.provider.stop()
        queue.provider = type(queue.provider)(TIERWAY, "fake-provider")
        queue.upstream = queue.provider.url
        check("one", 0, queue.jobs("retry", "a").returncode)
        check("queued", [("a", "queued"), ("b", "failed"), ("c", "failed")], queue.states())
        check("not twice", 1, queue.jobs("retry", "a").returncode)
        rest = queue.jobs("retry", "--failed", "--deadline", "1h")
        check("the rest", (0, "2 jobs are queued again\n"), (rest.returncode, rest.stdout))
        check("done now", 3, queue.work_off()[1]["done"])
        check("results", [200] * 3,
              [row["response"]["status_code"] for row in queue.results().values()])


def test_export_to_a_file():
    with Queue() as queue:
        queue.submit(lines(300))
        queue.work_off()
        path = os.path.join(queue.folder.path, "out.jsonl")
        check("written", 0, queue.jobs("export", "-o", "out.jsonl").returncode)
        with open(path) as file:
            check("as to standard output", queue.jobs("export").stdout, file.read())
        check("no such folder", 2, queue.jobs("export", "-o", "nowhere/out").returncode)
        check("a state without results", 2,
              queue.jobs("export", "-o", "out.jsonl", "--state", "queued").returncode)
        with open(path) as file:
            check("what was there stays", 300, len(file.readlines()))
        check("nothing is left beside it", [], [
            name for name in os.listdir(queue.folder.path) if name.startswith("out.jsonl.")])
        check("of no batch", "", queue.jobs("export", "--batch", "batch_none").stdout)


def test_show():
    with Queue("--flex-schedule", "pattern RO") as queue:
        queue.submit(line("a"), "--callback", "command", "--set", "user=me")
        before = json.loads(queue.jobs("show", "a", "--format", "json").stdout)
        check("queued", ("queued", "command", None, 0, []),
              tuple(before[name] for name in ("state", "callback", "result", "claims", "attempts")))
        queue.work_off()
        after = json.loads(queue.jobs("show", "a", "--format", "json").stdout)
        check("done", ("done", 2, 1, 0), tuple(
            after[name] for name in ("state", "claims", "refusals", "expired")))
        check("its request", {"user": "me"}, after["job"]["attributes"])
        check("its answer", 200, after["result"]["response"]["status_code"])
        attempt = after["attempts"][0]
        check("its attempt", ("answered", "flex", "flex", "otherwise"), tuple(
            attempt[name] for name in ("outcome", "chosen_tier", "attempted_tier", "rule")))
        check("instants", True, after["submitted"] <= after["ended"] < after["deadline"])
        text = queue.jobs("show", "a").stdout
        for words in ("state:     done\n", "callback:  command\n", "2 claims"[2:], "deadline:  20",
                      "attempt:   answered at flex, rule otherwise"):
            check(words, True, words in text)


def test_store_is_locked():
    """Somebody holds the store: work waits, and goes on by itself."""
    with Queue("--latency", "flex=20") as queue:
        queue.submit(lines(60))
        worker = queue.work("--until-empty", "--concurrency", "4", lease="30s")
        queue.wait_for(5)
        holder = subprocess.Popen(["flock", "queue.db-lock", "sleep", "4"], cwd=queue.folder.path)
        time.sleep(2.5)
        asked = queue.stats()["requests"]
        time.sleep(0.5)
        check("nothing new is begun", asked, queue.stats()["requests"])
        holder.wait()
        out, said = worker.communicate(timeout=60)
        check("all are done", (0, 60), (worker.returncode, json.loads(out)["done"]))
        check("it is said", (1, 1), (said.count("work waits"), said.count("can be used again")))
        check("nothing was lost or paid twice", (60, queue.billed()),
              (queue.billed()[0], queue.ledger()))


def test_told_to_stop_while_locked():
    """The answers that it has are stored before it ends, however long that takes."""
    with Queue("--latency", "flex=500") as queue:
        queue.submit(lines(20))
        worker = queue.work("--concurrency", "4", lease="30s")
        check("sent", True, wait_until(lambda: queue.stats()["requests"] >= 4))
        holder = subprocess.Popen(["flock", "queue.db-lock", "sleep", "4"], cwd=queue.folder.path)
        time.sleep(1)
        worker.terminate()
        time.sleep(1)
        check("it waits", None, worker.poll())
        holder.wait()
        out, _ = worker.communicate(timeout=30)
        check("ends", (0, 4), (worker.returncode, json.loads(out)["done"]))
        check("nothing was lost", queue.billed(), queue.ledger())


def test_rate_limits():
    """A Retry-After holds for all threads; that of a refused flex for none."""
    with Queue("--fault", "429=2") as queue:
        queue.submit(lines(16))
        worker = queue.work("--concurrency", "8", lease="30s")
        check("the first", True, wait_until(lambda: queue.stats()["requests"] >= 1))
        time.sleep(1)
        first = queue.stats()["requests"]
        check("at most those under way", True, first <= 8)
        queue.provider.stop()
        queue.provider = type(queue.provider)(TIERWAY, "fake-provider")
        worker.terminate()
        worker.communicate(timeout=30)
    with Queue("--flex-schedule", "refuse first 8") as queue:
        queue.submit(lines(16))
        begun = time.monotonic()
        queue.work_off("--concurrency", "8")
        check("300 s of a refused flex are not waited for", True, time.monotonic() - begun < 20)
        check("all done", 16, queue.done())


def test_lost_lease():
    """A worker that stands still longer than its lease: another one takes the job, and both say so."""
    with Queue("--latency", "flex=1500") as queue:
        queue.submit(line("a"))
        still = queue.work("--concurrency", "1")
        check("sent", True, wait_until(lambda: queue.stats()["requests"] == 1))
        still.send_signal(signal.SIGSTOP)
        _, counts, _ = queue.work_off()
        check("done once, with a claim that ran out", (1, 1), (counts["done"], counts["expired"]))
        still.send_signal(signal.SIGCONT)
        still.terminate()
        out, _ = still.communicate(timeout=30)
        check("the other one lost it", (0, 1), tuple(json.loads(out)[n] for n in ("done", "lost")))
        check("it is listed", 1, queue.listed()[0]["expired"])
        check("it is shown", True, "1 ran out" in queue.jobs("show", "a").stdout)
        check("both answers are in the ledger", (2, queue.billed()),
              (queue.billed()[0], queue.ledger()))


run_tests(globals())
