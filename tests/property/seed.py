#!/usr/bin/env python3
"""Compares the policies with the routers of the course that they stand for.

    seed.py TIERWAY POLICIES

The routers' decisions are written here once more, as the course has them: a few `if`s in the same
order, floats for the budget included. Every request of a grid (all words, all hours, boundaries of
tokens and budget, both sides of each second of an hour's turn, instants on the days when daylight
saving shifts) goes through `tierway decide --jsonl` and through the router; the tiers have to be
the same. The last line is "N passed, N failed".
"""
import itertools
import json
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

FORCED = [None, "auto", "default", "flex", "priority"]
HOURS = [{"hour": hour} for hour in range(24)]
TIMES = [{"time": f"{hour:02}:{rest}"} for hour in range(24) for rest in ("00:00", "30:00", "59:59")]
NEW_YORK = ZoneInfo("America/New_York")


def instants():
    """Every half hour of an ordinary day and of the two days on which New York's clocks shift."""
    for day in ((2026, 1, 15), (2026, 3, 8), (2026, 11, 1)):
        start = datetime(*day, tzinfo=timezone.utc)
        for half_hours in range(60):
            yield {"now": (start + timedelta(minutes=30 * half_hours)).strftime("%Y-%m-%dT%H:%M:%SZ")}


CLOCKS = HOURS + TIMES + list(instants())


def hour_of(request):
    """What datetime.now().hour gives in New York at the request's moment."""
    if "hour" in request:
        return request["hour"]
    if "time" in request:
        return int(request["time"][:2])
    moment = datetime.strptime(request["now"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    return moment.astimezone(NEW_YORK).hour


def dynamic_router(request):
    """ServiceTierRouter.select_tier with its default TierConfig."""
    if request.get("force_tier"):
        return request["force_tier"]
    priority = request.get("priority", "normal")
    tier = {"critical": "default", "high": "default", "normal": "auto", "low": "flex"}[priority]
    tokens = request.get("tokens")
    if tokens and tokens > 5000:
        if priority not in ("critical", "high"):
            tier = "flex"
    hour = hour_of(request)
    start, end = 22, 6
    off_peak = hour >= start or hour < end if start > end else start <= hour < end
    if off_peak and priority == "normal":
        tier = "flex"
    return tier


def hybrid(request):
    """HybridTierStrategy.select_tier, with its two factors."""
    if request.get("force_tier"):
        return request["force_tier"]
    if request.get("batch_mode", False):
        return "flex"
    request_type = request.get("request_type", "interactive")
    if request_type == "interactive":
        return "default"
    if request.get("tokens", 0) > 3000:
        return "flex"
    if request_type == "background":
        return "flex"
    utilization = request.get("daily.spent", 0.0) / 100.0
    budget_tier = "flex" if utilization > 0.9 else "auto" if utilization > 0.7 else "default"
    if budget_tier == "flex":
        return "flex"
    time_tier = "default" if 9 <= hour_of(request) <= 17 else "flex"
    if request_type == "async":
        if time_tier == "flex" or budget_tier != "default":
            return "auto"
        return "default"
    return "auto"


def cost_optimizing(request):
    """CostOptimizingRouter._select_tier: `interactive` is a bool, true where nobody says."""
    interactive = request.get("interactive", True)
    if interactive:
        return "default"
    if request.get("tokens", 0) > 2000:
        return "flex"
    return "flex"


def grid(clocks, **attributes):
    """All requests with these values; None leaves the attribute out."""
    for values in itertools.product(clocks, *attributes.values()):
        request = dict(values[0])
        request.update((name, value) for name, value in zip(attributes, values[1:])
                       if value is not None)
        yield request


ROUTERS = {
    "dynamic-router.tier": (dynamic_router, lambda: grid(
        CLOCKS, priority=[None, "critical", "high", "normal", "low"], force_tier=FORCED,
        tokens=[None, 0, 1, 4999, 5000, 5001, 1000000])),
    "hybrid.tier": (hybrid, lambda: grid(
        CLOCKS, request_type=[None, "interactive", "async", "background"], batch_mode=[None, True],
        force_tier=[None, "auto", "flex"], tokens=[None, 0, 2999, 3000, 3001],
        **{"daily.spent": [None, 0, 0.01, 69.99, 70, 70.01, 89.99, 90, 90.01, 100, 250]})),
    "cost-optimizing.tier": (cost_optimizing, lambda: grid(
        [{}], interactive=[None, True, False], tokens=[None, 0, 1999, 2000, 2001, 1000000])),
}


def decide(tierway, policy, requests):
    lines = "".join(json.dumps(request) + "\n" for request in requests)
    result = subprocess.run([tierway, "decide", "--jsonl", policy], input=lines, text=True,
                            stdout=subprocess.PIPE, check=False)
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    if result.returncode != 0 or len(answers) != len(requests):
        print(f"FAILED: {policy}: status {result.returncode}, {len(answers)} answers to "
              f"{len(requests)} requests")
        print(next((answer for answer in answers if "error" in answer), ""))
        return None
    return answers


def compare(tierway, policy, router, requests):
    """(passed, failed) for one policy; the first few differences are printed."""
    answers = decide(tierway, policy, requests)
    if answers is None:
        return 0, len(requests)
    failed = 0
    for request, answer in zip(requests, answers):
        wanted = router(request)
        if answer["tier"] != wanted:
            failed += 1
            if failed <= 5:
                print(f"FAILED: {policy}: {request}: the router says {wanted}, "
                      f"the policy {answer['tier']} by {answer['rule']}")
    return len(requests) - failed, failed


def main():
    tierway, policies = sys.argv[1], Path(sys.argv[2])
    passed = failed = 0
    for name, (router, requests) in ROUTERS.items():
        good, bad = compare(tierway, policies / name, router, list(requests()))
        passed, failed = passed + good, failed + bad
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
