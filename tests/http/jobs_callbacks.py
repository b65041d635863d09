"""Callbacks of jobs that have ended: jobs_callbacks.py TIERWAY. Signed as the Standard Webhooks
specification says, delivered until it is answered, and only where the worker's operator allows it."""
import base64
import hashlib
import hmac
import json
import os
import signal
import sys
import time

from checks import check, run_tests
from gateway import Upstream, wait_until
from job_queue import Queue as AnyQueue, line, lines

TIERWAY = sys.argv[1]
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(40, 64))).decode()


def verify(secret, headers, body):
    """As the libraries of the Standard Webhooks specification do it."""
    message, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(time.time() - int(timestamp)) > 300:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{message}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    expected = base64.b64encode(digest).decode()
    return any(hmac.compare_digest(part.split(",", 1)[1], expected)
               for part in headers["webhook-signature"].split(" ") if part.startswith("v1,"))


class Receiver:
    """Takes callbacks; answers with the given statuses in turn, then with 204."""

    def __init__(self, *statuses, headers=""):
        self.statuses, self.headers = list(statuses), headers
        self.upstream = Upstream(self.serve)
        self.url = self.upstream.url

    def serve(self, connection, _head, _body):
        status = self.statuses.pop(0) if self.statuses else 204
        connection.sendall(f"HTTP/1.1 {status} X\r\n{self.headers}content-length: 0\r\n\r\n"
                           .encode())

    def received(self):
        """Path, headers and body of each."""
        rows = []
        for head, body in list(self.upstream.requests):
            first, *rest = head.decode().split("\r\n")
            headers = {k.lower(): v.strip() for k, v in (row.split(":", 1) for row in rest)}
            rows.append((first.split()[1], headers, body))
        return rows

    def close(self):
        self.upstream.close()


class Queue(AnyQueue):
    def __init__(self, *options, secret=SECRET):
        super().__init__(TIERWAY, *options)
        self.folder.file("secret", secret + "\n")

    def allow(self, *urls):
        return [option for url in urls for option in ("--callback-url", url)] + [
            "--callback-secret-file", "secret"]


def test_posted_and_signed():
    receiver = Receiver()
    with Queue(secret=OTHER + "\n" + SECRET) as queue:
        queue.submit(line("a"), "--callback", f"{receiver.url}/hook")
        status, counts, _ = queue.work_off(*queue.allow(f"{receiver.url}/hook"), key="tw-secret-key")
        check("delivered", (0, 1, 1), (status, counts["done"], counts["callbacks_delivered"]))
        (path, headers, body), = receiver.received()
        check("path", "/hook", path)
        check("both keys sign", (True, True), (verify(SECRET, headers, body),
                                               verify(OTHER, headers, body)))
        check("not another body", False, verify(SECRET, headers, body + b" "))
        told = json.loads(body)
        check("what it says", ("job.done", "a", "done", queue.results()["a"]),
              (told["type"], told["data"]["id"], told["data"]["state"], told["data"]["result"]))
        check("no key is sent", (False, False), ("authorization" in headers,
                                                 b"tw-secret" in body or "tw-secret" in str(headers)))
        check("JSON", "application/json", headers["content-type"])
        check("not again", (0, 0), (queue.work_off(*queue.allow(f"{receiver.url}/hook"))[1][
            "callbacks_delivered"], len(receiver.received()) - 1))
    receiver.close()


def test_tried_again():
    """The same id and body each time; a redirect is no delivery, and is not followed."""
    elsewhere = Receiver()
    receiver = Receiver(500, 302, headers=f"location: {elsewhere.url}/\r\n")
    with Queue() as queue:
        queue.submit(line("a"), "--callback", f"{receiver.url}/a")
        worker = queue.work(*queue.allow(f"{receiver.url}/"))
        check("three times", True, wait_until(lambda: len(receiver.received()) >= 3))
        check("delivered", True, wait_until(lambda: json.loads(
            queue.jobs("show", "a", "--format", "json").stdout)["callback_tries"] == 3))
        worker.terminate()
        _, said = worker.communicate(timeout=40)
        rows = receiver.received()
        check("the same", 1, len({(headers["webhook-id"], body) for _, headers, body in rows}))
        check("signed each", [True] * 3, [verify(SECRET, headers, body)
                                          for _, headers, body in rows])
        check("the redirect is not followed", [], elsewhere.received())
        check("said", True, "HTTP status 500" in said and "HTTP status 302" in said)
        check("no secret is said", False, SECRET[6:] in said)
    receiver.close()
    elsewhere.close()


def test_gone():
    receiver = Receiver(410)
    with Queue() as queue:
        queue.submit(line("a"), "--callback", f"{receiver.url}/a")
        counts = queue.work_off(*queue.allow(f"{receiver.url}/a"))[1]
        check("given up", (0, 1), (counts["callbacks_delivered"], counts["callbacks_given_up"]))
        time.sleep(1.5)
        queue.work_off(*queue.allow(f"{receiver.url}/a"))
        check("not again", 1, len(receiver.received()))
    receiver.close()


