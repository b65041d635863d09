"""How much of the gateway's time the policy takes: perf's samples, by the source of a function."""
import re
import shutil
import subprocess
import threading

# What a function belongs to, by the folder or file that it stands in; the first that fits counts.
PLACES = (("deciding", "src/program/"), ("attributes and clock", "src/runtime/attributes"),
          ("attributes and clock", "src/base/clock"), ("JSON", "src/base/json"),
          ("JSON", "src/runtime/body"), ("JSON", "src/runtime/answer"), ("the rest of tierway", "src/"))


class Unknown(Exception):
    """perf, nm or the debugging information is missing."""


def places_of(tierway):
    """Each function's place, by its name."""
    text = subprocess.run(["nm", "-l", "--defined-only", tierway], capture_output=True,
                          text=True).stdout
    found = {}
    for name, path in re.findall(r"^\S+ [tT] (\S+)\t(\S+?):\d+$", text, re.MULTILINE):
        place = next((what for what, part in PLACES if part in path), None)
        if place:
            found[name.split(".")[0]] = place
    if not found:
        raise Unknown("the program has no debugging information")
    return found


def samples(data):
    """(percent, library, function) of what perf has recorded."""
    text = subprocess.run(["perf", "report", "-i", data, "--no-children", "-g", "none", "--stdio",
                           "--sort", "dso,symbol", "-t", "|"], capture_output=True, text=True).stdout
    for line in text.splitlines():
        fields = [field.strip() for field in line.split("|")]
        if len(fields) >= 3 and fields[0].endswith("%"):
            yield float(fields[0][:-1]) / 100, fields[1], fields[2].rpartition(" ")[2]


def of_policy(server, tierway, folder, seconds, work):
    """Runs `work` and gives the share of each place in the server's samples meanwhile."""
    if not shutil.which("perf") or not shutil.which("nm"):
        raise Unknown("perf and nm are not installed")
    places, data = places_of(tierway), str(folder / "perf.data")
    worker = threading.Thread(target=work)
    worker.start()
    recorded = subprocess.run(["perf", "record", "-q", "-F", "9999", "-o", data,
                               "-p", ",".join(map(str, server.pids())), "sleep", str(seconds)],
                              capture_output=True, text=True)
    worker.join()
    if recorded.returncode:
        raise Unknown(f"perf: {recorded.stderr.strip()}")
    shares = dict.fromkeys([what for what, _ in PLACES], 0.0)
    for part, library, function in samples(data):
        own = library and tierway.endswith(library)
        what = places.get(function.split(".")[0], "the rest of tierway") if own else library
        what = "kernel" if "kernel" in library else what
        shares[what] = shares.get(what, 0) + part
    return {what: part for what, part in shares.items() if part >= 0.001}
