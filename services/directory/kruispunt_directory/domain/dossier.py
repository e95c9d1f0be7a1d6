"""The reference to one institution's dossier on one person."""

import datetime as dt
import uuid
from dataclasses import dataclass

from kruispunt.period import Period
from kruispunt.ssin import Ssin
from kruispunt_directory.domain.knowledge import NetworkLevel
from kruispunt_server.call import InstitutionKey


@dataclass(frozen=True, slots=True)
class Dossier:
    """One institution holds a dossier on one person, in one capacity and phase, for a period. Never its content.

    Attributes:
        dossier_id: UUIDv7, never reused.
        person: number under which the dossier stands now.
        registered_under: number under which the institution registered it; a split goes by it.
        institution: who holds it.
        capacity: 0 to 999, of the institution's sector.
        phase: 0 to 99.
        period: days on which it is open.
        network_level: how directly the institution is connected.
        source: where the institution has it from, 1 to 32 of a-z, 0-9 and "-".
        version: 1 for the first state, one more with every change.
        recorded_at: when this state was recorded, UTC.
        confirmed_at: when the institution last said that it is true, UTC.
    """

    dossier_id: uuid.UUID
    person: Ssin
    registered_under: Ssin
    institution: InstitutionKey
    capacity: int
    phase: int
    period: Period
    network_level: NetworkLevel
    source: str
    version: int
    recorded_at: dt.datetime
    confirmed_at: dt.datetime

    @property
    def etag(self) -> str:
        """Changes with every change of the dossier."""
        return str(self.version)


@dataclass(frozen=True, slots=True)
class DossierFilter:
    """Which dossiers of a person are meant; what is given narrows.

    Attributes:
        sector: 0 to 999.
        institution: 0 to 999 within `sector`; never without it.
        capacity: 0 to 999.
        network_level: how directly connected.
    """

    sector: int | None = None
    institution: int | None = None
    capacity: int | None = None
    network_level: NetworkLevel | None = None

    @property
    def is_open(self) -> bool:
        """Whether it narrows nothing."""
        return self == EVERYTHING


EVERYTHING = DossierFilter()
