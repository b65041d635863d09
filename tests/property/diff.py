#!/usr/bin/env python3
"""Compares `tierway diff` with the decisions that two policies make.

    diff.py TIERWAY [COUNT [SEED]]

Each pair of small random policies is compared; often the second is the first with one change. Then
both decide every request that could tell them apart: all values on both sides of every constant,
attributes left out, texts that match each combination of the patterns. The policies have to be
called equal where no decision differs, and otherwise each request has to lie in just one
difference, that of its two actions, or in none where they are the same. A `when` is put to the
test as the only rule of a policy. The last line is "N passed, N failed".
"""
import itertools
import json
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path

NOW = "2024-01-01T17:00:00Z"  # what a clock not named is in a witness: Monday, noon in New York
ZONE = 'timezone "America/New_York"'
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
TIMES = ["00:00", "06:00", "12:30", "23:00"]
DATES = ["2026-03-04", "2026-03-09", "2026-03-10"]
TEXTS = ["", "a", "ab", "azzb", "a*", 'b"', "a\\b", "z\n", "z\tb"]
PATTERNS = ["a*", "*b", "*a*", "?", "??*", "a?b", "b*b", "z*"]
ORDERS = ["==", "!=", "<", "<=", ">", ">="]
ACTIONS = ["flex", "flex strict", "default", "auto", "priority", "fast", "flex else default",
           "flex retry 2 else auto", "flex timeout 15m else default",
           "flex timeout 2m else default",
           "flex else default else priority", "reject", 'reject "full"', 'flex else reject "full"']
TIER_ACTIONS = ["force_tier", "force_tier else default", "flex else force_tier"]
OUT = None  # a member that is left out


def quoted(text):
    """A text as the policy language writes it."""
    for plain, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\t", "\\t")):
        text = text.replace(plain, escaped)
    return f'"{text}"'


def member_tests(name, words):
    """A test of words: each alone, or a set of them."""
    def make(draw):
        if draw.random() < 0.3:
            return f"{name} {draw.choice(['in', 'not in'])} {{{', '.join(draw.sample(words, 2))}}}"
        return f"{name} {draw.choice(['==', '!='])} {draw.choice(words)}"
    return make


def order_tests(name, constants):
    """A test of ordered values: compared with one, or in a range."""
    def make(draw):
        if draw.random() < 0.3:
            low, high = sorted(draw.choices(range(len(constants)), k=2))
            return f"{name} {draw.choice(['in', 'not in'])} {constants[low]}..{constants[high]}"
        return f"{name} {draw.choice(ORDERS)} {draw.choice(constants)}"
    return make


def text_tests(draw):
    """A test of the string attribute."""
    kind = draw.choice(["==", "!=", "in", "not in", "like", "not like"])
    if kind.endswith("like"):
        return f"name {kind} {quoted(draw.choice(PATTERNS))}"
    if kind.endswith("in"):
        return f"name {kind} {{{', '.join(map(quoted, draw.sample(TEXTS, 2)))}}}"
    return f"name {kind} {quoted(draw.choice(TEXTS))}"


def budget_tests(draw):
    """A test of a budget, which `spent`, `left` and `used` are three views of."""
    view, constants = draw.choice([("spent", ["$0", "$5", "$10"]), ("left", ["$0", "$5", "$10"]),
                                   ("used", ["0%", "50%", "100%"])])
    return f"day.{view} {draw.choice(ORDERS)} {draw.choice(constants)}"


def request_type_tests(draw):
    """A test of the request's type, or of its short form."""
    if draw.random() < 0.4:
        return draw.choice(["interactive", "not interactive"])
    return member_tests("request_type", ["interactive", "async", "background"])(draw)


def clock_tests(draw):
    """A test of the clock."""
    first, last = draw.sample(TIMES, 2)
    days = draw.choice(["mon..fri", "sat", "fri..mon"])
    return draw.choice([
        f"time in {first}..{last}", f"time {draw.choice(ORDERS)} {first}", f"weekday in {days}",
        f"weekday {draw.choice(['==', '!='])} {draw.choice(DAYS)}", f"now in {days}",
        f"now in {days} {first}..{last}", f"now in {{{days}, wed {first}..{last}}}",
        f"now not in {days} {first}..{last}", f"hour in {draw.choice(['6..12', '12..6'])}",
        f"hour {draw.choice(ORDERS)} {draw.choice([6, 12])}"])


