"""Fit the weights of the person search: `python -m benchmarks.calibrate`.

Logistic regression over the levels of the score itself, on searches of seeds that no measurement uses, with the
constraint that a disagreement never raises a score. Then the grades are set, on other such searches. Registers of real persons are calibrated the same way, on what
clerks decided. Sources: matching.md §3.4; hapi-fhir issue 5117.
"""

import argparse
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.people.measuring import answers, matcher_of, report
from benchmarks.people.searches import Search, searches
from benchmarks.people.stores import FIRST_NUMBER, NoNationalRegister, Register, opened
from kruispunt_identity.matching.grade import POSSIBLE_FROM, STRONG_FROM
from kruispunt_identity.matching.levels import ORDER, Level
from kruispunt_identity.matching.score import Matcher, Score
from kruispunt_identity.matching.weights import ADJUSTMENTS, Weights, shipped_weights
from kruispunt_identity.store.person_search import PersonSearch

TUNING_REGISTER, TUNING_SEARCHES, TUNING_GRADES = 101, 102, 202
FILE = Path(__file__).parents[1] / "services/identity/kruispunt_identity/data/match_weights.toml"

Vector = tuple[tuple[str, float], ...]
_KNOWN_SHARE = 0.2  # one search in five is taken to concern a person of the register
_LN2 = math.log(2)
_FLAGGED, _STRONG_ALARMS, _ALARMS = 0.95, 0.02, 0.10
_RIDGE = 0.5
_DOUBTS = ("swapped", "twin", "namesake", "old_name")


