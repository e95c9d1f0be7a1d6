"""Dossiers by the thousand: rows of an import, and what became of each."""

from dataclasses import dataclass
from dataclasses import field as field_
from typing import Self

from kruispunt.period import Period
from kruispunt.ssin import Ssin
from kruispunt.values import Dossier, InstitutionRef, NetworkLevel, PersonClaim, WarningReason, WireEnum


class DossierRowOutcome(WireEnum):
    """What became of a row."""

    UNSPECIFIED = 0
    CREATED = 1
    EXTENDED = 2
    UNCHANGED = 3
    REFUSED = 4


@dataclass(frozen=True, slots=True)
class DossierRow:
    """One dossier to register: what `DirectoryClient.register_dossier` takes.

    Attributes:
        ssin: number of the person; a replaced one is followed to the current one.
        capacity: 0 to 999; exists in the sector at the begin of the period.
        period: days on which the dossier is open.
        phase: 0 to 99; exists in the capacity.
        institution: the caller's own, which is also taken if left out.
        network_level: left out: that of the institution.
        source: where the institution has it from, 1 to 32 of a-z, 0-9 and "-".
        claim: what the institution believes about the person, to be compared with the register.
    """

    ssin: Ssin | str = field_(repr=False)
    capacity: int
    period: Period
    phase: int = 0
    institution: InstitutionRef | None = None
    network_level: NetworkLevel = NetworkLevel.UNSPECIFIED
    source: str = ""
    claim: PersonClaim | None = None

    @classmethod
    def of(cls, dossier: Dossier) -> Self:
        """Return the row by which a dossier is registered again, as of one that was exported."""
        return cls(
            dossier.ssin,
            dossier.capacity,
            dossier.period,
            dossier.phase,
            dossier.institution,
            dossier.network_level,
            dossier.source,
        )


@dataclass(frozen=True, slots=True)
class DossierRowResult:
    """What became of one row.

    Attributes:
        row: its number, from 1 on.
        outcome: created, extended, unchanged, or refused.
        repeated: whether it was sent before under the same import_id; this was its outcome then.
        dossier_id: the dossier, a UUID; empty if refused.
        current: number under which the dossier stands; none if refused.
        reason: why it was refused, such as "PHASE_OVERLAP"; empty otherwise.
        field: path within the row, such as "period.begin"; empty unless refused.
        message: why it was refused, for people; empty when the outcome is repeated.
        warnings: what the caller should know of a row that was not refused.
    """

    row: int
    outcome: DossierRowOutcome
    repeated: bool
    dossier_id: str
    current: Ssin | None = field_(repr=False)
    reason: str = ""
    field: str = ""
    message: str = ""
    warnings: tuple[WarningReason, ...] = ()
