# ruff: noqa: T201, INP001 - a program that prints, beside the packages
"""What an institution's program does with persons: search, register or take a candidate, update, read the history.

Checked by mypy and run by the tests. To try it on a registry of one's own: `make run`, then, in another terminal,

    KRUISPUNT_PROFILES=.run/profiles.toml .venv/bin/python examples/typed_identity.py Ait-Ouaret Salma 1990-04-17
"""

import sys
from collections.abc import Callable
from datetime import date

from kruispunt import (
    Birth,
    Candidate,
    ContactAddress,
    DirectoryClient,
    DistinctDecision,
    DistinctReason,
    Evidence,
    EvidenceKind,
    Fact,
    ForeignIdentifier,
    Gender,
    Grade,
    GroupOutcome,
    IdentityClient,
    KruispuntError,
    Name,
    PartialDate,
    Period,
    PersonUpdate,
    Place,
    ProfileError,
    Protection,
    Purpose,
    Ssin,
    Statement,
    TooManyCandidates,
)

INCOME_SUPPORT = 2  # capacity of a public welfare centre
PASSPORT = Evidence(EvidenceKind.PASSPORT, "EH1234567", "MA")


def candidates(identity: IdentityClient, name: Name, born: PartialDate) -> tuple[Candidate, ...]:
    """Return whom it may be, best first; a search that is too broad is refused, and says what to sharpen."""
    try:
        return identity.search_persons(name.family_name, born, given_names=name.given_names).candidates
    except TooManyCandidates as error:
        print("ask for more:", error.field)
        raise


def number_of(
    identity: IdentityClient, name: Name, born: PartialDate, is_same: Callable[[Candidate], bool]
) -> Ssin | None:
    """Return the number of a person: that of the candidate who is the same, else a new one.

    Args:
        identity: the registry.
        name: as in the passport.
        born: birth date as in the passport.
        is_same: asked of each strong candidate; a person decides, never the grade.

    Returns:
        None if the registry found strong candidates of whom nobody was asked yet: search again.
    """
    strong = [each for each in candidates(identity, name, born) if each.grade is Grade.STRONG]
    for candidate in strong:
        for part in candidate.parts:
            print(candidate.grade.name, part.field, part.level)
        if is_same(candidate):
            return candidate.ssin
    facts = [
        Statement(name, evidence=PASSPORT),
        Statement(Birth(born, Place("MA", municipality_name="Tanger")), evidence=PASSPORT),
        Statement(Gender.FEMALE),
    ]
    others = [DistinctDecision(each.ssin, DistinctReason.DOCUMENTS) for each in strong]
    answer = identity.register_person(facts, distinct=others)
    return answer.person.ssin if answer.person else None


def tell_address(identity: IdentityClient, person: Ssin, street: str, number: str) -> PersonUpdate:
    """Say where to write to the person; each data group has its own outcome."""
    etag = identity.get_person(person).etag  # changes as soon as anybody changes anything
    address = ContactAddress("BE", street=street, house_number=number)
    update = identity.update_person(person, [Statement(address)], etag=etag)
    for result in update.results:
        if result.outcome is GroupOutcome.REFUSED:
            print(result.group.name, result.reason, result.message)
    return update


def history(identity: IdentityClient, person: Ssin) -> list[str]:
    """Return what was recorded of the person, in its order: facts, links, and what happened to the numbers."""
    lines: list[str] = []
    for entry in identity.list_person_versions(person):
        if isinstance(entry, Fact):
            lines.append(f"{entry.group.name} {'stands' if entry.supersede_time is None else 'closed'}")
        elif isinstance(entry, ForeignIdentifier):
            lines.append(f"LINK {entry.key.scheme.name}")
        elif isinstance(entry, Protection):
            lines.append("PROTECTED" if entry.lift_date is None else "PROTECTED, and lifted")
        else:
            lines.append(entry.kind.name)
    return lines


def main(family_name: str, given_name: str, born: str) -> int:
    """Play it all on one person; of a candidate the documents say here that it is her."""
    purpose = Purpose(legal_basis="18/042", end_user="clerk-7", case="income-support-2026-118")
    try:
        day = date.fromisoformat(born)
    except ValueError:
        print("not a date: YYYY-MM-DD")
        return 1
    birth_date = PartialDate(day.year, day.month, day.day)
    try:
        with (
            IdentityClient.from_profile("institution-17-101", purpose=purpose) as identity,
            DirectoryClient.from_profile("institution-17-101", purpose=purpose) as directory,
        ):
            person = number_of(identity, Name(family_name, (given_name,)), birth_date, lambda _: True)
            if person is None:
                return 1
            # Who writes of a person holds a dossier.
            directory.register_dossier(
                person, capacity=INCOME_SUPPORT, phase=10, period=Period(date(2026, 1, 1))
            )
            tell_address(identity, person, "Meir", "1")
            print(person, *history(identity, person), sep="\n")
    except ProfileError as error:
        print(error)  # no registry runs here, or none that KRUISPUNT_PROFILES names
        return 1
    except KruispuntError as error:
        print(error.reason or error.status, error.field, error.message)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) == 4 else f"use: {sys.argv[0]} FAMILY GIVEN YYYY-MM-DD")
