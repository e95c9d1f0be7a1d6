"""Lineage: a person's numbers, and the replacements that lead from each to the one that stands.

Numbers form a tree: each was replaced by one other at most, and every way ends at the root. A replacement that was
undone (a split) is no part of it.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.number import Replacement


@dataclass(frozen=True)
class Lineage:
    """A number that stands, and how every number of the person leads to it.

    Attributes:
        root: the number that stands.
        replacements: one per former number, in any order; as they stood at the instant asked about.
    """

    root: Ssin
    replacements: tuple[Replacement, ...] = ()

    @cached_property
    def numbers(self) -> tuple[Ssin, ...]:
        """The root first, then the former numbers in the order of their replacement."""
        ordered = sorted(self.replacements, key=lambda step: (step.recorded_at, step.former))
        return (self.root, *(step.former for step in ordered))

    def chain(self, number: Ssin) -> tuple[Replacement, ...]:
        """Return the steps from `number` to the root; none for the root.

        Raises:
            KeyError: the number is none of the person.
        """
        steps: list[Replacement] = []
        while number != self.root:
            steps.append(self._steps[number])
            number = steps[-1].next_
        return tuple(steps)

    def owner(self, number: Ssin, at: dt.datetime) -> Ssin:
        """Return the number that `number` led to at an instant, by the replacements that stand now.

        What was told under a number belongs to whom the number meant when it was told: before its replacement to
        itself, afterwards to the number that had taken its place.
        """
        while number != self.root and self._steps[number].recorded_at <= at:
            number = self._steps[number].next_
        return number

    def depth(self, owner: Ssin) -> tuple[tuple[bool, float, int], ...]:
        """Return where the facts of `owner` lie among those of the person: ascending from the bottom to the top.

        A replacement puts all that the former number had under all that the next one had. So the root lies on top; of
        the numbers that were replaced by one, the last replaced lies lowest, with all that led to it below itself.
        """
        ways = [(False, -step.recorded_at.timestamp(), int(step.former)) for step in self.chain(owner)]
        return (*reversed(ways), (True, 0.0, 0))

    @cached_property
    def _steps(self) -> Mapping[Ssin, Replacement]:
        return {step.former: step for step in self.replacements}


def numbers_below(lineage: Lineage, number: Ssin) -> list[Ssin]:
    """Return the numbers that lead to `number` within a lineage, without itself."""
    return [
        former
        for former in lineage.numbers
        if former != number and any(step.next_ == number for step in lineage.chain(former))
    ]


def steps_from(ssin: Ssin, root: Ssin, next_of: Mapping[Ssin, Replacement]) -> tuple[Replacement, ...]:
    """Return the steps from a number to the one that it leads to, by what took the place of each."""
    chain = []
    while ssin != root:
        step = next_of[ssin]
        chain.append(step)
        ssin = step.next_
    return tuple(chain)
