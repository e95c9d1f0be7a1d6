"""A person as who writes finds them: what is told of them, and what each command does to it.

Pure rules: a person is made of their numbers and of every fact ever told under these; a command gives the plan of which
facts are added and which are closed, and the store carries the plan out. Nothing that was told is changed: a new fact
covers what stood on its days, a correction takes one back.
"""

import datetime as dt
import enum
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.fact import Fact, Statement
from kruispunt_identity.domain.life import check_life
from kruispunt_identity.domain.lineage import Lineage
from kruispunt_identity.domain.number import Number, Outcome, Register, Resolved
from kruispunt_identity.domain.picture import paint
from kruispunt_identity.domain.values import (
    SUPPLEMENTARY,
    Birth,
    CivilState,
    DataGroup,
    Decease,
    Validity,
)
from kruispunt_server.call import InstitutionKey
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.ids import new_id

MOST_FACTS = 1000
"""Facts of one data group of one person at most, those that were taken back too: all of them are read at every read."""

_TICK = dt.timedelta(microseconds=1)


class GroupOutcome(enum.IntEnum):
    """What became of one data group; the numbers of the contract."""

    WRITTEN = 1
    UNCHANGED = 2
    REFUSED = 3
    LEFT_OUT = 4


@dataclass(slots=True)
class Plan:
    """What commands do.

    Attributes:
        added: facts that did not stand before.
        closed: facts that stood, with when and by which fact they were closed.
    """

    added: list[Fact] = field(default_factory=list)
    closed: list[Fact] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Whether anything is to be written."""
        return bool(self.added or self.closed)

    def join(self, other: "Plan") -> None:
        """Take on what another plan does too."""
        self.added += other.added
        self.closed += other.closed


@dataclass(frozen=True, slots=True)
class Change:
    """What a command did: in short, the fact that it was about as it then is, and what is to be written."""

    outcome: GroupOutcome
    fact: Fact
    plan: Plan


class Person:
    """A person, open for writing.

    Args:
        root: the number that stands.
        lineage: all numbers of the person.
        facts: told under them, those that were corrected or retracted too.
        now: instant of recording, UTC; raised where needed so that time never runs backwards in a person.
        protected: whether the person is protected.

    Attributes:
        protected: as given.
        shown_to: who sees nothing but what they say themselves; none: whoever tells sees the whole person. What a
            command does and answers then depends on nothing that others said.
        root: as given.
        lineage: as given.
        now: when what is told is recorded.
    """

    def __init__(
        self,
        root: Number,
        lineage: Lineage,
        facts: Sequence[Fact],
        now: dt.datetime,
        *,
        protected: bool = False,
    ) -> None:
        self.protected = protected
        self.shown_to: InstitutionKey | None = None
        self.root = root
        self.lineage = lineage
        recorded = [root.recorded_at] if root.version else []
        recorded += [at for fact in facts for at in (fact.recorded_at, fact.superseded_at) if at is not None]
        self.now = max([now, *(instant + _TICK for instant in recorded)])
        self._facts = {fact.fact_id: fact for fact in facts}

    @property
    def ssin(self) -> Ssin:
        """The number that stands."""
        return self.root.ssin

    @property
    def facts(self) -> list[Fact]:
        """Every fact ever told, with what was planned since."""
        return list(self._facts.values())

    def resolved(self, asked: Ssin) -> Resolved:
        """Return where a number of the person leads."""
        chain = self.lineage.chain(asked)
        outcome = Outcome.REPLACED if chain else Outcome.CURRENT
        return Resolved(asked, outcome, self.ssin, self.root.register, chain, self.protected)

    def check_etag(self, etag: str) -> None:
        """Refuse what was built on a person that has changed since; an empty etag takes whatever stands.

        Raises:
            RegistryError: ABORTED / ETAG_MISMATCH.
        """
        if etag and (self.shown_to is not None or etag != self.root.etag):
            raise RegistryError(
                Reason.ETAG_MISMATCH, "the person was changed since they were read", field="etag"
            )

    def tell(
        self,
        statement: Statement,
        source: InstitutionKey,
        under: Ssin,
        corrects: uuid.UUID | None = None,
        beside: Iterable[Statement] = (),
        *,
        keeps_days: bool = False,
    ) -> Change:
        """Say a fact, or correct one.

        What stands already under the same number, on all its days and with the same evidence (or none said), is not
        told again. A correction stands under the number of the fact that it corrects: a split gives it back with it.

        Args:
            statement: what is said.
            source: by whom.
            under: number that the institution used.
            corrects: the fact that was wrong.
            beside: what else the same request says.
            keeps_days: whether a correction is true on the days of the fact that it corrects, whatever its own are.

        Raises:
            RegistryError: with fields within the change. Of a NATIONAL person only the contact address can be told,
                FAILED_PRECONDITION / NATIONAL_DATA; no such fact of this person and group, NOT_FOUND / FACT_UNKNOWN;
                it was closed already, FAILED_PRECONDITION / FACT_SUPERSEDED; a decease before the birth,
                INVALID_ARGUMENT / DATE_INVALID; a person as their own partner, INVALID_ARGUMENT / SAME_PERSON.
        """
        if self.root.register is Register.NATIONAL and statement.group not in SUPPLEMENTARY:
            raise RegistryError(
                Reason.NATIONAL_DATA,
                "the national register keeps this; an error in it is corrected at the municipality",
                field="statement.value",
            )
        self._check_room(statement.group)
        wrong = None if corrects is None else self._standing(corrects, statement.group)
        if wrong is not None and keeps_days:
            statement = replace(statement, validity=wrong.validity)
        self._check_life(statement, beside)
        self._check_partner(statement)
        said = self._said_already(statement, under) if wrong is None else _same(statement, wrong)
        if said is not None:
            return Change(GroupOutcome.UNCHANGED, said, Plan())
        fact = Fact(
            fact_id=new_id(),
            registered_under=under if wrong is None else wrong.registered_under,
            group=statement.group,
            value=statement.value,
            validity=statement.validity,
            source=source,
            evidence=statement.evidence,
            recorded_at=self.now,
        )
        plan = Plan(added=[fact])
        if wrong is not None:
            plan.closed.append(replace(wrong, superseded_at=self.now, superseded_by=fact.fact_id))
        return Change(GroupOutcome.WRITTEN, fact, self._planned(plan))

    def retract(self, fact_id: uuid.UUID) -> Change:
        """Take a fact back, without another in its place.

        Raises:
            RegistryError: no such fact, NOT_FOUND / FACT_UNKNOWN; it was closed already, FAILED_PRECONDITION /
                FACT_SUPERSEDED.
        """
        closed = replace(self._standing(fact_id, None, "fact_id"), superseded_at=self.now)
        return Change(GroupOutcome.WRITTEN, closed, self._planned(Plan(closed=[closed])))

    def visible(self, fact: Fact) -> Validity | None:
        """Return the first days on which a fact is seen; none if it is covered or closed, or that is not shown."""
        if self.shown_to is not None:
            return None
        for one in paint(self._facts.values(), self.lineage).of(fact.group):
            if one.fact.fact_id == fact.fact_id:
                return one.pieces[0]
        return None

    def _planned(self, plan: Plan) -> Plan:
        self._facts.update((fact.fact_id, fact) for fact in (*plan.closed, *plan.added))
        return plan

    def _standing(self, fact_id: uuid.UUID, group: DataGroup | None, name: str = "corrects_fact_id") -> Fact:
        fact = self._facts.get(fact_id)
        if fact is None or group not in (None, fact.group) or self.shown_to not in (None, fact.source):
            raise RegistryError(
                Reason.FACT_UNKNOWN, "the person has no such fact in this data group", field=name
            )
        if not fact.stands:
            raise RegistryError(
                Reason.FACT_SUPERSEDED, "the fact was corrected or retracted already", field=name
            )
        return fact

    def _check_room(self, group: DataGroup) -> None:
        if sum(fact.group is group for fact in self._facts.values()) >= MOST_FACTS:
            raise RegistryError(
                Reason.TOO_MANY_ELEMENTS,
                "more was told of this data group than a person can be read with",
                field="statement.value",
                metadata={"limit": str(MOST_FACTS)},
            )

    def _said_already(self, statement: Statement, under: Ssin) -> Fact | None:
        """Return the last of the facts that say the same of all its days; none if some day is without.

        To who may not see the person nothing is said already: else an address could be guessed until it is.
        """
        if self.shown_to is not None:
            return None
        pieces = [
            (piece, one.fact)
            for one in paint(self._facts.values(), self.lineage).of(statement.group)
            if one.fact.registered_under == under and _same(statement, one.fact, within=True) is not None
            for piece in one.pieces
        ]
        reached, last = statement.validity.begin or dt.date.min, None
        for piece, fact in sorted(pieces, key=lambda each: each[0].begin or dt.date.min):
            if (piece.begin or dt.date.min) > reached:
                break
            if (piece.end or dt.date.max) > reached:
                reached, last = piece.end or dt.date.max, fact
        return last if reached >= (statement.validity.end or dt.date.max) else None

    def _check_life(self, statement: Statement, beside: Iterable[Statement]) -> None:
        """Refuse a decease before the birth, whichever of the two is told."""
        value = statement.value
        if not isinstance(value, Birth | Decease):
            return
        other_group = DataGroup.DECEASE if isinstance(value, Birth) else DataGroup.BIRTH
        other = next((said.value for said in beside if said.group is other_group), None)
        if other is None and self.shown_to is None:
            top = paint(self._facts.values(), self.lineage).of(other_group)
            other = top[0].fact.value if top else None
        if not isinstance(other, Birth | Decease):
            return
        birth, decease = (value, other) if isinstance(value, Birth) else (other, value)
        check_life(birth, decease, f"statement.value.{statement.group.name.lower()}.date")

    def _check_partner(self, statement: Statement) -> None:
        if isinstance(statement.value, CivilState) and statement.value.partner_ssin in self.lineage.numbers:
            raise RegistryError(
                Reason.SAME_PERSON,
                "nobody is their own partner",
                field="statement.value.civil_state.partner_ssin",
            )


def _same(statement: Statement, fact: Fact, *, within: bool = False) -> Fact | None:
    """Return the fact if it says what the statement does, of the same days unless `within`."""
    if statement.value != fact.value or not (within or statement.validity == fact.validity):
        return None
    return fact if statement.evidence in (None, fact.evidence) else None
