#!/usr/bin/env python3
"""Checks that every stage includes only stages to its left (docs/architecture.md)."""
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parents[2]
# What each folder of src may include, beside itself and the public headers.
MAY_INCLUDE = {
    "base": set(),
    "front": {"base"},
    "diagram": {"base", "front"},
    "program/run": {"base"},
    "program": {"base", "front", "diagram", "program/run"},
    "author": {"base", "front", "diagram", "program", "program/run"},
    "store": {"base"},
    "runtime": {"base", "program/run", "store"},
    "queue": {"base", "program/run", "store", "runtime"},
    "simulate": {"base", "program/run", "store", "runtime"},
    "gateway": {"base", "program/run", "store", "runtime", "queue"},
    "cli": {"base", "front", "diagram", "program", "program/run", "author", "store", "runtime", "queue",
            "simulate", "gateway"},
}


def stage_of(path):
    return "program/run" if path.startswith("program/run/") else path.split("/")[0]


checked = failed = 0
for file in sorted((root / "src").rglob("*.[ch]")):
    stage = stage_of(str(file.relative_to(root / "src")))
    for number, line in enumerate(file.read_text().splitlines(), 1):
        match = re.match(r'\s*#\s*include\s+"([a-z_]+/[a-z_./]+)"', line)
        if not match or match[1].startswith("tierway/"):
            continue
        checked += 1
        included = stage_of(match[1])
        if included != stage and included not in MAY_INCLUDE.get(stage, set()):
            print(f"{file.relative_to(root)}:{number}: {stage} may not include {included}")
            failed += 1
print(f"{checked - failed} passed, {failed} failed")
sys.exit(1 if failed or not checked else 0)
