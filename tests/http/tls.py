"""tierway serve where callers speak TLS: certificates, protocols, limits, reloads, slow readers.
Run by tls.sh; the only argument is the command's path. Certificates come from the openssl command."""
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

from checks import check, run_tests
from gateway import Folder, Process, Upstream, request_bytes, wait_until

TIERWAY = sys.argv[1]
CHAT = "/v1/chat/completions"
JSON = ("Content-Type", "application/json")
BODY = json.dumps({"model": "gpt-5", "messages": [{"role": "user", "content": "hello"}]}).encode()
STREAM = json.dumps({"model": "gpt-5", "messages": [], "stream": True}).encode()
with open(TIERWAY, "rb") as binary:
    # A sanitizer keeps freed memory for a while.
    ROOM = 64 if b"__asan_init" in binary.read() else 1


def make_certificate(folder, name):
    """NAME.pem and NAME-key.pem, for 127.0.0.1 and localhost."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}", "-addext",
                    "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", f"{name}-key.pem",
                    "-out", f"{name}.pem", "-days", "30"], cwd=folder.path, check=True,
                   capture_output=True)


class Gateway:
    """A gateway that speaks TLS, its upstream and their folder."""

    def __init__(self, *options, upstream=None):
        self.folder = Folder()
        make_certificate(self.folder, "one")
        self.folder.file("policy.tier", "otherwise -> flex else default\n")
        self.folder.file("live.pem", self.read("one.pem"))
        self.folder.file("live-key.pem", self.read("one-key.pem"))
        self.stand_in = None if upstream else Process(TIERWAY, "fake-provider")
        self.said = open(os.path.join(self.folder.path, "said"), "w+", encoding="utf-8")
        self.gateway = self.start(upstream or self.stand_in.url, options)

    def start(self, upstream, options):
        before = os.dup(2)
        os.dup2(self.said.fileno(), 2)
        try:
            return Process(TIERWAY, "serve", "--policy", "policy.tier", "--upstream",
                           upstream + "/v1", "--store", "ledger.db", "--tls-certificate",
                           "live.pem", "--tls-key", "live-key.pem", "--threads", "2",
                           "--listen", "127.0.0.1:0", *options,
                           cwd=self.folder.path)
        finally:
            os.dup2(before, 2)
            os.close(before)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        check("the gateway ends with 0", 0, self.gateway.stop())
        if self.stand_in:
            self.stand_in.stop()
        self.said.close()
        self.folder.remove()

    def path(self, name):
        return os.path.join(self.folder.path, name)

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def context(self, trusted="one.pem"):
        return ssl.create_default_context(cafile=self.path(trusted))

    def connect(self, context=None):
        plain = socket.create_connection(self.gateway.address, timeout=20)
        return (context or self.context()).wrap_socket(plain, server_hostname="127.0.0.1",
                                                       suppress_ragged_eofs=False)

    def ask(self, body, *headers, context=None):
        """The whole answer of a connection that is asked to close."""
        with self.connect(context) as connection:
            connection.sendall(request_bytes("POST", CHAT, (JSON, ("Connection", "close"), *headers),
                                             body))
            return read_all(connection)


def read_all(connection):
    """To the end, which has to be said (close_notify)."""
    received = bytearray()
    while piece := connection.recv(65536):
        received += piece
    return bytes(received)


def failure_of(connect):
    """The reason of an ssl.SSLError, or what else happened."""
    try:
        connect()
    except ssl.SSLError as error:
        return error.reason or str(error)
    except OSError as error:
        return type(error).__name__
    return "connected"


def test_answers():
    with Gateway() as test:
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = test.context()
            context.minimum_version = context.maximum_version = version
            answer = test.ask(BODY, context=context)
            check(f"{version.name}: an answer", True, answer.startswith(b"HTTP/1.1 200 OK\r\n"))
            check(f"{version.name}: of flex", True, b"x-tierway-tier: flex\r\n" in answer)
        stream = test.ask(STREAM)
        check("a stream", (True, True), (b"data: [DONE]\n\n" in stream, b"\r\n0\r\n\r\n" in stream))
        large = json.dumps({"model": "gpt-5", "messages": [
            {"role": "user", "content": "x" * 5_000_000}]}).encode()
        check("a large body", True, test.ask(large).startswith(b"HTTP/1.1 200 OK\r\n"))
        with test.connect() as connection:
            for _ in range(3):
                connection.sendall(request_bytes("POST", CHAT, (JSON,), BODY) * 2)
                received = b""
                while received.count(b"HTTP/1.1 200 OK") < 2 or received.count(b'"usage"') < 2:
                    received += connection.recv(65536)
            check("several on one connection, pipelined", True, True)
        curl = subprocess.run(["curl", "-s", "--cacert", test.path("one.pem"), "-d", BODY,
                               "-H", "Content-Type: application/json",
                               f"https://127.0.0.1:{test.gateway.address[1]}{CHAT}"],
                              capture_output=True, check=False)
        check("curl", (0, "flex"), (curl.returncode, json.loads(curl.stdout)["service_tier"]))
        wrong = subprocess.run(["curl", "-s", f"https://127.0.0.1:{test.gateway.address[1]}/"],
                               capture_output=True, check=False)
        check("curl without the certificate", 60, wrong.returncode)


def test_protocols():
    with Gateway() as test:
        context = test.context()
        context.set_alpn_protocols(["h2", "http/1.1"])
        with test.connect(context) as connection:
            check("http/1.1 of two", "http/1.1", connection.selected_alpn_protocol())
        context = test.context()
        context.set_alpn_protocols(["h2"])
        reason = failure_of(lambda: test.connect(context))
        check("h2 alone", True, "no application protocol" in reason.lower().replace("_", " "))
        old = subprocess.run(["openssl", "s_client", "-connect",
                              f"127.0.0.1:{test.gateway.address[1]}", "-tls1_1", "-cipher",
                              "ALL:@SECLEVEL=0"], input=b"", capture_output=True, check=False)
        check("TLS 1.1 is refused", True, old.returncode != 0)
        with socket.create_connection(test.gateway.address, timeout=20) as plain:
            plain.sendall(request_bytes("GET", "/v1/models"))
            answer = plain.recv(65536)
        check("plain HTTP is told so", (True, True),
              (answer.startswith(b"HTTP/1.1 400 "), b'"tls_required"' in answer))
        for what, noise in (("garbage", os.urandom(5000)), ("zeros", b"\0" * 100),
                            ("a broken hello", b"\x16\x03\x01\x00\x05hello")):
            with socket.create_connection(test.gateway.address, timeout=20) as plain:
                plain.sendall(noise)
                received = plain.recv(65536)
                check(what, (True, False), (len(received) < 100, b"HTTP" in received))
        check("goes on", True, test.ask(BODY).startswith(b"HTTP/1.1 200 OK\r\n"))


def test_times():
    with LimitedGateway("limits:\n  head_time: 500ms\n") as test:
        silent = socket.create_connection(test.gateway.address, timeout=20)
        hello = socket.create_connection(test.gateway.address, timeout=20)
        hello.sendall(b"\x16\x03\x01\x02\x00\x01")
        begun = time.monotonic()
        check("a silent caller is cut off", b"", silent.recv(100))
        check("a slow handshake, too", b"", hello.recv(100))
        check("in time", True, time.monotonic() - begun < 10)
        with test.connect() as shaken:
            check("and after the handshake", b"", shaken.recv(100))


def test_connections():
    with LimitedGateway("limits:\n  connections: 20\n") as test:
        held = [socket.create_connection(test.gateway.address, timeout=20) for _ in range(30)]
        check("those over the limit are closed without a word", (10, {b""}), (
            len(closed := ended(held)), set(closed.values())))
        for connection in held:
            connection.close()
        check("goes on", True, bool(wait_until(
            lambda: failure_of(lambda: test.ask(BODY)) == "connected")))


def ended(connections):
    """Those that the other side ends at once, with what came."""
    received = {}
    for connection in connections:
        connection.settimeout(0.2)
        try:
            received[connection] = connection.recv(4096)
        except socket.timeout:
            pass
        except OSError:
            received[connection] = b""
    return received


class LimitedGateway(Gateway):
    """With a configuration file beside the options."""

    def __init__(self, config):
        self.config = config
        super().__init__()

    def start(self, upstream, options):
        self.folder.file("limits.yaml", self.config)
        return super().start(upstream, ("--config", "limits.yaml"))


def test_reload():
    with Gateway() as test:
        make_certificate(test.folder, "two")
        with test.connect() as before:
            test.folder.file("live.pem", test.read("two.pem"))
            test.gateway.process.send_signal(signal.SIGHUP)
            wait_until(lambda: "cannot be used" in test.read("said"))
            check("a certificate without its key is refused", True,
                  "key live-key.pem cannot be used" in test.read("said"))
            check("and the old one stays", True, test.ask(BODY).startswith(b"HTTP/1.1 200 OK"))
            test.folder.file("live-key.pem", test.read("two-key.pem"))
            test.gateway.process.send_signal(signal.SIGHUP)
            wait_until(lambda: "is read again" in test.read("said"))
            check("the new one is live", True,
                  test.ask(BODY, context=test.context("two.pem")).startswith(b"HTTP/1.1 200 OK"))
            check("the old one is not", "CERTIFICATE_VERIFY_FAILED",
                  failure_of(lambda: test.ask(BODY)))
            before.sendall(request_bytes("POST", CHAT, (JSON, ("Connection", "close")), BODY))
            check("who was there goes on", True, read_all(before).startswith(b"HTTP/1.1 200 OK"))


def check_only(folder, *options):
    done = subprocess.run([TIERWAY, "serve", "--check", "--policy", "policy.tier", "--upstream",
                           "http://127.0.0.1:9/v1", *options], cwd=folder.path, capture_output=True,
                          text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_check():
    folder = Folder()
    folder.file("policy.tier", "otherwise -> default\n")
    for name in ("one", "two"):
        make_certificate(folder, name)
    folder.file("empty.pem", "")
    subprocess.run(["openssl", "ec", "-in", "one-key.pem", "-aes128", "-passout", "pass:secret",
                    "-out", "locked-key.pem"], cwd=folder.path, check=True, capture_output=True)
    for what, pair, status, part in (
            ("a pair", ("one.pem", "one-key.pem"), 0, "# TLS: the certificate is good until 20"),
            ("another's key", ("one.pem", "two-key.pem"), 2, "key two-key.pem cannot be used"),
            ("no such file", ("none.pem", "one-key.pem"), 2, "certificate none.pem cannot be used"),
            ("an empty one", ("empty.pem", "one-key.pem"), 2, "certificate empty.pem cannot be used"),
            ("a key with a pass phrase", ("one.pem", "locked-key.pem"), 2,
             "key locked-key.pem cannot be used")):
        got, said = check_only(folder, "--tls-certificate", pair[0], "--tls-key", pair[1])
        check(what, (status, True), (got, part in said))
    got, said = check_only(folder, "--tls-key", "one-key.pem")
    check("one of two", (2, True), (got, "belong together" in said))
    folder.remove()


def test_memory():
    """A thousand handshakes leave nothing behind."""
    with Gateway() as test:
        def shake(count):
            for number in range(count):
                connection = test.connect()
                if number % 2:
                    connection.close()
                else:
                    connection.sendall(request_bytes("GET", "/tierway/healthz", (), b"", "localhost"))
                    connection.recv(1000)
                    connection.close()
        shake(100)
        before = test.gateway.memory(), test.gateway.descriptors()
        threads = [threading.Thread(target=shake, args=(250,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        check("descriptors", True, bool(wait_until(
            lambda: test.gateway.descriptors() <= before[1] + 2)))
        check("memory", True, test.gateway.memory() - before[0] < ROOM * 4 << 20)


def test_slow_reader():
    """40 MB through a reader that stands still: memory stays flat, nothing is lost."""
    event = b'data: {"choices":[{"index":0,"delta":{"content":"%s"}}]}\n\n' % (b"Z" * 8000)
    count = 5000

    def serve(connection, head, body):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                           b"Connection: close\r\n\r\n")
        for _ in range(count):
            connection.sendall(event)
        connection.sendall(b"data: [DONE]\n\n")
        return False
    upstream = Upstream(serve)
    with Gateway(upstream=upstream.url) as test:
        connection = test.connect()
        connection.sendall(request_bytes("POST", CHAT, (JSON, ("Connection", "close")), STREAM))
        received = connection.recv(1000)
        before = test.gateway.memory()
        time.sleep(1)
        check("memory while it stands still", True,
              test.gateway.memory() - before < ROOM * 4 << 20)
        received += read_all(connection)
        check("nothing is lost", (count * 8000, True),
              (received.count(b"Z"), b"[DONE]" in received))
        check("memory in the end", True, test.gateway.memory() - before < ROOM * 16 << 20)
        connection.close()
    upstream.close()


def test_leaving():
    """A caller that leaves, with or without a word, ends its request upstream."""
    left = []

    def serve(connection, head, body):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                           b"Connection: close\r\n\r\n")
        connection.sendall(b'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n')
        connection.settimeout(20)
        left.append(connection.recv(100))
        return False
    upstream = Upstream(serve)
    with Gateway(upstream=upstream.url) as test:
        for number in (1, 2):
            connection = test.connect()
            connection.sendall(request_bytes("POST", CHAT, (JSON,), STREAM))
            connection.recv(1000)
            if number == 1:
                connection.close()
            else:
                os.close(connection.detach())
            wait_until(lambda count=number: len(left) == count)
        check("cancelled upstream", [b"", b""], left)
    upstream.close()


run_tests(globals())
