"""tierway serve from outside: its configuration, its own paths, callers' keys, reloads, the log.
Run by control.sh; the only argument is the command's path."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading

from checks import check, run_tests
from gateway import Caller, Folder, Process, recorded, request_bytes, wait_until

TIERWAY = sys.argv[1]
POLICY = """
refused: when priority == critical -> reject "not that"
patient: when priority == low -> flex else default
otherwise -> default
expect flex when priority = low
"""
CHAT = "/v1/chat/completions"
JSON = ("Content-Type", "application/json")
BODY = json.dumps({"model": "gpt-5", "messages": [{"role": "user", "content": "secret prompt"}]})


def check_in(what, part, whole):
    check(what, True, part in whole)
    if part not in whole:
        print(f"  not in: {whole!r}", flush=True)


def new_key(name):
    made = subprocess.run([TIERWAY, "keys", "new", name, "--format", "json"], check=True,
                          capture_output=True, text=True)
    return json.loads(made.stdout)


def bearer(key):
    return ("Authorization", f"Bearer {key['key']}")


class Gateway:
    """A stand-in provider, a folder with policy and configuration, and the gateway."""

    def __init__(self, config="", policy=POLICY, environment=(), options=()):
        self.folder = Folder()
        self.stand_in = Process(TIERWAY, "fake-provider")
        self.folder.file("policy.tier", policy)
        self.folder.file("errors", "")
        self.folder.file("tierway.yaml",
                         f"listen: 127.0.0.1:0\npolicy: policy.tier\nstore: ledger.db\n"
                         f"threads: 2\nupstream:\n  url: {self.stand_in.url}/v1\n" + config)
        names = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI", "TIERWAY"))}
        names.update(dict(environment))
        with open(self.path("errors"), "w") as errors:
            self.process = subprocess.Popen([TIERWAY, "serve", "--config", "tierway.yaml", *options],
                                            stdout=subprocess.PIPE, stderr=errors, text=True,
                                            cwd=self.folder.path, env=names)
        line = self.process.stdout.readline().strip()
        if not line:
            said = self.errors()
            self.process.wait(20)
            self.stand_in.stop()
            self.folder.remove()
            raise RuntimeError("the gateway did not start: " + said)
        self.address = ("127.0.0.1", int(line.rsplit(":", 1)[1]))

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.process.poll() is None:
            self.process.terminate()
        check("the gateway ends with 0", 0, self.process.wait(20))
        self.process.stdout.close()
        self.stand_in.stop()
        self.folder.remove()

    def path(self, name):
        return os.path.join(self.folder.path, name)

    def errors(self):
        with open(self.path("errors")) as file:
            return file.read()

    def lines(self, name, count):
        """A file's text once it has so many lines."""
        with open(self.path(name)) as file:
            text = file.read()
        return text if text.count("\n") == count else ""

    def ask(self, method, path, headers=(), body=b"", host="127.0.0.1"):
        caller = Caller(self.address)
        try:
            caller.send(request_bytes(method, path, headers, body, host))
            return caller.answer(method)
        finally:
            caller.close()

    def get(self, path, *headers, host="127.0.0.1"):
        return self.ask("GET", path, headers, host=host)

    def chat(self, *headers, body=BODY):
        return self.ask("POST", CHAT, (JSON, *headers), body.encode())

    def live(self, *headers):
        return self.get("/tierway/policy", *headers).json()

    def figure(self, name):
        page = self.get("/tierway/metrics").body.decode()
        found = re.search("^" + re.escape(name) + " (.*)$", page, re.M)
        return float(found[1]) if found else None


# --- configuration ---

def run_serve(folder, *options, environment=()):
    names = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI", "TIERWAY"))}
    names.update(dict(environment))
    return subprocess.run([TIERWAY, "serve", *options], capture_output=True, text=True,
                          cwd=folder.path, env=names, timeout=20)


