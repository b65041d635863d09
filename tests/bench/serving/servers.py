"""The servers that are compared: each one starts on a port of its own, pinned to the first core."""
import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

SERVER_CORE, LOAD_CORE = "0", "1"
HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[2]
ANSWER = ('{"id":"chatcmpl-1","object":"chat.completion","created":1767225601,"model":"gpt-5-mini",'
          '"choices":[{"index":0,"message":{"role":"assistant","content":"paper amber north light",'
          '"refusal":null},"finish_reason":"stop"}],"usage":{"prompt_tokens":250,'
          '"completion_tokens":4,"total_tokens":254},"service_tier":"default"}')
TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A program with its children. `name` is what tables call it."""

    def __init__(self, name, command, port, core=SERVER_CORE, cwd=None, environment=None):
        self.name, self.port = name, port
        self.process = subprocess.Popen(["taskset", "-c", core, *command], cwd=cwd,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        env={**os.environ, **(environment or {})},
                                        start_new_session=True)
        for _ in range(400):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port)).close()
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"{name} does not listen")

    def pids(self):
        group, found = self.process.pid, []
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if os.getpgid(int(entry.name)) == group:
                    found.append(int(entry.name))
        return found

    def processor_seconds(self):
        """User and system time of all its processes so far."""
        total = 0
        for pid in self.pids():
            with contextlib.suppress(OSError):
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                total += int(fields[11]) + int(fields[12])
        return total / TICKS

    def memory(self):
        """Resident bytes of all its processes, shared pages counted once."""
        total = 0
        for pid in self.pids():
            with contextlib.suppress(OSError):
                for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                    if line.startswith("Pss:"):
                        total += int(line.split()[1]) * 1024
        return total

    def stop(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def nginx_configuration(folder, port, location):
    """One worker; every path answers by `location`. No logs, as for the others."""
    for name in ("body", "proxy"):
        (folder / name).mkdir(exist_ok=True)
    return f"""daemon off; worker_processes 1; pid {folder}/nginx{port}.pid; error_log /dev/null;
events {{ worker_connections 8192; }}
http {{
  access_log off; keepalive_requests 1000000000; client_max_body_size 64m;
  client_body_buffer_size 1m; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  server_tokens off;
  {location}
}}
"""


def start_nginx(name, folder, location, port, core):
    path = folder / f"{name}.conf"
    path.write_text(nginx_configuration(folder, port, location))
    return Server(name, ["nginx", "-e", "/dev/null", "-c", str(path)], port, core)


def start_upstream(folder):
    """The provider: a fixed answer, from memory, to whatever is asked."""
    port = free_port()
    return start_nginx("upstream", folder, f"""server {{ listen 127.0.0.1:{port} reuseport;
      default_type application/json; location / {{ return 200 '{ANSWER}'; }} }}""", port, LOAD_CORE)


def start_nginx_proxy(folder, upstream):
    port = free_port()
    return start_nginx("nginx", folder, f"""
  upstream provider {{ server 127.0.0.1:{upstream}; keepalive 256;
                       keepalive_requests 1000000000; }}
  server {{ listen 127.0.0.1:{port}; location / {{
    proxy_pass http://provider; proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_buffering off; proxy_read_timeout 600s; }} }}""", port, SERVER_CORE)


def start_haproxy(folder, upstream):
    port = free_port()
    path = folder / "haproxy.cfg"
    path.write_text(f"""global
  nbthread 1
  maxconn 8192
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 600s
  option http-keep-alive
  option http-no-delay
  http-reuse always
frontend callers
  bind 127.0.0.1:{port}
  default_backend provider
backend provider
  server provider 127.0.0.1:{upstream}
""")
    return Server("haproxy", ["haproxy", "-db", "-f", str(path)], port)


def start_tierway(tierway, folder, upstream, ledger="off"):
    """ledger: off, or whether an answer ends `before` or `after` its row is on disk."""
    port = free_port()
    name = "tierway" if ledger == "off" else f"tierway, rows {ledger}"
    command = [tierway, "serve", "--policy", str(SOURCE / "policies/dynamic-router.tier"),
               "--upstream", f"http://127.0.0.1:{upstream}/v1", "--listen", f"127.0.0.1:{port}",
               "--threads", "1", "--store", "off" if ledger == "off" else f"{ledger}.db"]
    if ledger != "off":
        command += ["--ledger-sync", ledger]
    return Server(name, command, port, cwd=folder)


def start_portkey(folder, upstream, modules):
    port = free_port()
    program = modules / "node_modules/@portkey-ai/gateway/build/start-server.js"
    return Server("portkey", ["node", str(program), f"--port={port}", "--headless"], port,
                  cwd=folder, environment={"TRUSTED_CUSTOM_HOSTS": "127.0.0.1"})


def installed(program):
    return shutil.which(program) is not None
