"""`jobs submit`, `jobs work` and `serve` on one SQLite file, all of them killed with SIGKILL at random
moments: the file stays whole, and what was promised is there. shared_file.py TIERWAY"""
import json
import os
import random
import sqlite3
import subprocess
import sys
import threading

from checks import check, run_tests
from gateway import LIMIT, Process, ask, wait_until
from job_queue import Queue, lines

TIERWAY = sys.argv[1]
KILLS, GROUP = 40, 5
BODY = json.dumps({"model": "gpt-5-mini", "messages": [{"role": "user", "content": "hi"}]}).encode()


class Storm:
    """Keeps one process of each kind running, until so many were killed."""

    def __init__(self, queue):
        self.queue, self.random = queue, random.Random(7)
        self.promised, self.delivered = [], []
        self.batch = 0
        self.over = threading.Event()

    def submit(self):
        """A process that submits some jobs; what it said was submitted has to be done."""
        self.batch += 1
        self.queue.folder.file("batch.jsonl", lines(GROUP, f"batch{self.batch:03}-"))
        return subprocess.Popen(
            [TIERWAY, "jobs", "submit", "batch.jsonl", "--store", self.queue.store],
            cwd=self.queue.folder.path, stdout=subprocess.PIPE, text=True)

    def serve(self):
        return Process(TIERWAY, "serve", "--policy", "queue.tier", "--listen", "127.0.0.1:0",
                       "--upstream", f"{self.queue.upstream}/v1", "--store", self.queue.store,
                       "--config", "serve.yaml", "--threads", "1", cwd=self.queue.folder.path)

    def call(self, address):
        """One request after another, until the gateway is gone."""
        try:
            while not self.over.is_set():
                answer = ask(address, "POST", "/v1/chat/completions",
                             [("Content-Type", "application/json")], BODY)
                if answer.status == 200 and answer.complete:
                    self.delivered.append(answer.header("x-tierway-request-id"))
        except (OSError, EOFError):
            pass

    def rows(self):
        """How many there are, as somebody who only reads sees it."""
        try:
            return self.queue.folder.rows("count(*)", self.queue.store)[0][0]
        except (sqlite3.Error, IndexError):
            return 0

    def run(self):
        for _ in range(KILLS):
            before = self.rows()
            submitter, worker, gateway = self.submit(), self.queue.work("--concurrency", "4"), None
            gateway = self.serve()
            caller = threading.Thread(target=self.call, args=(gateway.address,))
            caller.start()
            progress = self.random.randrange(1, 25)
            wait_until(lambda: self.rows() >= before + progress)
            for process in self.random.sample([submitter, worker, gateway.process], 3):
                process.kill()
            caller.join(LIMIT)
            said = submitter.communicate(timeout=LIMIT)[0]
            worker.communicate(timeout=LIMIT)
            gateway.process.wait(LIMIT)
            gateway.process.stdout.close()
            if submitter.returncode == 0:
                self.promised += said.split()


def test_shared_file():
    with Queue(TIERWAY, "--seed", "3",
               policy="otherwise -> flex strict\n") as queue:
        queue.folder.file("serve.yaml", "jobs:\n  concurrency: 2\n  lease: 1s\n")
        storm = Storm(queue)
        storm.run()
        storm.over.set()
        code, counts, said = queue.work_off("--concurrency", "8", limit=120)
        check("the rest is done", (0, 0, ""), (code, counts["failed"], said))
        path = os.path.join(queue.folder.path, queue.store)
        with sqlite3.connect(path) as connection:
            check("the file is whole", [("ok",)],
                  connection.execute("PRAGMA integrity_check").fetchall())
        exported = [json.loads(line)["custom_id"]
                    for line in queue.jobs("export").stdout.splitlines()]
        check("each job ended once", len(exported), len(set(exported)))
        check("what was promised is done", set(), set(storm.promised) - set(exported))
        check("some was", True, len(storm.promised) > GROUP)
        rows = [row[0] for row in queue.folder.rows("request_id", queue.store)]
        check("what was delivered is accounted for", set(), set(storm.delivered) - set(rows))
        check("something was", True, len(storm.delivered) > KILLS)


run_tests(dict(globals()))