def test_check():
    folder = Folder()
    folder.file("policy.tier", POLICY)
    folder.file("t.yaml", "policy: policy.tier\nthreads: 3\nlisten: 127.0.0.1:1\n"
                          "upstream: {url: 'http://127.0.0.1:1/v1'}\n")
    ran = run_serve(folder, "--config", "t.yaml", "--check", "--listen", "127.0.0.1:7",
                    environment=(("TIERWAY_THREADS", "5"), ("TIERWAY_LISTEN", "127.0.0.1:6")))
    check("a good configuration", (0, ""), (ran.returncode, ran.stderr))
    check_in("an option goes first", "listen: 127.0.0.1:7  # option\n", ran.stdout)
    check_in("then the environment", "threads: 5  # TIERWAY_THREADS\n", ran.stdout)
    check_in("then the file", "policy: policy.tier  # file\n", ran.stdout)
    check_in("then the default", "drain: 30s  # default\n", ran.stdout)
    check_in("what the policy is", "# policy policy.tier: 2 rules, time zone UTC, hash ",
             ran.stdout)
    check("nothing was made", ["policy.tier", "t.yaml"], sorted(os.listdir(folder.path)))
    folder.file("t.yaml", "polcy: x\nthreads: many\n")
    ran = run_serve(folder, "--config", "t.yaml", "--check")
    check("a bad configuration", (2, ""), (ran.returncode, ran.stdout))
    check_in("an unknown setting",
             't.yaml:1:1: there is no setting "polcy" here; did you mean `policy`?\n', ran.stderr)
    check_in("and the next one", 't.yaml:2:10: `threads`: "many" is no whole number\n', ran.stderr)
    folder.remove()


def test_bad_policies():
    cases = {
        "a syntax error": ("when -> flex\n", "policy.tier:1:"),
        "an unknown name": ("when prioritty == low -> flex\n", "prioritty"),
        "an example that fails": ("otherwise -> default\nexpect flex when priority = low\n",
                                  "policy.tier:2:1: expected flex, decided default"),
        "a property that does not hold": ("never flex when stream\nwhen priority == low -> flex "
                                          "else default\n", "policy.tier:1:"),
    }
    for what, (text, words) in cases.items():
        folder = Folder()
        folder.file("policy.tier", text)
        ran = run_serve(folder, "--policy", "policy.tier", "--upstream", "http://127.0.0.1:1/v1",
                        "--listen", "127.0.0.1:0")
        check(what, (2, ""), (ran.returncode, ran.stdout))
        check_in(what + ": why", words, ran.stderr)
        folder.remove()


def test_budget_without_ledger():
    folder = Folder()
    folder.file("policy.tier", "budget daily $5 per day\nwhen daily.used > 50% -> flex else default\n"
                               "otherwise -> default\n")
    options = ("--policy", "policy.tier", "--upstream", "http://127.0.0.1:1/v1", "--check")
    check("with a ledger", 0, run_serve(folder, *options).returncode)
    ran = run_serve(folder, *options, "--store", "off")
    check("without one", 2, ran.returncode)
    check_in("says why", "reads a budget, and `store` is off", ran.stderr)
    folder.remove()


def test_open_to_others():
    folder = Folder()
    folder.file("policy.tier", POLICY)
    options = ("--policy", "policy.tier", "--upstream", "http://127.0.0.1:1/v1", "--listen",
               "0.0.0.0:0", "--check")
    ran = run_serve(folder, *options)
    check("other machines, no keys", 2, ran.returncode)
    check_in("says why", "no caller needs a key", ran.stderr)
    check("where it is meant", 0, run_serve(folder, *options, "--allow-anyone").returncode)
    folder.file("t.yaml", "callers: [{name: a, sha256: %s}]\n" % ("ab" * 32))
    check("with keys", 0, run_serve(folder, *options, "--config", "t.yaml").returncode)
    folder.remove()


# --- the gateway's own paths ---

