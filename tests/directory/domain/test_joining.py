"""When one number takes another's place, their dossiers become those of one person."""

import random

import pytest
from tests.directory.domain.lineages import PENSIONS, WELFARE, A, B, Said, World, day

from kruispunt.period import Period
from kruispunt_directory.domain.joining import Fate, impacts, joined

CASES: dict[str, tuple[list[Said], list[Said], list[Said]]] = {
    "only the former has one": ([(100, 20, 0, 5)], [], [(100, 20, 0, 5)]),
    "gaps stay": ([(100, 20, 0, 5)], [(100, 20, 7, None)], [(100, 20, 0, 5), (100, 20, 7, None)]),
    "what touches is joined": ([(100, 20, 0, 5)], [(100, 20, 5, None)], [(100, 20, 0, None)]),
    "what overlaps is joined": ([(100, 20, 3, 9)], [(100, 20, 0, 5)], [(100, 20, 0, 9)]),
    "other capacities stand side by side": (
        [(100, 20, 0, 5)],
        [(10, 5, 0, 5)],
        [(10, 5, 0, 5), (100, 20, 0, 5)],
    ),
    "the higher phase stands on shared days": (
        [(100, 20, 0, 8)],
        [(100, 10, 4, None)],
        [(100, 10, 8, None), (100, 20, 0, 8)],
    ),
    "a lower phase is cut in two": (
        [(100, 10, 0, None)],
        [(100, 20, 4, 8)],
        [(100, 10, 0, 4), (100, 10, 8, None), (100, 20, 4, 8)],
    ),
    "a lower phase vanishes under a higher one": ([(100, 10, 4, 8)], [(100, 20, 0, 9)], [(100, 20, 0, 9)]),
}


@pytest.mark.parametrize(("former", "next_", "expected"), CASES.values(), ids=CASES)
def test_dossiers_are_joined_by_capacity_and_phase(
    former: list[Said], next_: list[Said], expected: list[Said]
) -> None:
    """Whatever stood under either number stands under the one, and nothing under the other."""
    world = World()
    for said in former:
        world.register(A, said)
    for said in next_:
        world.register(B, said)

    world.replace(A, B)

    assert (expected, []) == (world.listed(B), world.listed(A))


def test_institutions_do_not_mix() -> None:
    """Each keeps its own."""
    world = World()
    world.register(A, (100, 20, 0, 5), PENSIONS)
    world.register(B, (100, 20, 3, 9), WELFARE)

    world.replace(A, B)

    assert [(100, 20, 0, 5)] == world.listed(B, PENSIONS)
    assert [(100, 20, 3, 9)] == world.listed(B, WELFARE)


def test_a_dossier_that_moves_stays_the_same_dossier() -> None:
    """Identifier and registered number stay; a further version says that it moved."""
    world = World()
    world.register(A, (100, 20, 0, 5))
    (before,) = world.standing(A)

    world.replace(A, B)
    (after,) = world.standing(B)

    assert (before.dossier_id, A, 2) == (after.dossier_id, after.registered_under, after.version)


def test_the_order_of_dossiers_does_not_matter() -> None:
    """Whoever reads them in whatever order arrives at the same plans."""
    world = World()
    for institution in (PENSIONS, WELFARE):
        for begin in (0, 4, 8):
            world.register(A, (100, 20, begin, begin + 2), institution)
            world.register(B, (100, 10, begin + 1, begin + 3), institution)
    dossiers = [*world.standing(A), *world.standing(B)]
    shuffled = list(dossiers)
    random.Random(1).shuffle(shuffled)
    now = world.now()

    def kept(order: list) -> list:
        return [[(before.dossier_id, after.period) for before, after in plan.changed] for plan in order]

    assert kept(joined(B, dossiers, now)) == kept(joined(B, shuffled, now))


def test_impacts_say_what_becomes_of_each_dossier() -> None:
    """Moved, joined into another, cut, or as it was; with the days it is open afterwards."""
    world = World()
    world.register(A, (10, 5, 0, 5))
    world.register(A, (100, 20, 0, 8))
    world.register(B, (20, 5, 0, None))
    world.register(B, (100, 10, 4, None))
    world.register(A, (30, 5, 0, 5))
    world.register(B, (30, 5, 4, 9))

    found = impacts(B, [*world.standing(A), *world.standing(B)], world.now())

    assert [
        (10, A, Fate.MOVED, Period(day(0), day(5))),
        (20, B, Fate.UNCHANGED, Period(day(0))),
        (30, A, Fate.JOINED, Period(day(0), day(9))),
        (30, B, Fate.JOINED, None),
        (100, A, Fate.MOVED, Period(day(0), day(8))),
        (100, B, Fate.CUT, Period(day(8))),
    ] == [(each.dossier.capacity, each.dossier.person, each.fate, each.afterwards) for each in found]
