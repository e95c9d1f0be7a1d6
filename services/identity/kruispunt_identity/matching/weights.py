"""The weights of the score, from the file that the calibration writes."""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Self

from kruispunt_identity.matching.levels import ORDER, Level

FIELDS = tuple(ORDER)
_FEWEST = 100_000
ADJUSTMENTS = ("base", "rarity_family", "rarity_given", "swapped", "twin", "namesake", "old_name")


@dataclass(frozen=True, slots=True)
class Weights:
    """Binary logarithms of odds, one per field and level, and a few for what fields say together.

    Attributes:
        persons: in the register that they were fitted on.
        levels: by field and level; a level that is not there weighs what "differs" does.
        base: of any two persons that are compared at all, in a register of that size.
        rarity_family: per bit of rarity of a family name that sounds the same; not below 0.
        rarity_given: the same of a given name.
        swapped: family and given name seem swapped; not above 0.
        twin: all agrees but the given name; not above 0.
        namesake: the whole name agrees and the birth date does not; not above 0.
        old_name: an earlier name or alias agrees best; not above 0.
    """

    persons: int
    levels: Mapping[str, Mapping[str, float]]
    base: float
    rarity_family: float
    rarity_given: float
    swapped: float
    twin: float
    namesake: float
    old_name: float

    def base_among(self, persons: int) -> float:
        """Return the base in a register of so many persons: half as many hold half as many who look alike.

        Of fewer than 100,000 nothing was measured: they weigh as 100,000. Before the first count (0) the register is
        taken for one like that of the weights.
        """
        return self.base + (math.log2(self.persons / max(persons, _FEWEST)) if persons else 0.0)

    def of(self, field: str, level: Level) -> float:
        """Return the weight of a level of a field."""
        weights = self.levels[field]
        found = weights.get(level)
        return weights[Level.DIFFERS] if found is None else found

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Self:
        """Return weights written as TOML: a table per field, and one of adjustments.

        Raises:
            ValueError: a weight is missing, or a disagreement would raise a score.
        """
        try:
            levels = {name: {str(k): float(v) for k, v in written[name].items()} for name in FIELDS}
            adjustments = {name: float(written["adjustments"][name]) for name in ADJUSTMENTS}
            persons = int(written["persons"])
        except KeyError as error:
            raise ValueError(f"the weights lack {error}") from error
        weights = cls(persons, levels, **adjustments)
        weights._check()
        return weights

    def _check(self) -> None:
        if self.persons < 1:
            raise ValueError("weights: they were fitted on a register of nobody")
        for name, order in ORDER.items():
            for better, worse in order:
                known = self.levels[name].keys() >= {better, worse}
                if known and self.levels[name][better] < self.levels[name][worse]:
                    raise ValueError(f'weights of {name}: "{worse}" is above "{better}"')
        if min(self.rarity_family, self.rarity_given) < 0:
            raise ValueError("weights: rarity may not lower a score")
        if max(self.swapped, self.twin, self.namesake, self.old_name) > 0:
            raise ValueError("weights: a doubt may not raise a score")


@cache
def shipped_weights() -> Weights:
    """Return the weights that the release was calibrated with."""
    text = resources.files("kruispunt_identity").joinpath("data/match_weights.toml").read_text("utf-8")
    return Weights.read(tomllib.loads(text))
