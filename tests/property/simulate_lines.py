#!/usr/bin/env python3
"""Holds the fast way of reading a log against the one that knows all of JSON.

    simulate_lines.py TIERWAY [LINES [SEED]]

A line of up to 64 members is read in one pass, with the names of the line before as a guess; a longer
one is checked whole and then walked. So the same random lines are replayed twice, once as they are
and once with 70 members more that mean nothing, and the reports have to be equal: members in any
order and twice, escapes, blanks, nested values, values of the wrong kind, and lines that are broken
at a random byte. The number of lines that are no object is counted apart, by Python's own reader.
"""
import json
import pathlib
import random
import subprocess
import sys
import tempfile

POLICY = """attribute team : string
attribute note : string
patient: when priority == low or tokens > 5k -> flex else default
team: when team in {"search", "caf\u00e9 \\"x\\""} and stream -> flex else default
noted: when note like "*x*" -> priority else default
night: when hour in 0..6 -> flex else default
otherwise -> default
"""
PADDING = ",".join(f'"padding {i}":[{{}},"\\u00e9"]' for i in range(70))


def text(source):
    return "".join(source.choice(["a", "x", " ", "\"", "\\", "\u00e9", "\u65e5", "\U0001f600", "\n",
                                  "/", "\x7f", "longer than eight"])
                   for _ in range(source.randrange(6)))


def value(source, name):
    if source.random() < 0.03:
        return source.choice([None, True, -1, 1.5, 1e3, "", [], {}, "x", 10 ** 30])
    number = int(10 ** source.uniform(0, 4.5))
    return {
        "now": lambda: f"2026-11-{source.randrange(1, 31):02}T{source.randrange(24):02}:00:01Z",
        "model": lambda: source.choice(["gpt-5", "gpt-5-2025-08-07", "o3", "unheard-of", text(source)]),
        "priority": lambda: source.choice(["low", "high", "normal", "critical"]),
        "team": lambda: source.choice(["search", "caf\u00e9 \"x\"", text(source)]),
        "user": lambda: text(source), "note": lambda: text(source), "id": lambda: text(source),
        "stream": lambda: source.random() < 0.5,
        "tier": lambda: source.choice(["default", "flex", "priority", "auto"]),
        "usage": lambda: {"prompt_tokens": number, text(source): [1, {"a": "}"}],
                          "prompt_tokens_details": {"cached_tokens": number // 2},
                          "completion_tokens": 7},
    }.get(name, lambda: number)()


NAMES = ["now", "model", "priority", "team", "user", "note", "id", "stream", "tier", "usage", "tokens",
         "input_tokens", "output_tokens", "cached_tokens", "latency_ms", "other", "a\nname"]


def name_text(source, name):
    plain = json.dumps(name, ensure_ascii=False)
    return plain if source.random() < 0.98 else '"' + "".join(f"\\u{ord(c):04x}" for c in name) + '"'


def blank(source):
    return source.choice(["", "", "", " ", "\t", "  "])


def make_line(source, names):
    members = []
    for name in names:
        shown = json.dumps(value(source, name), ensure_ascii=source.random() < 0.5)
        members.append(blank(source) + name_text(source, name) + blank(source) + ":" + blank(source)
                       + shown + blank(source))
    line = "{" + ",".join(members) + "}"
    if source.random() < 0.03:
        at = source.randrange(1, len(line))
        line = line[:at] + source.choice(["", "}", "\"", "\\", ",", "\x01", "{"]) + line[at + 1:]
    return line


def make_lines(source, count):
    names = NAMES[:]
    for _ in range(count):
        if source.random() < 0.2:
            names = source.choices(NAMES, k=source.randrange(1, 24))
        yield make_line(source, names)


def is_object(line):
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def pad(line):
    inside = line.strip()[1:-1]
    return "{" + inside + ("," if inside.strip() else "") + PADDING + "}"


def replay(tierway, folder, name, lines):
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    run = subprocess.run([tierway, "simulate", "policy.tier", "--log", name, "--log-format", "jsonl",
                          "--format", "json"], cwd=folder, capture_output=True, check=False)
    if run.returncode != 0:
        sys.exit(f"simulate {name}: status {run.returncode}: {run.stderr.decode()}")
    report = json.loads(run.stdout)
    report.pop("log", None)
    return report


def differences(one, other, path=""):
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(set(one) | set(other)):
            yield from differences(one.get(key), other.get(key), f"{path}/{key}")
    elif one != other:
        yield f"{path}: {one} and {other}"


def main():
    tierway = str(pathlib.Path(sys.argv[1]).resolve())
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 40000
    source = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 5)
    # The first line settles the format, and names what is read.
    lines = ['{"now":"2026-11-01T00:00:00Z","model":"gpt-5","input_tokens":1,"output_tokens":1}',
             *make_lines(source, count)]
    good = [is_object(line) for line in lines]
    with tempfile.TemporaryDirectory() as place:
        folder = pathlib.Path(place)
        (folder / "policy.tier").write_text(POLICY, encoding="utf-8")
        fast = replay(tierway, folder, "lines", lines)
        slow = replay(tierway, folder, "padded",
                      [pad(line) if fine else line for line, fine in zip(lines, good)])
    found = list(differences(fast, slow))
    if found:
        sys.exit("the two ways differ:\n" + "\n".join(found[:20]))
    if fast["requests"]["all"] != len(lines):
        sys.exit(f"{len(lines)} lines, and {fast['requests']['all']} requests")
    print(f"{len(lines)} lines, {len(lines) - sum(good)} of them no object: "
          f"{fast['requests']['evaluated']} evaluated either way")


if __name__ == "__main__":
    main()
