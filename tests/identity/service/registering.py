"""Servicers of search and registration without their server, and ways to ask them."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from google.type.date_pb2 import Date
from tests.identity.matching.people import Known
from tests.identity.registers import NOON, SECRET, Registers
from tests.support.calls import change_log
from tests.support.rights import EVERYTHING, NOTHING

from kruispunt.identity.v1 import identity_service_pb2, registration_service_pb2, search_pb2
from kruispunt.identity.v1 import person_pb2 as pb
from kruispunt.ssin import Ssin
from kruispunt_identity.domain.fact import Statement
from kruispunt_identity.domain.national import NationalPerson
from kruispunt_identity.domain.values import ALWAYS, Birth, DataGroup, Name, PartialDate
from kruispunt_identity.matching.peppers import DerivedPeppers
from kruispunt_identity.matching.profile import MatchProfile
from kruispunt_identity.servicer.candidates import CandidateViews
from kruispunt_identity.servicer.guard import Guard
from kruispunt_identity.servicer.referrals import Referrals
from kruispunt_identity.servicer.registering import RegisteringServicer
from kruispunt_identity.servicer.searching import SearchingServicer
from kruispunt_identity.store.facts import FactStore
from kruispunt_identity.store.issuing import NumberIssuer
from kruispunt_identity.store.link_states import LinkStates
from kruispunt_identity.store.reading import PersonReader
from kruispunt_identity.store.registrations import RegistrationStore
from kruispunt_identity.store.searches import SearchLog
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.call import Call, InstitutionKey, Participant, Purpose, Role
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database
from kruispunt_server.keys import Keys
from kruispunt_server.tokens import PageTokens
from kruispunt_server.writes import Writes

PENSIONS = Participant("pensions", frozenset({Role.SUPPLIER, Role.CONSUMER}), InstitutionKey(5, 1))
WELFARE = Participant("welfare", frozenset({Role.SUPPLIER}), InstitutionKey(17, 1))
READER = Participant("reader", frozenset({Role.CONSUMER}), InstitutionKey(70, 1))
DESK = Participant("registry-registrar", frozenset({Role.REGISTRAR}), InstitutionKey(25, 1))


class Nation(Known):
    """A national register that knows some persons, by what they are compared by."""

    def find_many(self, numbers: Any) -> dict[Ssin, NationalPerson]:
        """Return those it knows."""
        return {
            Ssin(number): NationalPerson(Ssin(number), _statements(self.persons[number]))
            for number in map(int, numbers)
            if number in self.persons
        }

    def walk(self, after: int, size: int) -> list[NationalPerson]:
        """Return the next persons."""
        numbers = sorted(number for number in self.persons if number > after)[:size]
        return list(self.find_many(numbers).values())


class NobodyHolds:
    """A directory in which nobody has a dossier."""

    def holds(self, call: Call, institution: InstitutionKey, numbers: Any) -> bool:
        """Return that there is none."""
        return not (call and institution and numbers)

    def institutions(self, call: Call, numbers: Any) -> list[InstitutionKey]:
        """Return nobody."""
        assert call
        assert numbers
        return []


@dataclass
class Desk:
    """Both servicers on one database."""

    registers: Registers
    searching: SearchingServicer
    registering: RegisteringServicer
    guarded: RegisteringServicer

    def count(self, table: sa.Table) -> int:
        """Return how many rows a table has."""
        with self.registers.database.reading() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0

    def search(
        self, call: Call | None = None, *, limit: int = 0, **criteria: Any
    ) -> identity_service_pb2.SearchPersonsResponse:
        """Search, as PENSIONS unless said otherwise."""
        request = identity_service_pb2.SearchPersonsRequest(
            criteria=search_pb2.PersonCriteria(**criteria), limit=limit
        )
        return self.searching.SearchPersons(request, call or call_of())

    def register(
        self, request: registration_service_pb2.RegisterPersonRequest, call: Call | None = None
    ) -> registration_service_pb2.RegisterPersonResponse:
        """Register, as PENSIONS unless said otherwise."""
        return self.registering.RegisterPerson(request, call or call_of())


def desk_on(database: Database, tables: IdentityTables, secret: bytes = SECRET) -> Desk:
    """Return the servicers as they are wired, on an empty database."""
    clock, keys = FixedClock(NOON), Keys(secret)
    registers = Registers(database, tables, clock, Nation({}), DerivedPeppers(keys))
    nation: Any = registers.national
    facts = FactStore(database, tables.persons)
    reader = PersonReader(database, registers.numbers, facts, LinkStates(database, tables), nation)
    views = CandidateViews(reader, Guard(None, alone=True), Referrals(keys.derive("referral")), clock)
    log = SearchLog(database, tables)
    store = RegistrationStore(
        database,
        facts,
        NumberIssuer(database, tables),
        registers.numbers,
        registers.matches,
        registers.candidates,
        registers.decisions,
        nation,
        change_log(database, tables.shared, clock),
        clock,
    )
    searching = SearchingServicer(
        registers.candidates,
        views,
        log,
        registers.decisions,
        PageTokens(b"t" * 32),
        clock,
        keys.derive("search-criteria"),
    )
    writes = Writes(database, tables.shared, clock)
    return Desk(
        registers,
        searching,
        RegisteringServicer(store, log, views, Guard(None, alone=True), writes, clock),
        RegisteringServicer(store, log, views, Guard(NobodyHolds(), alone=False), writes, clock),
    )


def call_of(participant: Participant = PENSIONS, now: dt.datetime = NOON) -> Call:
    """Return a call as the boundary makes it."""
    return Call(
        "test",
        participant,
        Purpose("18/042", "clerk", "case"),
        now,
        1e18,
        right=EVERYTHING if participant != READER else NOTHING,
    )


def date(year: int, month: int = 0, day: int = 0) -> Date:
    """Return a date."""
    return Date(year=year, month=month, day=day)


def name(family: str, *given: str, seen: bool = True) -> pb.FactStatement:
    """Return the statement of a name, with a passport as evidence if it was seen."""
    evidence = pb.Evidence(kind=pb.EVIDENCE_KIND_PASSPORT, document_number="X1") if seen else None
    return pb.FactStatement(
        value=pb.FactValue(name=pb.Name(family_name=family, given_names=given)), evidence=evidence
    )


def birth(day: Date, country: str = "") -> pb.FactStatement:
    """Return the statement of a birth."""
    place = pb.Place(country=country) if country else None
    return pb.FactStatement(value=pb.FactValue(birth=pb.Birth(date=day, place=place)))


def gender(code: Any) -> pb.FactStatement:
    """Return the statement of a gender."""
    return pb.FactStatement(value=pb.FactValue(gender=code))


def residence(country: str) -> pb.FactStatement:
    """Return the statement of a residential address."""
    return pb.FactStatement(value=pb.FactValue(residential_address=pb.Address(country=country)))


def contact(country: str) -> pb.FactStatement:
    """Return the statement of a contact address."""
    return pb.FactStatement(value=pb.FactValue(contact_address=pb.Address(country=country)))


def registration(
    *facts: pb.FactStatement, distinct: Any = (), **more: Any
) -> registration_service_pb2.RegisterPersonRequest:
    """Return a request to register, with an id of its own unless one is given."""
    more.setdefault("request_id", str(uuid.uuid4()))
    return registration_service_pb2.RegisterPersonRequest(facts=facts, distinct=distinct, **more)


def person_request(
    family: str = "Diallo", given: str = "Aminata", day: Date | None = None, **more: Any
) -> registration_service_pb2.RegisterPersonRequest:
    """Return a request to register a woman born in Guinea, with all that is needed."""
    return registration(
        name(family, *given.split()),
        birth(day or date(1991, 4, 17), "GN"),
        gender(pb.GENDER_FEMALE),
        **more,
    )


def twin(ssin: str, reason: Any = registration_service_pb2.DISTINCT_REASON_TWIN, note: str = "") -> Any:
    """Return the decision that a number is of another person."""
    return registration_service_pb2.DistinctDecision(ssin=ssin, reason=reason, note=note)


def _statements(profile: MatchProfile) -> tuple[Statement, ...]:
    first = profile.names[0]
    return (
        Statement(DataGroup.NAME, Name(first.family, first.given), ALWAYS),
        Statement(DataGroup.BIRTH, Birth(PartialDate(*profile.birth)), ALWAYS),
    )
