"""The candidates of a search, ranked by the keys that they share with it."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from kruispunt_identity.matching.keys import QueryKey

# Numbers per key at most; of more the lowest are taken, on both databases.
CAP: Final = 3000
# A key that everybody has says nothing; 2^24 persons and more are not told apart.
_BITS: Final = 24.0


@dataclass(frozen=True, slots=True)
class Pool:
    """The candidates of a search, before anything but keys is compared.

    Attributes:
        numbers: those that share the rarest keys first; ties by number.
        beyond: those that follow, and are not compared unless the pool is widened.
        likely: per number, how much the shared keys say, in bits.
        truncated: a key had more numbers than are read, or there were more candidates than asked for.
        rules_version: of the rules that the keys follow; 0 when there are none yet.
        asked: the keys that were asked for.
        bits: how much each of them says.
        masks: per number, a bit for each key that it shares.
    """

    numbers: list[int] = field(default_factory=list, repr=False)
    beyond: list[int] = field(default_factory=list, repr=False)
    likely: dict[int, float] = field(default_factory=dict, repr=False)
    truncated: bool = False
    rules_version: int = 0
    asked: list[QueryKey] = field(default_factory=list, repr=False)
    bits: list[float] = field(default_factory=list, repr=False)
    masks: dict[int, int] = field(default_factory=dict, repr=False)

    def matched_by(self, number: int) -> tuple[str, ...]:
        """Return what the keys are made of that led to a number."""
        return tuple(dict.fromkeys(self.asked[place].name for place in _places(self.masks[number])))


def grown(
    before: Pool, asked: list[QueryKey], found: Sequence[Sequence[int]], masks: dict[int, int], most: int
) -> Pool:
    """Return a pool of `masks` and of who was found under further keys, but for those compared before.

    Args:
        before: the pool so far.
        asked: the further keys.
        found: the numbers under each of them, `CAP` at most, in the order of the keys.
        masks: of those that go on, a bit for each key so far; grows.
        most: numbers that are compared, at most.
    """
    compared = set(before.numbers)
    for place, numbers in enumerate(found, len(before.asked)):
        bit = 1 << place
        for number in numbers:
            if number not in compared:
                masks[number] = masks.get(number, 0) | bit
    bits = before.bits + [max(_BITS - math.log2(len(each)), 0.0) if each else 0.0 for each in found]
    ranked, likely = _ranked(masks, bits)
    return Pool(
        numbers=ranked[:most],
        beyond=ranked[most:],
        likely=likely,
        truncated=len(ranked) > most or any(len(numbers) >= CAP for numbers in found),
        rules_version=before.rules_version,
        asked=before.asked + asked,
        bits=bits,
        masks=masks,
    )


def _ranked(masks: Mapping[int, int], bits: Sequence[float]) -> tuple[list[int], dict[int, float]]:
    """Return the numbers that share what says most first, and how much that is."""
    alike: dict[int, list[int]] = {}  # many candidates share few combinations of keys
    for number, mask in masks.items():
        alike.setdefault(mask, []).append(number)
    tiers: dict[float, list[int]] = {}
    for mask, numbers in alike.items():
        tiers.setdefault(sum([bits[place] for place in _places(mask)]), []).extend(numbers)
    ranked: list[int] = []
    likely: dict[int, float] = {}
    for weight in sorted(tiers, reverse=True):
        numbers = sorted(tiers[weight])
        ranked += numbers
        likely.update(dict.fromkeys(numbers, weight))
    return ranked, likely


def _places(mask: int) -> Iterator[int]:
    """Return the places of the bits that are set, from the lowest."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest
