#!/usr/bin/env python3
"""Checks that the documentation leaves out no setting of the gateway and none of its figures: every
row of config.def and config_caller.def is in tierway-config(5), with its variable, default and
bounds; every metric is in docs/metrics.md, and no other is."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
GATEWAY = ROOT / "src/gateway"
passed, failed = 0, 0


def check(good, message):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(message)


def size(number):
    for unit, name in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if number % unit == 0:
            return f"{number // unit}{name}"
    return str(number)


def time(number):
    for unit, name in ((86400000, "d"), (3600000, "h"), (60000, "m"), (1000, "s")):
        if number and number % unit == 0:
            return f"{number // unit}{name}"
    return f"{number}ms" if number else "0"


SHOWN = {"NUMBER": str, "BYTES": size, "DURATION": time}
ROW = re.compile(r'^SETTING\((\w+), \w+, "([^"]+)",\s*(?:"(\w+)"|NULL),\s*(?:"([^"]*)"|NULL),'
                 r"\s*(\d+),\s*(\d+),", re.M)
page = (ROOT / "docs/man/tierway-config.5").read_text()
for file in ("config.def", "config_caller.def"):
    rows = ROW.findall((GATEWAY / file).read_text())
    check(len(rows) == (GATEWAY / file).read_text().count("\nSETTING("), f"{file}: rows not read")
    for kind, path, variable, default, low, high in rows:
        found = re.search(rf"^\.It Ic {re.escape(path)} : Em \w+\n(.*?)(?=^\.(?:It|El))", page,
                          re.M | re.S)
        text = found[1] if found else ""
        check(found, f"tierway-config(5) does not describe {path}")
        check(not variable or f".Ev {variable} .\n" in text, f"{path}: not its variable")
        if file == "config.def":
            check(not default or f"Default: {default}.\n" in text, f"{path}: not its default")
            bounds = f"From {SHOWN[kind](int(low))} to {SHOWN[kind](int(high))}." \
                if kind in SHOWN else ""
            check(bounds in text, f"{path}: not its bounds, {bounds}")

metrics = set(re.findall(r'"(tierway_\w+)", *\n? *"', (GATEWAY / "metrics.def").read_text()))
show = (GATEWAY / "admin_show.c").read_text()
metrics |= {name for name in re.findall(r'"((?:tierway|process)_\w+)"', show)
            if not name.endswith("gateway_")}
counters = re.findall(r"COUNTER\((\w+), \"", (GATEWAY / "gateway.h").read_text())
metrics |= {f"tierway_gateway_{name}_total" for name in counters}
metrics -= {"_total"}
described = set(re.findall(r"^\| (`.*?)\|", (ROOT / "docs/metrics.md").read_text(), re.M))
described = {name for cell in described for name in re.findall(r"`((?:tierway|process)_\w+)`", cell)}
check(len(metrics) > 30, "the metrics cannot be read")
for name in sorted(metrics ^ described):
    check(False, f"docs/metrics.md: {name} is " + ("missing" if name in metrics else "not there"))
passed += len(metrics & described)
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
