"""Moving persons between the national register and ours, in the transaction of the caller."""

import datetime as dt
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.fact import NATIONAL_REGISTER, Fact
from kruispunt_identity.domain.national import NationalPerson
from kruispunt_identity.domain.number import Number, Register
from kruispunt_identity.domain.replacing import following, refuse_unless_active
from kruispunt_identity.domain.values import SUPPLEMENTARY
from kruispunt_identity.matching.profile import MatchProfile
from kruispunt_identity.store.number_desk import NumberDesk, state_of
from kruispunt_identity.store.told import deceased, told_of_number
from kruispunt_server.call import Call
from kruispunt_server.change import Change
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.ids import new_id

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    import sqlalchemy as sa


class MovingStore:
    """Moves persons between registers."""

    def __init__(self, desk: NumberDesk) -> None:
        self._desk = desk

    def strike_off(
        self,
        connection: "sa.Connection",
        call: Call,
        ssin: Ssin,
        person: NationalPerson | None,
        effective_on: dt.date,
        request_id: uuid.UUID,
    ) -> bool:
        """Move a person from NATIONAL to RAD: what the national register said last is ours to keep from now on.

        Args:
            connection: the transaction.
            call: who asks.
            ssin: national number.
            person: as the national register shows them; none if it does not know the number.
            effective_on: day from which it holds.
            request_id: of the mutation.

        Returns:
            Whether anything changed: not if the person was there already.

        Raises:
            RegistryError: no register knows the number, NOT_FOUND / PERSON_UNKNOWN; it was replaced,
                FAILED_PRECONDITION / NUMBER_REPLACED; the national register shows nobody to take over,
                FAILED_PRECONDITION / MOVE_FORBIDDEN.
        """
        number = self._national(connection, ssin)
        if number is not None and number.register is Register.RAD:
            return False
        if person is None:
            if number is None:
                raise _unknown()
            raise _forbidden("the national register shows nobody to take over")
        if number is None:
            number = self._desk.numbers.insert(connection, ssin, Register.NATIONAL, self._desk.clock.now())
        now = following(self._desk.clock.now(), number)
        taken = [
            Fact(
                fact_id=new_id(),
                registered_under=ssin,
                group=said.group,
                value=said.value,
                validity=said.validity,
                source=NATIONAL_REGISTER,
                evidence=said.evidence,
                recorded_at=now,
            )
            for said in person.statements
        ]
        self._desk.changes.move(connection, number, Register.RAD, effective_on, now)
        self._desk.facts.add_many(connection, taken)
        self._desk.write_matches(connection, [ssin], self._desk.facts.of(connection, [ssin], history=True))
        after = {"register": "rad", "effective_on": effective_on.isoformat(), "facts": len(taken)}
        told = told_of_number(
            effective_on, call.participant.institution, register=int(Register.RAD), deceased=deceased(taken)
        )
        change = Change(int(ssin), "number.moved", state_of(number), after, told=told)
        self._desk.journal(connection, call, change, request_id)
        return True

    def give_back(
        self,
        connection: "sa.Connection",
        call: Call,
        ssin: Ssin,
        profile: MatchProfile | None,
        effective_on: dt.date,
        request_id: uuid.UUID,
    ) -> bool:
        """Move a person from RAD to NATIONAL: from now on the national register says who they are.

        What was told here in between, under whichever of their numbers, is closed and stays in the history; the
        contact address stands.

        Args:
            connection: the transaction.
            call: who asks.
            ssin: national number.
            profile: what the national register lets the person be found by; none if it does not know the number.
            effective_on: day from which it holds.
            request_id: of the mutation.

        Returns:
            Whether anything changed: not if the person was there already.

        Raises:
            RegistryError: as of `strike_off`.
        """
        number = self._national(connection, ssin)
        if number is None and profile is None:
            raise _unknown()
        if number is None or number.register is Register.NATIONAL:
            return False
        if profile is None:
            raise _forbidden("the national register does not know the number")
        now = following(self._desk.clock.now(), number)
        lineage = self._desk.numbers.lineage(connection, ssin)
        closed = [
            replace(fact, superseded_at=now)
            for fact in self._desk.facts.of(connection, lineage.numbers)
            if fact.group not in SUPPLEMENTARY
            and lineage.owner(fact.registered_under, fact.recorded_at or now) == ssin
        ]
        self._desk.changes.move(connection, number, Register.NATIONAL, effective_on, now)
        self._desk.facts.close_many(connection, closed)
        self._desk.matches.write_many(connection, [(int(ssin), profile)], keep_profile=False)
        after = {"register": "national", "effective_on": effective_on.isoformat(), "facts": len(closed)}
        told = told_of_number(effective_on, call.participant.institution, register=int(Register.NATIONAL))
        change = Change(int(ssin), "number.moved", state_of(number), after, told=told)
        self._desk.journal(connection, call, change, request_id)
        return True

    def _national(self, connection: "sa.Connection", ssin: Ssin) -> Number | None:
        """Lock and return a national number that stands; none if nothing was ever written of it here."""
        number = self._desk.locked(connection, ssin)
        if number is not None:
            if number.register is Register.BIS:
                raise _forbidden("a bis number is not moved")
            refuse_unless_active(number)
        return number


def _unknown() -> RegistryError:
    return RegistryError(Reason.PERSON_UNKNOWN, "no register knows the number", field="ssin")


def _forbidden(sentence: str) -> RegistryError:
    return RegistryError(Reason.MOVE_FORBIDDEN, sentence, field="ssin")
