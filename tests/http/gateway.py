"""What the tests of `tierway serve` share: processes, a caller on a plain socket, and an upstream
that does what it is told."""
import base64
import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time

LIMIT = 20  # seconds that anything may take


def wait_until(condition, limit=LIMIT):
    """Polls; the condition's last value."""
    end = time.monotonic() + limit
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.01)


class Process:
    """A command of tierway that prints its address first."""

    def __init__(self, tierway, *arguments, cwd=None):
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("OPENAI", "TIERWAY"))}
        self.process = subprocess.Popen([tierway, *arguments], stdout=subprocess.PIPE, text=True,
                                        cwd=cwd, env=environment)
        line = self.process.stdout.readline().strip()
        if not line:
            raise RuntimeError(f"{arguments[0]} did not start")
        host, port = line.rsplit(":", 1)
        self.address = (host, int(port))
        self.url = f"http://{line}"

    def stop(self):
        self.process.terminate()
        status = self.process.wait(LIMIT)
        self.process.stdout.close()
        return status

    def kill(self):
        self.process.kill()
        self.process.wait(LIMIT)
        self.process.stdout.close()

    def memory(self):
        """Resident bytes."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmRSS:\s*(\d+) kB", status.read())[1]) * 1024

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


class Answer:
    def __init__(self, status, headers, body, complete, trailers=()):
        self.status, self.headers, self.body, self.complete = status, headers, body, complete
        self.trailers = list(trailers)

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name]

    def header(self, name):
        return (self.all(name) or [None])[0]

    def json(self):
        return json.loads(self.body)

    def events(self):
        """The data of each event."""
        blocks = re.split(rb"\r?\n\r?\n", self.body)
        return [b"\n".join(line[6:] for line in re.split(rb"\r?\n", block)
                           if line.startswith(b"data: "))
                for block in blocks if b"data: " in block]

    def without_summary(self):
        return re.sub(rb": tierway \{.*\}\n\n\Z", b"", self.body)

    def summary(self):
        found = re.search(rb": tierway (\{.*\})\n\n\Z", self.body)
        return json.loads(found[1]) if found else None


class Caller:
    """One connection, byte for byte."""

    def __init__(self, address):
        self.socket = socket.create_connection(address, LIMIT)
        self.socket.settimeout(LIMIT)
        self.bytes = b""
        self.interim = []

    def send(self, data):
        self.socket.sendall(data)

    def fill(self):
        piece = self.socket.recv(65536)
        self.bytes += piece
        return len(piece) > 0

    def until(self, mark):
        while mark not in self.bytes:
            if not self.fill():
                raise EOFError(self.bytes)
        before, self.bytes = self.bytes.split(mark, 1)
        return before

    def take(self, count):
        while len(self.bytes) < count:
            if not self.fill():
                raise EOFError(self.bytes)
        taken, self.bytes = self.bytes[:count], self.bytes[count:]
        return taken

    def head(self):
        """The final one; interim ones are kept."""
        while True:
            status, headers = self.one_head()
            if status >= 200:
                return status, headers
            self.interim.append((status, headers))

    def one_head(self):
        lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:]]
        return int(lines[0].split()[1]), headers

    def chunked(self):
        """The chunks up to the last one, and the trailers."""
        body = b""
        while True:
            size = int(self.until(b"\r\n").split(b";")[0], 16)
            if size == 0:
                break
            body += self.take(size)
            self.take(2)
        trailers = []
        while line := self.until(b"\r\n"):
            trailers.append(tuple(p.strip() for p in line.decode("latin-1").split(":", 1)))
        return body, trailers

    def answer(self, method="POST"):
        status, headers = self.head()
        answer = Answer(status, headers, b"", True)
        answer.interim = self.interim
        try:
            if method == "HEAD" or status in (204, 304):
                pass
            elif answer.header("transfer-encoding") == "chunked":
                answer.body, answer.trailers = self.chunked()
            elif answer.header("content-length") is not None:
                answer.body = self.take(int(answer.header("content-length")))
            else:
                while self.fill():
                    pass
                answer.body, self.bytes = self.bytes, b""
        except EOFError as end:
            answer.body, answer.complete = end.args[0], False
        except ConnectionResetError:
            answer.complete = False
        return answer

    def close(self):
        self.socket.close()

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()


def request_bytes(method, path, headers=(), body=b"", host="gateway"):
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *(f"{k}: {v}" for k, v in headers)]
    if body or method in ("POST", "PUT", "PATCH"):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def ask(address, method, path, headers=(), body=b""):
    caller = Caller(address)
    try:
        caller.send(request_bytes(method, path, headers, body))
        return caller.answer(method)
    finally:
        caller.close()


class Upstream:
    """Accepts connections; each goes to serve(connection, head, body) on a thread of its own."""

    def __init__(self, serve):
        self.serve, self.requests = serve, []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.address = self.listener.getsockname()
        self.url = "http://127.0.0.1:%d" % self.address[1]
        self.connections = 0
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.run, args=(connection,), daemon=True).start()

    def run(self, connection):
        data = b""
        try:
            while True:
                while b"\r\n\r\n" not in data:
                    piece = connection.recv(65536)
                    if not piece:
                        return
                    data += piece
                head, data = data.split(b"\r\n\r\n", 1)
                length = re.search(rb"(?im)^content-length: *(\d+)", head)
                length = int(length[1]) if length else 0
                while len(data) < length:
                    piece = connection.recv(65536)
                    if not piece:
                        return
                    data += piece
                body, data = data[:length], data[length:]
                self.requests.append((head, body))
                if self.serve(connection, head, body) is False:
                    return
        except OSError:
            pass
        finally:
            connection.close()

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)  # the thread that accepts holds it, too
        self.listener.close()


def stays_open(connection):
    """Waits until the other side closes; how long that took, or None."""
    start = time.monotonic()
    connection.settimeout(LIMIT)
    try:
        while connection.recv(4096):
            pass
    except socket.timeout:
        return None
    except OSError:
        pass
    return time.monotonic() - start


class Folder:
    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="tierway-serve-")

    def file(self, name, text):
        with open(os.path.join(self.path, name), "w") as file:
            file.write(text)
        return os.path.join(self.path, name)

    def rows(self, columns, store="ledger.db", table="ledger"):
        connection = sqlite3.connect(f"file:{os.path.join(self.path, store)}?mode=ro", uri=True)
        try:
            return connection.execute(
                f"select {columns} from {table} order by number").fetchall()
        finally:
            connection.close()

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)


def recorded(stand_in):
    """What the stand-in has received: method, path, head and body of each request."""
    lines = ask(stand_in.address, "GET", "/fake/requests").body.splitlines()
    rows = [json.loads(line) for line in lines]
    return [(row["method"], row["path"], base64.b64decode(row["head"]),
             base64.b64decode(row["body"])) for row in rows]
