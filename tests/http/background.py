"""/tierway/jobs, /v1/files and /v1/batches of `tierway serve`: what is made, who may see it, what is
refused, and what is left when the gateway is killed. OpenAI's client is in tests/client."""
import hashlib
import json
import sqlite3
import sys

from checks import check, run_tests
from gateway import Caller, Folder, Process, ask, request_bytes, wait_until
from job_queue import line, lines

TIERWAY = sys.argv[1]
with open(TIERWAY, "rb") as binary:  # the sanitizer holds back what was freed
    ROOM = 64 if b"__asan_init" in binary.read() else 1
POLICY = "urgent: when priority == high -> default\notherwise -> flex\n"
BODY = b'{"model": "gpt-5-mini", "messages": [{"role": "user", "content": "hi"}]}'


def ask_as(host, address, method, path, body=b"", headers=()):
    caller = Caller(address)
    headers = (("Content-Type", "application/json"), *headers)
    caller.send(request_bytes(method, path, headers, body, host))
    answer = caller.answer(method)
    caller.close()
    return answer


class Gateway:
    """A stand-in provider, and a gateway before it whose store is queue.db."""

    def __init__(self, *options, fake=(), config=""):
        self.folder = Folder()
        self.folder.file("policy.tier", POLICY)
        self.provider = Process(TIERWAY, "fake-provider", *fake)
        self.folder.file("tierway.yaml", "policy: policy.tier\nstore: queue.db\n"
                         f"listen: 127.0.0.1:0\nupstream:\n  url: {self.provider.url}/v1\n" + config)
        self.options = options
        self.start()

    def start(self):
        self.process = Process(TIERWAY, "serve", "--config", "tierway.yaml", *self.options,
                               cwd=self.folder.path)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.process.process.poll() is None:
            check("the gateway ends with 0", 0, self.process.stop())
        self.provider.stop()
        self.folder.remove()

    def ask(self, method, path, body=b"", headers=()):
        """The status, and the JSON of the answer."""
        answer = ask_as("localhost", self.process.address, method, path, body, headers)
        return answer.status, answer.json()

    def jobs(self, body, query="", headers=()):
        body = body if isinstance(body, bytes) else body.encode()
        return self.ask("POST", "/tierway/jobs" + query, body, headers)

    def ended(self, name, state="done"):
        return wait_until(lambda: self.ask("GET", f"/tierway/jobs/{name}")[1]["state"] == state)

    def upload(self, content, purpose="batch", headers=()):
        mark = "----bound"
        body = (f'--{mark}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n{purpose}\r\n'
                f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="in.jsonl"\r\n'
                f"Content-Type: application/octet-stream\r\n\r\n{content}\r\n--{mark}--\r\n")
        answer = ask(self.process.address, "POST", "/v1/files",
                     (("Content-Type", f"multipart/form-data; boundary={mark}"), *headers),
                     body.encode())
        return answer.status, answer.json()

    def batch(self, content, headers=(), **members):
        file = self.upload(content, headers=headers)[1]
        order = {"input_file_id": file["id"], "endpoint": "/v1/chat/completions",
                 "completion_window": "24h", **members}
        return self.ask("POST", "/v1/batches", json.dumps(order).encode(), headers)[1]

    def batch_ended(self, name):
        def over():
            batch = self.ask("GET", f"/v1/batches/{name}")[1]
            return batch if batch["status"] in ("completed", "failed", "expired") else None
        return wait_until(over, 60)

    def control(self, path):
        return ask(self.provider.address, "POST", "/fake/" + path).status


def error_of(answer):
    status, body = answer
    return status, body["error"]["code"], body["error"]["param"]


def test_jobs():
    with Gateway(fake=("--latency", "flex=2")) as test:
        check("one body", (200, {"object": "list", "data": [
            {"id": "a", "existed": False, "differs": False}],
            "submitted": 1, "existed": 0, "differing": 0}), test.jobs(BODY, "?id=a&deadline=2h"))
        check("the same id again", (0, 1, 0), tuple(
            test.jobs(BODY, "?id=a")[1][k] for k in ("submitted", "existed", "differing")))
        check("the same id, another body", (0, 1, 1), tuple(
            test.jobs(BODY.replace(b"hi", b"ho"), "?id=a")[1][k]
            for k in ("submitted", "existed", "differing")))
        check("it is done", True, test.ended("a"))
        job = test.ask("GET", "/tierway/jobs/a")[1]
        check("a job", ("job", "a", "done", 1), (job["object"], job["id"], job["state"],
                                                   job["claims"]))
        result = test.ask("GET", "/tierway/jobs/a/result")[1]
        check("its result", ("a", 200, "flex", None),
              (result["custom_id"], result["response"]["status_code"],
               result["response"]["body"]["service_tier"], result["error"]))
        made = test.jobs(BODY)[1]["data"][0]["id"]
        check("an id that is made", True, len(made) > 8 and test.ended(made))
        pretty = json.dumps(json.loads(BODY), indent=2).encode()
        check("a body over several lines", 200, test.jobs(pretty, "?id=pretty")[0])
        check("lines", 3, test.jobs(lines(3))[1]["submitted"])
        check("an attribute", 200, test.jobs(BODY, "?id=high",
                                             (("x-tierway-priority", "high"),))[0])
        check("all end", True, all(test.ended(name) for name in
                                   ("high", "pretty", "job0000", "job0001", "job0002")))
        check("the attribute decided", "default", test.ask(
            "GET", "/tierway/jobs/high/result")[1]["response"]["body"]["service_tier"])
        rows = sqlite3.connect(test.folder.path + "/queue.db").execute(
            "select count(*) from ledger where cost > 0").fetchone()[0]
        check("each has its row", 7, rows)