def test_own_paths():
    with Gateway() as gateway:
        health = gateway.get("/tierway/healthz")
        check("healthz", (200, b"ok\n"), (health.status, health.body))
        ready = gateway.get("/tierway/readyz")
        check("readyz", (200, {"ready": True}), (ready.status, ready.json()))
        gateway.chat(("x-tierway-priority", "low"))
        live = gateway.live()
        check("policy", ("policy.tier", None, 2, "openai"),
              (live["policy"]["file"], live["policy"]["refused"], live["rules"],
               live["provider"]))
        check("prices", "openai", live["prices"]["file"])
        stats = gateway.get("/tierway/stats").json()
        printed = subprocess.run([TIERWAY, "stats", "--format", "json", "--store",
                                  gateway.path("ledger.db")], capture_output=True, check=True)
        check("stats are those of the command", json.loads(printed.stdout), stats)
        check("stats count", 1, stats["counts"]["flex"])
        for path, method, status in (("/tierway/nothing", "GET", 404),
                                     ("/tierway/metrics", "POST", 405),
                                     ("/tierway/decide", "GET", 405),
                                     ("/tierway/healthz", "HEAD", 200)):
            check(f"{method} {path}", status, gateway.ask(method, path).status)
        check("none of it went upstream", [CHAT], [row[1] for row in recorded(gateway.stand_in)])
        for host, status in (("localhost:8080", 200), ("[::1]:8080", 200), ("127.0.0.1", 200),
                             ("evil.example", 403), ("127.0.0.1.evil.example", 403),
                             ("localhost.evil", 403)):
            check(f"Host: {host}", status, gateway.get("/tierway/metrics", host=host).status)


def decide(gateway, question):
    return gateway.ask("POST", "/tierway/decide", (JSON,), json.dumps(question).encode())


def test_decide():
    with Gateway() as gateway:
        answer = decide(gateway, {"priority": "low"})
        check("by attributes", (200, "flex", "patient"),
              (answer.status, answer.json()["tier"], answer.json()["rule"]))
        explained = subprocess.run([TIERWAY, "explain", gateway.path("policy.tier"),
                                    "--format", "json", "priority=low"], capture_output=True,
                                   check=True)
        check("as explain says", json.loads(explained.stdout), answer.json())
        whole = {"request": json.loads(BODY), "headers": {"x-tierway-priority": "critical"}}
        check("a whole request", (None, "refused", "not that"),
              tuple(decide(gateway, whole).json()[m] for m in ("tier", "rule", "reject")))
        whole["attributes"] = {"priority": "low"}
        check("attributes go over headers", "flex", decide(gateway, whole).json()["tier"])
        for what, question, words in (
                ("unknown attribute", {"prioritty": "low"}, "priority"),
                ("wrong type", {"priority": 3}, "enum"),
                ("no object", [1], "an array"),
                ("unknown member", {"request": {"model": "m"}, "header": {}}, "beside"),
                ("no body", {"request": 3}, "`request` is an object"),
                ("bad header", {"request": {"model": "m"}, "headers": {"a": 1}}, "string")):
            answer = decide(gateway, question)
            check(what, 400, answer.status)
            check_in(what + ": why", words, answer.json()["error"]["message"])
        check("no JSON", 400, gateway.ask("POST", "/tierway/decide", (JSON,), b"{").status)
        check("nothing was sent", [], recorded(gateway.stand_in))
        check("nothing was recorded", [], gateway.folder.rows("rule"))


def test_left_early():
    """Callers that leave while an answer is being made, and ask again."""
    with Gateway() as gateway:
        question = request_bytes("POST", "/tierway/decide", (JSON,), b'{"priority": "low"}',
                                 "127.0.0.1")
        for _ in range(50):
            for request in (question, request_bytes("GET", "/tierway/stats", host="127.0.0.1")):
                caller = Caller(gateway.address)
                caller.send(request)
                caller.reset()
        caller = Caller(gateway.address)
        caller.send(question * 3)
        check("three in a row", ["flex"] * 3, [caller.answer().json()["tier"] for _ in range(3)])
        caller.send(question)
        caller.reset()
        check("HEAD", 200, gateway.ask("HEAD", "/tierway/stats").status)
        check("it still answers", "flex", decide(gateway, {"priority": "low"}).json()["tier"])
        gateway.process.terminate()  # with a job under way, perhaps
        gateway.process.wait(20)


