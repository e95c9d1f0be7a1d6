"""Undoing a replacement, in the transaction of its caller: what went where, and what a person must decide."""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.decision import DistinctReason
from kruispunt_identity.domain.fact import Fact
from kruispunt_identity.domain.identifier import ForeignIdentifier
from kruispunt_identity.domain.lineage import numbers_below
from kruispunt_identity.domain.merging import undecided
from kruispunt_identity.domain.number import Number, NumberStatus, Register
from kruispunt_identity.domain.protection import SET, Protection, described, shared_by_split
from kruispunt_identity.domain.replacing import following
from kruispunt_identity.domain.values import SUPPLEMENTARY
from kruispunt_identity.store.number_desk import NumberDesk, state_of
from kruispunt_identity.store.told import deceased, told_of_days, told_of_number
from kruispunt_server.call import Call
from kruispunt_server.change import Change
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.ids import new_id

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class SplitReceipt:
    """What went where when a number was split off.

    Attributes:
        remaining: the number that it had led to.
        returned: facts that stand under the number split off, for having been told under it.
        taken: facts that were taken along, as they stand now.
        undecided: facts that stayed, for a person to decide.
        identifiers: foreign identifiers that went back.
        numbers: numbers that lead to the number split off again.
    """

    remaining: Ssin
    returned: list[Fact]
    taken: list[Fact]
    undecided: list[Fact]
    identifiers: list[ForeignIdentifier]
    numbers: list[Ssin]


@dataclass(frozen=True, slots=True)
class _Parted:
    """What the journal is told of a split."""

    number: Number
    root: Number
    effective_on: dt.date
    facts: Sequence[Fact]
    returning: set[Ssin]
    taken: int


