"""What the tests in this folder share: checks that are counted, and running every test of a file."""
import sys
import time
import traceback

SLOW = 5  # seconds of one test, that are said
passed, failures = 0, []


def check(what, wanted, got):
    global passed
    if wanted == got:
        passed += 1
    else:
        failures.append(what)
        print(f"FAILED: {what}\n  wanted: {wanted!r}\n  got:    {got!r}", flush=True)


def run_tests(names):
    """Runs the functions test_* among `names`, or those that the command line names after the
    command's path; then ends the program, with 0 only if there were checks and none failed."""
    chosen = sys.argv[2:]
    for name, test in list(names.items()):
        if not name.startswith("test_") or (chosen and name not in chosen):
            continue
        start = time.monotonic()
        try:
            test()
        except Exception:  # pylint: disable=broad-except
            failures.append(name)
            traceback.print_exc()
        if time.monotonic() - start > SLOW:
            print(f"{name}: {time.monotonic() - start:.1f} s", flush=True)
    print(f"{passed} passed, {len(failures)} failed")
    sys.exit(1 if failures or not passed else 0)
