"""What an institution says of one dossier, and whether it may stand: alone or one of a million, by the same rules.

Source: domain.md §4 (codes exist, a replaced number is followed, the first discrepancy refuses, extension).
"""

import enum
from dataclasses import dataclass, field, replace
from typing import Final

from kruispunt.ssin import Ssin
from kruispunt_directory.domain.book import DossierBook, Outcome, Plan, Registration
from kruispunt_directory.domain.claim import Claim, RegisteredPerson, check_claim
from kruispunt_directory.domain.codes import check_codes
from kruispunt_directory.domain.dossier import Dossier
from kruispunt_directory.domain.knowledge import Knowledge, NetworkLevel
from kruispunt_directory.domain.number import NumberStatus, Resolution, Verification
from kruispunt_server.call import InstitutionKey
from kruispunt_server.errors import Reason, RegistryError


class Remark(enum.IntFlag):
    """What an institution should know although its registration stands; several are kept as one number."""

    NUMBER_REPLACED = 1
    NUMBER_UNUSUAL = 2
    REPLACED_IN_REGISTERS = 4
    CLAIM_NOT_COMPARED = 8
    ALREADY_REGISTERED = 16


NONE: Final = Remark(0)


@dataclass(frozen=True, slots=True)
class Said:
    """One registration as it was sent.

    Attributes:
        asked: number that the institution used.
        registration: the dossier.
        claim: what the institution believes about the person; none if nothing is to be compared.
    """

    asked: Ssin
    registration: Registration
    claim: Claim | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Registered:
    """What came of one registration.

    Attributes:
        plan: what is written; its subject is the dossier.
        resolution: what the number turned out to be.
        remarks: what the institution should know.
    """

    plan: Plan
    resolution: Resolution
    remarks: Remark

    @property
    def dossier(self) -> Dossier:
        """The dossier as it then stands."""
        assert self.plan.subject is not None, "a registration has one"
        return self.plan.subject


@dataclass(frozen=True, slots=True)
class RegistrationRules:
    """The rules, for the dossiers of one institution.

    Attributes:
        knowledge: the code tables.
        institution: whose dossiers.
        asks_registers: whether identity was asked; while the directory runs alone it is not.
    """

    knowledge: Knowledge
    institution: InstitutionKey
    asks_registers: bool

    def register(
        self, said: Said, resolution: Resolution, known: RegisteredPerson | None, book: DossierBook
    ) -> Registered:
        """Judge a registration, and plan what it does.

        Args:
            said: the registration.
            resolution: where its number leads, as the directory knows.
            known: what identity says of it; none if it knows no such number, or was not asked.
            book: of the institution, on the person whom the number leads to; it is not changed.

        Raises:
            RegistryError: a code does not exist, the number leads to nobody or is unknown, the claim disagrees, or
                another phase stands on some of the days; FAILED_PRECONDITION, PERSON_UNKNOWN is NOT_FOUND.
        """
        registration = said.registration
        check_codes(
            self.knowledge,
            self.institution,
            registration.capacity,
            registration.phase,
            registration.period.begin,
        )
        resolution = self._verified(resolution, known)
        remarks = number_remarks(resolution)
        if known and known.is_replaced and not resolution.is_replaced:
            remarks |= Remark.REPLACED_IN_REGISTERS
        if said.claim is not None and not _compared(said.claim, known):
            remarks |= Remark.CLAIM_NOT_COMPARED
        plan = book.register(
            registration, registered_under=said.asked, default_level=self._network_level(registration)
        )
        if plan.outcome is Outcome.UNCHANGED:
            remarks |= Remark.ALREADY_REGISTERED
        return Registered(plan, resolution, remarks)

    def _verified(self, resolution: Resolution, known: RegisteredPerson | None) -> Resolution:
        """Return the number as the registers vouch for it, or as it is while the directory runs alone."""
        if resolution.status is NumberStatus.CANCELLED:
            raise _cancelled()
        if not self.asks_registers:
            return resolution
        if known is None:
            raise RegistryError(Reason.PERSON_UNKNOWN, "the registers know no such number", field="ssin")
        if known.is_cancelled:
            raise _cancelled()
        return replace(resolution, verification=Verification.REGISTER)

    def _network_level(self, registration: Registration) -> NetworkLevel:
        """Return how the institution is connected when the dossier begins; it exists then, as was checked."""
        entry = self.knowledge.find_institution(self.institution, registration.period.begin)
        return entry.network_level if entry else NetworkLevel.PRIMARY


def number_remarks(resolution: Resolution) -> Remark:
    """Return what is to be said of a number."""
    remarks = NONE
    if resolution.is_replaced:
        remarks |= Remark.NUMBER_REPLACED
    if resolution.asked.is_unusual:
        remarks |= Remark.NUMBER_UNUSUAL
    return remarks


def _compared(claim: Claim, known: RegisteredPerson | None) -> bool:
    """Compare a claim if the registers were at hand; returns whether they were."""
    if known is None or known.claim is None:
        return False
    check_claim(claim, known.claim)
    return True


def _cancelled() -> RegistryError:
    return RegistryError(Reason.NUMBER_CANCELLED, "the number leads to no active one", field="ssin")