class SplittingStore:
    """Splits numbers off."""

    def __init__(self, desk: NumberDesk) -> None:
        self._desk = desk

    def split(
        self,
        connection: "sa.Connection",
        call: Call,
        ssin: Ssin,
        take: Sequence[uuid.UUID],
        effective_on: dt.date,
        request_id: uuid.UUID,
    ) -> SplitReceipt:
        """Let a replaced number stand again, with everything that was told under it, and with the facts of `take`.

        A fact that is taken along is closed where it stood and told anew, with its source, under the number split
        off: so the past stays as it was known.

        Raises:
            RegistryError: no register of ours knows the number, NOT_FOUND / PERSON_UNKNOWN; it was not replaced,
                FAILED_PRECONDITION / NOT_REPLACED; a fact of `take` does not stand under the remaining numbers,
                NOT_FOUND / FACT_UNKNOWN; the national register keeps it, FAILED_PRECONDITION / NATIONAL_DATA.
        """
        number = self._desk.locked(connection, ssin)
        if number is None:
            raise RegistryError(Reason.PERSON_UNKNOWN, "no register knows the number", field="ssin")
        if number.replacement is None:
            raise RegistryError(Reason.NOT_REPLACED, "the number was not replaced", field="ssin")
        root = self._desk.numbers.find(connection, number.root)
        assert root is not None
        lineage = self._desk.numbers.lineage(connection, number.root)
        facts = self._desk.facts.of(connection, lineage.numbers, history=True)
        marks = self._desk.protections.of(connection, lineage.numbers)
        below = numbers_below(lineage, ssin)
        returning = {ssin, *below}
        now = following(self._desk.clock.now(), root, number)
        closed, taken = _taken(facts, take, number, returning, now)
        self._desk.changes.split(connection, number, root, below, effective_on, now)
        self._desk.facts.close_many(connection, closed)
        self._desk.facts.add_many(connection, taken)
        gone = {fact.fact_id for fact in closed}
        facts = [fact for fact in facts if fact.fact_id not in gone] + closed + taken
        touched = {fact.registered_under for fact in (*closed, *taken)}
        if root.status is NumberStatus.CANCELLED:  # then nobody of the person had keys
            touched |= returning
        self._desk.write_matches(connection, touched, facts)
        self._desk.decisions.record_distinct(
            connection,
            (ssin, root.ssin),
            reason=DistinctReason.SPLIT,
            note="",
            participant_id=call.participant.participant_id,
            now=now,
        )
        parted = _Parted(number, root, effective_on, facts, returning, len(taken))
        self._journal_split(connection, call, parted, request_id)
        shared = shared_by_split(marks, ssin, returning, root.ssin, number.replacement.recorded_at)
        self._protect_both(connection, call, shared, now, request_id)
        return SplitReceipt(
            remaining=root.ssin,
            returned=[
                fact
                for fact in facts
                if fact.stands and fact.registered_under in returning and fact not in taken
            ],
            taken=taken,
            undecided=undecided(facts, returning, number.replacement.recorded_at),
            identifiers=self._desk.links.of(connection, sorted(returning)),
            numbers=below,
        )

    def _protect_both(
        self,
        connection: "sa.Connection",
        call: Call,
        shared: Sequence[tuple[Ssin, Protection]],
        now: dt.datetime,
        request_id: uuid.UUID,
    ) -> None:
        """Let a side of the split keep a mark that was set while both were one, and went to the other side."""
        for ssin, mark in shared:
            decision = replace(mark.set_by, participant_id=call.participant.participant_id)
            kept = Protection.new(ssin, decision, now)
            self._desk.protections.add(connection, [kept])
            told = told_of_days([decision.day], [None], call.participant.institution)
            change = Change(int(ssin), SET, None, {"marks": [described(kept)]}, told=told)
            self._desk.journal(connection, call, change, request_id)

    def _journal_split(
        self, connection: "sa.Connection", call: Call, parted: _Parted, request_id: uuid.UUID
    ) -> None:
        number, root, day = parted.number, parted.root, parted.effective_on
        standing = [fact for fact in parted.facts if fact.stands]
        back = [fact for fact in standing if fact.registered_under in parted.returning]
        stay = [fact for fact in standing if fact.registered_under not in parted.returning]
        before = {"status": "replaced", "next": str(root.ssin)}
        after = {"status": "active", "effective_on": day.isoformat(), "facts": parted.taken}
        source = call.participant.institution
        split = told_of_number(day, source, deceased=deceased(back))
        self._desk.journal(
            connection,
            call,
            Change(int(number.ssin), "number.split", before, after, int(root.ssin), split),
            request_id,
        )
        after = {**state_of(root), "former": str(number.ssin), "effective_on": day.isoformat()}
        told = told_of_number(day, source, deceased=deceased(stay))
        self._desk.journal(
            connection,
            call,
            Change(int(root.ssin), "number.parted", state_of(root), after, int(number.ssin), told),
            request_id,
        )


def _taken(
    facts: Iterable[Fact], take: Sequence[uuid.UUID], number: Number, returning: set[Ssin], now: dt.datetime
) -> tuple[list[Fact], list[Fact]]:
    """Return the facts that are taken along, as closed where they stood and as told under the number split off."""
    standing = {
        fact.fact_id: fact for fact in facts if fact.stands and fact.registered_under not in returning
    }
    for position, fact_id in enumerate(take):
        field = f"take_fact_ids[{position}]"
        if fact_id not in standing:
            raise RegistryError(
                Reason.FACT_UNKNOWN, "no such fact stands under the remaining number", field=field
            )
        if number.register is Register.NATIONAL and standing[fact_id].group not in SUPPLEMENTARY:
            raise RegistryError(
                Reason.NATIONAL_DATA, "the national register keeps this of the number", field=field
            )
    # In the order in which they were told, or another one would be seen.
    wanted = sorted(
        (standing[fact_id] for fact_id in take), key=lambda fact: (fact.recorded_at or now, fact.fact_id)
    )
    taken = [
        replace(fact, fact_id=fact_id, registered_under=number.ssin, recorded_at=now)
        for fact, fact_id in zip(wanted, sorted(new_id() for _ in wanted), strict=True)
    ]
    closed = [
        replace(fact, superseded_at=now, superseded_by=anew.fact_id)
        for fact, anew in zip(wanted, taken, strict=True)
    ]
    return closed, taken
