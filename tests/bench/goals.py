"""What is to be reached, and whether the figures show that it is."""
import collections

# A line of the table: what, how it is measured (a function of figures and compiler that gives a
# value or None), the most it may be, and what the value is.
Goal = collections.namedtuple("Goal", "what measure most unit")

FEW, MANY = 4096, 262144


def find(data, compiler, subject, rules, requests, way):
    """Where tierway runs no vectors, or tries the rules in order anyway, there is one line only."""
    return data.get(compiler, subject, rules, requests, way) or (
        data.get(compiler, subject, rules, requests, "tierway") if "tierway" in way else None)


def ratio(*key, way="tierway"):
    """The way's ratio to what its table is measured by: hand-written C."""
    return lambda data, compiler: (figure := find(data, compiler, *key, way)) and figure.ratio


def value(*key, way="tierway"):
    return lambda data, compiler: (figure := find(data, compiler, *key, way)) and figure.value


def process(way, scale):
    return lambda data, compiler: (figure := data.get("-", "process", 20, 0, way)) and (
        figure.value * scale)


def quotient(above, below):
    def measure(data, compiler):
        one, other = above(data, compiler), below(data, compiler)
        return one / other if one is not None and other else None
    return measure


def worst(*measures):
    def measure(data, compiler):
        values = [found for one in measures if (found := one(data, compiler)) is not None]
        return max(values, default=None)
    return measure


SIZES = (10, 64, 200, 1000, 2048, 10000)
SCALAR = "tierway, no vectors"
ORDERED = "tierway, rules in order"

DECIDING = [
    *(Goal(f"{name}, {requests:,} requests, {kind}", ratio(subject, rules, requests, way=way), most,
           "of hand-written C")
      for name, subject, rules in (("P1", "P1 dynamic router", 4), ("P2", "P2 hybrid strategy", 7))
      for requests, kind, way, most in (
          (FEW, "without vectors", SCALAR, 2.5), (FEW, "AVX2", "tierway", 2.0),
          (MANY, "without vectors", SCALAR, 1.1), (MANY, "AVX2", "tierway", 0.7))),
    Goal("P3, worst of 10 to 10,000 rules", worst(*(ratio("P3 models", n, FEW) for n in SIZES)), 2,
         "of a hash table by hand"),
    Goal("P3, 10,000 rules to 10",
         quotient(value("P3 models", 10000, FEW), value("P3 models", 10, FEW)), 1.4, "growth"),
    Goal("P3 from strings, worst of 10 to 10,000 rules",
         worst(*(ratio("P3 from strings", n, FEW) for n in SIZES)), 1.5, "of the same by hand"),
    Goal("64 random boxes", value("random boxes", 64, FEW), 30, "ns"),
    Goal("2,048 random boxes", value("random boxes", 2048, FEW), 500, "ns"),
    Goal("boxes, worst, to C that tries the rules in order",
         worst(ratio("random boxes", 64, FEW), ratio("random boxes", 2048, FEW),
               ratio("overlapping boxes", 64, FEW)), 1, "of it"),
    Goal("boxes, worst, to tierway trying the rules in order",
         worst(*(quotient(value(subject, rules, FEW), value(subject, rules, FEW, way=ORDERED))
                 for subject, rules in (("random boxes", 64), ("random boxes", 2048),
                                        ("overlapping boxes", 64)))), 1, "of it"),
]

COMPILING = [
    Goal("2,048 rules, text to running policy", value("P3 models", 2048, 0, way="whole"), 15, "ms"),
    Goal("10,000 rules, text to running policy", value("P3 models", 10000, 0, way="whole"), 75, "ms"),
    Goal("10,000 rules, peak of the heap", value("P3 models", 10000, 0, way="heap"), 24, "MB"),
    Goal("lint, 200 rules", value("P3 models", 200, 0, way="lint"), 10, "ms"),
    Goal("lint, 2,048 rules", value("P3 models", 2048, 0, way="lint"), 200, "ms"),
    Goal("compare two policies of 200 rules",
         worst(value("P3 models", 200, 0, way="diff, equal"),
               value("P3 models", 200, 0, way="diff, one rule of 40")), 50, "ms"),
    Goal("verify and load an image of 2,048 rules", value("P3 models", 2048, 0, way="load"), 1, "ms"),
    Goal("`tierway lint` on 20 rules, whole process", process("tierway lint", 1e-3), 5, "ms"),
    Goal("allocations and locks in a million decisions",
         worst(*(value("calls", 4, 1003520, way=way) for way in ("allocations", "locks"))), 0,
         "calls"),
    Goal("two threads, processor time a decision, to one", ratio("threads", 4, 4096, way="2 threads"),
         1.1, "of it"),
]
