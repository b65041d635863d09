#!/usr/bin/env python3
"""Compares `tierway diff` with decisions where the two policies declare attributes in different ways,
or read the clock in different time zones.

    diff_apart.py TIERWAY [COUNT [SEED]]

As diff.py does it: each request that both policies can read has to lie in just one difference, that
of its two actions, or in none. With two time zones requests are instants, and a difference that says
how far the clocks are apart counts only while they are. The last line is "N passed, N failed".
"""
import datetime
import json
import random
import re
import sys
import tempfile
import zoneinfo
from pathlib import Path

import diff

# What an attribute can be declared as: default (None: none), and the words of an enum.
DECLARED = {
    "size": [("3", None), ("0", None), ("4", None), (None, None)],
    "kind": [("l", "klm"), ("m", "klm"), ("k", "mnk"), (None, "klm"), (None, "nmk"), ("k", "klm")],
    "name": [(None, None), ('"a"', None), ('"azzb"', None), ('""', None)],
}
TESTS = {
    "size": diff.order_tests("size", range(5)),
    "kind": diff.member_tests("kind", ["k", "m"]),
    "name": diff.text_tests,
}
VALUES = {"size": [diff.OUT, *range(-1, 6)], "name": [diff.OUT, *diff.text_values()]}
DATES = ["1970-01-03", "2011-12-30", "2024-01-01", "2024-03-10", "2024-03-31", "2024-04-07",
         "2024-06-15", "2024-10-27", "2024-12-25", "2099-12-31"]
ZONES = ["Europe/Berlin", "Europe/London", "America/New_York", "America/Phoenix", "Asia/Kolkata",
         "Asia/Tokyo", "Australia/Lord_Howe", "Australia/Sydney", "Pacific/Apia", "UTC"]


class Policy(diff.Policy):
    """Its tests are of the attributes above."""

    def test(self):
        return TESTS[self.draw.choice(self.subjects)](self.draw)


class ClockPolicy(diff.Policy):
    """Its tests are of the clock and the date, and of how many tokens there are."""

    def test(self):
        chance = self.draw.random()
        if chance < 0.25:
            return f"tokens {self.draw.choice(diff.ORDERS)} 5"
        return date_tests(self.draw) if chance < 0.45 else diff.clock_tests(self.draw)


def date_tests(draw):
    """A test of the date; some are days on which a clock shifts."""
    first, last = sorted(draw.sample(DATES, 2))
    return draw.choice([f"date == {first}", f"date != {first}", f"date {draw.choice(diff.ORDERS)} {first}",
                        f"date in {first}..{last}", f"date in {{{first}, {last}}}"])


def declaration(name, default, words):
    kind = {"size": "int", "name": "string"}.get(name) or f"enum {{{', '.join(words)}}}"
    return f"attribute {name} : {kind}" + (f" = {default}" if default else "") + "\n"


def joined(name, old, new, readers):
    """The declaration under which a `when` of both is a condition."""
    if len(readers) == 1:
        return declaration(name, *(old, new)[readers[0]])
    default = old[0] if old[0] == new[0] else None
    return declaration(name, default, "".join(dict.fromkeys((old[1] or "") + (new[1] or ""))))


def values(name, declared):
    """What every side that declares it takes."""
    if name != "kind":
        return VALUES[name]
    return [diff.OUT, *(word for word in "klmn" if all(word in side[1] for side in declared))]


def check(trial, old, new, requests, declared, holds):
    """requests: the attributes; holds(difference, request): whether it is said for this request at
    all. Returns the answer."""
    status, out, err = trial.diff(old, new, "--format", "json")
    assert status in (0, 1) and not err, f"diff: status {status}: {err}"
    answer = json.loads(out)
    differences = answer["differences"]
    equal = not differences and not answer.get("declarations")
    assert answer["equal"] == (status == 0) == equal, "status, equal, differences"
    requests = requests + [found["witness"] for found in differences]
    before, after = trial.decide(old, requests), trial.decide(new, requests)
    inside = [trial.decide(f"{declared}when {found['when']} -> flex strict otherwise -> default",
                           requests) for found in differences]
    for place, request in enumerate(requests):
        pairs = [(found["old"], found["new"]) for found, answers in zip(differences, inside)
                 if answers[place]["tier"] == "flex" and holds(found, request)]
        pair = (before[place], after[place])
        wanted = [pair] if pair[0] != pair[1] else []
        assert pairs == wanted, f"{request}: decided {pair}, but in differences {pairs}"
    return answer


