# ruff: noqa: T201, INP001 - a program that prints, beside the packages
"""What an institution's program looks like: every call of the directory's main job, with its types.

Checked by mypy and run by the tests. To try it on a registry of one's own: `make run`, then, in another terminal,

    KRUISPUNT_PROFILES=.run/profiles.toml .venv/bin/python examples/typed_client.py 75060898009
"""

import sys
from collections.abc import Iterable, Iterator
from datetime import date

from kruispunt import (
    DirectoryClient,
    Dossier,
    DossierUnknown,
    EtagMismatch,
    KruispuntError,
    NumberMalformed,
    Period,
    PersonStatus,
    ProfileError,
    Purpose,
    Registration,
    Route,
    Ssin,
    SsinError,
)

INCOME_SUPPORT = 2  # capacity of a public welfare centre
AWARDED = 10  # phase


def begin_support(directory: DirectoryClient, person: Ssin, first_day: date) -> Registration:
    """Say that the welfare centre supports a person from a day on."""
    registration = directory.register_dossier(
        person, capacity=INCOME_SUPPORT, phase=AWARDED, period=Period(first_day), source="intake-desk"
    )
    for warning in registration.warnings:
        print("note:", warning.message)
    return registration


def end_support(directory: DirectoryClient, dossier: Dossier, day: date) -> Dossier | None:
    """Close a dossier as it was read; none if it changed or went in between."""
    try:
        return directory.close_dossier(dossier.ssin, dossier.dossier_id, end=day, etag=dossier.etag).dossier
    except (EtagMismatch, DossierUnknown):
        return None


def holders(directory: DirectoryClient, person: Ssin) -> set[tuple[int, int]]:
    """Return the sectors and capacities in which the person is known today, page after page."""
    return {(each.institution.sector, each.capacity) for each in directory.list_dossiers(person)}


def ask_pension_rights(directory: DirectoryClient, person: Ssin) -> Route:
    """Ask by which route pension rights may be got; a refusal is an answer with reasons."""
    route = directory.get_route(person, "PENSION-RIGHTS")
    for check in route.checks:
        print(check.check.name, check.outcome.name, check.explanation)
    return route


def without_dossier(directory: DirectoryClient, numbers: Iterable[str]) -> Iterator[str]:
    """Yield the numbers on which nobody holds a dossier, out of as many as there are."""
    for answer in directory.resolve_dossiers(numbers):
        if answer.status is PersonStatus.NO_DOSSIER:
            yield answer.asked


def main(number: str) -> int:
    """Play it all on one person."""
    purpose = Purpose(legal_basis="18/042", end_user="clerk-7", case="income-support-2026-118")
    try:
        person = Ssin.parse(number)  # a number that is none needs no registry
        with DirectoryClient.from_profile("institution-17-101", purpose=purpose) as directory:
            registration = begin_support(directory, person, date(2026, 1, 1))
            print(registration.outcome.name, sorted(holders(directory, person)))
            print(ask_pension_rights(directory, person).verdict.name)
            end_support(directory, registration.dossier, date(2026, 6, 1))
    except SsinError as error:
        print("not a number:", error.fault.value)
        return 1
    except NumberMalformed as error:
        print("not a number:", error.metadata.get("fault", ""))
        return 1
    except ProfileError as error:
        print(error)  # no registry runs here, or none that KRUISPUNT_PROFILES names
        return 1
    except KruispuntError as error:
        print(error.reason or error.status, error.field, error.message)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) if len(sys.argv) == 2 else f"use: {sys.argv[0]} NUMBER, which has 11 digits")
