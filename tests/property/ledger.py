#!/usr/bin/env python3
"""A ledger added up again with exact fractions: ledger.py TIERWAY FILL_LEDGER [ROWS] [SEED]

Every row's cost, and what it would have cost at default, from its tokens and the price file; then
`tierway stats`, as a whole and by every key, against sums of those. Exits 1 at a difference.
"""
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from datetime import datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

PRICES = {"currency": "USD", "unit": "USD per 1M tokens", "models": [
    {"model": "plain", "standard": {"input": "2.5", "output": "10"},
     "flex": {"input": "1.25", "output": "5"}},
    {"model": "cached",
     "standard": {"input": "1.1", "cached_input": "0.275", "cache_write": "1.375", "output": "4.4"},
     "flex": {"input": "0.55", "cached_input": "0.1375", "cache_write": "0.6875", "output": "2.2"},
     "priority": {"input": "3", "cached_input": "0.3", "cache_write": "4", "output": "9.999999"}},
    {"model": "long", "standard": {"input": "2.5", "cached_input": "0.25", "output": "15"},
     "flex": {"input": "1.25", "cached_input": "0.125", "output": "7.5"},
     "long_context": {"above_input_tokens": 272000,
                      "standard": {"input": "5", "cached_input": "0.5", "output": "22.5"}}},
    {"model": "cheap", "standard": {"input": "0.000001", "output": "0.000003"}}]}
MEMBERS = {"default": "standard", "flex": "flex", "priority": "priority"}


def exact(model, tier, tokens):
    """Dollars, or None where the file does not say."""
    row = next((row for row in PRICES["models"] if row["model"] == model), None)
    count, cached, written, output = tokens
    if row is None or tier not in MEMBERS:
        return None
    above = row.get("long_context")
    sheet = above if above and count > above["above_input_tokens"] else row
    rates = sheet.get(MEMBERS[tier])
    if rates is None:
        return None
    cached, written = cached or 0, written or 0
    total = Fraction(0)
    for member, amount in (("input", count - cached - written), ("cached_input", cached),
                           ("cache_write", written), ("output", output)):
        if amount and member not in rates:
            return None
        total += Fraction(rates.get(member, "0")) * amount
    return total / 10**6


class Sum:
    """What stats says of a group of rows."""

    def __init__(self):
        self.requests = self.unpriced = self.uncompared = 0
        self.refused = self.stepped_down = self.delayed = self.delay = 0
        self.spend = self.default = self.beside = Fraction(0)

    def add(self, row, cost, default):
        if row["outcome"] != 0:
            self.refused += 1
            return
        self.requests += 1
        self.stepped_down += row["attempted_tier"] != row["chosen_tier"]
        self.delayed += row["delay_added"] > 0
        self.delay += row["delay_added"]
        if cost is None:
            self.unpriced += 1
        elif default is None:
            self.uncompared += 1
            self.beside += cost
        else:
            self.spend += cost
            self.default += default

    def same(self, line):
        return (self.requests, self.unpriced, self.uncompared, self.refused, self.stepped_down,
                self.delayed, self.delay, self.spend, self.default, self.default - self.spend,
                self.beside) == (
            *(line[name] for name in ("requests", "unpriced", "uncompared", "refused",
                                      "stepped_down", "delayed", "delay_ms")),
            *(Fraction(line[name]) for name in ("spend", "would_have_spent", "saved",
                                                "uncompared_spend")))


ZONE = ZoneInfo("America/New_York")
KEYS = {
    "tier": lambda row: row["served_tier"] or row["attempted_tier"],
    "rule": lambda row: row["rule"],
    "model": lambda row: row["model"],
    "hour": lambda row: f"{row['hour']:02}",
    "day": lambda row: str(datetime.fromtimestamp(row["instant"] // 1000, ZONE).date()),
    "user": lambda row: row["user"],
    "team": lambda row: json.loads(row["attributes"] or "{}").get("team"),
}


def check_row(row, failures):
    tokens = (row["input_tokens"], row["cached_tokens"], row["cache_write_tokens"],
              row["output_tokens"])
    if row["outcome"] != 0:
        cost = default = Fraction(0)
    else:
        cost = exact(row["model"], row["served_tier"], tokens)
        default = exact(row["model"], "default", tokens)
    for name, wanted in (("cost", cost), ("default_cost", default)):
        got = None if row[name] is None else Fraction(row[name], 10**12)
        if got != wanted:
            failures.append(f"row {row['number']}: {name} {got}, not {wanted}")
    return cost, default


def stats(tierway, store, *options):
    return json.loads(subprocess.run(
        [tierway, "stats", "--store", store, "--format", "json", "--timezone", ZONE.key, *options],
        stdout=subprocess.PIPE, check=True).stdout)


def check(tierway, store):
    failures, total, groups = [], Sum(), {key: {} for key in KEYS}
    connection = sqlite3.connect(store)
    connection.row_factory = sqlite3.Row
    count = 0
    for row in connection.execute("select * from ledger"):
        count += 1
        cost, default = check_row(row, failures)
        total.add(row, cost, default)
        for key, value in KEYS.items():
            groups[key].setdefault(value(row), Sum()).add(row, cost, default)
    connection.close()
    if not total.same(stats(tierway, store)):
        failures.append("the whole")
    for key, wanted in groups.items():
        got = {line["value"]: line for line in stats(tierway, store, "--by", key)["groups"]}
        if set(got) != set(wanted):
            failures.append(f"by {key}: {sorted(map(str, got))}, not {sorted(map(str, wanted))}")
            continue
        failures += [f"by {key}: {value}" for value in wanted if not wanted[value].same(got[value])]
    return count, total, failures


def main():
    tierway, fill = sys.argv[1:3]
    rows, seed = (sys.argv[3:] + ["100000", "1"][len(sys.argv) - 3:])[:2]
    with tempfile.TemporaryDirectory(prefix="tierway-ledger-") as folder:
        prices, store = os.path.join(folder, "prices.json"), os.path.join(folder, "ledger.db")
        with open(prices, "w", encoding="utf-8") as file:
            json.dump(PRICES, file)
        subprocess.run([fill, store, prices, rows, seed], check=True)
        count, total, failures = check(tierway, store)
    for failure in failures[:10]:
        print("FAILED", failure)
    print(f"{count} rows, {float(total.spend):.2f} dollars, {len(failures)} failed")
    return 1 if failures or count != int(rows) else 0


sys.exit(main())