def is_set_tests(name, make):
    """Now and then whether the attribute is set at all."""
    return lambda draw: (f"{name} is {draw.choice(['set', 'not set'])}"
                         if draw.random() < 0.15 else make(draw))


def clock_values():
    """Every moment on either side of a boundary, on every day."""
    moments = [0, 1, 86399]
    for hour, minute in ((6, 0), (7, 0), (12, 0), (12, 30), (13, 0), (23, 0)):
        moments += [hour * 3600 + minute * 60 + more for more in (-1, 0, 1)]
    return [f"{at // 3600:02}:{at // 60 % 60:02}:{at % 60:02}" for at in moments]


def text_values():
    """All short texts of three letters, and those that are named."""
    short = ["".join(letters) for length in range(5)
             for letters in itertools.product("abz", repeat=length)]
    return sorted(set(short + TEXTS + ["fresh", "azzzb"]))


def members(name, values):
    """Values of one attribute as members of a request."""
    return [{} if value is OUT else {name: value} for value in values]


FORCED = ["auto", "default", "flex", "priority", "fast", "scale", "ultrafast"]
DATE_VALUES = [f"2026-{day // 100:02}-{day % 100:02}"
               for day in [*range(223, 229), *range(301, 320)]]

# What policies read: the declaration, how a test is made, the members of requests.
SUBJECTS = {
    "n": ("attribute n : int", is_set_tests("n", order_tests("n", range(5))),
          members("n", [OUT, *range(-1, 6)])),
    "size": ("attribute size : int = 3", order_tests("size", range(5)),
             members("size", [OUT, *range(-1, 6)])),
    "kind": ("attribute kind : enum {k, l, m} = l", member_tests("kind", ["k", "l", "m"]),
             members("kind", [OUT, "k", "l", "m"])),
    "mode": ("attribute mode : enum {x, y, z}",
             is_set_tests("mode", member_tests("mode", ["x", "y", "z"])),
             members("mode", [OUT, "x", "y", "z"])),
    "name": ("attribute name : string", is_set_tests("name", text_tests),
             members("name", [OUT, *text_values()])),
    "day": ("budget day $10 per day", budget_tests,
            members("day.spent", [OUT, "$0", "$0.000000000001", "$4.999999999999", "$5",
                                  "$5.000000000001", "$5.04", "$5.06", "$5.1", "$5.11",
                                  "$9.999999999999", "$10", "$10.000000000001", "$10.06", "$11"])),
    "deadline": ("", is_set_tests("deadline", order_tests("deadline", ["1m", "2m", "5m"])),
                 members("deadline", [OUT, "0s", *(f"{minutes * 60000 + more}ms"
                                                   for minutes in (1, 2, 5)
                                                   for more in (-1, 0, 1))])),
    "stream": ("", lambda draw: draw.choice(["stream", "not stream"]),
               members("stream", [OUT, True, False])),
    "request_type": ("", request_type_tests,
                     members("request_type", [OUT, "interactive", "async", "background"])),
    "force_tier": ("", is_set_tests("force_tier", member_tests("force_tier", FORCED)),
                   members("force_tier", [OUT, *FORCED])),
    "clock": (ZONE, clock_tests, [{"time": time, "weekday": day}
                                  for time in clock_values() for day in DAYS]),
    "date": (ZONE, order_tests("date", DATES), members("date", DATE_VALUES)),
}
MOST_REQUESTS = 2000