def test_metrics():
    with Gateway() as gateway:
        for _ in range(3):
            gateway.chat(("x-tierway-priority", "low"))
        gateway.chat(("x-tierway-priority", "critical"))
        gateway.chat(body="{")
        gateway.get("/v1/models")
        page = gateway.get("/tierway/metrics")
        check("type", "text/plain; version=0.0.4; charset=utf-8", page.header("content-type"))
        for name, value in (
                ('tierway_requests_total{tier="flex",outcome="answered"}', 3),
                ('tierway_requests_total{tier="none",outcome="rejected"}', 1),
                ('tierway_requests_total{tier="none",outcome="bad_request"}', 1),
                ('tierway_requests_total{tier="none",outcome="answered"}', 1),
                ('tierway_rule_requests_total{rule="patient"}', 3),
                ('tierway_rule_requests_total{rule="refused"}', 1),
                ('tierway_attempts_total{tier="flex",outcome="answered"}', 3),
                ('tierway_chosen_total{tier="flex"}', 3),
                ('tierway_decision_duration_seconds_count', 4),
                ('tierway_request_duration_seconds_count{tier="flex"}', 3),
                ('tierway_time_to_first_byte_seconds_count{tier="flex"}', 3),
                ('tierway_open_requests', 0),
                ('tierway_gateway_requests_total', 6),
                ('tierway_last_reload_successful{part="policy"}', 1)):
            check(name, value, gateway.figure(name))
        cost = sum(row[0] for row in gateway.folder.rows("cost") if row[0])
        check("money as the ledger has it", cost,
              round(gateway.figure('tierway_cost_dollars_total{tier="flex"}') * 10**12))
        names = re.findall(r"^# TYPE (\S+)", page.body.decode(), re.M)
        check("each family once", sorted(set(names)), sorted(names))
        if shutil.which("promtool"):
            ran = subprocess.run(["promtool", "check", "metrics"], input=page.body,
                                 capture_output=True, check=False)
            check("promtool", (0, b""), (ran.returncode, ran.stderr))


def test_readiness():
    with Gateway() as gateway:
        os.chmod(gateway.path("ledger.db"), 0o400)
        if os.access(gateway.path("ledger.db"), os.W_OK):  # for root everything may be written
            os.rename(gateway.path("ledger.db"), gateway.path("elsewhere"))
        ready = gateway.get("/tierway/readyz")
        check("not ready", (503, False), (ready.status, ready.json()["ready"]))
        check_in("says why", "ledger", ready.json()["reason"])
        check("but healthy", 200, gateway.get("/tierway/healthz").status)


# --- callers ---

def begin_large(gateway, *headers):
    """Sends the head of a large request and nothing of its body; the first line of the answer."""
    head = [f"POST {CHAT} HTTP/1.1", "Host: gateway", "Content-Length: 50000000",
            *(": ".join(header) for header in headers)]
    with socket.create_connection(gateway.address, timeout=20) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode())
        return connection.recv(4096).split(b"\r\n")[0]


def check_refused_at_the_head(gateway, web):
    check("unknown: at the head", b"HTTP/1.1 401 Unauthorized", begin_large(gateway))
    check("a wrong key: at the head", b"HTTP/1.1 401 Unauthorized",
          begin_large(gateway, ("Authorization", "Bearer tw-wrong")))
    check("known: the body is waited for", b"HTTP/1.1 100 Continue",
          begin_large(gateway, bearer(web), ("Expect", "100-continue")))
    check("unknown: no go-ahead", b"HTTP/1.1 401 Unauthorized",
          begin_large(gateway, ("Expect", "100-continue")))


