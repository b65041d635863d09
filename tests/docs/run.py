#!/usr/bin/env python3
"""Runs every example of the documentation: run.py TIERWAY [--update] [FILE.md...]

Without files: README.md and docs/*.md. A document's examples share one folder, in which
`policies` leads to the policies of the tree. Fenced blocks are told apart by their first line:

    ```tier                  a policy: lints without errors, and its examples pass
    ```tier fails=NAME       lint must report the error NAME
    ```tier warns=NAME       no errors, and lint must report the warning NAME
    ```json                  must be JSON
    ```console               `$ ` begins a command, `> ` goes on with it; the lines below are its
                             output, both streams. `...` alone stands for any lines, <word> for
                             any text without blanks

`file=NAME` keeps a block as that file; a block whose language is not named here is only kept.
--update writes what the commands print into the document, but for blocks with `...` or <word>.
"""
import argparse
import difflib
import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
MARK = "\x01next command\x01"
TIME_LIMIT = 60  # seconds, of one block
PLACEHOLDER = re.compile(r"<[a-z][a-z-]*>")


class Block:
    """A fenced block: its language, its options, and its lines."""

    def __init__(self, path, line, info, lines):
        self.path, self.line, self.lines = path, line, lines
        words = info.split()
        self.language = words[0] if words else ""
        self.options = dict(word.partition("=")[::2] for word in words[1:])

    def text(self):
        return "".join(line + "\n" for line in self.lines)


def read_blocks(path):
    blocks, open_block = [], None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.startswith("```"):
            if open_block:
                open_block.lines.append(line)
        elif open_block:
            blocks.append(open_block)
            open_block = None
        else:
            open_block = Block(path, number, line[3:], [])
    if open_block:
        raise SystemExit(f"{path}:{open_block.line}: this block has no end")
    return blocks


def environment(tierway):
    kept = {name: os.environ[name] for name in ("HOME", "TMPDIR", "ASAN_OPTIONS") if name in os.environ}
    path = f"{tierway.parent}:{os.environ.get('PATH', '/usr/bin:/bin')}"
    return kept | {"PATH": path, "LC_ALL": "C.UTF-8", "TZ": "UTC", "NO_COLOR": "1"}


class Folder:
    """The folder in which one document's examples run."""

    def __init__(self, tierway, path):
        self.path, self.environment = pathlib.Path(path), environment(tierway)
        (self.path / "policies").symlink_to(ROOT / "policies")

    def run(self, arguments):
        """The exit status and the output, both streams. Ends what the commands left running."""
        process = subprocess.Popen(arguments, cwd=self.path, env=self.environment, text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, start_new_session=True)
        try:
            # A program in the background may hold the output open: wait for the shell, then end
            # its group, then read to the end.
            process.wait(TIME_LIMIT)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        output = process.communicate()[0]
        return process.returncode, output


def check_policy(folder, block):
    name = block.options.get("file", f"line-{block.line}.tier")
    file = folder.path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(block.text())
    status, report = folder.run(["tierway", "lint", "--format", "json", name])
    try:
        findings = json.loads(report)["findings"]
    except ValueError:
        return f"lint ends with status {status} and says: {report}\n"
    names = {finding["name"] for finding in findings}
    errors = [finding for finding in findings if finding["severity"] == "error"]
    wanted = block.options.get("fails") or block.options.get("warns")
    if wanted and wanted not in names:
        return f"lint reports {sorted(names)}, not {wanted}\n"
    if "fails" in block.options:
        return "" if errors and status == 2 else "lint finds no error\n"
    if errors:
        return "".join(f"{e['line']}:{e['column']}: {e['message']}\n" for e in errors)
    status, report = folder.run(["tierway", "test", name])
    return "" if status == 0 else report


