#!/usr/bin/env python3
"""Compares `tierway simulate` with the same replay done apart, in fractions.

    simulate.py TIERWAY [LINES [SEED]]

A log of LINES lines (20,000) is made, some of them broken, unpriced or without an instant, and
replayed through two policies that are written here a second time, in Python, with zones from
Python's own tables. Every count and every sum of the report has to be equal, to the last digit.
"""
import datetime
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import zoneinfo
from collections import Counter, defaultdict
from fractions import Fraction

OLD = """when priority == low or tokens > 2k -> flex
otherwise -> default
"""
NEW = """timezone "America/New_York"
attribute team : string
asked: when force_tier is set -> force_tier else default
batch: when team == "batch" and tokens > 20k -> reject "later"
large: when tokens > 5k and priority != critical -> flex timeout 15m retry 2 else priority else default
night: when time in 22:00..06:00 -> flex else default
otherwise -> auto
"""
PRICES = {
    "name": "made up", "date": "2026-01-01", "currency": "USD", "unit": "USD per 1M tokens",
    "models": [
        {"model": "alpha", "source": "made up",
         "standard": {"input": "2.5", "cached_input": "0.25", "output": "15"},
         "flex": {"input": "1.25", "cached_input": "0.125", "output": "7.5"},
         "priority": {"input": "5.000001", "cached_input": "0.5", "output": "30"},
         "long_context": {
             "above_input_tokens": 20000,
             "standard": {"input": "5", "cached_input": "0.5", "output": "22.5"},
             "flex": {"input": "2.5", "cached_input": "0.25", "output": "11.25"},
             "priority": {"input": "10", "cached_input": "1", "output": "45"}}},
        {"model": "beta", "source": "made up",
         "standard": {"input": "0.15", "cached_input": "0.075", "output": "0.6"},
         "flex": {"input": "0.075", "cached_input": "0.0375", "output": "0.3"}},
        {"model": "gamma", "source": "made up", "standard": {"input": "10", "output": "30"}}]}
REFUSAL = {"flex": Fraction("0.0325"), "priority": Fraction("0.1")}
ZONE = zoneinfo.ZoneInfo("America/New_York")
TIER_WORDS = {"default": "standard", "auto": "standard", "flex": "flex", "priority": "priority"}
UNPRICED = object()


