"""What jobs with deadlines cost: jobs_cost.py TIERWAY. Flex has no room for long whiles, by a schedule,
and deadlines are seconds instead of hours. All deadlines are met; the cost is printed beside that of
everything at default, and that of an oracle, which knows when flex will have room."""
import json
import sys
import time
from decimal import Decimal

from checks import check, run_tests
from job_queue import Queue, line

TIERWAY = sys.argv[1]
REFUSED = ((0, 4), (6, 11), (12, 15))  # seconds since the provider's start
DEADLINES = (2, 3, 5, 7, 9, 10, 13, 16)  # seconds since the submission, of a share of the jobs each
EACH = 15
LATENCY = 0.1  # seconds
NEEDED = 0.6   # that the oracle takes a tier to need before a deadline, as the worker does at most


def schedule():
    return "refuse " + " ".join(f"{begin}s-{end}s" for begin, end in REFUSED)


def flex_has_room(instant):
    return not any(begin <= instant < end for begin, end in REFUSED)


def oracle_tiers(started, submitted):
    """For each deadline the tier of somebody who knows the schedule."""
    tiers = []
    for deadline in DEADLINES:
        end = submitted + deadline - NEEDED - started
        begin = submitted - started
        steps = int((end - begin) / 0.05)
        tiers.append("flex" if any(flex_has_room(begin + i * 0.05) for i in range(steps))
                     else "default")
    return tiers


def test_cost():
    options = [option for tier in ("flex", "default")
               for option in ("--latency", f"{tier}={LATENCY * 1000:.0f}")]
    with Queue(TIERWAY, "--flex-schedule", schedule(), "--tokens", "50", *options,
               policy="otherwise -> flex\n") as queue:
        started = time.time()
        for deadline in DEADLINES:
            queue.submit("".join(line(f"d{deadline}-{i}") for i in range(EACH)), "--deadline",
                         f"{deadline}s")
        submitted = time.time()
        status, counts, _ = queue.work_off("--concurrency", "16", "--usual-time", "200ms",
                                           lease="30s")
        jobs = len(DEADLINES) * EACH
        check("all done", (0, jobs), (status, counts["done"]))
        late = [row["id"] for row in queue.listed() if row["ended"] > row["deadline"]]
        check("all deadlines are met", [], late)
        answers = [row for row in queue.ledger_rows() if row["outcome"] == "answered"]
        cost = sum(Decimal(row["cost"]) for row in answers)
        default = sum(Decimal(row["default_cost"]) for row in answers)
        flex = [tier == "flex" for tier in oracle_tiers(started, submitted)]
        oracle = default / len(flex) * (len(flex) - Decimal(sum(flex)) / 2)
        check("at flex it is half", default, 2 * min(Decimal(row["cost"]) for row in answers) * jobs)
        check("dearer than an oracle, and cheaper than default", True, oracle <= cost < default)
        saved = (default - cost) / (default - oracle)
        at_flex = sum(row["served_tier"] == "flex" for row in answers)
        print(f"  {jobs} jobs, deadlines met: {jobs - len(late)}; at flex {at_flex}, stepped up "
              f"{counts['stepped_up']}, refused {sum(r['outcome'] == 'refused' for r in queue.ledger_rows())}"
              f"\n  all at default ${default}, this ${cost}, an oracle ${oracle}: "
              f"{saved:.0%} of what could be saved", flush=True)
        check("most of what can be saved is", True, saved > Decimal("0.6"))


run_tests(globals())
