"""When a replacement is undone, each side gets back what is its own, whatever happened in between."""

import datetime as dt
import itertools
from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.directory.domain.lineages import (
    FOREVER,
    NUMBERS,
    PENSIONS,
    A,
    B,
    C,
    Said,
    World,
    day,
    period,
)

from kruispunt.ssin import Ssin
from kruispunt_directory.domain.book import Revision
from kruispunt_server.errors import RegistryError


def test_a_split_gives_each_its_own_back() -> None:
    """As it was, and with the same identifiers."""
    world = World()
    world.register(A, (100, 20, 0, 8))
    world.register(B, (100, 20, 4, None))
    before = {each.dossier_id: each.person for number in (A, B) for each in world.standing(number)}

    world.replace(A, B)
    world.split(A)

    assert ([(100, 20, 0, 8)], [(100, 20, 4, None)]) == (world.listed(A), world.listed(B))
    assert before == {each.dossier_id: each.person for number in (A, B) for each in world.standing(number)}


def test_phases_come_back_too() -> None:
    """The lower phase that was cut stands again."""
    world = World()
    world.register(A, (100, 10, 0, None))
    world.register(B, (100, 20, 4, 8))

    world.replace(A, B)
    world.split(A)

    assert ([(100, 10, 0, None)], [(100, 20, 4, 8)]) == (world.listed(A), world.listed(B))


def test_what_was_registered_later_goes_by_the_number_used() -> None:
    """Under the former number: back with it; under the other: it stays."""
    world = World()
    world.register(A, (100, 20, 0, 2))
    world.replace(A, B)
    world.register(A, (100, 20, 4, 6))
    world.register(B, (100, 20, 8, 10))

    world.split(A)

    assert [(100, 20, 0, 2), (100, 20, 4, 6)] == world.listed(A)
    assert [(100, 20, 8, 10)] == world.listed(B)
    assert [] == world.undecided


def test_what_was_ended_meanwhile_does_not_come_back() -> None:
    """The institution said that it is not true."""
    world = World()
    world.register(A, (100, 20, 0, None))
    world.replace(A, B)
    (moved,) = world.standing(B)
    world.tell(B, PENSIONS, lambda book: book.close(moved.dossier_id, "", day(5)))

    world.split(A)

    assert ([(100, 20, 0, 5)], []) == (world.listed(A), world.listed(B))


def test_growth_of_a_dossier_belongs_to_whose_it_was() -> None:
    """A dossier that came from one side only grows for that side."""
    world = World()
    world.register(A, (100, 20, 0, 5))
    world.replace(A, B)
    world.register(B, (100, 20, 5, 9))

    world.split(A)

    assert ([(100, 20, 0, 9)], []) == (world.listed(A), world.listed(B))


def test_growth_of_a_dossier_of_both_stays_and_is_reported() -> None:
    """Nobody can say whose the days are."""
    world = World()
    world.register(A, (100, 20, 0, 5))
    world.register(B, (100, 20, 3, 7))
    world.replace(A, B)
    world.register(B, (100, 20, 7, 9))

    world.split(A)

    assert ([(100, 20, 0, 5)], [(100, 20, 3, 9)]) == (world.listed(A), world.listed(B))
    assert [(100, period(7, 9))] == [(each.capacity, each.period) for each in world.undecided]


def test_a_chain_is_split_at_either_link() -> None:
    """A led to B and both to C: split A off and only A's goes; split B off and A's goes along."""
    for number, expected in (
        (A, ([(100, 20, 0, 2)], [], [(100, 20, 4, 6), (100, 20, 8, 9)])),
        (B, ([], [(100, 20, 0, 2), (100, 20, 4, 6)], [(100, 20, 8, 9)])),
    ):
        world = World()
        for each, begin, end in ((A, 0, 2), (B, 4, 6), (C, 8, 9)):
            world.register(each, (100, 20, begin, end))
        world.replace(A, B)
        world.replace(B, C)

        world.split(number)

        assert expected == (world.listed(A), world.listed(B), world.listed(C))


SPAN = st.tuples(st.integers(0, 12), st.one_of(st.none(), st.integers(1, 13))).filter(
    lambda span: span[1] is None or span[0] < span[1]
)
NUMBER = st.sampled_from(NUMBERS)
COMMAND = st.one_of(
    st.tuples(st.just("register"), NUMBER, st.integers(1, 3), SPAN),
    st.tuples(st.just("register"), NUMBER, st.integers(1, 3), SPAN),
    st.tuples(st.just("replace"), NUMBER, NUMBER, st.none()),
    st.tuples(st.just("replace"), NUMBER, NUMBER, st.none()),
    st.tuples(st.just("split"), NUMBER, st.none(), st.none()),
    st.tuples(st.just("cut"), NUMBER, st.integers(0, 3), SPAN),
    st.tuples(st.just("turn"), NUMBER, st.integers(0, 3), st.integers(1, 12)),
)