def test_callers():
    web, admin = new_key("web"), new_key("ops@home")
    config = f"""  key_env: PROVIDER_KEY
attributes: [priority]
callers:
- name: web
  sha256: {web['sha256']}
- {{name: ops@home, sha256: {admin['sha256']}, admin: true, attributes: []}}
"""
    environment = (("PROVIDER_KEY", "provider-key-of-the-gateway"),)
    with Gateway(config, environment=environment) as gateway:
        for what, headers, status in (
                ("no key", (), 401),
                ("a wrong one", (("Authorization", "Bearer tw-wrong"),), 401),
                ("the hash instead", (("Authorization", f"Bearer {web['sha256']}"),), 401),
                ("two keys", (bearer(web), bearer(admin)), 401),
                ("the key", (bearer(web),), 200),
                ("x-api-key", (("x-api-key", web["key"]),), 200),
                ("api-key", (("api-key", web["key"]),), 200)):
            answer = gateway.chat(*headers)
            check(what, status, answer.status)
            if status == 401:
                check(what + ": code", "invalid_api_key", answer.json()["error"]["code"])
                check(what + ": no retry", "false", answer.header("x-should-retry"))
        check("plain paths need one too", 401, gateway.get("/v1/models").status)
        check("and pass with it", 200, gateway.get("/v1/models", bearer(web)).status)
        check_refused_at_the_head(gateway, web)
        for path, nobody, caller, operator in (
                ("/tierway/healthz", 200, 200, 200), ("/tierway/readyz", 200, 200, 200),
                ("/tierway/metrics", 401, 403, 200), ("/tierway/policy", 401, 403, 200),
                ("/tierway/stats", 401, 403, 200), ("/tierway/nothing", 401, 403, 404)):
            check(path, (nobody, caller, operator),
                  (gateway.get(path).status, gateway.get(path, bearer(web)).status,
                   gateway.get(path, bearer(admin)).status))
        low, tier = ("x-tierway-priority", "low"), "x-tierway-rule"
        check("may set", "patient", gateway.chat(bearer(web), low).header(tier))
        check("may not", "otherwise", gateway.chat(bearer(admin), low).header(tier))
        quiet = json.dumps({**json.loads(BODY), "metadata": {"x-tierway-priority": "low"}})
        check("nor in metadata", "otherwise", gateway.chat(bearer(admin), body=quiet).header(tier))
        check("who may, may there, too", "patient", gateway.chat(bearer(web), body=quiet).header(tier))
        callers = gateway.folder.rows("caller, count(*)", table="ledger GROUP BY caller")
        check("the ledger says who", {"web", "ops@home"}, {row[0] for row in callers})
        heads = b"".join(row[2].lower() for row in recorded(gateway.stand_in))
        check("no caller's key goes on", 0,
              heads.count(web["key"].lower().encode()) + heads.count(b"x-api-key"))
        check("the provider's does", heads.count(b" http/1.1\r\n"),
              heads.count(b"authorization: bearer provider-key-of-the-gateway\r\n"))


def write_callers(gateway, *callers, more=""):
    """The configuration's file once more, with these callers, renamed over the old one."""
    with open(gateway.path("tierway.yaml")) as file:
        text = re.sub(r"(?ms)^callers:.*", "", file.read())
    gateway.folder.file("next.yaml", text + more + "callers: [%s]\n" % ", ".join(callers))
    os.rename(gateway.path("next.yaml"), gateway.path("tierway.yaml"))


def caller_row(key, more=""):
    return f"{{name: {key['name']}, sha256: {key['sha256']}{more}}}"


def test_callers_change():
    web, late, admin = new_key("web"), new_key("late"), new_key("ops")
    boss = caller_row(admin, ", admin: true")
    with Gateway(f"callers: [{caller_row(web)}, {boss}]\n") as gateway:
        def live():
            return gateway.live(bearer(admin))["callers"]

        kept = Caller(gateway.address)
        question = request_bytes("POST", CHAT, (JSON, bearer(web)), BODY.encode())
        kept.send(question)
        check("let in", 200, kept.answer().status)
        check("not yet", 401, gateway.chat(bearer(late)).status)
        check("what is live", ("tierway.yaml", 0, None),
              tuple(live()[name] for name in ("file", "changes", "refused")))
        write_callers(gateway, caller_row(late), boss)
        check("the file is seen", True, bool(wait_until(lambda: live()["changes"] == 1)))
        check("a new one is let in", 200, gateway.chat(bearer(late)).status)
        kept.send(question)
        check("a removed one is not, on an open connection", 401, kept.answer().status)
        good = live()["hash"]
        write_callers(gateway, caller_row(late), boss, "{name: x, sha256: 12}")
        refused = wait_until(lambda: live()["refused"]) or ""
        check_in("a bad file is refused", "`sha256` is the hash of a key", refused)
        check("the last good one stays", (good, 200), (live()["hash"],
                                                       gateway.chat(bearer(late)).status))
        metrics = gateway.get("/tierway/metrics", bearer(admin)).body.decode()
        check_in("a gauge says so", 'tierway_last_reload_successful{part="callers"} 0\n', metrics)
        check_in("and who is live", f'part="callers",file="tierway.yaml",hash="{good}"', metrics)
        check("the log says so", True, bool(wait_until(
            lambda: f"list of callers tierway.yaml is refused, hash {good} stays" in gateway.errors())))
        check("no key's hash in the log", False, late["sha256"] in gateway.errors())
        write_callers(gateway, caller_row(late), boss, caller_row(web))
        gateway.process.send_signal(signal.SIGHUP)
        check("mended", True, bool(wait_until(lambda: live()["refused"] is None)))
        kept.send(question)
        check("back", 200, kept.answer().status)
        kept.close()
        write_callers(gateway)
        check("an empty list lets nobody in", True,
              bool(wait_until(lambda: gateway.chat(bearer(late)).status == 401)))
        check("nobody, also without a key", (401, 401),
              (gateway.chat().status, gateway.get("/tierway/policy").status))