def test_command():
    with Queue("--fault", "billing") as queue:
        path = queue.folder.file("tell", "#!/bin/sh\nprintf '%s\\n' \"$(cat)\" >>told; env >>seen\n"
                                 "echo this is said; exit $(cat status)\n")
        os.chmod(path, 0o700)
        queue.folder.file("status", "0")
        queue.submit(line("a"), "--callback", "command")
        queue.submit(line("b"), "--callback", "other")
        allow = ("--callback-command", path, "--callback-command", f"other={path}")
        counts = queue.work_off(*allow, key="tw-secret-key")[1]
        with open(os.path.join(queue.folder.path, "told")) as file:
            told = [json.loads(row) for row in file]
        check("both", (2, ["a", "b"], ["failed"] * 2), (
            counts["callbacks_delivered"], sorted(row["data"]["id"] for row in told),
            [row["data"]["state"] for row in told]))
        with open(os.path.join(queue.folder.path, "seen")) as file:
            check("no key in its environment", False, "tw-secret" in file.read())
        queue.folder.file("status", "3")
        queue.submit(line("c"), "--callback", "command")
        counts, said = queue.work_off(*allow)[1:]
        check("not delivered", (0, True), (counts["callbacks_delivered"],
                                           "ended with status 3: this is said" in said))
        queue.folder.file("status", "0")
        time.sleep(1.1)
        check("by the next worker", 1, queue.work_off(*allow)[1]["callbacks_delivered"])


def test_cancelled():
    receiver = Receiver()
    with Queue() as queue:
        queue.submit(line("a"), "--callback", f"{receiver.url}/a")
        queue.jobs("cancel", "a")
        queue.work_off(*queue.allow(f"{receiver.url}/a"))
        told = json.loads(receiver.received()[0][2])
        check("told", ("job.cancelled", None), (told["type"], told["data"]["result"]))
    receiver.close()


def test_not_allowed():
    """What a submitter names is not done unless the operator allows it."""
    receiver = Receiver()
    with Queue() as queue:
        marker = os.path.join(queue.folder.path, "marker")
        script = queue.folder.file("evil", f"#!/bin/sh\ntouch {marker}\n")
        os.chmod(script, 0o700)
        for number, callback in enumerate((script, "a b", "https://u@x.example/", "file:///etc/x")):
            bad = queue.jobs("submit", "--callback", callback, text=line(f"x{number}"))
            check(callback, (2, "--callback:" in bad.stderr), (bad.returncode, True))
        queue.submit(line("a"), "--callback", f"{receiver.url}/other")
        queue.submit(line("b"), "--callback", "evil")
        queue.submit(line("c"), "--callback", f"{receiver.url}/hooks/../other")
        queue.submit(line("d"), "--callback", f"{receiver.url}/hooks?x=1")
        counts, said = queue.work_off(*queue.allow(f"{receiver.url}/hooks", f"{receiver.url}/hooks/")
                                      )[1:]
        check("nothing", (4, 0, 0), (counts["done"], counts["callbacks_delivered"],
                                     counts["callbacks_given_up"]))
        check("said", 4, said.count("this worker does not allow it; it is tried again"))
        check("no request, no run", ([], False), (receiver.received(), os.path.exists(marker)))
        check("without callbacks nothing is tried", 4, sum(
            row["callback_tries"] == 1 for row in queue.listed()))
        for options in (("--callback-url", "https://x.example/"),
                        ("--callback-url", "ftp://x", "--callback-secret-file", "secret"),
                        ("--callback-command", "/nonexistent"), ("--callback-command", "a/b=/bin/sh"),
                        ("--callback-url", "https://x.example/", "--callback-secret-file",
                         "queue.tier")):
            worker = queue.work(*options)
            worker.communicate(timeout=30)
            check(options, 2, worker.returncode)
    receiver.close()


def test_killed():
    """Each job is told of at least once, with one id each, also where workers are killed."""
    receiver = Receiver()
    with Queue("--latency", "flex=20") as queue:
        queue.submit(lines(60), "--callback", f"{receiver.url}/a")
        victim = queue.work(*queue.allow(f"{receiver.url}/a"))
        queue.wait_for(20)
        victim.send_signal(signal.SIGKILL)
        victim.communicate()
        queue.work_off(*queue.allow(f"{receiver.url}/a"))
        told = {json.loads(body)["data"]["id"] for _, _, body in receiver.received()}
        late = {row["id"] for row in queue.listed()} - told
        ids = {(headers["webhook-id"], json.loads(body)["data"]["id"])
               for _, headers, body in receiver.received()}
        check("only those that the killed one held are late", True, len(late) <= 4)
        check("one id each", 60 - len(late), len(ids))
    receiver.close()


run_tests(globals())
