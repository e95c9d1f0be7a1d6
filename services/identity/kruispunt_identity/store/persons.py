"""Writing of persons: opens a person, and carries out what commands plan."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from kruispunt.ssin import Ssin, SsinKind
from kruispunt_identity.domain.lineage import Lineage
from kruispunt_identity.domain.national import NationalRegister
from kruispunt_identity.domain.number import Number, NumberStatus, Register
from kruispunt_identity.domain.person import Person, Plan
from kruispunt_identity.matching.profile import MatchProfile
from kruispunt_identity.store.fact_rows import described
from kruispunt_identity.store.profiles import MATCHED, profile_of
from kruispunt_identity.store.told import told_of_facts
from kruispunt_server.call import Call
from kruispunt_server.change import Change
from kruispunt_server.clock import Clock
from kruispunt_server.errors import Reason, RegistryError

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    import sqlalchemy as sa

    from kruispunt_identity.store.facts import FactStore
    from kruispunt_identity.store.numbers import NumberStore
    from kruispunt_server.changes import ChangeLog
    from kruispunt_server.database import Database

_UNWRITTEN = 0  # version of a person of whom nothing was ever written here


class Matches(Protocol):
    """Where the keys lie that persons are found by; MatchStore."""

    def write(self, connection: "sa.Connection", ssin: int, profile: MatchProfile) -> None:
        """Replace the keys and the profile of a number."""
        ...


@dataclass(frozen=True, slots=True)
class Known:
    """Whom a number is of, as read before a transaction.

    Attributes:
        lineage: every number of the person.
        only_national: whether the national register alone knows them, and nothing was ever written here.
    """

    lineage: Lineage
    only_national: bool


class PersonStore:
    """Writes what is told of persons.

    A command costs seven statements and the commit: number, lineage, facts, protection, one each for what is added and closed, version
    and change; and where a name or the like changed, what `MatchStore.write` costs.

    Args:
        database: of the identity service.
        facts: of persons.
        numbers: which number stands.
        matches: what persons are found by.
        national: who has a national number of whom nothing was ever written here.
        log: of changes.
        clock: says when what is told is recorded.
    """

    def __init__(
        self,
        database: "Database",
        facts: "FactStore",
        numbers: "NumberStore",
        matches: Matches,
        national: NationalRegister,
        log: "ChangeLog",
        clock: Clock,
    ) -> None:
        self._database = database
        self._numbers = numbers
        self._facts = facts
        self._matches = matches
        self._national = national
        self._log = log
        self._clock = clock

    def find(self, asked: Ssin) -> Known:
        """Return whom a number is of; outside any transaction, as it may have to ask the national register.

        Raises:
            RegistryError: no register knows it, NOT_FOUND / PERSON_UNKNOWN; the national register cannot be asked,
                UNAVAILABLE / REGISTER_UNAVAILABLE.
        """
        with self._database.reading() as connection:
            number = self._numbers.find(connection, asked)
            if number is not None:
                return Known(self._numbers.lineage(connection, number.root), only_national=False)
        self._ask_national(asked)
        return Known(Lineage(asked), only_national=True)

    def protected(
        self, numbers: Collection[Ssin], connection: "sa.Connection | None" = None
    ) -> frozenset[Ssin]:
        """Return those of some numbers whose person is protected; as `connection` sees it, or as it stands."""
        if connection is not None:
            return self._numbers.protections.among(connection, numbers)
        with self._database.reading() as reading:
            return self._numbers.protections.among(reading, numbers)

    def open(self, connection: "sa.Connection", asked: Ssin, *, only_national: bool | None = None) -> Person:
        """Return the person that a number is of; nobody else writes them until the transaction ends.

        Args:
            connection: one of `Database.writing`.
            asked: any number of the person.
            only_national: what `find` said of a number of which nothing was written here; none: nobody asked, and the
                national register is asked now.

        Raises:
            RegistryError: no register knows the number, NOT_FOUND / PERSON_UNKNOWN; it was cancelled, or what it
                leads to was, FAILED_PRECONDITION / NUMBER_CANCELLED.
        """
        number = self._numbers.find(connection, asked)
        locked = None
        while (root := asked if number is None else number.root) != locked:
            # What was read before the lock was taken may have been replaced or split meanwhile.
            self._database.lock(connection, int(root))
            locked = root
            number = self._numbers.find(connection, asked)
        if number is None:
            if not only_national:
                self._ask_national(asked)
            return Person(self._never_written(asked), Lineage(asked), [], self._clock.now())
        stands = number if number.ssin == root else self._numbers.find(connection, root)
        assert stands is not None
        if stands.status is NumberStatus.CANCELLED:
            raise RegistryError(Reason.NUMBER_CANCELLED, "the number leads to nobody", field="ssin")
        lineage = self._numbers.lineage(connection, root)
        facts = self._facts.of(connection, lineage.numbers, history=True)
        protected = bool(self._numbers.protections.among(connection, [root]))
        return Person(stands, lineage, facts, self._clock.now(), protected=protected)

    def carry_out(
        self,
        connection: "sa.Connection",
        call: Call,
        person: Person,
        plan: Plan,
        request_id: uuid.UUID,
        kind: str,
    ) -> int:
        """Write what commands planned: facts, version, search keys, and one change for the journal.

        Args:
            connection: that on which the person was opened.
            call: who tells.
            person: as opened, after the commands.
            plan: of all commands; an empty one writes nothing.
            request_id: of the mutation.
            kind: of the change in the journal, such as "person.updated".

        Returns:
            The version of the person afterwards.
        """
        if not plan:
            return person.root.version
        self._facts.close_many(connection, plan.closed)
        self._facts.add_many(connection, plan.added)
        self._write_matches(connection, person, plan)
        before = {"facts": [described(fact) for fact in plan.closed]} if plan.closed else None
        after = {"facts": [described(fact) for fact in plan.added]} if plan.added else None
        touched = [*plan.closed, *plan.added]
        told = told_of_facts(touched, call.participant.institution, person.facts)
        change = Change(int(person.ssin), kind, before, after, told=told)
        return self.touch(connection, call, person, request_id, change)

    def touch(
        self,
        connection: "sa.Connection",
        call: Call,
        person: Person,
        request_id: uuid.UUID,
        change: Change,
    ) -> int:
        """Say that something of a person changed, and what, for the journal; returns the new version.

        The first time that something is written of a NATIONAL person, the number is written down.
        """
        self._log.record(connection, call, [change], request_id=request_id)
        if person.root.version == _UNWRITTEN:
            return self._numbers.insert(connection, person.ssin, Register.NATIONAL, person.now).version
        return self._numbers.touch(connection, person.ssin, person.now)

    def _write_matches(self, connection: "sa.Connection", person: Person, plan: Plan) -> None:
        """Rewrite what each number is found by under which something was told or taken back.

        Not of numbers of the national register: their keys come from there, and no name of theirs is kept here.
        """
        touched = {fact.registered_under for fact in (*plan.added, *plan.closed) if fact.group in MATCHED}
        for number in sorted(touched):
            kept = person.root if number == person.ssin else self._numbers.find(connection, number)
            profile = profile_of(fact for fact in person.facts if fact.registered_under == number)
            if kept is not None and kept.register is not Register.NATIONAL and profile.names:
                self._matches.write(connection, int(number), profile)

    def _ask_national(self, asked: Ssin) -> None:
        if asked.kind is not SsinKind.NATIONAL or asked not in self._national.find_many([asked]):
            raise RegistryError(Reason.PERSON_UNKNOWN, "no register knows the number", field="ssin")

    def _never_written(self, ssin: Ssin) -> Number:
        now = self._clock.now()
        return Number(ssin, Register.NATIONAL, NumberStatus.ACTIVE, ssin, 0, None, _UNWRITTEN, now)
