"""The figures that tests/bench/run writes, see README.md."""
import collections

Figure = collections.namedtuple("Figure", "value ratio unit")


class Figures:
    """Figures by compiler, subject, rules, requests and way, in the order in which they came."""

    def __init__(self, notes, items):
        self.notes, self.items = notes, items

    def get(self, compiler, subject, rules, requests, way):
        """None where it was not measured."""
        return self.items.get((compiler, subject, rules, requests, way))

    def compilers(self):
        return list(dict.fromkeys(key[0] for key in self.items if key[0] != "-"))

    def ways(self, subject, requests):
        return list(dict.fromkeys(key[4] for key in self.items
                                  if key[1] == subject and key[3] == requests))

    def sizes(self, subject, requests):
        return sorted({key[2] for key in self.items if key[1] == subject and key[3] == requests})

    def by_rules(self, compiler, subject, way):
        """(rules, value) at the fewest requests with which the subject was measured."""
        fewest = min((key[3] for key in self.items if key[1] == subject and key[3]), default=0)
        return [(rules, self.get(compiler, subject, rules, fewest, way).value)
                for rules in self.sizes(subject, fewest)
                if self.get(compiler, subject, rules, fewest, way)]


def read(path):
    notes, items = [], {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            fields = line.rstrip("\n").split("\t")
            if line.startswith("#"):
                notes.append(line[1:].strip())
            elif fields[0] != "compiler":
                compiler, subject, rules, requests, way, unit, value, ratio = fields
                items[compiler, subject, int(rules), int(requests), way] = Figure(
                    float(value), float(ratio), unit)
    return Figures(notes, items)