def make_request(source, moment):
    tokens = int(10 ** source.uniform(1, 4.6))
    request = {
        "now": moment.strftime("%Y-%m-%dT%H:%M:%S") + source.choice(["Z", "+00:00", ".250Z"]),
        "model": source.choice(["alpha", "alpha-2026-01-02", "beta", "gamma", "unheard-of"]),
        "priority": source.choice(["critical", "high", "normal", "low"]),
        "team": source.choice(["batch", "web", "caf\u00e9 \"x\""]),
        "requested": source.choice([None, None, None, None, "priority"]),
        "input_tokens": tokens,
        "cached_tokens": source.choice([0, tokens // 2]),
        "output_tokens": source.randint(0, 5000),
    }
    for name, share in (("now", 0.01), ("priority", 0.05), ("team", 0.2), ("output_tokens", 0.01)):
        if source.random() < share:
            del request[name]
    if source.random() < 0.01:
        request["priority"] = "urgent"
    return request


def make_lines(count, seed):
    """Pairs of a line and its request; None for a line that is broken."""
    source = random.Random(seed)
    moment = datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)
    for _ in range(count):
        moment += datetime.timedelta(seconds=source.randint(-60, 300))
        request = make_request(source, moment)
        line = json.dumps(request, ensure_ascii=source.random() < 0.5)
        if source.random() < 0.01:
            yield line[:source.randint(1, len(line) - 1)], None
        else:
            yield line, request


def instant_of(request):
    if "now" not in request:
        return None
    return datetime.datetime.fromisoformat(request["now"].replace("Z", "+00:00"))


def decide_old(request):
    if request.get("priority", "normal") == "low" or request["input_tokens"] > 2000:
        return "line 1", ["flex"]
    return "otherwise", ["default"]


def decide_new(request):
    if request["requested"]:
        return "asked", [request["requested"], "default"]
    if request.get("team") == "batch" and request["input_tokens"] > 20000:
        return "batch", []
    if request["input_tokens"] > 5000 and request.get("priority", "normal") != "critical":
        return "large", ["flex", "priority", "default"]
    local = instant_of(request).astimezone(ZONE)
    if local.hour >= 22 or local.hour < 6:
        return "night", ["flex", "default"]
    return "otherwise", ["auto"]


def shares(tiers):
    """What each step serves, and what none does."""
    reaching, served = Fraction(1), []
    for tier in tiers:
        refused = reaching * REFUSAL.get(tier, 0)
        served.append(reaching - refused)
        reaching = refused
    return served, reaching if tiers else Fraction(0)


def price(request, tier):
    name = request["model"].removesuffix("-2026-01-02")
    rows = {row["model"]: row for row in PRICES["models"]}
    if "output_tokens" not in request or name not in rows:
        return UNPRICED
    row = rows[name]
    long_context = row.get("long_context")
    if long_context and request["input_tokens"] > long_context["above_input_tokens"]:
        row = long_context
    rates = row.get(TIER_WORDS[tier])
    cached = request["cached_tokens"]
    if rates is None or (cached and "cached_input" not in rates):
        return UNPRICED
    parts = ((request["input_tokens"] - cached, "input"), (cached, "cached_input"),
             (request["output_tokens"], "output"))
    return sum(count * Fraction(rates.get(rate, "0")) for count, rate in parts) / 1000000


def expected_cost(request, tiers):
    total = Fraction(0)
    for tier, share in zip(tiers, shares(tiers)[0]):
        cost = price(request, tier)
        if cost is UNPRICED:
            return UNPRICED
        total += cost * share
    return total


class Sums:
    def __init__(self):
        self.requests = self.priced = 0
        self.old = self.new = self.at_default = Fraction(0)

    def add(self, costs):
        self.requests += 1
        if UNPRICED in costs:
            return
        self.priced += 1
        self.old, self.new = self.old + costs[0], self.new + costs[1]
        self.at_default += costs[2]


class Replay:
    """The same sums as the report's, found apart."""

    def __init__(self):
        self.counts, self.total = Counter(), Sums()
        self.models, self.days = defaultdict(Sums), defaultdict(Sums)
        self.changes, self.rules = defaultdict(Sums), defaultdict(Sums)
        self.served, self.chosen = defaultdict(Fraction), Counter()
        self.tier_cost = defaultdict(Fraction)
        self.before = None

    def take(self, request):
        self.counts["all"] += 1
        if request is None:
            self.counts["broken_line"] += 1
            return
        moment = instant_of(request)
        if moment:
            self.counts["out_of_order"] += self.before is not None and moment < self.before
            self.before = moment
        if request.get("priority") == "urgent":
            self.counts["bad_value"] += 1
        elif moment is None:
            self.counts["no_instant"] += 1
        else:
            self.evaluate(request, moment)

    def evaluate(self, request, moment):
        self.counts["evaluated"] += 1
        for name in ("priority", "team"):
            self.counts["lacks " + name] += name not in request
        old, new = decide_old(request), decide_new(request)
        costs = (expected_cost(request, old[1]), expected_cost(request, new[1]),
                 price(request, "default"))
        sums = [self.total, self.models[request["model"]], self.rules[new[0], tuple(new[1])],
                self.days[moment.date().isoformat()]]
        if old[1] != new[1]:
            self.counts["changed"] += 1
            sums.append(self.changes[old[0], tuple(old[1]), new[0], tuple(new[1])])
        for one in sums:
            one.add(costs)
        self.count_tiers(request, old[1], new[1], UNPRICED not in costs)

    def count_tiers(self, request, old, new, priced):
        for side, tiers in (("old", old), ("new", new)):
            served, refused = shares(tiers)
            self.counts[side + " rejected"] += not tiers
            self.served[side, "refused"] += refused
            if tiers:
                self.chosen[side, tiers[0]] += 1
            for tier, share in zip(tiers, served):
                self.served[side, tier] += share
                if priced:
                    self.tier_cost[side, tier] += price(request, tier) * share


class Checker:
    def __init__(self):
        self.passed = self.failed = 0

    def equal(self, what, reported, wanted):
        if reported == wanted:
            self.passed += 1
        else:
            self.failed += 1
            print(f"{what}: reported {reported}, wanted {wanted}")

    def sums(self, what, reported, wanted):
        for member in ("requests", "priced"):
            self.equal(f"{what}.{member}", reported[member], getattr(wanted, member))
        for member in ("old", "new", "at_default"):
            self.equal(f"{what}.{member}", Fraction(reported[member]), getattr(wanted, member))
        self.equal(f"{what}.change", Fraction(reported["change"]), wanted.new - wanted.old)


def tiers_of(action):
    """The tiers of an action in the language, in order."""
    return tuple(part.split()[0] for part in action.split(" else ")) if action[:6] != "reject" else ()


def check_requests(check, requests, replay):
    counts = replay.counts
    unevaluated = counts["broken_line"] + counts["bad_value"] + counts["no_instant"]
    wanted = {"all": counts["all"], "evaluated": counts["evaluated"], "unevaluated": unevaluated,
              "unpriced": replay.total.requests - replay.total.priced,
              "compared": counts["evaluated"], "changed": counts["changed"], "reworded": 0,
              "rejected": counts["new rejected"], "old_rejected": counts["old rejected"],
              "out_of_order": counts["out_of_order"]}
    for member, value in wanted.items():
        check.equal(f"requests.{member}", requests[member], value)
    for member, side in (("refused", "new"), ("old_refused", "old")):
        check.equal(f"requests.{member}", requests[member], replay.served[side, "refused"])


def check_report(report, replay):
    check, counts = Checker(), replay.counts
    check_requests(check, report["requests"], replay)
    check.sums("cost.compared", report["cost"]["compared"], replay.total)
    check.equal("cost.saved", Fraction(report["cost"]["saved"]),
                replay.total.at_default - replay.total.new)
    for name, key, wanted in (("models", "model", replay.models), ("days", "day", replay.days)):
        check.equal(name, sorted(line[key] for line in report[name]), sorted(wanted))
        for line in report[name]:
            check.sums(f"{name}.{line[key]}", line, wanted[line[key]])
    check.equal("changes", len(report["changes"]), len(replay.changes))
    for line in report["changes"]:
        key = (line["from"]["rule"], tiers_of(line["from"]["action"]), line["to"]["rule"],
               tiers_of(line["to"]["action"]))
        check.sums(f"changes.{key}", line, replay.changes[key])
    check.equal("rules", len(report["rules"]), len(replay.rules))
    for line in report["rules"]:
        wanted = replay.rules[line["rule"], tiers_of(line["action"])]
        check.equal(f"rules.{line['rule']}", (line["requests"], line["priced"],
                                              Fraction(line["cost"])),
                    (wanted.requests, wanted.priced, wanted.new))
    for line in report["tiers"]:
        for side in ("old", "new"):
            key = side, line["tier"]
            check.equal(f"tiers.{key}", (line[side]["chosen"], line[side]["served"],
                                         Fraction(line[side]["cost"])),
                        (replay.chosen[key], replay.served[key], replay.tier_cost[key]))
    notes = Counter()
    for line in report["unevaluated"]:
        notes[line["reason"]] += line["requests"]
    check.equal("unevaluated", notes, Counter({name: counts[name] for name in (
        "broken_line", "bad_value", "no_instant")}))
    lacking = {line["subject"]: line["requests"] for line in report["lacking"]}
    for name in ("priority", "team"):
        check.equal(f"lacking.{name}", lacking.get(name, 0), counts["lacks " + name])
    return check


def simulate(tierway, folder, lines):
    for name, text in (("old.tier", OLD), ("new.tier", NEW), ("prices.json", json.dumps(PRICES)),
                       ("log.jsonl", "".join(line + "\n" for line in lines))):
        (folder / name).write_text(text, encoding="utf-8")
    refusals = [f"--refusal={tier}={float(rate * 100)}%" for tier, rate in REFUSAL.items()]
    output = subprocess.run(
        [tierway, "simulate", folder / "new.tier", "--against", folder / "old.tier", "--log",
         folder / "log.jsonl", "--prices", folder / "prices.json", "--format", "json", *refusals],
        check=True, stdout=subprocess.PIPE).stdout
    return json.loads(output, parse_float=Fraction)


def main():
    tierway = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 20000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    made, replay = list(make_lines(count, seed)), Replay()
    for _, request in made:
        replay.take(request)
    with tempfile.TemporaryDirectory(prefix="tierway-simulate-") as folder:
        report = simulate(tierway, pathlib.Path(folder), [line for line, _ in made])
    check = check_report(report, replay)
    print(f"{check.passed} passed, {check.failed} failed")
    sys.exit(1 if check.failed or not check.passed else 0)


if __name__ == "__main__":
    main()