def test_first_callers():
    """Keys become needed while the gateway runs; then none of them goes on to the provider."""
    web = new_key("web")
    with Gateway() as gateway:
        check("no key needed", 200, gateway.chat(("Authorization", "Bearer sk-own")).status)
        write_callers(gateway, caller_row(web), more="attributes: []\n")
        check("now it is", True, bool(wait_until(lambda: gateway.chat().status == 401)))
        answer = gateway.chat(bearer(web), ("x-tierway-priority", "low"))
        check("with the key", (200, "otherwise"), (answer.status, answer.header("x-tierway-rule")))
        check("it stays here", False, web["key"].encode() in recorded(gateway.stand_in)[-1][2])


def test_callers_under_load():
    """One caller comes and goes; the other one never sees anything of it."""
    web, other = new_key("web"), new_key("other")
    with Gateway(f"callers: [{caller_row(web)}]\n") as gateway:
        wrong, asked, over = [], [0], threading.Event()

        def call():
            caller = Caller(gateway.address)
            while not over.is_set():
                caller.send(request_bytes("POST", CHAT, (JSON, bearer(web)), BODY.encode()))
                status = caller.answer().status
                asked[0] += 1
                if status != 200:
                    wrong.append(status)
            caller.close()

        callers = [threading.Thread(target=call) for _ in range(4)]
        for caller in callers:
            caller.start()
        for turn in range(10):
            write_callers(gateway, caller_row(web), *[caller_row(other)][turn % 2:])
            gateway.process.send_signal(signal.SIGHUP)
            wanted = 401 if turn % 2 else 200
            check(f"turn {turn}", True, bool(wait_until(
                lambda status=wanted: gateway.chat(bearer(other)).status == status)))
        over.set()
        for caller in callers:
            caller.join()
        check("requests were made", True, asked[0] >= 20)
        check("requests that went wrong", [], wrong)


def test_configuration_from_a_pipe():
    """It cannot be read again, and is not."""
    folder = Folder()
    folder.file("policy.tier", POLICY)
    ran = run_serve(folder, "--config", "/dev/fd/0", "--check")
    check("an empty one", 2, ran.returncode)
    text = "policy: policy.tier\nstore: off\nupstream: {url: 'http://127.0.0.1:1/v1'}\n"
    ran = subprocess.run([TIERWAY, "serve", "--config", "/dev/stdin", "--check"], input=text,
                         capture_output=True, text=True, cwd=folder.path, timeout=20, check=False)
    check("from a pipe", (0, ""), (ran.returncode, ran.stderr))
    folder.remove()


def test_ca_file():
    folder = Folder()
    folder.file("policy.tier", POLICY)
    folder.file("t.yaml", "policy: policy.tier\nupstream: {url: 'https://127.0.0.1:1/v1', "
                          "ca_file: none.pem}\n")
    ran = run_serve(folder, "--config", "t.yaml", "--check")
    check("that is not there", 2, ran.returncode)
    check_in("says which", "`upstream.ca_file`: none.pem: No such file", ran.stderr)
    folder.remove()


def test_key_header():
    environment = (("PROVIDER_KEY", "key-of-azure"),)
    with Gateway("  key_env: PROVIDER_KEY\n  key_header: api-key\n", environment=environment) as gateway:
        check("passed on", 200, gateway.chat(("Authorization", "Bearer of-the-caller")).status)
        head = recorded(gateway.stand_in)[-1][2].lower()
        check("one header", (1, 0, 0), (head.count(b"api-key: key-of-azure\r\n"),
                                        head.count(b"authorization"), head.count(b"of-the-caller")))