@dataclass
class Model:
    """Which number owns which phase on which day; and the rules, told the same things."""

    world: World = field(default_factory=World)
    own: dict[Ssin, dict[int, int]] = field(default_factory=lambda: {number: {} for number in NUMBERS})

    def register(self, under: Ssin, phase: int, span: tuple[int, int | None]) -> None:
        """Only days that touch nothing: whose growth is, the examples above say."""
        days = range(span[0], FOREVER if span[1] is None else span[1])
        held = self.held(self.world.chains.root(under))
        if any(each in held for each in range(days.start - 1, days.stop + 1)):
            return
        self.world.register(under, (100, phase, *span))
        self.own[under].update(dict.fromkeys(days, phase))

    def replace(self, former: Ssin, next_: Ssin, _: None) -> None:
        chains = self.world.chains
        if chains.root(former) == former and chains.root(next_) == next_ and former != next_:
            self.world.replace(former, next_)

    def split(self, number: Ssin, *_: None) -> None:
        if self.world.chains.state(number).next_ is not None:
            self.world.split(number)

    def cut(self, under: Ssin, nth: int, span: tuple[int, int | None]) -> None:
        root = self.world.chains.root(under)
        standing = self.world.standing(root)
        if not standing:
            return
        chosen = standing[nth % len(standing)]
        try:
            self.world.tell(root, PENSIONS, lambda book: book.cut(chosen.dossier_id, "", period(*span)))
        except RegistryError:
            return
        for number in self.world.chains.lineage(root).numbers:
            for each in range(span[0], FOREVER if span[1] is None else span[1]):
                if chosen.period.holds(day(each)):
                    self.own[number].pop(each, None)

    def turn(self, under: Ssin, nth: int, on: int) -> None:
        root = self.world.chains.root(under)
        standing = self.world.standing(root)
        if not standing:
            return
        chosen = standing[nth % len(standing)]
        revision = Revision(phase=chosen.phase % 3 + 1, effective_from=day(on))
        try:
            self.world.tell(root, PENSIONS, lambda book: book.update(chosen.dossier_id, "", revision))
        except RegistryError:
            return
        for number in self.world.chains.lineage(root).numbers:
            for each in self.own[number].keys() & set(range(on, FOREVER)):
                if chosen.period.holds(day(each)):
                    self.own[number][each] = chosen.phase % 3 + 1

    def held(self, root: Ssin) -> dict[int, int]:
        """Return the highest phase of each day that any number of the person owns."""
        found: dict[int, int] = {}
        for number in self.world.chains.lineage(root).numbers:
            for each, phase in self.own[number].items():
                found[each] = max(phase, found.get(each, 0))
        return found

    def runs(self, root: Ssin) -> list[Said]:
        """Return what should stand under a number."""
        held = self.held(root) if self.world.chains.root(root) == root else {}
        found: list[Said] = []
        for phase in (1, 2, 3):
            days = [each for each in range(FOREVER) if held.get(each) == phase]
            for _, group in itertools.groupby(enumerate(days), key=lambda pair: pair[1] - pair[0]):
                run = [each for _, each in group]
                found.append((100, phase, run[0], None if run[-1] == FOREVER - 1 else run[-1] + 1))
        return sorted(found)


@given(commands=st.lists(COMMAND, min_size=1, max_size=14))
@settings(max_examples=400, deadline=None, print_blob=True)
def test_rules_agree_with_a_model_of_days(commands: list[tuple]) -> None:
    """After any commands, replacements and splits, in the end after splitting everything, each has its own."""
    model = Model()
    for name, *arguments in commands:
        getattr(model, name)(*arguments)
        assert_agreement(model)
    for number in NUMBERS:
        model.split(number)
        assert_agreement(model)
    assert [] == model.world.undecided


def assert_agreement(model: Model) -> None:
    for number in NUMBERS:
        assert model.runs(number) == model.world.listed(number)
    history = [each.dossier for each in model.world.history]
    versions = Counter((each.person, each.dossier_id, each.version) for each in history)
    assert [] == [version for version, count in versions.items() if count > 1]
    standing = Counter(each.dossier_id for number in NUMBERS for each in model.world.standing(number))
    assert [] == [identifier for identifier, count in standing.items() if count > 1]
    assert all(
        dt.timedelta(0) <= later.recorded_at - earlier.recorded_at
        for earlier, later in itertools.pairwise(history)
    )


@given(
    before=st.lists(st.tuples(NUMBER, st.integers(1, 3), SPAN), max_size=8),
    steps=st.permutations(NUMBERS),
    splits=st.permutations(NUMBERS),
)
@settings(max_examples=200, deadline=None, print_blob=True)
def test_splitting_everything_restores_everything(
    before: list[tuple], steps: list[Ssin], splits: list[Ssin]
) -> None:
    """A chain of replacements that is undone in any order leaves what was there before, however it overlapped."""
    world = World()
    for number, phase, span in before:
        try:
            world.register(number, (100, phase, *span))
        except RegistryError:
            continue
    expected = {number: world.listed(number) for number in NUMBERS}
    for former, next_ in itertools.pairwise(steps):
        world.replace(former, next_)
    for number in splits:
        if world.chains.state(number).next_ is not None:
            world.split(number)

    assert expected == {number: world.listed(number) for number in NUMBERS}
