"""A person's numbers and where each led, when."""

import datetime as dt

import pytest

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.lineage import Lineage
from kruispunt_identity.domain.number import ChangeReason, Replacement

FIRST, SECOND, THIRD, ROOT = (Ssin.assemble(854_101, n, born_from_2000=False) for n in (1, 3, 5, 7))


def noon(day: int) -> dt.datetime:
    """Return noon of a day in March."""
    return dt.datetime(2026, 3, day, 12, tzinfo=dt.UTC)


def step(former: Ssin, next_: Ssin, day: int) -> Replacement:
    """Return a replacement recorded at noon of a day in March."""
    return Replacement(former, next_, ChangeReason.DUPLICATE, dt.date(2026, 3, day), noon(day))


# FIRST became SECOND on the 10th, THIRD became the root on the 15th, SECOND on the 20th.
LINEAGE = Lineage(ROOT, (step(SECOND, ROOT, 20), step(FIRST, SECOND, 10), step(THIRD, ROOT, 15)))


def test_root_comes_first_then_the_order_of_replacement() -> None:
    """The numbers of a person: the one that stands, then the former ones, the first replaced first."""
    assert (ROOT, FIRST, THIRD, SECOND) == LINEAGE.numbers


def test_chain_leads_to_the_root() -> None:
    """The chain of a number has every step, in order; the root has none."""
    assert (step(FIRST, SECOND, 10), step(SECOND, ROOT, 20)) == LINEAGE.chain(FIRST)
    assert () == LINEAGE.chain(ROOT)


def test_number_of_somebody_else_has_no_chain() -> None:
    """Asking for a number that is none of the person's is a mistake."""
    with pytest.raises(KeyError):
        LINEAGE.chain(Ssin.assemble(854_101, 9, born_from_2000=False))


@pytest.mark.parametrize(
    ("day", "expected"), [(9, FIRST), (10, SECOND), (19, SECOND), (20, ROOT), (25, ROOT)]
)
def test_owner_is_whom_the_number_meant_then(day: int, expected: Ssin) -> None:
    """What is told under a number belongs to the number that it led to when it was told."""
    assert expected == LINEAGE.owner(FIRST, noon(day))


def test_last_replaced_lies_lowest() -> None:
    """What was merged later lies below what was there already, whatever had been merged into that before."""
    # FIRST became SECOND, SECOND the root, and only then THIRD the root.
    lineage = Lineage(ROOT, (step(FIRST, SECOND, 10), step(SECOND, ROOT, 15), step(THIRD, ROOT, 20)))

    assert [THIRD, FIRST, SECOND, ROOT] == sorted(lineage.numbers, key=lineage.depth)
