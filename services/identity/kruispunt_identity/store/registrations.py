"""Registering persons: whether somebody is new is decided under locks, in the transaction that writes them down."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.decision import Decision
from kruispunt_identity.domain.fact import Fact, Statement
from kruispunt_identity.domain.found import FoundPerson
from kruispunt_identity.domain.lineage import Lineage
from kruispunt_identity.domain.national import NationalRegister
from kruispunt_identity.domain.number import Number, Outcome, Register
from kruispunt_identity.domain.picture import paint
from kruispunt_identity.domain.protection import hidden, person_protected
from kruispunt_identity.domain.registration import name_and_birth
from kruispunt_identity.domain.values import Gender, PartialDate
from kruispunt_identity.store.candidates import MOST_SHOWN, Candidate, CandidateSearch
from kruispunt_identity.store.fact_rows import described
from kruispunt_identity.store.profiles import profile_of
from kruispunt_identity.store.told import told_of_facts
from kruispunt_server.call import Call, InstitutionKey
from kruispunt_server.change import Change
from kruispunt_server.clock import Clock
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.ids import new_id

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    import sqlalchemy as sa

    from kruispunt_identity.store.decisions import DecisionStore
    from kruispunt_identity.store.facts import FactStore
    from kruispunt_identity.store.issuing import NumberIssuer
    from kruispunt_identity.store.matching import MatchStore
    from kruispunt_identity.store.numbers import NumberStore
    from kruispunt_server.changes import ChangeLog
    from kruispunt_server.database import Database

_NOT_YET = Ssin(0)


@dataclass(frozen=True, slots=True)
class Registration:
    """What an institution says of a person it believes to be new.

    Attributes:
        statements: what is known; passed `check_minimum`.
        source: who says it.
        decisions: candidates that are other persons.
        request_id: of the mutation.
    """

    statements: Sequence[Statement]
    source: InstitutionKey
    decisions: Sequence[Decision]
    request_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class Registered:
    """What a registration came to.

    Attributes:
        person: the new person; none: nothing was written, look at the candidates first.
        candidates: who it may be and nobody decided on, most likely first, at most 50.
        rules_version: of the rules that ranked them.
    """

    person: FoundPerson | None
    candidates: tuple[Candidate, ...]
    rules_version: int


class RegistrationStore:
    """Registers persons, and keeps decisions with them; every method runs in the caller's transaction.

    Locks are taken in one order: hashes of the person in ascending order, then the counter of the number.

    Args:
        database: of the identity service.
        facts: of persons.
        issuer: gives numbers out.
        numbers: of persons.
        matches: keys and profiles.
        candidates: searches.
        decisions: told apart by whom and why.
        national: says whether a national number that was never found here exists.
        log: of changes.
        clock: says when a person was recorded.
    """

    def __init__(
        self,
        database: "Database",
        facts: "FactStore",
        issuer: "NumberIssuer",
        numbers: "NumberStore",
        matches: "MatchStore",
        candidates: CandidateSearch,
        decisions: "DecisionStore",
        national: NationalRegister,
        log: "ChangeLog",
        clock: Clock,
    ) -> None:
        self._database = database
        self._numbers = numbers
        self._matches = matches
        self._candidates = candidates
        self._decisions = decisions
        self._national = national
        self._log = log
        self._clock = clock
        self._facts = facts
        self._issuer = issuer

    def register(self, transaction: "sa.Connection", call: Call, registration: Registration) -> Registered:
        """Register a person, unless somebody strongly like them is there whom no decision names.

        Raises:
            RegistryError: a decision names a protected person whom the call may not see, PERMISSION_DENIED /
                PERSON_PROTECTED, nobody's number, NOT_FOUND / PERSON_UNKNOWN, or a cancelled one,
                FAILED_PRECONDITION / NUMBER_CANCELLED, with its field; no number is left, FAILED_PRECONDITION /
                NUMBERS_EXHAUSTED; the national register cannot be asked, UNAVAILABLE / REGISTER_UNAVAILABLE.
        """
        profile = profile_of(_facts_of(registration, _NOT_YET, self._clock.now()))
        # Whoever registers the same human being meets one of these locks, and finds the other when it is let go.
        for key in self._matches.locks_of(profile):
            self._database.lock(transaction, key)
        found = self._candidates.find(transaction, profile)
        asked = {decision.ssin: decision.field for decision in registration.decisions}
        named = set(self.current_of(transaction, call, asked).values())
        open_ = [each for each in found.possible() if each.ssin not in named][:MOST_SHOWN]
        if any(each.ssin not in named for each in found.strong()):
            return Registered(None, tuple(open_), found.rules_version)
        now = self._clock.now()
        _, birth, gender = name_and_birth(registration.statements)
        number = self._new_number(transaction, birth.date, gender, now)
        ssin = number.ssin
        facts = _facts_of(registration, ssin, now)
        self._facts.add_many(transaction, facts)
        self._matches.write(transaction, ssin, profile)
        self._journal(transaction, call, ssin, facts, registration.request_id)
        for decision in registration.decisions:
            self._tell_apart(transaction, call, ssin, decision, registration.request_id)
        return Registered(_person_of(number, facts), tuple(open_), found.rules_version)

    def _new_number(
        self, transaction: "sa.Connection", birth: PartialDate, gender: Gender, now: dt.datetime
    ) -> Number:
        while True:
            try:
                ssin = self._issuer.allocate(transaction, birth, gender)
                return self._numbers.insert(transaction, ssin, Register.BIS, now)
            except RegistryError as error:
                if error.reason is not Reason.NUMBER_TAKEN:
                    raise
                # An import that ended just now brought it along; the counter has passed it.

    def numbers_of(self, asked: Ssin) -> tuple[Ssin, ...]:
        """Return, outside any transaction, all numbers of the person that `asked` leads to; itself if unknown."""
        with self._database.snapshot() as connection:
            resolved = self._numbers.resolve_many(connection, [asked]).get(int(asked))
            if resolved is None or resolved.current is None:
                return (asked,)
            return self._numbers.lineage(connection, resolved.current).numbers

    def current_of(
        self, transaction: "sa.Connection", call: Call, asked: Mapping[Ssin, str]
    ) -> dict[Ssin, Ssin]:
        """Return the number that stands for each number asked; errors as of `register`.

        Args:
            transaction: the caller's.
            call: who decides: nobody decides about a person whom they may not see.
            asked: numbers, with the path of the request field that names each.
        """
        leads = self._numbers.resolve_many(transaction, list(asked))
        elsewhere = [ssin for ssin in asked if int(ssin) not in leads]
        national = self._national.find_many(elsewhere) if elsewhere else {}
        current = {}
        for ssin, path in asked.items():
            resolved = leads.get(int(ssin))
            if resolved is None and ssin not in national:
                raise RegistryError(Reason.PERSON_UNKNOWN, "no register knows the number", field=path)
            if resolved is not None and resolved.outcome is Outcome.CANCELLED:
                raise RegistryError(Reason.NUMBER_CANCELLED, "the number was cancelled", field=path)
            if resolved is not None and hidden(call.right, protected=resolved.protected):
                raise person_protected(path)
            current[ssin] = ssin if resolved is None or resolved.current is None else resolved.current
        return current

    def record_distinct(
        self, transaction: "sa.Connection", call: Call, asked: Ssin, decision: Decision, request_id: uuid.UUID
    ) -> bool:
        """Keep the decision that `asked` is of another person; returns whether it is new.

        Raises:
            RegistryError: both are one person, INVALID_ARGUMENT / SAME_PERSON; otherwise as of `register`.
        """
        current = self.current_of(transaction, call, {decision.ssin: decision.field, asked: "ssin"})
        if current[asked] == current[decision.ssin]:
            raise RegistryError(Reason.SAME_PERSON, "both numbers are of one person", field=decision.field)
        return self._tell_apart(transaction, call, asked, decision, request_id)

    def _tell_apart(
        self, transaction: "sa.Connection", call: Call, ssin: Ssin, decision: Decision, request_id: uuid.UUID
    ) -> bool:
        """Keep a decision, and a change for each of the two; returns whether it is new."""
        new = self._decisions.record_distinct(
            transaction,
            (ssin, decision.ssin),
            reason=decision.reason,
            note=decision.note,
            participant_id=call.participant.participant_id,
            now=self._clock.now(),
        )
        if new:
            reason = {"reason": decision.reason.name.lower()}
            pair = sorted((int(ssin), int(decision.ssin)))
            changes = [
                Change(one, "person.told_apart", None, reason, other) for one, other in (pair, reversed(pair))
            ]
            self._log.record(transaction, call, changes, request_id=request_id)
        return new

    def _journal(
        self,
        transaction: "sa.Connection",
        call: Call,
        ssin: Ssin,
        facts: Sequence[Fact],
        request_id: uuid.UUID,
    ) -> None:
        after = {"register": Register.BIS.name.lower(), "facts": [described(fact) for fact in facts]}
        told = {**told_of_facts(facts, call.participant.institution, facts), "register": int(Register.BIS)}
        change = Change(int(ssin), "person.registered", None, after, told=told)
        self._log.record(transaction, call, [change], request_id=request_id)


def _facts_of(registration: Registration, ssin: Ssin, now: dt.datetime) -> list[Fact]:
    return [
        Fact(
            fact_id=new_id(),
            registered_under=ssin,
            group=statement.group,
            value=statement.value,
            validity=statement.validity,
            source=registration.source,
            evidence=statement.evidence,
            recorded_at=now,
        )
        for statement in registration.statements
    ]


def _person_of(number: Number, facts: Sequence[Fact]) -> FoundPerson:
    lineage = Lineage(number.ssin)
    return FoundPerson(
        register=number.register,
        status=number.status,
        lineage=lineage,
        picture=paint(facts, lineage),
        identifiers=(),
        etag=number.etag,
        recorded_at=number.recorded_at,
    )