def test_list():
    with Gateway("--jobs-concurrency", "0") as test:
        test.jobs(lines(25))
        first = test.ask("GET", "/tierway/jobs?limit=10")[1]
        check("a page", ([f"job{i:04}" for i in range(10)], True),
              ([job["id"] for job in first["data"]], first["has_more"]))
        rest = test.ask("GET", f"/tierway/jobs?limit=20&after={first['last']}")[1]
        check("the rest", ([f"job{i:04}" for i in range(10, 25)], False),
              ([job["id"] for job in rest["data"]], rest["has_more"]))
        check("cancelled", (200, "cancelled"), (lambda a: (a[0], a[1]["state"]))(
            test.ask("POST", "/tierway/jobs/job0003/cancel")))
        check("cancelled twice", (409, "wrong_state", "id"),
              error_of(test.ask("POST", "/tierway/jobs/job0003/cancel")))
        check("of a state", ["job0003"], [job["id"] for job in test.ask(
            "GET", "/tierway/jobs?state=cancelled")[1]["data"]])
        check("tried again", (200, "queued"), (lambda a: (a[0], a[1]["state"]))(
            test.ask("POST", "/tierway/jobs/job0003/retry?deadline=1h")))
        check("of a queued one", (409, "wrong_state", "id"),
              error_of(test.ask("POST", "/tierway/jobs/job0003/retry")))
        check("no result", (404, "no_result", "id"),
              error_of(test.ask("GET", "/tierway/jobs/job0003/result")))


def test_refused():
    with Gateway("--jobs-concurrency", "0") as test:
        for what, wanted, answer in (
                ("nothing", (400, "invalid_request", None), test.jobs(b"")),
                ("no JSON", (400, "invalid_request", None), test.jobs(b"{")),
                ("an array", (400, "invalid_request", None), test.jobs(b"[1]")),
                ("no model", (400, "invalid_request", None), test.jobs(b'{"messages": []}')),
                ("a stream", (400, "invalid_request", None),
                 test.jobs(BODY[:-1] + b', "stream": true}')),
                ("a line of several", (400, "invalid_request", None),
                 test.jobs(line("good") + "{}\n")),
                ("one id, two requests", (400, "invalid_request", None),
                 test.jobs(line("x") + line("x", text="other"))),
                ("an id for lines", (400, "invalid_request", None),
                 test.jobs(lines(2), "?id=a")),
                ("an id too long", (400, "invalid_value", "id"),
                 test.jobs(BODY, "?id=" + "x" * 257)),
                ("a deadline", (400, "invalid_value", "deadline"),
                 test.jobs(BODY, "?deadline=soon")),
                ("a deadline below zero", (400, "invalid_value", "deadline"),
                 test.jobs(BODY, "?deadline=-5m")),
                ("a state", (400, "invalid_value", "state"),
                 test.ask("GET", "/tierway/jobs?state=lost")),
                ("a limit", (400, "invalid_value", "limit"),
                 test.ask("GET", "/tierway/jobs?limit=0")),
                ("no such job", (404, "job_not_found", "id"),
                 test.ask("GET", "/tierway/jobs/none")),
                ("a method", (405, "method_not_supported", None),
                 test.ask("DELETE", "/tierway/jobs/none")),
                ("a path", (404, "not_found", None),
                 test.ask("GET", "/tierway/jobs/none/else")),
                ("a host", (403, "host_not_allowed", None),
                 (lambda a: (a.status, a.json()))(ask_as("evil.example", test.process.address, "GET",
                                                         "/tierway/jobs")))):
            check(what, wanted, error_of(answer))
        check("nothing was kept", [], test.ask("GET", "/tierway/jobs")[1]["data"])


def caller_entry(name, key, admin=False):
    digest = hashlib.sha256(key.encode()).hexdigest()
    return (f"  - name: {name}\n    sha256: {digest}\n" + ("    admin: true\n" if admin else ""))