def read_commands(block):
    """Pairs of a command and the lines that it should print."""
    commands = []
    for line in block.lines:
        if line.startswith("$ "):
            commands.append((line[2:], []))
        elif line.startswith("> ") and commands and not commands[-1][1]:
            commands[-1] = (commands[-1][0] + "\n" + line[2:], [])
        elif commands:
            commands[-1][1].append(line.rstrip())
    return commands


def run_commands(folder, commands):
    """What each command prints. All run in one shell, each with the status of the one before."""
    mark = f"printf '%s\\n' {shlex.quote(MARK)}"
    script = "".join(f"{command}\nstatus=$?; {mark}; (exit $status)\n" for command, _ in commands)
    output = folder.run(["bash", "-c", script])[1].split(MARK + "\n")
    return [[line.rstrip() for line in part.splitlines()] for part in output[:-1]]


def pattern_of(lines):
    """A regular expression for the expected lines."""
    parts = []
    for line in lines:
        if line == "...":
            parts.append(r"(?:.*\n)*?")
            continue
        literal = [re.escape(part) for part in PLACEHOLDER.split(line)]
        parts.append(r"\S+".join(literal) + r"\n")
    return re.compile("".join(parts))


def matches(expected, printed):
    text = "".join(line + "\n" for line in printed)
    return pattern_of(expected).fullmatch(text) is not None


def check_console(folder, block):
    commands = read_commands(block)
    printed = run_commands(folder, commands)
    if len(printed) < len(commands):
        printed.append(["(this command did not end)"])
    block.printed = printed
    trouble = []
    for (command, expected), lines in zip(commands, printed):
        if not matches(expected, lines):
            trouble += [f"$ {command}"]
            trouble += difflib.unified_diff(expected, lines, "expected", "printed", lineterm="")
    return "".join(line + "\n" for line in trouble)


def check_json(_, block):
    try:
        json.loads(block.text())
    except ValueError as error:
        return f"{error}\n"
    return ""


CHECKS = {"tier": check_policy, "console": check_console, "json": check_json}


def check_block(folder, block):
    if "file" in block.options and block.language != "tier":
        (folder.path / block.options["file"]).write_text(block.text())
    return CHECKS[block.language](folder, block)


def run_document(tierway, path):
    """Runs a document's blocks; gives the blocks, and of those that failed what was wrong."""
    blocks = [block for block in read_blocks(path) if block.language in CHECKS or
              "file" in block.options]
    failures = []
    with tempfile.TemporaryDirectory(prefix="tierway-docs-") as name:
        folder = Folder(tierway, name)
        for block in blocks:
            if block.language not in CHECKS:
                (folder.path / block.options["file"]).write_text(block.text())
                continue
            trouble = check_block(folder, block)
            if trouble:
                failures.append((block, trouble))
    return blocks, failures


def update(path, failures):
    """Puts what was printed into the document, from its end so that lines keep their numbers."""
    lines = path.read_text().splitlines()
    for block, _ in reversed(failures):
        fixed = any(line == "..." or PLACEHOLDER.search(line) for line in block.lines
                    if not line.startswith(("$ ", "> ")))
        if block.language != "console" or fixed:
            continue
        new = []
        for (command, _), printed in zip(read_commands(block), block.printed):
            first, *rest = command.split("\n")
            new += [f"$ {first}"] + [f"> {line}" for line in rest] + printed
        lines[block.line:block.line + len(block.lines)] = new
    path.write_text("".join(line + "\n" for line in lines))


def main():
    parser = argparse.ArgumentParser(description="Runs the examples of the documentation.")
    parser.add_argument("tierway", type=pathlib.Path)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("documents", nargs="*", type=pathlib.Path)
    options = parser.parse_intermixed_args()
    documents = options.documents or [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    passed = failed = 0
    for path in documents:
        blocks, failures = run_document(options.tierway.resolve(), path.resolve())
        for block, trouble in failures:
            print(f"{os.path.relpath(block.path, ROOT)}:{block.line}: this example fails\n{trouble}")
        if options.update:
            update(path, failures)
        passed += len(blocks) - len(failures)
        failed += len(failures)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
