"""The population in the identity registers: who is in the national one, and who is imported into the others."""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kruispunt.facts import (
    Birth,
    Evidence,
    EvidenceKind,
    Gender,
    Name,
    Nationalities,
    Place,
    ResidentialAddress,
    Statement,
)
from kruispunt.persons import NumberChangeReason, Register
from kruispunt.profiles import load_profile
from kruispunt.registering import ImportRow, RowOutcome
from kruispunt.sandbox.institutions import REGISTRAR
from kruispunt.sandbox.population import SandboxPerson
from kruispunt.values import Purpose

if TYPE_CHECKING:
    from kruispunt import IdentityClient

_NAMESPACE = uuid.UUID("5a0dbf3e-52c5-5b1e-9c4e-6b7275697370")
_TIMEOUT_S = 30.0
EXAMPLES: tuple[dict[str, Any], ...] = (
    {
        "ssin": "75060898009",
        "family_name": "Janssens",
        "given_names": ["Bea"],
        "birth_date": "1975-06-08",
        "birth_country": "BE",
        "birth_municipality": "Antwerpen",
        "gender": 2,
        "nationalities": ["BE"],
    },
    {
        "ssin": "85073003328",
        "family_name": "Peeters",
        "given_names": ["Bram"],
        "birth_date": "1985-07-30",
        "birth_country": "BE",
        "gender": 1,
        "nationalities": ["BE"],
    },
)
WAIT_FOR_OWNER_S = 90.0
"""National persons of the documentation's examples; nobody of these names and numbers exists."""


@dataclass(slots=True)
class RegisterReport:
    """What came of loading the registers.

    Attributes:
        rows: how many were sent.
        outcomes: rows by outcome.
        refused: rows by reason of refusal.
        replaced: numbers that lead to another one now.
        elapsed_s: time it took.
    """

    rows: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    replaced: int = 0
    elapsed_s: float = 0.0


def national_document(person: SandboxPerson) -> dict[str, Any]:
    """Return a person as the national register's stand-in reads one (`kruispunt-identity load-national`)."""
    born = person.birth_date
    return {
        "ssin": str(person.ssin),
        "family_name": person.family_name,
        "given_names": list(person.given_names),
        "birth_date": f"{born.year:04}-{born.month:02}-{born.day:02}",
        "birth_country": person.birth_country,
        "birth_municipality": person.birth_place,
        "gender": int(person.sex),
        "nationalities": list(person.nationalities),
    }


def import_rows(persons: Iterable[SandboxPerson]) -> Iterator[ImportRow]:
    """Yield the rows of those whom the national register does not keep, each with their own number.

    Who had another number before is there under both; `load_registers` then replaces the one by the other.
    """
    for person in persons:
        if person.register is Register.NATIONAL:
            continue
        if person.former_ssin is not None:
            yield _row(person, person.former_ssin, person.former_family_name)
        yield _row(person, person.ssin, person.family_name)


def registrar(path: str | Path | None = None) -> "IdentityClient":
    """Open a client for the registry's own desk, from the profile that bears its name.

    Raises:
        ProfileError: the profile is absent, or names no identity_endpoint.
    """
    from kruispunt import IdentityClient

    profile = load_profile(REGISTRAR, path)
    purpose = Purpose(
        legal_basis=profile.legal_basis or "SANDBOX",
        end_user=profile.end_user or "sandbox-load",
        case=profile.case or "sandbox",
    )
    return IdentityClient.from_profile(profile, purpose=purpose, timeout_s=_TIMEOUT_S)


def load_registers(
    persons: Iterable[SandboxPerson],
    identity: "IdentityClient",
    *,
    seed: int,
    on_row: Callable[[], object] = lambda: None,
) -> RegisterReport:
    """Import the persons of BIS and RAD, and replace former numbers; doing it again changes nothing.

    Args:
        persons: read as the work goes on; a smaller population of the same seed is the beginning of a larger one.
        identity: of a registrar.
        seed: names the import.
        on_row: called after each row.

    Raises:
        KruispuntError: the registry refused as a whole, or is not there.
    """
    report = RegisterReport()
    began = time.monotonic()
    former: list[SandboxPerson] = []

    def noted() -> Iterator[SandboxPerson]:
        for person in persons:
            if person.former_ssin is not None:
                former.append(person)
            yield person

    name = uuid.uuid5(_NAMESPACE, f"{seed}/registers")
    for result in identity.import_persons(import_rows(noted()), import_id=name):
        report.rows += 1
        report.outcomes[result.outcome.name] += 1
        if result.outcome is RowOutcome.REFUSED:
            report.refused[result.reason] += 1
        on_row()
    for person in former:
        assert person.former_ssin is not None
        identity.replace_number(
            person.former_ssin,
            person.ssin,
            reason=NumberChangeReason.DUPLICATE,
            request_id=uuid.uuid5(_NAMESPACE, f"{seed}/{person.ssin}/replacement"),
        )
        report.replaced += 1
    report.elapsed_s = time.monotonic() - began
    return report


def _row(person: SandboxPerson, ssin: int, family_name: str) -> ImportRow:
    seen = Evidence(EvidenceKind.PASSPORT, issuing_country=person.birth_country)
    facts = [
        Statement(Name(family_name, person.given_names), evidence=seen),
        Statement(
            Birth(person.birth_date, Place(person.birth_country, municipality_name=person.birth_place)),
            evidence=seen,
        ),
    ]
    if person.sex:
        facts.append(Statement(Gender(person.sex)))
    facts.append(Statement(Nationalities(person.nationalities)))
    if person.birth_country != "BE":
        home = ResidentialAddress(person.birth_country, municipality_name=person.birth_place)
        facts.append(Statement(home))
    return ImportRow(tuple(facts), f"{ssin:011d}", person.register)
