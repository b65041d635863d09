#!/usr/bin/env python3
"""Compares `tierway cost` with exact arithmetic done apart, in fractions.

    prices.py TIERWAY PRICE_FILE [COLLECTION]

PRICE_FILE is policies/prices/openai.json. For every model and a set of token counts, every tier's
figure has to equal the exact one, and be null where the file has no price. With COLLECTION, the
collection of figures that the file was made from, every rate has to be in both, equal, and the
command has to give the same answers from either. Exits 1 at the first difference.
"""
import json
import subprocess
import sys
from fractions import Fraction

TIERS = {"default": "standard", "flex": "flex", "priority": "priority", "batch": "batch",
         "ultrafast": "ultrafast"}
RATES = ["input", "cached_input", "cache_write", "output"]
# input, cached, output, requests
REQUESTS = [(500, 0, 1000, 1000), (272000, 271999, 7, 3), (272001, 1, 1, 1), (1, 1, 1, 1),
            (123456789, 0, 987654321, 1000003)]


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file, parse_float=Fraction, parse_int=Fraction)


def rates(block):
    return {rate: Fraction(block[rate]) for rate in RATES if rate in block}


def row(model):
    """(threshold or None, {tier: rates}, {tier: rates over the threshold})"""
    long_block = model.get("long_context") or model.get("above_272k_input_tokens")
    above = None
    if long_block:
        above = long_block.get("above_input_tokens", Fraction(272000))
    sheets = [{tier: rates(block[member]) for tier, member in TIERS.items() if member in block}
              for block in (model, long_block or {})]
    return above, sheets[0], sheets[1]


def exact(model, tier, tokens, cached, output, requests):
    above, sheet, long_sheet = row(model)
    prices = (long_sheet if above is not None and tokens > above else sheet).get(tier, {})
    parts = [("input", tokens - cached), ("cached_input", cached), ("output", output)]
    total = Fraction(0)
    for rate, count in parts:
        if rate not in prices and (count or rate != "cached_input"):
            return None
        total += prices.get(rate, 0) * count
    return total * requests / 1000000


def ask(command, prices, model, request):
    tokens, cached, output, requests = request
    answer = subprocess.run(
        [command, "cost", "--format", "json", "--prices", prices, "--model", model,
         "--input-tokens", str(tokens), "--cached-tokens", str(cached),
         "--output-tokens", str(output), "--requests", str(requests)],
        capture_output=True, text=True, check=True)
    return json.loads(answer.stdout)


def expect(condition, *what):
    if not condition:
        print(*what)
        sys.exit(1)


def check_model(command, prices, model):
    above, sheet, long_sheet = row(model)
    for request in REQUESTS:
        answer = ask(command, prices, model["model"], request)
        place = (prices, model["model"], request)
        expect(answer["prices"]["row"] == model["model"], *place, "matched another row", answer)
        costs = {tier: exact(model, tier, *request) for tier in TIERS}
        for tier in TIERS:
            shown = tier in ("default", "flex") or tier in sheet or tier in long_sheet
            expect((tier in answer) == shown, *place, tier, "shown or not", answer)
            got = answer.get(tier)
            got = None if got is None else Fraction(got)
            expect(got == costs[tier], *place, tier, got, "is not", costs[tier])
        if costs["default"] is None or costs["flex"] is None:
            expect(answer["savings"] is None and answer["savings_percent"] is None, *place, answer)
            continue
        saved = costs["default"] - costs["flex"]
        expect(Fraction(answer["savings"]) == saved, *place, "savings", answer)
        expect(abs(Fraction(str(answer["savings_percent"])) - saved / costs["default"] * 100)
               <= Fraction(1, 20000), *place, "savings_percent", answer)


def compare_files(ours, collection):
    left = {model["model"]: model for model in ours["models"]}
    right = {model["model"]: model for model in collection["models"]}
    expect(list(left) == list(right), "not the same models")
    for name in left:
        expect(row(left[name]) == row(right[name]), name, row(left[name]), row(right[name]))
        expect(left[name]["source"] == right[name]["source"], name, "another source")


def main(command, path, collection_path=None):
    ours = load(path)
    for model in ours["models"]:
        check_model(command, "openai", model)
    if collection_path:
        collection = load(collection_path)
        compare_files(ours, collection)
        for model in collection["models"]:
            check_model(command, collection_path, model)
    print(len(ours["models"]), "models,", len(REQUESTS), "requests each: equal to the last digit")


if __name__ == "__main__":
    main(*sys.argv[1:])