class Policy:
    """Rules as [condition, action]. A condition is a test, or ["not", c], ["and", c, d] or the like
    with "or"."""

    def __init__(self, draw, subjects):
        self.draw, self.subjects = draw, subjects
        self.rules = [[self.condition(2), self.action()] for _ in range(draw.randint(1, 4))]
        self.otherwise = draw.choice([None, self.action()])

    def test(self):
        return SUBJECTS[self.draw.choice(self.subjects)][1](self.draw)

    def condition(self, depth):
        kind = self.draw.choice(["test", "test", "and", "or", "not"]) if depth else "test"
        if kind == "test":
            return self.test()
        return [kind] + [self.condition(depth - 1) for _ in range(1 if kind == "not" else 2)]

    def action(self):
        return self.draw.choice(ACTIONS + TIER_ACTIONS * ("force_tier" in self.subjects))

    def text(self):
        lines = [f"when {show(condition)} -> {action}" for condition, action in self.rules]
        if self.otherwise:
            lines.append(f"otherwise -> {self.otherwise}")
        return "\n".join(lines) + "\n"

    def changed(self):
        """The same policy with one change, that may make no difference."""
        other = type(self)(self.draw, self.subjects)
        other.rules = json.loads(json.dumps(self.rules))
        other.otherwise = self.otherwise
        place = self.draw.randrange(len(other.rules))
        rule = other.rules[place]
        change = self.draw.choice(["test", "comparison", "action", "remove", "move", "otherwise",
                                   "not not", "repeat", "split"])
        if change == "test":
            rule[0] = with_test(self.draw, rule[0], lambda _: self.test())
        elif change == "comparison":
            rule[0] = with_test(self.draw, rule[0], self.compared_otherwise)
        elif change == "action":
            rule[1] = self.action()
        elif change == "remove" and len(other.rules) > 1:
            del other.rules[place]
        elif change == "move":
            other.rules.insert(self.draw.randrange(len(other.rules)), other.rules.pop(place))
        elif change == "otherwise":
            other.otherwise = self.action()
        elif change == "not not":
            rule[0] = ["not", ["not", rule[0]]]
        elif change == "repeat":
            other.rules.append(rule)
        elif rule[0][0] == "or":
            other.rules[place:place + 1] = [[part, rule[1]] for part in rule[0][1:]]
        return other

    def compared_otherwise(self, test):
        old = re.search(r" (==|!=|<=|>=|<|>) ", test)
        if not old:
            return test
        news = ORDERS if old[1] not in ("==", "!=") else ["==", "!="]
        return test.replace(old[0], f" {self.draw.choice(news)} ", 1)


def with_test(draw, condition, change):
    """The condition with one of its tests changed."""
    if isinstance(condition, str):
        return change(condition)
    place = draw.randrange(1, len(condition))
    return (condition[:place] + [with_test(draw, condition[place], change)] + condition[place + 1:])


def show(condition):
    if isinstance(condition, str):
        return condition
    if condition[0] == "not":
        return f"not ({show(condition[1])})"
    return f"({show(condition[1])}) {condition[0]} ({show(condition[2])})"


def declarations(draw, subjects, text=None):
    """Declares the subjects, in any order; some of those that the policy does not read are left
    out."""
    wanted = {SUBJECTS[subject][0] for subject in subjects
              if text is None or reads(text, subject) or draw.random() < 0.5}
    lines = sorted(wanted - {""})
    draw.shuffle(lines)
    return "".join(line + "\n" for line in lines)


def reads(text, subject):
    words = {"clock": "time|weekday|now|hour", "day": r"day\.\w+"}.get(subject, subject)
    return re.search(rf"\b({words})\b", text) is not None


def requests_of(subjects):
    """Every request that could tell two policies apart. A date is its own weekday."""
    parts = [SUBJECTS[subject][2] for subject in subjects]
    if "clock" in subjects and "date" in subjects:
        parts[subjects.index("clock")] = members("time", clock_values())
    return [{name: value for part in parts for name, value in part.items()}
            for parts in itertools.product(*parts)]


def choose_subjects(draw):
    while True:
        subjects = draw.sample(sorted(SUBJECTS), draw.randint(1, 4))
        if draw.random() < 0.1:
            subjects = ["clock", "date"]
        if len(requests_of(subjects)) <= MOST_REQUESTS:
            return subjects


