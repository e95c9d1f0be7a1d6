"""Reading persons: one or a thousand, on a day, as known now or at an instant.

Our registers are read in one snapshot, in a handful of statements however many persons are asked for. Then, with no
connection held, the national register is asked about those whose identification it keeps.
"""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from kruispunt.ssin import Ssin, SsinKind
from kruispunt_identity.domain.fact import Fact
from kruispunt_identity.domain.found import Found, FoundPerson, status_of
from kruispunt_identity.domain.history import VersionKey, VersionPage
from kruispunt_identity.domain.identifier import ForeignIdentifier, IdentifierKey
from kruispunt_identity.domain.lineage import Lineage
from kruispunt_identity.domain.national import NationalPerson, NationalRegister
from kruispunt_identity.domain.national_facts import national_facts
from kruispunt_identity.domain.number import Number, NumberEvent, Outcome, Register, Resolved
from kruispunt_identity.domain.picture import paint
from kruispunt_identity.domain.rights import View
from kruispunt_identity.store.versions import VersionReader

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    import sqlalchemy as sa

    from kruispunt_identity.store.facts import FactStore
    from kruispunt_identity.store.link_states import LinkStates
    from kruispunt_identity.store.numbers import NumberStore
    from kruispunt_server.database import Database

_MOST_LINKED = 50
_NEVER_WRITTEN = "0"


@dataclass(slots=True)
class _Rows:
    """What our registers hold of one person.

    Attributes:
        number: the number that stands, as it is now; none in a look into the past.
        facts: that stand; in a look into the past those too that had been closed.
        links: states that stand, of whatever validity.
        events: what had happened to the numbers; in a look into the past only.
        protected: whether one of the numbers is of somebody who is protected now.
    """

    lineage: Lineage
    number: Number | None
    facts: list[Fact] = field(default_factory=list)
    links: list[ForeignIdentifier] = field(default_factory=list)
    events: list[NumberEvent] = field(default_factory=list)
    protected: bool = False

    @property
    def recorded_at(self) -> dt.datetime | None:
        """When something was last recorded, the same whenever it is asked about one instant."""
        if self.number is not None:
            return self.number.recorded_at
        instants = [fact.recorded_at for fact in self.facts] + [fact.superseded_at for fact in self.facts]
        instants += [one.recorded_at for one in self.links] + [one.recorded_at for one in self.events]
        return max((instant for instant in instants if instant is not None), default=None)


@dataclass(frozen=True, slots=True)
class _Own:
    """What our registers answered.

    Attributes:
        resolved: where numbers lead.
        rows: the persons, by the number that stands.
        past: whether it is a look into the past.
        unwritten: numbers of protected persons of whom nothing had been written at that instant.
    """

    resolved: dict[int, Resolved]
    rows: dict[int, _Rows]
    past: bool
    unwritten: frozenset[Ssin] = frozenset()