def test_requests_at_once():
    web = new_key("web")
    config = f"callers: [{{name: web, sha256: {web['sha256']}, requests: 1}}]\n"
    with Gateway(config) as gateway:
        slow = Caller(gateway.stand_in.address)
        slow.send(request_bytes("POST", "/fake/faults", (), b"hang"))
        check("the provider hangs", 200, slow.answer().status)
        waiting = Caller(gateway.address)
        waiting.send(request_bytes("POST", CHAT, (JSON, bearer(web)), BODY.encode()))
        check("one is under way", True,
              bool(wait_until(lambda: len(recorded(gateway.stand_in)) > 0)))
        answer = gateway.chat(bearer(web))
        check("a second one", (429, "too_many_requests"),
              (answer.status, answer.json()["error"]["code"]))
        slow.send(request_bytes("POST", "/fake/faults"))
        slow.answer()
        waiting.close()
        check("the caller left", True,
              bool(wait_until(lambda: gateway.chat(bearer(web)).status == 200)))
        slow.close()


def test_key_passes_through():
    with Gateway() as gateway:
        gateway.chat(("Authorization", "Bearer sk-of-the-caller"))
        check_in("the caller's own key", b"bearer sk-of-the-caller",
                 recorded(gateway.stand_in)[0][2].lower())


def test_key_file():
    folder = Folder()
    folder.file("key", "  sk-from-a-file \r\nsecond line\n")
    folder.file("empty", "\n")
    with Gateway(f"  key_file: {folder.path}/key\n") as gateway:
        gateway.chat(("Authorization", "Bearer sk-of-the-caller"))
        head = recorded(gateway.stand_in)[0][2].lower()
        check_in("the key of the file", b"authorization: bearer sk-from-a-file\r\n", head)
        check("not the caller's", False, b"sk-of-the-caller" in head)
    for path in ("empty", "none"):
        folder.file("policy.tier", POLICY)
        folder.file("t.yaml", "policy: policy.tier\nupstream: {url: 'http://127.0.0.1:1/v1', "
                              f"key_file: {path}}}\n")
        check("without a key in it", 2, run_serve(folder, "--config", "t.yaml",
                                                  "--check").returncode)
    folder.remove()


def test_connections():
    with Gateway("limits: {connections: 8, connections_per_address: 3}\n") as gateway:
        open_ones = [Caller(gateway.address) for _ in range(3)]
        for caller in open_ones:
            caller.send(request_bytes("GET", "/v1/models", host="127.0.0.1"))
            check("one of three", 200, caller.answer("GET").status)
        answer = gateway.get("/tierway/healthz")
        check("one too many", (503, "too_many_connections"),
              (answer.status, answer.json()["error"]["code"]))
        for caller in open_ones:
            caller.close()
        check("room again", True,
              bool(wait_until(lambda: gateway.get("/tierway/healthz").status == 200)))
        check("counted", True,
              bool(wait_until(lambda: gateway.figure("tierway_open_connections") == 1)))


def test_address_taken():
    with Gateway() as gateway:
        for threads in ("1", "4"):
            ran = run_serve(gateway.folder, "--config", "tierway.yaml", "--threads", threads,
                            "--store", "other.db", "--listen", "127.0.0.1:%d" % gateway.address[1])
            check(f"the address is taken, {threads} threads", (2, ""), (ran.returncode, ran.stdout))
            check_in("says so", "address already in use", ran.stderr)


# --- reloading ---

def test_reload():
    with Gateway() as gateway:
        first = gateway.live()["policy"]["hash"]
        gateway.folder.file("policy.tier", "otherwise -> priority\n")
        check("a new one", True,
              bool(wait_until(lambda: gateway.live()["policy"]["hash"] != first)))
        check("decides", "priority", gateway.chat().header("x-tierway-tier"))
        second = gateway.live()["policy"]["hash"]
        gateway.folder.file("policy.tier", "otherwise -> nowhere\n")
        refused = wait_until(lambda: gateway.live()["policy"]["refused"])
        check_in("a bad one is refused", "nowhere", refused or "")
        check("the last one stays", second, gateway.live()["policy"]["hash"])
        check("and decides", "priority", gateway.chat().header("x-tierway-tier"))
        check("a gauge says so", 0,
              gateway.figure('tierway_last_reload_successful{part="policy"}'))
        check("the log says so", True,
              bool(wait_until(lambda: "is refused, hash " + second in gateway.errors())))
        gateway.folder.file("policy.tier", "otherwise -> flex else default\n")
        check("mended", True,
              bool(wait_until(lambda: gateway.live()["policy"]["refused"] is None)))
        check("decides again", "flex", gateway.chat().header("x-tierway-tier"))
        check("the gauge too", 1,
              gateway.figure('tierway_last_reload_successful{part="policy"}'))


