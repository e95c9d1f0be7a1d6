"""What every change of a number does: locks who is concerned, rewrites search keys, tells the journal."""

import uuid
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.fact import Fact
from kruispunt_identity.domain.number import Number, Register
from kruispunt_identity.store.decisions import DecisionStore
from kruispunt_identity.store.facts import FactStore
from kruispunt_identity.store.link_states import LinkStates
from kruispunt_identity.store.matching import MatchStore
from kruispunt_identity.store.number_changes import NumberChanges
from kruispunt_identity.store.numbers import NumberStore
from kruispunt_identity.store.profiles import profile_of
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.call import Call
from kruispunt_server.clock import Clock
from kruispunt_server.database import Database
from kruispunt_server.journal import record_change
from kruispunt_server.keys import Pseudonyms


class NumberDesk:
    """The stores that a change of a number works on; every method takes the running transaction."""

    def __init__(
        self,
        database: Database,
        tables: IdentityTables,
        matches: MatchStore,
        pseudonyms: Pseudonyms,
        clock: Clock,
    ) -> None:
        self.database = database
        self.shared = tables.shared
        self.numbers = NumberStore(database, tables)
        self.changes = NumberChanges(database, tables)
        self.facts = FactStore(database, tables.persons)
        self.links = LinkStates(database, tables)
        self.decisions = DecisionStore(database, tables, self.numbers)
        self.matches = matches
        self.pseudonyms = pseudonyms
        self.clock = clock

    def locked(self, connection: sa.Connection, ssin: Ssin) -> Number | None:
        """Lock the person that a number is of, and return the number as it then stands; none if nothing was written."""
        return self.lock(connection, [ssin]).get(ssin)

    def lock(self, connection: sa.Connection, asked: Collection[Ssin]) -> dict[int, Number]:
        """Lock the persons that numbers are of, in ascending order, and return the numbers as they then stand."""
        locked: set[Ssin] = set()
        while True:
            found = self.numbers.find_many(connection, asked)
            roots = {found[ssin].root if ssin in found else ssin for ssin in asked}
            if roots <= locked:
                return found
            # What was read before the lock was taken may have been replaced or split meanwhile.
            for root in sorted(roots - locked):
                self.database.lock(connection, int(root))
            locked |= roots

    def write_matches(
        self, connection: sa.Connection, numbers: Collection[Ssin], facts: Iterable[Fact]
    ) -> None:
        """Rewrite what numbers are found by; of those that the national register keeps the keys come from there."""
        known = self.numbers.find_many(connection, numbers)
        told = list(facts)
        for ssin in sorted(numbers):
            profile = profile_of(fact for fact in told if fact.registered_under == ssin)
            if known[ssin].register is not Register.NATIONAL and profile.names:
                self.matches.write(connection, int(ssin), profile)

    def journal(
        self,
        connection: sa.Connection,
        call: Call,
        person: Ssin,
        kind: str,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        request_id: uuid.UUID,
    ) -> None:
        """Tell the journal what happened to a number."""
        record_change(
            connection,
            self.shared,
            self.pseudonyms,
            call,
            person=int(person),
            kind=kind,
            before=before,
            after=after,
            request_id=request_id,
        )

    def pseudonym(self, ssin: Ssin) -> str:
        """The journal names nobody."""
        return self.pseudonyms.of(int(ssin)).hex()


def state_of(number: Number) -> dict[str, Any]:
    """Return a number for the journal: how it stands, never which one it is."""
    return {"status": number.status.name.lower(), "register": number.register.name.lower()}