class PersonReader:
    """Reads persons."""

    def __init__(
        self,
        database: "Database",
        numbers: "NumberStore",
        facts: "FactStore",
        links: "LinkStates",
        national: NationalRegister,
    ) -> None:
        self._database = database
        self._numbers = numbers
        self._facts = facts
        self._links = links
        self._national = national
        self._versions = VersionReader(numbers, facts, links)

    def persons(
        self, asked: Collection[Ssin], *, valid_at: dt.date, known_at: dt.datetime | None = None
    ) -> dict[Ssin, Found]:
        """Return what comes of each of at most 1000 numbers.

        Args:
            asked: numbers, current or former.
            valid_at: day on which foreign identifiers are linked; the picture holds all days.
            known_at: as known then; none: now. It does not reach into the national register.

        Raises:
            RegistryError: the national register cannot be asked; UNAVAILABLE / REGISTER_UNAVAILABLE.
        """
        with self._database.snapshot() as connection:
            own = self._own(connection, asked, known_at)
        return self._complete(asked, own, valid_at)

    def persons_on(
        self, connection: "sa.Connection", asked: Collection[Ssin], *, valid_at: dt.date
    ) -> dict[Ssin, Found]:
        """Return what comes of numbers as a running transaction sees them; as `persons`.

        The national register is asked while the transaction waits, if it must be.
        """
        return self._complete(asked, self._own(connection, asked, None), valid_at)

    def linked(
        self, key: IdentifierKey, *, valid_at: dt.date, known_at: dt.datetime | None = None
    ) -> list[FoundPerson]:
        """Return the persons that a foreign identifier is linked to on a day, by number, 50 at most.

        Raises:
            RegistryError: the national register cannot be asked; UNAVAILABLE / REGISTER_UNAVAILABLE.
        """
        with self._database.snapshot() as connection:
            linked = self._links.linked(connection, key, day=valid_at, known_at=known_at, most=_MOST_LINKED)
            own = self._own(connection, linked, known_at)
        found = self._complete(linked, own, valid_at).values()
        persons = {one.person.ssin: one.person for one in found if one.person is not None}
        return [persons[ssin] for ssin in sorted(persons)]

    def versions(
        self, asked: Ssin, view: View, *, known_at: dt.datetime | None, after: VersionKey | None, limit: int
    ) -> tuple[Resolved, VersionPage]:
        """Return where a number leads, and a page of everything ever recorded of the person.

        Args:
            asked: current or former number.
            view: which groups; whether foreign identifiers. Changes of numbers always come.
            known_at: what had been recorded then; none: now.
            after: where the page before ended; none: the first page.
            limit: versions at most.

        Returns:
            UNKNOWN and an empty page if no register knows the number.

        Raises:
            RegistryError: the national register cannot be asked; UNAVAILABLE / REGISTER_UNAVAILABLE.
        """
        with self._database.snapshot() as connection:
            known = self._numbers.resolve_many(connection, [asked], known_at)
            resolved = known.get(int(asked))
            lineage = (
                Lineage(asked)
                if resolved is None or resolved.current is None
                else self._numbers.lineage(connection, resolved.current, known_at)
            )
            protected = bool(self._numbers.protections.among(connection, lineage.numbers))
            history = self._versions.history(connection, lineage, known_at)
        national = self._ask([asked], known).get(lineage.root)
        if resolved is None:
            resolved = _of_national(asked, national)
        if national is not None:
            history.facts.extend(national_facts(national))
        resolved = replace(resolved, protected=resolved.protected or protected)
        return resolved, history.page(view, after, limit)

    def protected(self, numbers: Collection[Ssin]) -> frozenset[Ssin]:
        """Return those of some numbers whose person is protected now."""
        with self._database.reading() as connection:
            return self._numbers.protections.among(connection, numbers)

    def _own(
        self, connection: "sa.Connection", asked: Collection[Ssin], known_at: dt.datetime | None
    ) -> _Own:
        resolved = self._numbers.resolve_many(connection, list(asked), known_at)
        roots = sorted({one.current for one in resolved.values() if one.current is not None})
        lineages = self._numbers.lineages(connection, roots, known_at)
        numbers = self._numbers.find_many(connection, roots) if known_at is None else {}
        rows = {int(root): _Rows(lineages[int(root)], numbers.get(int(root))) for root in roots}
        of_number = {number: one for one in rows.values() for number in one.lineage.numbers}
        if of_number:
            past = known_at is not None
            for fact in self._facts.of(connection, of_number, known_at, history=past):
                of_number[fact.registered_under].facts.append(fact)
            for link in self._links.of(connection, of_number, known_at):
                of_number[link.registered_under].links.append(link)
            for event in self._versions.events(connection, of_number, known_at) if past else ():
                for number in of_number.keys() & {event.ssin, event.other}:
                    of_number[number].events.append(event)
        for one in resolved.values():
            if one.protected and one.current is not None:
                rows[int(one.current)].protected = True
        if known_at is None:
            return _Own(resolved, rows, past=False)
        # Of numbers that were split off since, too: what stood under them then is shown with the rest. And of those that
        # only the national register knew then: it says what it says today.
        protected = self._numbers.protections.among(connection, {*of_number, *asked})
        for number in protected & of_number.keys():
            of_number[number].protected = True
        return _Own(resolved, rows, past=True, unwritten=protected - of_number.keys())

    def _ask(self, asked: Iterable[Ssin], resolved: dict[int, Resolved]) -> dict[Ssin, NationalPerson]:
        """Ask the national register about those whom it may know; nobody else's number is shown to it."""
        wanted = set()
        for number in asked:
            known = resolved.get(int(number))
            if known is None:
                if number.kind is SsinKind.NATIONAL:
                    wanted.add(number)
            elif known.register is Register.NATIONAL and known.current is not None:
                wanted.add(known.current)
        return self._national.find_many(sorted(wanted)) if wanted else {}

    def _complete(self, asked: Collection[Ssin], own: _Own, valid_at: dt.date) -> dict[Ssin, Found]:
        national = self._ask(asked, own.resolved)
        persons: dict[int, FoundPerson] = {}
        found = {}
        for number in asked:
            resolved = own.resolved.get(int(number)) or _of_national(number, national.get(number))
            root = resolved.current
            if root is None:
                found[number] = Found(resolved)
                continue
            if root not in persons:
                rows = own.rows.get(int(root))
                if rows is None:
                    rows = _Rows(Lineage(root), None, protected=root in own.unwritten)
                etag = "" if own.past else _NEVER_WRITTEN if rows.number is None else rows.number.etag
                persons[root] = _person(resolved, rows, national.get(root), valid_at, etag)
            found[number] = Found(replace(resolved, protected=persons[root].protected), persons[root])
        return found


def _of_national(asked: Ssin, person: NationalPerson | None) -> Resolved:
    """Return what a number is of which nothing was ever written here."""
    if person is None:
        return Resolved(asked, Outcome.UNKNOWN)
    return Resolved(asked, Outcome.CURRENT, asked, Register.NATIONAL)


def _person(
    resolved: Resolved, rows: _Rows, national: NationalPerson | None, valid_at: dt.date, etag: str
) -> FoundPerson:
    assert resolved.register is not None
    facts = rows.facts if national is None else [*rows.facts, *national_facts(national)]
    return FoundPerson(
        register=resolved.register,
        status=status_of(resolved),
        lineage=rows.lineage,
        picture=paint(facts, rows.lineage),
        identifiers=tuple(link for link in rows.links if link.validity.holds(valid_at)),
        etag=etag,
        recorded_at=rows.recorded_at,
        protected=rows.protected,
    )