def check_declared(trial, draw):
    """A pair that declares in different ways what it reads."""
    subjects = draw.sample(sorted(DECLARED), draw.randint(1, 2))
    first = Policy(draw, subjects)
    second = first.changed() if draw.random() < 0.7 else Policy(draw, subjects)
    texts = [first.text(), second.text()]
    declared, requests, expected = "", [{}], set()
    for name in subjects:
        sides = [draw.choice(DECLARED[name]) for _ in texts]
        readers = [side for side in range(2) if diff.reads(texts[side], name)]
        # `decide` refuses a word that a policy declares otherwise, also where no rule reads it.
        declaring = [side for side in range(2) if side in readers or
                     (draw.random() < 0.5 and sides[0][1] == sides[1][1])]
        for side in declaring:
            texts[side] = declaration(name, *sides[side]) + texts[side]
        if readers:
            declared += joined(name, *sides, readers)
        choices = values(name, [sides[side] for side in declaring])
        requests = [{**request, **member} for request in requests
                    for member in diff.members(name, choices)]
        if len(readers) == 2 and sides[0][1] != sides[1][1]:
            expected.add(name)
    answer = check(trial, *texts, requests, declared, lambda found, request: True)
    said = {found["name"] for found in answer.get("declarations", [])}
    assert said == expected, f"declarations: {said}, not {expected}"


def instants(draw):
    """Any time, and the days around shifts of the clock."""
    utc = datetime.timezone.utc
    some = [datetime.datetime(1970, 1, 2, tzinfo=utc) +
            datetime.timedelta(minutes=15 * draw.randrange(130 * 365 * 96)) for _ in range(300)]
    days = [datetime.date.fromisoformat(date) for date in DATES]
    days += [datetime.date(2024, *day) for day in ((9, 29), (10, 6), (11, 3))]
    for day in days:
        start = datetime.datetime(day.year, day.month, day.day, tzinfo=utc)
        start -= datetime.timedelta(hours=12)
        some += [start + datetime.timedelta(minutes=30 * step) for step in range(0, 72)]
    return some


def distance(zones, instant):
    """What the difference says while the clocks are so far apart."""
    old, new = (instant.astimezone(zoneinfo.ZoneInfo(zone)).utcoffset() for zone in zones)
    return int((new - old).total_seconds())


def seconds(text):
    if text == "the same":
        return 0
    amount, unit, way = re.fullmatch(r"(\d+)(h|m|s) (ahead|behind)", text).groups()
    return int(amount) * {"h": 3600, "m": 60, "s": 1}[unit] * (1 if way == "ahead" else -1)


def check_zones(trial, draw):
    """A pair with clocks in two zones."""
    zones = draw.sample(ZONES, 2)
    first = ClockPolicy(draw, ["clock"])
    second = first.changed() if draw.random() < 0.7 else ClockPolicy(draw, ["clock"])
    old, new = (f'timezone "{zone}"\n{policy.text()}' for zone, policy in zip(zones, (first, second)))
    if not all(diff.reads(text.split("\n", 1)[1], "clock") for text in (old, new)):
        return
    requests = [{"now": instant.isoformat(), "tokens": draw.choice([4, 5, 6])}
                for instant in instants(draw)]

    def holds(found, request):
        if "new_clock" not in found:
            return True
        instant = datetime.datetime.fromisoformat(request["now"].replace("Z", "+00:00"))
        return distance(zones, instant) == seconds(found["new_clock"])

    answer = check(trial, old, new, requests, f'timezone "{zones[0]}"\n', holds)
    for found in answer["differences"]:
        assert "now" in found["witness"], "a witness without its instant"
        assert holds(found, found["witness"]), "the witness is at another distance"


def main(tierway, count=300, seed=1):
    tierway = str(Path(tierway).resolve())
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        trial = diff.Trial(tierway, folder)
        for number in range(int(count)):
            draw = random.Random(f"{seed} {number}")
            try:
                (check_zones if number % 3 == 0 else check_declared)(trial, draw)
                passed += 1
            except AssertionError as error:
                failed += 1
                print(f"pair {number} of seed {seed}: {error}")
                print(*(f"--- {name}\n{(Path(folder) / name).read_text()}"
                        for name in ("old.tier", "new.tier")), sep="")
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
