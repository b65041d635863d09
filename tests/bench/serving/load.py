"""Load by wrk: one thread on the second core, each connection with one request at a time."""
import json
import pathlib
import re
import subprocess

from servers import LOAD_CORE

PATH = "/v1/chat/completions"


def body_of(size):
    """A chat request of exactly `size` bytes."""
    words = "The quick brown fox jumps over the lazy dog. "
    document = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": ""}],
                "temperature": 0.5}
    room = size - len(json.dumps(document))
    document["messages"][0]["content"] = (words * (room // len(words) + 1))[:room]
    return json.dumps(document)


def write_script(folder, body, headers):
    lines = ['wrk.method = "POST"', f"wrk.body = {json.dumps(body)}",
             'wrk.headers["Content-Type"] = "application/json"']
    lines += [f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}" for name, value in headers]
    path = pathlib.Path(folder) / "post.lua"
    path.write_text("\n".join(lines) + "\n")
    return path


class Untold(Exception):
    """A figure that wrk does not have."""


def microseconds(text):
    found = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text)
    if not found:
        raise Untold(text)
    number, unit = found.groups()
    return float(number) * {"us": 1, "ms": 1e3, "s": 1e6, "m": 6e7}[unit]


class Figures:
    """Of one run. processor: microseconds of the server's processor time a request."""

    def __init__(self, requests, seconds, processor_seconds, median, slow):
        self.rate = requests / seconds
        self.processor = processor_seconds / requests * 1e6
        self.median, self.slow = median, slow


def run(server, folder, body, connections, seconds, headers=()):
    """One run. Now and then wrk has no percentiles to tell: such a run is done once more."""
    try:
        return run_once(server, folder, body, connections, seconds, headers)
    except Untold:
        return run_once(server, folder, body, connections, seconds, headers)


def run_once(server, folder, body, connections, seconds, headers):
    script = write_script(folder, body, headers)
    before = server.processor_seconds()
    text = subprocess.run(
        ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s",
         "--latency", "--timeout", "10s", "-s", str(script),
         f"http://127.0.0.1:{server.port}{PATH}"],
        check=True, capture_output=True, text=True).stdout
    used = server.processor_seconds() - before
    if "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError(f"{server.name}: {text}")
    requests, took = re.search(r"(\d+) requests in ([\d.]+)s", text).groups()
    median = microseconds(re.search(r"50%\s+(\S+)", text)[1])
    slow = microseconds(re.search(r"99%\s+(\S+)", text)[1])
    return Figures(int(requests), float(took), used, median, slow)


def best(runs):
    """What the machine did beside it only ever takes away: the least processor time counts, and
    the run with the highest rate says the rest."""
    fastest = max(runs, key=lambda figures: figures.rate)
    fastest.processor = min(figures.processor for figures in runs)
    return fastest