def test_reload_under_load():
    """Two policies take turns while callers ask: none is dropped, none sees half a policy."""
    policies = [f"always_{tier}: when tokens >= 0 -> {tier}\notherwise -> {tier}\n"
                for tier in ("default", "priority")]
    with Gateway(policy=policies[0]) as gateway:
        wrong, asked, over = [], [0], threading.Event()

        def call():
            caller = Caller(gateway.address)
            while not over.is_set():
                caller.send(request_bytes("POST", CHAT, (JSON,), BODY.encode()))
                answer = caller.answer()
                pair = (answer.header("x-tierway-rule"), answer.header("x-tierway-tier"))
                asked[0] += 1
                if answer.status != 200 or pair[0] != "always_" + pair[1]:
                    wrong.append((answer.status, pair))
            caller.close()

        callers = [threading.Thread(target=call) for _ in range(4)]
        for caller in callers:
            caller.start()
        for turn in range(1, 21):
            gateway.folder.file("next", policies[turn % 2])
            os.rename(gateway.path("next"), gateway.path("policy.tier"))
            gateway.process.send_signal(signal.SIGHUP)
            wait_until(lambda t=turn: gateway.live()["policy"]["changes"] >= t)
        check("requests were made", True, bool(wait_until(lambda: asked[0] >= 20)))
        over.set()
        for caller in callers:
            caller.join()
        check("changes", 20, gateway.live()["policy"]["changes"])
        check("requests that went wrong", [], wrong)


# --- the access log ---

def test_access_log():
    with Gateway("access_log: access.log\n") as gateway:
        gateway.chat(("x-tierway-priority", "low"), ("Authorization", "Bearer sk-secret"))
        gateway.get("/v1/models?key=sk-secret")
        old = wait_until(lambda: gateway.lines("access.log", 2))
        os.rename(gateway.path("access.log"), gateway.path("old.log"))
        gateway.process.send_signal(signal.SIGHUP)
        check("opened anew", True,
              bool(wait_until(lambda: os.path.exists(gateway.path("access.log")))))
        gateway.chat(("x-tierway-priority", "critical"))
        text = wait_until(lambda: gateway.lines("access.log", 1))
        plain, routed = sorted((json.loads(line) for line in old.splitlines()),
                               key=lambda line: line["method"])
        check("a routed request", ("POST", CHAT, 200, "answered", "gpt-5", "flex", "flex",
                                   "patient", 1),
              tuple(routed[m] for m in ("method", "path", "status", "outcome", "model", "chosen",
                                        "served", "rule", "attempts")))
        check("its cost", gateway.folder.rows("cost")[0][0],
              round(float(routed["cost"]) * 10**12))
        check("its time", True, 0 < routed["milliseconds"] < 20000)
        check("a plain one", ("GET", "/v1/models", None, 0),
              tuple(plain[m] for m in ("method", "path", "rule", "attempts")))
        check("a rejected one", ("rejected", 403), (json.loads(text)["outcome"],
                                                    json.loads(text)["status"]))
        check("no prompt and no key", False, "secret" in text + old)


# --- the service manager ---

def test_notify():
    folder = Folder()
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(folder.path + "/notify")
    listener.settimeout(20)
    environment = (("NOTIFY_SOCKET", folder.path + "/notify"), ("WATCHDOG_USEC", "200000"))

    def heard(wanted):
        for _ in range(1000):
            message = listener.recv(1024).decode()
            if message.startswith(wanted):
                return True
        return False

    with Gateway(environment=environment) as gateway:
        check("ready", True, heard("READY=1"))
        check("alive", True, heard("WATCHDOG=1"))
        gateway.process.send_signal(signal.SIGHUP)
        check("reloading", True, heard("RELOADING=1\nMONOTONIC_USEC="))
        check("ready again", True, heard("READY=1"))
        gateway.process.terminate()
        check("stopping", True, heard("STOPPING=1"))
        gateway.process.wait(20)  # a second signal would end it at once
    listener.close()
    folder.remove()


run_tests(globals())