def test_owners():
    entries = "callers:\n" + caller_entry("ann", "key-of-ann") + caller_entry(
        "bob", "key-of-bob") + caller_entry("eve", "key-of-eve", True)
    ann, bob, eve = ((("Authorization", f"Bearer key-of-{name}"),) for name in ("ann", "bob", "eve"))
    with Gateway("--jobs-concurrency", "0", config=entries) as test:
        check("without a key", (401, "invalid_api_key", None), error_of(test.jobs(BODY)))
        check("ann's", 200, test.jobs(BODY, "?id=hers", ann)[0])
        check("ann sees it", 200, test.ask("GET", "/tierway/jobs/hers", headers=ann)[0])
        check("bob does not", (404, "job_not_found", "id"),
              error_of(test.ask("GET", "/tierway/jobs/hers", headers=bob)))
        check("nor may he cancel it", 404,
              test.ask("POST", "/tierway/jobs/hers/cancel", headers=bob)[0])
        check("nor is it in his list", [], test.ask("GET", "/tierway/jobs", headers=bob)[1]["data"])
        check("an admin sees it", 1, len(test.ask("GET", "/tierway/jobs", headers=eve)[1]["data"]))
        file = test.upload(line("a"), headers=ann)[1]["id"]
        check("bob has no such file", 404, test.ask("GET", f"/v1/files/{file}", headers=bob)[0])
        order = json.dumps({"input_file_id": file, "endpoint": "/v1/chat/completions",
                            "completion_window": "24h"}).encode()
        check("bob makes no batch of it", 404,
              test.ask("POST", "/v1/batches", order, bob)[0])
        batch = test.ask("POST", "/v1/batches", order, ann)[1]["id"]
        check("bob has no such batch", (404, [200, 200]),
              (test.ask("GET", f"/v1/batches/{batch}", headers=bob)[0],
               [test.ask("GET", f"/v1/batches/{batch}", headers=who)[0] for who in (ann, eve)]))
        check("nor does he cancel it", 404,
              test.ask("POST", f"/v1/batches/{batch}/cancel", headers=bob)[0])


def test_files():
    with Gateway("--jobs-concurrency", "0") as test:
        check("no purpose", 400, ask(test.process.address, "POST", "/v1/files", (
            ("Content-Type", "multipart/form-data; boundary=x"),),
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n{}\r\n'
            b"--x--\r\n").status)
        many = test.batch("".join(line(f"n{i}") for i in range(60000)))["id"]
        begun = wait_until(lambda: test.ask("GET", f"/v1/batches/{many}")[1]["status"] ==
                           "in_progress", 60)
        check("more lines than OpenAI takes", (True, 60000), (begun, test.ask(
            "GET", f"/v1/batches/{many}")[1]["request_counts"]["total"]))
        check("it is cancelled", 200, test.ask("POST", f"/v1/batches/{many}/cancel")[0])
        check("at once", True, wait_until(lambda: test.ask(
            "GET", f"/v1/batches/{many}")[1]["status"] == "cancelled", 60))
        check("no job is queued", [], test.ask(
            "GET", f"/tierway/jobs?batch={many}&state=queued")[1]["data"])
        check("no metadata of numbers", "metadata",
              test.batch(line("a"), metadata={"a": 1})["error"]["param"])


def test_memory():
    """20 MB come in and go out again, and are not kept."""
    with Gateway("--jobs-concurrency", "0") as test:
        text = "".join(line(f"n{i}", text="x" * 8000) for i in range(2500))
        before = test.process.memory()
        file = test.upload(text)[1]
        check("kept whole", len(text), file["bytes"])
        after = ask(test.process.address, "GET", f"/v1/files/{file['id']}/content")
        check("read back whole", True, after.body.decode() == text)
        check("memory in the end", True, test.process.memory() - before < ROOM * 80 << 20)


def test_killed():
    """Killed in the middle of a batch, again and again: the batch ends, with each line once."""
    count = 300
    with Gateway("--jobs-concurrency", "8", fake=("--latency", "flex=20"),
                 config="jobs:\n  lease: 1s\n") as test:
        batch = test.batch("".join(line(f"n{i}") for i in range(count)))["id"]
        for kill in range(4):
            wanted = 40 * (kill + 1)
            wait_until(lambda: test.ask("GET", f"/v1/batches/{batch}")[1][
                "request_counts"]["completed"] >= wanted)
            test.process.kill()
            test.start()
        end = test.batch_ended(batch)
        check("completed", ("completed", {"total": count, "completed": count, "failed": 0}),
              (end and end["status"], end and end["request_counts"]))
        content = ask(test.process.address, "GET", f"/v1/files/{end['output_file_id']}/content")
        names = [json.loads(one)["custom_id"] for one in content.body.splitlines()]
        check("each once", (count, count), (len(names), len(set(names))))
        stats = ask(test.provider.address, "GET", "/fake/stats").json()
        billed = sum(row["requests"] for row in stats["billed"])
        check("no more than what was under way is paid twice", True, count <= billed <= count + 4 * 8)
        connection = sqlite3.connect(test.folder.path + "/queue.db")
        check("the store is whole", "ok",
              connection.execute("pragma integrity_check").fetchone()[0])
        connection.close()


if __name__ == "__main__":
    run_tests(globals())
