"""What every change of a number does: locks who is concerned, rewrites search keys, tells the journal."""

import uuid
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.fact import Fact
from kruispunt_identity.domain.number import Number, Register
from kruispunt_identity.store.profiles import profile_of
from kruispunt_identity.store.told import deceased
from kruispunt_server.call import Call
from kruispunt_server.change import Change
from kruispunt_server.clock import Clock

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    import sqlalchemy as sa

    from kruispunt_identity.store.decisions import DecisionStore
    from kruispunt_identity.store.facts import FactStore
    from kruispunt_identity.store.link_states import LinkStates
    from kruispunt_identity.store.matching import MatchStore
    from kruispunt_identity.store.number_changes import NumberChanges
    from kruispunt_identity.store.numbers import NumberStore
    from kruispunt_server.changes import ChangeLog
    from kruispunt_server.database import Database


@dataclass(frozen=True, slots=True)
class DeskRows:
    """The stores of rows that a change of a number touches."""

    numbers: "NumberStore"
    changes: "NumberChanges"
    facts: "FactStore"
    links: "LinkStates"
    decisions: "DecisionStore"


class NumberDesk:
    """The stores that a change of a number works on; every method takes the running transaction."""

    def __init__(
        self,
        database: "Database",
        rows: DeskRows,
        matches: "MatchStore",
        log: "ChangeLog",
        clock: Clock,
    ) -> None:
        self.database = database
        self.numbers = rows.numbers
        self.protections = rows.numbers.protections
        self.changes = rows.changes
        self.facts = rows.facts
        self.links = rows.links
        self.decisions = rows.decisions
        self.matches = matches
        self.log = log
        self.clock = clock

    def locked(self, connection: "sa.Connection", ssin: Ssin) -> Number | None:
        """Lock the person that a number is of, and return the number as it then stands; none if nothing was written."""
        return self.lock(connection, [ssin]).get(ssin)

    def lock(self, connection: "sa.Connection", asked: Collection[Ssin]) -> dict[int, Number]:
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
        self, connection: "sa.Connection", numbers: Collection[Ssin], facts: Iterable[Fact]
    ) -> None:
        """Rewrite what numbers are found by; of those that the national register keeps the keys come from there."""
        known = self.numbers.find_many(connection, numbers)
        told = list(facts)
        for ssin in sorted(numbers):
            profile = profile_of(fact for fact in told if fact.registered_under == ssin)
            if known[ssin].register is not Register.NATIONAL and profile.names:
                self.matches.write(connection, int(ssin), profile)

    def is_deceased(self, connection: "sa.Connection", ssin: Ssin) -> bool:
        """Whether a decease is on file of the person that a number stands for."""
        lineage = self.numbers.lineage(connection, ssin)
        return deceased(self.facts.of(connection, lineage.numbers))

    def journal(self, connection: "sa.Connection", call: Call, change: Change, request_id: uuid.UUID) -> None:
        """Tell the journal what happened to a number."""
        self.log.record(connection, call, [change], request_id=request_id)


def state_of(number: Number) -> dict[str, Any]:
    """Return a number for the journal: how it stands, never which one it is."""
    return {"status": number.status.name.lower(), "register": number.register.name.lower()}
