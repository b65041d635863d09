#!/usr/bin/env python3
"""Checks that docs/lint.md describes every finding of diagnostics.def, with its severity, and no
other: each has a heading such as "### `dead-rule` (warning)"."""
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parents[2]
table = (root / "src/front/diagnostics.def").read_text()
manual = (root / "docs/lint.md").read_text()

defined = {name: severity.lower()
           for name, severity in re.findall(r'^TW_FINDING\(\w+,\s*"([a-z-]+)",\s*TW_(\w+)', table, re.M)}
described = dict(re.findall(r"^### `([a-z-]+)` \((error|warning)\)$", manual, re.M))

trouble = [f"docs/lint.md does not describe {name} ({defined[name]})"
           for name in sorted(defined) if described.get(name) != defined[name]]
trouble += [f"docs/lint.md describes {name}, which does not exist"
            for name in sorted(described.keys() - defined.keys())]
print("".join(line + "\n" for line in trouble), end="")
print(f"{len(defined) - len(trouble)} passed, {len(trouble)} failed")
sys.exit(1 if trouble or not defined else 0)
