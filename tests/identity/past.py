"""Registers with a past: what was told, replaced, split and taken back, each at its instant."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.fact import Fact, Statement
from kruispunt_identity.domain.identifier import IdentifierKey, Scheme
from kruispunt_identity.domain.lineage import numbers_below
from kruispunt_identity.domain.national import NationalPerson, NoNationalRegister
from kruispunt_identity.domain.number import ChangeReason, Number, Register
from kruispunt_identity.domain.values import (
    ALWAYS,
    Birth,
    DataGroup,
    Gender,
    Name,
    PartialDate,
    Validity,
    Value,
)
from kruispunt_identity.store.facts import FactStore
from kruispunt_identity.store.link_states import LinkStates
from kruispunt_identity.store.number_changes import NumberChanges
from kruispunt_identity.store.numbers import NumberStore
from kruispunt_identity.store.reading import PersonReader
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.call import InstitutionKey
from kruispunt_server.database import Database
from kruispunt_server.errors import Reason, RegistryError

PENSIONS = InstitutionKey(5, 1)
ANNA, BEA, CARL = (Ssin.assemble(754_601, sequence, born_from_2000=False) for sequence in (2, 4, 6))
DORA = Ssin.parse("85073003328")  # a national number
NOBODY = Ssin.assemble(754_601, 8, born_from_2000=False)
PASSPORT = IdentifierKey("MA", Scheme.PASSPORT, "EH-12 34")


def on(month: int, day: int) -> dt.datetime:
    """Return noon of a day of 2026."""
    return dt.datetime(2026, month, day, 12, tzinfo=dt.UTC)


class FewNationals(NoNationalRegister):
    """A national register of a few persons, that counts how often it is asked, and may be out of reach."""

    def __init__(self) -> None:
        self.persons: dict[Ssin, NationalPerson] = {}
        self.asked: list[list[Ssin]] = []
        self.unavailable = False

    def find_many(self, numbers: Sequence[Ssin]) -> dict[Ssin, NationalPerson]:
        """Return those it knows."""
        self.asked.append(list(numbers))
        if self.unavailable:
            raise RegistryError(Reason.REGISTER_UNAVAILABLE, "the national register cannot be asked now")
        return {number: self.persons[number] for number in numbers if number in self.persons}

    def add(self, ssin: Ssin, family_name: str) -> None:
        """Let it know somebody."""
        said = (
            Statement(DataGroup.NAME, Name(family_name), Validity(dt.date(2020, 1, 1))),
            Statement(DataGroup.BIRTH, Birth(PartialDate(1985, 7, 30)), ALWAYS),
        )
        self.persons[ssin] = NationalPerson(ssin, said)


@dataclass
class Past:
    """Ways to fill a database, one change at a time, and the reader of it."""

    database: Database
    tables: IdentityTables
    national: FewNationals = field(default_factory=FewNationals)
    made: int = 0

    def __post_init__(self) -> None:
        self.numbers = NumberStore(self.database, self.tables)
        self.changes = NumberChanges(self.database, self.tables)
        self.facts = FactStore(self.database, self.tables.persons)
        self.reader = PersonReader(
            self.database, self.numbers, self.facts, LinkStates(self.database, self.tables), self.national
        )

    def register(self, ssin: Ssin, at: dt.datetime, register: Register = Register.BIS) -> None:
        """Write a number down."""
        with self.database.writing() as connection:
            self.numbers.insert(connection, ssin, register, at)

    def tell(
        self,
        ssin: Ssin,
        value: Value,
        at: dt.datetime,
        validity: Validity = ALWAYS,
        group: DataGroup | None = None,
    ) -> Fact:
        """Tell a fact; its identifiers count on from 1."""
        self.made += 1
        group = group or _GROUPS[type(value)]
        fact = Fact(uuid.UUID(int=self.made), ssin, group, value, validity, PENSIONS, None, at)
        with self.database.writing() as connection:
            self.facts.add_many(connection, [fact])
            self.numbers.touch(connection, self._find(connection, ssin).root, at)
        return fact

    def take_back(self, fact: Fact, at: dt.datetime, by: Fact | None = None) -> None:
        """Retract a fact, or correct it."""
        closed = replace(fact, superseded_at=at, superseded_by=by.fact_id if by else None)
        with self.database.writing() as connection:
            self.facts.close_many(connection, [closed])
            self.numbers.touch(connection, self._find(connection, fact.registered_under).root, at)

    def correct(self, fact: Fact, value: Value, at: dt.datetime) -> Fact:
        """Tell the right value, and take the wrong one back."""
        right = self.tell(fact.registered_under, value, at, fact.validity, fact.group)
        self.take_back(fact, at, right)
        return right

    def link(
        self,
        ssin: Ssin,
        at: dt.datetime,
        validity: Validity = ALWAYS,
        *,
        version: int = 1,
        key: IdentifierKey = PASSPORT,
    ) -> None:
        """Link a foreign identifier, or write the next state of the link."""
        table = self.tables.persons.foreign_identifier
        state: dict[str, Any] = {
            "ssin": int(ssin),
            "link_id": uuid.UUID(int=1000),
            "version": version,
            "country": key.country,
            "scheme": int(key.scheme),
            "identifier": key.identifier,
            "folded": key.folded,
            "begin_day": validity.begin,
            "end_day": validity.end,
            "sector": 5,
            "institution": 1,
            "recorded_at": at,
        }
        with self.database.writing() as connection:
            connection.execute(
                sa.update(table)
                .where(table.c.ssin == int(ssin), table.c.version == version - 1)
                .values(superseded_at=at)
            )
            connection.execute(sa.insert(table), state)
            self.numbers.touch(connection, self._find(connection, ssin).root, at)

    def replace(self, former: Ssin, next_: Ssin, at: dt.datetime) -> None:
        """Let a number lead to another."""
        with self.database.writing() as connection:
            self.changes.replace(
                connection,
                self._find(connection, former),
                self._find(connection, next_),
                ChangeReason.DUPLICATE,
                at.date(),
                at,
            )

    def split(self, ssin: Ssin, at: dt.datetime) -> None:
        """Undo a replacement."""
        with self.database.writing() as connection:
            number = self._find(connection, ssin)
            below = numbers_below(self.numbers.lineage(connection, number.root), ssin)
            root = self._find(connection, number.root)
            self.changes.split(connection, number, root, below, at.date(), at)

    def cancel(self, ssin: Ssin, at: dt.datetime) -> None:
        """Cancel a number."""
        with self.database.writing() as connection:
            self.changes.cancel(connection, self._find(connection, ssin), at)

    def move(self, ssin: Ssin, register: Register, at: dt.datetime) -> None:
        """Move a person to another register."""
        with self.database.writing() as connection:
            self.changes.move(connection, self._find(connection, ssin), register, at.date(), at)

    def _find(self, connection: sa.Connection, ssin: Ssin) -> Number:
        number = self.numbers.find(connection, ssin)
        assert number is not None
        return number


_GROUPS: dict[type[Any], DataGroup] = {
    Name: DataGroup.NAME,
    Birth: DataGroup.BIRTH,
    Gender: DataGroup.GENDER,
}
