"""What a registry knows before a test begins: persons in their registers, their dossiers, institutions."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from kruispunt.persons import Register
from kruispunt.sandbox.population import SandboxDossier, SandboxPerson
from kruispunt.ssin import Ssin, SsinKind
from kruispunt.values import InstitutionRef, PartialDate, Sex
from kruispunt_directory.domain.book import Registration
from kruispunt_directory.domain.codes import check_codes
from kruispunt_directory.domain.knowledge import Entry, Institution, Labels, NetworkLevel, Sector
from kruispunt_identity.domain import number
from kruispunt_identity.domain.fact import Fact
from kruispunt_identity.domain.values import (
    ALWAYS,
    Birth,
    DataGroup,
    Decease,
    Gender,
    Name,
    Nationalities,
    Place,
    Value,
)
from kruispunt_identity.domain.values import PartialDate as Day
from kruispunt_identity.store.profiles import profile_of
from kruispunt_server.call import OPERATOR, Call, InstitutionKey, Participant
from kruispunt_server.ids import new_id
from kruispunt_stub.directory.wiring import MemoryDirectory
from kruispunt_stub.identity.wiring import MemoryIdentity

SeededDossier = SandboxDossier
"""A dossier that an institution holds: institution, capacity, phase, period."""

_KEEPER = InstitutionKey(25, 1)


@dataclass(frozen=True, slots=True)
class SeededPerson:
    """Somebody whom a registry knows when a test begins.

    Attributes:
        ssin: a national or a bis number.
        family_name: as the registers write it.
        given_names: in order.
        birth_date: unknown parts are 0.
        sex: of the person.
        birth_country: ISO 3166-1 alpha-2.
        birth_place: name of the municipality; empty: not known.
        nationalities: ISO 3166-1 alpha-2.
        decease_date: none: alive.
        register: left out: NATIONAL for a national number, BIS for a bis number.
        dossiers: that institutions hold.
    """

    ssin: Ssin
    family_name: str = field(repr=False)
    given_names: tuple[str, ...] = field(repr=False)
    birth_date: PartialDate
    sex: Sex = Sex.UNSPECIFIED
    birth_country: str = "BE"
    birth_place: str = ""
    nationalities: tuple[str, ...] = ("BE",)
    decease_date: dt.date | None = None
    register: Register | None = None
    dossiers: tuple[SeededDossier, ...] = ()


@dataclass(frozen=True, slots=True)
class SeededInstitution:
    """An institution beside those of the sandbox, with the rights that those have.

    Attributes:
        ref: sector and number; of a sector that the code tables know.
        name: for people.
    """

    ref: InstitutionRef
    name: str


def seed(
    identity: MemoryIdentity,
    directory: MemoryDirectory,
    persons: Iterable[SeededPerson | SandboxPerson],
    at: dt.datetime,
) -> None:
    """Write persons and dossiers down as recorded at an instant.

    Raises:
        ValueError: a number stands there already.
        RegistryError: a dossier that no registry would take.
    """
    call = Call("seed", Participant(OPERATOR, frozenset(), None), None, at, float("inf"))
    for person in persons:
        with identity.memory.writing() as transaction:
            for each in _numbered(person):
                _write_person(identity, transaction, each, at)
        for dossier in person.dossiers:
            _write_dossier(directory, call, person.ssin, dossier)


def _numbered(person: SeededPerson | SandboxPerson) -> Iterator[SeededPerson]:
    """Yield a person, after whom they were under a number that they had before."""
    if isinstance(person, SeededPerson):
        yield person
        return
    same: dict[str, Any] = {
        "given_names": person.given_names,
        "birth_date": person.birth_date,
        "sex": person.sex,
        "birth_country": person.birth_country,
        "birth_place": person.birth_place,
        "nationalities": person.nationalities,
        "register": person.register,
    }
    yield SeededPerson(person.ssin, person.family_name, **same)
    if person.former_ssin is not None:
        yield SeededPerson(person.former_ssin, person.former_family_name, **same)


def _write_person(identity: MemoryIdentity, transaction: Any, person: SeededPerson, at: dt.datetime) -> None:
    register = person.register or (
        Register.NATIONAL if person.ssin.kind is SsinKind.NATIONAL else Register.BIS
    )
    national = identity.national.find_many([person.ssin])
    if national or identity.numbers.find(transaction, person.ssin) is not None:
        raise ValueError("a number is seeded twice")
    if register is Register.NATIONAL:
        ssin, profile = identity.national.add(_document(person))
        identity.matches.write(transaction, ssin, profile)
        return
    identity.numbers.insert(transaction, person.ssin, number.Register(register.value), at)
    facts = [
        Fact(
            fact_id=new_id(),
            registered_under=person.ssin,
            group=group,
            value=value,
            validity=ALWAYS,
            source=_KEEPER,
            evidence=None,
            recorded_at=at,
        )
        for group, value in _values(person)
    ]
    identity.facts.add_many(transaction, facts)
    identity.matches.write(transaction, person.ssin, profile_of(facts))


def _document(person: SeededPerson) -> dict[str, Any]:
    """Return a person as the national register's stand-in reads one."""
    document: dict[str, Any] = {
        "ssin": str(person.ssin),
        "family_name": person.family_name,
        "given_names": list(person.given_names),
        "birth_date": _written(person.birth_date),
        "birth_country": person.birth_country,
        "gender": int(person.sex),
        "nationalities": list(person.nationalities),
    }
    if person.birth_place:
        document["birth_municipality"] = person.birth_place
    if person.decease_date:
        document["decease_date"] = person.decease_date.isoformat()
    return document


def _values(person: SeededPerson) -> Iterator[tuple[DataGroup, Value]]:
    born = person.birth_date
    yield DataGroup.NAME, Name(person.family_name, person.given_names)
    place = Place(person.birth_country, 0, person.birth_place)
    yield DataGroup.BIRTH, Birth(Day(born.year, born.month, born.day), place)
    if person.sex:
        yield DataGroup.GENDER, Gender(int(person.sex))
    yield DataGroup.NATIONALITIES, Nationalities(person.nationalities)
    if died := person.decease_date:
        yield DataGroup.DECEASE, Decease(Day(died.year, died.month, died.day))


def _written(day: PartialDate) -> str:
    return f"{day.year:04}-{day.month:02}-{day.day:02}"


def _write_dossier(directory: MemoryDirectory, call: Call, ssin: Ssin, dossier: SandboxDossier) -> None:
    institution = InstitutionKey(dossier.institution.sector, dossier.institution.institution)
    registration = Registration(dossier.capacity, dossier.phase, dossier.period, None, "seeded")
    knowledge = directory.knowledge.current()
    check_codes(knowledge, institution, dossier.capacity, dossier.phase, dossier.period.begin)
    with directory.memory.writing() as transaction:
        book = directory.dossiers.open_book(transaction, ssin, institution)
        plan = book.register(registration, registered_under=ssin, default_level=NetworkLevel.PRIMARY)
        directory.dossiers.carry_out(transaction, call, [plan], new_id())


def entry_of(institution: SeededInstitution, known: Iterable[Entry]) -> Institution:
    """Return an institution as the code tables have it, for as long as they know its sector.

    Raises:
        ValueError: they know no such sector.
    """
    ref = institution.ref
    sector = next((each for each in known if isinstance(each, Sector) and each.code == ref.sector), None)
    if sector is None:
        raise ValueError(f"the code tables know no sector {ref.sector}")
    labels = Labels(en=institution.name, own_translations=("en",))
    key = InstitutionKey(ref.sector, ref.institution)
    return Institution(key, labels, "", NetworkLevel.PRIMARY, sector.validity)
