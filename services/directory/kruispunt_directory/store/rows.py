"""How a dossier lies in the tables, and back."""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from kruispunt.period import Period
from kruispunt.ssin import Ssin
from kruispunt_directory.domain.dossier import Dossier
from kruispunt_directory.domain.knowledge import NetworkLevel
from kruispunt_server.call import InstitutionKey

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    import sqlalchemy as sa

# The order in which dossiers are listed: the primary key of the table, without the person.
LISTING_KEY = ("sector", "institution", "capacity", "begin_day", "phase")


class DossierRow(NamedTuple):
    """One state of a dossier as it is read, in the order of the columns.

    Hot reads give these as plain tuples with the driver's own values: dates and instants may be text or whole
    numbers on SQLite, identifiers text.
    """

    person: int
    registered_under: int
    sector: int
    institution: int
    capacity: int
    phase: int
    begin_day: dt.date | str
    end_day: dt.date | str | None
    network_level: int
    source: str
    dossier_id: uuid.UUID | str
    version: int
    recorded_at: dt.datetime | str | int
    confirmed_at: dt.datetime | str | int


def columns(source: "sa.FromClause") -> "list[sa.ColumnElement[Any]]":
    """Return the columns of `source` that make a `DossierRow`, in its order."""
    return [source.c[name] for name in DossierRow._fields]


def dossier_of(row: Any) -> Dossier:
    """Build the dossier from a row read through SQLAlchemy, whose values are typed."""
    (person, registered, sector, institution, capacity, phase, begin, end, level, source, *rest) = row
    dossier_id, version, recorded_at, confirmed_at = rest
    return Dossier(
        dossier_id=dossier_id,
        person=Ssin(person),
        registered_under=Ssin(registered),
        institution=InstitutionKey(sector, institution),
        capacity=capacity,
        phase=phase,
        period=Period(begin, end),
        network_level=NetworkLevel(level),
        source=source,
        version=version,
        recorded_at=recorded_at,
        confirmed_at=confirmed_at,
    )


def row_of(dossier: Dossier) -> DossierRow:
    """Return the row of a dossier."""
    return DossierRow(
        person=int(dossier.person),
        registered_under=int(dossier.registered_under),
        sector=dossier.institution.sector,
        institution=dossier.institution.institution,
        capacity=dossier.capacity,
        phase=dossier.phase,
        begin_day=dossier.period.begin,
        end_day=dossier.period.end,
        network_level=int(dossier.network_level),
        source=dossier.source,
        dossier_id=dossier.dossier_id,
        version=dossier.version,
        recorded_at=dossier.recorded_at,
        confirmed_at=dossier.confirmed_at,
    )


def values_of(dossier: Dossier) -> dict[str, Any]:
    """Return the row by column name, for an insert."""
    return row_of(dossier)._asdict()


def columns_of(dossiers: Collection[Dossier]) -> dict[str, Sequence[Any]]:
    """Return rows, of one dossier at least, column by column, for an insert of many."""
    return dict(zip(DossierRow._fields, zip(*map(row_of, dossiers), strict=True), strict=True))


def described(dossier: Dossier) -> Mapping[str, Any]:
    """Return a dossier for the journal: everything but whose it is, which the journal keeps as a pseudonym."""
    return {
        "dossier_id": str(dossier.dossier_id),
        "institution": str(dossier.institution),
        "capacity": dossier.capacity,
        "phase": dossier.phase,
        "begin": dossier.period.begin.isoformat(),
        "end": dossier.period.end.isoformat() if dossier.period.end else None,
        "network_level": int(dossier.network_level),
        "source": dossier.source,
        "version": dossier.version,
        "confirmed_at": dossier.confirmed_at.isoformat(),
    }
