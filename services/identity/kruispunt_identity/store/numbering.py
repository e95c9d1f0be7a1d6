"""Replacing and cancelling numbers, each in the transaction of its caller.

Every method locks the persons concerned, two of them in the order of their numbers, then reads what stands.
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.fact import Fact
from kruispunt_identity.domain.identifier import ForeignIdentifier
from kruispunt_identity.domain.lineage import Lineage
from kruispunt_identity.domain.number import ChangeReason, Number, NumberStatus, Register
from kruispunt_identity.domain.replacing import (
    already_replaced,
    following,
    refuse_stale,
    refuse_unless_active,
)
from kruispunt_identity.store.number_desk import NumberDesk, state_of
from kruispunt_identity.store.told import told_of_number
from kruispunt_server.call import Call
from kruispunt_server.change import Change
from kruispunt_server.clock import brussels_day
from kruispunt_server.errors import Reason, RegistryError

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    import sqlalchemy as sa

_NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class ReplacementOrder:
    """What somebody asks for: let `former` lead to `next_`.

    Attributes:
        only_national: those of the two of which nothing was ever written here, but whom the national register knows.
    """

    former: Ssin
    next_: Ssin
    reason: ChangeReason
    effective_on: dt.date
    former_etag: str
    next_etag: str
    only_national: frozenset[Ssin]


class NumberingStore:
    """Replaces and cancels numbers."""

    def __init__(self, desk: NumberDesk) -> None:
        self._desk = desk

    def moving(self, lineage: Lineage) -> tuple[list[Fact], list[ForeignIdentifier]]:
        """Return the facts and the links that stand under the numbers of a person; outside any transaction."""
        with self._desk.database.snapshot() as connection:
            facts = self._desk.facts.of(connection, lineage.numbers)
            return facts, self._desk.links.of(connection, lineage.numbers)

    def pair(self, order: ReplacementOrder) -> tuple[Number, Number]:
        """Return both numbers as they stand; outside any transaction."""
        with self._desk.database.reading() as connection:
            found = self._desk.numbers.find_many(connection, (order.former, order.next_))
        former, next_ = (found.get(ssin) or _unwritten(ssin) for ssin in (order.former, order.next_))
        return former, next_

    def check(self, connection: "sa.Connection", order: ReplacementOrder) -> bool:
        """Lock both persons and return whether the replacement stands already.

        Raises:
            RegistryError: as of `already_replaced`; a person changed since it was read, ABORTED / ETAG_MISMATCH.
        """
        found = self._desk.lock(connection, (order.former, order.next_))
        former, next_ = (
            _unwritten(ssin) if ssin in order.only_national and ssin not in found else found[ssin]
            for ssin in (order.former, order.next_)
        )
        if already_replaced(former, next_, order.reason):
            return True
        refuse_stale(former, order.former_etag, "former_etag")
        refuse_stale(next_, order.next_etag, "next_etag")
        return False

    def replace(
        self, connection: "sa.Connection", call: Call, order: ReplacementOrder, request_id: uuid.UUID
    ) -> None:
        """Let a number lead to another; `check` has let it."""
        former, next_ = self._pair(connection, order)
        now = following(self._desk.clock.now(), former, next_)
        self._desk.changes.replace(connection, former, next_, order.reason, order.effective_on, now)
        why = {"reason": order.reason.name.lower(), "effective_on": order.effective_on.isoformat()}
        is_deceased = self._desk.is_deceased(connection, next_.ssin)
        told = told_of_number(order.effective_on, call.participant.institution, deceased=is_deceased)
        replaced = {"status": "replaced", "next": str(next_.ssin), **why}
        joined = {**state_of(next_), "former": str(former.ssin), **why}
        for change in (
            Change(int(former.ssin), "number.replaced", state_of(former), replaced, int(next_.ssin), told),
            Change(int(next_.ssin), "number.joined", state_of(next_), joined, int(former.ssin), told),
        ):
            self._desk.journal(connection, call, change, request_id)

    def cancel(
        self, connection: "sa.Connection", call: Call, ssin: Ssin, etag: str, request_id: uuid.UUID
    ) -> None:
        """Let a number that was given out by mistake lead to nobody, and be found by nobody.

        Raises:
            RegistryError: no register of ours knows the number, NOT_FOUND / PERSON_UNKNOWN; it is a national number,
                FAILED_PRECONDITION / NATIONAL_DATA; it does not stand, FAILED_PRECONDITION / NUMBER_REPLACED or
                NUMBER_CANCELLED; the person changed since it was read, ABORTED / ETAG_MISMATCH.
        """
        number = self._desk.locked(connection, ssin)
        if number is None:
            raise RegistryError(Reason.PERSON_UNKNOWN, "no register knows the number", field="ssin")
        refuse_national(number.register is not Register.BIS)
        refuse_unless_active(number)
        refuse_stale(number, etag, "etag")
        self._desk.changes.cancel(connection, number, following(self._desk.clock.now(), number))
        for each in self._desk.numbers.lineage(connection, ssin).numbers:
            self._desk.matches.remove(connection, int(each))
        after = {"status": "cancelled", "reason": ChangeReason.GIVEN_BY_MISTAKE.name.lower()}
        told = told_of_number(brussels_day(call.now), call.participant.institution)
        change = Change(int(ssin), "number.cancelled", state_of(number), after, told=told)
        self._desk.journal(connection, call, change, request_id)

    def _pair(self, connection: "sa.Connection", order: ReplacementOrder) -> tuple[Number, Number]:
        """Lock and return both numbers; those that only the national register knows are written down."""
        pair = (order.former, order.next_)
        found = self._desk.lock(connection, pair)
        for ssin in order.only_national:
            if ssin not in found:
                self._desk.numbers.insert(connection, ssin, Register.NATIONAL, self._desk.clock.now())
        if order.only_national:
            found = self._desk.numbers.find_many(connection, pair)
        return found[order.former], found[order.next_]


def refuse_national(national: bool) -> None:  # noqa: FBT001 - a statement on the number
    """Raise if a number is a national number: the national register cancels it, not we.

    Raises:
        RegistryError: FAILED_PRECONDITION / NATIONAL_DATA.
    """
    if national:
        raise RegistryError(
            Reason.NATIONAL_DATA, "the national register keeps its numbers itself", field="ssin"
        )


def _unwritten(ssin: Ssin) -> Number:
    """Return a number that the national register alone knows."""
    return Number(ssin, Register.NATIONAL, NumberStatus.ACTIVE, ssin, 0, None, 0, _NEVER)