class Trial:
    """Files of one pair, and what the binary says of them."""

    def __init__(self, tierway, folder):
        self.tierway, self.folder = tierway, Path(folder)

    def run(self, *arguments, stdin=""):
        done = subprocess.run([self.tierway, *arguments], input=stdin, text=True,
                              capture_output=True, cwd=self.folder)
        return done.returncode, done.stdout, done.stderr

    def write(self, name, text):
        (self.folder / name).write_text(text)
        return name

    def diff(self, old, new, *options):
        return self.run("diff", *options, self.write("old.tier", old), self.write("new.tier", new))

    def decide(self, text, requests):
        """The action of each request: the decision from its tier on."""
        status, out, err = self.run(
            "decide", "--jsonl", "--ignore-unknown", "--now", NOW,
            self.write("decide.tier", text), stdin="".join(json.dumps(r) + "\n" for r in requests))
        if status != 0:
            raise AssertionError(f"decide: status {status}: {err}{out[:300]}\n{text}")
        return [{name: value for name, value in json.loads(line).items()
                 if name not in ("rule", "line")} for line in out.splitlines()]

    def check_pair(self, draw, old, new, subjects):
        """Raises an AssertionError with what is wrong."""
        status, out, err = self.diff(old, new, "--format", "json")
        assert status in (0, 1) and not err, f"diff: status {status}: {err}"
        answer = json.loads(out)
        differences = answer["differences"]
        assert answer["equal"] == (status == 0) == (not differences), "status, equal, differences"
        requests = requests_of(subjects) + [found["witness"] for found in differences]
        before, after = self.decide(old, requests), self.decide(new, requests)
        declared = declarations(draw, subjects)
        inside = [self.decide(f"{declared}when {found['when']} -> flex strict otherwise -> default",
                              requests) for found in differences]
        for place, request in enumerate(requests):
            found = [index for index, answers in enumerate(inside)
                     if answers[place]["tier"] == "flex"]
            pairs = [(differences[index]["old"], differences[index]["new"]) for index in found]
            pair = (before[place], after[place])
            wanted = [pair] if pair[0] != pair[1] else []
            assert pairs == wanted, f"{request}: decided {pair}, but in differences {pairs}"
        for index, found in enumerate(differences):
            place = len(requests) - len(differences) + index
            assert inside[index][place]["tier"] == "flex", f"witness {found} is not in its `when`"
        status, out, err = self.diff(old, new)
        assert (status, err) == (1 if differences else 0, ""), "text: status"
        shown = out.count("\n  for example ") if differences else 0
        assert shown == len(differences), f"text: {shown} differences of {len(differences)}"
        assert all(f"  when {found['when']}\n" in out for found in differences), "text: conditions"
        return not differences


REFUSED = [
    ("errors", "when tokens > 1 -> flex", "when token > 1 -> flex"),
]

# Declarations that are differences of their own, though the rules decide alike.
DECLARED_APART = [
    ("types", "attribute x : int\nwhen x == 3 -> flex",
     'attribute x : string\nwhen x == "3" -> flex', ["int", "string"]),
    ("words", "attribute x : enum {a, b}\nwhen x == a -> flex",
     "attribute x : enum {b, a}\nwhen x == a -> flex", ["enum {a, b}", "enum {b, a}"]),
    ("windows", "budget x $1 per day\nwhen x.spent > $1 -> flex",
     "budget x $1 per week\nwhen x.spent > $1 -> flex", ["budget per day", "budget per week"]),
    ("buckets", "budget x $1 per day\nwhen x.spent > $1 -> flex",
     "budget x $1 per day by user\nwhen x.spent > $1 -> flex",
     ["budget per day", "budget per day by user"]),
    ("sources", 'attribute x : int from header "A"\nwhen x == 3 -> flex',
     'attribute x : int from body "/b"\nwhen x == 3 -> flex',
     ['int from header "A"', 'int from body "/b"']),
]

# Policies that are written in different ways and are equal.
ALIKE = [
    ("limits", "budget x $1 per day\nwhen x.spent > $1 -> flex",
     "budget x $2 per day\nwhen x.left < $1 -> flex"),
    ("defaults", "attribute x : int = 1\nwhen x == 3 -> flex",
     "attribute x : int = 2\nwhen x == 3 -> flex"),
    ("a default or none", "attribute x : int\nwhen x == 3 -> flex",
     "attribute x : int = 1\nwhen x == 3 -> flex"),
    ("one that is not read", "attribute x : int\nwhen x == 3 or x != 3 or x is not set -> auto",
     "attribute x : string\notherwise -> auto"),
    ("lets and labels", "let big = 5k\na: when tokens > big -> flex",
     "let large = tokens > 5_000\nb: when large -> flex"),
    ("zones that are alike", 'timezone "Europe/Berlin"\nwhen hour == 3 -> flex',
     'timezone "Europe/Berlin"\nwhen time in 03:00..04:00 -> flex'),
    ("zones one hour apart at all times", 'timezone "Asia/Tokyo"\nwhen hour == 3 -> flex',
     'timezone "Etc/GMT-10"\nwhen hour == 4 -> flex'),
]


