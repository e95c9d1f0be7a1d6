"""The servicers by which institutions tell something, without their server, and short ways to use them."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from google.type.date_pb2 import Date
from tests.support.calls import change_log
from tests.support.rights import EVERYTHING

from kruispunt.identity.v1 import registration_service_pb2 as pb
from kruispunt.ssin import Ssin
from kruispunt_identity.domain.fact import Fact, Statement
from kruispunt_identity.domain.lineage import numbers_below
from kruispunt_identity.domain.national import NationalPerson, NoNationalRegister
from kruispunt_identity.domain.number import ChangeReason, Register
from kruispunt_identity.domain.values import ALWAYS, Birth, DataGroup, Name, PartialDate, Value
from kruispunt_identity.matching.peppers import DerivedPeppers
from kruispunt_identity.servicer.guard import Guard
from kruispunt_identity.servicer.linking import LinkingServicer
from kruispunt_identity.servicer.telling import Telling
from kruispunt_identity.servicer.updating import UpdatingServicer
from kruispunt_identity.store.facts import FactStore
from kruispunt_identity.store.identifiers import IdentifierStore
from kruispunt_identity.store.link_states import LinkStates
from kruispunt_identity.store.matching import MatchStore
from kruispunt_identity.store.number_changes import NumberChanges
from kruispunt_identity.store.numbers import NumberStore
from kruispunt_identity.store.persons import PersonStore
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.call import Call, InstitutionKey, Participant, Purpose, Role
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database
from kruispunt_server.ids import new_id
from kruispunt_server.keys import Keys
from kruispunt_server.writes import Writes

NOON = dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)
TODAY = dt.date(2026, 3, 3)
SECRET = b"a secret of thirty-two bytes or more"

PENSIONS = Participant("pensions", frozenset({Role.SUPPLIER}), InstitutionKey(5, 1))
WELFARE = Participant("welfare", frozenset({Role.SUPPLIER}), InstitutionKey(17, 1))
DESK = Participant("registry-registrar", frozenset({Role.REGISTRAR}), InstitutionKey(25, 1))

ANNA, BEA = Ssin.parse("75460898095"), Ssin.parse("75260898052")
NATIONAL = Ssin.parse("85073003328")
NOBODY = Ssin.parse("42012205181")


class Nation(NoNationalRegister):
    """A national register that knows one person."""

    def find_many(self, numbers: Sequence[Ssin]) -> dict[Ssin, NationalPerson]:
        """Return the one, if asked for."""
        statement = Statement(DataGroup.NAME, Name("Janssens", ("Jan",)), ALWAYS)
        return {number: NationalPerson(number, (statement,)) for number in numbers if number == NATIONAL}


@dataclass
class Holders:
    """A directory that knows who has a dossier on whom."""

    dossiers: set[tuple[InstitutionKey, Ssin]] = field(default_factory=set)

    def holds(self, call: Call, institution: InstitutionKey, numbers: Sequence[Ssin]) -> bool:
        """Return whether one of the numbers has one."""
        assert call.method == "test"
        return any((institution, number) in self.dossiers for number in numbers)

    def institutions(self, call: Call, numbers: Sequence[Ssin]) -> list[InstitutionKey]:
        """Return who has one."""
        assert call.method == "test"
        return sorted({institution for institution, number in self.dossiers if number in numbers})


@dataclass
class Told:
    """What the servicers stand on, and short ways to use them."""

    database: Database
    tables: IdentityTables
    clock: FixedClock
    holders: Holders
    updating: UpdatingServicer
    linking: LinkingServicer
    persons: PersonStore
    matches: MatchStore

    def __post_init__(self) -> None:
        self.numbers = NumberStore(self.database, self.tables)
        self.changes = NumberChanges(self.database, self.tables)
        self.facts = FactStore(self.database, self.tables.persons)

    def register(self, ssin: Ssin, family: str = "Peeters") -> Ssin:
        """Write a person down who was born in 1980, with a dossier of PENSIONS."""
        now = self.clock.now()
        said: dict[DataGroup, Value] = {
            DataGroup.NAME: Name(family),
            DataGroup.BIRTH: Birth(PartialDate(1980, 4, 5)),
        }
        facts = [
            Fact(new_id(), ssin, group, value, ALWAYS, PENSIONS.own_institution(), None, now)
            for group, value in said.items()
        ]
        with self.database.writing() as connection:
            self.numbers.insert(connection, ssin, Register.BIS, now)
            self.facts.add_many(connection, facts)
        self.holders.dossiers.add((PENSIONS.own_institution(), ssin))
        return ssin

    def replace(self, former: Ssin, next_: Ssin) -> None:
        """Let a number lead to another."""
        self.clock.advance(dt.timedelta(hours=1))
        with self.database.writing() as connection:
            found = self.numbers.find_many(connection, [former, next_])
            self.changes.replace(
                connection, found[former], found[next_], ChangeReason.DUPLICATE, TODAY, self.clock.now()
            )
        self.clock.advance(dt.timedelta(hours=1))

    def split(self, former: Ssin) -> None:
        """Let a number stand for itself again."""
        self.clock.advance(dt.timedelta(hours=1))
        with self.database.writing() as connection:
            number = self.numbers.find(connection, former)
            assert number is not None
            lineage = self.numbers.lineage(connection, number.root)
            root = self.numbers.find(connection, number.root)
            assert root is not None
            below = numbers_below(lineage, former)
            self.changes.split(connection, number, root, below, TODAY, self.clock.now())

    def cancel(self, ssin: Ssin) -> None:
        """Cancel a number."""
        with self.database.writing() as connection:
            number = self.numbers.find(connection, ssin)
            assert number is not None
            self.changes.cancel(connection, number, self.clock.now())

    def update(self, ssin: Ssin, /, *changes: dict[str, Any], **more: Any) -> pb.UpdatePersonResponse:
        """Tell changes, as PENSIONS unless said otherwise."""
        call = more.pop("call", None) or call_of()
        request = update_of(ssin, *changes, **more)
        return self.updating.UpdatePerson(request, call)

    def retract(self, ssin: Ssin, fact_id: str, /, **more: Any) -> pb.RetractFactResponse:
        """Take a fact back, as PENSIONS."""
        request = pb.RetractFactRequest(
            **{"request_id": str(uuid.uuid4()), "ssin": str(ssin), "fact_id": fact_id, **more}
        )
        return self.updating.RetractFact(request, call_of())

    def link(self, ssin: Ssin, identifier: str = "EK 42", /, **more: Any) -> pb.LinkForeignIdentifierResponse:
        """Link a passport of Morocco, as PENSIONS unless said otherwise."""
        call = more.pop("call", None) or call_of()
        key = {"country": "MA", "scheme": 2, "identifier": identifier}
        request = pb.LinkForeignIdentifierRequest(
            **{"request_id": str(uuid.uuid4()), "ssin": str(ssin), "key": key, **more}
        )
        return self.linking.LinkForeignIdentifier(request, call)

    def end(
        self, ssin: Ssin, link_id: str, end: Date | None, /, **more: Any
    ) -> pb.EndForeignIdentifierLinkResponse:
        """End a link, as PENSIONS."""
        request = pb.EndForeignIdentifierLinkRequest(
            **{"request_id": str(uuid.uuid4()), "ssin": str(ssin), "link_id": link_id, "end": end, **more}
        )
        return self.linking.EndForeignIdentifierLink(request, call_of())

    def standing(self, *numbers: Ssin) -> list[Fact]:
        """Return the facts that stand under numbers, in the order of recording."""
        with self.database.reading() as connection:
            return self.facts.of(connection, numbers)

    def rows(self) -> dict[str, int]:
        """Return how many rows each table has, and how often numbers changed."""
        with self.database.reading() as connection:
            counted = {
                name: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
                for name, table in self.tables.metadata.tables.items()
            }
            versions = connection.scalar(sa.select(sa.func.sum(self.tables.persons.number.c.version)))
        return {**counted, "versions": int(versions or 0)}

    def kinds(self) -> list[str]:
        """Return the kinds of the changes in the journal, in their order."""
        change = self.tables.shared.change
        with self.database.reading() as connection:
            return list(connection.scalars(sa.select(change.c.kind).order_by(change.c.entry_no)))


def told_on(database: Database, tables: IdentityTables) -> Told:
    """Return the servicers on a database."""
    clock, holders = FixedClock(NOON), Holders()
    log = change_log(database, tables.shared, clock)
    numbers = NumberStore(database, tables)
    matches = MatchStore(database, tables.matching, DerivedPeppers(Keys(SECRET)), clock)
    persons = PersonStore(
        database, FactStore(database, tables.persons), numbers, matches, Nation(), log, clock
    )
    telling = Telling(persons, Guard(holders, alone=False), Writes(database, tables.shared, clock))
    identifiers = IdentifierStore(database, tables, numbers)
    return Told(
        database,
        tables,
        clock,
        holders,
        UpdatingServicer(persons, telling),
        LinkingServicer(persons, identifiers, LinkStates(database, tables), telling),
        persons,
        matches,
    )


def call_of(participant: Participant = PENSIONS) -> Call:
    """Return a call as the boundary makes it."""
    return Call("test", participant, Purpose("18/042", "clerk", "case"), NOON, 1e18, right=EVERYTHING)


def update_of(ssin: Ssin, /, *changes: dict[str, Any], **more: Any) -> pb.UpdatePersonRequest:
    """Return a request that tells changes."""
    return pb.UpdatePersonRequest(
        **{"request_id": str(uuid.uuid4()), "ssin": str(ssin), "changes": list(changes), **more}
    )


def change(value: dict[str, Any], corrects: str = "", **more: Any) -> dict[str, Any]:
    """Return a change that says a value."""
    return {"statement": {"value": value, **more}, "corrects_fact_id": corrects}


def name(family: str) -> dict[str, Any]:
    """Return a name."""
    return {"name": {"family_name": family}}


def address(street: str) -> dict[str, Any]:
    """Return a contact address in Belgium."""
    return {"contact_address": {"country": "BE", "street": street}}


def date(year: int, month: int = 0, day: int = 0) -> Date:
    """Return a date."""
    return Date(year=year, month=month, day=day)
