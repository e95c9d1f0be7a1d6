"""A long story of the registers, the same for each seed, with a model of what must have become of it in the end.

The model knows days and numbers only: no positions, transactions or versions.
"""

import datetime as dt
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.directory.following.conftest import CHANGED, PENSIONS, Seen, World

from kruispunt.ssin import Ssin
from kruispunt_directory.domain.told import (
    ChangeKind,
    RegisterChange,
    RegisterCommit,
    RegisteredNumber,
    SignOfLife,
    SnapshotPart,
    Told,
)
from kruispunt_server.call import InstitutionKey

NUMBERS = [Ssin.parse(text) for text in ("42012205181", "75060898009", "85073003328", "00000100166")]
FIRST = dt.date(2020, 1, 1)
DAY = dt.date(2026, 3, 3)

Noticed = tuple[int, str, Ssin, Ssin]


def span(slot: int) -> tuple[dt.date, dt.date]:
    """Return days that touch those of no other slot."""
    begin = FIRST + dt.timedelta(days=10 * slot)
    return begin, begin + dt.timedelta(days=5)


@dataclass
class Model:
    """Where numbers lead, under which number each slot was registered, and what an institution was told."""

    leads: dict[Ssin, Ssin] = field(default_factory=dict)
    slots: dict[InstitutionKey, dict[int, Ssin]] = field(default_factory=dict)
    noticed: list[tuple[str, Ssin, Ssin]] = field(default_factory=list)

    def root(self, number: Ssin) -> Ssin:
        """Return where a number leads."""
        while number in self.leads:
            number = self.leads[number]
        return number

    def held(self, root: Ssin) -> set[Ssin]:
        """Return the numbers under which PENSIONS registered what stands under a number now."""
        return {under for under in self.slots.get(PENSIONS, {}).values() if self.root(under) == root}

    def replace(self, number: Ssin, other: Ssin) -> None:
        """Let a number lead to another."""
        root = self.root(other)
        former, later = self.held(number), self.held(root)
        self.leads[number] = other
        if former:
            self.noticed.append(("NUMBER_REPLACED", number, root))
        elif later:
            self.noticed.append(("NUMBER_JOINED", other, root))

    def split(self, number: Ssin) -> None:
        """Let a number stand again."""
        other = self.leads.pop(number)
        root = self.root(other)
        if self.held(number):
            self.noticed.append(("NUMBER_SPLIT", number, number))
        elif self.held(root):
            self.noticed.append(("NUMBER_PARTED", root, root))

    def facts(self, number: Ssin) -> None:
        """Tell facts of a number."""
        root = self.root(number)
        if held := self.held(root):
            self.noticed.append(("DATA_CHANGED", root if root in held else min(held), root))

    def listed(self, number: Ssin) -> list[Seen]:
        """Return what must stand under a number."""
        return sorted(
            (institution, 20, *span(slot))
            for institution, slots in self.slots.items()
            for slot, under in slots.items()
            if self.root(under) == number
        )

    def numbered(self) -> list[Noticed]:
        """Return what PENSIONS must have been told."""
        return [(place, *each) for place, each in enumerate(self.noticed, 1)]


class Scenario:
    """Messages of the registers.

    Args:
        seed: makes the story.
        length: how many commits it tells.

    Attributes:
        model: what must have become of it, without what institutions register meanwhile.
        messages: commits, and signs of life between them.
    """

    def __init__(self, seed: int, length: int) -> None:
        self._random = random.Random(seed)
        self.model = Model()
        self.before = {slot: self._random.choice(NUMBERS) for slot in range(4)}
        self.model.slots[PENSIONS] = dict(self.before)
        self.messages: list[Told] = []
        self._tell(seed, range(length))

    def restore(self, seed: int, length: int) -> None:
        """Go on otherwise from here: with a snapshot in parts, and what happens after it, at the same positions."""
        self._random = random.Random(seed)
        position = len([each for each in self.messages if isinstance(each.content, RegisterCommit)]) - 1
        numbers = [
            RegisteredNumber(
                number, self.model.leads.get(number), DAY if number in self.model.leads else None
            )
            for number in sorted(NUMBERS)
        ]
        self.messages = [
            Told(f"{seed}-part-{place}", position, SnapshotPart([number], place == len(numbers)))
            for place, number in enumerate(numbers, 1)
        ]
        self._tell(seed, range(position + 1, position + 1 + length))

    def _tell(self, seed: int, places: range) -> None:
        for place in places:
            commit = RegisterCommit(place, CHANGED, self._changes())
            self.messages.append(Told(f"{seed}-{place}", place, commit))
            if self._random.random() < 0.2:
                beat = SignOfLife(CHANGED + dt.timedelta(seconds=place))
                self.messages.append(Told(f"{seed}-{place}-beat", place, beat))

    def prepare(self, world: World) -> None:
        """Register what PENSIONS holds before the story begins."""
        for slot, under in self.before.items():
            world.register(under, PENSIONS, *span(slot))

    def after(self, resume_token: str | None) -> Iterator[Told]:
        """Yield the messages after one."""
        tokens = [each.resume_token for each in self.messages]
        yield from self.messages[0 if resume_token is None else tokens.index(resume_token) + 1 :]

    @property
    def last(self) -> str:
        """The token of the last message."""
        return self.messages[-1].resume_token

    def _changes(self) -> list[RegisterChange]:
        number, other = self._random.sample(NUMBERS, 2)
        model = self.model
        if number in model.leads:
            if self._random.random() < 0.5:
                next_, root = model.leads[number], model.root(number)
                model.split(number)
                assert root == model.root(next_)
                return self._pair(ChangeKind.NUMBER_SPLIT, ChangeKind.NUMBER_PARTED, number, root)
        elif model.root(other) == other and self._random.random() < 0.7:
            model.replace(number, other)
            return self._pair(ChangeKind.NUMBER_REPLACED, ChangeKind.NUMBER_JOINED, number, other)
        model.facts(number)
        return [RegisterChange(ChangeKind.FACTS_TOLD, number, None, self._id(), frozenset({1}))]

    def _pair(self, one: ChangeKind, two: ChangeKind, number: Ssin, other: Ssin) -> list[RegisterChange]:
        return [
            RegisterChange(one, number, other, self._id(), effective_on=DAY),
            RegisterChange(two, other, number, self._id(), effective_on=DAY),
        ]

    def _id(self) -> uuid.UUID:
        return uuid.UUID(int=self._random.getrandbits(128), version=4)