def check_else_steps(trial):
    """Actions that differ only behind an `else`."""
    _, out, _ = trial.diff("otherwise -> flex timeout 15m else default retry 2 else auto",
                           "otherwise -> flex timeout 15m else default timeout 1m else auto",
                           "--format", "json")
    first = {"tier": "flex", "timeout_ms": 900000, "else": ["default", "auto"]}
    pair = [{**first, "else_steps": [step, {"tier": "auto"}]}
            for step in ({"tier": "default", "retry": 2}, {"tier": "default", "timeout_ms": 60000})]
    found = json.loads(out)["differences"]
    return [(each["old"], each["new"]) for each in found] == [tuple(pair)]


# Conditions that `diff` shows as a person wrote them.
AS_WRITTEN = [
    "tokens >= 5001", "tokens in 5..6", "tokens not in {5, 8..9}", "tokens != 5", "stream", "not stream",
    "priority in {critical, high}", "priority != low", "team is set", "team is not set",
    'team == "x"', 'team != "x"', 'team in {"x", "y"}', 'team not in {"x", "y"}',
    'team like "gold-*"', 'team like "gold-*" and team != "gold-9"',
    'team like "a*" and team not like "*b" or team == "x"',
    'team is not set or team not like "gold-*" and team != "x"',
    "time in 22:00..06:00", "time in {08:00..09:30, 22:00..06:00}",
    "weekday == sat", "weekday != sat", "weekday in sat..sun", "weekday in {tue, thu..fri}",
    "now in mon..fri 22:00..06:00", "now not in mon..fri 22:00..06:00",
    "now in {mon..thu 22:00..06:00, sat..sun}", "now in fri..mon 08:00..20:00",
    "date == 2026-12-25", "date not in 2026-12-24..2026-12-26", "date >= 2027-01-01",
    "now in fri 17:00..22:00 and date not in 2026-12-24..2026-12-26",
    "weekday in mon..fri and date >= 2027-01-01",
    "weekday in sat..sun or stream or tokens >= 5",
    'team == "x" and (not stream or tokens >= 5)',
]


def shown_condition(trial, condition):
    """The condition of the one difference between a policy with this rule and one without."""
    head = f"{ZONE}\nattribute team : string\n"
    status, out, err = trial.diff(f"{head}otherwise -> auto\n",
                                  f"{head}when {condition} -> flex strict\notherwise -> auto\n",
                                  "--format", "json")
    return json.loads(out)["differences"][0]["when"] if status == 1 else f"status {status}: {err}"


def main(tierway, count=400, seed=1):
    tierway = str(Path(tierway).resolve())
    passed = failed = equal = 0
    with tempfile.TemporaryDirectory() as folder:
        trial = Trial(tierway, folder)
        for what, old, new in REFUSED:
            status, out, err = trial.diff(old, new)
            good = status == 2 and not out and err
            passed, failed = passed + bool(good), failed + (not good)
            if not good:
                print(f"{what}: status {status}, not refused: {out}")
        for what, old, new, wanted in DECLARED_APART:
            status, out, err = trial.diff(old, new, "--format", "json")
            answer = json.loads(out)
            good = (status == 1 and not answer["equal"] and not answer["differences"] and
                    [(each["name"], each["old"], each["new"])
                     for each in answer["declarations"]] == [("x", *wanted)])
            passed, failed = passed + good, failed + (not good)
            if not good:
                print(f"{what}: status {status}: {out}{err}")
        for what, old, new in ALIKE:
            status, out, err = trial.diff(old, new)
            good = status == 0 and out.startswith("equal") and not err
            passed, failed = passed + good, failed + (not good)
            if not good:
                print(f"{what}: status {status}: {out}{err}")
        for condition in AS_WRITTEN:
            when = shown_condition(trial, condition)
            good = when == condition
            passed, failed = passed + good, failed + (not good)
            if not good:
                print(f"not shown as it was written: {condition}\n  {when}")
        good = check_else_steps(trial)
        passed, failed = passed + good, failed + (not good)
        if not good:
            print("steps behind an `else` are not told apart")
        for number in range(int(count)):
            draw = random.Random(f"{seed} {number}")
            subjects = choose_subjects(draw)
            first = Policy(draw, subjects)
            second = first.changed() if draw.random() < 0.75 else Policy(draw, subjects)
            old, new = (declarations(draw, subjects, policy.text()) + policy.text()
                        for policy in (first, second))
            try:
                equal += trial.check_pair(draw, old, new, subjects)
                passed += 1
            except AssertionError as error:
                failed += 1
                print(f"pair {number} of seed {seed}: {error}\n--- old\n{old}--- new\n{new}")
    print(f"{equal} of {count} pairs are equal")
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