def main() -> None:
    """Fit, say how well the fit does on what it was fitted on, and write the file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calibrate", description=__doc__)
    parser.add_argument("--persons", type=int, default=100_000, help="in the register")
    parser.add_argument(
        "--searches", type=int, default=6_000, help="for known persons; two thirds as many for new"
    )
    parser.add_argument("--rounds", type=int, default=2, help="the weights decide which names are compared")
    options = parser.parse_args()
    weights = replace(shipped_weights(), persons=options.persons)
    with opened("sqlite", options.persons, TUNING_REGISTER) as register:
        asked = searches(register.people, options.searches, options.searches * 2 // 3, TUNING_SEARCHES)
        for _ in range(options.rounds):
            weights = fitted(observed(register, asked, matcher_of(register, weights), weights), weights)
        others = searches(register.people, options.searches * 3 // 2, options.searches, TUNING_GRADES)
        weights = graded(weights, likeliest(register, others, matcher_of(register, weights)))
        print(report(answers(register, others[::4], matcher_of(register, weights))).summary())
    FILE.write_text(written(weights), "utf-8")


def observed(
    register: Register, asked: Sequence[Search], matcher: Matcher, weights: Weights
) -> dict[Vector, list[float]]:
    """Return how often each vector of features was seen of the person meant, and of others."""
    search = PersonSearch(register.store, matcher, NoNationalRegister())
    known = sum(each.truth is not None for each in asked)
    new_weight = (1 - _KNOWN_SHARE) / _KNOWN_SHARE * known / max(len(asked) - known, 1)
    seen: dict[Vector, list[float]] = defaultdict(lambda: [0.0, 0.0])
    with register.database.reading() as connection:
        for each in asked:
            query = each.criteria.profile
            meant = None if each.truth is None else FIRST_NUMBER + each.truth
            for number, score in search.scored(connection, query):
                of = seen[vector_of(score, weights)]
                of[number != meant] += 1.0 if each.truth is not None else new_weight
    return seen


def vector_of(score: Score, weights: Weights) -> Vector:
    """Return the features of a comparison: a level of a field is 1 or absent, rarity is in whole bits."""
    features: dict[str, float] = {}
    levels: dict[str, str] = {}
    for part in score.parts:
        if part.field in ORDER:
            levels[part.field] = part.level
            if part.level != Level.MISSING:
                features[f"{part.field}/{part.level}"] = 1.0
        elif part.field.startswith("rarity"):
            features[part.field] = round(part.weight / getattr(weights, part.field))
        elif part.field in ("swapped", "old_name"):
            features[part.field] = 1.0
    if levels["given"] == Level.DIFFERS and levels["family"] == levels["birth_date"] == Level.EXACT:
        features["twin"] = 1.0
    other_date = levels["birth_date"] in (Level.DIFFERS, Level.BIRTHDAY_ONLY, Level.YEAR_ONLY)
    if other_date and levels["family"] == levels["given"] == Level.EXACT:
        features["namesake"] = 1.0
    return tuple(sorted(features.items()))


def fitted(seen: Mapping[Vector, Sequence[float]], start: Weights) -> Weights:
    """Return the weights under which what was seen is likeliest, near those it starts from where little was seen."""
    now = flat(start)
    origin = dict(now)
    rows = [(vector, right, wrong) for vector, (right, wrong) in seen.items()]
    step = 1.0
    before = math.inf
    for _ in range(250):
        loss, slope, curve = 0.0, defaultdict(float), defaultdict(float)
        for vector, right, wrong in rows:
            odds = now["base"] + sum(now.get(name, 0.0) * value for name, value in vector)
            chance = 1 / (1 + math.exp(-max(min(odds * _LN2, 40), -40)))
            loss -= right * math.log(chance + 1e-18) + wrong * math.log(1 - chance + 1e-18)
            error = right * (1 - chance) - wrong * chance
            bend = (right + wrong) * chance * (1 - chance)
            for name, value in (("base", 1.0), *vector):
                slope[name] += error * value
                curve[name] += bend * value * value
        step = min(step * 1.05, 1.0) if loss < before else step * 0.6
        before = loss
        for name, value in now.items():
            pull = _RIDGE * (value - origin[name])
            move = (slope[name] * _LN2 - pull) / (curve[name] * _LN2 * _LN2 + _RIDGE)
            now[name] = value + step * 0.3 * max(min(move, 1.0), -1.0)
        constrain(now)
    return unflat(now, start.persons)


def constrain(now: dict[str, float]) -> None:
    """Move the weights as little as needed so that no disagreement raises a score."""
    for field, order in ORDER.items():
        now[f"{field}/{Level.MISSING}"] = 0.0
        for _ in range(30):
            moved = False
            for better, worse in order:
                high, low = f"{field}/{better}", f"{field}/{worse}"
                if high not in now or low not in now or now[high] >= now[low]:
                    continue
                moved = True
                if worse == Level.MISSING:
                    now[high] = 0.0
                elif better == Level.MISSING:
                    now[low] = 0.0
                else:
                    now[high] = now[low] = (now[high] + now[low]) / 2
            if not moved:
                break
    for name in ("rarity_family", "rarity_given"):
        now[name] = max(now[name], 0.01)
    for name in _DOUBTS:
        now[name] = min(now[name], 0.0)


def likeliest(
    register: Register, asked: Sequence[Search], matcher: Matcher
) -> tuple[list[float], list[float]]:
    """Return the odds of each known person that was meant, and for each new one those of the likeliest other."""
    search = PersonSearch(register.store, matcher, NoNationalRegister())
    known: list[float] = []
    new: list[float] = []
    with register.database.reading() as connection:
        for each in asked:
            hits = search.find(connection, each.criteria.profile).hits
            if each.truth is None:
                new.append(hits[0].score.log2_odds if hits else -math.inf)
                continue
            meant = [hit.score.log2_odds for hit in hits if hit.ssin == FIRST_NUMBER + each.truth]
            known.append(meant[0] if meant else -math.inf)
    return known, new


def graded(weights: Weights, seen: tuple[Sequence[float], Sequence[float]]) -> Weights:
    """Return the weights with a base under which the grades keep what they promise: matching.md §1.

    Midway between the least at which 95 % of known persons are possible, and the greatest at which 2 % of new ones
    meet a strong candidate and 10 % a possible one; how likely it is that somebody is registered already, nobody knows.
    """
    known, new = map(sorted, seen)
    least = POSSIBLE_FROM - known[math.ceil(len(known) * (1 - _FLAGGED)) - 1]
    strong, possible = (new[math.ceil(len(new) * (1 - share)) - 1] for share in (_STRONG_ALARMS, _ALARMS))
    greatest = min(STRONG_FROM - strong, POSSIBLE_FROM - possible)
    return replace(weights, base=math.floor((weights.base + (least + greatest) / 2) * 100) / 100)


def flat(weights: Weights) -> dict[str, float]:
    """Return the weights by the name of their feature."""
    levels = {
        f"{field}/{level}": weight for field, each in weights.levels.items() for level, weight in each.items()
    }
    return levels | {name: getattr(weights, name) for name in ADJUSTMENTS}


def unflat(now: Mapping[str, float], persons: int) -> Weights:
    """Return named weights, rounded downwards to two digits so that their order stays."""
    levels: dict[str, dict[str, float]] = {}
    for name, weight in now.items():
        field, _, level = name.partition("/")
        if level:
            levels.setdefault(field, {})[level] = math.floor(weight * 100 + 1e-9) / 100
    adjustments = {name: math.floor(now[name] * 100) / 100 for name in ADJUSTMENTS}
    for name in ("rarity_family", "rarity_given"):
        adjustments[name] = max(round(now[name], 3), 0.01)
    return replace(shipped_weights(), persons=persons, levels=levels, **adjustments)


def written(weights: Weights) -> str:
    """Return the text of the weights file."""
    lines = [
        f"# Written by `python -m benchmarks.calibrate --persons {weights.persons}`: binary logarithms of odds.",
        "# In a register of another size the base follows it: half as many persons hold half as many who look alike.",
        f"\npersons = {weights.persons}",
    ]
    for field, levels in weights.levels.items():
        lines.append(f"\n[{field}]")
        lines += [f'"{level}" = {weight:.2f}' for level, weight in levels.items()]
    lines.append("\n[adjustments]")
    lines += [f"{name} = {getattr(weights, name):.3f}" for name in ADJUSTMENTS]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
